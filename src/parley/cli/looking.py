"""Reading: status, line, inbox, show, record, fault."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from parley.cli import DONE, name, print_json, reach, show
from parley.core.errors import LocalError
from parley.desk.ask import Ask, Json


def run(options: argparse.Namespace) -> int:
    if options.command == "line" and options.does == "offer":
        return _offer(options)
    shown: show.Shown
    with reach.end(options) as ask:
        match options.command:
            case "status":
                found = ask("status")
                shown = partial(show.status, alarms=ask("alarms"))
            case "line" if options.does == "show":
                line = ask("line", name=options.name)
                found = {"line": line, "terms": ask("terms", line=options.name)}
                shown = show.line
            case "line":
                found = ask("lines")
                shown = show.board
            case "inbox":
                found = _inbox(options, ask)
                shown = show.messages
            case "show":
                found = ask("message", ref=options.ref)
                shown = show.message
            case "fault" if options.does == "show":
                found = ask("fault", ref=options.fault)
                _write_evidence(options.out, found)
                shown = show.fault
            case "fault":
                found = ask("faults", line=options.line, most=_most(options))
                shown = show.faults
            case _:
                found = ask("entries", line=options.line, most=_most(options))
                shown = show.entries
    if options.json:
        print_json(name(options), found)
    else:
        shown(found)
    return DONE


def _inbox(options: argparse.Namespace, ask: Ask) -> Json:
    if options.drafts:
        found = ask("drafts")
    elif options.all:
        return ask("messages", line=options.line, most=_most(options))
    else:
        found = ask("needs_us")
    assert isinstance(found, list)
    if options.line:
        view = ask("line", name=options.line)
        assert isinstance(view, dict)
        found = [m for m in found if isinstance(m, dict) and m["line"] == view["name"]]
    return found[: _most(options)]


def _write_evidence(path: Path | None, found: Json) -> None:
    """The bytes of a fault's evidence into a new file; nothing without a path."""
    if path is None:
        return
    assert isinstance(found, dict)
    reach.write_new(path, bytes.fromhex(str(found["evidence"])))


def _most(options: argparse.Namespace) -> int:
    most: int = options.most
    if not 1 <= most <= 1_000_000:
        raise LocalError("--most is out of range", "1 to 1000000")
    return most


def _offer(options: argparse.Namespace) -> int:
    words = reach.officer_passphrase(options, options.by)
    with reach.end(options) as ask:
        found = ask(
            "offer_line",
            pair=options.pair,
            name=options.name,
            by=options.by,
            passphrase=words,
            purpose=options.purpose,
            languages=options.languages,
            owners=options.owners,
            civil_clocks=options.civil_clocks,
            slots=options.slots,
            quorum_restore=options.quorum_restore,
            second_person=not options.one_person,
            always_open="" if options.cut_closes_letters else "letters",
            addresses=options.addresses,
        )
    if options.json:
        print_json(name(options), found)
    else:
        show.terms([found])
    return DONE
