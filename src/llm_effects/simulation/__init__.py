"""Simulated providers that fail at random, and what must be true of every run, whatever they do.

    world = World(faulty(rate=0.3), seed=7)
    run = world.run(runner, completion)
    assert check(run, retry=policy, deadline=120) == ()

`llm_effects.simulation.strategies` searches for the shortest schedule of answers that breaks a stack; it needs the
extra `[testing]`.
"""

from llm_effects.interpreters.answers import Answer
from llm_effects.interpreters.simulated import Script
from llm_effects.operations import HttpRequest
from llm_effects.simulation.faulty import MIX, Kind, faulty
from llm_effects.simulation.invariants import (
    Violation,
    attempts_within_budget,
    check,
    deadline_kept,
    nothing_cut_cached,
    nothing_emitted_twice,
    nothing_forgotten,
    rounds_within_budget,
    waits_as_asked,
)

__all__ = [
    "MIX",
    "Answer",
    "HttpRequest",
    "Kind",
    "Script",
    "Violation",
    "attempts_within_budget",
    "check",
    "deadline_kept",
    "faulty",
    "nothing_cut_cached",
    "nothing_emitted_twice",
    "nothing_forgotten",
    "rounds_within_budget",
    "waits_as_asked",
]
