"""Letters between principals: every vector, and an attacker who holds every key of both ends and none of a principal.

What such an attacker can do is carry, keep back, repeat and exchange files, know whatever the record knows, and make
letters and cards of his own. Each test lets him try one thing and says what the addressee sees.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from parley.core.errors import LocalError, RemoteError
from parley.core.instruments import letter_book, sealed
from parley.core.instruments.letter_book import Book, Finding, Thread, Told
from parley.core.instruments.sealed import Content, Facsimile, Header, PrincipalCard
from parley.core.types import Tier
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.keys import hybrid, principal
from parley.keys.principal import OpenedLetter, Principal, SealedLetter
from parley.keys.signing import FileSigner, signed

VECTORS = Path(__file__).parents[2] / "vectors" / "letters"
NOW = 1_619_136_000
SHOWN: set[str] = set()


def vectors(begins: str) -> list[Any]:
    paths = sorted(VECTORS.glob(f"{begins}*.json"))
    assert paths, begins
    SHOWN.update(path.stem for path in paths)
    return [pytest.param(json.loads(path.read_text(encoding="utf-8")), id=path.stem) for path in paths]


def made(office: str) -> Principal:
    """A principal with keys of chance."""
    signer, seed = FileSigner(principal.chance.draw(32)), hybrid.new_seed()
    payload = sealed.card_payload(office, hybrid.public_key(seed), signer.public_key)
    card = sealed.read_card(wire.encode_signed(signed(signer, payload), tagged=True))
    return Principal(card, signer, seed, principal.chance.draw(32))


def text(*paragraphs: str) -> Content:
    return Content("en", None, None, Tier.EXISTENCE, paragraphs or ("A line.",), None)


@dataclass
class Desk:
    """A principal at work: the key, and the letter book as it stands."""

    key: Principal
    book: Book

    def seals(self, to: PrincipalCard, content: Content | None = None) -> SealedLetter:
        made, self.book = principal.seal(self.key, self.book, to, content or text(), NOW)
        return made

    def opens(self, sender: PrincipalCard, data: bytes) -> OpenedLetter:
        opened, self.book = principal.open_letter(self.key, self.book, sender, data)
        return opened

    def refuses(self, sender: PrincipalCard, data: bytes) -> str:
        """Why these bytes are no letter; the book is as it was."""
        with pytest.raises(LocalError) as refused:
            principal.open_letter(self.key, self.book, sender, data)
        return refused.value.text


@pytest.fixture
def pair() -> Iterator[tuple[Desk, Desk]]:
    keys = made("Chair of the Commission"), made("평의회 의장")
    yield tuple(Desk(key, Book(key.card.fingerprint)) for key in keys)  # type: ignore[misc]


# --- every vector -----------------------------------------------------------------------------


def h(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


def judged(vector: dict[str, Any], judge: Callable[[], object]) -> None:
    if vector["outcome"] == "good":
        judge()
        return
    with pytest.raises(RemoteError):
        judge()


@pytest.mark.parametrize("vector", vectors("card-"))
def test_a_card_has_the_verdict_of_its_vector(vector: dict[str, Any]) -> None:
    def judge() -> None:
        card = sealed.read_card(h(vector, "card"))
        assert (card.office, card.fingerprint.hex()) == (vector["office"], vector["fingerprint"])
        assert card.sealing_key == hybrid.public_key(h(vector, "sealing_seed"))
        assert card.signing_key == FileSigner(h(vector, "signing_seed")).public_key

    judged(vector, judge)


def opened(vector: dict[str, Any], data: bytes) -> tuple[Header, sealed.Letter, bytes]:
    """As `principal.open_letter` does, with the seed of the file."""
    sender = sealed.read_card(h(vector, "card"))
    header, closed = sealed.read_sealed(data)
    if (header.sender, header.addressee) != (sender.fingerprint, h(vector, "our_fingerprint")):
        raise RemoteError("between others")
    plain = hybrid.unseal(h(vector, "sealing_seed"), closed, sealed.header_bytes(header))
    if plain is None:
        raise RemoteError("it does not open")
    letter, written = sealed.check_inside(header, plain, sender)
    return header, letter, written


@pytest.mark.parametrize("vector", vectors("sealed-"))
def test_a_sealed_letter_has_the_verdict_of_its_vector(vector: dict[str, Any]) -> None:
    def judge() -> None:
        header, letter, written = opened(vector, h(vector, "sealed"))
        assert (letter.number, header.commitment.hex()) == (vector["number"], vector["commitment"])
        assert written == h(vector, "signed") and list(letter.content.paragraphs) == vector["paragraphs"]
        payload = wire.decode_signed(cbor.decode(written[1:])).payload
        assert sealed.letter_payload(letter) == payload
        draft = sealed.encode_draft(letter.content)
        assert sealed.read_draft(draft) == letter.content

    judged(vector, judge)


@pytest.mark.parametrize("vector", vectors("book-"))
def test_a_letter_book_tells_what_its_vector_says(vector: dict[str, Any]) -> None:
    sender = sealed.read_card(h(vector, "card"))
    book = Book(h(vector, "our_fingerprint"))
    for ours in vector["ours"]:
        book = book.sealed(sender, bytes.fromhex(ours))
    for step in vector["steps"]:
        header, letter, _ = opened(vector, bytes.fromhex(step["sealed"]))
        told = letter_book.judge(book.thread(sender), letter, header.commitment)
        assert [[each.told.value, *each.numbers] for each in told] == step["told"]
        book = book.opened(sender, letter, header.commitment)
        assert letter_book.read_book(letter_book.encode_book(book)) == book
    number, previous, heard = letter_book.next_of_ours(book.thread(sender))
    wanted = vector["next"]
    assert (number, None if previous is None else previous.hex()) == (wanted["number"], wanted["previous"])
    assert (None if heard is None else [heard[0], heard[1].hex()]) == wanted["heard"]


@pytest.mark.parametrize("vector", vectors("disclosed"))
def test_a_disclosed_letter_has_the_verdict_of_its_vector(vector: dict[str, Any]) -> None:
    def judge() -> None:
        shown = sealed.read_disclosed(h(vector, "disclosed"))
        assert (shown.card.fingerprint, shown.commitment) == (
            h(vector, "fingerprint"),
            h(vector, "commitment"),
        )
        assert (shown.letter.number, shown.letter.addressee) == (vector["number"], h(vector, "addressee"))
        assert list(shown.letter.content.paragraphs) == vector["paragraphs"]

    judged(vector, judge)


def test_every_vector_is_shown() -> None:
    ours = ("card-", "sealed-", "book-", "disclosed")
    assert {path.stem for path in VECTORS.glob("*.json") if path.stem.startswith(ours)} == SHOWN


# --- what the attacker cannot do --------------------------------------------------------------


def test_nobody_but_the_addressee_opens_a_letter_its_writer_neither(pair: tuple[Desk, Desk]) -> None:
    """SL-5, SL-7: every key the attacker has is a key that is not the addressee's."""
    chair, speaker = pair
    letter = chair.seals(speaker.key.card, text("The day is the 27th."))
    header, closed = sealed.read_sealed(letter.data)
    for other in (chair.key, made("Attacker")):
        assert hybrid.unseal(other.sealing_seed, closed, sealed.header_bytes(header)) is None
        assert "addressed to another" in Desk(other, Book(other.card.fingerprint)).refuses(
            chair.key.card, letter.data
        )
    assert b"27th" not in letter.data
    assert speaker.opens(chair.key.card, letter.data).letter.content.paragraphs == ("The day is the 27th.",)


