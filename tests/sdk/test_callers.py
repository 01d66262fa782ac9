"""One runner and many callers, and runners that were set up wrongly; through the real SDKs, over a real socket."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from returns.result import Success

from llm_effects import arun, run, stream, with_retry
from llm_effects.stub import Raw, Sent, Stub
from llm_pure import (
    Completion,
    Denied,
    Misconfigured,
    TextDelta,
    mapped,
    user,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import ANTHROPIC, CLEARED, KEY, Provider
from tests.sdk.served import NOW, Serve, text

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


def test_sixty_four_threads_on_one_runner_each_get_their_own_answer(provider: Provider, serve: Serve) -> None:
    stub, runner = serve(script=lambda completion: f"re: {completion.last_text}")
    answers: dict[int, str] = {}
    together = threading.Barrier(64)

    def ask(number: int) -> None:
        together.wait()
        question = Completion([user(f"question {number}")], max_tokens=9)
        if number % 2:
            answers[number] = text(run(runner, question))
        else:
            with stream(runner, question) as events:
                for _ in events:
                    pass
            answers[number] = text(events.result)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"re: question {number}" for number in range(64)}
    assert len(stub.requests) == 64


def test_sixty_four_tasks_on_one_runner_each_get_their_own_answer(provider: Provider, serve: Serve) -> None:
    _, runner = serve(script=lambda completion: f"re: {completion.last_text}")

    async def main() -> list[str]:
        questions = [Completion([user(f"question {number}")], max_tokens=9) for number in range(64)]
        return [text(outcome) for outcome in await asyncio.gather(*(arun(runner, it) for it in questions))]

    assert asyncio.run(main()) == [f"re: question {number}" for number in range(64)]


def test_a_connection_is_kept_for_the_next_call(provider: Provider, serve: Serve) -> None:
    stub, runner = serve("one", "two", "three")
    assert [text(run(runner, provider.question)), text(run(runner, provider.question))] == ["one", "two"]
    with stream(runner, provider.question) as events:
        list(events)
    assert [request.connection for request in stub.requests] == [0, 0, 0]


def test_one_runner_serves_a_second_event_loop(provider: Provider, serve: Serve) -> None:
    _, runner = serve("one", "two")
    assert [text(asyncio.run(arun(runner, provider.question))) for _ in range(2)] == ["one", "two"]


def test_one_runner_serves_loops_of_several_threads_at_once(provider: Provider, serve: Serve) -> None:
    _, runner = serve(script=lambda completion: f"re: {completion.last_text}")
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        question = Completion([user(f"question {number}")], max_tokens=9)
        answers[number] = text(asyncio.run(arun(runner, question)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"re: question {number}" for number in range(8)}


FORKED = """
    import json, os, sys
    from llm_effects import anthropic_runner, openai_chat_runner, openai_responses_runner, run
    from llm_pure import Completion, user
    makers = {"anthropic": anthropic_runner, "openai": openai_chat_runner, "openai-responses": openai_responses_runner}
    runner, question = makers[sys.argv[1]](model=sys.argv[2]), Completion([user("Say hello")], max_tokens=9)
    def ask():
        return run(runner, question).map(lambda response: response.text).value_or("failed")
    before = ask()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, ask().encode())
        os._exit(0)
    os.waitpid(child, 0)
    print(json.dumps([before, os.read(reading, 99).decode(), ask()]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_opens_its_own_connection_and_leaves_its_parents_alone(
    provider: Provider, serve: Serve
) -> None:
    stub, _ = serve("before", "child", "after")
    command = [sys.executable, "-c", inspect.cleandoc(FORKED), provider.name, provider.model]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert json.loads(done.stdout) == ["before", "child", "after"]
    assert [request.connection for request in stub.requests] == [0, 1, 0]


# ---------------------------------------------------------------- set up wrongly


def test_a_client_of_the_wrong_colour_is_misconfigured_before_anything_is_sent(provider: Provider) -> None:
    with Stub() as stub:
        url = provider.url(stub)
        blocking = provider.with_clients(url, colour="blocking")
        asynchronous = provider.with_clients(url, colour="asynchronous")
        wrong = [
            failed(COLOURS[name](runner, provider.question).outcome)
            for name, runner in [
                ("arun", blocking),
                ("astream", blocking),
                ("run", asynchronous),
                ("stream", asynchronous),
            ]
        ]
        assert [(type(error), "client" in error.message) for error in wrong] == [(Misconfigured, True)] * 4
        assert (stub.accepted, stub.requests) == (0, ())


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


@pytest.mark.parametrize("key", ["sk-secret\nnot-a-header", "sk-secret not-a-header\n", "sk-secret\x00"])
def test_a_key_that_cannot_be_sent_is_misconfigured_and_shown_nowhere(
    provider: Provider, colour: Colour, key: str
) -> None:
    with Stub(["Hello"]) as stub:
        runner = with_retry(NOW)(provider.with_clients(provider.url(stub), key=key))
        told = colour(runner, provider.question)
        error = failed(told.outcome)
        assert type(error) is Misconfigured
        assert stub.requests == ()
    assert [it for it in (error, told, runner) if "secret" in repr(it) or "not-a-header" in repr(it)] == []


def test_a_key_that_the_provider_repeats_is_masked(provider: Provider, serve: Serve, colour: Colour) -> None:
    body = json.dumps(
        {"error": {"type": "authentication_error", "message": "Incorrect key: sk-proj-abcdefghij"}}
    )
    _, runner = serve(Raw(body.encode(), 401))
    error = failed(colour(runner, provider.question).outcome)
    assert type(error) is Denied
    assert error.message == "Incorrect key: [masked]"
