"""The simulator: real ends on one virtual clock, joined by bad bearers, on bad disks, killed at will, from one seed.

Nothing of the product is faked. Homes lie on a disk, everything is asked through a Desk, frames go by memory
bearers whose faults are drawn. What a world adds stands around the parts, an idea a file:

* `course`: what happens in a world, drawn beforehand from its seed; `scene`: the ends and what joins them;
  `setting_up`, `people`, `mishaps`: what is done to them; `world` runs all that, `healing` ends it;
* `end`, `disk`, `clocks`, `links`: an end that can be killed at any point about a commit or a send, a disk that
  fills, fails and forgets what was not synced, a wall clock that is wrong, bearers that count what they do;
* `must_hold` lists what must hold, and `judge`, `ledger`, `pace` judge it, at every step and every frame;
* `shortest` makes the course of a failure short; `many` runs thousands of worlds on all cores.

A world may have three ends, of which the first has two counterparts; each pair has its own lines and links.
Each world switches some kinds of fault off (swarm testing), and draws anew the numbers an end may choose freely,
so that epochs of keys change, blocks of counters end and prekeys run out while all the rest goes on.
"""

from __future__ import annotations

from parley.testing.sim.course import KINDS, STEPS, Course, Step, course
from parley.testing.sim.end import WORDS, Crash, End
from parley.testing.sim.figures import GROUPS, Figures
from parley.testing.sim.many import worlds
from parley.testing.sim.must_hold import MUST_HOLD, Broken
from parley.testing.sim.one_seed import _seeded_keys
from parley.testing.sim.shortest import again, shortest, told
from parley.testing.sim.world import Failure, World, WorldResult, begun, run_course, run_world

__all__ = [
    "GROUPS",
    "KINDS",
    "MUST_HOLD",
    "STEPS",
    "WORDS",
    "Broken",
    "Course",
    "Crash",
    "End",
    "Failure",
    "Figures",
    "Step",
    "World",
    "WorldResult",
    "_seeded_keys",
    "again",
    "begun",
    "course",
    "run_course",
    "run_world",
    "shortest",
    "told",
    "worlds",
]
