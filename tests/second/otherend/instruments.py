"""Runners of the vectors for letters on a line, announcements, appointments and contacts."""

from collections.abc import Callable
from dataclasses import asdict

from otherend import announced, bodies, cbor, contacts, passages
from otherend.refused import check
from otherend.vector import Vector, raw, same


def run_accord_2(vector: Vector) -> None:
    same(bodies.accord_terms(raw(vector, "terms")).hash, raw(vector, "hash"))


def run_appointment(vector: Vector) -> None:
    same(bodies.appointment_terms(raw(vector, "terms")).hash, raw(vector, "hash"))


def run_hour(vector: Vector) -> None:
    read = bodies.hour_terms(raw(vector, "terms"))
    same(
        [read.hour, read.subject, read.points, read.nonce.hex(), read.hash.hex()],
        [vector[name] for name in ("hour", "subject", "points", "nonce", "hash")],
    )


def run_announcement_body(vector: Vector) -> None:
    fits = bodies.fits(False, bodies.ANNOUNCEMENT, cbor.decode(raw(vector, "body")))
    check(fits, "AN-2", "a body without its schema")


def run_disclosure(vector: Vector) -> None:
    try:
        told = announced.verify(raw(vector, "file"))
    except announced.Misfit as misfit:
        same(misfit.where, vector["where"])
        raise
    terms = told.body[0]
    found = {
        "party": told.party,
        "fingerprint": told.fingerprint.hex(),
        "office": told.office,
        "title": told.body[4],
        "terms": terms and terms.hex(),
        "points_told": told.points_told,
    }
    same(found, {name: vector[name] for name in found})
    same(told.pinned, "identity NOT pinned")
    same(announced.verify(raw(vector, "file"), (told.fingerprint,)).pinned, "pinned")
    try:
        announced.verify(raw(vector, "file"), (bytes(32),))
    except announced.Misfit as misfit:
        same(misfit.rule, "AN-12")
    else:
        raise AssertionError("a file of another root key than was given")


def run_passage(vector: Vector) -> None:
    acts = []
    for one in vector["acts"]:
        body = None if one["body"] is None else cbor.decode(raw(one, "body"))
        assert body is None or bodies.fits(False, one["kind"], body)
        acts.append(
            passages.Said(one["party"], one["sequence"], one["kind"], raw(one, "id"), body, one["covered"])
        )
    for given in (acts, acts[::-1]):
        told = passages.Acts(given)
        same(
            [
                [one.id.hex(), one.party, one.state, one.tier, one.replaced_by and one.replaced_by.hex()]
                for one in told.passages()
            ],
            [
                [one[name] for name in ("id", "party", "state", "tier", "replaced_by")]
                for one in vector["passages"]
            ],
        )
        same(
            [
                [
                    one.party,
                    one.writer.hex(),
                    one.addressee.hex(),
                    one.both,
                    one.on_the_way,
                    each(one),
                    one.twice,
                ]
                for one in told.series()
            ],
            [
                [
                    one[name]
                    for name in ("party", "writer", "addressee", "both", "on_the_way", "missing", "twice")
                ]
                for one in vector["series"]
            ],
        )


def each(one: passages.Series) -> list[int]:
    """The files name every missing number."""
    return [number for first, last in one.missing for number in range(first, last + 1)]


def run_slots(vector: Vector) -> None:
    versions = [(one["adopted"], contacts.accord(raw(one, "terms"))) for one in vector["versions"]]
    told = contacts.slots(versions, vector["after"], vector["until"])
    same([asdict(one) for one in told], vector["slots"])


def run_entered(vector: Vector) -> None:
    given = [
        contacts.Became(*[one[name] for name in ("at", "calls", "answered", "noted", "next")])
        for one in vector["slots"]
    ]
    told = list(contacts.entered(given))
    same([one for one, _ in told], [one["entered"] for one in vector["slots"]])
    same([missed for _, missed in told], [one["missed"] for one in vector["slots"]])
    assert all(bodies.fits(True, bodies.CONTACT, body) for entered, _ in told for body in entered)


def run_test(vector: Vector) -> None:
    head = [vector[name] for name in ("precedence", "subject")]
    same(contacts.document_test(*head), vector["number"])
    same(contacts.proves(vector["texts"], *head, [vector["text"]], vector["read_back"]), vector["proven"])


def run_calendar(vector: Vector) -> None:
    version = (vector["adopted"], contacts.accord(raw(vector, "terms")))
    seen = contacts.Seen(vector["ours"], vector["theirs"], vector["cut"])
    days = range(vector["first_day"], vector["last_day"] + 1)
    told = contacts.calendar(version, seen, days, vector["now"])
    same(
        [[[at, mark] for at, mark, _ in day] for day in told],
        [one["slots"] for one in vector["days"]],
    )
    same(
        [contacts.two(day) for day in told],
        [one["two"] for one in vector["days"]],
    )


RUNNERS: dict[str, Callable[[Vector], object]] = {
    "wire/terms-accord2": run_accord_2,
    "wire/terms-appointment": run_appointment,
    "announcements/hour": run_hour,
    "announcements/body": run_announcement_body,
    "announcements/disclosure": run_disclosure,
    "letters/passage": run_passage,
    "contacts/slots": run_slots,
    "contacts/entered": run_entered,
    "contacts/test": run_test,
    "contacts/calendar": run_calendar,
}
