"""Through the real SDKs, over a real socket, against a stub: what a provider or a network does becomes the right value.

Every test runs with both SDKs, and where it says `colour`, in every colour.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from math import inf
from pathlib import Path
from typing import Protocol

import pytest
from returns.result import Failure, Success

from llm_effects import Runner, arun, astream, run, stream, with_deadline, with_retry
from llm_effects.stub import Raw, Refuse, Sent, Step, Stub
from llm_effects.stub.server import Script
from llm_pure import (
    BadRequest,
    Completion,
    Deadline,
    Denied,
    Disconnected,
    Incomplete,
    LlmError,
    Malformed,
    Misconfigured,
    Outcome,
    Overloaded,
    Quota,
    RateLimited,
    Response,
    RetryPolicy,
    ServerFault,
    TextDelta,
    Timeout,
    TooLarge,
    Transient,
    Unreachable,
    mapped,
    user,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import ANTHROPIC, CLEARED, KEY, PROVIDERS, Provider

NOW = RetryPolicy(max_attempts=4, base_delay=0)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Provider:
    """One of the two, in an environment that says nothing about either."""
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = request.param
    assert isinstance(found, Provider)
    return found


@pytest.fixture(params=COLOURS, ids=str)
def colour(request: pytest.FixtureRequest) -> Colour:
    return COLOURS[request.param]


class Serve(Protocol):
    def __call__(self, *steps: Step, script: Script | None = None) -> tuple[Stub, Runner]: ...


@pytest.fixture
def serve(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a stub with a script, and make a runner that finds it by the environment's settings."""
    with ExitStack() as stack:

        def start(*steps: Step, script: Script | None = None) -> tuple[Stub, Runner]:
            stub = stack.enter_context(Stub(script if script is not None else steps))
            for name, value in provider.settings(stub).items():
                monkeypatch.setenv(name, value)
            return stub, provider.from_settings()

        yield start


def text(outcome: Outcome[Response]) -> str:
    assert isinstance(outcome, Success), outcome
    return outcome.unwrap().text


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
    from llm_effects import anthropic_runner, openai_chat_runner, run
    from llm_pure import Completion, user
    make = anthropic_runner if sys.argv[1] == "anthropic" else openai_chat_runner
    runner, question = make(model=sys.argv[2]), Completion([user("Say hello")], max_tokens=9)
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


# ---------------------------------------------------------------- the provider's no

STATUSES: Mapping[int, tuple[type[LlmError], bool]] = {
    400: (BadRequest, False),
    401: (Denied, False),
    402: (Quota, False),
    403: (Denied, False),
    404: (BadRequest, False),
    405: (BadRequest, False),
    408: (Transient, True),
    409: (Transient, True),
    413: (TooLarge, False),
    422: (BadRequest, False),
    425: (Transient, True),
    429: (RateLimited, True),
    499: (BadRequest, False),
    500: (ServerFault, True),
    501: (ServerFault, True),
    502: (ServerFault, True),
    503: (Overloaded, True),
    504: (ServerFault, True),
    520: (ServerFault, True),
    529: (Overloaded, True),
}


@pytest.mark.parametrize("client", ["of settings", "of its own, which would retry"])
def test_every_status_is_one_request_and_the_right_error(
    provider: Provider, serve: Serve, colour: Colour, client: str
) -> None:
    body = json.dumps({"error": {"type": "strange", "message": "no"}}).encode()
    # Each closes its connection: a client of one's own outlives the event loop that it was used in.
    answers = [Raw(body, status, (("connection", "close"),)) for status in STATUSES]
    stub, runner = serve(*answers)
    if client != "of settings":
        runner = provider.with_clients(provider.url(stub))
    errors = [failed(colour(runner, provider.question).outcome) for _ in STATUSES]
    assert {
        status: (type(error), error.retryable, error.message, error.status)
        for status, error in zip(STATUSES, errors, strict=True)
    } == {status: (kind, retryable, "no", status) for status, (kind, retryable) in STATUSES.items()}
    assert len(stub.requests) == len(STATUSES)
    assert all(error.request_id for error in errors)


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b'{"error": 3}', b"[]", b"\xff\xfe", b"null"]
)
def test_an_error_with_any_body_is_an_error_of_its_status(
    provider: Provider, serve: Serve, colour: Colour, body: bytes
) -> None:
    _, runner = serve(Raw(body, 502), Raw(body, 429))
    errors = [failed(colour(runner, provider.question).outcome) for _ in range(2)]
    assert [(type(error), error.status) for error in errors] == [(ServerFault, 502), (RateLimited, 429)]


