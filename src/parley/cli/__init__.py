"""The commands, and the one place where the parts are built and joined.

Reading commands have --json: one object, {"format": "parley-cli/1", "command": ..., "result": ...}, whose
shape is in docs/guide/commands.md and does not change within a format number. An error is one sentence
and a hint on standard error, never a traceback.

Exit codes: 0 done; 1 refused, or an expectation of a scenario failed; 2 the command line is wrong;
3 a verification failed; 4 consistent, identities NOT pinned; 70 a fault of this program.

What cannot be printed in the terminal's encoding is printed as an escape: a message of theirs, or the
name of a file, makes no command fail.

What needs the web framework or the scenario player is loaded only by the commands that use it, so that
a plain command starts quickly: `_HANDLERS` names the modules.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from parley import __version__
from parley.cli.options import json_option, officer_file_option, root_option, signed_options
from parley.cli.terminal import safe
from parley.core.errors import ParleyError

DONE, REFUSED, USAGE, NOT_VERIFIED, NOT_PINNED, FAULT = 0, 1, 2, 3, 4, 70
FORMAT = "parley-cli/1"

_HANDLERS = {
    "init": "parley.cli.end",
    "officer": "parley.cli.end",
    "pair": "parley.cli.end",
    "up": "parley.cli.up",
    "status": "parley.cli.looking",
    "line": "parley.cli.looking",
    "send": "parley.cli.acting",
    "release": "parley.cli.acting",
    "withdraw": "parley.cli.acting",
    "cancel": "parley.cli.acting",
    "inbox": "parley.cli.looking",
    "show": "parley.cli.looking",
    "ack": "parley.cli.acting",
    "contact": "parley.cli.contacts",
    "rekey": "parley.cli.acting",
    "watch": "parley.cli.acting",
    "sever": "parley.cli.acting",
    "restore": "parley.cli.acting",
    "record": "parley.cli.looking",
    "fault": "parley.cli.looking",
    "export": "parley.cli.acting",
    "verify": "parley.cli.verifying",
    "play": "parley.cli.playing",
    "demo": "parley.cli.playing",
}
_INSTRUMENTS = {  # each loaded when it is named: `add` gives its sub-commands, `run` does one
    "letter": ("parley.cli.letters", "letters between principals: tendered, sealed, handed in, taken"),
    "appointment": ("parley.cli.appointments", "calls, meetings and handovers that both agree on"),
    "announcement": (
        "parley.cli.announcements",
        "announcements: an agreed hour, our own text, a proof for anyone",
    ),
}
_INSTRUMENTS["calendar"] = ("parley.cli.contacts", "the contacts of a line: a month, or a year at a glance")
_HANDLERS["line amend"] = "parley.cli.contacts"
_HANDLERS |= {word: module for word, (module, _) in _INSTRUMENTS.items()}


def at_work() -> ModuleType:
    """The module that has an end at work, loaded when it is asked for: `up` does so while the passphrase of the
    home is being stretched, which takes as long."""
    return importlib.import_module("parley.cli.at_work")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; gives its exit code."""
    _make_printable()
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given).parse_args(given)
    try:
        handler = importlib.import_module(_HANDLERS[options.command])
        code = handler.run(options)
        assert isinstance(code, int)
        sys.stdout.flush()
        return code
    except ParleyError as e:
        if e.hint:
            return _failed(options, REFUSED, e.text, e.hint)
        return _damaged(options) or _failed(
            options, REFUSED, e.text, f"nothing was done; see: parley {options.command} --help"
        )
    except BrokenPipeError:
        _print_nowhere()
        return DONE
    except OSError as e:
        try:
            sys.stdout.flush()
        except OSError:  # it was the output that could not be written
            _print_nowhere()
        where = f" ({e.filename})" if e.filename else ""
        return _failed(
            options,
            REFUSED,
            f"the system refused: {e.strerror or e}{where}",
            "check the disk and its permissions",
        )
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return REFUSED
    except Exception as e:
        if os.environ.get("PARLEY_TRACEBACK"):
            raise
        return _damaged(options) or _failed(
            options,
            FAULT,
            f"a fault of this program stopped it ({type(e).__name__}: {e})",
            "nothing acknowledged is lost; set PARLEY_TRACEBACK=1 and report what it prints",
        )


def print_json(command: str, result: object) -> None:
    """The one shape of every --json."""
    _print_document({"format": FORMAT, "command": command, "result": result})


