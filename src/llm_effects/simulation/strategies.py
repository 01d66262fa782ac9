"""Schedules of answers and waits, and the search for the shortest one that breaks a stack.

    TestMyStack = state_machine(my_runner, lambda run: check(run, retry=policy, deadline=120)).TestCase

Law: from a failing schedule nothing can be taken (`shortest`): no run, no answer, and no answer can be replaced by a
plainer one. It is a value (`Violated.schedule`), and can be played again by `play`. Hypothesis searches and shrinks;
it does not promise to leave out the runs that do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from typing_extensions import override

from llm_effects.interpreters.answers import Answer, Cut, Raw, Slow
from llm_effects.interpreters.simulated import Simulation, World
from llm_effects.operations import HttpRequest
from llm_effects.runner import Runner
from llm_effects.simulation.faulty import WELL
from llm_effects.simulation.invariants import Violation
from llm_pure import (
    AssistantMessage,
    BadRequest,
    Completion,
    Disconnected,
    LlmError,
    Overloaded,
    RateLimited,
    Response,
    ServerFault,
    Text,
    Unreachable,
    Usage,
    user,
)
from llm_pure.response import StopReason

__all__ = ["Ask", "Schedule", "Violated", "Wait", "answers", "play", "shortest", "state_machine"]


# ---------------------------------------------------------------- schedules


@dataclass(frozen=True, slots=True)
class Ask:
    """One run: what is asked, what the provider answers (and, after that, `WELL`), and whether somebody looks on."""

    completion: Completion
    answers: tuple[Answer, ...] = ()
    observed: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds pass between two runs."""

    seconds: float


Schedule: TypeAlias = tuple[Ask | Wait, ...]

Invariant: TypeAlias = Callable[[Simulation], Iterable[Violation]]


class Violated(AssertionError):
    """A schedule after which an invariant does not hold: the shortest, found when it is first looked at."""

    def __init__(self, schedule: Schedule, shorten: Callable[[Schedule], Found]) -> None:
        super().__init__()
        self._schedule = schedule
        self._shorten = shorten

    @cached_property
    def _found(self) -> Found:
        return self._shorten(self._schedule)

    @property
    def schedule(self) -> Schedule:
        """What has to be done."""
        return self._found[0]

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What is wrong after it."""
        return self._found[1]

    @override
    def __str__(self) -> str:
        what = [f"{violation.invariant}: {violation.what}" for violation in self.violations]
        return "\n".join([*what, "after:", *map(repr, self.schedule)])


Found: TypeAlias = tuple[Schedule, tuple[Violation, ...]]


def play(runner: Runner, schedule: Schedule, *, seed: int = 0) -> tuple[Simulation, ...]:
    """The runs of a schedule, one after another in one world."""
    scene = _Scene(runner, seed)
    return tuple([run for step in schedule if (run := scene.do(step)) is not None])


def shortest(runner: Runner, schedule: Schedule, invariant: Invariant, *, seed: int = 0) -> Found:
    """The schedule with all left out and made plainer that can be, so that the same invariant is violated still.

    No step and no answer can be taken from it, and none replaced by a plainer one; and what is wrong after it. Where
    nothing is wrong after the schedule, it is given back as it is.
    """

    def wrong(schedule: Schedule) -> tuple[Violation, ...]:
        scene = _Scene(runner, seed)
        runs = (scene.do(step) for step in schedule)
        return next((found for run in runs if run is not None and (found := tuple(invariant(run)))), ())

    found = wrong(schedule)
    if not found:
        return schedule, ()
    name, tries = found[0].invariant, iter(_smaller(schedule))
    while (smaller := next(tries, None)) is not None:
        less = wrong(smaller)
        if less and less[0].invariant == name:
            schedule, found, tries = smaller, less, iter(_smaller(smaller))
    return schedule, found


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Schedules with one thing less, the boldest first. Each is smaller by one measure, so this comes to an end."""
    for at, step in enumerate(schedule):
        before, after = schedule[:at], schedule[at + 1 :]
        yield (*before, *after)
        if isinstance(step, Wait):
            continue
        for n, answer in enumerate(step.answers):
            rest = step.answers[:n], step.answers[n + 1 :]
            yield (*before, replace(step, answers=(*rest[0], *rest[1])), *after)
            for plainer in _plainer(answer):
                yield (*before, replace(step, answers=(*rest[0], plainer, *rest[1])), *after)
        if step.observed:
            yield (*before, replace(step, observed=False), *after)


