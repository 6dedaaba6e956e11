"""Acting: send, release, withdraw, cancel, ack, rekey, watch, sever, restore, export."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

from parley.cli import DONE, name, print_json, reach, show
from parley.core.errors import LocalError
from parley.desk.ask import Ask, Json

STANDARD_INPUT_MAX = 1 << 16


def run(options: argparse.Namespace) -> int:
    words = _words(options)
    with reach.end(options, running=options.command in ("rekey", "watch")) as ask:
        found, shown = _ACTS[options.command](options, ask, words)
    if getattr(options, "json", False):
        print_json(name(options), found)
    else:
        shown(found)
    return DONE


def _words(options: argparse.Namespace) -> str:
    """The officer's passphrase, where the command signs."""
    signs = options.command in ("release", "withdraw", "cancel", "ack", "sever") or (
        options.command == "restore" and options.does != "list"
    )
    return reach.officer_passphrase(options, options.by) if signs else ""


def _send(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    text = _from_standard_input() if options.text in (None, "-") else options.text
    return (
        ask(
            "compose",
            line=options.line,
            text=text,
            by=options.by,
            precedence=options.precedence,
            reason=options.reason,
            subject=options.subject,
            language=options.language,
            in_whose_name=options.in_whose_name,
            answers=options.answers,
        ),
        show.message,
    )


def _from_standard_input() -> str:
    """All of it, exactly: a text that is cut or mended on the way in is another text."""
    if sys.stdin is None:
        raise LocalError("there is no standard input to read the text from", "give the text as an argument")
    data = sys.stdin.buffer.read(STANDARD_INPUT_MAX + 1)
    if len(data) > STANDARD_INPUT_MAX:
        raise LocalError("this is too long for one message", "send it in parts of about 1,600 bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise LocalError(
            f"the text is not UTF-8 (byte {e.start})", "convert it; nothing was drafted"
        ) from None


def _release(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("release", draft=options.draft, by=options.by, passphrase=words), show.message


def _withdraw(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("withdraw", ref=options.ref, by=options.by, passphrase=words), show.message


def _cancel(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask(
        "cancel", ref=options.ref, by=options.by, passphrase=words, reason=options.reason
    ), show.message


def _ack(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    given = {"ref": options.ref, "grade": options.grade, "by": options.by, "passphrase": words}
    return ask("acknowledge", **given, read_back=options.read_back), show.message


def _rekey(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("rekey", line=options.line, by=options.by), lambda view: show.line({"line": view, "terms": []})


def _watch(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return (ask("take_watch", by=options.by) if options.does == "take" else ask("hand_over")), show.status


def _sever(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "sever", line=options.line, pair=options.all, grounds=options.grounds, by=options.by, passphrase=words
    )
    return found, show.board


def _restore(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    if options.does == "list":
        return ask("terms", line=options.line), show.terms
    if options.does == "offer":
        contact = None if options.first_contact is None else instant(options.first_contact)
        found = ask(
            "offer_restore",
            line=options.line,
            opens_at=instant(options.at),
            by=options.by,
            passphrase=words,
            opening_contact=contact,
            reserved=options.reserve,
        )
    else:
        act = "agree" if options.does == "agree" else "withdraw_terms"
        found = ask(act, ref=options.terms, by=options.by, passphrase=words)
    return found, lambda view: show.terms([view])


def _export(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("export", line=options.line, path=str(options.out.absolute())), show.exported


_ACTS = {
    "send": _send,
    "release": _release,
    "withdraw": _withdraw,
    "cancel": _cancel,
    "ack": _ack,
    "rekey": _rekey,
    "watch": _watch,
    "sever": _sever,
    "restore": _restore,
    "export": _export,
}


def instant(words: str) -> int:
    """A time with its zone as seconds since 1970 UTC; `now` is now. Raises LocalError."""
    if words == "now":
        return int(time.time())
    try:
        found = datetime.fromisoformat(words)
        seconds = int(found.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise LocalError(f"{words!r} is not a time", "for example 2021-07-27T10:00+09:00, or now") from None
    if found.tzinfo is None:
        raise LocalError(
            f"{words!r} does not say its zone", f"for example {words}+09:00, or {words}Z for UTC"
        )
    if not 0 <= seconds < 1 << 32:
        raise LocalError(f"{words!r} is out of range", "between 1970 and 2106")
    return seconds
