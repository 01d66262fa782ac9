"""What a provider or a network does becomes the right value, through the real SDKs, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf

import pytest
from returns.result import Success

from llm_effects import stream
from llm_effects.stub import Raw, Sent, Stub
from llm_pure import (
    BadRequest,
    Denied,
    LlmError,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    Timeout,
    TooLarge,
    Transient,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import Provider
from tests.sdk.served import LONG, Serve

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


def test_the_wait_that_a_server_asks_for_is_in_the_error(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    later = (("retry-after", "7"), ("request-id", "req_a"), ("x-request-id", "req_a"))
    _, runner = serve(Raw(b"{}", 429, later))
    error = failed(colour(runner, provider.question).outcome)
    assert (type(error), error.retry_after, error.retryable) == (RateLimited, 7.0, True)


# ---------------------------------------------------------------- the network


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


def test_silence_longer_than_the_clients_own_timeout_is_a_timeout(provider: Provider, colour: Colour) -> None:
    with Stub([Sent("Hello", delay=inf), Sent("Hello", cut_bytes=5, ending="stall")]) as stub:
        for _ in range(2):
            runner = provider.with_clients(provider.url(stub), timeout=0.1)
            error = failed(colour(runner, provider.question).outcome)
            assert (type(error), getattr(error, "phase", None), error.retryable) == (Timeout, "read", True)
        assert len(stub.requests) == 2
