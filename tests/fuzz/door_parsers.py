"""The parsers: bytes of anybody, and what people type. Good vectors changed a little, and bytes of chance.

Each parser may raise the error of whose fault it is and nothing else, gives a value that can be encoded again
to the same bytes where it has an encoder, and takes memory in proportion to what it was given.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from damage import NUMBERS, TEXTS, decoded, json_value, pool, spoilt, spoilt_cbor, value, vectors

from parley import config, keys
from parley.cli import acting, end, options, show
from parley.cli.terminal import safe
from parley.console import forms
from parley.console import shown as console_shown
from parley.console.guard import Refused
from parley.core import accord as accords
from parley.core import export, record, suite
from parley.core import line as lines
from parley.core.errors import LocalError, RemoteError
from parley.core.instruments import contact, message, roster
from parley.core.types import ActKind, NodeKind
from parley.core.wire import body as bodies
from parley.core.wire import cbor, phrases
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.desk import ask as questions
from parley.desk import times
from parley.keys import chains

WAY = chains.Direction(bytes(32), 0, (1, 1))
MEMORY_EVERY = 16  # every so many cases are played a second time with their memory counted
MEMORY_BYTES_MAX = 1 << 21  # beside what the input itself allows
MEMORY_PER_BYTE = 200


@dataclass(frozen=True)
class Parser:
    """`good`: what is spoilt. `take`: one spoilt input; raises what the parser raises."""

    good: Callable[[], tuple[bytes, ...]]
    take: Callable[[bytes], None]
    errors: tuple[type[Exception], ...] = (RemoteError,)


def _again(decode: Callable[[bytes], Any], encode: Callable[[Any], bytes]) -> Callable[[bytes], None]:
    """One value, one encoding: what was taken encodes to what it was."""

    def take(data: bytes) -> None:
        found = decode(data)
        assert encode(found) == data, f"{data.hex()} is another encoding of {found!r}"

    return take


def _payload(data: bytes) -> None:
    found = wire.decode_payload(data)
    is_act = type(found).__name__ == "Act"
    assert (wire.encode_act if is_act else wire.encode_statement)(found) == data  # type: ignore[arg-type]


def _entry(data: bytes) -> None:
    found = wire.decode_entry(data)
    assert wire.encode_entry(found) == data
    record.check_signed(found, bytes(range(32)))


def _card(data: bytes) -> None:
    card = keys.check_card(data)
    assert suite.key_id(card.root_key)


def _clear(data: bytes) -> None:
    clear = frames.decode_clear(data)
    assert frames.encode_clear(clear) == data[: frames.CLEAR_BYTES]
    suite.unseal(bytes(32), data[: frames.CLEAR_BYTES], data[frames.CLEAR_BYTES :])


def _plain(data: bytes) -> None:
    found = frames.decode_plain(data)
    if not isinstance(found, frames.Frontier):  # which is cut to what fits in its frame when it is made
        assert frames.encode_plain(found) == data, found


def _frontier(data: bytes) -> None:
    found = frames.decode_plain(data)
    again = frames.decode_plain(frames.encode_plain(found))
    if isinstance(found, frames.Frontier) and isinstance(again, frames.Frontier):
        assert again.holes == found.holes[: len(again.holes)]
        assert len(frames.encode_plain(found)) <= frames.FRONTIER_FRAME_BYTES_MAX


def _body(data: bytes) -> None:
    """A body of any kind: what has its schema can be read by whoever reads that kind."""
    body = wire.decode_body(data)
    for kind in (*ActKind, 0, 63):
        try:
            bodies.check_act(kind, body)
        except RemoteError:
            continue
        if kind == ActKind.MESSAGE:
            assert message.body(message.message(body)) == body or not body[4]
        elif kind == ActKind.ROSTER:
            roster.added({}, body)
    for node_kind in (*NodeKind, 0, 63):
        try:
            bodies.check_statement(node_kind, body)
        except RemoteError:
            continue
        if node_kind == NodeKind.CONTACT:
            assert contact.body(contact.contact(body)) == body


def _phrases(data: bytes) -> None:
    """Table in the first bit, then a text by phrases: what unpacks packs by either, and by its own in no more bytes
    unless there are capitals, which can be marked in more than one way."""
    charset = phrases.KOREAN if data[:1] and data[0] & 1 else phrases.ENGLISH
    text = phrases.decode(charset, data[1:])
    assert len(text.encode()) <= 2048
    for own in phrases.DICTIONARIES:
        packed = phrases.encode(own, text)
        assert packed is not None and phrases.decode(own, packed) == text
        assert own != charset or len(packed) <= len(data[1:]) or any("A" <= sign <= "Z" for sign in text)


def _packed(data: bytes) -> None:
    """Kind, whose, codec in the first three bytes; a body that unpacks packs, and unpacks to the same."""
    if len(data) < 3:
        return
    context = bodies.Context(
        ("en", "ko"), lambda act_id: 7, lambda sequence: bytes(32) if sequence < 9 else None
    )
    node, kind = bool(data[0] & 1), data[1] & 63
    found = bodies.unpack(node, kind, data[2], data[3:], context)
    (bodies.check_statement if node else bodies.check_act)(kind, found)
    codec, packed = bodies.pack(node, kind, found, bodies.Context(("en", "ko")))
    assert bodies.unpack(node, kind, codec, packed, bodies.Context(("en", "ko"))) == found


def _wrapped(data: bytes) -> None:
    found = decoded(data)
    cost = found[1] if isinstance(found, tuple) and len(found) == 5 else None
    if isinstance(cost, tuple) and any(isinstance(n, int) and n > 4096 for n in cost):
        return  # a file of our own may ask for 2 GiB: that is waited for, and tries nothing here
    keys.unwrap(data, "words", "this end")


def _chain(data: bytes) -> None:
    read = False
    for decode in (chains._decode_send, chains._decode_receive):
        with suppress(RemoteError):  # a row of one side is none of the other
            decode(Kept(), WAY, data)  # type: ignore[arg-type]
            read = True
    if not read:
        raise RemoteError("no row of either side")
    with suppress(IndexError):  # of the version before, whose rows have no such list
        for counter, tree in keys.trees(data).values():
            if 0 <= counter < 1 << 32:
                with suppress(KeyError):
                    tree.leaf(counter)


class Kept:
    """What a table of secrets had beside a chain of the version before."""

    def get(self, name: str) -> bytes:
        return bytes(32)


def _verify(data: bytes) -> None:
    try:
        export.verify(data)
    except export.Refused as e:
        assert e.where and e.why
        raise


def _packed_good() -> tuple[bytes, ...]:
    return tuple(
        bytes((v["node"], v["kind"], v["codec"])) + bytes.fromhex(v["packed"])
        for v in vectors("wire", "packing")
    )


def _phrases_good() -> tuple[bytes, ...]:
    return tuple(
        bytes((charset & 1,)) + bytes.fromhex(packed)
        for v in vectors("wire", "phrases-texts")
        for charset, _, packed in v["texts"]
    )


def _frontiers() -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(v["plain"]) for v in vectors("frame", "frontier"))


@cache
def _wraps() -> tuple[bytes, ...]:
    return (keys.wrap(bytes(32), "words", keys.Cost(64, 1, 1)), keys.wrap(b"x", "other", keys.Cost(8, 1, 1)))


@cache
def _chains() -> tuple[bytes, ...]:
    return chains.first_rows(WAY, bytes(32))


@cache
def _exports() -> tuple[bytes, ...]:
    """A whole small export, made of our vectors' keys by nobody: head, no entries, end; and with entries."""
    cards = pool("card")
    found = []
    for pair in ((cards[0], cards[-1]), (cards[-1], cards[0])):
        head = export.head(
            pair, "Liaison", bytes(16), [accords.encode_terms(accords.Accord("Liaison", bytes(16)))], []
        )
        entries = b"".join(export.item(entry, export.Opened(b"\x80", ())) for entry in pool("entry"))
        found += [
            head + export.end((0, 0), (record.EMPTY_ROOT, record.EMPTY_ROOT)),
            head + entries + export.end((1, 1), (bytes(32), bytes(32))),
        ]
    return tuple(found)


