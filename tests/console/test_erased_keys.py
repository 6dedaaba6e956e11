"""What an end keeps today opens no frame that was sent or taken before (docs/attacks.md, what is erased when)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pair_of_ends import SECRET, paired

from parley.keys import trees


def test_what_the_keys_hold_today_opens_no_frame_of_yesterday(tmp_path: Path) -> None:
    ends = paired(tmp_path)
    for number in range(5):
        draft = ends.north.desk.compose("Liaison", f"text {number}", "duty")
        ends.north.desk.release(draft.ref, "chief", SECRET)
        ends.wait(5)
    for end in (ends.north, ends.south):
        keys = end.node.home.keys
        for room in end.node.rooms():
            assert keys.get(f"line/{room.id.hex()}") is None
            ((reserved, sending),) = trees(keys.get(f"send/{room.id.hex()}") or b"").values()
            ((highest, receiving),) = trees(keys.get(f"receive/{room.id.hex()}") or b"").values()
            assert 1 < room.send.next_counter <= reserved and highest > 1
            for counter in range(1, room.send.next_counter):
                with pytest.raises(KeyError):
                    sending.leaf(counter)
            for counter in range(1, highest):
                with pytest.raises(KeyError):
                    receiving.leaf(counter)
    ends.close()
