"""What must be true of every run, whatever its provider does.

Law: an invariant looks at what went over the wire and what came out, not at what the stack says about itself, and gives
what is wrong as values; none: all is well. It holds of simulated and of recorded runs alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from returns.result import Failure, Success

from llm_effects.interpreters.reading import Reading
from llm_effects.interpreters.simulated import Simulation
from llm_effects.trace.exchanges import Exchange, exchanges_of, outcome_of
from llm_effects.trace.steps import Emitted, Loaded, Saved, Slept
from llm_effects.trace.taking import Taking
from llm_effects.trace.trace import Timed, Trace
from llm_effects.wrappers.cache import WHOLE
from llm_pure import (
    AssistantMessage,
    ContinuationPolicy,
    Done,
    Outcome,
    PartDone,
    Reasoning,
    ReasoningDelta,
    Refusal,
    RefusalDelta,
    Response,
    Restarted,
    RetryPolicy,
    Started,
    StopReason,
    StreamEvent,
    Text,
    TextDelta,
)
from llm_pure.brief import Brief
from llm_pure.response import NO_USAGE, Usage
from llm_pure.retry import cost_of
from llm_pure.serial import response_from_json

__all__ = [
    "Violation",
    "attempts_within_budget",
    "check",
    "deadline_kept",
    "nothing_cut_cached",
    "nothing_emitted_twice",
    "nothing_forgotten",
    "rounds_within_budget",
    "waits_as_asked",
]

Run: TypeAlias = Simulation | Trace
"""What an invariant looks at: what `simulate` gives, or the `trace` that `record` gives."""


@dataclass(frozen=True, slots=True, repr=False)
class Violation(Brief):
    """What is wrong: the name of the invariant, and what was seen."""

    invariant: str
    what: str


Violations: TypeAlias = tuple[Violation, ...]


def check(
    run: Run,
    *,
    retry: RetryPolicy | None = None,
    continuation: ContinuationPolicy | None = None,
    deadline: float | None = None,
    keep: Collection[StopReason] = WHOLE,
) -> Violations:
    """All invariants that the stack's settings (None: there is no such wrapper) give a meaning to."""
    found = (*nothing_emitted_twice(run), *nothing_cut_cached(run, keep), *nothing_forgotten(run))
    if retry is not None:
        found = (*found, *attempts_within_budget(run, retry), *waits_as_asked(run, retry))
    if continuation is not None:
        found = (*found, *rounds_within_budget(run, continuation))
    return found if deadline is None else (*found, *deadline_kept(run, deadline))


# ---------------------------------------------------------------- budgets


def attempts_within_budget(run: Run, policy: RetryPolicy) -> Violations:
    """Of the attempts that failed, at most `max_attempts - 1` were followed by another."""
    retried = [outcome for outcome in _outcomes(run)[:-1] if isinstance(outcome, Failure)]
    if len(retried) <= max(0, policy.max_attempts - 1):
        return ()
    return (
        Violation("attempts_within_budget", f"{len(retried)} retries with {policy.max_attempts} attempts"),
    )


def waits_as_asked(run: Run, policy: RetryPolicy) -> Violations:
    """Before each retry as long was waited as the provider asked, and never longer than the policy allows."""
    steps, exchanges = _steps(run), _exchanges(run)
    found: list[Violation] = []
    for before, after in pairwise(exchanges):
        outcome = outcome_of(before)
        if isinstance(outcome, Success):
            continue
        asked = outcome.failure().retry_after or 0.0
        waited = sum(
            step.did.seconds for step in steps[before.step : after.step] if isinstance(step.did, Slept)
        )
        if waited < asked:
            found.append(Violation("waits_as_asked", f"{asked} seconds were asked for, {waited} were waited"))
        elif waited > asked + max(0.0, policy.max_delay) or asked > policy.max_retry_after:
            found.append(Violation("waits_as_asked", f"{waited} seconds were waited, {asked} were asked for"))
    return tuple(found)


def rounds_within_budget(run: Run, policy: ContinuationPolicy) -> Violations:
    """Of the answers that came, at most `max_rounds` were followed by another request."""
    continued = [outcome for outcome in _outcomes(run)[:-1] if isinstance(outcome, Success)]
    if len(continued) <= max(0, policy.max_rounds):
        return ()
    return (Violation("rounds_within_budget", f"{len(continued)} rounds, {policy.max_rounds} are allowed"),)


def deadline_kept(run: Run, seconds: float, *, tolerance: float = 1e-6) -> Violations:
    """The run was over in time. `tolerance` is what a real clock may be late, in seconds."""
    if run.elapsed <= seconds + tolerance:
        return ()
    return (Violation("deadline_kept", f"the run took {run.elapsed} seconds of {seconds}"),)


