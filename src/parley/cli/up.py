"""parley up: opens the home, and has one end at work until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor

from parley import config
from parley.cli import at_work, reach
from parley.core.errors import LocalError
from parley.home import Home, check_binding

COMMAND_ENDS_WITHIN_S = 10.0  # a command that is the node for its one turn


def run(options: argparse.Namespace) -> int:
    check_binding(options.home)
    settings = config.load(options.home / "parley.toml")
    words = reach.passphrase(options)
    running = reach.connect(options.home)
    if running is not None:
        running.close()
        raise LocalError(
            f"the node of {options.home} is up already", "one process holds a home: parley status"
        )
    with ThreadPoolExecutor(1) as aside:  # stretching the passphrase leaves this thread free to load the rest
        opening = aside.submit(Home.open, options.home, words, wait_s=COMMAND_ENDS_WITHIN_S)
        end = at_work()
        home = opening.result()
    try:
        code = asyncio.run(end.run_end(home, settings))
        assert isinstance(code, int)
        return code
    finally:
        home.close()
