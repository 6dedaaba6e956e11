"""parley appointment: calls, meetings and handovers that both agree on; moved, called off, read out."""

from __future__ import annotations

import argparse

from parley.cli import DONE, name, print_json, reach, show
from parley.cli.acting import instant
from parley.cli.options import json_option, signed_options
from parley.desk.ask import Ask, Json


def add(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `parley appointment`."""
    does = parser.add_subparsers(dest="does", metavar="WHAT", required=True, parser_class=type(parser))
    offer = does.add_parser("offer", help="an appointment; counts as this officer's agreement")
    offer.add_argument("line")
    offer.add_argument("occasion", choices=("call", "meeting", "handover"))
    offer.add_argument("--at", required=True, metavar="TIME", help="such as 2021-04-28T10:00+09:00")
    offer.add_argument("--minutes", type=int, default=0, help="how long it lasts (default: not said)")
    offer.add_argument("--place", default="")
    offer.add_argument("--ours", default="", metavar="OFFICE", help="who comes from our side")
    offer.add_argument("--theirs", default="", metavar="OFFICE", help="who comes from theirs")
    offer.add_argument("--purpose", default="")
    offer.add_argument("--read-out", default="", metavar="WORDS", help="what both will say of it")
    signed_options(offer)
    agree = does.add_parser("agree", help="agree to an appointment, a move, or a calling off")
    agree.add_argument("ref", metavar="TERMS")
    signed_options(agree)
    back = does.add_parser(
        "withdraw", help="take this officer's own offer or agreement back, while not settled"
    )
    back.add_argument("ref", metavar="TERMS")
    signed_options(back)
    move = does.add_parser(
        "move", help="another hour or place, or a read-out line, in its place; with a reason"
    )
    move.add_argument("ref", metavar="TERMS")
    move.add_argument("--at", default=None, metavar="TIME")
    move.add_argument("--minutes", type=int, default=None)
    move.add_argument("--place", default="")
    move.add_argument("--read-out", default="", metavar="WORDS")
    move.add_argument("--reason", required=True)
    signed_options(move)
    off = does.add_parser("call-off", help="offer to call it off, with a reason")
    off.add_argument("ref", metavar="TERMS")
    off.add_argument("--reason", required=True)
    signed_options(off)
    listing = does.add_parser("list", help="those to come first, the next at the top")
    listing.add_argument("line", nargs="?")
    json_option(listing)
    one = does.add_parser("show", help="one appointment")
    one.add_argument("ref", metavar="TERMS")
    json_option(one)


def run(options: argparse.Namespace) -> int:
    words = "" if options.does in ("list", "show") else reach.officer_passphrase(options, options.by)
    with reach.end(options) as ask:
        found, shown = _DOES[options.does](options, ask, words)
    if options.json:
        print_json(name(options), found)
    else:
        shown(found)
    return DONE


def _offer(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "appointment_offer",
        line=options.line,
        by=options.by,
        passphrase=words,
        occasion=options.occasion,
        at=instant(options.at),
        lasts=options.minutes * 60,
        place=options.place,
        who_ours=options.ours,
        who_theirs=options.theirs,
        purpose=options.purpose,
        read_out=options.read_out,
    )
    return found, appointment


def _agree(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    ask("agree", ref=options.ref, by=options.by, passphrase=words)
    return ask("appointment_get", ref=options.ref), appointment


def _withdraw(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    ask("withdraw_terms", ref=options.ref, by=options.by, passphrase=words)
    return ask("appointment_get", ref=options.ref), appointment


def _move(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "appointment_move",
        ref=options.ref,
        by=options.by,
        passphrase=words,
        reason=options.reason,
        at=None if options.at is None else instant(options.at),
        lasts=None if options.minutes is None else options.minutes * 60,
        place=options.place,
        read_out=options.read_out,
    )
    return found, appointment


def _call_off(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "appointment_call_off", ref=options.ref, by=options.by, passphrase=words, reason=options.reason
    )
    return found, appointment


def _list(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("appointment_list", line=options.line), appointments


def _show(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("appointment_get", ref=options.ref), appointment


_DOES = {
    "offer": _offer,
    "agree": _agree,
    "withdraw": _withdraw,
    "move": _move,
    "call-off": _call_off,
    "list": _list,
    "show": _show,
}


def appointments(found: Json) -> None:
    """All appointments, one row each."""
    rows = [("TERMS", "AT", "WHAT", "PLACE", "LINE", "STATE")]
    for v in show.views(found):
        off = "call off: " if v["called_off"] else ""
        what, place = off + show.words(v["occasion"]), show.words(v["place"])
        rows.append(
            (
                show.words(v["ref"]),
                show.clock(v["at"]),
                what,
                place,
                show.words(v["line"]),
                show.words(v["state"]),
            )
        )
    show.table(rows)


def appointment(found: Json) -> None:
    """One appointment."""
    (v,) = show.views([found])
    print(
        f"{show.words(v['ref'])}   {show.words(v['occasion'])}   {show.clock(v['at'])}   {show.words(v['state'])}"
    )
    for label, key in (
        ("place", "place"),
        ("from our side", "who_ours"),
        ("from theirs", "who_theirs"),
        ("purpose", "purpose"),
        ("reason", "reason"),
        ("read-out line", "read_out"),
        ("instead of", "instead_of"),
        ("in its place", "replaced_by"),
    ):
        if v[key]:
            print(f"{label:<14} {show.words(v[key])}")
    if v["called_off"]:
        print("these terms call it off")
