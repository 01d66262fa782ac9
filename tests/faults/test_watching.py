"""What is told of a run, and to whom: notes to whoever listens, a trace only to whoever asks for one."""

from __future__ import annotations

import json
from functools import partial

from llm_effects import Runner, Trace, compose, run, standard, with_retry, with_trace
from llm_pure import Completion, Disconnected, LlmError, Overloaded, Response, RetryPolicy, Tool, user
from tests.effects.scripted import Flow, answer, leaf

SECRET = "the-prompt-canary"
BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
ASKED = Completion(
    [user(f"Say {SECRET}")],
    system=f"Know {SECRET}.",
    model="claude-haiku-4-5",
    max_tokens=100,
    tools=[Tool("look", f"Looks at {SECRET}")],
    stop_sequences=[SECRET],
)


def test_S7_notes_hold_neither_prompt_nor_answer(flow: Flow) -> None:
    stack = partial(standard, retries=3, retry_backoff=0.0, continues=2)
    script: list[Response | LlmError] = [
        BUSY,
        Disconnected(message="gone"),
        answer(f"It {SECRET}", "max_tokens"),
        answer(" is."),
    ]
    told = flow(stack, ASKED, script)
    assert SECRET in told.outcome.unwrap().text
    assert len(told.notes) > 4
    assert SECRET not in repr(told.notes)


def test_S7_a_trace_is_made_only_where_it_is_asked_for_and_then_holds_the_prompt(flow: Flow) -> None:
    kept: list[Trace] = []

    def traced(inner: Runner) -> Runner:
        return compose(inner, with_retry(RetryPolicy(base_delay=0)), with_trace(kept.append))

    def silent(inner: Runner) -> Runner:
        return compose(inner, with_retry(RetryPolicy(base_delay=0)))

    assert flow(silent, ASKED, [BUSY, answer()]).outcome.unwrap().text == "Hello"
    assert kept == []
    told = flow(traced, ASKED, [BUSY, answer()])
    assert told.outcome.unwrap().text == "Hello"
    (trace,) = kept
    assert SECRET in trace.to_jsonl()
    assert all(json.loads(line) for line in trace.to_jsonl().splitlines())


def test_C15_a_recorder_that_raises_costs_no_answer(flow: Flow) -> None:
    def broken(trace: Trace) -> None:
        raise OSError("disk full")

    told = flow(lambda inner: compose(inner, with_trace(broken)), ASKED, [answer()])
    assert told.outcome.unwrap().text == "Hello"
    assert run(compose(leaf(answer()), with_trace(broken)), ASKED) == told.outcome or told.events
