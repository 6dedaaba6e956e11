"""One seed for all chance: the keys of a simulated world are drawn from it, so that it runs the same way twice.

What HPKE draws inside the library is not: the bytes of a sealed secret differ from run to run, their length and
what comes of them do not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from parley.keys import chance


@contextmanager
def _seeded_keys(seed: int) -> Iterator[None]:
    """Keys are drawn from the seed, so that a world runs the same way twice. For simulations only."""
    with mock.patch.object(chance, "draw", random.Random(f"keys/{seed}").randbytes):
        yield
