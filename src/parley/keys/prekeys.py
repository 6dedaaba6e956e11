"""Prekeys: the key pairs the peer seals the secrets of its next epochs to (spec 14.2)."""

from __future__ import annotations

from collections.abc import Iterable

from parley.core.record import inclusion_proof, leaf_hash
from parley.core.wire import cbor
from parley.core.wire.frame import Prekey
from parley.keys import hybrid
from parley.keys.table import SecretTable


class Prekeys:
    """The private halves of the prekeys we have made for one pair, by batch.

    A batch is made before the statement that announces it has its place, and is kept under that place from then
    on; one whose turn failed is written over. Beside the private halves, which go one by one as they are used,
    lie the leaf hashes of the whole batch, for the paths of those that are left.
    """

    def __init__(self, table: SecretTable, order_wire: bytes) -> None:
        self._table, self._prefix = table, f"prekeys/{order_wire.hex()}/"
        self._open: dict[int, tuple[list[bytes], dict[int, bytes]]] = {}

    def make(self, batch: int, count: int) -> list[bytes]:
        """A batch of `count` key pairs named `batch`, on the disk before anything is announced; gives the leaf
        hashes of the public keys, in order."""
        seeds = {index: hybrid.new_seed() for index in range(count)}
        leaves = [leaf_hash(hybrid.public_key(seed)) for seed in seeds.values()]
        self._keep(batch, leaves, seeds)
        return leaves

    def left(self, batch: int) -> int:
        """How many of a batch are unused."""
        return len(self._of(batch)[1])

    def shown(self, batch: int, indices: Iterable[int]) -> list[Prekey]:
        """Those of the public keys asked for whose private half is still here, with their paths."""
        leaves, seeds = self._of(batch)
        return [
            Prekey(batch, i, hybrid.public_key(seeds[i]), inclusion_proof(leaves, i))
            for i in indices
            if i in seeds
        ]

    def open(self, batch: int, index: int, sealed: bytes, info: bytes) -> bytes | None:
        """The secret sealed to a prekey; None if it does not open, or the prekey is used or unknown."""
        seed = self._of(batch)[1].get(index)
        return None if seed is None else hybrid.unseal(seed, sealed, info)

    def erase(self, batch: int, index: int) -> bool:
        """Takes a private half out; whether it was there. An erasure point makes it final."""
        leaves, seeds = self._of(batch)
        if index not in seeds:
            return False
        self._keep(batch, leaves, {i: seed for i, seed in seeds.items() if i != index})
        return True

    def _keep(self, batch: int, leaves: list[bytes], seeds: dict[int, bytes]) -> None:
        if seeds:
            self._table.put(self._name(batch), cbor.encode((tuple(leaves), tuple(seeds.items()))))
        else:
            self._table.drop(self._name(batch))
        self._open[batch] = (leaves, seeds)

    def _of(self, batch: int) -> tuple[list[bytes], dict[int, bytes]]:
        if batch not in self._open:
            row = self._table.get(self._name(batch))
            if row is None:
                return [], {}
            leaves, seeds = cbor.array(cbor.decode(row), 2, "batch of prekeys")
            pairs = (cbor.array(item, 2, "prekey") for item in cbor.items(seeds))
            self._open[batch] = (
                [cbor.octets(leaf) for leaf in cbor.items(leaves)],
                {cbor.integer(i): cbor.octets(seed) for i, seed in pairs},
            )
        return self._open[batch]

    def _name(self, batch: int) -> str:
        return f"{self._prefix}{batch:010d}"
