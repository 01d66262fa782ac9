"""Traces and reruns: a rerun is one of two things, and the checker knows which."""

from __future__ import annotations

from typing import assert_never, assert_type

from returns.result import Failure, Success

from llm_effects import (
    Bill,
    Diverged,
    Recorded,
    Runner,
    Same,
    Trace,
    Wrapper,
    arecord,
    record,
    rerun,
    with_trace,
)
from llm_effects.replay import Rendered, cassette_of
from llm_effects.simulation import Violation, check
from llm_effects.trace.steps import Sent, Step
from llm_pure import Completion, LlmError, Outcome, Response, Target


def recorded(runner: Runner, completion: Completion) -> None:
    told = record(runner, completion, observed=True)
    assert_type(told, Recorded)
    assert_type(told.outcome, Outcome[Response])
    assert_type(told.trace.steps[0].did, Step)
    told.trace.steps = ()  # type: ignore[misc]
    record(runner, "Say hello")  # type: ignore[arg-type]


async def on_a_loop(runner: Runner, completion: Completion) -> Trace:
    return (await arecord(runner, completion)).trace


def loaded(text: str) -> Trace | str:
    match Trace.from_jsonl(text):
        case Success(trace):
            assert_type(trace, Trace)
            return trace
        case Failure(error):
            assert_type(error, LlmError)
            return error.path or ""


def again(runner: Runner, completion: Completion, trace: Trace) -> str:
    done = rerun(runner, completion, trace)
    assert_type(done.bill, Bill)
    assert_type(done.outcome, Outcome[Response])
    match done:
        case Same():
            return "the same"
        case Diverged(index, expected, _, diff):
            assert_type(index, int)
            assert_type(expected, Step | None)
            return diff
        case _:
            assert_never(done)


def an_incomplete_match_is_refused(runner: Runner, completion: Completion, trace: Trace) -> None:
    done = rerun(runner, completion, trace)
    match done:  # type: ignore[exhaustive-match]
        case Same():
            pass


def rendered(trace: Trace, target: Target) -> None:
    assert_type(cassette_of(trace, target), Outcome[Rendered])
    assert_type(check(trace, deadline=3), tuple[Violation, ...])


wrapper: Wrapper = with_trace(lambda trace: print(trace.to_jsonl()))
with_trace(lambda trace: trace.no_such_field)  # type: ignore[attr-defined]
kinds: list[type[Step]] = [Sent]