def test_any_byte_of_a_sealed_letter_that_is_altered_has_it_refused(pair: tuple[Desk, Desk]) -> None:
    """SL-5: a byte in each part, and each byte of the header."""
    chair, speaker = pair
    data = chair.seals(speaker.key.card).data
    head = len(data) - len(sealed.read_sealed(data)[1])
    for at in (*range(head), *range(head, len(data), 97), len(data) - 1):
        altered = bytearray(data)
        altered[at] ^= 1
        assert speaker.refuses(chair.key.card, bytes(altered)), at
    assert speaker.opens(chair.key.card, data).findings == (Finding(Told.IN_ORDER, (1,)),)


def test_a_letter_cannot_be_made_in_another_name(pair: tuple[Desk, Desk]) -> None:
    """SL-7: the attacker knows card, fingerprint and numbers, and has a key of his own."""
    chair, speaker = pair
    attacker = made("Chair of the Commission")
    forged, _ = principal.seal(attacker, Book(attacker.card.fingerprint), speaker.key.card, text(), NOW)
    assert "another than this card" in speaker.refuses(chair.key.card, forged.data)
    letter = replace(forged.letter, sender=chair.key.card.fingerprint)
    for signer in (attacker.signer, speaker.key.signer):
        written = wire.encode_signed(signed(signer, sealed.letter_payload(letter)), tagged=True)
        header = Header(letter.sender, letter.addressee, letter.number, sealed.commitment(written))
        closed = hybrid.seal(
            speaker.key.card.sealing_key, sealed.padded(written), sealed.header_bytes(header)
        )
        assert "signature" in speaker.refuses(chair.key.card, sealed.encode_sealed(header, closed))


