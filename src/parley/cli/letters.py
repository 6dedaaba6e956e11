"""parley letter: what an end does with letters, and what a principal does without one.

Tender, answer, hand-in and tier are prepared here and released by a second person (`letter release`). What seals and
opens a letter is in `letter_offline`: it needs no end, and no end sees what it does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from parley.cli import DONE, letter_offline, name, print_json, reach, show
from parley.cli.options import json_option, officer_options, signed_options
from parley.desk.ask import Ask, Json

CLASSES = ("personal-letter", "letter", "notice", "telegram", "safety-notice")


def add(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `parley letter`."""
    does = parser.add_subparsers(dest="does", metavar="WHAT", required=True, parser_class=type(parser))
    letter_offline.add(does)

    tender = does.add_parser("tender", help="prepare a tender: in whose name, to whom, rank and class")
    tender.add_argument("line")
    _names(tender, needed=True)
    tender.add_argument("--instead-of", default="", metavar="REF", help="an earlier tender, refused perhaps")
    officer_options(tender)
    answer = does.add_parser("answer", help="prepare an answer to a tender of theirs")
    answer.add_argument("ref")
    answer.add_argument("answer", choices=("accepted", "refused", "undetermined"))
    answer.add_argument("--reason", default="", help="or none")
    answer.add_argument("--language", default="", help="of the reason (default: the accord's first)")
    officer_options(answer)
    hand_in = does.add_parser("hand-in", help="prepare a letter from its writer's sealed file")
    hand_in.add_argument("file", type=Path)
    hand_in.add_argument("--tender", dest="ref", default="", metavar="REF", help="the tender they accepted")
    hand_in.add_argument("--line", default="", help="without a tender: the line, and the names")
    _names(hand_in, needed=False)
    officer_options(hand_in)
    tier = does.add_parser("tier", help="prepare our word on how much of a letter may be disclosed")
    tier.add_argument("ref")
    tier.add_argument("tier", choices=("existence", "count-and-dates", "content"))
    officer_options(tier)
    json_option(does.add_parser("papers", help="what waits for a release, or for a bearer"))
    release = does.add_parser("release", help="sign what another officer prepared, or what a cut kept back")
    release.add_argument("ref", metavar="REF", help="as parley letter papers has it")
    signed_options(release)
    withdraw = does.add_parser("withdraw", help="withdraw what is released and still waits for a bearer")
    withdraw.add_argument("ref", metavar="REF", help="as parley letter papers has it")
    signed_options(withdraw)
    discard = does.add_parser("discard", help="throw away what is prepared and not released")
    discard.add_argument("ref", metavar="paper:N")
    officer_options(discard)
    back = does.add_parser("take-back", help="take back a tender or letter of ours that is in the record")
    back.add_argument("ref")
    back.add_argument("--reason", required=True)
    signed_options(back)
    ack = does.add_parser("ack", help="say that a letter of theirs is here, whole, for its addressee")
    ack.add_argument("ref")
    signed_options(ack)
    forget = does.add_parser("forget", help="let go of the sealed bytes of an acknowledged letter of theirs")
    forget.add_argument("ref")
    officer_options(forget)
    listing = does.add_parser("list", help="all letters, from their tenders on")
    listing.add_argument("line", nargs="?")
    json_option(listing)
    one = does.add_parser("show", help="one letter")
    one.add_argument("ref")
    json_option(one)
    count = does.add_parser("count", help="how many letters: the one answer both ends give")
    count.add_argument("line", nargs="?")
    json_option(count)
    book = does.add_parser("addresses", help="the protocol book of a line: which office is addressed how")
    book.add_argument("line")
    json_option(book)
    take = does.add_parser("take", help="the sealed file of a letter, for its addressee")
    take.add_argument("ref")
    take.add_argument("-o", "--out", type=Path, required=True)
    json_option(take)
    export = does.add_parser("export", help="all that waits on a line, with its letters, as a file by hand")
    export.add_argument("line")
    export.add_argument("-o", "--out", type=Path, required=True)
    officer_options(export)
    taken_in = does.add_parser("import", help="a file that came by hand; twice changes nothing")
    taken_in.add_argument("file", type=Path)
    officer_options(taken_in)


