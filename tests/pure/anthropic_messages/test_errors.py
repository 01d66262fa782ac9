"""Status, type and code, and the error that they come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_pure import LlmError
from llm_pure.anthropic_messages import decode_error, encode_error
from llm_pure.errors import (
    BadRequest,
    Denied,
    Malformed,
    Misconfigured,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    TooLarge,
    Transient,
    Unreachable,
)


def body(kind: str | None = None, message: str = "m", code: str | None = None) -> bytes:
    error: dict[str, Any] = {"type": kind, "message": message}
    return json.dumps({"type": "error", "error": {**error, "details": {"error_code": code}}}).encode()


def named(quoted: int, **error: str) -> bytes:
    """As those have it who serve other models in this form."""
    return json.dumps({"type": "error", "error": {"http_code": str(quoted), **error}}).encode()


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (400, body("invalid_request_error"), BadRequest),
        (400, body("invalid_request_error", "Your credit balance is too low to access the API."), Quota),
        (401, body("authentication_error"), Denied),
        (402, body("billing_error"), Quota),
        (403, body("permission_error"), Denied),
        (404, body("not_found_error"), BadRequest),
        (408, b"", Transient),
        (409, body("conflict_error"), Transient),
        (413, body("request_too_large"), TooLarge),
        (422, body("invalid_request_error"), BadRequest),
        (429, body("rate_limit_error"), RateLimited),
        (429, body("rate_limit_error", code="enforced_spend_limit_reached"), Quota),
        (429, body("rate_limit_error", code="ramp_limit_exceeded"), RateLimited),
        (429, body("invalid_request_error"), RateLimited),
        (500, body("api_error"), ServerFault),
        (400, body("api_error"), BadRequest),
        (404, body("api_error"), BadRequest),
        (422, body("api_error"), BadRequest),
        (500, body("invalid_request_error"), ServerFault),
        (502, body("invalid_request_error"), ServerFault),
        (529, body("api_error"), Overloaded),
        (200, body("invalid_request_error"), BadRequest),
        (200, body("overloaded_error"), Overloaded),
        (200, body("api_error"), ServerFault),
        (502, b"<html>" + b"x" * 9000, ServerFault),
        (503, b"\xff", Overloaded),
        (529, body("overloaded_error"), Overloaded),
        (418, body("new_error"), BadRequest),
        (302, b"", Misconfigured),
        (200, b"null", Malformed),
        (429, named(429, code="1113", type="rate_limit_error"), Quota),
        (403, named(403, type="insufficient_quota"), Quota),
        (403, named(403, type="permission_error", message="There is not enough balance."), Quota),
        (200, named(429, type="some_error"), RateLimited),
        (200, named(529, type="api_error"), Overloaded),
    ],
)
def test_what_an_answer_means(status: int, answer: bytes, kind: type[LlmError]) -> None:
    error = decode_error(status, {"Request-Id": "req_1"}, answer)
    assert type(error) is kind
    assert (error.status, error.request_id) == (status, "req_1")
    assert len(error.message) <= 500


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("messages.0: all messages must have content", "$.messages[0]"),
        ("tools.12.custom.input_schema.type: Field required", "$.tools[12].custom.input_schema.type"),
        ("temperature: range: 0..1", "$.temperature"),
        ("prompt is too long: 3 tokens", None),
        ("Error: no", None),
    ],
)
def test_a_message_that_begins_with_a_place_gives_the_path(message: str, path: str | None) -> None:
    assert decode_error(400, {}, body("invalid_request_error", message)).path == path


def test_headers_decide_waiting_and_trying_again() -> None:
    error = decode_error(429, {"retry-after": "7", "x-should-retry": "false"}, body("rate_limit_error"))
    assert (error.retry_after, error.retryable) == (7.0, False)
    assert not decode_error(400, {"x-should-retry": "true"}, body("invalid_request_error")).retryable


@pytest.mark.parametrize(
    "error",
    [
        BadRequest(message="m", status=404, type="not_found_error", request_id="r"),
        Quota(message="m", status=429, type="rate_limit_error", code="enforced_spend_limit_reached"),
        RateLimited(message="m", status=429, type="rate_limit_error", retry_after=1.5),
        Overloaded(message="m", status=529, type="overloaded_error", retryable=False),
    ],
)
def test_an_error_of_a_provider_is_told_and_read_back(error: LlmError) -> None:
    answer = encode_error(error)
    assert decode_error(answer.status, answer.headers, answer.body) == error


def test_an_error_that_no_provider_has_is_told_as_the_nearest() -> None:
    answer = encode_error(Unreachable(message="no route"))
    assert isinstance(decode_error(answer.status, answer.headers, answer.body), Overloaded)
