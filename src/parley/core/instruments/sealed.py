"""The inside of a letter between principals, which neither end ever sees (spec 15).

A principal is known by a *card*: an office and two public keys, signed by its own. Its fingerprint is what the other
principal is told by another way. A *letter* names both fingerprints, its number in the writer's series to this
addressee, the letter before it and the last of theirs that was opened; it is signed by the writer, padded so that its
length says little, and sealed to the addressee. What is sealed is bound to a header in the clear, and the header to
what is inside, so that neither can be given another. The *content commitment* of the header is what the record
carries: by it a principal can prove later, to anyone, what a letter said.

Bytes and values only. What draws entropy or opens a seal is in `keys.principal`; what follows from many letters, in
`letter_book`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parley.core import suite
from parley.core.errors import RemoteError
from parley.core.types import (
    HASH_BYTES,
    KEM_KEY_BYTES,
    KEY_BYTES,
    U32,
    Seconds,
    Signed,
    Tier,
    Value,
    exactly,
    text,
    within,
)
from parley.core.wire import cbor
from parley.core.wire import entry as wire

CARD_LABEL: Final = "parley/principal/1"
LETTER_LABEL: Final = "parley/letter/1"
SEALED_LABEL: Final = "parley/sealed-letter/1"
COMMITMENT_LABEL: Final = "parley/letter-content/1"
DISCLOSED_LABEL: Final = "parley/disclosed-letter/1"
DRAFT_LABEL: Final = "parley/letter-draft/1"

FILE_BYTES_MAX: Final = 1 << 20  # of a sealed letter: what an object of the record may hold
OFFICE_BYTES_MAX: Final = 128
ADDRESS_BYTES_MAX: Final = 256  # the form of address
PARAGRAPH_BYTES_MAX: Final = 1600
PARAGRAPHS_MAX: Final = 128
SALT_BYTES: Final = 32
PAD_BYTES: Final = 1024
PADDED_BYTES_MAX: Final = 1022 * PAD_BYTES  # the largest multiple that leaves room for header and seal
SEAL_BYTES: Final = 1120 + 16  # the encapsulation before, the tag after
_AROUND_BYTES_MAX: Final = 512  # what a signed letter has beside its content, and room
_PAD_BEGINS: Final = b"\x80"
_RASTERS: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}


@dataclass(frozen=True, slots=True)
class PrincipalCard:
    """Who a principal is: the office, the key that letters to it are sealed to, the key its own are signed by.

    `fingerprint`: SHA-256 of the card's payload. `data`: the card as a file, a tagged COSE_Sign1.
    """

    office: str
    sealing_key: bytes
    signing_key: bytes
    fingerprint: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Facsimile:
    """A raster image of the paper original: `kind` is image/png, image/jpeg or image/webp."""

    kind: str
    data: bytes

    def __post_init__(self) -> None:
        begins = _RASTERS.get(self.kind)
        if begins is None:
            raise RemoteError("the facsimile is of a kind that is not allowed")
        if not self.data.startswith(begins) or (self.kind == "image/webp" and self.data[8:12] != b"WEBP"):
            raise RemoteError("the facsimile is not of the kind it is said to be")


@dataclass(frozen=True, slots=True)
class Content:
    """What a principal writes, before it has a number: a draft.

    `tier`: how much the writer proposes may ever be disclosed.
    """

    language: str
    address: str | None
    in_whose_name: str | None
    tier: Tier
    paragraphs: tuple[str, ...]
    facsimile: Facsimile | None

    def __post_init__(self) -> None:
        text("language", self.language, 16)
        if self.address is not None:
            text("form of address", self.address, ADDRESS_BYTES_MAX)
        if self.in_whose_name is not None:
            text("in whose name", self.in_whose_name, OFFICE_BYTES_MAX)
        within("number of paragraphs", len(self.paragraphs), 0, PARAGRAPHS_MAX)
        for paragraph in self.paragraphs:
            text("paragraph", paragraph, PARAGRAPH_BYTES_MAX)
        if not self.paragraphs and self.facsimile is None:
            raise RemoteError("a letter has neither text nor facsimile")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as its writer signs it. `sender`, `addressee`: fingerprints. `number`: in the writer's series to this
    addressee, from 1. `previous`: the content commitment of the one before. `heard`: number and content commitment of
    the last letter of theirs that the writer had opened. `written_at`: by the writer's clock, a claim."""

    salt: bytes
    sender: bytes
    addressee: bytes
    number: int
    previous: bytes | None
    heard: tuple[int, bytes] | None
    written_at: Seconds
    content: Content

    def __post_init__(self) -> None:
        exactly("salt", self.salt, SALT_BYTES)
        exactly("fingerprint", self.sender, HASH_BYTES)
        exactly("fingerprint", self.addressee, HASH_BYTES)
        within("number of a letter", self.number, 1, U32)
        if self.previous is not None:
            exactly("hash of the letter before", self.previous, HASH_BYTES)
        if self.heard is not None:
            within("number of a letter", self.heard[0], 1, U32)
            exactly("hash of their letter", self.heard[1], HASH_BYTES)
        within("time", self.written_at, 0, U32)


