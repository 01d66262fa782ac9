"""Status, names and words of those who serve Chat Completions, and the error that they come to."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from openai.types.responses import ResponseError
from returns.result import Failure, Success

from llm_pure import AssistantMessage, Response, Text
from llm_pure.errors import (
    BadRequest,
    Denied,
    LlmError,
    Malformed,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    TooLarge,
    Transient,
)
from llm_pure.json import PlainJson
from llm_pure.openai_chat import decode_error, decode_response, decode_stream, encode_error, encode_response
from llm_pure.openai_chat.errors import NAMES


def google(status: int, *details: PlainJson) -> PlainJson:
    return [{"error": {"code": status, "message": "no", "status": "SOME_STATUS", "details": [*details]}}]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"error": {"code": "1113", "message": "no"}}, Quota),
        (429, {"error": {"type": "exceeded_current_quota_error", "message": "no"}}, Quota),
        (403, {"error": {"code": "insufficient_user_quota", "message": "no"}}, Quota),
        (403, {"code": 30001, "message": "no"}, Quota),
        (403, {"code": 403, "reason": "NOT_ENOUGH_BALANCE", "message": "no"}, Quota),
        (400, {"error": {"type": "budget_exceeded", "code": "400", "message": "no"}}, Quota),
        (429, {"code": "x", "error": "The team has used all available credits."}, Quota),
        (403, {"code": "x", "error": "You have run out of credits."}, Quota),
        (412, {"error": {"message": "Suspended: the monthly spending limit is reached."}}, Quota),
        (500, {"error": {"message": "upstream said: insufficient balance"}}, Quota),
        (429, {"error": {"message": "Rate limit reached. To raise it, see your billing page."}}, RateLimited),
        (429, {"error": {"message": "Ten credits would unlock more requests per day."}}, RateLimited),
        (429, {"error": {"message": "You exceeded your current quota, see your plan."}}, RateLimited),
        (429, {"message": "slow down"}, RateLimited),
        (400, {"code": "x", "error": "Incorrect API key provided: x."}, Denied),
        (400, google(400, {"reason": "API_KEY_INVALID"}), Denied),
        (400, google(400), BadRequest),
        (424, {"error": "generation failed"}, ServerFault),
        (498, {"error": {"message": "no"}}, Overloaded),
        (503, {"error": {"type": "exceed_context_size_error", "message": "no"}}, BadRequest),
        (200, {"error": {"type": "exceed_context_size_error", "code": 500, "message": "no"}}, BadRequest),
        (200, {"error": {"message": "no", "http_status_code": 422}}, BadRequest),
        (200, {"error": {"message": "no", "http_code": "429"}}, RateLimited),
        (200, google(429), RateLimited),
        (200, {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "no"}}, Quota),
        (200, {"choices": [], "base_resp": {"status_code": 1002, "status_msg": "no"}}, RateLimited),
        (200, {"base_resp": {"status_code": 1004, "status_msg": "no"}}, Denied),
        (200, {"base_resp": {"status_code": 1000, "status_msg": "no"}}, ServerFault),
        (200, {"base_resp": {"status_code": 0, "status_msg": "yes"}}, Malformed),
        (200, {"error": {"message": "", "code": None}, "choices": None}, ServerFault),
    ],
)
def test_what_an_answer_means(status: int, body: PlainJson, kind: type[LlmError]) -> None:
    """Under status 200 and in a stream as in an error's body; there it is told and read back."""
    text = json.dumps(body)
    error = decode_error(status, {}, text)
    assert type(error) is kind
    assert "{" not in error.message or kind is Malformed
    if status == 200:
        for found in (decode_response(text), decode_stream([text.encode()])):
            assert isinstance(found, Failure)
            assert type(found.failure()) is kind
        return
    said = encode_error(error)
    assert type(decode_error(said.status, said.headers, said.body)) is kind


@pytest.mark.parametrize(
    ("delay", "headers", "wait"),
    [
        ("34s", {}, 34.0),
        ("1.5s", {}, 1.5),
        ("34s", {"retry-after": "2"}, 2.0),
        ("soon", {}, None),
    ],
)
def test_google_says_in_details_how_long_to_wait(
    delay: str, headers: dict[str, str], wait: float | None
) -> None:
    body = json.dumps(google(429, {"@type": "RetryInfo", "retryDelay": delay}))
    assert decode_error(429, headers, body) == RateLimited(
        message="no", status=429, code="429", retry_after=wait
    )


@pytest.mark.parametrize("error", [{"message": "", "code": None}, {"message": None}, {}])
def test_an_error_without_a_word_beside_an_answer_is_none(error: PlainJson) -> None:
    body: dict[str, PlainJson] = {
        "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "error": error,
        "base_resp": {"status_code": 0},
    }
    response = decode_response(body).unwrap()
    assert response.text == "x"
    assert (back := encode_response(response).unwrap())["error"] == error
    assert decode_response(back) == Success(response)


def test_every_code_of_an_answer_that_failed_is_known() -> None:
    """Those that the official client lists, so that a new one is noticed; what may pass is the shorter list."""
    codes = set(get_args(ResponseError.model_fields["code"].annotation))
    assert len(codes) > 10
    assert codes <= NAMES.keys()
    assert {code: NAMES[code] for code in codes if NAMES[code] not in (BadRequest, TooLarge)} == {
        "server_error": ServerFault,
        "rate_limit_exceeded": RateLimited,
        "vector_store_timeout": Transient,
        "failed_to_download_image": Transient,
    }


@pytest.mark.parametrize("where", ["choice", "body"])
def test_an_error_at_the_end_of_a_choice_carries_what_was_said(where: str) -> None:
    """A whole body as a stream."""
    error: PlainJson = {"code": 503, "message": "no"}
    inner: dict[str, PlainJson] = {"error": error} if where == "choice" else {}
    outer: dict[str, PlainJson] = {} if where == "choice" else {"error": error}
    told = Overloaded(
        message="no",
        status=200,
        code="503",
        partial=Response(AssistantMessage((Text("Half"),)), id="x", provider="openai_chat"),
    )
    choice: dict[str, PlainJson] = {"message": {"content": "Half"}, "finish_reason": "error", **inner}
    assert decode_response({"id": "x", "choices": [choice], **outer}) == Failure(told)
    pieces: list[dict[str, PlainJson]] = [
        {"choices": [{"index": 0, "delta": {"content": "Half"}}]},
        {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error", **inner}], **outer},
    ]
    stream = [b"data: " + json.dumps({"id": "x", **piece}).encode() + b"\n\n" for piece in pieces]
    assert decode_stream(stream) == Failure(told)


def test_what_the_first_choice_does_not_end_with_is_no_error() -> None:
    note: PlainJson = {"message": "filtered later"}
    choices: list[PlainJson] = [
        {"message": {"content": "x"}, "finish_reason": "stop", "error": note},
        {"index": 1, "message": {"content": ""}, "finish_reason": "error", "error": note},
    ]
    response = decode_response({"choices": choices}).unwrap()
    assert (response.text, response.stop_reason) == ("x", "end")
    assert decode_response(encode_response(response).unwrap()) == Success(response)
