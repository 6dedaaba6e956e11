"""The chains of keys and the table they lie in, by themselves: counters, epochs, erasure points, crashes between."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from parley.core import suite
from parley.core.errors import LocalError
from parley.core.suite import KeyTree
from parley.core.wire import cbor
from parley.keys import NO_SECRET, Direction, ReceiveChain, SendChain, Taken, trees
from parley.keys.chains import BLOCK, COUNTER_MAX, first_rows
from parley.keys.table import SLOT_APART, SecretTable

LINE, SECRET, HOME_KEY = b"L" * 32, b"s" * 32, b"h" * 32
OURS = Direction(LINE, 0, (1, 1))
FIRST = suite.carried_value(SECRET, LINE)


def opened(path: Path) -> SecretTable:
    return SecretTable(path, HOME_KEY, sync=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    SecretTable.create(tmp_path, HOME_KEY, {"node": b"n" * 32})
    table = opened(tmp_path)
    sending, receiving = first_rows(OURS, SECRET)
    table.put(f"send/{LINE.hex()}", sending)
    table.put(f"receive/{LINE.hex()}", receiving)
    table.close()
    return tmp_path


class Both:
    """One direction, seen from both of its ends, on one table."""

    def __init__(self, place: Path) -> None:
        self.table = opened(place)
        self.send, self.receive = SendChain(self.table, OURS), ReceiveChain(self.table, OURS)

    def epoch(self, sequence: int, their_size: int = 0, ours: bytes = NO_SECRET) -> None:
        """An EPOCH at a place, taken and switched to."""
        leaf, secret = os.urandom(32), os.urandom(32)
        self.send.prepare(sequence, leaf, secret, ours, FIRST)
        self.receive.take(Taken(leaf, sequence, their_size, secret, (0, 0)), ours, FIRST)
        self.send.switch()

    def crosses(self) -> bool:
        counter, key = self.send.take()
        found = self.receive.key(self.send.tag, counter) == key
        self.receive.erase(self.send.tag, counter)
        return found


def test_every_frame_key_of_three_epochs_is_the_same_at_both_ends(place: Path) -> None:
    both = Both(place)
    for number in range(3):
        assert all(both.crosses() for _ in range(BLOCK + 3))
        both.epoch(number * 10)
    assert both.send.number == both.receive.number == 3
    assert both.crosses()


def test_a_gap_of_600_000_counters_wakes_up_at_once(place: Path) -> None:
    both = Both(place)
    whole = suite.key_tree(suite.epoch_seed(SECRET, LINE, 0, (1, 1), 0))
    assert both.crosses()
    key = both.receive.key(both.send.tag, 600_000)
    assert key == suite.frame_key(whole.leaf(600_000))
    both.receive.erase(both.send.tag, 600_000)
    both.receive.keep()
    ((_, tree),) = trees(both.table.get(f"receive/{LINE.hex()}") or b"").values()
    assert len(tree.nodes) <= 64
    assert both.receive.key(both.send.tag, 600_000) is None and both.receive.heard == (600_000, False)


def test_after_the_last_counter_comes_a_hash_only_epoch_and_no_counter_wraps(place: Path) -> None:
    """EP-2."""
    both = Both(place)
    row = cbor.items(cbor.decode(both.table.get(f"send/{LINE.hex()}") or b""))
    number, step, tag, _, tree, kept = cbor.items(row[0])
    late = suite.decode_tree(bytes(tree)).without_below(COUNTER_MAX - 2)  # type: ignore[arg-type]
    at_end = (number, step, tag, COUNTER_MAX - 2, suite.encode_tree(late), kept)
    both.table.put(f"send/{LINE.hex()}", cbor.encode((at_end, *row[1:])))
    both.send = SendChain(both.table, OURS)
    before = both.send.tag
    counters = []
    for _ in range(4):
        counter, key = both.send.take()
        counters.append(counter)
        assert both.receive.key(both.send.tag, counter) == key
        begun = both.receive.erase(both.send.tag, counter)
        assert begun == (counter == 1), "the first frame of the next epoch, and only that"
    assert counters == [COUNTER_MAX - 2, COUNTER_MAX - 1, 1, 2]
    assert both.send.tag != before and both.send.number == 0
    both.receive.stated(both.send.tag, 0)
    assert both.receive.retire(0) and both.receive.live == (both.send.tag,)
    both.epoch(5)
    assert both.crosses() and both.send.number == 1


def test_an_epoch_that_waits_is_kept_across_a_restart_and_one_that_never_was_is_forgotten(
    place: Path,
) -> None:
    both = Both(place)
    both.send.prepare(7, b"l" * 32, b"n" * 32, NO_SECRET, FIRST)
    again = SendChain(both.table, OURS)
    assert again.waiting == 7
    again.forget_unless(b"l" * 32)
    assert again.waiting == 7
    again.forget_unless(None)
    assert again.waiting is None and again.number == 0


def test_our_secrets_are_kept_as_long_as_an_epoch_of_theirs_may_refer_to_them(place: Path) -> None:
    both = Both(place)
    assert both.send.secret_below(100) == NO_SECRET
    said = []
    for sequence in (3, 6, 9):
        secret = os.urandom(32)
        both.send.prepare(sequence, os.urandom(32), secret, NO_SECRET, FIRST)
        said.append(secret)
        assert both.send.secret_below(sequence + 1) == secret, "also before their receipt"
        both.send.switch()
    assert [both.send.secret_below(size) for size in (3, 4, 7, 100)] == [NO_SECRET, *said]
    both.send.forget_below(8)
    assert both.send.secret_below(5) is None, "nothing honest refers to it any more"
    assert [SendChain(both.table, OURS).secret_below(size) for size in (7, 100)] == said[1:]


def test_what_an_echo_speaks_of_follows_from_the_size_they_state(place: Path) -> None:
    both = Both(place)
    assert both.send.number_known_at(0) == 0
    both.epoch(4)
    assert [both.send.number_known_at(size) for size in (4, 5)] == [0, 1]
    both.send.prepare(9, os.urandom(32), os.urandom(32), NO_SECRET, FIRST)
    assert [both.send.number_known_at(size) for size in (5, 9, 10)] == [1, 1, 2]


def test_the_former_epoch_goes_when_all_that_may_lie_under_it_is_held(place: Path) -> None:
    both = Both(place)
    old = both.send.tag
    assert both.crosses()
    both.epoch(4)
    assert both.receive.heard == (1, True)
    assert not both.receive.retire(100), "nothing of the new epoch was heard"
    both.receive.stated(old, 3)
    assert not both.receive.retire(100)
    assert both.crosses() and both.receive.heard == (1, False)
    both.receive.stated(both.send.tag, 8)
    assert not both.receive.retire(7)
    assert both.receive.retire(8)
    assert both.receive.live == (both.send.tag,) and old in both.receive.tags
    assert both.receive.key(old, 2) is None
    both.receive.keep()
    assert old in ReceiveChain(both.table, OURS).tags


def test_at_most_two_epochs_are_kept_whatever_is_heard(place: Path) -> None:
    both = Both(place)
    for sequence in range(1, 5):
        both.epoch(sequence)
        assert len(both.receive.live) == 2


# --- the table ----------------------------------------------------------------------------------


def rows(path: Path) -> dict[str, bytes]:
    db = apsw.Connection(str(path / "keys.db"), flags=apsw.SQLITE_OPEN_READONLY)
    found = {str(name): bytes(sealed) for name, sealed in db.execute("SELECT name, sealed FROM secrets")}
    db.close()
    return found


def wrapping_keys(path: Path, home_key: bytes = HOME_KEY) -> list[bytes]:
    """What both slots of keys.wrap give to whoever has the home key."""
    data, found = (path / "keys.wrap").read_bytes(), []
    for at in (0, SLOT_APART):
        slot = data[at : at + 60]
        try:
            found.append(AESGCMSIV(home_key).decrypt(slot[:12], slot[12:], b"parley/wrapping-key/1"))
        except Exception:
            continue
    return found


def opens(sealed: bytes, name: str, keys: list[bytes]) -> bool:
    for key in keys:
        try:
            AESGCMSIV(key).decrypt(sealed[:12], sealed[12:], name.encode())
            return True
        except Exception:
            continue
    return False


def test_what_lay_on_the_disk_before_an_erasure_point_opens_no_more(place: Path) -> None:
    """EP-13."""
    table = opened(place)
    table.put("frame tree", b"old")
    left_over = rows(place)["frame tree"]  # as a freed page or a log of changes would keep it
    table.put("frame tree", b"new")
    assert opens(left_over, "frame tree", wrapping_keys(place)), "writing over it is not enough"
    table.erase()
    assert len(wrapping_keys(place)) == 1
    assert not opens(left_over, "frame tree", wrapping_keys(place))
    assert table.get("frame tree") == b"new" and table.get("node") == b"n" * 32
    table.close()
    assert opened(place).get("frame tree") == b"new"


def test_a_crash_at_any_step_of_an_erasure_point_loses_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    overwrite = SecretTable._overwrite
    for step in range(4):
        table, steps = opened(place), [0]

        def counted(
            self: SecretTable, slot: int, data: bytes, steps: list[int] = steps, step: int = step
        ) -> None:
            if steps[0] == step:
                raise Crash
            steps[0] += 1
            overwrite(self, slot, data)
            if steps[0] == step:
                raise Crash

        monkeypatch.setattr(SecretTable, "_overwrite", counted)
        with contextlib.suppress(Crash):
            table.erase()
        monkeypatch.setattr(SecretTable, "_overwrite", overwrite)
        table.close()
        again = opened(place)
        assert again.get("node") == b"n" * 32
        assert len(wrapping_keys(place)) == 1, "the start finishes the overwriting"
        again.erase()
        assert again.get("node") == b"n" * 32
        again.close()


@pytest.mark.parametrize("spoil", [lambda d: d[:100], lambda d: bytes(len(d)), lambda d: os.urandom(len(d))])
def test_a_damaged_wrapping_key_is_said_and_nothing_is_written(
    place: Path, spoil: Callable[[bytes], bytes]
) -> None:
    file, before = place / "keys.wrap", (place / "keys.db").read_bytes()
    opened(place).close()
    before = (place / "keys.db").read_bytes()
    whole = file.read_bytes()
    file.write_bytes(spoil(whole) if spoil(whole) != whole[:100] else whole[:30])
    with pytest.raises(LocalError, match="damaged, put back from a copy, or of another end"):
        opened(place)
    assert (place / "keys.db").read_bytes() == before


def test_a_table_put_back_without_its_wrapping_key_does_not_open(place: Path) -> None:
    opened(place).close()
    copy = (place / "keys.db").read_bytes()
    table = opened(place)
    table.erase()
    table.close()
    for left in place.glob("keys.db-*"):
        left.unlink()
    (place / "keys.db").write_bytes(copy)
    with pytest.raises(LocalError, match="put back from a copy"):
        opened(place)


def version_1(path: Path) -> None:
    """The table of secrets as it was before there were epochs beyond the first."""
    aead = AESGCMSIV(HOME_KEY)
    seed = suite.epoch_seed(SECRET, LINE, 0, (1, 1), 0)
    tree: KeyTree = suite.key_tree(seed).without_below(257)
    kept = {
        "node": b"n" * 32,
        f"later epochs/{LINE.hex()}": FIRST,
        f"send/{LINE.hex()}": cbor.encode((suite.epoch_tag(seed), 257, suite.encode_tree(tree))),
        f"receive/{LINE.hex()}": cbor.encode(
            (suite.epoch_tag(seed), 1, suite.encode_tree(suite.key_tree(seed)))
        ),
    }
    db = apsw.Connection(str(path / "keys.db"))
    db.execute("CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID")
    for name, secret in kept.items():
        nonce = os.urandom(12)
        db.execute(
            "INSERT INTO secrets VALUES (?, ?)", (name, nonce + aead.encrypt(nonce, secret, name.encode()))
        )
    db.close()


def test_a_table_of_version_1_is_brought_to_version_2_and_its_lines_go_on(tmp_path: Path) -> None:
    version_1(tmp_path)
    both = Both(tmp_path)
    assert both.send.next_counter == 257 and both.crosses()
    both.epoch(3)
    assert both.crosses() and both.send.number == 1
    both.table.close()
    left_over = rows(tmp_path)["node"]
    assert not opens(left_over, "node", [HOME_KEY]), "sealed under the wrapping key now"


def test_a_table_of_a_newer_version_is_left_alone(place: Path) -> None:
    db = apsw.Connection(str(place / "keys.db"))
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(LocalError, match="newer than this program knows"):
        opened(place)


def test_a_row_of_either_side_tells_all_the_trees_in_it(place: Path) -> None:
    both = Both(place)
    both.epoch(1)
    assert set(trees(both.table.get(f"send/{LINE.hex()}") or b"")) == {both.send.tag}
    assert set(trees(both.table.get(f"receive/{LINE.hex()}") or b"")) == set(both.receive.live)


def test_a_peer_that_steps_through_hash_only_epochs_makes_us_keep_three(place: Path) -> None:
    """EP-10: else a thousand small frames would make a row that no start can read."""
    both = Both(place)
    for _ in range(50):
        tag = both.receive.tags[len(both.receive.live)]  # of the one after the latest
        assert both.receive.key(tag, 1) is not None
        both.receive.erase(tag, 1)
        both.receive.stated(tag, 2**32 - 1)
    assert len(both.receive.live) == 3
    both.receive.keep()
    assert ReceiveChain(both.table, OURS).live == both.receive.live