@dataclass(frozen=True, slots=True)
class Header:
    """What a sealed letter says in the clear, and what its seal is bound to."""

    sender: bytes
    addressee: bytes
    number: int
    commitment: bytes

    def __post_init__(self) -> None:
        exactly("fingerprint", self.sender, HASH_BYTES)
        exactly("fingerprint", self.addressee, HASH_BYTES)
        within("number of a letter", self.number, 1, U32)
        exactly("content commitment", self.commitment, HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A letter that a principal has shown: it is what its writer signed, and this is its content commitment."""

    card: PrincipalCard
    letter: Letter
    commitment: bytes


# --- the card ---------------------------------------------------------------------------------


def card_payload(office: str, sealing_key: bytes, signing_key: bytes) -> bytes:
    """What a principal signs of itself (spec 15.1). Raises RemoteError for what is out of bounds."""
    return cbor.encode(
        (
            CARD_LABEL,
            _office(office),
            exactly("sealing key", sealing_key, KEM_KEY_BYTES),
            exactly("signing key", signing_key, KEY_BYTES),
        )
    )


def read_card(data: bytes) -> PrincipalCard:
    """The card in `data`, if it is signed by the key it names. Raises RemoteError."""
    signed = _tagged(data)
    label, office, sealing, signing = cbor.array(cbor.decode(signed.payload), 4, "card of a principal")
    if label != CARD_LABEL:
        raise RemoteError("it is not the card of a principal")
    key = suite.check_public_key(cbor.octets(signing))
    _check_signature(signed, key)
    return PrincipalCard(
        _office(cbor.string(office)),
        exactly("sealing key", cbor.octets(sealing), KEM_KEY_BYTES),
        key,
        suite.sha256(signed.payload),
        data,
    )


def _office(office: str) -> str:
    if not office.strip():
        raise RemoteError("the office is empty")
    return text("office", office, OFFICE_BYTES_MAX)


# --- the letter -------------------------------------------------------------------------------


def letter_payload(letter: Letter) -> bytes:
    """What the writer signs (spec 15.2)."""
    return cbor.encode(
        (
            LETTER_LABEL,
            letter.salt,
            letter.sender,
            letter.addressee,
            letter.number,
            letter.previous,
            letter.heard,
            letter.written_at,
            *_content_fields(letter.content),
        )
    )


def read_letter(payload: bytes) -> Letter:
    """The letter whose one encoding is `payload`. Raises RemoteError."""
    value = cbor.array(cbor.decode(payload), 14, "letter")
    if value[0] != LETTER_LABEL:
        raise RemoteError("it is not a letter")
    salt, sender, addressee, number, previous, heard, written = value[1:8]
    return Letter(
        cbor.octets(salt),
        cbor.octets(sender),
        cbor.octets(addressee),
        cbor.integer(number),
        None if previous is None else cbor.octets(previous),
        None if heard is None else _heard(heard),
        cbor.integer(written),
        _content(value[8:]),
    )


def _heard(value: Value) -> tuple[int, bytes]:
    number, commitment = cbor.array(value, 2, "last letter of theirs")
    return cbor.integer(number), cbor.octets(commitment)


def _content_fields(content: Content) -> tuple[Value, ...]:
    facsimile = content.facsimile
    return (
        content.language,
        content.address,
        content.in_whose_name,
        int(content.tier),
        content.paragraphs,
        None if facsimile is None else (facsimile.kind, facsimile.data),
    )


def _content(fields: tuple[Value, ...]) -> Content:
    language, address, name, tier, paragraphs, facsimile = fields
    return Content(
        cbor.string(language),
        None if address is None else cbor.string(address),
        None if name is None else cbor.string(name),
        Tier(within("disclosure tier", cbor.integer(tier), 1, 3)),
        tuple(cbor.string(each) for each in cbor.items(paragraphs)),
        None if facsimile is None else _facsimile(facsimile),
    )


def _facsimile(value: Value) -> Facsimile:
    kind, data = cbor.array(value, 2, "facsimile")
    return Facsimile(cbor.string(kind), cbor.octets(data))


def encode_draft(content: Content) -> bytes:
    """What is written and not sealed yet, as a file. Raises RemoteError for what is too long to be sealed."""
    data = cbor.encode((DRAFT_LABEL, *_content_fields(content)))
    if len(data) + _AROUND_BYTES_MAX > PADDED_BYTES_MAX:
        raise RemoteError(
            f"the letter is {len(data)} bytes long, over {PADDED_BYTES_MAX - _AROUND_BYTES_MAX}"
        )
    return data


def read_draft(data: bytes) -> Content:
    """The draft in `data`. Raises RemoteError."""
    value = cbor.array(cbor.decode(data), 7, "draft of a letter")
    if value[0] != DRAFT_LABEL:
        raise RemoteError("it is not the draft of a letter")
    return _content(value[1:])


def commitment(signed: bytes) -> bytes:
    """The content commitment of a signed letter, a tagged COSE_Sign1 (spec 15.3): 32 bytes that say nothing of it,
    because a salt is inside, and that no other letter has."""
    return suite.sha256(cbor.encode((COMMITMENT_LABEL, signed)))


# --- sealed -----------------------------------------------------------------------------------


def padded(signed: bytes) -> bytes:
    """A signed letter filled up to the next multiple of 1 KiB: 0x80, then zeros. Raises RemoteError."""
    size = (len(signed) // PAD_BYTES + 1) * PAD_BYTES
    if size > PADDED_BYTES_MAX:
        raise RemoteError(f"the letter is {size} bytes long, over {PADDED_BYTES_MAX}")
    return (signed + _PAD_BEGINS).ljust(size, b"\0")


def unpadded(data: bytes) -> bytes:
    """The signed letter that was filled up to `data`, in the one way there is. Raises RemoteError."""
    signed = data.rstrip(b"\0")
    if not signed.endswith(_PAD_BEGINS) or padded(signed[:-1]) != data:
        raise RemoteError("the letter is filled up in another way")
    return signed[:-1]


def header_bytes(header: Header) -> bytes:
    """What the seal is bound to, as HPKE's info (spec 15.4)."""
    return cbor.encode(_header_fields(header))


def encode_sealed(header: Header, sealed: bytes) -> bytes:
    """A sealed letter as a file. `sealed`: enc || ciphertext."""
    return cbor.encode((*_header_fields(header), sealed))


def read_sealed(data: bytes) -> tuple[Header, bytes]:
    """The header of a sealed letter, and what is sealed. Raises RemoteError."""
    value = cbor.array(cbor.decode(data), 6, "sealed letter")
    label, sender, addressee, number, committed, sealed = value
    if label != SEALED_LABEL:
        raise RemoteError("it is not a sealed letter")
    inside = len(cbor.octets(sealed)) - SEAL_BYTES
    if not PAD_BYTES <= inside <= PADDED_BYTES_MAX or inside % PAD_BYTES:
        raise RemoteError("what is sealed is of a length that no letter has")
    return Header(
        cbor.octets(sender), cbor.octets(addressee), cbor.integer(number), cbor.octets(committed)
    ), cbor.octets(sealed)


def _header_fields(header: Header) -> tuple[Value, ...]:
    return SEALED_LABEL, header.sender, header.addressee, header.number, header.commitment


def check_inside(header: Header, plain: bytes, sender: PrincipalCard) -> tuple[Letter, bytes]:
    """The letter under a header, from what its seal held, and as its writer signed it. Raises RemoteError.

    1. It is filled up in the one way.
    2. It has the content commitment of the header.
    3. The sender's key signed it.
    4. It names the sender, the addressee and the number of the header.
    """
    signed = unpadded(plain)  # 1
    if commitment(signed) != header.commitment:  # 2
        raise RemoteError("it is not what its content commitment says")
    letter = _signed_letter(signed, sender)  # 3
    if (letter.addressee, letter.number) != (header.addressee, header.number):  # 4
        raise RemoteError("it does not say inside what it says outside")
    return letter, signed


def _signed_letter(signed: bytes, sender: PrincipalCard) -> Letter:
    """A letter that `sender` signed and says to be from. Raises RemoteError."""
    found = _tagged(signed)
    _check_signature(found, sender.signing_key)
    letter = read_letter(found.payload)
    if letter.sender != sender.fingerprint:
        raise RemoteError("it says inside to be from another")
    return letter


# --- disclosed --------------------------------------------------------------------------------


def encode_disclosed(card: PrincipalCard, signed: bytes) -> bytes:
    """A signed letter with its writer's card, for whoever may read it (spec 15.6)."""
    return cbor.encode((DISCLOSED_LABEL, card.data, signed))


def read_disclosed(data: bytes) -> Disclosed:
    """A disclosed letter, checked against the card that comes with it. Raises RemoteError.

    Whose card it is, only the fingerprint tells; that the letter was ever sent, only the record.
    """
    label, card_data, signed = cbor.array(cbor.decode(data), 3, "disclosed letter")
    if label != DISCLOSED_LABEL:
        raise RemoteError("it is not a disclosed letter")
    card = read_card(cbor.octets(card_data))
    letter = _signed_letter(cbor.octets(signed), card)
    return Disclosed(card, letter, commitment(cbor.octets(signed)))


# --- signatures -------------------------------------------------------------------------------


def _tagged(data: bytes) -> Signed:
    if data[:1] != wire.COSE_SIGN1_TAG:
        raise RemoteError("it is not a tagged COSE_Sign1")
    return wire.decode_signed(cbor.decode(data[1:]))


def _check_signature(found: Signed, key: bytes) -> None:
    if found.kid != suite.key_id(key) or not suite.verify(
        key, wire.to_be_signed(found.kid, found.payload), found.signature
    ):
        raise RemoteError("its signature does not verify")
