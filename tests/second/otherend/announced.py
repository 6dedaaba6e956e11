"""The file that proves one announcement (spec 18.6), from its bytes: no node, no secret, no key of the line."""

from dataclasses import dataclass

from otherend import bodies, cbor, signed, suite, tree
from otherend.fields import exactly, items, octets, record
from otherend.refused import Refused, check, under

MOST = 32768
RULE = "AN-11"


def some_bytes(value: object) -> bool:
    return type(value) is bytes


def salted(value: object) -> bool:
    return type(value) is list and len(value) == 2 and octets(32)(value[0])


SHOWN = record(some_bytes, items(lambda one: octets(32)(one) or salted(one), 1, 64))
FILE = record(
    exactly("parley/announcement-disclosure/1"), some_bytes, *[record(some_bytes, lambda _: True)] * 2
)
MAY_BE_WITHHELD = {0, 5}  # terms and points


@dataclass(frozen=True)
class Verdict:
    party: str
    fingerprint: bytes
    office: str
    body: list[object]  # null where it is withheld
    points_told: bool
    pinned: str


class Misfit(Refused):
    """`where`: the part that does not hold, `file`, `card`, `delegation` or `announcement`."""

    def __init__(self, rule: str, why: str, where: str) -> None:
        super().__init__(rule, f"{where}, {why}")
        self.where = where


def verify(data: bytes, pins: tuple[bytes, ...] = ()) -> Verdict:
    where = "file"
    try:
        check(len(data) <= MOST, RULE, "too long")
        value = cbor.decode(data)
        check(FILE(value), RULE, "no disclosure")
        _, card_bytes, roster_part, text_part = value
        where = "card"
        card = under(RULE, lambda: signed.card(card_bytes))
        fingerprint = suite.key_id(card.root_key)
        check(not pins or fingerprint in pins, "AN-12", "another root key than was given")
        where = "delegation"
        roster, by_root = act(roster_part)
        check(roster.author == 0 and roster.kind == bodies.ROSTER, RULE, "no ROSTER of the root key")
        by_root.verify(card.root_key, RULE)
        delegations = fields(roster, roster_part[1])
        shown = [one for one in delegations if one is not None]
        check(bodies.ACTS[bodies.ROSTER](shown), RULE, "no delegation is shown, or one without its schema")
        for _, key, *_ in shown:
            suite.check_key(key)  # else the whole ROSTER delegates nothing (PA-11)
        where = "announcement"
        text, by_officer = act(text_part)
        check(text.kind == bodies.ANNOUNCEMENT, RULE, "another act")
        check(text.party == roster.party, RULE, "of the other party")
        delegation = next((one for one in shown if one[0] == text.author), None)
        check(delegation is not None, RULE, "an author whose delegation is not shown")
        check(bool(delegation[4] & bodies.RELEASE), RULE, "without the power to release")
        by_officer.verify(delegation[1], RULE)
        body = fields(text, text_part[1])
        hidden = {place for place, one in enumerate(text_part[1]) if type(one) is bytes}
        check(hidden <= MAY_BE_WITHHELD, RULE, "withholds more than terms and points")
        check(bodies.ACTS[bodies.ANNOUNCEMENT](body), RULE, "without its schema")
    except Refused as refused:
        raise Misfit(refused.rule if refused.rule == "AN-12" else RULE, str(refused), where) from None
    pinned = "pinned" if pins else "identity NOT pinned"
    return Verdict(card.party, fingerprint, delegation[2], body, 5 not in hidden, pinned)


def act(part: list[object]) -> tuple[signed.Act, signed.Signed]:
    check(SHOWN(part), RULE, "no act with its fields")
    one = signed.tagged(part[0])
    said = signed.read_payload(one.payload)
    check(isinstance(said, signed.Act), RULE, "a statement")
    return said, one


def fields(said: signed.Act, told: list[object]) -> list[object]:
    """The fields that were committed to, null where one is withheld."""
    hashes = [
        one if type(one) is bytes else signed.field_hash(said.kind, len(told), place, *one)
        for place, one in enumerate(told)
    ]
    check(tree.root(hashes) == said.commitment, RULE, "not what was committed to")
    return [None if type(one) is bytes else one[1] for one in told]
