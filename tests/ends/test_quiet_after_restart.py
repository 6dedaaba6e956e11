"""A line whose last contact went unanswered is still QUIET after a restart: what was entered says so."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))
from pair_of_ends import SECRET, accord, paired

from parley.home import Home
from parley.node import Node, Settings


def test_a_line_left_quiet_is_quiet_again_after_a_restart(tmp_path: Path) -> None:
    ends = paired(tmp_path, accord("Liaison", "", 55, open_s=120), accord("Other", "", 55, open_s=120))
    ends.clock.run_until(ends.clock.wall() - ends.clock.wall() % 3600 + 55 * 60 + 5)
    ends.south.desk.call("Liaison", "duty")
    ends.south.desk.call("Other", "duty")
    ends.wait(5)
    ends.north.desk.answer("Other", "duty")
    ends.wait(180)
    assert ends.south.line("Liaison").observed == "QUIET"
    ends.south.node.stop()
    ends.south.home.close()
    home = Home.open(ends.south.home.path, SECRET, sync=False)
    node = Node(home, clock=ends.clock, timer=ends.clock, entropy=os.urandom, settings=Settings())
    node.start()
    missed = {room.name: room.evidence.missed for room in node.rooms() if not room.is_order_wire}
    node.stop()
    home.close()
    ends.north.node.stop()
    ends.north.home.close()
    assert missed == {"Liaison": True, "Other": False}