PARSERS: dict[str, Parser] = {
    "cbor": Parser(
        lambda: pool("cbor", "payload", "body", "terms", "entry"),
        _again(cbor.decode, cbor.encode),
    ),
    "payload": Parser(lambda: pool("payload"), _payload),
    "entry": Parser(lambda: pool("entry"), _entry),
    "card": Parser(lambda: pool("card"), _card, (LocalError,)),
    "body": Parser(lambda: pool("body"), _body),
    "packed body": Parser(_packed_good, _packed),
    "phrases": Parser(_phrases_good, _phrases),
    "frame": Parser(lambda: pool("frame"), _clear),
    "opened frame": Parser(lambda: pool("plain"), _plain),
    "frontier": Parser(_frontiers, _frontier),
    "accord": Parser(lambda: pool("terms"), _again(accords.decode_terms, accords.encode_terms)),
    "restore": Parser(lambda: pool("terms"), _again(lines.decode_restore, lines.encode_restore)),
    "export": Parser(_exports, _verify),
    "wrapped key": Parser(_wraps, _wrapped, (LocalError,)),
    "chain": Parser(_chains, _chain),
}
RAW = {"frame", "opened frame", "frontier", "packed body", "phrases"}  # not CBOR


def one(parser: Parser, name: str, seed: str) -> None:
    """One spoilt input; now and then its memory is counted."""
    chance = random.Random(seed)
    data = (spoilt if name in RAW else spoilt_cbor)(chance, chance.choice(parser.good()))
    if chance.randrange(MEMORY_EVERY):
        _take(parser, data)
        return
    tracemalloc.start()
    try:
        _take(parser, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_BYTES_MAX + MEMORY_PER_BYTE * len(data), (
        f"{peak} bytes of memory for {len(data)} bytes"
    )


def _take(parser: Parser, data: bytes) -> None:
    try:
        parser.take(data)
    except parser.errors as e:
        assert str(e), "an error says nothing"
    except Exception as e:
        e.add_note(f"input: {data[:4000].hex()}")
        raise


def opened(
    name: str,
) -> Callable[[Path], AbstractContextManager[Callable[[str, frozenset[int] | None], int]]]:
    """The door of one parser."""

    @contextmanager
    def door(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
        def play(seed: str, steps: frozenset[int] | None) -> int:
            if steps is None:
                one(PARSERS[name], name, seed)
            return 1

        yield play

    return door


# --- what people type -------------------------------------------------------------------------


def _offer_like(chance: random.Random) -> None:
    words = chance.choice(
        ("09:00 check", "9:5", "25:00", "09:00 lunch", "", "٠٩:00 check", "09:00 check check", ":", *TEXTS)
    )
    with suppress(ValueError, RemoteError, IndexError):  # what the caller turns into one sentence
        questions._slot(words)


def _times(chance: random.Random) -> str:
    good = chance.choice(
        (
            "2021-07-27T10:00+09:00",
            "now",
            "271000Z JUL 21",
            "2021-07-27 01:00",
            "9999-12-31T23:59+00:00",
            "0001-01-01T00:00+14:00",
        )
    )
    return spoilt(chance, good.encode()).decode("utf-8", "replace")


def _config(chance: random.Random, folder: Path) -> None:
    good = (
        b'life_s = 10\nfresh_lives = 3\nconsole_bind = "127.0.0.1"\nconsole_port = 8411\n'
        b'console_hosts = ["localhost"]\n'
        b'passphrase_file = "x"\n[bearer.cable]\nlisten = "127.0.0.1:7411"\ndial = "[::1]:7411"\nlines = ["Liaison"]\n'
    )
    file = folder / "parley.toml"
    file.write_bytes(spoilt(chance, good))
    found = config.load(file)
    for bearer in found.bearers:
        config.address(bearer.listen)


VALUES: dict[str, Callable[[random.Random, Path], object]] = {
    "time": lambda chance, folder: acting.instant(_times(chance)),
    "time of a form": lambda chance, folder: times.instant(_times(chance), "The hour"),
    "fields of a form": lambda chance, folder: forms.read(
        spoilt(chance, b"by=duty&text=a%20b&line=%ED%86%B5&x=&y")
    ),
    "pin": lambda chance, folder: options.pin(chance.choice((*TEXTS, "ab" * 32, "AB:" * 32, "g" * 64))),
    "slot": lambda chance, folder: _offer_like(chance),
    "address": lambda chance, folder: config.address(
        spoilt(chance, b"127.0.0.1:7411").decode("utf-8", "replace")
    ),
    "settings": _config,
    "words of theirs": lambda chance, folder: (
        safe(chance.choice(TEXTS)),
        show.width(chance.choice(TEXTS)),
        console_shown.plain(chance.choice(TEXTS)),
        console_shown.language(chance.choice(TEXTS)),
    ),
    "question": lambda chance, folder: questions._bytes(
        spoilt(chance, b"SGFsbG8gV2VsdA==").decode("utf-8", "replace")
    ),
    "card file": lambda chance, folder: end._read(folder / chance.choice(("none", "", "../x"))),
    "message": lambda chance, folder: message.written(
        chance.choice(TEXTS),
        "\n".join(chance.choices(TEXTS, k=chance.randrange(70))),
        subject=chance.choice(TEXTS),
    ),
    "plain": lambda chance, folder: questions.plain(value(chance)),
    "numbers": lambda chance, folder: console_shown.age(chance.choice(NUMBERS)),
    "json": lambda chance, folder: questions.check(
        "line", questions.QUESTIONS["line"], {"name": json_value(chance)}
    ),
}


@contextmanager
def opened_values(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of the commands' own values: a LocalError, or a value."""

    def play(seed: str, steps: frozenset[int] | None) -> int:
        chance = random.Random(seed)
        name = chance.choice(sorted(VALUES))
        if steps is None:
            try:
                VALUES[name](chance, folder)
            except (LocalError, RemoteError, forms.Unfit, Refused):
                pass
            except Exception as e:
                e.add_note(f"value: {name}")
                raise
        return 1

    yield play