def test_a_letter_cannot_be_sealed_on_to_another_by_who_opened_it(pair: tuple[Desk, Desk]) -> None:
    """SL-7: it names its addressee under the signature."""
    chair, speaker = pair
    third = made("Secretary")
    letter = chair.seals(speaker.key.card)
    written = speaker.opens(chair.key.card, letter.data).signed
    header = Header(chair.key.card.fingerprint, third.card.fingerprint, 1, sealed.commitment(written))
    closed = hybrid.seal(third.card.sealing_key, sealed.padded(written), sealed.header_bytes(header))
    desk = Desk(third, Book(third.card.fingerprint))
    assert "inside" in desk.refuses(chair.key.card, sealed.encode_sealed(header, closed))


def test_a_card_exchanged_on_the_way_has_another_fingerprint(pair: tuple[Desk, Desk]) -> None:
    """SL-1: whatever the attacker puts on it, the fingerprint told by another way is not of his card."""
    chair, _ = pair
    attacker = made(chair.key.card.office)
    payload = sealed.card_payload(
        chair.key.card.office, attacker.card.sealing_key, chair.key.card.signing_key
    )
    assert attacker.card.fingerprint != chair.key.card.fingerprint
    mixed = wire.encode_signed(signed(attacker.signer, payload), tagged=True)
    with pytest.raises(RemoteError, match="signature"):
        sealed.read_card(mixed)


def test_letters_repeated_left_out_and_out_of_order_are_seen_and_none_is_refused(
    pair: tuple[Desk, Desk],
) -> None:
    """SL-8, SL-9: three letters given as third, third, first, second."""
    chair, speaker = pair
    one, two, three = (chair.seals(speaker.key.card, text(f"Number {n}.")) for n in (1, 2, 3))
    told = [speaker.opens(chair.key.card, each.data).findings for each in (three, three, one, two)]
    assert told == [
        (Finding(Told.MISSING, (1, 2)),),
        (Finding(Told.OPENED_BEFORE),),
        (Finding(Told.LATER),),
        (Finding(Told.LATER),),
    ]
    thread = speaker.book.thread(chair.key.card)
    assert [each.number for each in thread.theirs] == [1, 2, 3] and thread.missing() == ()


def test_how_many_letters_there_are_has_one_answer_at_both_principals(pair: tuple[Desk, Desk]) -> None:
    """SL-10: each says under its signature what it opened, so a letter kept back shows at its writer too."""
    chair, speaker = pair
    first = chair.seals(speaker.key.card)
    kept_back = chair.seals(speaker.key.card)
    assert speaker.opens(chair.key.card, first.data).letter.heard is None
    answer = speaker.seals(chair.key.card)
    told = chair.opens(speaker.key.card, answer.data).findings
    assert told == (Finding(Told.IN_ORDER, (1,)), Finding(Told.READ, (1,)), Finding(Told.UNREAD, (2, 2)))
    assert chair.book.thread(speaker.key.card).read_to == 1
    late = speaker.opens(chair.key.card, kept_back.data).findings
    assert late == (Finding(Told.IN_ORDER, (2,)), Finding(Told.READ, (0,)), Finding(Told.UNREAD, (1, 1)))
    again = speaker.seals(chair.key.card)
    assert chair.opens(speaker.key.card, again.data).findings[1:] == (Finding(Told.READ, (2,)),)
    ours, theirs = chair.book.thread(speaker.key.card), speaker.book.thread(chair.key.card)
    assert len(ours.ours) == theirs.theirs[-1].number == ours.read_to == 2 and theirs.missing() == ()


