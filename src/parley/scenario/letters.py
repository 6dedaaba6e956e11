"""Steps of letters and appointments in a scenario (spec 19, 20).

The principals of a play are made by it: a key for each party, in the folder of the play and at no end. A letter is
sealed when its step comes, handed in, released; what is taken out at the other end is opened with the addressee's key
alone. Texts of letters are invented, and are in the file and in the sealed letter and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parley.core.errors import LocalError
from parley.core.instruments.letter import ANSWER_WORDS, CLASS_WORDS, TIER_WORDS
from parley.core.instruments.sealed import Content
from parley.core.types import Power, Seconds, Tier
from parley.desk.appointments import OCCASION_WORDS
from parley.desk.letters import PaperView
from parley.keys import Cost
from parley.keys import principal as principals
from parley.scenario.deeds import Deed, Expected, Facts, Ground, Kind, Read
from parley.scenario.format import Party
from parley.scenario.table import Table

CHEAP = Cost(64, 1, 1)  # the keys of a play protect nothing


@dataclass(slots=True)
class Kept:
    """What a play remembers of letters: by id, the ref at its sender's desk and its text; by party, its principal."""

    refs: dict[str, tuple[str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, principals.Principal] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    appointments: dict[str, str] = field(default_factory=dict)

    def ref(self, party: str, letter: str) -> str:
        """The ref of a letter at the desk of `party`. Raises LocalError if an earlier step was refused."""
        sender, ref = self.refs.get(letter, ("", ""))
        if not ref:
            raise LocalError(f"the letter {letter!r} was never tendered", "an earlier step was refused")
        return ref if sender == party else ref.replace(":ours:", ":theirs:")

    def principal(self, ground: Ground, party: str) -> principals.Principal:
        """The principal of a party, made when first asked for."""
        if party not in self.keys:
            path = ground.folder / f"{party}.principal"
            principals.make_principal(path, f"Principal of {party}", ground.passphrase, CHEAP)
            self.keys[party] = principals.unlock_principal(path, ground.passphrase)
        return self.keys[party]


@dataclass(frozen=True, slots=True)
class Signed:
    """What all these deeds have: the line, who prepares, who releases."""

    lines: tuple[str, ...]
    drafter: str
    officer: str

    def released(self, ground: Ground, party: str, paper: PaperView) -> str:
        """Releases what was prepared; gives the ref of the act."""
        return ground.desk(party).letters.release(paper.ref, self.officer, ground.passphrase).ref


@dataclass(frozen=True, slots=True)
class TenderDeed(Signed):
    id: str
    kind: str
    in_whose_name: str
    to_whom: str
    rank: str
    instead_of: str | None

    def take(self, ground: Ground, party: str) -> None:
        kept = ground.kept(Kept)
        paper = ground.desk(party).letters.tender(
            ground.line_name(self.lines[0]),
            self.drafter,
            in_whose_name=self.in_whose_name,
            to_whom=self.to_whom,
            rank=self.rank,
            kind=self.kind,
            instead_of="" if self.instead_of is None else kept.ref(party, self.instead_of),
        )
        kept.refs[self.id] = party, self.released(ground, party, paper)


@dataclass(frozen=True, slots=True)
class AnswerDeed(Signed):
    letter: str
    answer: str
    reason: str

    def take(self, ground: Ground, party: str) -> None:
        ref = ground.kept(Kept).ref(party, self.letter)
        paper = ground.desk(party).letters.answer(ref, self.answer, self.drafter, reason=self.reason)
        self.released(ground, party, paper)


@dataclass(frozen=True, slots=True)
class LetterDeed(Signed):
    """The letter. `tendered`: its id is that of a tender; else it names itself, and its class passes without."""

    id: str
    tendered: bool
    text: str
    language: str
    address: str
    tier: Tier
    kind: str
    in_whose_name: str
    to_whom: str

    def take(self, ground: Ground, party: str) -> None:
        kept = ground.kept(Kept)
        ours = kept.principal(ground, party)
        to = kept.principal(ground, ground.other(party)).card
        content = Content(
            self.language, self.address or None, None, self.tier, tuple(self.text.splitlines()), None
        )
        with principals.held_book(ours, ground.folder / f"{party}.principal") as book:
            made, after = principals.seal(ours, book.book, to, content, ground.now())
            book.keep(after)
        kept.texts[self.id] = self.text
        paper = ground.desk(party).letters.hand_in(
            made.data,
            self.drafter,
            ref=kept.ref(party, self.id) if self.tendered else "",
            line=ground.line_name(self.lines[0]),
            in_whose_name=self.in_whose_name,
            to_whom=self.to_whom,
            kind=self.kind,
        )
        ref = self.released(ground, party, paper)
        if not self.tendered:
            kept.refs[self.id] = party, ref


@dataclass(frozen=True, slots=True)
class OpenDeed:
    """The addressee takes the sealed letter, opens it on a machine of their own, and reads what was written."""

    lines: tuple[str, ...]
    letter: str
    officer: str

    def take(self, ground: Ground, party: str) -> None:
        kept, desk = ground.kept(Kept), ground.desk(party)
        ref = kept.ref(party, self.letter)
        data = desk.letters.sealed_letter(ref)
        if kept.texts[self.letter].encode() in data:
            raise LocalError(f"the letter {self.letter!r} lies open at the end of {party}", "")
        ours, sender = kept.principal(ground, party), kept.principal(ground, ground.other(party)).card
        with principals.held_book(ours, ground.folder / f"{party}.principal") as book:
            found, after = principals.open_letter(ours, book.book, sender, data)
            book.keep(after)
        if "\n".join(found.letter.content.paragraphs) != kept.texts[self.letter]:
            raise LocalError(f"the letter {self.letter!r} says something else than was written", "")
        desk.letters.acknowledge(ref, self.officer, ground.passphrase)


@dataclass(frozen=True, slots=True)
class TierDeed(Signed):
    letter: str
    tier: str

    def take(self, ground: Ground, party: str) -> None:
        ref = ground.kept(Kept).ref(party, self.letter)
        self.released(ground, party, ground.desk(party).letters.tier(ref, self.tier, self.drafter))


@dataclass(frozen=True, slots=True)
class CarryDeed:
    """A courier takes a file with all that waits on a line."""

    lines: tuple[str, ...]
    id: str
    officer: str

    def take(self, ground: Ground, party: str) -> None:
        path = str((ground.folder / f"{self.id}.courier").absolute())
        ground.desk(party).objects.courier_out(ground.line_name(self.lines[0]), path, self.officer)
        ground.kept(Kept).files[self.id] = path


@dataclass(frozen=True, slots=True)
class BringDeed:
    """The courier has come: the file is taken in."""

    lines: tuple[str, ...]
    file: str
    officer: str

    def take(self, ground: Ground, party: str) -> None:
        path = ground.kept(Kept).files.get(self.file)
        if path is None:
            raise LocalError(f"the file {self.file!r} was never made", "an earlier step was refused")
        ground.desk(party).objects.courier_in(path, self.officer)


# --- appointments -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AppointDeed:
    lines: tuple[str, ...]
    id: str
    officer: str
    occasion: str
    hour: Seconds
    lasts: int
    place: str
    ours: str
    theirs: str
    purpose: str

    def take(self, ground: Ground, party: str) -> None:
        ground.kept(Kept).appointments[self.id] = (
            ground.desk(party)
            .appointments.offer(
                ground.line_name(self.lines[0]),
                self.officer,
                ground.passphrase,
                occasion=self.occasion,
                at=self.hour,
                lasts=self.lasts,
                place=self.place,
                who_ours=self.ours,
                who_theirs=self.theirs,
                purpose=self.purpose,
            )
            .ref
        )


@dataclass(frozen=True, slots=True)
class MoveDeed:
    """Other terms in the place of an appointment: another hour, a read-out line, or that it is called off."""

    lines: tuple[str, ...]
    id: str
    appointment: str
    officer: str
    hour: Seconds | None
    read_out: str
    reason: str
    off: bool

    def take(self, ground: Ground, party: str) -> None:
        kept, desk = ground.kept(Kept), ground.desk(party).appointments
        ref, words = _appointment(kept, self.appointment), ground.passphrase
        if self.off:
            made = desk.call_off(ref, self.officer, words, reason=self.reason)
        else:
            made = desk.move(
                ref, self.officer, words, reason=self.reason, at=self.hour, read_out=self.read_out
            )
        kept.appointments[self.id] = made.ref


@dataclass(frozen=True, slots=True)
class AgreeAppointmentDeed:
    lines: tuple[str, ...]
    appointment: str
    officer: str

    def take(self, ground: Ground, party: str) -> None:
        ref = _appointment(ground.kept(Kept), self.appointment)
        ground.desk(party).agree(ref, self.officer, ground.passphrase)


def _appointment(kept: Kept, name: str) -> str:
    ref = kept.appointments.get(name)
    if ref is None:
        raise LocalError(f"the appointment {name!r} was never offered", "an earlier step was refused")
    return ref


# --- reading ----------------------------------------------------------------------------------


def _tender(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    drafter, officer = _officers(read, t, party)
    instead_of = str(read.known(t, "letter", "instead_of")[0]) if t.has("instead_of") else None
    t.asked.append("instead_of")
    return TenderDeed(
        (line,),
        drafter,
        officer,
        _id(read, t, "letter", (party.key, line)),
        t.choice("class", _by_word(CLASS_WORDS), "personal letter"),
        t.named("in_whose_name"),
        t.named("to_whom"),
        t.text("rank", ""),
        instead_of,
    )


def _answer(read: Read, t: Table, party: Party) -> Deed:
    letter, line = _letter_of(read, t, party, theirs=True)
    drafter, officer = _officers(read, t, party)
    answer = t.choice("answer", _by_word(ANSWER_WORDS))
    return AnswerDeed((line,), drafter, officer, letter, answer, t.text("reason", ""))


def _letter(read: Read, t: Table, party: Party) -> Deed:
    tendered = t.has("letter")
    name = in_whose_name = to_whom = ""
    kind = "personal letter"
    if tendered:
        name, line = _letter_of(read, t, party, theirs=False)
    else:
        line = read.line_of(t)
        name = _id(read, t, "letter", (party.key, line))
        kind = t.choice("class", _by_word(CLASS_WORDS))
        in_whose_name, to_whom = t.named("in_whose_name"), t.named("to_whom")
    t.asked.append("letter")
    drafter, officer = _officers(read, t, party)
    tiers = {str(word): tier for tier, word in TIER_WORDS.items()}
    tier = tiers[t.choice("tier", tiers, "existence")]
    plan = read.plan(line)
    spoken = next((x for x in party.languages if x in plan.languages), plan.languages[0])
    return LetterDeed(
        (line,), drafter, officer, name, tendered, t.text("text"), t.text("language", spoken),
        t.text("form_of_address", ""), tier, kind, in_whose_name, to_whom,
    )  # fmt: skip


def _open(read: Read, t: Table, party: Party) -> Deed:
    letter, line = _letter_of(read, t, party, theirs=True)
    return OpenDeed((line,), letter, read.officer(t, party, Power.ACKNOWLEDGE))


def _tier(read: Read, t: Table, party: Party) -> Deed:
    letter, about = read.known(t, "letter")
    drafter, officer = _officers(read, t, party)
    assert isinstance(about, tuple)
    return TierDeed((about[1],), drafter, officer, letter, t.choice("tier", _by_word(TIER_WORDS)))


def _carry(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    return CarryDeed((line,), _id(read, t, "file", (party.key, line)), read.officer(t, party, Power.NONE))


def _bring(read: Read, t: Table, party: Party) -> Deed:
    file, about = read.known(t, "file")
    assert isinstance(about, tuple)
    if about[0] == party.key:
        t.fail(f"{file!r} is a file of {party.key} itself", "the other party takes it in", "file")
    return BringDeed((about[1],), file, read.officer(t, party, Power.NONE))


def _appoint(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    return AppointDeed(
        (line,),
        _id(read, t, "appointment", (party.key, line)),
        read.officer(t, party, Power.RELEASE),
        t.choice("occasion", _by_word(OCCASION_WORDS)),
        t.instant("hour")[0],
        t.duration("lasts", 0, 0, 31 * 86400),
        t.text("place", ""),
        t.text("ours", ""),
        t.text("theirs", ""),
        t.text("purpose", ""),
    )


def _move(read: Read, t: Table, party: Party) -> Deed:
    appointment, about = read.known(t, "appointment")
    assert isinstance(about, tuple)
    hour = t.instant("hour")[0] if t.has("hour") else None
    t.asked.append("hour")
    off = t.flag("off", False)
    return MoveDeed(
        (about[1],),
        _id(read, t, "appointment", about),
        appointment,
        read.officer(t, party, Power.RELEASE),
        hour,
        t.text("read_out", ""),
        t.text("reason"),
        off,
    )


def _agree(read: Read, t: Table, party: Party) -> Deed:
    appointment, about = read.known(t, "appointment")
    assert isinstance(about, tuple)
    return AgreeAppointmentDeed((about[1],), appointment, read.officer(t, party, Power.RELEASE))


def _letter_of(read: Read, t: Table, party: Party, *, theirs: bool) -> tuple[str, str]:
    """A letter of the other party, or of this one, and its line."""
    letter, about = read.known(t, "letter")
    assert isinstance(about, tuple)
    if (about[0] != party.key) != theirs:
        whose = "the other party" if theirs else party.key
        t.fail(f"{letter!r} is not a letter of {whose}", "name another", "letter")
    return letter, about[1]


def _officers(read: Read, t: Table, party: Party) -> tuple[str, str]:
    officer = read.officer(t, party, Power.RELEASE)
    return read.officer(t, party, Power.NONE, "drafter", officer), officer


def _id(read: Read, t: Table, kind: str, about: tuple[str, str]) -> str:
    return read.new(t, kind, about)


def _by_word(words: Mapping[Any, str]) -> dict[str, object]:
    return {str(word): value for value, word in words.items()}


# --- what can be expected ---------------------------------------------------------------------


def _letter_facts(ground: Ground, party: str, letter: str) -> Facts:
    kept = ground.kept(Kept)
    try:
        view = ground.desk(party).letters.get(kept.ref(party, letter))
    except LocalError:
        return {"held": False, "state": "", "whole": False, "tier": "", "number": 0, "asked": False}
    return {
        "held": True,
        "state": str(view.state),
        "whole": view.whole,
        "tier": str(view.tier),
        "number": view.number or 0,
        "asked": not view.unasked,
    }


def _count_facts(ground: Ground, party: str, line: str) -> Facts:
    counted = ground.desk(party).letters.count(ground.line_name(line))
    return {
        "ours": sum(s.both for s in counted if s.ours),
        "theirs": sum(s.both for s in counted if not s.ours),
        "on_the_way": sum(s.on_the_way for s in counted),
        "missing": sum(len(s.missing) for s in counted),
    }


def _appointment_facts(ground: Ground, party: str, appointment: str) -> Facts:
    kept = ground.kept(Kept)
    try:
        view = ground.desk(party).appointments.get(_appointment(kept, appointment))
    except LocalError:
        return {"held": False, "state": "", "read_out": ""}
    return {"held": True, "state": str(view.state), "read_out": view.read_out}


_LETTER = {"held": bool, "state": str, "whole": bool, "tier": str, "number": int, "asked": bool}
_COUNT = {"ours": int, "theirs": int, "on_the_way": int, "missing": int}
_APPOINTMENT = {"held": bool, "state": str, "read_out": str}
_STEPS: dict[str, Callable[[Read, Table, Party], Deed]] = {
    "tender": _tender,
    "answer_tender": _answer,
    "letter": _letter,
    "open_letter": _open,
    "tier": _tier,
    "carry": _carry,
    "bring": _bring,
    "appoint": _appoint,
    "move_appointment": _move,
    "agree_appointment": _agree,
}
KIND = Kind(
    _STEPS,
    {
        "letter": Expected(_LETTER, _letter_facts),
        "letters": Expected(_COUNT, _count_facts, of_line=True),
        "appointment": Expected(_APPOINTMENT, _appointment_facts),
    },
    {
        "tender": ("Tenders a letter on {lines}.", "{lines}: 서한 전달 제의."),
        "answer_tender": ("Answers the tender on {lines}.", "{lines}: 전달 제의에 대한 답."),
        "letter": ("Hands a sealed letter in on {lines}.", "{lines}: 봉인된 서한 발송."),
        "open_letter": ("The addressee opens the letter.", "수신인이 서한을 개봉."),
        "tier": ("Says how much of a letter may be disclosed.", "서한의 공개 범위를 밝힘."),
        "carry": ("A courier takes a file of {lines}.", "{lines}: 인편으로 파일을 보냄."),
        "bring": ("The courier's file is taken in.", "인편으로 온 파일을 받음."),
        "appoint": ("Offers an appointment on {lines}.", "{lines}: 약속 일정 제안."),
        "move_appointment": ("Offers to change an appointment.", "약속 일정 변경 제안."),
        "agree_appointment": ("Agrees to an appointment.", "약속 일정에 동의."),
    },
)
