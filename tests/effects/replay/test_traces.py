"""A trace is a cassette in waiting: of its own provider, or of another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success

from llm_effects import (
    Cut,
    Raw,
    Runner,
    Slow,
    Trace,
    World,
    anthropic_runner,
    arun,
    compose,
    openai_chat_runner,
    openai_responses_runner,
    run,
    stream,
    with_retry,
)
from llm_effects.interpreters.answers import Answer
from llm_effects.replay import cassette, cassette_of, read_cassette, write_cassette
from llm_effects.replay.traces import exchange_of, exchanges_in
from llm_effects.trace.exchanges import exchanges_of, outcome_of
from llm_effects.trace.steps import Sent
from llm_pure import (
    AssistantMessage,
    Completion,
    Disconnected,
    Incomplete,
    JsonObject,
    Lossy,
    Misconfigured,
    Outcome,
    Overloaded,
    RateLimited,
    Reasoning,
    Response,
    RetryPolicy,
    Target,
    Text,
    Timeout,
    TlsRefused,
    Tool,
    ToolCall,
    Unreachable,
    Usage,
    user,
)
from tests.effects.scripted import failed
from tests.providers import PROVIDERS, Provider

BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
LIMITED = RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=3.0)
CALL = ToolCall("toolu_1", "look", JsonObject({"at": "Łódź"}))
ANSWER = Response(AssistantMessage((Text("I look."), CALL)), Usage(12, 9), "tool_call")
ASKED = Completion(
    [user("Where is it?")],
    system="Be brief.",
    max_tokens=100,
    tools=[
        Tool("look", "Look there", JsonObject({"type": "object", "properties": {"at": {"type": "string"}}}))
    ],
)
RUNNERS: dict[str, Runner] = {
    "anthropic": anthropic_runner(model="claude-haiku-4-5"),
    "openai": openai_chat_runner(model="gpt-4o-mini"),
    "openai-responses": openai_responses_runner(model="gpt-5.2"),
}


def patient(leaf: Runner) -> Runner:
    return compose(leaf, with_retry(RetryPolicy(max_attempts=4)))


def traced(name: str, script: list[Answer], *, observed: bool = False) -> Trace:
    return World(script).record(patient(RUNNERS[name]), ASKED, observed=observed).trace


def with_clients(provider: Provider) -> Runner:
    return patient(
        provider.with_clients("https://api.invalid" + ("" if provider.name == "anthropic" else "/v1"))
    )


def said(outcome: Outcome[Response]) -> object:
    response = outcome.unwrap()
    calls = [(call.name, call.arguments) for call in response.tool_calls]
    return response.text, calls, response.stop_reason, response.usage.output_tokens


@pytest.mark.parametrize("observed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("to", PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize("of", RUNNERS)
def test_a_trace_of_one_provider_is_played_as_a_cassette_of_another(
    of: str, to: Provider, observed: bool, tmp_path: Path
) -> None:
    trace = traced(of, [BUSY, Slow(1.0, ANSWER)], observed=observed)
    runner = with_clients(to)
    target = None if of == to.name else replace(RUNNERS[to.name].target, model=runner.target.model)
    rendered = cassette_of(trace, target).unwrap()
    assert rendered.losses == ()
    file = tmp_path / "rendered.yaml"
    write_cassette(file, rendered.recording("2026-11-25"))
    model = None if target is not None else RUNNERS[of].target.model
    asked = ASKED.replace(model=model)
    with cassette(file) as played:
        if observed:
            with stream(runner, asked) as events:
                assert list(events)
            outcome = events.result
        else:
            outcome = run(runner, asked)
        assert played.unplayed == ()
        assert played.misses == ()
    assert trace.outcome is not None
    assert said(outcome) == said(trace.outcome) == ("I look.", [("look", CALL.arguments)], "tool_call", 9)


def test_a_rendered_cassette_is_played_in_the_other_colour_too(tmp_path: Path) -> None:
    (to,) = [provider for provider in PROVIDERS if provider.name == "openai"]
    runner, file = with_clients(to), tmp_path / "rendered.yaml"
    target = replace(RUNNERS["openai"].target, model=runner.target.model)
    write_cassette(file, cassette_of(traced("anthropic", [LIMITED, ANSWER]), target).unwrap().recording())
    with cassette(file):
        assert said(asyncio.run(arun(runner, ASKED)))[0] == "I look."  # type: ignore[index]  # a tuple


def test_what_the_other_provider_cannot_say_is_a_loss_with_the_number_of_its_exchange() -> None:
    trace = World([BUSY, ANSWER]).record(patient(RUNNERS["anthropic"]), ASKED.replace(top_k=5)).trace
    rendered = cassette_of(trace, Target("openai", "openai_chat", model="gpt-4o-mini")).unwrap()
    assert [loss.path for loss in rendered.losses] == ["$[0].top_k", "$[1].top_k"]
    assert len(rendered.interactions) == 2


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (Unreachable(message="x"), "ConnectError"),
        (TlsRefused(message="x"), "TlsError"),
        (Timeout(message="x"), "ReadTimeout"),
        (Timeout(message="x", phase="connect"), "ConnectTimeout"),
        (Timeout(message="x", phase="pool"), "PoolTimeout"),
        (Timeout(message="x", phase="send"), "WriteTimeout"),
        (Disconnected(message="x"), "RemoteProtocolError"),
    ],
)
def test_what_happened_on_the_way_is_a_fault_and_the_same_error_again(error: Unreachable, fault: str) -> None:
    trace = World([error]).record(RUNNERS["anthropic"], ASKED).trace
    for target in (None, Target("openai", "openai_chat", model="gpt-4o-mini")):
        (one,) = cassette_of(trace, target).unwrap().interactions
        assert (one.fault, one.answer) == (fault, None)
        again = exchange_of(one).error
        assert type(again) is type(error)
        assert getattr(again, "phase", None) == getattr(error, "phase", None)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("to", PROVIDERS, ids=lambda provider: provider.name)
def test_a_cut_stream_is_cut_in_the_cassette_of_any_provider(
    to: Provider, closed: bool, tmp_path: Path
) -> None:
    answer = Response(AssistantMessage((Text("Hello there"),)), Usage(3, 2), "end")
    leaf = RUNNERS["anthropic"]
    trace = World([Cut(answer, 0.85, closed)]).record(leaf, ASKED, observed=True).trace
    runner = to.with_clients("https://api.invalid" + ("" if to.name == "anthropic" else "/v1"))
    target = Target(to.name, runner.target.wire, model=runner.target.model)
    file = tmp_path / "cut.yaml"
    write_cassette(file, cassette_of(trace, target).unwrap().recording())
    with cassette(file), stream(runner, ASKED) as events:
        list(events)
    error = failed(events.result)
    assert isinstance(error, Incomplete if closed else Disconnected)
    assert error.partial is not None
    assert error.partial.text == "Hello there"


def test_what_our_own_side_ended_is_no_interaction() -> None:
    trace = World([]).record(RUNNERS["anthropic"], ASKED).trace
    assert cassette_of(trace).unwrap().interactions == ()


def test_a_request_that_cannot_be_read_is_refused_with_its_number() -> None:
    trace = traced("anthropic", [ANSWER])
    steps = [
        replace(step, did=replace(step.did, request=replace(step.did.request, body=b"{")))
        if isinstance(step.did, Sent)
        else step
        for step in trace.steps
    ]
    other = replace(trace, steps=tuple(steps))
    error = cassette_of(other, Target("openai", "openai_chat", model="m")).failure()
    assert (error.path or "").startswith("$[0]")


script = st.lists(
    st.sampled_from(
        [
            ANSWER,
            BUSY,
            LIMITED,
            Unreachable(message="x"),
            Cut(ANSWER, 0.5),
            Raw(200, {"content-type": "text/html"}, (b"<html>",)),
            Response(AssistantMessage((Reasoning("hm", signature="c2ln"), Text("Yes"))), Usage(3, 2), "end"),
        ]
    ),
    min_size=1,
    max_size=4,
)


@given(script, st.booleans(), st.sampled_from(sorted(RUNNERS)))
def test_a_cassette_of_a_trace_holds_the_exchanges_of_the_trace(
    answers: list[Answer], observed: bool, name: str
) -> None:
    trace = traced(name, answers, observed=observed)
    recording = cassette_of(trace).unwrap().recording("2026-11-25")
    told = [outcome_of(one) for one in exchanges_in(recording)]
    whole = [one for one in exchanges_of(trace.steps) if not isinstance(one.error, Misconfigured | Lossy)]
    assert [short(one) for one in told] == [short(outcome_of(one)) for one in whole]


def short(outcome: Outcome[Response]) -> object:
    if isinstance(outcome, Success):
        return outcome
    error = outcome.failure()
    return type(error), error.status, error.retry_after, error.partial


@given(script, st.booleans(), st.sampled_from(sorted(RUNNERS)), st.sampled_from(sorted(RUNNERS)))
def test_every_trace_renders_for_every_provider(
    answers: list[Answer], observed: bool, of: str, to: str
) -> None:
    trace = traced(of, answers, observed=observed)
    rendered = cassette_of(trace, RUNNERS[to].target).unwrap()
    assert len(rendered.interactions) == len(cassette_of(trace).unwrap().interactions)


def test_the_file_says_when_and_why_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    write_cassette(
        file, cassette_of(traced("anthropic", [ANSWER])).unwrap().recording("2026-11-25", "from a trace")
    )
    header = read_cassette(file).header
    assert header is not None
    assert (header.recorded, header.note) == ("2026-11-25", "from a trace")
