"""Where every key of an end is drawn from: the operating system's generator, in one place.

A simulation puts a seeded one in its place, so that a world runs the same way twice; nothing else may.
"""

from __future__ import annotations

import os


def draw(size: int) -> bytes:
    """`size` fresh random bytes."""
    return os.urandom(size)
