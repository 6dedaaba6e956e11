"""parley announcement: the hour, our texts, and the check that anyone can make of what was published.

`check` needs no end, no key and no network: a file from a public site, and a fingerprint learnt elsewhere. What is
released goes out by the node that is up: a command alone keeps no hour.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from parley.cli import DONE, NOT_PINNED, NOT_VERIFIED, name, print_json, reach, show
from parley.cli.acting import instant
from parley.cli.options import json_option, pin, signed_options
from parley.cli.terminal import safe
from parley.core import disclosure
from parley.core.disclosure import Disclosed, Refused
from parley.core.errors import LocalError
from parley.core.instruments.announcement import Announcement, Published
from parley.desk.ask import Ask, Json
from parley.site import Folder

View = dict[str, Json]
PINNED, NOT_PINNED_WORDS = "proved; identity pinned", "consistent; identity NOT pinned"


def add(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `parley announcement`."""
    does = parser.add_subparsers(dest="does", metavar="WHAT", required=True, parser_class=type(parser))
    offer = does.add_parser("offer", help="offer an hour, and what it is about")
    offer.add_argument("line")
    offer.add_argument("subject")
    offer.add_argument("--at", required=True, metavar="TIME", help="such as 2021-07-27T11:00+09:00")
    offer.add_argument("--point", action="append", default=[], metavar="WORDS", help="a point; up to 16")
    signed_options(offer)
    agree = does.add_parser("agree", help="agree to an hour on offer")
    agree.add_argument("terms", help="the first 16 hex digits of the terms")
    signed_options(agree)
    back = does.add_parser("withdraw", help="take this officer's agreement back, while not settled")
    back.add_argument("terms")
    signed_options(back)
    draft = does.add_parser("draft", help="a text of ours, in one language, for an hour")
    draft.add_argument("hour", nargs="?", default="", help="ref of an hour agreed on; or --line and --at")
    draft.add_argument("--title", required=True)
    draft.add_argument("--text", type=Path, required=True, metavar="FILE", help="UTF-8, a paragraph a line")
    draft.add_argument("--language", default="", help="tag (default: the accord's first)")
    draft.add_argument("--channel", default="", help="by which it is announced besides")
    draft.add_argument("--points", default="", help='those it speaks of, such as "1,3"; none; or not to say')
    draft.add_argument("--line", default="", help="for an hour nobody agreed on")
    draft.add_argument("--at", default=None, metavar="TIME", help="for an hour nobody agreed on")
    draft.add_argument("--as", dest="by", required=True, metavar="OFFICER", help="log-in name of the drafter")
    json_option(draft)
    for word, words in (
        ("release", "sign a text for its hour, as a second person"),
        ("resume", "let a held text go out at its hour; now, if that is past"),
        ("abort", "end a text before its hour: it is never published"),
        ("send", "send a published text that a cut has kept back"),
    ):
        step = does.add_parser(word, help=words)
        step.add_argument("number", type=int, help="of the text")
        signed_options(step)
    hold = does.add_parser("hold", help="keep a text from going out; any officer, until the instant")
    hold.add_argument("number", type=int, help="of the text")
    hold.add_argument("--reason", default="")
    hold.add_argument("--as", dest="by", required=True, metavar="OFFICER", help="log-in name")
    json_option(hold)
    listing = does.add_parser("list", help="all hours, and where our texts stand")
    listing.add_argument("line", nargs="?")
    json_option(listing)
    one = does.add_parser("show", help="one hour: both sides' texts, and what each left out")
    one.add_argument("ref")
    json_option(one)
    check = does.add_parser("check", help="check the proof of a published text: no end, no keys, no network")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument("--pin", action="append", default=[], metavar="FINGERPRINT", help="of a root key")
    json_option(check)
    site = does.add_parser("site", help="write the public site into a folder")
    site.add_argument("folder", type=Path)
    json_option(site)


def run(options: argparse.Namespace) -> int:
    if options.does == "check":
        return _check(options)
    signs = options.does in _SIGNED
    words = reach.officer_passphrase(options, options.by) if signs else ""
    with reach.end(options) as ask:
        found = _asked(options, ask, words)
    if options.json:
        print_json(name(options), found)
    else:
        _print(options.does, found)
    return DONE