# ---------------------------------------------------------------- what was handed out


def nothing_emitted_twice(run: Run) -> Violations:
    """The events that a consumer saw add up to the answer, or, of a run that failed, to no more than it says was read.

    A part that is said again after a `Restarted` counts once.
    """
    events = _events(run)
    found = [*_out_of_order(events), *_not_the_answer(events, run.outcome)]
    return tuple([Violation("nothing_emitted_twice", what) for what in found])


def _out_of_order(events: tuple[StreamEvent, ...]) -> Iterator[str]:
    if sum(isinstance(event, Started) for event in events) > 1:
        yield "the answer began more than once"
    if any(isinstance(event, Done) for event in events[:-1]):
        yield "something came after the end"
    over: set[int] = set()
    said: dict[int, str] = {}
    for event in events:
        match event:
            case Started() | Done():
                pass
            case Restarted(index):
                over = {at for at in over if at < index}
                said = {at: text for at, text in said.items() if at < index}
            case _ if event.index in over:
                yield f"part {event.index} went on after its end"
            case PartDone(index, part):
                over.add(index)
                if isinstance(part, Text | Reasoning | Refusal) and said.get(index, "") != part.text:
                    yield f"part {index} was told as {said.get(index)!r}, and is {part.text!r}"
            case TextDelta(index, text) | ReasoningDelta(index, text) | RefusalDelta(index, text):
                said[index] = said.get(index, "") + text
            case _:
                pass


def _not_the_answer(events: tuple[StreamEvent, ...], outcome: Outcome[Response] | None) -> Iterator[str]:
    if not events or outcome is None:
        return
    told = Reading()
    for event in events:
        if not isinstance(event, Done):
            told.see(event)
    read = told.so_far().failure().partial
    content = () if read is None else read.message.content
    if isinstance(outcome, Success):
        if events[-1] != Done(outcome.unwrap()):
            yield "the last event is not the answer"
        if content != outcome.unwrap().message.content:
            yield f"the events say {_short(content)}, the answer is {_short(outcome.unwrap().message.content)}"
        return
    partial = outcome.failure().partial
    if partial is not None and len(_text(content)) > len(partial.text):
        yield f"the events say {_text(content)!r}, and only {partial.text!r} was read"


def _short(content: object) -> str:
    return repr(content)[:500]


def _text(content: object) -> str:
    return Response(AssistantMessage(content)).text if isinstance(content, tuple) else ""


# ---------------------------------------------------------------- what was kept, and what was paid


def nothing_cut_cached(run: Run, keep: Collection[StopReason] = WHOLE) -> Violations:
    """What was put into a store is an answer, and whole, by the stop reasons in `keep`."""
    found: list[Violation] = []
    for step in _steps(run):
        if not isinstance(step.did, Saved):
            continue
        entry = response_from_json(step.did.value.partition(b"\n")[2])
        if isinstance(entry, Failure):
            found.append(Violation("nothing_cut_cached", "an entry is no answer"))
        elif entry.unwrap().stop_reason not in keep or entry.unwrap().broken_tool_calls:
            found.append(
                Violation("nothing_cut_cached", f"an answer that stopped by {entry.unwrap().stop_reason!r}")
            )
    return tuple(found)


def nothing_forgotten(run: Run) -> Violations:
    """The usage of the outcome is that of all requests, as far as they said: what a failed attempt cost, too."""
    exchanges = _exchanges(run)
    hit = any(isinstance(step.did, Loaded) and step.did.value is not None for step in _steps(run))
    if not exchanges or hit or run.outcome is None:
        return ()
    paid, told = NO_USAGE, _paid(run.outcome)
    for outcome in _outcomes(run):
        paid += _paid(outcome)
    if paid == told:
        return ()
    return (Violation("nothing_forgotten", f"{paid} was paid, {told} is told"),)


def _paid(outcome: Outcome[Response]) -> Usage:
    return outcome.unwrap().usage if isinstance(outcome, Success) else cost_of(outcome.failure())


# ---------------------------------------------------------------- the run


def _steps(run: Run) -> tuple[Timed, ...]:
    if isinstance(run, Trace):
        return run.steps
    taking = Taking()
    return tuple([Timed(taking.step(operation, answer)) for operation, answer in run.trace])


def _exchanges(run: Run) -> tuple[Exchange, ...]:
    return exchanges_of(_steps(run))


def _outcomes(run: Run) -> list[Outcome[Response]]:
    return [outcome_of(exchange) for exchange in _exchanges(run)]


def _events(run: Run) -> tuple[StreamEvent, ...]:
    return tuple([step.did.event for step in _steps(run) if isinstance(step.did, Emitted)])