def test_what_is_asked_to_wait_is_told_and_waited_for(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    busy = RateLimited(message="slow down", status=429, retry_after=0.05)
    stub, runner = serve(busy, busy, "Hello")
    began = time.monotonic()
    told = colour(with_retry(NOW)(runner), provider.question)
    assert text(told.outcome) == "Hello"
    assert len(stub.requests) == 3
    assert time.monotonic() - began >= 0.1


def test_the_wait_that_a_server_asks_for_is_in_the_error(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    later = (("retry-after", "7"), ("request-id", "req_a"), ("x-request-id", "req_a"))
    _, runner = serve(Raw(b"{}", 429, later))
    error = failed(colour(runner, provider.question).outcome)
    assert (type(error), error.retry_after, error.retryable) == (RateLimited, 7.0, True)


def test_a_server_that_forbids_another_try_is_obeyed(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    stub, runner = serve(Raw(b"{}", 529, (("x-should-retry", "false"),)), "Hello")
    error = failed(colour(with_retry(NOW)(runner), provider.question).outcome)
    assert (type(error), error.retryable) == (Overloaded, False)
    assert len(stub.requests) == 1


def test_a_server_that_demands_another_try_of_a_bad_request_is_not_obeyed(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    stub, runner = serve(Raw(b"{}", 400, (("x-should-retry", "true"),)), "Hello")
    assert type(failed(colour(with_retry(NOW)(runner), provider.question).outcome)) is BadRequest
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>Welcome to the hotel</html>", b'{"unexpected": true}', b"[1]", b"\xff"]
)
def test_a_success_that_is_no_answer_is_malformed(provider: Provider, serve: Serve, body: bytes) -> None:
    _, runner = serve(*[Raw(body, 200, (("content-type", "application/json"),))] * 2)
    errors = [failed(COLOURS[name](runner, provider.question).outcome) for name in ("run", "stream")]
    assert [type(error) for error in errors] == [Malformed] * 2


# ---------------------------------------------------------------- the network


def test_a_refused_connection_is_unreachable(provider: Provider, colour: Colour) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failed(colour(provider.with_clients(f"http://127.0.0.1:{port}/v1"), provider.question).outcome)
    assert (type(error), error.retryable) == (Unreachable, True)


@pytest.mark.parametrize("refusal", [Refuse(), Refuse(reset=True)], ids=["closed", "reset"])
def test_a_connection_closed_before_the_headers_is_disconnected_before(
    provider: Provider, serve: Serve, colour: Colour, refusal: Refuse
) -> None:
    stub, runner = serve(refusal, "Hello")
    error = failed(colour(runner, provider.question).outcome)
    assert (type(error), getattr(error, "phase", None), error.retryable) == (Disconnected, "before", True)
    assert len(stub.requests) == 1


LONG = " ".join(f"Sentence {number} of a longer answer." for number in range(20))


@pytest.mark.parametrize("name", ["stream", "astream"])
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_stream_that_breaks_is_disconnected_with_the_part_read(
    provider: Provider, serve: Serve, name: str, ending: str
) -> None:
    _, runner = serve(Sent(LONG, cut_events=5, pause=0.005, ending="close" if ending == "close" else "reset"))
    told = COLOURS[name](runner, provider.question)
    error = failed(told.outcome)
    assert (type(error), getattr(error, "phase", None)) == (Disconnected, "during")
    assert error.partial is not None
    assert error.partial.text == "".join(e.text for e in told.events if isinstance(e, TextDelta))
    assert error.partial.text
    assert LONG.startswith(error.partial.text)


@pytest.mark.parametrize("name", ["stream", "astream"])
def test_a_stream_that_ends_without_its_end_mark_is_incomplete_with_the_part_read(
    provider: Provider, serve: Serve, name: str
) -> None:
    _, runner = serve(Sent(LONG, cut_events=5))
    told = COLOURS[name](runner, provider.question)
    error = failed(told.outcome)
    assert type(error) is Incomplete
    assert error.partial is not None
    assert error.partial.text == "".join(e.text for e in told.events if isinstance(e, TextDelta))
    assert error.partial.text


@pytest.mark.parametrize("name", ["run", "arun"])
def test_an_answer_that_breaks_is_disconnected_during(provider: Provider, serve: Serve, name: str) -> None:
    _, runner = serve(Sent(LONG, cut_bytes=30, ending="close"))
    error = failed(COLOURS[name](runner, provider.question).outcome)
    assert (type(error), getattr(error, "phase", None)) == (Disconnected, "during")


def test_a_stream_cut_anywhere_is_never_a_success(provider: Provider, serve: Serve) -> None:
    whole, runner = serve(LONG)
    with stream(runner, provider.question) as events:
        seen = len(list(events))
    assert isinstance(events.result, Success)
    assert seen > 3
    cuts = range(0, 400, 23)
    _, runner = serve(*(Sent(LONG, cut_bytes=cut) for cut in cuts))
    outcomes = [COLOURS["stream"](runner, provider.question).outcome for _ in cuts]
    assert [outcome for outcome in outcomes if isinstance(outcome, Success)] == []
    assert whole.left == 0


def test_an_error_in_the_midst_of_a_stream_is_that_error_with_the_part_read(
    provider: Provider, serve: Serve
) -> None:
    busy = Overloaded(message="busy", status=529, type="overloaded_error")
    _, runner = serve(Sent(LONG, cut_events=5, then=busy))
    error = failed(COLOURS["stream"](runner, provider.question).outcome)
    assert error.message == "busy"
    assert error.partial is not None
    assert LONG.startswith(error.partial.text)
    assert not isinstance(error, Incomplete)


def test_silence_longer_than_the_clients_own_timeout_is_a_timeout(provider: Provider, colour: Colour) -> None:
    with Stub([Sent("Hello", delay=inf), Sent("Hello", cut_bytes=5, ending="stall")]) as stub:
        for _ in range(2):
            runner = provider.with_clients(provider.url(stub), timeout=0.1)
            error = failed(colour(runner, provider.question).outcome)
            assert (type(error), getattr(error, "phase", None), error.retryable) == (Timeout, "read", True)
        assert len(stub.requests) == 2


# ---------------------------------------------------------------- the end of patience

LIMIT = 0.2
SLOW: Mapping[str, Sent] = {
    "headers that never come": Sent(LONG, delay=inf),
    "a body that drips": Sent(LONG, size=1, pause=0.02),
    "a body that stalls": Sent(LONG, cut_bytes=25, ending="stall"),
    "nothing but pings": Sent(LONG, cut_events=0, pause=0.02, ending="pings"),
}


@pytest.mark.parametrize("slow", SLOW)
def test_a_deadline_ends_a_run_in_time(provider: Provider, serve: Serve, colour: Colour, slow: str) -> None:
    stub, runner = serve(SLOW[slow])
    began = time.monotonic()
    error = failed(colour(with_deadline(LIMIT)(with_retry(NOW)(runner)), provider.question).outcome)
    spent = time.monotonic() - began
    assert type(error) is Deadline
    assert spent - LIMIT < 0.2
    assert stub.wait_until(lambda it: it.connections == 0)


def test_a_deadline_that_is_not_reached_changes_nothing(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    _, runner = serve("Hello")
    assert text(colour(with_deadline(30)(runner), provider.question).outcome) == "Hello"


def test_what_was_read_of_a_stream_before_its_deadline_is_kept(provider: Provider, serve: Serve) -> None:
    _, runner = serve("Hello", Sent(LONG, pause=0.005, cut_events=5, ending="stall"))
    run(runner, provider.question)
    told = COLOURS["stream"](with_deadline(LIMIT)(runner), provider.question)
    error = failed(told.outcome)
    assert type(error) is Deadline
    assert error.partial is not None
    assert error.partial.text
    assert LONG.startswith(error.partial.text)


# ---------------------------------------------------------------- leaving


async def until(stub: Stub, requests: int) -> None:
    assert await asyncio.to_thread(stub.wait_until, lambda it: len(it.requests) >= requests)


@pytest.mark.parametrize("slow", ["headers that never come", "a body that stalls"])
def test_a_cancelled_arun_closes_its_connection_and_is_not_tried_again(
    provider: Provider, serve: Serve, slow: str
) -> None:
    stub, runner = serve(SLOW[slow], "Hello", "Hello")

    async def main() -> None:
        asking = asyncio.create_task(arun(with_retry(NOW)(runner), provider.question))
        await until(stub, 1)
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await asyncio.to_thread(stub.wait_until, lambda it: it.connections == 0)
        assert (len(stub.requests), stub.abandoned) == (1, 1)
        assert text(await arun(runner, provider.question)) == "Hello"

    asyncio.run(main())


def test_an_arun_cancelled_while_it_waits_to_try_again_asks_no_more(provider: Provider, serve: Serve) -> None:
    stub, runner = serve(RateLimited(status=429, retry_after=30), "Hello")

    async def main() -> None:
        asking = asyncio.create_task(arun(with_retry(NOW)(runner), provider.question))
        await until(stub, 1)
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(main())
    assert len(stub.requests) == 1


def test_an_astream_cancelled_between_two_events_closes_its_connection(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=4, ending="stall"))

    async def main() -> int:
        seen = 0

        async def read() -> None:
            nonlocal seen
            async with astream(runner, provider.question) as events:
                async for _ in events:
                    seen += 1

        reading = asyncio.create_task(read())
        await until(stub, 1)
        await asyncio.sleep(0.2)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await asyncio.to_thread(stub.wait_until, lambda it: it.connections == 0)
        return seen

    assert asyncio.run(main()) > 0
    assert stub.abandoned == 1


def test_leaving_an_astream_early_closes_its_connection_and_keeps_what_was_read(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=5, ending="stall"))

    async def main() -> Outcome[Response]:
        async with astream(runner, provider.question) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        assert await asyncio.to_thread(stub.wait_until, lambda it: it.connections == 0)
        return events.result

    error = failed(asyncio.run(main()))
    assert type(error) is Incomplete
    assert error.partial is not None
    assert LONG.startswith(error.partial.text)
    assert error.partial.text


def test_leaving_a_stream_early_closes_its_connection_and_keeps_what_was_read(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=5, ending="stall"), "Hello")
    with stream(runner, provider.question) as events:
        for event in events:
            if isinstance(event, TextDelta):
                break
    assert stub.wait_until(lambda it: it.connections == 0)
    assert isinstance(events.result, Failure)
    error = failed(events.result)
    assert error.partial is not None
    assert error.partial.text
    assert text(run(runner, provider.question)) == "Hello"


def test_what_is_raised_out_of_a_stream_closes_its_connection(provider: Provider, serve: Serve) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=5, ending="stall"))

    def read() -> None:
        with stream(runner, provider.question) as events:
            for _ in events:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    assert stub.wait_until(lambda it: it.connections == 0)


def test_a_runner_that_is_gone_and_a_loop_that_is_closed_leave_no_connection_open(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    stub, runner = serve(*["Hello"] * 3)
    for _ in range(3):
        assert text(colour(runner, provider.question).outcome) == "Hello"
    del runner
    assert stub.wait_until(lambda it: it.connections == 0)
    assert (stub.abandoned, stub.left) == (0, 0)
