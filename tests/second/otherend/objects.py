"""Objects larger than an entry, and the file that carries them (spec 16)."""

from dataclasses import dataclass, field

from otherend import cbor, tree
from otherend.refused import check

CHUNK = 4096
LARGEST = 1_048_576


@dataclass(frozen=True)
class Name:
    root: bytes
    size: int
    salt: bytes

    def __post_init__(self) -> None:
        check(1 <= self.size <= LARGEST and len(self.salt) == len(self.root) == 32, "OB-2", "no name")


def root(data: bytes, salt: bytes) -> bytes:
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    return tree.root([b"parley/object/1" + salt + chunk for chunk in chunks])


def check_is(name: Name, data: bytes) -> None:
    check(len(data) == name.size and root(data, name.salt) == name.root, "OB-3", "not what was named")


@dataclass
class Receiver:
    """What has come of one object. A block is kept byte by byte: every form of cutting it fills the same bytes."""

    name: Name
    blocks: dict[int, dict[tuple[int, int], dict[int, bytes]]] = field(default_factory=dict)
    whole: dict[int, bytes] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return -(-self.name.size // CHUNK)

    def take(self, said: dict[str, object]) -> bool:
        """Whether a fragment, as `frames.loose` reads it, changed anything."""
        block, k, i, last, data = (said[one] for one in ("block", "pieces", "index", "last", "data"))
        if block >= self.count or block in self.whole or i >= k:
            return False
        size = min(CHUNK, self.name.size - block * CHUNK)
        each, over = divmod(size - last, k - 1) if k > 1 else (last, size - last)
        fits = over == 0 and 1 <= last <= each and len(data) == (each if i < k - 1 else last)
        if not fits or i in (form := self.blocks.setdefault(block, {}).setdefault((k, last), {})):
            return False
        form[i] = data
        if len(form) == k:
            self.whole[block] = b"".join(form[one] for one in range(k))
        return True

    @property
    def data(self) -> bytes | None:
        return b"".join(self.whole[b] for b in range(self.count)) if len(self.whole) == self.count else None


def courier(data: bytes) -> tuple[list[bytes], list[tuple[Name, bytes]]]:
    value = cbor.decode(data)
    check(isinstance(value, list) and len(value) == 3, "OB-17", "not three")
    label, frames, named = value
    check(label == "parley/courier/1", "OB-17", "another label")
    check(isinstance(frames, list) and isinstance(named, list), "OB-17", "no lists")
    check(len(frames) <= 4096 and len(named) <= 64, "OB-17", "too many")
    check(all(isinstance(one, bytes) and len(one) <= 4096 for one in frames), "OB-17", "no frames")
    found = []
    for one in named:
        check(isinstance(one, list) and len(one) == 4, "OB-17", "no object")
        where, size, salt, given = one
        well = isinstance(where, bytes) and isinstance(salt, bytes) and isinstance(given, bytes)
        check(well and isinstance(size, int) and 1 <= size == len(given), "OB-17", "not of its size")
        found.append((Name(where, size, salt), given))
    return frames, found
