"""What people do at an end, asked of its desk. What the desk refuses is refused; that is no fault.

Every text begins with who says it to whom, so that a message that shows up elsewhere is known for what it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from parley.core.accord import Accord
from parley.core.errors import LocalError
from parley.core.objects import ObjectName, encode_name
from parley.core.types import POWERS_ALL, ActKind, Body, Precedence
from parley.keys import officer_signer
from parley.node import Room, courier
from parley.testing.sim import papers
from parley.testing.sim.end import COST, WORDS, End
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.scene import Scene

DONE_ALL_THE_SAME: Final = "look before you repeat"
"""How a desk's hint ends when the act is done and only the note of it failed: an officer looks, and so do we."""

_TEXTS: Final = (
    "No change.",
    "Patrol craft of ours leaves the channel eastward at 0400Z; it carries no weapons beyond its own.",
    "우리 측 순찰정은 04시에 수로 동쪽으로 나갑니다.\n확인을 바랍니다.",
    "A longer notice. " * 40,
    "긴 알림입니다. " * 60,
)
_LINES_MAX: Final = 6
_OFFICERS_MAX: Final = 6


def _line(scene: Scene, end: End, chance: random.Random) -> Room:
    return chance.choice(scene.lines(end))


def _who(scene: Scene, end: End, chance: random.Random) -> str:
    return chance.choice(scene.officers[end.index])


def _pair(end: End, chance: random.Random) -> str:
    return chance.choice(sorted(end.node.pairs))


def _draft(scene: Scene, end: End, chance: random.Random) -> str:
    precedence = chance.choice(("ROUTINE", "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"))
    room, answers = _line(scene, end, chance), ""
    if chance.random() < 0.2:
        theirs = [m for m in end.desk.messages(end.named(room)) if not m.ours]
        answers = theirs[0].ref if theirs else ""
    said = chance.choice(_TEXTS)
    language = "en" if said.isascii() else "ko"
    text = f"{end.key}>{room.pair.name} {said}"
    ref = end.desk.compose(
        end.named(room), text, "clerk", precedence=precedence, language=language, answers=answers
    ).ref
    scene.drafts.add((end.index, _number(ref)))
    return ref


def _release(scene: Scene, end: End, chance: random.Random, draft: str) -> None:
    number = _number(draft)
    before = end.store.released(number)
    known = (end.index, number) in scene.drafts
    scene.drafts.discard((end.index, number))  # also if a crash leaves it open
    try:
        end.desk.release(draft, chance.choice(("first", "second")), WORDS)
    except LocalError as e:
        if end.store.released(number) == before:
            if known:
                scene.drafts.add((end.index, number))
            raise
        if not e.hint.startswith("check the disk; look before you repeat"):  # 4
            raise Broken(4, f"{end.key} recorded a release that its desk refused: {e.text}") from None
    became = end.store.released(number)
    if became is None:
        raise Broken(4, f"{end.key} says that draft {number} is released, and has no record of it")
    scene.released.add((end.index, *became))


