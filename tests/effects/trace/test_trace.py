"""A trace is data: it loads back equal, holds nothing live and no key, and is the same in every colour."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_effects import (
    Cut,
    Draft,
    MemoryStore,
    Recorded,
    Runner,
    Same,
    Slow,
    Trace,
    World,
    Wrapper,
    arecord,
    arun,
    astream,
    compose,
    record,
    rerun,
    resolve,
    run,
    standard,
    stream,
    with_cache,
    with_retry,
    with_trace,
)
from llm_effects.flights import Landing
from llm_effects.notes import Note
from llm_effects.trace.steps import (
    STEPS,
    Called,
    Changed,
    Claimed,
    Clock,
    Connected,
    Emitted,
    Loaded,
    Noted,
    Read,
    Replied,
    Sent,
    Slept,
    Step,
)
from llm_effects.trace.taking import UNKNOWN, value_of
from llm_effects.trace.trace import SCHEMA
from llm_pure import (
    Denied,
    Dialect,
    Disconnected,
    JsonObject,
    LlmError,
    Malformed,
    Misconfigured,
    Overloaded,
    PlainJson,
    Response,
    RetryPolicy,
    Target,
    Text,
)
from llm_pure.strategies import hostile_bytes, hostile_json
from tests.effects.scripted import QUESTION, answer, leaf

FIXTURES = Path(__file__).parents[2] / "fixtures" / "trace" / "1"
BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
DENIED = Denied(message="no", status=401, type="authentication_error")
NOW = RetryPolicy(max_attempts=3, base_delay=0.0)

Scripted = Response | LlmError
SCRIPTS: Mapping[str, tuple[Scripted, ...]] = {
    "plain": (answer(),),
    "busy": (BUSY, answer()),
    "cut": (answer("Hel", "max_tokens"), BUSY, answer("lo")),
    "refused": (DENIED,),
    "broken": (Disconnected(message="gone"), answer("Hel", "max_tokens"), answer(""), answer("never")),
    "outage": (BUSY, BUSY, BUSY),
}


def stack(inner: Runner) -> Runner:
    return standard(inner, retries=2, retry_backoff=0.0, continues=2, cache=MemoryStore())


def in_world(script: tuple[Scripted, ...], *, observed: bool) -> Recorded:
    return World(script).record(stack(leaf()), QUESTION, observed=observed)


def on_thread(script: tuple[Scripted, ...], *, observed: bool) -> Recorded:
    return record(stack(leaf(*script)), QUESTION, observed=observed)


def on_loop(script: tuple[Scripted, ...], *, observed: bool) -> Recorded:
    return asyncio.run(arecord(stack(leaf(*script)), QUESTION, observed=observed))


def steps_of(trace: Trace) -> list[Step]:
    """The steps without what clocks and chance make of them."""
    return [
        type(step.did)(0.0) if isinstance(step.did, Clock | Slept) else step.did
        for step in trace.steps
        if not isinstance(step.did, Changed | Noted) and type(step.did).__name__ != "Drew"
    ]


scripted = st.lists(
    st.sampled_from(
        [
            answer(),
            BUSY,
            answer("Hel", "max_tokens"),
            DENIED,
            Disconnected(message="gone"),
            answer("no", "refusal"),
        ]
    ),
    max_size=4,
).map(lambda answers: (*answers, answer("end"), answer("end"), answer("end"), answer("end")))


# ---------------------------------------------------------------- laws


@given(scripted, st.booleans())
def test_a_trace_that_was_written_loads_as_the_same_value(
    script: tuple[Scripted, ...], observed: bool
) -> None:
    trace = in_world(script, observed=observed).trace
    text = trace.to_jsonl()
    assert Trace.from_jsonl(text) == Trace.from_jsonl(text.encode()) == Success(trace)
    assert all(json.loads(line) for line in text.splitlines())


@given(scripted, st.booleans())
def test_the_same_answers_give_the_same_trace_in_every_colour(
    script: tuple[Scripted, ...], observed: bool
) -> None:
    traces = [colour(script, observed=observed) for colour in (in_world, on_thread, on_loop)]
    assert traces[0].outcome == traces[1].outcome == traces[2].outcome
    assert steps_of(traces[0].trace) == steps_of(traces[1].trace) == steps_of(traces[2].trace)


@given(scripted, st.booleans())
def test_recording_changes_nothing(script: tuple[Scripted, ...], observed: bool) -> None:
    told = in_world(script, observed=observed)
    simulation = World(script).run(stack(leaf()), QUESTION, observed=observed)
    assert told.outcome == simulation.outcome == told.trace.outcome
    emitted = [step.did.event for step in told.trace.steps if isinstance(step.did, Emitted)]
    assert emitted == list(simulation.events)
    assert len(told.trace.steps) == len(
        [step for step in simulation.trace if observed or type(step[0]).__name__ != "Emit"]
    )


@given(scripted, st.booleans())
def test_a_trace_travels(script: tuple[Scripted, ...], observed: bool) -> None:
    outcome, trace = in_world(script, observed=observed)
    assert pickle.loads(pickle.dumps((outcome, trace))) == (outcome, trace)
    assert hash(trace) == hash(Trace.from_jsonl(trace.to_jsonl()).unwrap())


@given(hostile_bytes() | hostile_json().map(lambda data: json.dumps(data).encode()))
def test_any_bytes_give_an_outcome(body: bytes) -> None:
    assert isinstance(Trace.from_jsonl(body), Success | Failure)


@given(st.data(), scripted)
def test_whatever_is_changed_in_a_line_is_read_or_refused_with_its_place(
    data: st.DataObject, script: tuple[Scripted, ...]
) -> None:
    lines = in_world(script, observed=data.draw(st.booleans())).trace.to_jsonl().splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    line = json.loads(lines[at])
    line[data.draw(st.sampled_from(sorted(line)))] = data.draw(hostile_json())
    lines[at] = json.dumps(line)
    found = Trace.from_jsonl("\n".join(lines))
    if isinstance(found, Failure):
        error = found.failure()
        assert isinstance(error, Malformed)
        assert (error.path or "").startswith("$[")
        assert not error.retryable


@given(st.lists(hostile_json(), max_size=3))
def test_values_of_answers_are_what_they_were_or_unknown(values: list[PlainJson]) -> None:
    for value in values:
        value_of(JsonObject.wrap({"value": value}))


# ---------------------------------------------------------------- what it says


def test_times_are_those_of_the_run() -> None:
    script = [Slow(2.0, replace(BUSY, retry_after=20.0)), Slow(1.5, answer())]
    trace = World(script, clock=1000.0).record(compose(leaf(), with_retry(NOW)), QUESTION).trace
    timed = [(type(step.did), step.at, step.took) for step in trace.steps if step.took]
    assert timed == [(Sent, 0.0, 2.0), (Slept, 2.0, 20.0), (Sent, 22.0, 1.5)]
    assert (trace.began, trace.elapsed) == (1000.0, 23.5)


def test_a_stream_that_broke_is_told_chunk_by_chunk() -> None:
    told = World([Slow(1.0, Cut(answer("Hello"), 0.9), each=0.5)]).record(leaf(), QUESTION, observed=True)
    reads = [step for step in told.trace.steps if isinstance(step.did, Read)]
    assert isinstance(told.trace.steps[2].did, Connected)
    assert isinstance(reads[-1].did, Read)
    assert isinstance(reads[-1].did.error, Disconnected)
    assert {step.took for step in reads} == {0.5}
    assert isinstance(told.outcome.failure(), Disconnected)


def test_what_a_piece_of_the_prompt_was_resolved_to_is_told() -> None:
    asked = resolve(QUESTION, Draft.user("And:", lambda: ["a", Text("b"), None]))
    trace = World([answer()]).record(leaf(), asked).trace
    called = [value_of(step.did.answer) for step in trace.steps if isinstance(step.did, Called)]
    assert called == [("a", Text("b"), None)] * 2
    assert trace.asked is None


def test_what_no_trace_can_hold_is_told_by_its_type_alone() -> None:
    asked = resolve(QUESTION, Draft.user("And:", lambda: iter(["a"])))
    trace = World([answer()]).record(leaf(), asked).trace
    first, second = [step.did.answer for step in trace.steps if isinstance(step.did, Called)]
    assert first == JsonObject({"value": {"type": "list_iterator"}})
    assert value_of(first) is UNKNOWN
    assert value_of(second) == ("a",)


def test_a_cached_answer_is_told_without_a_request() -> None:
    world, runner = World([answer()]), compose(leaf(), with_cache(MemoryStore()))
    world.run(runner, QUESTION)
    trace = world.record(runner, QUESTION).trace
    assert [type(step.did) for step in trace.steps] == [Loaded, Noted, type(trace.steps[2].did)][
        : len(trace.steps)
    ]
    assert trace.asked == QUESTION


# ---------------------------------------------------------------- what it must not hold

KEY = "sk-ant-api03-CanaryCanaryCanaryCanaryCanary"


def test_a_trace_holds_no_key_and_no_header_that_is_not_on_the_list() -> None:
    from llm_effects import Raw

    secrets = {
        "set-cookie": f"session={KEY}",
        "anthropic-organization-id": "org-Canary",
        "x-api-key": KEY,
        "content-type": "application/json",
        "retry-after": "3",
    }
    refusal = Raw(401, secrets, (json.dumps({"error": {"type": "e", "message": f"bad key {KEY}"}}).encode(),))
    text = World([refusal]).record(leaf(), QUESTION).trace.to_jsonl()
    assert "anary" not in text
    sent = [step.did for step in Trace.from_jsonl(text).unwrap().steps if isinstance(step.did, Sent)]
    assert isinstance(sent[0].answer, Replied)
    assert sent[0].answer.headers == JsonObject({"content-type": "application/json", "retry-after": "3"})


def test_a_trace_of_a_stream_that_was_refused_holds_no_key() -> None:
    from llm_effects import Raw

    refusal = Raw(401, {"content-type": "application/json"}, (f'{{"error": "bad key {KEY}"}}'.encode(),))
    recorded = World([refusal]).record(leaf(), QUESTION, observed=True)
    assert "anary" not in recorded.trace.to_jsonl()
    assert isinstance(rerun(leaf(), QUESTION, recorded.trace), Same)


def test_a_trace_of_the_official_client_holds_no_key() -> None:
    from llm_effects.stub import Stub
    from tests.providers import PROVIDERS

    for provider in PROVIDERS:
        with Stub([DENIED, "Hello"], headers=(("x-canary", KEY),)) as stub:
            runner = compose(provider.with_clients(provider.url(stub), key=KEY), with_retry(NOW))
            text = record(runner, QUESTION).trace.to_jsonl() + record(runner, QUESTION).trace.to_jsonl()
        assert "anary" not in text


# ---------------------------------------------------------------- any colour, by a wrapper


def in_stream(runner: Runner) -> None:
    with stream(runner, QUESTION) as events:
        list(events)


def in_astream(runner: Runner) -> None:
    async def main() -> None:
        async with astream(runner, QUESTION) as events:
            async for _ in events:
                pass

    asyncio.run(main())


@pytest.mark.parametrize(
    ("colour", "observed"),
    [
        (partial(run, asked=QUESTION), False),
        (lambda runner: asyncio.run(arun(runner, QUESTION)), False),
        (in_stream, True),
        (in_astream, True),
    ],
    ids=["run", "arun", "stream", "astream"],
)
def test_a_wrapper_traces_runs_of_every_colour(colour: Callable[[Runner], object], observed: bool) -> None:
    kept: list[Trace] = []
    colour(compose(leaf(BUSY, answer()), with_retry(NOW), with_trace(kept.append)))
    (trace,) = kept
    assert steps_of(trace) == steps_of(
        World([BUSY, answer()]).record(compose(leaf(), with_retry(NOW)), QUESTION, observed=observed).trace
    )
    assert trace.outcome is not None
    assert trace.outcome.unwrap().text == "Hello"


def test_a_recorder_that_fails_takes_no_answer_with_it() -> None:
    def broken(trace: Trace) -> None:
        raise OSError("disk full")

    assert run(compose(leaf(answer()), with_trace(broken)), QUESTION).unwrap().text == "Hello"


def test_nothing_is_traced_unless_asked() -> None:
    layers: Wrapper = with_retry(NOW)
    assert "trace" not in compose(leaf(), layers).layers
    assert compose(leaf(), layers, with_trace(print)).layers[-1] == "trace"


# ---------------------------------------------------------------- for ever


def test_traces_of_version_1_are_read_for_ever() -> None:
    assert SCHEMA == "llm_effects.trace/1", (
        "a new version needs an upgrade from the old, and fixtures of its own"
    )
    files, kinds = sorted(FIXTURES.glob("*.jsonl")), set[type]()
    assert [file.stem for file in files] == ["everything", "notes", "streamed"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        trace = Trace.from_jsonl(text).unwrap()
        assert trace.to_jsonl() == text
        for step in trace.steps:
            kinds.add(type(step.did))
            if isinstance(step.did, Noted):
                kinds.add(type(step.did.note))
            elif isinstance(step.did, Claimed):
                kinds.add(type(step.did.landing))
    assert kinds == {*STEPS, *get_args(Note), *get_args(Landing)}


def test_what_version_1_wrote_of_a_target_is_read() -> None:
    trace = Trace.from_jsonl((FIXTURES / "notes.jsonl").read_bytes()).unwrap()
    dialect = Dialect(
        "own", "max_tokens", "developer", "random_seed", "thinking", "reasoning", True, False, "x"
    )
    assert trace.target == Target("own", "openai_chat", "https://own.example", "m", dialect)
    assert (trace.began, trace.outcome) == (12.5, Failure(Overloaded(status=529)))


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("", "$[0]", "an empty text is no trace"),
        ("[]", "$[0]", "expected an object, not an array"),
        ('{"schema":"llm_effects.trace/2"}', "$[0].schema", "the schema must be llm_effects.trace/1"),
        ("{", "$[0]", None),
        (b"\xff", "$", "not UTF-8"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_place(text: str, path: str, message: str | None) -> None:
    error = Trace.from_jsonl(text).failure()
    assert error.path == path
    assert message is None or error.message == message


@pytest.mark.parametrize("took", ["1e300", "-1e300", "9" * 400])
def test_a_time_that_no_run_can_take_is_refused(took: str) -> None:
    head = World([answer()]).record(leaf(), QUESTION).trace.to_jsonl().partition("\n")[0]
    text = f'{head}\n{{"at":0,"took":{took},"kind":"clock","now":1}}\n'
    assert Trace.from_jsonl(text).failure().path == "$[1].took"


def test_a_step_after_the_end_is_refused() -> None:
    text = World([answer()]).record(leaf(), QUESTION).trace.to_jsonl()
    again = text + '{"at":0,"took":0,"kind":"clock","now":1}\n'
    assert Trace.from_jsonl(again).failure() == Malformed(
        message="the run had ended", path=f"$[{text.count(chr(10))}]", retryable=False
    )


def test_a_run_that_was_left_has_no_outcome() -> None:
    text = World([answer()]).record(leaf(), QUESTION).trace.to_jsonl()
    left = Trace.from_jsonl("".join(text.splitlines(keepends=True)[:-1])).unwrap()
    assert left.outcome is None


def test_what_our_own_side_refuses_is_told_too() -> None:
    told = World([]).record(leaf(), QUESTION)
    assert isinstance(told.outcome.failure(), Misconfigured)
    assert Trace.from_jsonl(told.trace.to_jsonl()).unwrap().outcome == told.outcome