_SIGNED = ("offer", "agree", "withdraw", "release", "resume", "abort", "send")


def _asked(options: argparse.Namespace, ask: Ask, words: str) -> Json:
    does = options.does
    if does == "offer":
        return ask(
            "announcement_offer",
            line=options.line,
            at=instant(options.at),
            subject=options.subject,
            by=options.by,
            passphrase=words,
            points="\n".join(options.point),
        )
    if does in ("agree", "withdraw"):
        act = "agree" if does == "agree" else "withdraw_terms"
        return ask(act, ref=options.terms, by=options.by, passphrase=words)
    if does == "draft":
        return ask(
            "announcement_draft",
            hour=options.hour,
            by=options.by,
            title=options.title,
            text=_text(options.text),
            language=options.language,
            channel=options.channel,
            points=options.points,
            line=options.line,
            at=None if options.at is None else instant(options.at),
        )
    if does == "hold":
        return ask("announcement_hold", number=options.number, by=options.by, reason=options.reason)
    if does == "list":
        return ask("announcement_list", line=options.line)
    if does == "show":
        return ask("announcement_show", ref=options.ref)
    if does == "site":
        status = ask("status")
        assert isinstance(status, dict)
        return _site(options.folder, str(status["party"]), ask("announcement_published"))
    return ask(f"announcement_{does}", number=options.number, by=options.by, passphrase=words)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise LocalError(
            f"the text is not UTF-8 (byte {e.start})", "convert it; nothing was drafted"
        ) from None
    except OSError as e:
        raise LocalError(f"{path} cannot be read: {e.strerror}", "check the path") from None


def _site(folder: Path, party: str, found: Json) -> Json:
    assert isinstance(found, list)
    Folder(folder, party).write([_published(_view(item)) for item in found])
    return {"folder": str(folder), "texts": len(found)}


def _published(view: View) -> Published:
    """A text as the desk gave it, back from JSON."""
    a = _view(view["announcement"])
    points = a["points"]
    return Published(
        bytes.fromhex(str(view["act"])),
        bytes.fromhex(str(view["line"])),
        Announcement(
            None if a["terms"] is None else bytes.fromhex(str(a["terms"])),
            _int(a["at"]),
            str(a["channel"]),
            str(a["language"]),
            str(a["title"]),
            tuple(_int(point) for point in points) if isinstance(points, list) else None,
            tuple(str(paragraph) for paragraph in _list(a["paragraphs"])),
        ),
        _int(view["published_at"]),
        str(view["party"]),
        str(view["office"]),
        _int(view["civil_clock"]),
        bytes.fromhex(str(view["disclosure"])),
    )


# --- the check --------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    pins = [pin(words) for words in options.pin]
    results: list[dict[str, object]] = []
    read: list[Disclosed] = []
    code = DONE
    for path in options.files:
        try:
            found = disclosure.read(_read(path), pins)
        except Refused as e:
            results.append({"file": str(path), "verdict": "refused", "where": e.where, "why": e.why})
            code = NOT_VERIFIED
            continue
        read.append(found)
        results.append(_plain(path, found))
        if not found.pinned and code == DONE:
            code = NOT_PINNED
    same = _same_hour(read)
    if options.json:
        print_json("announcement check", {"files": results, "same_hour": same})
        return code
    for result in results:
        _print_checked(result)
    if same:
        print("They are of different root keys and name the same terms: both signed for one agreed hour.")
    return code


def _same_hour(read: list[Disclosed]) -> bool:
    """Whether all are for the hour of the same terms, and not all of one party."""
    terms = {found.announcement.terms for found in read}
    return len(terms) == 1 and None not in terms and len({found.fingerprint for found in read}) > 1


def _plain(path: Path, found: Disclosed) -> dict[str, object]:
    a = found.announcement
    return {
        "file": str(path),
        "verdict": PINNED if found.pinned else NOT_PINNED_WORDS,
        "party": found.party,
        "fingerprint": found.fingerprint,
        "office": found.officer.office,
        "act": found.act.hex(),
        "line_id": found.line.hex(),
        "said_at": found.said_at,
        "hour": a.at,
        "terms": a.terms.hex() if a.terms else None,
        "channel": a.channel,
        "language": a.language,
        "title": a.title,
        "text": a.text,
    }


