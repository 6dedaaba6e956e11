"""Letters, with every key of both ends in the attacker's hands (spec 15, 20).

The attacker is whoever runs an end: node, officers, root key. He signs and enters what he likes, on a real line to a
real other end. What he does not have is the key of a principal. So each case ends at the addressee, who opens what
comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_letters_at_the_desk import Writers, keys, pair
from two_desks import SECRET, START, Pair

from parley.core.errors import LocalError
from parley.core.instruments import letter, sealed
from parley.core.instruments.letter_book import Told
from parley.core.instruments.sealed import Content
from parley.core.types import ActKind, LetterClass, Precedence, Tier
from parley.keys import officer_signer
from parley.keys import principal as principals

__all__ = ["keys", "pair"]  # fixtures

KIND = LetterClass.PERSONAL_LETTER


def entered(pair: Pair, data: bytes, number: int, *, content: bytes | None = None) -> bytes:
    """A LETTER of the South with this object and this number, signed by an officer's key and asked of no desk; what
    the North is given when it takes the letter out."""
    node = pair.south.node
    (room,) = (r for r in node.rooms() if r.name == "Liaison")
    found, signer = officer_signer(pair.south.home.path, "chief", SECRET)

    def do() -> None:
        named = node.keep_object(room, data, node.entropy(32))
        body = letter.letter_body(
            letter.Letter(
                None, KIND, letter.Names("Office of the South", "Office of the North"), number, b"w" * 32, b"a" * 32,
                (named.root, named.size, named.salt), content or b"c" * 32,
            )
        )  # fmt: skip
        cose, _ = node.sign(room, ActKind.LETTER, body, Precedence.ROUTINE, found.officer.author, signer)
        node.release(room, cose, body)

    node.turn(do)
    pair.wait(120)
    newest = max((v for v in pair.north.desk.letters.list() if v.number == number), key=lambda v: v.ref)
    assert newest.whole and newest.unasked  # recorded like any, and shown for what it is
    return pair.north.desk.letters.sealed_letter(newest.ref)


def told(keys: Writers, data: bytes) -> tuple[str, set[Told]]:
    """What the addressee reads, and what the letter book tells of it."""
    with principals.held_book(keys.north, keys.north_key) as book:
        found, after = principals.open_letter(keys.north, book.book, keys.south.card, data)
        book.keep(after)
    return "\n".join(found.letter.content.paragraphs), {finding.told for finding in found.findings}


@pytest.fixture
def forger(tmp_path: Path) -> Iterator[tuple[principals.Principal, Path]]:
    """A principal that the attacker has made, under the office of the one he would be."""
    path = tmp_path / "forger.key"
    principals.make_principal(path, "Office of the south", SECRET, principals.Cost(64, 1, 1))
    yield principals.unlock_principal(path, SECRET), path


def test_what_is_altered_on_the_way_is_refused_by_the_addressee(pair: Pair, keys: Writers) -> None:
    """SL: of header, seal and commitment a byte each."""
    data = keys.letter("As it was written.")
    for at in (40, 120, len(data) // 2, len(data) - 1):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        taken = entered(pair, changed, 1000 + at)
        with pytest.raises(LocalError):
            told(keys, taken)
    assert told(keys, entered(pair, data, 1)) == ("As it was written.", {Told.IN_ORDER})


def test_a_letter_entered_twice_is_known_for_a_copy(pair: Pair, keys: Writers) -> None:
    data = keys.letter("Once.")
    assert told(keys, entered(pair, data, 1))[1] == {Told.IN_ORDER}
    assert Told.OPENED_BEFORE in told(keys, entered(pair, data, 7))[1]


def test_letters_given_in_another_order_or_held_back_show_it_when_opened(pair: Pair, keys: Writers) -> None:
    first, second, third = (keys.letter(words) for words in ("One.", "Two.", "Three."))
    assert Told.MISSING in told(keys, entered(pair, second, 1))[1]  # under the number of the first
    assert Told.IN_ORDER not in told(keys, entered(pair, first, 2))[1]
    assert told(keys, entered(pair, third, 3))[1] == {Told.IN_ORDER}


def test_a_count_made_wrong_in_the_record_is_not_that_of_the_principals(pair: Pair, keys: Writers) -> None:
    """LE-9: two letters, one of them held back, and one number that is none of the writer's."""
    keys.letter("Held back by whoever runs the end.")
    second = keys.letter("The second.")
    taken = entered(pair, second, 9)
    words, findings = told(keys, taken)
    assert words == "The second." and Told.MISSING in findings
    counted = pair.north.desk.letters.count("Liaison")
    assert [(s.both, s.missing) for s in counted] == [(1, tuple(range(1, 9)))]
    header, _ = sealed.read_sealed(taken)
    assert header.number == 2  # bound to the seal: what the record says beside it is nine


def test_a_letter_of_somebody_else_under_that_office_is_refused(
    pair: Pair, keys: Writers, forger: tuple[principals.Principal, Path]
) -> None:
    made, path = forger
    content = Content("en", None, None, Tier.EXISTENCE, ("Never written by the office.",), None)
    with principals.held_book(made, path) as book:
        false, _ = principals.seal(made, book.book, keys.north.card, content, START)
    with pytest.raises(LocalError):
        told(keys, entered(pair, false.data, 1))