def name(options: argparse.Namespace) -> str:
    """The command as it was called, its second word too: `line offer`."""
    return " ".join(word for word in (options.command, getattr(options, "does", None)) if word)


def _damaged(options: argparse.Namespace) -> int | None:
    """The failure told as what it came from, if a file of the end is damaged; None if none is seen to be."""
    try:
        home = importlib.import_module("parley.home")  # which verify does without
        found = home.damage(options.home) if (options.home / "home.json").is_file() else ""
    except OSError:
        return None
    if not found:
        return None
    hint = "keep a copy of the folder as it is; the other end holds its record too"
    return _failed(options, REFUSED, found, hint)


def _failed(options: argparse.Namespace, code: int, text: str, hint: str) -> int:
    if getattr(options, "json", False):
        _print_document({"format": FORMAT, "command": name(options), "error": {"text": text, "hint": hint}})
    print(f"parley: {safe(text)}", file=sys.stderr)
    if hint:
        print(f"Hint: {safe(hint)}", file=sys.stderr)
    return code


def _print_document(document: dict[str, object]) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    everywhere = encoding.lower().replace("-", "") != "utf8"  # JSON's own escapes, where others would not do
    print(json.dumps(document, ensure_ascii=everywhere, indent=2))


def _make_printable() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _print_nowhere() -> None:
    """What is left to print goes nowhere, so that the end of the process does not fail on it again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"parley: {message}", file=sys.stderr)
        print(f"Hint: see {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE)


def _parser(arguments: list[str] | None = None) -> argparse.ArgumentParser:
    """The command line. `arguments`: only the instruments named there are loaded; None: all."""
    parser = _Parser(
        prog="parley", description="The communication lines between two parties who do not trust each other."
    )
    parser.add_argument("--version", action="version", version=f"parley {__version__}")
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(os.environ.get("PARLEY_HOME", "~/.parley")).expanduser(),
        help="home of the end (default: $PARLEY_HOME, else ~/.parley)",
    )
    parser.add_argument(
        "--passphrase-file", type=Path, help="file with the end's passphrase, readable by its owner only"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    _end_commands(commands)
    _looking_commands(commands, amends=arguments is None or "amend" in arguments)
    _acting_commands(commands)
    _standalone_commands(commands)
    for word, (module, words) in _INSTRUMENTS.items():
        instrument = commands.add_parser(word, help=words)
        if arguments is None or word in arguments:
            importlib.import_module(module).add(instrument)
    return parser


def _end_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    init = commands.add_parser("init", help="make a new end")
    init.add_argument("--party", required=True, help="name of the party, as the other will see it")
    root_option(init)

    officer = commands.add_parser("officer", help="officers of this end")
    does = officer.add_subparsers(dest="does", metavar="add|list", required=True, parser_class=_Parser)
    add = does.add_parser("add", help="a new officer with a key of their own")
    add.add_argument("name", help="log-in name")
    add.add_argument("--office", required=True, help='what the other side sees, such as "Watch officer"')
    add.add_argument(
        "--powers",
        default="release,acknowledge",
        help="of: release, acknowledge, sever, restore, administer; or none",
    )
    add.add_argument(
        "--up-to", default="FLASH", metavar="PRECEDENCE", help="highest precedence (default FLASH)"
    )
    root_option(add)
    officer_file_option(add)
    json_option(does.add_parser("list", help="who may do what"))

    pair = commands.add_parser("pair", help="pair with another party: card, share, finish")
    does = pair.add_subparsers(dest="does", metavar="card|share|finish", required=True, parser_class=_Parser)
    card = does.add_parser("card", help="1. make our card, to hand to the other party")
    card.add_argument("-o", "--out", type=Path, required=True)
    root_option(card)
    share = does.add_parser("share", help="2. from their card: our share of the secret, sealed to it")
    share.add_argument("card", type=Path)
    share.add_argument("--fingerprint", required=True, help="of their root key, learnt by voice or in person")
    share.add_argument("-o", "--out", type=Path, required=True)
    root_option(share)
    finish = does.add_parser("finish", help="3. with their share: the pair begins")
    finish.add_argument("name", help="our name for the other party")
    finish.add_argument("card", type=Path)
    finish.add_argument("share", type=Path)
    root_option(finish)

    commands.add_parser("up", help="run this end: bearers, desk and console (settings in parley.toml)")


def _looking_commands(commands: argparse._SubParsersAction[_Parser], *, amends: bool) -> None:
    json_option(commands.add_parser("status", help="this end, its lines, alarms"))
    line = commands.add_parser("line", help="lines: declared and observed; offer a new one")
    does = line.add_subparsers(dest="does", metavar="list|show|offer|amend", parser_class=_Parser)
    json_option(line)
    json_option(does.add_parser("list", help="the lines board"), keep=True)
    show = does.add_parser("show", help="one line and the terms on the table")
    show.add_argument("name")
    json_option(show, keep=True)
    offer = does.add_parser("offer", help="offer the accord of a new line")
    offer.add_argument("pair")
    offer.add_argument("name")
    offer.add_argument("--purpose", default="")
    offer.add_argument("--owners", default=";", help='who answers for it: "OURS;THEIRS"')
    offer.add_argument(
        "--civil-clocks", default="0,0", help="minutes east of UTC: OURS,THEIRS (such as 540,540)"
    )
    offer.add_argument("--languages", default="en", help="tags, the first is the default (such as ko,en)")
    offer.add_argument("--slots", default="", help='scheduled contacts in UTC: "00:00 opening;08:00 closing"')
    offer.add_argument(
        "--addresses", default="", help='the protocol book: "OFFICE=FORM OF ADDRESS;OFFICE=FORM"'
    )
    offer.add_argument(
        "--cut-closes-letters", action="store_true", help="a cut keeps back letters and their tenders too"
    )
    offer.add_argument("--quorum-restore", type=int, default=2, help="officers a side to restore (default 2)")
    offer.add_argument("--one-person", action="store_true", help="a release needs no second person")
    signed_options(offer, keep=True)
    amend = does.add_parser("amend", help="offer the next version of a line's accord; both must agree")
    if amends:
        importlib.import_module("parley.cli.contacts").add_amend(amend)
    amend.set_defaults(command="line amend", does=None)
    signed_options(amend, keep=True)

    inbox = commands.add_parser("inbox", help="messages that need us; --all, --drafts")
    inbox.add_argument("line", nargs="?")
    inbox.add_argument("--all", action="store_true", help="both ways, the acknowledged ones too")
    inbox.add_argument("--drafts", action="store_true", help="what waits for a release")
    inbox.add_argument("--most", type=int, default=50)
    json_option(inbox)
    show = commands.add_parser("show", help="one message with its ladder of states")
    show.add_argument("ref", help="LINE:ours|theirs:AUTHOR/NUMBER or draft:N")
    json_option(show)
    record = commands.add_parser("record", help="both logs of a line")
    record.add_argument("line")
    record.add_argument("--most", type=int, default=100)
    json_option(record)
    fault = commands.add_parser("fault", help="what the other party signed and should not have: list, show")
    does = fault.add_subparsers(dest="does", metavar="list|show", required=True, parser_class=_Parser)
    listing = does.add_parser("list", help="the faults kept as evidence, newest first")
    listing.add_argument("line", nargs="?")
    listing.add_argument("--most", type=int, default=100)
    json_option(listing)
    show = does.add_parser("show", help="one fault; its evidence into a file")
    show.add_argument("fault", help="the first 16 hex digits of its evidence's hash, as listed")
    show.add_argument("-o", "--out", type=Path, default=None, help="a new file for the evidence")
    json_option(show)


def _acting_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    send = commands.add_parser("send", help="a draft, which waits for its release by a second person")
    send.add_argument("line")
    send.add_argument("text", nargs="?", help="the text; - or nothing: from standard input")
    send.add_argument("--as", dest="by", required=True, metavar="OFFICER", help="log-in name of the drafter")
    send.add_argument("--precedence", default="ROUTINE", help="ROUTINE, PRIORITY, IMMEDIATE or FLASH")
    send.add_argument("--reason", default="", help="why this precedence; stays here")
    send.add_argument("--subject", default="")
    send.add_argument("--language", default=None, help="tag (default: the accord's first)")
    send.add_argument("--in-whose-name", default="")
    send.add_argument("--answers", default="", metavar="REF", help="the message this replies to")
    json_option(send)
    release = commands.add_parser("release", help="sign a draft as its releasing authority")
    release.add_argument("draft", help="draft:N, or the ref of what a cut has kept back")
    signed_options(release)
    withdraw = commands.add_parser("withdraw", help="take back a draft, or what is released and not entered")
    withdraw.add_argument("ref")
    signed_options(withdraw)
    cancel = commands.add_parser("cancel", help="take back a message that is in the record")
    cancel.add_argument("ref")
    cancel.add_argument("--reason", required=True)
    signed_options(cancel)
    ack = commands.add_parser("ack", help="acknowledge a message of theirs")
    ack.add_argument("ref")
    ack.add_argument(
        "grade",
        nargs="?",
        default="seen",
        help="seen, read-back, will-comply, cannot-comply, stand-by, noted",
    )
    ack.add_argument("--read-back", default=None, metavar="WORDS")
    signed_options(ack)
    contact = commands.add_parser(
        "contact", help="ring the other watch, answer it, note what the call showed"
    )
    contact.add_argument("line")
    which = contact.add_mutually_exclusive_group()
    which.add_argument("--answer", action="store_true", help="answer a line that rings")
    which.add_argument("--show", action="store_true", help="the call now open, as far as it has come")
    which.add_argument(
        "--note", metavar="STEPS", help="of an answered call: our-identity,we-are-heard,...; or none"
    )
    which.add_argument(
        "--test", type=int, metavar="NUMBER", help="a document test by the text of that number"
    )
    contact.add_argument(
        "--heard", type=int, metavar="NUMBER", help="with --note: the officer of theirs who spoke"
    )
    contact.add_argument("--content", choices=("no-message", "messages"), help="with --note: what it was for")
    contact.add_argument("--as", dest="by", metavar="OFFICER", help="log-in name; not needed with --show")
    json_option(contact)
    rekey = commands.add_parser("rekey", help="a new epoch of keys for what we send; the node must be up")
    rekey.add_argument("line")
    rekey.add_argument("--as", dest="by", required=True, metavar="OFFICER")
    json_option(rekey)
    watch = commands.add_parser("watch", help="take the watch, or hand it over; the node must be up")
    does = watch.add_subparsers(dest="does", metavar="take|hand-over", required=True, parser_class=_Parser)
    take = does.add_parser("take")
    take.add_argument("--as", dest="by", required=True, metavar="OFFICER")
    does.add_parser("hand-over")
    sever = commands.add_parser("sever", help="cut a line, at once, whether or not they hear of it")
    which = sever.add_mutually_exclusive_group(required=True)
    which.add_argument("line", nargs="?")
    which.add_argument("--all", metavar="PAIR", help="all lines of a pair")
    sever.add_argument("--grounds", required=True)
    signed_options(sever)
    restore = commands.add_parser("restore", help="open a line again: offer, agree, withdraw, list")
    does = restore.add_subparsers(
        dest="does", metavar="offer|agree|withdraw|list", required=True, parser_class=_Parser
    )
    offer = does.add_parser("offer", help="terms: every cut there is, both logs as they stand, the hour")
    offer.add_argument("line")
    offer.add_argument(
        "--at", default="now", help="hour of opening, such as 2021-07-27T10:00+09:00 (default now)"
    )
    offer.add_argument("--first-contact", default=None, metavar="TIME", help="hour of the opening contact")
    offer.add_argument("--reserve", default="", help="differences reserved; a reservation, never a veto")
    signed_options(offer)
    agree = does.add_parser("agree", help="one officer's agreement to terms on offer (also of a new line)")
    agree.add_argument("terms", help="the first 16 hex digits of the terms")
    signed_options(agree)
    back = does.add_parser("withdraw", help="take this officer's own agreement back, while not settled")
    back.add_argument("terms")
    signed_options(back)
    listing = does.add_parser("list", help="terms on the table and settled")
    listing.add_argument("line", nargs="?")
    json_option(listing)
    export = commands.add_parser("export", help="a whole line as a file that anyone can verify")
    export.add_argument("line")
    export.add_argument("-o", "--out", type=Path, required=True)
    json_option(export)


def _standalone_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    verify = commands.add_parser("verify", help="verify exports: no node, no keys, no trust")
    verify.add_argument("files", nargs="+", type=Path, metavar="FILE")
    verify.add_argument(
        "--pin", action="append", default=[], metavar="FINGERPRINT", help="a party's root key; give both"
    )
    json_option(verify)
    play = commands.add_parser("play", help="play a scenario on real nodes and a virtual clock")
    play.add_argument("file", type=Path)
    play.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the homes of both ends here")
    json_option(play)
    demo = commands.add_parser("demo", help="8 June 2020 to 10 August 2021, played and proved")
    demo.add_argument("--once", action="store_true", help="play, prove, and end; else both ends stay up")
    demo.add_argument("--bind", default="127.0.0.1", help="address of the consoles")
    demo.add_argument(
        "--port", type=int, default=8411, help="port of the North's console; the South's is one more"
    )
    demo.add_argument("--scenario", type=Path, default=None, help=argparse.SUPPRESS)