def run(options: argparse.Namespace) -> int:
    if options.does in letter_offline.DOES:
        return letter_offline.run(options)
    signs = options.does in ("release", "withdraw", "take-back", "ack")
    words = reach.officer_passphrase(options, options.by) if signs else ""
    with reach.end(options) as ask:
        found, shown = _DOES[options.does](options, ask, words)
    if options.json:
        print_json(name(options), found)
    else:
        shown(found)
    return DONE


def _tender(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "letter_tender",
        line=options.line,
        by=options.by,
        in_whose_name=options.in_whose_name,
        to_whom=options.to_whom,
        rank=options.rank,
        kind=options.kind,
        precedence=options.precedence,
        instead_of=options.instead_of,
    )
    return found, lambda view: papers([view])


def _answer(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "letter_answer",
        ref=options.ref,
        answer=options.answer,
        by=options.by,
        reason=options.reason,
        language=options.language,
    )
    return found, lambda view: papers([view])


def _hand_in(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask(
        "letter_hand_in",
        path=str(options.file.absolute()),
        by=options.by,
        ref=options.ref,
        line=options.line,
        in_whose_name=options.in_whose_name,
        to_whom=options.to_whom,
        rank=options.rank,
        kind=options.kind,
        precedence=options.precedence,
    )
    return found, lambda view: papers([view])


def _tier(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    tier = options.tier.replace("-", " ")
    return ask("letter_tier", ref=options.ref, tier=tier, by=options.by), lambda view: papers([view])


def _papers(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_papers"), papers


def _release(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask("letter_release", ref=options.ref, by=options.by, passphrase=words)
    return found, lambda view: papers([view])


def _withdraw(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    ask("letter_withdraw", ref=options.ref, by=options.by, passphrase=words)
    return {"ref": options.ref}, _gone(options.ref)


def _discard(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    ask("letter_discard", ref=options.ref, by=options.by)
    return {"ref": options.ref}, _gone(options.ref)


def _gone(ref: str) -> show.Shown:
    return lambda view: print(f"{ref} is gone; nothing of it is in the record")


def _take_back(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    found = ask("letter_take_back", ref=options.ref, by=options.by, passphrase=words, reason=options.reason)
    return found, letter


def _ack(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_acknowledge", ref=options.ref, by=options.by, passphrase=words), letter


def _forget(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_forget", ref=options.ref, by=options.by), letter


def _list(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_list", line=options.line), letters


def _show(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_get", ref=options.ref), letter


def _count(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_count", line=options.line), counts


def _addresses(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_addresses", line=options.line), addresses


def _take(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("letter_take", ref=options.ref, path=str(options.out.absolute())), show.fields


def _export(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("courier_out", line=options.line, path=str(options.out.absolute()), by=options.by), show.fields


def _import(options: argparse.Namespace, ask: Ask, words: str) -> tuple[Json, show.Shown]:
    return ask("courier_in", path=str(options.file.absolute()), by=options.by), show.fields


_DOES = {
    "tender": _tender,
    "answer": _answer,
    "hand-in": _hand_in,
    "tier": _tier,
    "papers": _papers,
    "release": _release,
    "withdraw": _withdraw,
    "discard": _discard,
    "take-back": _take_back,
    "ack": _ack,
    "forget": _forget,
    "list": _list,
    "show": _show,
    "count": _count,
    "addresses": _addresses,
    "take": _take,
    "export": _export,
    "import": _import,
}


# --- what is printed --------------------------------------------------------------------------


def papers(found: Json) -> None:
    """Formal acts that are not in the record."""
    rows = [("REF", "LINE", "ACT", "WHAT", "BY", "STATE")]
    for v in show.views(found):
        ref, line, kind = (show.words(v[key]) for key in ("ref", "line", "kind"))
        rows.append(
            (ref, line, kind, show.words(v["words"]), show.words(v["prepared_by"]), show.words(v["state"]))
        )
    show.table(rows)


def addresses(found: Json) -> None:
    """Offices and their forms of address."""
    show.table(
        [("OFFICE", "FORM OF ADDRESS"), *((show.words(a), show.words(b)) for a, b in show.pairs(found))]
    )


def letters(found: Json) -> None:
    """All letters, one row each."""
    rows = [("REF", "STATE", "NO.", "CLASS", "IN THE NAME OF", "TO", "TIER")]
    for v in show.views(found):
        rows.append(
            (
                show.words(v["ref"]),
                show.words(v["state"]),
                "" if v["number"] is None else str(v["number"]),
                show.words(v["kind"]),
                show.words(v["in_whose_name"]),
                show.words(v["to_whom"]),
                show.words(v["tier"]) or "none agreed",
            )
        )
    show.table(rows)


def letter(found: Json) -> None:
    """One letter with what became of it."""
    (v,) = show.views([found])
    print(f"{show.words(v['ref'])}   {show.words(v['kind'])}   {show.words(v['state'])}")
    print(f"in the name of  {show.words(v['in_whose_name'])}")
    rank = f" ({show.words(v['rank'])})" if v["rank"] else ""
    print(f"to              {show.words(v['to_whom'])}{rank}")
    for words, key in (("tendered", "tendered_at"), ("handed in", "entered_at"), ("received", "received_at")):
        if v[key] is not None:
            print(f"{words:<15} {show.clock(v[key])}")
    for a in show.views(v["answers"]):
        reason = f": {show.words(a['reason'])}" if a["reason"] else ""
        print(f"{show.words(a['answer']):<15} {show.clock(a['at'])}, {show.words(a['office'])}{reason}")
    if v["unasked"]:
        print("not accepted")
    if v["letter_waits"]:
        print("the letter is released, and waits for a bearer")
    if v["number"] is not None:
        whole = (
            "whole at our end"
            if v["whole"]
            else "let go of"
            if v["forgotten"]
            else "not whole at our end yet"
        )
        whole += "; their end says it holds it whole" if v["there"] else ""
        print(f"number          {v['number']} of its series, {v['bytes']} bytes sealed, {whole}")
        print(f"writer's card   {show.fingerprint(str(v['writer']))}")
        print(f"addressee's     {show.fingerprint(str(v['addressee']))}")
        ours, theirs = (show.words(v[key]) or "nothing said" for key in ("tier_ours", "tier_theirs"))
        print(f"to disclose     {show.words(v['tier']) or 'nothing agreed'} (ours: {ours}, theirs: {theirs})")


def counts(found: Json) -> None:
    """How many letters, one row a series."""
    rows = [("LINE", "FROM", "TO", "IN BOTH RECORDS", "ON THE WAY", "MISSING", "TWICE", "FIRST", "LAST")]
    for v in show.views(found):
        rows.append(
            (
                show.words(v["line"]),
                ("ours: " if v["ours"] else "theirs: ") + show.words(v["in_whose_name"]),
                show.words(v["to_whom"]),
                str(v["both"]),
                str(v["on_the_way"]),
                show.numbers(v["missing"]),
                show.numbers(v["twice"]),
                show.clock(v["first_at"]),
                show.clock(v["last_at"]),
            )
        )
    show.table(rows)


# --- options ----------------------------------------------------------------------------------


def _names(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    parser.add_argument("--in-whose-name", required=needed, default="", help="the office it is from")
    parser.add_argument("--to-whom", required=needed, default="", help="the office it is to")
    parser.add_argument("--rank", default="", help="of who signs it")
    parser.add_argument("--class", dest="kind", default="personal-letter", choices=CLASSES)
    parser.add_argument("--precedence", default="ROUTINE", help="ROUTINE, PRIORITY, IMMEDIATE or FLASH")
