"""parley letter key, card, write, seal, open, book, disclose, check-disclosed: what a principal does, with no end.

None of these knows a home or a node: they work on a machine without a network, which is where a principal's key
should lie. What crosses to and from it are files: cards, sealed letters, disclosed letters. `parley letter export`
and `import` of an end carry the sealed ones.

Texts of others go to the terminal through `safe`, so that no letter acts on it.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from parley.cli import DONE, NOT_PINNED, NOT_VERIFIED, name, print_json
from parley.cli.options import hash_given, json_option
from parley.cli.terminal import safe
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import sealed
from parley.core.instruments.letter_book import TROUBLES, Finding, Thread, Told
from parley.core.instruments.sealed import Content, Facsimile, Letter, PrincipalCard
from parley.core.types import Tier
from parley.keys import Cost, principal, read_credential, write_private

Parser = TypeVar("Parser", bound=argparse.ArgumentParser)
CARD_BYTES_MAX: Final = 1 << 13
_HEX: Final = "64 hex digits, as they were told"
_PASSPHRASE_OPTION: Final = "--key-passphrase-file"
_KINDS: Final = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
_TIERS: Final = {
    "existence": Tier.EXISTENCE,
    "count-and-dates": Tier.COUNT_AND_DATES,
    "content": Tier.CONTENT,
}
_TIER_WORDS: Final = {
    Tier.EXISTENCE: "that it exists",
    Tier.COUNT_AND_DATES: "count and dates",
    Tier.CONTENT: "its content",
}


def run(options: argparse.Namespace) -> int:
    return DOES[options.does](options)


def add(does: argparse._SubParsersAction[Parser]) -> None:
    """The sub-commands of `parley letter` that need no end."""
    key = does.add_parser("key", help="a new principal: key file and letter book, on a machine of their own")
    key.add_argument("name", help="name of the files: NAME.principal and NAME.book")
    key.add_argument("--office", required=True, help='what the card says, such as "Chair of the Commission"')
    key.add_argument(
        "--in", dest="folder", type=Path, default=Path(), metavar="DIR", help="where (default .)"
    )
    _passphrase_file(key)

    card = does.add_parser("card", help="our card, to hand over; or whose a card is")
    which = card.add_mutually_exclusive_group(required=True)
    which.add_argument("--key", type=Path, help="key file of the principal")
    which.add_argument("--of", type=Path, metavar="CARD", help="a card of another, to see its fingerprint")
    card.add_argument("-o", "--out", type=Path, help="new file for our card")
    _passphrase_file(card)
    json_option(card)

    write = does.add_parser("write", help="a draft, not sealed yet, from a text and a facsimile")
    write.add_argument(
        "text", nargs="?", default="-", help="file with the text; - or nothing: standard input"
    )
    write.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DRAFT", help="new file for the draft"
    )
    write.add_argument("--language", default="en", help="tag (default en)")
    write.add_argument("--form-of-address", default=None, metavar="WORDS", help="as the protocol book has it")
    write.add_argument("--in-whose-name", default=None, metavar="WORDS")
    write.add_argument("--tier", default="existence", choices=list(_TIERS), help="what may be disclosed")
    write.add_argument("--facsimile", type=Path, metavar="IMAGE", help="PNG, JPEG or WebP of the original")

    seal = does.add_parser("seal", help="a draft as the next letter to a principal")
    seal.add_argument("draft", type=Path)
    seal.add_argument("--to", type=Path, required=True, metavar="CARD", help="card of the addressee")
    _fingerprint(seal)
    _key(seal)
    seal.add_argument("-o", "--out", type=Path, required=True, help="new file for the sealed letter")
    seal.add_argument(
        "--own-copy",
        type=Path,
        metavar="FILE",
        help="new file for the signed letter, not sealed, for ourselves",
    )

    opens = does.add_parser("open", help="a sealed letter to us")
    opens.add_argument("letter", type=Path)
    _sender(opens)
    _key(opens)
    opens.add_argument("-o", "--out", type=Path, help="new file for the text (default: printed here)")
    opens.add_argument("--facsimile-out", type=Path, metavar="FILE", help="new file for the facsimile")
    json_option(opens)

    book = does.add_parser("book", help="how many letters, both ways, with each counterpart")
    _key(book)
    book.add_argument(
        "--anew", action="store_true", help="begin one where it is lost: numbers begin at 1 again"
    )
    json_option(book)

    disclose = does.add_parser("disclose", help="a letter to us, for others to read and check")
    disclose.add_argument("letter", type=Path)
    _sender(disclose)
    _key(disclose)
    disclose.add_argument("-o", "--out", type=Path, required=True)

    check = does.add_parser("check-disclosed", help="whether a disclosed letter is what its writer signed")
    check.add_argument("disclosed", type=Path)
    check.add_argument(
        "--fingerprint", default=None, metavar="HEX", help="of the writer, learnt by another way"
    )
    check.add_argument("--commitment", default=None, metavar="HEX", help="as the record of the line has it")
    json_option(check)


# --- key and card -----------------------------------------------------------------------------


def _make_key(options: argparse.Namespace) -> int:
    if not options.name.replace("-", "").replace("_", "").isalnum() or len(options.name) > 64:
        raise LocalError(
            Sentence("{name!r} cannot be the name of a key file", name=options.name),
            "use letters, digits and hyphens, at most 64",
        )
    words = _new_passphrase(options, options.name)
    path = options.folder / f"{options.name}{principal.KEY_SUFFIX}"
    made = principal.make_principal(path, _nfc(options.office), words, Cost())
    print(f"{safe(made.office)}: the key is in {path}, the letter book beside it.")
    print("Copy both to a second safe place; the book anew after each letter.")
    print("Fingerprint, to be told to the other principal by another way than the card:")
    print(f"  {_grouped(made.fingerprint)}")
    return DONE


def _show_card(options: argparse.Namespace) -> int:
    if options.of is not None:
        if options.out is not None:
            raise LocalError("-o is for our own card", "give --key FILE with it")
        found = _card(options.of)
    else:
        found = _unlocked(options).card
        if options.out is not None:
            _write_new(options.out, found.data)
    if options.json:
        print_json(name(options), {"office": found.office, "fingerprint": found.fingerprint.hex()})
        return DONE
    print(safe(found.office))
    print(f"  {_grouped(found.fingerprint)}")
    if options.of is not None:
        print("Compare this with what its owner says by another way: in person, or by a voice you know.")
    elif options.out is not None:
        print(f"Our card is in {options.out}. Hand it over; tell its fingerprint by another way.")
    return DONE


# --- write and seal ---------------------------------------------------------------------------


def _write(options: argparse.Namespace) -> int:
    if options.text == "-" and sys.stdin is None:
        raise LocalError("there is no text", "name a file with it")
    data = _read_text(options.text)
    facsimile = None if options.facsimile is None else _facsimile(options.facsimile)
    try:
        content = Content(
            options.language,
            _maybe(options.form_of_address),
            _maybe(options.in_whose_name),
            _TIERS[options.tier],
            _paragraphs(data),
            facsimile,
        )
        _write_new(options.out, sealed.encode_draft(content))
    except RemoteError as e:
        raise LocalError(e.text, "change the text or the image; nothing was written") from None
    print(f"The draft is in {options.out}: {_counted(content)}. It is not sealed: erase it once it is.")
    return DONE


def _paragraphs(words: str) -> tuple[str, ...]:
    """A line is a paragraph, a tab a blank; blank lines at the end are none."""
    lines = unicodedata.normalize("NFC", words).replace("\r\n", "\n").replace("\t", " ").rstrip().split("\n")
    return () if lines == [""] else tuple(line.rstrip() for line in lines)


def _seal(options: argparse.Namespace) -> int:
    to = _pinned(options.to, options.fingerprint)
    try:
        content = sealed.read_draft(_read(options.draft, sealed.FILE_BYTES_MAX))
    except RemoteError as e:
        raise _unfit(options.draft, "a draft of parley letter write", e) from None
    _must_be_new(options.out, options.own_copy)
    ours = _unlocked(options)
    aside = options.out.with_name(f"{options.out.name}.part")
    with principal.held_book(ours, options.key) as held:
        made, after = principal.seal(ours, held.book, to, content, int(time.time()))
        _write_new(aside, made.data)  # a disk that is full uses up no number
        try:
            held.keep(after)  # before it leaves: a number that is lost is a gap, one given twice two letters
        except OSError:
            aside.unlink()
            raise
    aside.rename(options.out)
    if options.own_copy is not None:
        _write_new(options.own_copy, sealed.encode_disclosed(ours.card, made.signed))
    print(
        f"Letter {made.letter.number} to {safe(to.office)} is sealed in {options.out}, {len(made.data)} bytes."
    )
    print("Nobody but the addressee can open it, you neither.")
    if made.letter.heard is not None:
        print(f"It says that their letter {made.letter.heard[0]} is the last that was opened here.")
    print(f"  content commitment {_grouped(made.commitment)}")
    return DONE


# --- open -------------------------------------------------------------------------------------


def _open(options: argparse.Namespace) -> int:
    sender = _pinned(options.sender, options.fingerprint)
    data = _read(options.letter, sealed.FILE_BYTES_MAX)
    _must_be_new(options.out, options.facsimile_out)
    ours = _unlocked(options)
    with principal.held_book(ours, options.key) as held:
        opened, after = principal.open_letter(ours, held.book, sender, data)
        held.keep(after)
    content = opened.letter.content
    if options.out is not None:
        _write_new(options.out, ("\n".join(content.paragraphs) + "\n").encode())
    if options.facsimile_out is not None and content.facsimile is not None:
        _write_new(options.facsimile_out, content.facsimile.data)
    if options.json:
        print_json(name(options), _plain(opened.letter, sender, opened.commitment, opened.findings))
        return DONE
    print(f"Letter {opened.letter.number} from {safe(sender.office)}")
    for finding in opened.findings:
        print(f"  {'WARNING: ' if finding.told in TROUBLES else ''}{told(finding)}")
    _print_letter(opened.letter, opened.commitment, text=options.out is None)
    if options.out is not None:
        print(f"The text is in {options.out}.")
    if content.facsimile is not None:
        where = (
            f"is in {options.facsimile_out}" if options.facsimile_out else "was left; give --facsimile-out"
        )
        print(f"The facsimile ({content.facsimile.kind}, {len(content.facsimile.data)} bytes) {where}.")
    elif options.facsimile_out is not None:
        print("There is no facsimile in it.")
    return DONE


def told(finding: Finding) -> str:
    """What a letter book tells, in one sentence for a person."""
    n = finding.numbers
    match finding.told:
        case Told.IN_ORDER:
            first = n[0] == 1
            return "in order: the first one" if first else "in order: it follows the last one opened here"
        case Told.OPENED_BEFORE:
            return "opened before: it is a copy of a letter that is in the book"
        case Told.SECOND:
            return f"another letter was opened under number {n[0]}: two letters have one number"
        case Told.LATER:
            return "it comes after a later one, and fills a gap"
        case Told.MISSING:
            return f"missing before this: {_range(n)}"
        case Told.CHAIN:
            return (
                f"it does not fit letter {n[0]}: one of the two is not of this series"
                if n[0]
                else ("it names a letter before the first one")
            )
        case Told.READ:
            return (
                f"when it was written, our letters had been opened to number {n[0]}"
                if n[0]
                else ("when it was written, none of our letters had been opened")
            )
        case Told.UNREAD:
            return f"not opened then: ours, {_range(n)}"
        case Told.BEYOND:
            return (
                f"they opened our letter {n[0]}, which this book does not know: the book is old, or not alone"
            )
        case Told.OTHER:
            return f"the letter {n[0]} of ours that they opened is not the one in this book"
        case Told.FEWER:
            return f"an earlier letter said that ours were opened to {n[0]}, this one says {n[1]}"


def _range(n: tuple[int, ...]) -> str:
    return f"number {n[0]}" if n[0] == n[1] else f"numbers {n[0]} to {n[1]}"


def _print_letter(letter: Letter, commitment: bytes, *, text: bool = True) -> None:
    content = letter.content
    print(f"  written {_when(letter.written_at)} by the writer's clock; language {safe(content.language)}")
    if content.in_whose_name is not None:
        print(f"  in the name of {safe(content.in_whose_name)}")
    print(f"  may be disclosed, as the writer proposes: {_TIER_WORDS[content.tier]}")
    print(f"  content commitment {_grouped(commitment)}")
    if text:
        print()
        if content.address is not None:
            print(f"{safe(content.address)}\n")
        for paragraph in content.paragraphs:
            print(safe(paragraph))
        print()
    elif content.address is not None:
        print(f"  form of address: {safe(content.address)}")


# --- book, disclose ---------------------------------------------------------------------------


def _book(options: argparse.Namespace) -> int:
    ours = _unlocked(options)
    if options.anew:
        principal.begin_book(ours, options.key)
        print(
            "An empty letter book was begun. Numbers begin at 1 again, and counterparts will be shown that."
        )
        return DONE
    with principal.held_book(ours, options.key) as held:
        threads = held.book.threads
    if options.json:
        print_json(name(options), {"office": ours.card.office, "counterparts": [_thread(t) for t in threads]})
        return DONE
    if not threads:
        print("No letter was sealed or opened with this key yet.")
    for thread in threads:
        print(f"{safe(thread.office)}  {thread.counterpart.hex()[:16]}")
        print(f"  ours    {len(thread.ours)} sealed, opened there to number {thread.read_to} by their word")
        numbers = {each.number for each in thread.theirs}
        print(f"  theirs  {len(thread.theirs)} opened, the highest number is {max(numbers, default=0)}")
        for gap in thread.missing():
            print(f"          missing: {_range(gap)}")
        if len(numbers) < len(thread.theirs):
            print("          WARNING: two letters have one number")
    return DONE


def _thread(thread: Thread) -> dict[str, object]:
    return {
        "office": thread.office,
        "fingerprint": thread.counterpart.hex(),
        "ours_sealed": len(thread.ours),
        "ours_opened_to": thread.read_to,
        "theirs_opened": len(thread.theirs),
        "theirs_highest": max((each.number for each in thread.theirs), default=0),
        "theirs_missing": [list(gap) for gap in thread.missing()],
    }


def _disclose(options: argparse.Namespace) -> int:
    sender = _pinned(options.sender, options.fingerprint)
    data = _read(options.letter, sealed.FILE_BYTES_MAX)
    _must_be_new(options.out)
    ours = _unlocked(options)
    with principal.held_book(ours, options.key) as held:
        opened, after = principal.open_letter(ours, held.book, sender, data)
        held.keep(after)
    _write_new(options.out, sealed.encode_disclosed(sender, opened.signed))
    print(f"Letter {opened.letter.number} from {safe(sender.office)}, as it was signed, is in {options.out}.")
    print("Whoever has that file can read the letter, and prove to anyone who wrote it.")
    print(f"Its writer proposed to disclose: {_TIER_WORDS[opened.letter.content.tier]}.")
    print(f"  content commitment {_grouped(opened.commitment)}")
    return DONE


def _check_disclosed(options: argparse.Namespace) -> int:
    pin = None if options.fingerprint is None else hash_given(options.fingerprint, "a fingerprint", _HEX)
    wanted = (
        None if options.commitment is None else hash_given(options.commitment, "a content commitment", _HEX)
    )
    try:
        found = sealed.read_disclosed(_read(options.disclosed, sealed.FILE_BYTES_MAX))
        if pin is not None and found.card.fingerprint != pin:
            raise RemoteError("it was written by another than the one with this fingerprint")
        if wanted is not None and found.commitment != wanted:
            raise RemoteError("it is not the letter with this content commitment")
    except RemoteError as e:
        if options.json:
            print_json(name(options), {"verdict": "refused", "why": e.text})
        else:
            print(f"{options.disclosed}: refused")
            print(f"  {safe(e.text)}")
        return NOT_VERIFIED
    code = NOT_PINNED if pin is None else DONE
    if options.json:
        plain = _plain(found.letter, found.card, found.commitment, ())
        print_json(name(options), {"verdict": "pinned" if pin else "not pinned", **plain})
        return code
    verdict = "as its writer signed it" + ("" if pin else "; the writer's identity is NOT pinned")
    print(f"{options.disclosed}: {verdict}")
    print(f"Letter {found.letter.number} from {safe(found.card.office)}  {_grouped(found.card.fingerprint)}")
    print(f"  to the principal with  {_grouped(found.letter.addressee)}")
    if wanted is None:
        print("  that it was sent, the record tells: compare the content commitment with its LETTER")
    _print_letter(found.letter, found.commitment)
    return code


def _plain(
    letter: Letter, sender: PrincipalCard, commitment: bytes, findings: tuple[Finding, ...]
) -> dict[str, object]:
    content = letter.content
    return {
        "number": letter.number,
        "from": {"office": sender.office, "fingerprint": sender.fingerprint.hex()},
        "to": letter.addressee.hex(),
        "commitment": commitment.hex(),
        "written_at": letter.written_at,
        "language": content.language,
        "form_of_address": content.address,
        "in_whose_name": content.in_whose_name,
        "tier": int(content.tier),
        "paragraphs": list(content.paragraphs),
        "facsimile": None if content.facsimile is None else content.facsimile.kind,
        "findings": [{"told": each.told.value, "numbers": list(each.numbers)} for each in findings],
    }


# --- options, files, passphrases --------------------------------------------------------------


def _key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", type=Path, required=True, help="our key file, NAME.principal")
    _passphrase_file(parser)


def _sender(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="sender", type=Path, required=True, metavar="CARD", help="card of the writer"
    )
    _fingerprint(parser)


def _fingerprint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fingerprint", required=True, metavar="HEX", help="of that card, learnt by voice or in person"
    )


def _passphrase_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        _PASSPHRASE_OPTION, type=Path, help="file with the key's passphrase, readable by its owner only"
    )


def _unlocked(options: argparse.Namespace) -> principal.Principal:
    words = _passphrase(options.key_passphrase_file, f"Passphrase of {options.key.name}")
    return principal.unlock_principal(options.key, words)


def _new_passphrase(options: argparse.Namespace, whose: str) -> str:
    first = _passphrase(options.key_passphrase_file, f"New passphrase for {whose}")
    if options.key_passphrase_file is None and getpass.getpass("Again: ") != first:
        raise LocalError("the two passphrases are not the same", "nothing was made; try again")
    return first


def _passphrase(path: Path | None, prompt: str) -> str:
    if path is not None:
        return read_credential(path)
    if sys.stdin is None or not sys.stdin.isatty():
        raise LocalError(
            "no passphrase was given, and there is no terminal to ask on", f"give {_PASSPHRASE_OPTION} FILE"
        )
    try:
        words = getpass.getpass(f"{prompt}: ")
    except EOFError:
        words = ""
    if not words:
        raise LocalError("the passphrase is empty", "nothing was done; try again")
    return words


def _pinned(path: Path, fingerprint: str) -> PrincipalCard:
    """The card in a file, if it is the one whose fingerprint was told by another way. Raises LocalError."""
    wanted = hash_given(fingerprint, "a fingerprint", _HEX)
    card = _card(path)
    if card.fingerprint != wanted:
        raise LocalError(
            Sentence("the card in {file} has another fingerprint", file=str(path)),
            "ask its owner by another way; if the two still differ, somebody has exchanged the card",
        )
    return card


def _card(path: Path) -> PrincipalCard:
    try:
        return sealed.read_card(_read(path, CARD_BYTES_MAX))
    except RemoteError as e:
        raise _unfit(path, "the card of a principal", e) from None


def _unfit(path: Path, what: str, e: RemoteError) -> LocalError:
    return LocalError(
        Sentence("{file} is not {what}: {why}", file=str(path), what=what, why=e.text),
        "give the file as it was made",
    )


def _facsimile(path: Path) -> Facsimile:
    data = _read(path, sealed.PADDED_BYTES_MAX)
    kind = next((kind for begins, kind in _KINDS.items() if data.startswith(begins)), "")
    try:
        return Facsimile(kind, data)
    except RemoteError:
        raise LocalError(
            Sentence("{file} is not a PNG, JPEG or WebP image", file=str(path)),
            "scan the paper as one of these",
        ) from None


def _read_text(where: str) -> str:
    data = (
        sys.stdin.buffer.read(sealed.FILE_BYTES_MAX + 1)
        if where == "-"
        else _read(Path(where), sealed.FILE_BYTES_MAX)
    )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LocalError("the text is not UTF-8", "save it as UTF-8 and try again") from None


def _read(path: Path, bytes_max: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as e:
        raise LocalError(f"{path} cannot be read: {e.strerror}", "check the path") from None
    if len(data) > bytes_max:
        raise LocalError(f"{path} is larger than {bytes_max} bytes", "give the file as it was made")
    return data


def _must_be_new(*paths: Path | None) -> None:
    """Said before a number is used up for nothing."""
    for path in paths:
        if path is not None and os.path.lexists(path):
            raise LocalError(f"{path} exists already", "name a new file; nothing was overwritten")


def _write_new(path: Path, data: bytes) -> None:
    try:
        write_private(path, data)
    except FileExistsError:
        raise LocalError(f"{path} exists already", "name a new file; nothing was overwritten") from None
    except OSError as e:
        raise LocalError(
            f"{path} cannot be written: {e.strerror}", "check the folder and its permissions"
        ) from None


def _maybe(words: str | None) -> str | None:
    return None if words is None or not words.strip() else _nfc(words.strip())


def _nfc(words: str) -> str:
    return unicodedata.normalize("NFC", words)


def _counted(content: Content) -> str:
    said = f"{len(content.paragraphs)} paragraphs" if len(content.paragraphs) != 1 else "1 paragraph"
    return said + (" and a facsimile" if content.facsimile is not None else "")


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _grouped(digest: bytes) -> str:
    digits = digest.hex()
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


DOES: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "key": _make_key,
    "card": _show_card,
    "write": _write,
    "seal": _seal,
    "open": _open,
    "book": _book,
    "disclose": _disclose,
    "check-disclosed": _check_disclosed,
}
"""The handlers by sub-command; whoever makes `parley letter` sends these here."""