def _message(scene: Scene, end: End, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        _release(scene, end, chance, _draft(scene, end, chance))


def _release_draft(scene: Scene, end: End, chance: random.Random) -> None:
    drafts = end.desk.drafts()
    if drafts:
        _release(scene, end, chance, chance.choice(drafts).ref)


def _release_again(scene: Scene, end: End, chance: random.Random) -> None:
    """What a cut has kept back, under a new number."""
    kept = [w for w in end.store.waiting() if w.kept_back and w.draft is not None]
    if kept:
        found = chance.choice(kept)
        name = (end.index, found.line, found.author, found.number)
        known = name in scene.released
        scene.released.discard(name)  # also if a crash leaves it open
        try:
            _release(scene, end, chance, f"draft:{found.draft}")
        except LocalError:
            if known:
                scene.released.add(name)
            raise


def _acknowledge(scene: Scene, end: End, chance: random.Random) -> None:
    wanting = end.desk.needs_us()
    if wanting:
        grade = chance.choice(("seen", "read back", "will comply", "cannot comply", "stand by", "noted"))
        words = chance.choice(("read back", "다시 읽음")) if grade == "read back" else None
        end.desk.acknowledge(chance.choice(wanting).ref, grade, _who(scene, end, chance), WORDS, words)


def _sever(scene: Scene, end: End, chance: random.Random) -> None:
    line = end.named(_line(scene, end, chance))
    end.desk.sever(line, "a simulated reason", _who(scene, end, chance), WORDS)


def _sever_all(scene: Scene, end: End, chance: random.Random) -> None:
    end.desk.sever(None, "all of them", _who(scene, end, chance), WORDS, pair=_pair(end, chance))


def _offer(scene: Scene, end: End, chance: random.Random) -> None:
    opens_at = end.node.now() + chance.choice((0, 0, 20, 120))
    line = end.named(_line(scene, end, chance))
    end.desk.offer_restore(line, opens_at, _who(scene, end, chance), WORDS)


def _reopen(scene: Scene, end: End, chance: random.Random) -> None:
    """Both officers of one side behind terms for every line that is not open."""
    for view in end.desk.lines():
        if view.declared != "OPEN" and end.up:
            terms = end.desk.offer_restore(view.id, end.node.now(), "first", WORDS)
            scene.advance(chance.choice((0.0, 0.1, 1.0)))
            if end.up:
                end.desk.agree(terms.ref, "second", WORDS)


def _agree(scene: Scene, end: End, chance: random.Random) -> None:
    terms = [t for t in end.desk.terms() if t.state != "settled"]
    if terms:
        end.desk.agree(chance.choice(terms).ref, _who(scene, end, chance), WORDS)


def _agree_to_all(scene: Scene, end: End, chance: random.Random) -> None:
    for terms in end.desk.terms():
        for by in ("first", "second"):
            if terms.state != "settled" and end.up:
                try:
                    end.desk.agree(terms.ref, by, WORDS)
                except LocalError:
                    continue


def _withdraw_terms(scene: Scene, end: End, chance: random.Random) -> None:
    terms = [t for t in end.desk.terms() if t.state != "settled"]
    if terms:
        end.desk.withdraw_terms(chance.choice(terms).ref, _who(scene, end, chance), WORDS)


def _cancel(scene: Scene, end: End, chance: random.Random) -> None:
    ours = [m for m in end.desk.messages() if m.ours]
    if ours:
        end.desk.cancel(chance.choice(ours).ref, _who(scene, end, chance), WORDS, "overtaken")


def _withdraw(scene: Scene, end: End, chance: random.Random) -> None:
    drafts = list(end.desk.drafts())
    waiting = [m for m in end.desk.messages() if m.ours and m.state == "RELEASED"]
    if drafts or waiting:
        ref = chance.choice([m.ref for m in (*drafts, *waiting)])
        if ref.startswith("draft:"):
            scene.drafts.discard((end.index, _number(ref)))
        else:
            name, _, numbers = ref.rsplit(":", 2)
            author, number = (int(n) for n in numbers.split("/"))
            line = bytes.fromhex(end.desk.line(name).id)
            scene.released.discard((end.index, line, author, number))  # also if a crash leaves it open
        end.desk.withdraw(ref, _who(scene, end, chance), WORDS)


def _call(scene: Scene, end: End, chance: random.Random) -> None:
    room = _line(scene, end, chance)
    scene.called.add(room.id)
    end.desk.call(end.named(room), _who(scene, end, chance))


def _answer(scene: Scene, end: End, chance: random.Random) -> None:
    for view in end.desk.lines():
        if view.ringing:
            end.desk.answer(view.id, _who(scene, end, chance))


def _watch(scene: Scene, end: End, chance: random.Random) -> None:
    if chance.random() < 0.5:
        end.desk.take_watch(_who(scene, end, chance))
    else:
        end.desk.hand_over()


def _amend(scene: Scene, end: End, chance: random.Random) -> None:
    """A later version of a line's accord, with another quorum."""
    room = _line(scene, end, chance)
    now = room.line.accords[-1][1]
    amended = Accord(
        now.name,
        now.nonce,
        now.version + 1,
        languages=now.languages,
        schedule=now.schedule,
        quorum_restore=3 - now.quorum_restore,
        second_person=now.second_person,
    )
    end.desk.offer_line(room.pair.name, amended, "first", WORDS)


def _new_line(scene: Scene, end: End, chance: random.Random) -> None:
    name = _pair(end, chance)
    pair = scene.pair_of(end, name)
    if scene.offered[pair] < _LINES_MAX:
        end.desk.offer_line(name, scene.accord(end, pair, chance.choice((1, 2))), "first", WORDS)


def _new_officer(scene: Scene, end: End, chance: random.Random) -> None:
    names = scene.officers[end.index]
    name = f"officer-{len(names) + 1}"
    if len(names) < _OFFICERS_MAX:
        names.append(name)
        end.desk.add_officer(name, f"office {name}", POWERS_ALL, Precedence.FLASH, WORDS, WORDS, COST)


def _rekey(scene: Scene, end: End, chance: random.Random) -> None:
    """A new epoch of our direction of a line, order wires too."""
    end.node.rekey(chance.choice(end.node.rooms()))


def _object(scene: Scene, end: End, chance: random.Random) -> None:
    """A letter, released with the object that it names."""
    room, node = _line(scene, end, chance), end.node
    found, signer = officer_signer(end.path, _who(scene, end, chance), WORDS)
    data, salt = chance.randbytes(chance.choice((1, 300, 4096, 5000, 20_000, 60_000))), chance.randbytes(32)
    precedence = chance.choice((Precedence.ROUTINE, Precedence.FLASH))

    def release() -> None:
        named = node.keep_object(room, data, salt)
        body = letter_naming(named, chance.randint(1, 1000))
        cose, _ = node.sign(room, ActKind.LETTER, body, precedence, found.officer.author, signer)
        node.release(room, cose, body)

    node.turn(release)
    scene.figures.count("objects", "named")


def letter_naming(named: ObjectName, number: int) -> Body:
    """The body of a letter without a tender."""
    print_, content = b"f" * 32, b"c" * 32
    return (None, 1, "Office A", "Office B", None, number, print_, print_, encode_name(named), content)


def _courier(scene: Scene, end: End, chance: random.Random) -> None:
    """A file by hand, which is taken after a while: once, twice, damaged, or never."""
    room, made_by = _line(scene, end, chance), end.key
    given = courier.courier_out(end.node, room)
    scene.figures.count("courier files", "made")
    for frame in courier.decode(given.data)[0]:
        scene.ledger.left(made_by, end.node, frame, room.pair.name)
    other = next(e for e in scene.ends if e.key == room.pair.name)
    data, fate = given.data, chance.random()
    if fate < 0.2:
        at = chance.randrange(len(data))
        cut_short = chance.random() < 0.5
        data = data[:at] + (
            b"" if cut_short else bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]
        )
        scene.figures.count("courier files", "damaged")
    after_s = chance.choice((0.0, 1.0, 30.0, 300.0))

    def taken() -> None:
        if not other.up or fate > 0.9:
            scene.figures.count("courier files", "lost")
            return
        try:
            courier.courier_in(other.node, data)
            scene.figures.count("courier files", "taken")
        except LocalError:
            scene.figures.count("courier files", "refused")

    scene.clock.call_later(after_s, taken)
    if 0.2 < fate < 0.5:
        scene.figures.count("courier files", "taken twice")
        scene.clock.call_later(after_s + chance.choice((0.0, 5.0, 100.0)), taken)


def _number(draft: str) -> int:
    return int(draft.removeprefix("draft:"))


SPOKEN: Final[dict[str, Callable[[Scene, End, random.Random], object]]] = {
    "message": _message,
    "draft": _draft,
    "release": _release_draft,
    "release again": _release_again,
    "acknowledge": _acknowledge,
    "sever": _sever,
    "sever all": _sever_all,
    "offer": _offer,
    "reopen": _reopen,
    "agree": _agree,
    "agree to all": _agree_to_all,
    "withdraw terms": _withdraw_terms,
    "cancel": _cancel,
    "withdraw": _withdraw,
    "call": _call,
    "answer": _answer,
    "watch": _watch,
    "amend": _amend,
    "new line": _new_line,
    "new officer": _new_officer,
    "rekey": _rekey,
    "object": _object,
    "courier": _courier,
    "letters": papers.something,
}
"""By the name of a step: what it asks of a desk, or of a node where the desk has no such question."""