def test_a_book_put_back_from_a_copy_is_seen_by_both(pair: tuple[Desk, Desk]) -> None:
    """SL-8: the writer numbers anew; the addressee sees two letters under one number, the writer an unknown one."""
    chair, speaker = pair
    copy = chair.book
    speaker.opens(chair.key.card, chair.seals(speaker.key.card, text("Before.")).data)
    chair.book = copy
    told = chair.opens(speaker.key.card, speaker.seals(chair.key.card).data).findings
    assert told == (Finding(Told.IN_ORDER, (1,)), Finding(Told.BEYOND, (1,)))
    second = speaker.opens(chair.key.card, chair.seals(speaker.key.card, text("After.")).data).findings
    assert second[0] == Finding(Told.SECOND, (1,))
    assert {told[1].told, second[0].told} <= letter_book.TROUBLES


def test_the_length_of_a_sealed_letter_tells_only_its_kibibytes(pair: tuple[Desk, Desk]) -> None:
    """SL-6: a word and half a page are of one length."""
    chair, speaker = pair
    sizes = {len(chair.seals(speaker.key.card, text("x" * n)).data) for n in (1, 10, 200, 500)}
    assert len(sizes) == 1
    assert len(chair.seals(speaker.key.card, text("x" * 1200)).data) == sizes.pop() + sealed.PAD_BYTES


def test_the_same_text_twice_has_two_commitments(pair: tuple[Desk, Desk]) -> None:
    """SL-3: so that who knows the record cannot try texts."""
    chair, speaker = pair
    empty = chair.book
    first = chair.seals(speaker.key.card)
    chair.book = empty
    assert chair.seals(speaker.key.card).commitment != first.commitment


def test_what_is_disclosed_is_held_by_the_commitment_that_the_record_carries(pair: tuple[Desk, Desk]) -> None:
    """SL-11: by the addressee; by the writer from its own copy, which is the same bytes."""
    chair, speaker = pair
    letter = chair.seals(speaker.key.card, text("To be shown."))
    opened = speaker.opens(chair.key.card, letter.data)
    shown = sealed.read_disclosed(sealed.encode_disclosed(chair.key.card, opened.signed))
    assert shown.commitment == sealed.read_sealed(letter.data)[0].commitment == letter.commitment
    assert opened.signed == letter.signed and shown.letter.content.paragraphs == ("To be shown.",)


# --- bounds -----------------------------------------------------------------------------------


def test_the_longest_letter_fits_an_object_of_the_record_and_a_longer_one_is_refused(
    pair: tuple[Desk, Desk],
) -> None:
    chair, speaker = pair
    png = b"\x89PNG\r\n\x1a\n"
    room = sealed.PADDED_BYTES_MAX - 600 - len(png)
    content = replace(text(), facsimile=Facsimile("image/png", png + bytes(room)))
    made = chair.seals(speaker.key.card, content)
    assert sealed.FILE_BYTES_MAX - sealed.PAD_BYTES < len(made.data) <= sealed.FILE_BYTES_MAX
    opened = speaker.opens(chair.key.card, made.data).letter.content
    assert opened == content and sealed.read_draft(sealed.encode_draft(opened)) == opened
    before = chair.book
    longer = replace(text(), facsimile=Facsimile("image/png", png + bytes(room + 600)))
    with pytest.raises(LocalError, match="bytes long"):
        chair.seals(speaker.key.card, longer)
    with pytest.raises(RemoteError, match="bytes long"):
        sealed.encode_draft(longer)
    assert chair.book == before


def test_a_letter_to_oneself_and_to_a_key_that_is_none_are_refused(pair: tuple[Desk, Desk]) -> None:
    chair, speaker = pair
    with pytest.raises(LocalError, match="our own card"):
        chair.seals(chair.key.card)
    with pytest.raises(LocalError, match="is no key"):
        chair.seals(replace(speaker.key.card, sealing_key=b"\xff" * 1216))


