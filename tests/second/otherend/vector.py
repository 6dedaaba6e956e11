"""A vector file as read, and the two questions every runner asks of it."""

Vector = dict[str, object]


def raw(vector: Vector, *names: str):
    found = [bytes.fromhex(vector[name]) for name in names]
    return found[0] if len(found) == 1 else found


def same(told: object, wanted: object) -> None:
    """What a good vector names must be so: not a refusal of its bytes but a difference between two readers."""
    assert told == wanted
