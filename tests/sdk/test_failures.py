"""What a provider or a network does becomes the right value, through the real SDKs, over a real socket."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from math import inf

import pytest
from returns.result import Success

from llm_effects import stream, with_retry
from llm_effects.stub import Raw, Refuse, Sent, Stub
from llm_pure import (
    BadRequest,
    Denied,
    Disconnected,
    Incomplete,
    LlmError,
    Malformed,
    Misconfigured,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    TextDelta,
    Timeout,
    TooLarge,
    Transient,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import Provider
from tests.sdk.served import LONG, NOW, Serve, text

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


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("place", ["", "/elsewhere"])
def test_a_redirect_is_misconfigured_and_takes_the_prompt_and_the_key_nowhere(
    provider: Provider, serve: Serve, status: int, place: str
) -> None:
    there = (("location", place),) if place else ()
    stub, runner = serve(*[Raw(b"<html>Moved</html>", status, there)] * len(COLOURS))
    errors = [failed(colour(runner, provider.question).outcome) for colour in COLOURS.values()]
    assert [(type(error), error.status, error.retryable) for error in errors] == [
        (Misconfigured, status, False)
    ] * len(COLOURS)
    assert len(stub.requests) == len(COLOURS)


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


@pytest.mark.parametrize("refusal", [Refuse(), Refuse(reset=True)], ids=["closed", "reset"])
def test_a_connection_closed_before_the_headers_is_disconnected_before(
    provider: Provider, serve: Serve, colour: Colour, refusal: Refuse
) -> None:
    stub, runner = serve(refusal, "Hello")
    error = failed(colour(runner, provider.question).outcome)
    assert (type(error), getattr(error, "phase", None), error.retryable) == (Disconnected, "before", True)
    assert len(stub.requests) == 1


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
