"""The schema of every kind, at its bounds: the last value that holds and the first that does not (spec 6.1, 6.2)."""

from __future__ import annotations

import pytest

from parley.core.errors import RemoteError
from parley.core.types import ActKind, Body, NodeKind, Value
from parley.core.wire import body as bodies

HASH = b"h" * 32
U16, U32 = 2**16 - 1, 2**32 - 1
ROUND = 1_750_000_000
DELEGATION = (1, b"k" * 32, "Watch", 3, 31)
SEVER = (None, ROUND, "en", "Grounds.")
MESSAGE = ("en", None, None, None, None, None, None, "Text.")
TENDER = (1, "Office of the South", "Office of the North", None, None)
LETTER = (None, 1, "Office of the South", "Office of the North", None, 1, HASH, HASH, (HASH, 1, HASH), HASH)
ANNOUNCEMENT = (None, ROUND, "Press office", "en", "Title", None, "Text.")
EPOCH = (1, 0, 0, b"s" * 1168, 0)
CONTACT = (0, 0, 0, 0, None, None, None)


def but(body: Body, **fields: Value) -> Body:
    """`body` with some fields changed, named f0, f1 and so on."""
    changed = list(body)
    for name, value in fields.items():
        changed[int(name[1:])] = value
    return tuple(changed)


def delegated(**fields: Value) -> Body:
    return (but(DELEGATION, **fields),)