@pytest.mark.parametrize(
    ("reads", "label", "size"),
    [(sealed.read_card, sealed.CARD_LABEL, 4), (sealed.read_letter, sealed.LETTER_LABEL, 14)],
)
def test_what_bears_another_label_is_refused(reads: Callable[[bytes], object], label: str, size: int) -> None:
    payload = cbor.encode((label + "x", *(None,) * (size - 1)))
    data = payload if size == 14 else wire.encode_signed(signed(FileSigner(bytes(32)), payload), tagged=True)
    with pytest.raises(RemoteError, match="it is not"):
        reads(data)


def test_other_files_are_refused_where_a_draft_a_book_or_a_disclosed_letter_should_be() -> None:
    for reads, size in ((sealed.read_draft, 7), (letter_book.read_book, 3), (sealed.read_disclosed, 3)):
        with pytest.raises(RemoteError, match="it is not"):
            reads(cbor.encode(("parley/other/1", *(b"",) * (size - 1))))


def test_a_book_that_says_one_thing_twice_is_refused() -> None:
    one, two = bytes(32), b"\1" * 32
    opened = letter_book.Opened(1, one, None, None)
    with pytest.raises(RemoteError, match="letters of a book"):
        Thread(one, "Chair", (), (opened, opened))
    with pytest.raises(RemoteError, match="counterparts"):
        Book(one, (Thread(two, "Chair"), Thread(two, "Chair")))
    assert Book(one, (Thread(one, "Chair"), Thread(two, "Chair"))).threads[1].missing() == ()


def test_what_a_book_holds_is_within_the_bounds_of_a_letter() -> None:
    name, short = bytes(32), bytes(31)
    for number, commitment, previous, heard in (
        (0, name, None, None),
        (1 << 32, name, None, None),
        (1, short, None, None),
        (2, name, short, None),
        (1, name, None, (0, name)),
        (1, name, None, (1, short)),
    ):
        with pytest.raises(RemoteError):
            letter_book.Opened(number, commitment, previous, heard)
    for made in (
        lambda: Thread(short, "Chair"),
        lambda: Thread(name, "x" * 129),
        lambda: Thread(name, "Chair", (short,)),
        lambda: Book(short),
        lambda: Header(name, short, 1, name),
        lambda: Header(name, name, 0, name),
        lambda: Header(name, name, 1, short),
    ):
        with pytest.raises(RemoteError):
            made()


def test_only_what_they_opened_of_ours_counts_as_read() -> None:
    """SL-10: a number beyond the book, and another letter under a number, say nothing of ours."""
    ours = bytes(32), b"\1" * 32
    told = [(1, ours[0]), (2, ours[0]), (3, ours[1]), None]
    theirs = tuple(letter_book.Opened(n, bytes([n]) * 32, None, heard) for n, heard in enumerate(told, 1))
    assert Thread(b"\2" * 32, "Chair", ours, theirs).read_to == 1
    assert Thread(b"\2" * 32, "Chair", ours, theirs[1:]).read_to == 0
    assert Thread(b"\2" * 32, "Chair").read_to == 0 and Thread(b"\2" * 32, "Chair").last is None


def test_bytes_of_a_length_that_no_letter_has_are_refused_before_they_are_opened(
    pair: tuple[Desk, Desk],
) -> None:
    """SL-5, SL-2: so that nothing is decapsulated for them; and a card needs its tag."""
    chair, speaker = pair
    header, closed = sealed.read_sealed(chair.seals(speaker.key.card).data)
    for other in (closed[:-1], closed + b"\0", closed[: sealed.SEAL_BYTES], closed[:100], b""):
        with pytest.raises(RemoteError, match="of a length that no letter has"):
            sealed.read_sealed(sealed.encode_sealed(header, other))
    untagged = b"\xd3" + chair.key.card.data[1:]
    with pytest.raises(RemoteError, match="not a tagged"):
        sealed.read_card(untagged)


def test_a_letter_book_that_could_not_be_read_again_is_not_made() -> None:
    """SL-8: full is said before, and not found out after."""
    ours = tuple(n.to_bytes(32, "big") for n in range(31_000))
    with pytest.raises(RemoteError, match="full"):
        letter_book.encode_book(Book(bytes(32), (Thread(b"\1" * 32, "Chair", ours),)))
