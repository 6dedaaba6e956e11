"""Letters handed to a principal: bytes of anybody, and letters well sealed by a counterpart who keeps to nothing.

A card, a draft, a disclosed letter and a sealed one are read from files of others. `parley letter open` is asked for
each; what is inside a seal is spoilt too, by somebody who has keys of his own and signs what he likes. It answers
with a letter or one sentence, and what it took stands in a book that can be read again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import beside
from damage import spoilt, spoilt_cbor
from door_files import answered
from principals import Offline, offline

from parley import cli
from parley.core.errors import RemoteError
from parley.core.instruments import sealed
from parley.core.instruments.sealed import Header
from parley.core.wire import entry as wire
from parley.keys import hybrid, principal
from parley.keys.signing import signed

assert beside
STEPS = 4
SECRET_WORDS = "only for the addressee"


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of `parley letter`: two principals, and what one of them hands to the other."""
    with offline():
        chair = Offline(folder / "chair", "chair", "Chair of the Commission")
        speaker = Offline(folder / "speaker", "speaker", "Speaker")
        letters = [chair.seals(speaker, SECRET_WORDS).read_bytes() for _ in range(3)]
        shown = folder / "shown"
        first = folder / "first"
        first.write_bytes(letters[0])
        assert (
            speaker.says("disclose", str(first), *chair.pinned("--from"), "-o", str(shown)).code == cli.DONE
        )
        writer = principal.unlock_principal(chair.key, chair.words.read_text(encoding="utf-8"))
        whole, card, disclosed = speaker.book.read_bytes(), chair.card.read_bytes(), shown.read_bytes()
        file, draft = folder / "handed", chair.draft("A draft.", "--form-of-address", "Sir").read_bytes()

        def handed(data: bytes, *words: str, key: bool = True) -> int:
            file.write_bytes(data)
            said = speaker.says(*(str(file) if word == "FILE" else word for word in words), key=key)
            answered(said, f"{words[0]} {data[:60].hex()}")
            if said.code == cli.REFUSED:
                assert SECRET_WORDS not in said.out + said.err
            return said.code

        def step(chance: random.Random) -> None:
            what = chance.choice(("open", "open", "inside", "inside", "inside", "card", "check", "draft"))
            pinned = chair.pinned("--from")
            match what:
                case "open":
                    handed(_spoilt(chance, chance.choice(letters)), "open", "FILE", *pinned)
                case "inside":
                    handed(_sealed_by_them(chance, writer, speaker), "open", "FILE", *pinned)
                case "card":
                    data = _spoilt(chance, card)
                    code = handed(data, "card", "--of", "FILE", key=False)
                    assert code == cli.REFUSED or data == card, data.hex()
                case "check":
                    code = handed(_spoilt(chance, disclosed), "check-disclosed", "FILE", key=False)
                    assert code != cli.DONE  # nothing is pinned
                case "draft":
                    words = ("seal", "FILE", *chair.pinned("--to"), "-o", str(folder / "out"))
                    handed(_spoilt(chance, draft), *words)
                    (folder / "out").unlink(missing_ok=True)

        def play(seed: str, steps: frozenset[int] | None) -> int:
            speaker.book.write_bytes(whole)
            for number in range(STEPS):
                if steps is None or number in steps:
                    step(random.Random(f"{seed}/{number}"))
            assert speaker.says("book").code == cli.DONE  # what was opened can be read again
            return STEPS

        yield play


def _spoilt(chance: random.Random, data: bytes) -> bytes:
    if chance.random() < 0.5:
        return spoilt(chance, data, 1 << 21)
    tagged = data[:1] == wire.COSE_SIGN1_TAG
    try:
        found = spoilt_cbor(chance, data[1:] if tagged else data)
    except (RemoteError, ValueError):
        return spoilt(chance, data, 1 << 16)
    return wire.COSE_SIGN1_TAG + found if tagged else found


def _sealed_by_them(chance: random.Random, writer: principal.Principal, to: Offline) -> bytes:
    """A letter signed and sealed as it should be, whatever it says."""
    addressee = sealed.read_card(to.card.read_bytes())
    number = chance.choice((1, 2, 3, 4, 9, 0xFFFFFFFF))
    letter = sealed.Letter(
        chance.randbytes(32),
        writer.card.fingerprint,
        addressee.fingerprint,
        number,
        chance.choice((None, chance.randbytes(32))),
        chance.choice((None, (chance.choice((1, 2, 0xFFFFFFFF)), chance.randbytes(32)))),
        chance.choice((0, 1_619_136_000, 0xFFFFFFFF)),
        sealed.Content("en", None, None, sealed.Tier.EXISTENCE, ("Text.", "\u202e\u0301" * 20), None),
    )
    payload = sealed.letter_payload(letter)
    if chance.random() < 0.7:
        payload = spoilt_cbor(chance, payload)
    written = wire.encode_signed(signed(writer.signer, payload[: 1 << 16]), tagged=True)
    plain = sealed.padded(written)
    if chance.random() < 0.2:
        plain = spoilt(chance, plain, len(plain)).ljust(len(plain), b"\0")[: len(plain)]
    header = Header(letter.sender, letter.addressee, number, sealed.commitment(written))
    closed = hybrid.seal(addressee.sealing_key, plain, sealed.header_bytes(header))
    return sealed.encode_sealed(header, closed)
