"""Long lives of sessions: a million frames, pauses and decisions of staff to the state machine."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.abuse.fuzz.corpus import seeds
from tests.abuse.fuzz.mutation import Mutator
from tests.abuse.fuzz.seeds import FRAMES
from tests.abuse.fuzz.session_driver import PAUSES, SessionDriver

LONGEST_LIFE: Final = 1000
"""Inputs; most lives end sooner, by a flood."""
MOODS: Final = (PAUSES, PAUSES[2:], PAUSES[:2])
"""How long somebody waits between two inputs: anything, long enough, hardly at all."""
KINDS: Final = {"frame": 60, "mutated": 20, "binary": 3, "tick": 8, "settle": 5, "rule": 4}
"""What comes next, by weight."""


@dataclass(slots=True)
class Lives:
    """What was led."""

    inputs: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    flooded: int = 0
    """Lives that ended because the session closed them."""


def lead(inputs: int, seed: int) -> Lives:
    """Leads lives with so many inputs; raises AssertionError at the first that goes wrong."""
    luck, led = random.Random(seed), Lives()
    mutator = Mutator(seeds()["command"], luck)
    kinds, weights = list(KINDS), list(KINDS.values())
    while led.inputs.total() < inputs:
        driver = SessionDriver(burst=luck.choice([5.0, 20.0, 60.0]))
        pauses = luck.choice(MOODS)
        for kind in luck.choices(kinds, weights, k=LONGEST_LIFE):
            driver.wait(luck.choice(pauses))
            _step(driver, kind, luck, mutator)
            led.inputs[kind] += 1
            if driver.closed:
                led.flooded += 1
                break
        driver.end()
        led.lives += 1
    return led


def _step(driver: SessionDriver, kind: str, luck: random.Random, mutator: Mutator) -> None:
    if kind == "frame":
        driver.receive(luck.choice(FRAMES))
    elif kind == "mutated":
        driver.receive(mutator.next().decode("utf-8", "replace"))
    elif kind == "binary":
        driver.receive_binary()
    elif kind == "tick":
        driver.tick()
    elif kind == "settle":
        driver.settle()
    else:
        driver.rule(luck.randrange(128))


def figures(inputs: int, seed: int) -> dict[str, float]:
    """What `inputs` of them have come to, for people to read."""
    began = time.perf_counter()
    led = lead(inputs, seed)
    return {
        "inputs": led.inputs.total(),
        "lives": led.lives,
        "flooded": led.flooded,
        "seconds": round(time.perf_counter() - began, 1),
        **{f"of_{kind}": count for kind, count in sorted(led.inputs.items())},
    }
