"""The scenario format and its player: parties, lines, steps and expectations on a virtual clock."""

from parley.scenario.format import Scenario
from parley.scenario.player import Outcome, Result, play
from parley.scenario.reading import load, parse
from parley.scenario.stage import DEMO_PASSPHRASE

__all__ = ["DEMO_PASSPHRASE", "Outcome", "Result", "Scenario", "load", "parse", "play"]
