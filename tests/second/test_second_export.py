"""The export verifier of the second implementation, over files of its own making and over those in vectors/export."""

import pytest
from otherend import export, tree
from otherend.bodies import ADOPT, AGREE, MESSAGE, OFFER, SEVER
from otherend.pen import Pair, accord, opened, opening
from otherend.refused import Refused

WORDS = [["en", None, None, None, None, None, None, "A paragraph."]]


def whole() -> Pair:
    pair = opened()
    pair.act(0, MESSAGE, WORDS[0])
    pair.state(1)
    pair.act(1, SEVER, [None, 1_700_000_200, "en", "Grounds."], precedence=3)
    pair.state(0)
    pair.state(1)
    return pair


def test_a_whole_file_holds_and_tells_the_state() -> None:
    pair = whole()
    verdict = export.verify(pair.export([accord()]), pair.prints)
    assert verdict.findings == []
    assert verdict.sizes == [len(log) for log in pair.logs]
    assert verdict.pinned == "pinned"
    assert verdict.state["severed_by"] == [1]
    assert verdict.state["opens_at"] == 1_700_000_100
    assert verdict.state["judged_by"] == [tree.sha(accord())] * 2


def test_a_restore_that_names_the_sever_ends_it() -> None:
    pair = opened()
    act = pair.act(1, SEVER, [None, 1_700_000_200, "en", "Grounds."])
    severs = [[], []]
    severs[1].append(act)
    terms = opening(severs, 1_700_000_300)
    pair.state(0)
    pair.act(0, OFFER, [2, terms])
    pair.state(1)
    pair.act(1, AGREE, [tree.sha(terms)])
    assert export.verify(pair.export([accord()])).state["severed_by"] == [1]
    pair.state(0)
    assert export.verify(pair.export([accord()])).state["severed_by"] == []


def test_one_pin_leaves_the_identities_unpinned_and_a_strange_one_refuses() -> None:
    pair = whole()
    assert export.verify(pair.export([accord()]), pair.prints[:1]).pinned == "identities NOT pinned"
    with pytest.raises(Refused, match="XP-8"):
        export.verify(pair.export([accord()]), (bytes(32),))


@pytest.mark.parametrize("apart", [149, pytest.param(23, marks=pytest.mark.slow)])
def test_a_flipped_bit_is_refused_or_lies_in_the_terms_and_is_a_finding(apart: int) -> None:
    data = whole().export([accord()])
    assert export.verify(data).findings == []
    terms = range(data.index(accord()), data.index(accord()) + len(accord()))
    for at in range(0, len(data), apart):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        try:
            findings = export.verify(bytes(changed)).findings
        except Refused:
            continue
        assert at in terms
        assert {words for _, _, words in findings} == {"adopts terms the file does not carry"}


def test_a_file_cut_short_is_refused() -> None:
    data = whole().export([accord()])
    for size in range(0, len(data), 97):
        with pytest.raises(Refused):
            export.verify(data[:size])


def test_a_withheld_sever_hides_the_state_and_a_withheld_message_does_not() -> None:
    pair = whole()
    places = {
        entry: (party, place) for party in (0, 1) for place, (entry, _, _) in enumerate(pair.logs[party])
    }
    sever = next(at for at in places.values() if pair.logs[at[0]][at[1]][1][-1:] == ["Grounds."])
    message = next(at for at in places.values() if pair.logs[at[0]][at[1]][1] == WORDS[0])
    assert export.verify(pair.export([accord()], {sever})).state is None
    assert export.verify(pair.export([accord()], {message})).state["severed_by"] == [1]


def test_wrong_roots_are_refused_and_what_is_not_there_is_a_finding() -> None:
    pair = whole()
    pair.state(0, own_root=bytes(32))
    with pytest.raises(Refused, match="XP-6"):
        export.verify(pair.export([accord()]))
    pair = whole()
    pair.state(0, their_root=bytes(32))
    with pytest.raises(Refused, match="XP-6"):
        export.verify(pair.export([accord()]))
    pair = whole()
    pair.state(0, their_size=99)
    assert [words for _, _, words in export.verify(pair.export([accord()])).findings] == [
        "acknowledges what is not there"
    ]


def test_an_author_in_no_roster_is_a_finding_below_a_statement_only() -> None:
    pair = whole()
    pair.act(0, MESSAGE, WORDS[0], author=7, who="stranger")
    with pytest.raises(Refused, match="XP-10"):
        export.verify(pair.export([accord()]))
    pair.state(0)
    assert [words for _, _, words in export.verify(pair.export([accord()])).findings] == [
        "an author in no roster"
    ]


def test_an_adopt_of_terms_not_carried_is_a_finding() -> None:
    pair = whole()
    pair.state(0, ADOPT, [tree.sha(accord(version=2))])
    assert [words for _, _, words in export.verify(pair.export([accord()])).findings] == [
        "adopts terms the file does not carry"
    ]
    assert export.verify(pair.export([accord(), accord(version=2)])).findings == []


def test_what_one_accord_asks_for_is_not_settled_by_another() -> None:
    pair, terms = Pair(), opening([[], []], 1_700_000_100)
    for party in (0, 1):
        pair.state(party, ADOPT, [tree.sha(accord(quorum=2))])
    pair.act(0, OFFER, [2, terms])
    pair.state(1)
    pair.act(1, AGREE, [tree.sha(terms)])
    pair.state(0)
    assert export.verify(pair.export([accord(quorum=2)])).state["restores"] == []


def test_an_act_under_a_key_the_roster_does_not_give_has_no_effect_and_is_a_finding() -> None:
    pair = whole()
    pair.act(0, SEVER, [None, 1_700_000_400, "en", "Grounds."], who="stranger")
    pair.state(0)
    verdict = export.verify(pair.export([accord()]))
    assert [words for _, _, words in verdict.findings] == ["an author in no roster"]
    assert verdict.state["severed_by"] == [1]


def test_with_terms_the_file_does_not_carry_nothing_is_settled() -> None:
    verdict = export.verify(whole().export([accord(version=2)]))
    assert {words for _, _, words in verdict.findings} == {"adopts terms the file does not carry"}
    assert verdict.state["restores"] == []
