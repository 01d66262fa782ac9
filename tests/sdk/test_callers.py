"""One runner and many callers, and runners that were set up wrongly; through the real SDKs, over a real socket."""

from __future__ import annotations

import gc
import json
import ssl
from pathlib import Path

import pytest
from returns.result import Success

from llm_effects import run, stream
from llm_effects.providers.settings import ssl_context
from llm_effects.stub import Raw, Sent, Stub
from llm_pure import (
    Denied,
    Misconfigured,
    TextDelta,
    mapped,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import ANTHROPIC, CLEARED, KEY, Provider
from tests.sdk.served import Serve, text

# ---------------------------------------------------------------- one runner, many callers


def test_every_colour_gives_the_same_answer(provider: Provider, serve: Serve) -> None:
    stub, runner = serve(*["Hello, world"] * len(COLOURS))
    told = [colour(runner, provider.question) for colour in COLOURS.values()]
    whole = {
        mapped(it.outcome, lambda response: (response.text, response.usage, response.stop_reason))
        for it in told
    }
    assert len(whole) == 1
    assert [request.stream for request in stub.requests] == [False, False, True, True]
    assert ["".join(e.text for e in it.events if isinstance(e, TextDelta)) for it in told[2:]] == [
        "Hello, world"
    ] * 2


def test_the_key_the_question_and_the_format_go_out_as_the_provider_wants_them(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    stub, runner = serve("Hello")
    colour(runner, provider.question)
    (request,) = stub.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert isinstance(request.payload, dict)
    assert request.payload["model"] == provider.model
    assert request.wire == provider.wire
    assert isinstance(request.completion, Success)
    assert request.completion.unwrap().messages == provider.question.messages


def test_a_connection_is_kept_for_the_next_call(provider: Provider, serve: Serve) -> None:
    stub, runner = serve("one", "two", "three")
    assert [text(run(runner, provider.question)), text(run(runner, provider.question))] == ["one", "two"]
    with stream(runner, provider.question) as events:
        list(events)
    assert [request.connection for request in stub.requests] == [0, 0, 0]


def test_all_runners_of_a_process_share_one_ssl_context(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    # To load the certificates costs more than all else about a client.
    before = contexts()
    runners = [serve("Hello")[1], serve("Hello")[1]]
    assert [text(colour(runner, provider.question).outcome) for runner in runners] == ["Hello"] * 2
    assert contexts() <= before | {id(ssl_context())}


def contexts() -> set[int]:
    return {id(it) for it in gc.get_objects() if isinstance(it, ssl.SSLContext)}


@pytest.mark.parametrize("name", ["run", "arun"])
def test_what_may_take_longer_than_a_call_that_does_not_stream_is_streamed_though_nobody_looks(
    provider: Provider, serve: Serve, name: str
) -> None:
    stub, runner = serve("Hello", "Hello")
    for limit in (21_333, 21_334):  # from where on the SDK of Anthropic refuses to wait
        asked = provider.question.replace(max_tokens=limit)
        assert text(COLOURS[name](runner, asked).outcome) == "Hello"
    assert [request.stream for request in stub.requests] == [False, provider is ANTHROPIC]


# ---------------------------------------------------------------- set up wrongly


def test_a_client_of_each_colour_serves_both(provider: Provider, colour: Colour) -> None:
    with Stub([Sent("Hello", ending="close")]) as stub:
        assert text(colour(provider.with_clients(provider.url(stub)), provider.question).outcome) == "Hello"


def test_without_a_key_the_failure_says_which_is_missing(provider: Provider, colour: Colour) -> None:
    error = failed(colour(provider.from_settings(), provider.question).outcome)
    assert type(error) is Misconfigured
    assert "api_key" in error.message or provider.key_variable in error.message
    assert not error.retryable


def test_a_profile_that_is_not_there_is_misconfigured(
    colour: Colour, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    error = failed(colour(ANTHROPIC.from_settings(), ANTHROPIC.question).outcome)
    assert type(error) is Misconfigured
    assert "ANTHROPIC_CONFIG_DIR" in error.message


def test_a_key_that_the_provider_repeats_is_masked(provider: Provider, serve: Serve, colour: Colour) -> None:
    body = json.dumps(
        {"error": {"type": "authentication_error", "message": "Incorrect key: sk-proj-abcdefghij"}}
    )
    _, runner = serve(Raw(body.encode(), 401))
    error = failed(colour(runner, provider.question).outcome)
    assert type(error) is Denied
    assert error.message == "Incorrect key: [masked]"