def _plainer(answer: Answer) -> Iterator[Answer]:
    if isinstance(answer, Slow):
        yield answer.answer
    else:
        yield from _ANSWERS[: _ANSWERS.index(answer)] if answer in _ANSWERS else _ANSWERS


class _Scene:
    """A world whose provider has something ready for every run."""

    def __init__(self, runner: Runner, seed: int) -> None:
        self._runner = runner
        self._ready: list[Answer] = []
        self._world = World(self._answer, seed)

    def _answer(self, request: HttpRequest, chance: object) -> Answer:
        return self._ready.pop(0) if self._ready else WELL

    def do(self, step: Ask | Wait) -> Simulation | None:
        if isinstance(step, Wait):
            self._world.clock += step.seconds
            return None
        self._ready = list(step.answers)
        return self._world.run(self._runner, step.completion, observed=step.observed)


# ---------------------------------------------------------------- strategies


def answers() -> st.SearchStrategy[Answer]:
    """What a provider may answer, the plainest first."""
    # One table: what is found shrinks to what stands before it.
    return st.builds(_late, st.sampled_from(_ANSWERS), st.sampled_from((0.0, 0.0, 0.0, 1.0, 10.0, 100.0)))


def _late(answer: Response | LlmError | Cut | Raw, seconds: float) -> Answer:
    return Slow(seconds, answer, each=seconds / 10) if seconds else answer


def _said(text: str, stop: StopReason = "end") -> Response:
    return Response(AssistantMessage((Text(text),) if text else ()), Usage(20, 12), stop)


_ANSWERS: Final[tuple[Response | LlmError | Cut | Raw, ...]] = (
    _said("Hello"),
    _said("Hello", "max_tokens"),
    Overloaded(message="Overloaded", status=529, type="overloaded_error"),
    RateLimited(message="Too many requests", status=429, type="rate_limit_error", retry_after=5.0),
    RateLimited(message="Too many requests", status=429, type="rate_limit_error", retry_after=3600.0),
    ServerFault(message="Internal server error", status=500, type="api_error"),
    Unreachable(message="connection refused"),
    Disconnected(message="the server closed the connection"),
    BadRequest(message="no such model", status=404, type="not_found_error"),
    Raw(200, {"content-type": "application/json"}, (b'{"answer": ',)),
    *(Cut(_said("Hello"), keep, closed) for closed in (False, True) for keep in (0.5, 0.8, 0.95, 0.0)),
    *(Cut(_said("Hello", "max_tokens"), keep) for keep in (0.8, 0.95)),
    _said("Hello there. Hello there.", "max_tokens"),
    _said("", "max_tokens"),
    _said(""),
    _said("Hello", "refusal"),
    _said("Hello", "tool_call"),
    _said("Hello", "stop_sequence"),
)


_QUESTIONS = (
    Completion([user("How is the weather in Lisbon?")], max_tokens=100),
    Completion([user("And tomorrow?")], max_tokens=100),
)


_answers = answers


def state_machine(
    runner: Runner,
    invariant: Invariant,
    *,
    completions: Sequence[Completion] = _QUESTIONS,
    answers: st.SearchStrategy[Answer] | None = None,
    seed: int = 0,
) -> type[RuleBasedStateMachine]:
    """A state machine of hypothesis that asks `runner` in virtual time, whatever its provider answers.

    After every run `invariant` is asked what is wrong with it; anything is a `Violated`. Nothing of the runner is used
    up: its cells and stores belong to the machine's world.
    """
    answering = _answers() if answers is None else answers

    class Searching(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self._scene = _Scene(runner, seed)
            self._schedule: Schedule = ()

        @rule(
            completion=st.sampled_from(list(completions)),
            answers=st.lists(answering, max_size=6).map(tuple),
            observed=st.booleans(),
        )
        def ask(self, completion: Completion, answers: tuple[Answer, ...], observed: bool) -> None:
            self._do(Ask(completion, answers, observed))

        @rule(seconds=st.sampled_from((1.0, 60.0, 3600.0)))
        def wait(self, seconds: float) -> None:
            self._do(Wait(seconds))

        def _do(self, step: Ask | Wait) -> None:
            self._schedule = (*self._schedule, step)
            run = self._scene.do(step)
            if run is not None and tuple(invariant(run)):
                raise Violated(self._schedule, partial(shortest, runner, invariant=invariant, seed=seed))

    return Searching