ACTS: list[tuple[int, list[Body], list[Body]]] = [
    (
        ActKind.ROSTER,
        [
            (DELEGATION,),
            (DELEGATION,) * 64,
            delegated(f0=65534),
            delegated(f2=""),
            delegated(f2="o" * 64),
            delegated(f3=0),
            delegated(f4=0),
        ],
        [
            (),
            (DELEGATION,) * 65,
            (DELEGATION[:4],),
            ((*DELEGATION, 0),),
            (DELEGATION, 5),
            delegated(f0=0),
            delegated(f0=65535),
            delegated(f0=True),
            delegated(f1=b"k" * 31),
            delegated(f1=b"k" * 33),
            delegated(f1="k" * 32),
            delegated(f2="o" * 65),
            delegated(f2=b"office"),
            delegated(f3=-1),
            delegated(f3=4),
            delegated(f4=-1),
            delegated(f4=32),
        ],
    ),
    (
        ActKind.OFFER,
        [(1, b""), (2, b"terms"), (3, b""), (4, b"")],
        [(0, b""), (5, b""), (1,), (1, b"", b""), (1, "terms"), ("1", b""), (None, b"")],
    ),
    (ActKind.AGREE, [(HASH,)], [(), (HASH, HASH), (HASH[1:],), (HASH + b"h",), ("h" * 32,), (None,)]),
    (ActKind.WITHDRAW, [(HASH,)], [(), (HASH, HASH), (HASH[1:],), (HASH + b"h",), ("h" * 32,), (None,)]),
    (
        ActKind.SEVER,
        [
            SEVER,
            but(SEVER, f0=(HASH,)),
            but(SEVER, f0=(HASH, HASH)),
            but(SEVER, f1=0),
            but(SEVER, f1=U32),
            but(SEVER, f2="l" * 16),
            but(SEVER, f3=""),
            but(SEVER, f3="g" * 1600),
        ],
        [
            SEVER[:3],
            (*SEVER, None),
            but(SEVER, f0=()),
            but(SEVER, f0=HASH),
            but(SEVER, f0=(HASH[1:],)),
            but(SEVER, f0=(HASH, HASH + b"h")),
            but(SEVER, f0=("h" * 32,)),
            but(SEVER, f0=0),
            but(SEVER, f0=7),
            but(SEVER, f0="lines"),
            but(SEVER, f1=-1),
            but(SEVER, f1=U32 + 1),
            but(SEVER, f1=None),
            but(SEVER, f2="l" * 17),
            but(SEVER, f2=None),
            but(SEVER, f3="g" * 1601),
            but(SEVER, f3=b"grounds"),
        ],
    ),
    (
        ActKind.CANCEL,
        [(HASH, "en", ""), (HASH, "l" * 16, "r" * 1600)],
        [
            (HASH, "en"),
            (HASH, "en", "", None),
            (HASH[1:], "en", ""),
            (HASH + b"h", "en", ""),
            (HASH, "l" * 17, ""),
            (HASH, b"en", ""),
            (HASH, "en", "r" * 1601),
            (HASH, "en", None),
        ],
    ),
    (
        ActKind.ACKNOWLEDGE,
        [(HASH, 1, None), (HASH, 6, None), (HASH, 2, ""), (HASH, 2, "b" * 1600)],
        [
            (HASH, 1),
            (HASH, 1, None, None),
            (HASH[1:], 1, None),
            ("h" * 32, 1, None),
            (HASH, 0, None),
            (HASH, 7, None),
            (HASH, "1", None),
            (HASH, 2, "b" * 1601),
            (HASH, 2, b"back"),
        ],
    ),
    (
        ActKind.MESSAGE,
        [
            MESSAGE,
            but(MESSAGE, f0="l" * 16),
            but(MESSAGE, f1="s" * 256, f2="n" * 256, f3="f" * 256),
            but(MESSAGE, f4=(HASH,)),
            but(MESSAGE, f4=(HASH,) * 16),
            but(MESSAGE, f5=0, f6=0),
            but(MESSAGE, f5=U32, f6=U32),
            but(MESSAGE, f7=""),
            but(MESSAGE, f7="p" * 1600),
            (*MESSAGE, *["p"] * 56),
        ],
        [
            MESSAGE[:7],
            (*MESSAGE, *["p"] * 57),
            but(MESSAGE, f0="l" * 17),
            but(MESSAGE, f0=None),
            but(MESSAGE, f1="s" * 257),
            but(MESSAGE, f2="n" * 257),
            but(MESSAGE, f3="f" * 257),
            but(MESSAGE, f1=1),
            but(MESSAGE, f4=()),
            but(MESSAGE, f4=(HASH,) * 17),
            but(MESSAGE, f4=HASH),
            but(MESSAGE, f4=0),
            but(MESSAGE, f4=(HASH[1:],)),
            but(MESSAGE, f4=("h" * 32,)),
            but(MESSAGE, f5=-1),
            but(MESSAGE, f5=U32 + 1),
            but(MESSAGE, f6=-1),
            but(MESSAGE, f6=U32 + 1),
            but(MESSAGE, f6="soon"),
            but(MESSAGE, f7="p" * 1601),
            but(MESSAGE, f7=b"text"),
            (*MESSAGE, None),
        ],
    ),
    (
        ActKind.TENDER,
        [
            TENDER,
            but(TENDER, f0=5, f1="n" * 128, f2="n" * 128, f3="r" * 64, f4=HASH),
            but(TENDER, f1="", f2=""),
        ],
        [
            TENDER[:4],
            (*TENDER, None),
            but(TENDER, f0=0),
            but(TENDER, f0=6),
            but(TENDER, f1="n" * 129),
            but(TENDER, f1=None),
            but(TENDER, f2="n" * 129),
            but(TENDER, f2=b"office"),
            but(TENDER, f3="r" * 65),
            but(TENDER, f4=HASH[1:]),
        ],
    ),
    (
        ActKind.TENDER_ANSWER,
        [(HASH, 1, None, None), (HASH, 2, "l" * 16, "r" * 1600), (HASH, 3, "en", "")],
        [
            (HASH, 1, None),
            (HASH, 1, None, None, None),
            (HASH[1:], 1, None, None),
            (HASH, 0, None, None),
            (HASH, 4, None, None),
            (HASH, 2, "en", None),
            (HASH, 2, None, "reason"),
            (HASH, 2, "l" * 17, "reason"),
            (HASH, 2, "en", "r" * 1601),
        ],
    ),
    (
        ActKind.LETTER,
        [
            LETTER,
            but(LETTER, f0=HASH, f2=None, f3=None, f4=None),
            but(LETTER, f1=5, f4="r" * 64, f5=U32, f8=(HASH, 1 << 20, HASH)),
        ],
        [
            LETTER[:9],
            (*LETTER, None),
            but(LETTER, f0=HASH),
            but(LETTER, f0=HASH[1:], f2=None, f3=None, f4=None),
            but(LETTER, f0=HASH, f2=None, f3=None, f4="rank"),
            but(LETTER, f1=0),
            but(LETTER, f1=6),
            but(LETTER, f2=None),
            but(LETTER, f3="n" * 129),
            but(LETTER, f5=0),
            but(LETTER, f5=U32 + 1),
            but(LETTER, f6=HASH[1:]),
            but(LETTER, f7=None),
            but(LETTER, f8=(HASH, 0, HASH)),
            but(LETTER, f8=(HASH, (1 << 20) + 1, HASH)),
            but(LETTER, f8=(HASH, 1)),
            but(LETTER, f8=(HASH[1:], 1, HASH)),
            but(LETTER, f8=(HASH, 1, HASH[1:])),
            but(LETTER, f9=HASH + b"h"),
        ],
    ),
    (
        ActKind.TIER,
        [(HASH, 1), (HASH, 3)],
        [(HASH,), (HASH, 1, None), (HASH[1:], 1), (HASH, 0), (HASH, 4)],
    ),
    (
        ActKind.ANNOUNCEMENT,
        [
            ANNOUNCEMENT,
            but(
                ANNOUNCEMENT, f0=HASH, f1=U32, f2="c" * 128, f4="t" * 256, f5=tuple(range(16)), f6="p" * 1600
            ),
            but(ANNOUNCEMENT, f5=()),
            (*ANNOUNCEMENT, *["p"] * 57),
        ],
        [
            ANNOUNCEMENT[:6],
            (*ANNOUNCEMENT, *["p"] * 58),
            but(ANNOUNCEMENT, f0=HASH[1:]),
            but(ANNOUNCEMENT, f1=U32 + 1),
            but(ANNOUNCEMENT, f2="c" * 129),
            but(ANNOUNCEMENT, f3="l" * 17),
            but(ANNOUNCEMENT, f4="t" * 257),
            but(ANNOUNCEMENT, f5=(16,)),
            but(ANNOUNCEMENT, f5=(1, 0)),
            but(ANNOUNCEMENT, f5=(1, 1)),
            but(ANNOUNCEMENT, f5=1),
            but(ANNOUNCEMENT, f6="p" * 1601),
        ],
    ),
]
NAMED = (7, HASH)
STATEMENTS: list[tuple[int, list[Body], list[Body]]] = [
    (
        NodeKind.RECEIPT,
        [(), (NAMED,), (NAMED,) * 3, ((0, HASH),), ((U32, HASH),)],
        [
            (NAMED,) * 4,
            (7, HASH),
            ((7,),),
            ((7, HASH, HASH),),
            ((-1, HASH),),
            ((U32 + 1, HASH),),
            ((7, HASH[1:]),),
            ((7, HASH + b"h"),),
            ((HASH, 7),),
        ],
    ),
    (NodeKind.HEAD, [()], [(None,), (0,), (HASH,)]),
    (
        NodeKind.EPOCH,
        [
            EPOCH,
            but(EPOCH, f0=U32),
            but(EPOCH, f1=U32),
            but(EPOCH, f2=U16),
            but(EPOCH, f4=U32),
        ],
        [
            EPOCH[:4],
            (*EPOCH, 0),
            but(EPOCH, f0=0),
            but(EPOCH, f0=U32 + 1),
            but(EPOCH, f0=None),
            but(EPOCH, f1=-1),
            but(EPOCH, f1=U32 + 1),
            but(EPOCH, f1=b"batch"),
            but(EPOCH, f2=-1),
            but(EPOCH, f2=U16 + 1),
            but(EPOCH, f2=False),
            but(EPOCH, f3=b"s" * 1167),
            but(EPOCH, f3=b"s" * 1169),
            but(EPOCH, f3="s" * 1168),
            but(EPOCH, f4=-1),
            but(EPOCH, f4=U32 + 1),
            but(EPOCH, f4="0"),
        ],
    ),
    (NodeKind.ADOPT, [(HASH,)], [(), (HASH, HASH), (HASH[1:],), (HASH + b"h",), (None,)]),
    (
        NodeKind.CONTACT,
        [
            CONTACT,
            (U32,) * 4 + (None,) * 3,
            but(CONTACT, f4=0, f5=0, f6=0),
            but(CONTACT, f4=U32, f5=65534, f6=U32),
        ],
        [
            CONTACT[:6],
            (*CONTACT, None),
            *(but(CONTACT, **{f"f{i}": bad}) for i in range(4) for bad in (-1, U32 + 1, None)),
            *(but(CONTACT, **{f"f{i}": bad}) for i in (4, 6) for bad in (-1, U32 + 1, b"at")),
            but(CONTACT, f5=-1),
            but(CONTACT, f5=65535),
            but(CONTACT, f5="watch"),
        ],
    ),
    (
        NodeKind.PREKEYS,
        [(1, HASH, None), (64, HASH, None)],
        [
            (1, HASH),
            (1, HASH, None, None),
            (0, HASH, None),
            (65, HASH, None),
            ("1", HASH, None),
            (1, HASH[1:], None),
            (1, HASH + b"h", None),
            (1, None, None),
            (1, HASH, b""),
            (1, HASH, 0),
            (1, HASH, False),
        ],
    ),
]
GOOD = [(bodies.check_act, kind, body) for kind, good, _ in ACTS for body in good] + [
    (bodies.check_statement, kind, body) for kind, good, _ in STATEMENTS for body in good
]
BAD = [(bodies.check_act, kind, body) for kind, _, bad in ACTS for body in bad] + [
    (bodies.check_statement, kind, body) for kind, _, bad in STATEMENTS for body in bad
]


def test_every_body_at_the_bounds_of_its_schema_holds() -> None:
    """KI-2, KI-3, KI-6."""
    for check, kind, body in GOOD:
        check(kind, body)


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_body_one_step_beyond_a_bound_of_its_schema_does_not_hold(number: int) -> None:
    """KI-2, KI-3, KI-5, KI-6."""
    check, kind, body = BAD[number]
    with pytest.raises(RemoteError):
        check(kind, body)


def test_a_kind_that_is_unknown_or_reserved_has_no_schema_but_its_number_of_fields() -> None:
    """KI-1, KI-5."""
    acts = set(range(64)) - {int(kind) for kind in ActKind}
    statements = set(range(64)) - {1, 2, 3, 4, 5, 8}
    assert {int(NodeKind.RESUME), int(NodeKind.CHECKPOINT)} <= statements
    for check, kinds in ((bodies.check_act, acts), (bodies.check_statement, statements)):
        for kind in kinds:
            check(kind, (None, 1, b"", "", ()))
            check(kind, (0,) * 64)
            with pytest.raises(RemoteError):
                check(kind, (0,) * 65)
