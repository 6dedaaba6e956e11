"""The one exception of the second implementation: what was read breaks a named requirement of the spec."""

from collections.abc import Callable
from typing import TypeVar

Read = TypeVar("Read")


class Refused(Exception):
    """`rule` is the id of the requirement broken, `why` a few words."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(f"{rule}: {why}")
        self.rule = rule


class CannotRebuild(Exception):
    """A frame that opened, and lacks what an explicit frame would carry (FR-13): kept, and asked for."""


def check(holds: bool, rule: str, why: str) -> None:
    if not holds:
        raise Refused(rule, why)


def under(rule: str, read: Callable[[], Read]) -> Read:
    """What an earlier section refuses is refused here under the rule that asks for it."""
    try:
        return read()
    except Refused as refused:
        raise Refused(rule, str(refused)) from None
