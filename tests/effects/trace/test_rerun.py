"""A rerun is the same run, or says where it is not; under another policy it says what that would have cost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects import (
    Bill,
    Cut,
    Diverged,
    Draft,
    MemoryStore,
    Recorded,
    Rerun,
    Runner,
    Same,
    Slow,
    Trace,
    World,
    arecord,
    compose,
    record,
    rerun,
    resolve,
    run,
    standard,
    with_cache,
    with_continuation,
    with_deadline,
    with_retry,
    with_trace,
)
from llm_effects.interpreters.answers import Answer, Failed
from llm_effects.trace.difference import difference, readable
from llm_effects.trace.exchanges import exchanges_of
from llm_effects.trace.steps import Changed, Connected, Loaded, Noted, Sent
from llm_pure import (
    CassetteMiss,
    Completion,
    ContinuationPolicy,
    Deadline,
    Disconnected,
    LlmError,
    Misconfigured,
    Overloaded,
    PlainJson,
    RateLimited,
    Response,
    RetryPolicy,
    Text,
    Usage,
    user,
)
from llm_pure.errors import ERRORS
from llm_pure.json import same_json
from llm_pure.strategies import json_values
from tests.effects.scripted import QUESTION, answer, leaf

BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
LIMITED = RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=20.0)


def patient(attempts: int = 3, rounds: int = 2, seconds: float = 600) -> Runner:
    return compose(
        leaf(),
        with_retry(RetryPolicy(max_attempts=attempts)),
        with_continuation(ContinuationPolicy(max_rounds=rounds)),
        with_cache(MemoryStore()),
        with_deadline(seconds),
    )


def bill(done: Rerun) -> tuple[int, float, float, Usage, int | None]:
    own = done.bill
    return own.requests, round(own.waited, 6), round(own.elapsed, 6), own.usage, own.unanswered


answers = st.sampled_from(
    [
        answer(),
        BUSY,
        LIMITED,
        answer("Hel", "max_tokens"),
        Disconnected(message="gone"),
        Slow(3.0, answer("late")),
        Slow(1.0, Cut(answer("Hello there"), 0.8), each=0.25),
        Cut(answer("Hello"), 0.9, closed=True),
        Slow(700.0, answer("too late")),
    ]
)
scripts = st.lists(answers, min_size=1, max_size=5)


# ---------------------------------------------------------------- the same


@given(scripts, st.booleans(), st.integers(0, 99))
def test_the_same_runner_does_the_same_and_takes_as_long(
    script: list[Response | LlmError | Slow | Cut], observed: bool, seed: int
) -> None:
    told = World(script, seed, clock=1000.0).record(patient(), QUESTION, observed=observed)
    again = Trace.from_jsonl(told.trace.to_jsonl()).unwrap()
    done = rerun(patient(), QUESTION, again, seed=seed + 1)
    assert isinstance(done, Same), str(done)
    assert done.outcome == told.outcome
    assert done.bill.elapsed == pytest.approx(told.trace.elapsed)
    assert done.bill.requests == len(exchanges_of(told.trace.steps))


@given(st.lists(st.sampled_from([BUSY, answer("Hel", "max_tokens"), answer()]), max_size=3), st.booleans())
def test_what_was_recorded_in_real_time_is_the_same_in_virtual_time(
    script: list[Response | LlmError], observed: bool
) -> None:
    def stack(*answers: Response | LlmError) -> Runner:
        return standard(leaf(*answers), retries=3, retry_backoff=0.0, continues=2, cache=MemoryStore())

    whole = (*script, answer(), answer(), answer())
    told: list[Recorded] = [
        record(stack(*whole), QUESTION, observed=observed),
        asyncio.run(arecord(stack(*whole), QUESTION, observed=observed)),
    ]
    for one in told:
        done = rerun(stack(), QUESTION, one.trace)
        assert isinstance(done, Same), str(done)


def test_state_that_outlives_runs_is_as_it_was_recorded() -> None:
    runner, world = compose(leaf(), with_retry(RetryPolicy(max_attempts=5))), World(lambda *_: BUSY)
    while len(world.run(runner, QUESTION).requests) > 1:
        pass  # until the bucket is empty
    trace = world.record(runner, QUESTION).trace
    assert isinstance(rerun(compose(leaf(), with_retry(RetryPolicy(max_attempts=5))), QUESTION, trace), Same)


def test_a_hit_of_the_cache_is_the_same_from_an_empty_store() -> None:
    world, runner = World([answer()]), patient()
    world.run(runner, QUESTION)
    trace = world.record(runner, QUESTION).trace
    done = rerun(patient(), QUESTION, trace)
    assert isinstance(done, Same)
    assert done.bill == Bill(requests=0, waited=0, elapsed=0.0, usage=Usage(3, 2))


class Full:
    """A store that keeps nothing."""

    blocking = False

    def load(self, key: str) -> bytes | None:
        return None

    def save(self, key: str, value: bytes) -> None:
        raise OSError("no space left on device")


def test_a_store_that_failed_fails_again() -> None:
    runner = compose(leaf(answer()), with_cache(Full()))
    assert isinstance(rerun(runner, QUESTION, record(runner, QUESTION).trace), Same)


def test_functions_of_a_prompt_are_not_called_again() -> None:
    called: list[int] = []

    def piece() -> str:
        called.append(1)
        return "now"

    asked = resolve(QUESTION, Draft.user("And:", piece, lambda: iter([Text("b")])))
    trace = World([answer()]).record(leaf(), asked).trace
    assert isinstance(rerun(leaf(), asked, trace), Same)
    assert called == [1]


@pytest.mark.parametrize("kind", [it for it in ERRORS if it is not Deadline], ids=lambda kind: kind.__name__)
def test_whatever_happens_on_the_way_happens_again(kind: type[LlmError]) -> None:
    error = kind(message="on the way", status=200)
    scripts: list[list[Answer]] = [[Failed(error)], [Slow(2.0, Failed(error)), answer()]]
    for script in scripts:
        trace = World(script).record(patient(), QUESTION).trace
        assert isinstance(done := rerun(patient(), QUESTION, trace), Same), str(done)


def test_a_trace_that_a_wrapper_kept_is_run_again_with_the_wrapper_or_without() -> None:
    kept: list[Trace] = []
    traced = compose(patient(), with_trace(kept.append))
    World([BUSY, answer()]).run(traced, QUESTION)
    (trace,) = kept
    assert isinstance(rerun(patient(), QUESTION, trace), Same)
    assert isinstance(rerun(traced, QUESTION, trace), Same)
    assert len(kept) == 1


@pytest.mark.parametrize("observed", [False, True])
def test_what_was_recorded_around_a_wrapper_that_traces_is_run_again_with_it(observed: bool) -> None:
    kept: list[Trace] = []
    traced = compose(patient(), with_trace(kept.append))
    trace = World([BUSY, answer()]).record(traced, QUESTION, observed=observed).trace
    assert isinstance(done := rerun(traced, QUESTION, trace), Same), str(done)
    assert len(kept) == 1


def test_a_model_that_the_runner_fills_in_is_no_difference() -> None:
    asked = QUESTION.replace(model=None)
    trace = World([answer()]).record(leaf(), asked).trace
    done = rerun(leaf(), QUESTION.replace(seed=1), trace)
    assert isinstance(done, Diverged)
    assert '+  "seed": 1' in done.diff
    assert not [line for line in done.diff.splitlines() if line[:1] in "+-" and '"model"' in line]
    assert isinstance(rerun(leaf(), QUESTION, trace), Same)


# ---------------------------------------------------------------- where it is not


def recorded(*script: Response | LlmError | Slow, attempts: int = 3) -> Trace:
    return World(script, seed=1).record(patient(attempts), QUESTION).trace


def test_another_prompt_diverges_and_the_diff_names_the_word() -> None:
    done = rerun(patient(), Completion([user("Say goodbye")], max_tokens=100), recorded(answer()))
    assert isinstance(done, Diverged)
    assert isinstance(done.expected, Loaded)
    assert isinstance(done.got, Loaded)
    assert '-          "text": "Say hello"' in done.diff
    assert '+          "text": "Say goodbye"' in done.diff
    assert '+        "content": "Say goodbye"' in done.diff
    assert isinstance(done.outcome.failure(), CassetteMiss)
    assert done.bill.unanswered == 1


def test_a_request_that_a_changed_program_builds_is_shown_as_json() -> None:
    trace = World([answer()]).record(leaf(), QUESTION).trace
    done = rerun(leaf(), QUESTION.replace(temperature=0.5), replace(trace, asked=None))
    assert isinstance(done, Diverged)
    assert '+    "temperature": 0.5' in done.diff
    assert isinstance(done.expected, Noted | Sent)


def test_a_run_that_goes_on_where_the_trace_ended_and_one_that_ends_before_both_diverge() -> None:
    longer, shorter = recorded(BUSY, answer()), recorded(answer())
    first = rerun(patient(attempts=1), QUESTION, longer)
    assert isinstance(first, Diverged)
    assert isinstance(first.got, Changed)
    left = replace(shorter, steps=shorter.steps[:5], outcome=None)
    second = rerun(patient(), QUESTION, left)
    assert isinstance(second, Diverged)
    assert (second.index, second.expected) == (5, None)


def test_an_outcome_alone_can_differ() -> None:
    trace = recorded(answer())
    assert trace.outcome is not None
    other = trace.outcome.map(lambda response: replace(response, id="m2"))
    done = rerun(patient(), QUESTION, replace(trace, outcome=other))  # type: ignore[arg-type]  # a Result is an Outcome
    assert isinstance(done, Diverged)
    assert (done.expected, done.got, done.index) == (None, None, len(trace.steps))
    assert '-  "id": "m2"' in str(done)


def test_a_divergence_in_the_middle_of_a_stream_reads_on() -> None:
    trace = World([Slow(1.0, answer("Hello"), each=0.25)]).record(leaf(), QUESTION, observed=True).trace
    middle = next(i for i, step in enumerate(trace.steps) if isinstance(step.did, Connected)) + 2
    broken = replace(trace, steps=(*trace.steps[:middle], *trace.steps[middle + 1 :]))
    done = rerun(leaf(), QUESTION, broken)
    assert isinstance(done, Diverged)
    assert done.index == middle


# ---------------------------------------------------------------- what would it have cost?


def test_fewer_attempts_cost_what_the_trace_says_up_to_there() -> None:
    trace = recorded(Slow(0.5, LIMITED), Slow(1.0, answer()))
    assert bill(rerun(patient(attempts=1), QUESTION, trace)) == (1, 0.0, 0.5, Usage(), None)


def test_more_attempts_ask_what_the_trace_has_and_say_where_it_has_no_more() -> None:
    trace = recorded(Slow(0.5, LIMITED), Slow(0.5, LIMITED), attempts=2)
    done = rerun(patient(attempts=5), QUESTION, trace)
    assert isinstance(done, Diverged)
    assert isinstance(done.outcome.failure(), CassetteMiss)
    assert (done.bill.requests, done.bill.unanswered) == (3, 3)
    assert 41 < done.bill.elapsed < 43


def test_answers_beyond_the_trace_can_be_supposed() -> None:
    trace = recorded(Slow(0.5, LIMITED), Slow(0.5, LIMITED), attempts=2)
    done = rerun(patient(attempts=5), QUESTION, trace, beyond=[Slow(0.5, LIMITED), Slow(2.0, answer())])
    assert done.outcome.unwrap().text == "Hello"
    assert (done.bill.requests, done.bill.unanswered, done.bill.usage) == (4, 3, Usage(3, 2))
    assert 63.5 < done.bill.elapsed < 68


def test_fewer_rounds_cost_fewer_tokens() -> None:
    trace = recorded(answer("a", "max_tokens"), answer("b", "max_tokens"), answer("c"))
    assert bill(rerun(patient(), QUESTION, trace))[3] == Usage(9, 6)
    done = rerun(patient(rounds=1), QUESTION, trace)
    assert isinstance(done, Diverged)
    assert (done.outcome.unwrap().text, done.bill.usage, done.bill.requests) == ("ab", Usage(6, 4), 2)


def test_a_shorter_deadline_ends_the_same_answers_earlier() -> None:
    trace = recorded(Slow(6.0, BUSY), Slow(6.0, answer()))
    done = rerun(patient(seconds=10), QUESTION, trace)
    assert isinstance(done.outcome.failure(), Deadline)
    assert done.bill.elapsed == pytest.approx(10)


def test_a_longer_deadline_has_no_answer_to_what_was_cut_off() -> None:
    trace = World([Slow(60.0, answer())]).record(patient(seconds=10), QUESTION).trace
    done = rerun(patient(seconds=100), QUESTION, trace)
    assert done.bill.unanswered == 1


def test_the_cache_that_another_scope_has_not_is_asked_for_nothing() -> None:
    trace = recorded(answer())
    done = rerun(compose(leaf(), with_cache(MemoryStore(), scope="tenant")), QUESTION, trace)
    assert isinstance(done, Diverged)
    assert done.outcome == trace.outcome, "the request is the same, so its answer is"


def test_a_script_that_is_too_short_says_so() -> None:
    trace = recorded(BUSY, attempts=1)
    done = rerun(patient(attempts=2), QUESTION, trace, beyond=[])
    assert isinstance(done.outcome.failure(), Misconfigured)


# ---------------------------------------------------------------- differences


@given(json_values(), json_values())
def test_equal_data_has_no_difference_and_different_data_has_one(a: PlainJson, b: PlainJson) -> None:
    assert difference(a, a) == ""
    if not same_json(a, b) and readable(a) != readable(b):
        assert difference(a, b)


def test_nothing_is_sent_by_a_rerun() -> None:
    told = record(leaf(answer()), QUESTION)
    inner = leaf()
    assert isinstance(rerun(inner, QUESTION, told.trace), Same)
    assert run(leaf(answer()), QUESTION) == told.outcome
    assert inner.door.requests == []  # type: ignore[attr-defined]  # a scripted door
