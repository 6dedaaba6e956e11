"""./run bench killed: how many of 100 messages arrive whose sender was killed when its desk had just accepted them.

The end is up with its way to the other end down. 100 messages are released over the desk's socket, one after another;
when the last question has its answer the process gets `kill -9`. It is started again, then the other end, and what
arrives there is counted, each text once. A process that is killed is not a power cut: what the disk itself survives
is tested elsewhere (./run power).
"""

from __future__ import annotations

import argparse
import time

from bench.desk_link import DeskLink
from bench.ends import PARTIES, PLACE, QUICK, kept_at
from bench.figures import Figure
from bench.talk import LINE
from bench.up import Up, free_port

MESSAGES = 100
ARRIVE_WITHIN_S = 60.0
QUIET_S = 1.0


def options(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    ends, port = kept_at(PLACE.resolve() / "killed", 1, 40, QUICK), free_port()
    listens, dials = f'listen = "127.0.0.1:{port}"', f'dial = "127.0.0.1:{port}"'
    with Up(ends, PARTIES[0], way=listens) as north:
        texts = _accepted(north)
        north.kill()
    begun = time.perf_counter()
    with Up(ends, PARTIES[0], way=listens), Up(ends, PARTIES[1], way=dials) as south:
        arrived, last_at = _arrived(south, texts)
    said = [text for text in arrived if text in texts]
    return {
        "kill_arrived": Figure(len(set(said)), "messages", MESSAGES, at_least=True),
        "kill_arrived_twice": Figure(len(said) - len(set(said)), "messages", 0),
        "kill_last_s": Figure(last_at - begun, "s"),
    }


def _accepted(north: Up) -> set[str]:
    run_mark = f"{time.time_ns():x}"
    texts = [f"Accepted before the kill, {run_mark}, number {number}." for number in range(MESSAGES)]
    with DeskLink(north.home) as desk:
        drafts = [
            desk.ask("compose", line=LINE, text=text, by="duty", precedence="ROUTINE")["ref"]
            for text in texts
        ]
        for draft in drafts:
            desk.ask("release", draft=draft, by="chief")
    return set(texts)


def _arrived(south: Up, texts: set[str]) -> tuple[list[str], float]:
    """What the other end holds once nothing more has come for a while, and when the last came (perf_counter)."""
    count, last_at = -1, time.perf_counter()
    while time.perf_counter() - last_at < (QUIET_S if count >= len(texts) else ARRIVE_WITHIN_S):
        found = [m["text"] for m in south.ask("messages", line=LINE, most=2 * MESSAGES)]
        here = sum(text in texts for text in found)
        if here > count:
            count, last_at = here, time.perf_counter()
        time.sleep(0.05)
    return found, last_at