def _print_checked(r: dict[str, object]) -> None:
    print(f"{safe(str(r['file']))}: {r['verdict']}")
    if r["verdict"] == "refused":
        print(f"  {safe(str(r['where']))}: {safe(str(r['why']))}")
        return
    print(f"  root key {show.fingerprint(str(r['fingerprint']))}")
    print(f"  which calls itself {safe(str(r['party']))}; signed by {safe(str(r['office']))}")
    print(f"  for {_clock(r['hour'])}; signed at {_clock(r['said_at'])} by its own clock")
    if r["terms"]:
        print(f"  for an hour agreed with the other side, terms {str(r['terms'])[:16]}")
    print(f"  [{safe(str(r['language']))}] {safe(str(r['title']))}")
    for paragraph in str(r["text"]).split("\n"):
        print(f"    {safe(paragraph)}")


def _clock(at: object) -> str:
    assert isinstance(at, int)
    return show.clock(at)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(disclosure.FILE_BYTES_MAX + 1)
    except OSError as e:
        raise LocalError(f"{path} cannot be read: {e.strerror}", "check the path") from None


# --- for a person -----------------------------------------------------------------------------


def _print(does: str, found: Json) -> None:
    if does in ("offer", "agree", "withdraw"):
        show.terms([found])
    elif does == "list":
        _print_list(_list(found))
    elif does == "site":
        view = _view(found)
        print(f"{safe(str(view['folder']))}: {view['texts']} texts")
    else:
        _print_one(_view(found))


def _print_list(found: list[Json]) -> None:
    rows = [("REF", "LINE", "HOUR", "STATE", "OURS", "THEIRS", "ABOUT")]
    for item in found:
        v = _view(item)
        ours = ", ".join(f"{_view(t)['number']} {_view(t)['state']}" for t in _list(v["ours"])) or "no text"
        theirs = str(len(_list(v["theirs"]))) if _list(v["theirs"]) else "nothing"
        agreed = "no agreement" if v["terms"] is None else str(_view(v["terms"])["state"])
        rows.append(
            (
                str(v["ref"]),
                safe(str(v["line"])),
                show.clock(v["at"]),
                agreed,
                ours,
                theirs,
                safe(str(v["subject"])),
            )
        )
    show.table(rows)


def _print_one(v: View) -> None:
    agreed = "nobody agreed on this hour" if v["terms"] is None else str(_view(v["terms"])["state"])
    print(f"{v['ref']}   {safe(str(v['line']))}   {show.clock(v['at'])}   {agreed}")
    if v["subject"]:
        print(f"about: {safe(str(v['subject']))}")
    for item in _list(v["ours"]):
        t = _view(item)
        print(
            f"\nours, text {t['number']}   {t['state']}{_since(t)}   {safe(str(t['on_the_line']))}".rstrip()
        )
        _print_text(t)
    for item in _list(v["theirs"]):
        t = _view(item)
        mark = f"   {safe(str(t['mark']))}" if t["mark"] else ""
        print(f"\ntheirs   came {show.clock(t['heard_at'])}   by {safe(str(t['by']))}{mark}")
        _print_text(t)
    if v["silence"]:
        print(f"\ntheirs   {safe(str(v['silence']))}")
    if _list(v["points"]):
        rows = [("", "POINT", "OURS", "THEIRS")]
        for number, item in enumerate(_list(v["points"]), 1):
            p = _view(item)
            rows.append((str(number), safe(str(p["words"])), str(p["ours"]), str(p["theirs"])))
        print()
        show.table(rows)


def _since(t: View) -> str:
    why = t["doubt"] or t["reason"]
    since = f" since {show.clock(t['published_at'])}" if t["published_at"] else ""
    return since + (f": {safe(str(why))}" if why else "")


def _print_text(t: View) -> None:
    print(f"  [{safe(str(t['language']))}] {safe(str(t['title']))}")
    for paragraph in str(t["text"]).split("\n"):
        print(f"    {safe(paragraph)}")


def _view(value: Json) -> View:
    assert isinstance(value, dict)
    return value


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def _int(value: Json) -> int:
    assert isinstance(value, int)
    return value
