"""Answers of Chat Completions and of its imitators, where a law alone would not say what they mean."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    Audio,
    BrokenToolCall,
    FileId,
    JsonObject,
    Opaque,
    Reasoning,
    Refusal,
    Response,
    Text,
    ToolCall,
    Usage,
    openai_chat,
)
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
)
from llm_pure.json import JsonInput, PlainJson
from llm_pure.openai_chat import decode_error, decode_response, encode_response
from llm_pure.openai_chat.finish import FINISH
from llm_pure.response import StopReason


def own(**fields: JsonInput) -> JsonObject:
    return JsonObject({"openai_chat": fields})


def answer(message: dict[str, PlainJson], finish: str | None = "stop", **more: PlainJson) -> Response:
    body: dict[str, PlainJson] = {"choices": [{"message": message, "finish_reason": finish}], **more}
    return decode_response(body).unwrap()


def call(**fields: PlainJson) -> PlainJson:
    return {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}", **fields}}


def test_a_whole_answer() -> None:
    """What is modelled has its field, everything else stands in the extras where it stood, and comes back."""
    body: dict[str, PlainJson] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 5,
        "model": "gpt-4o",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []},
                "logprobs": {"content": [{"token": "Hi"}]},
                "finish_reason": "stop",
            },
            {"index": 1, "message": {"role": "assistant", "content": "Ho"}, "finish_reason": "length"},
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
        "system_fingerprint": "fp",
    }
    expected = Response(
        AssistantMessage((Text("Hi"),)),
        Usage(10, 5, 4, None, 3),
        "end",
        "stop",
        None,
        "chatcmpl-1",
        "gpt-4o",
        "openai_chat",
        alternatives=(
            Response(
                AssistantMessage((Text("Ho"),)),
                stop_reason="max_tokens",
                raw_stop_reason="length",
                id="chatcmpl-1",
                model="gpt-4o",
                provider="openai_chat",
            ),
        ),
        extras=own(
            created=5,
            system_fingerprint="fp",
            usage={"prompt_tokens_details": {"audio_tokens": 0}},
            choices=[{"logprobs": {"content": [{"token": "Hi"}]}}],
        ),
    )
    assert decode_response(json.dumps(body)) == Success(expected)
    back = encode_response(expected).unwrap()
    assert {key: back[key] for key in back if key != "choices"} == {
        key: body[key] for key in body if key != "choices"
    }


@pytest.mark.parametrize(("word", "reason"), FINISH.items())
def test_finish_reasons(word: str, reason: StopReason) -> None:
    assert answer({"content": "x"}, word).stop_reason == reason


@pytest.mark.parametrize("choice", [{"message": None}, {}])
def test_a_choice_of_which_a_filter_has_left_nothing(choice: dict[str, PlainJson]) -> None:
    body: dict[str, PlainJson] = {
        "choices": [{**choice, "finish_reason": "content_filter"}],
        "usage": {"prompt_tokens": 3},
    }
    response = decode_response(body).unwrap()
    assert response == Response(
        AssistantMessage(()), Usage(3), "refusal", "content_filter", provider="openai_chat"
    )
    assert decode_response(encode_response(response).unwrap()) == Success(response)


def test_a_filter_may_say_what_it_has_found() -> None:
    response = answer({"content": None}, "content_filter: PROHIBITED_CONTENT")
    assert (response.stop_reason, response.raw_stop_reason) == (
        "refusal",
        "content_filter: PROHIBITED_CONTENT",
    )
    assert decode_response(encode_response(response).unwrap()) == Success(response)


@pytest.mark.parametrize("word", [None, "", "new_reason", "Stop", "stop: error"])
def test_nothing_unknown_is_an_end(word: str | None) -> None:
    found = answer({"content": "x"}, word)
    assert (found.stop_reason, found.raw_stop_reason) == ("other", word or None)


@pytest.mark.parametrize(
    "word", ["stop", "STOP", "eos", "eos_token", "complete", "completed", "end", "normal", "COMPLETE"]
)
def test_stop_says_less_than_the_answer_does(word: str) -> None:
    """A refusal, calls and a stop string all end with `stop` somewhere."""
    assert answer({"refusal": "no"}, word).stop_reason == "refusal"
    assert answer({"tool_calls": [call()]}, word).stop_reason == "tool_call"
    named: PlainJson = {"message": {"content": "x"}, "finish_reason": word, "stop_reason": "END"}
    response = decode_response({"choices": [named]}).unwrap()
    assert (response.stop_reason, response.stop_sequence) == ("stop_sequence", "END")


@pytest.mark.parametrize(
    ("given", "finish", "part"),
    [
        (call(), "stop", ToolCall("c", "f")),
        (call(arguments=""), "tool_calls", ToolCall("c", "f")),
        (call(arguments=""), "length", BrokenToolCall("c", "f", "")),
        (call(arguments=""), "max_tokens", BrokenToolCall("c", "f", "")),
        (call(arguments=""), "MAX_TOKENS", BrokenToolCall("c", "f", "")),
        (call(arguments=""), "max_output_tokens", BrokenToolCall("c", "f", "")),
        (call(arguments=""), "model_length", BrokenToolCall("c", "f", "")),
        (call(arguments=""), "model_context_window_exceeded", BrokenToolCall("c", "f", "")),
        (call(arguments='{"a": 1'), "length", BrokenToolCall("c", "f", '{"a": 1')),
        (call(arguments="[1]"), "tool_calls", BrokenToolCall("c", "f", "[1]")),
        (
            call(arguments={"a": 1}),
            "tool_calls",
            ToolCall("c", "f", JsonObject({"a": 1}), own(**{"$object": True})),
        ),
        (
            {"function": {"name": "f", "arguments": "{}"}, "index": 0, "id": ""},
            "tool_calls",
            ToolCall("call_r_0", "f"),
        ),
        (
            {"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}},
            "tool_calls",
            ToolCall("c", "f", JsonObject({"input": "x"}), free_text=True),
        ),
    ],
)
def test_calls(given: PlainJson, finish: str, part: object) -> None:
    response = answer({"tool_calls": [given]}, finish, id="r")
    assert response.message.content == (part,)
    assert response.stop_reason == FINISH[finish] if finish != "stop" else "tool_call"


def test_arguments_keep_their_spelling() -> None:
    (found,) = answer({"tool_calls": [call(arguments='{ "a" : 1.0 }')]}).tool_calls
    assert found.arguments.text == '{ "a" : 1.0 }'


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ({"content": None}, ()),
        ({"content": ""}, ()),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, (Text("a"), Text("b"))),
        ({"content": {"city": "Oslo"}}, (Text('{"city":"Oslo"}'),)),
        ({"content": 7}, (Text("7"),)),
        ({"content": ["a", {}]}, (Text("a"), Opaque("openai_chat", JsonObject()))),
        ({"content": "a", "refusal": False, "tool_calls": {}}, (Text("a"),)),
        ({"tool_calls": call()}, (ToolCall("c", "f"),)),
        ({"content": "a", "refusal": "no"}, (Text("a"), Refusal("no"))),
        (
            {"content": "a", "reasoning_content": "hm"},
            (Reasoning("hm", extras=own(reasoning_content=True)), Text("a")),
        ),
        (
            {"reasoning_content": {"reasoningContent": {"reasoningText": {"text": "hm"}}}},
            (
                Reasoning(
                    "hm",
                    extras=own(reasoning_content={"reasoningContent": {"reasoningText": {"text": "hm"}}}),
                ),
            ),
        ),
        (
            {"reasoning": [{"text": "h"}, {"text": "m"}]},
            (Reasoning("hm", extras=own(reasoning=[{"text": "h"}, {"text": "m"}])),),
        ),
        ({"reasoning": 7}, (Reasoning("7", extras=own(reasoning=7)),)),
        (
            {"audio": {"id": "a1", "transcript": "hi", "data": "aGk="}},
            (Audio(FileId("a1"), "hi", own(data="aGk=")),),
        ),
        ({"content": "a", "audio": {"id": "", "data": ""}, "function_call": {"name": ""}}, (Text("a"),)),
    ],
)
def test_contents(message: dict[str, PlainJson], content: tuple[object, ...]) -> None:
    response = answer(message)
    assert response.message == AssistantMessage(content)  # type: ignore[arg-type]  # parts, as parametrised
    assert decode_response(encode_response(response).unwrap()) == Success(response)


@pytest.mark.parametrize(
    ("more", "usage"),
    [
        ({}, Usage()),
        ({"usage": None}, Usage()),
        ({"usage": {"prompt_tokens": 3}}, Usage(3)),
        ({"usage": {"prompt_tokens": 3, "prompt_cache_hit_tokens": 2}}, Usage(3, None, 2)),
        ({"usage": {"prompt_tokens": 3.0, "cache_creation_input_tokens": 2}}, Usage(3, cache_write_tokens=2)),
        ({"x_groq": {"usage": {"completion_tokens": 3}}}, Usage(None, 3)),
    ],
)
def test_usage_wherever_it_stands(more: dict[str, PlainJson], usage: Usage) -> None:
    response = answer({"content": "x"}, "stop", **more)
    assert response.usage == usage
    assert decode_response(encode_response(response).unwrap()) == Success(response)


def test_an_id_that_is_a_number_goes_back_as_one() -> None:
    call: dict[str, PlainJson] = {"id": 7, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    response = answer({"tool_calls": [call]}, "tool_calls")
    assert response.tool_calls == (ToolCall("7", "f", extras=own(**{"$id": 7})),)
    body = encode_response(response).unwrap()
    assert cast("Any", body)["choices"][0]["message"]["tool_calls"] == [call]
    renamed = replace(response, message=AssistantMessage((replace(response.tool_calls[0], id="a"),)))
    body = encode_response(renamed).unwrap()
    assert cast("Any", body)["choices"][0]["message"]["tool_calls"] == [{**call, "id": "a"}]


def test_no_choices_are_an_empty_answer() -> None:
    response = decode_response({"id": "x", "choices": [], "usage": {"prompt_tokens": 3}}).unwrap()
    expected = Response(AssistantMessage(()), Usage(3), id="x", provider="openai_chat")
    assert response == expected


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("", "$"),
        ("null", "$"),
        ("[]", "$"),
        ("<html>", "$"),
        ({}, "$.choices"),
        ({"choices": [5]}, "$.choices[0]"),
        ({"choices": [{}]}, "$.choices[0].message"),
        ({"choices": [{"message": {"content": [5]}}]}, "$.choices[0].message.content[0]"),
        ({"choices": [{"message": {"tool_calls": [{}, 5]}}]}, "$.choices[0].message.tool_calls[1]"),
        ({"choices": [{"message": {}, "finish_reason": 5}]}, "$.choices[0].finish_reason"),
    ],
)
def test_what_is_no_answer_is_malformed(body: str | dict[str, PlainJson], path: str) -> None:
    outcome = decode_response(body)
    assert isinstance(outcome, Failure)
    assert isinstance(error := outcome.failure(), Malformed)
    assert error.path == path


def test_an_absurd_count_is_malformed_and_the_answer_is_kept() -> None:
    usage: PlainJson = {"prompt_tokens": 1, "completion_tokens_details": {"reasoning_tokens": -1}, "x": 1}
    outcome = decode_response({"choices": [{"message": {"content": "x"}}], "usage": usage})
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert error.path == "$.usage.completion_tokens_details.reasoning_tokens"
    assert error.usage == Usage(1)
    assert error.partial is not None
    assert error.partial.text == "x"
    assert error.partial.usage == Usage(1)
    assert error.partial.extras == own(usage={"completion_tokens_details": {"reasoning_tokens": -1}, "x": 1})


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"code": "insufficient_quota"}, Quota),
        (429, {"type": "requests", "code": "rate_limit_exceeded"}, RateLimited),
        (413, {"type": "tokens", "code": "rate_limit_exceeded"}, TooLarge),
        (400, {"type": "tokens", "code": "rate_limit_exceeded"}, BadRequest),
        (403, {"type": "requests", "code": "rate_limit_exceeded"}, Denied),
        (403, {"code": "insufficient_quota"}, Quota),
        (429, {"type": "insufficient_quota", "code": "rate_limit_exceeded"}, Quota),
        (503, {"code": "rate_limit_exceeded"}, RateLimited),
        (200, {"code": "rate_limit_exceeded", "status_code": 413}, TooLarge),
        (200, {"code": "rate_limit_exceeded"}, RateLimited),
        (401, {"type": "invalid_request_error", "code": "invalid_api_key"}, Denied),
        (400, {"type": "invalid_request_error", "code": "billing_hard_limit_reached"}, Quota),
        (200, {"type": "invalid_request_error", "status_code": 429}, RateLimited),
        (200, {"code": 503}, Overloaded),
        (200, {"code": "429"}, RateLimited),
        (200, {"type": "overloaded_error"}, Overloaded),
        (200, {"type": "server_error"}, ServerFault),
        (200, {"type": "invalid_request_error"}, BadRequest),
        (200, {"type": "never_heard_of"}, ServerFault),
        (500, {"type": "invalid_request_error"}, ServerFault),
    ],
)
def test_errors_are_what_they_name(status: int, error: dict[str, PlainJson], kind: type[LlmError]) -> None:
    found = decode_error(status, {}, json.dumps({"error": {"message": "no", **error}}))
    assert type(found) is kind
    assert found.message == "no"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no"},
        {"error": {"message": "no"}},
        {"error": ["no"]},
        {"errors": [{"message": "no"}]},
        {"detail": "no"},
        {"detail": [{"msg": "no"}]},
        {"object": "error", "message": "no"},
        {"message": "no", "code": "1500"},
    ],
)
def test_an_error_under_status_200_is_no_answer(body: dict[str, PlainJson]) -> None:
    outcome = decode_response(body)
    assert isinstance(outcome, Failure)
    assert (type(outcome.failure()), outcome.failure().message) == (ServerFault, "no")


def test_the_param_of_an_error_is_its_path() -> None:
    body = json.dumps({"error": {"message": "no", "param": "messages[0].role"}})
    assert decode_error(400, {"x-request-id": "r"}, body) == BadRequest(
        message="no", status=400, path="$.messages[0].role", request_id="r"
    )


def test_a_foreign_answer_in_words_of_chat() -> None:
    response = Response(
        AssistantMessage((Reasoning("hm", "sig"), Text("a"), ToolCall("t", "f", JsonObject({"a": 1})))),
        Usage(3, 4),
        "tool_call",
        "tool_use",
        provider="anthropic",
    )
    body = openai_chat.encode_response(response).unwrap()
    assert body["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "a",
                "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": "sig"}],
                "tool_calls": [
                    {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ]


def test_a_null_says_what_a_field_says_that_is_not_there() -> None:
    """So that a stream, which does not repeat them, says the same."""
    choice: PlainJson = {
        "message": {"content": "a", "annotations": None},
        "finish_reason": "stop",
        "logprobs": {"content": None, "refusal": None},
        "delta": {"role": "assistant", "content": ""},
        "native_finish_reason": None,
    }
    response = decode_response(
        {"choices": [choice], "system_fingerprint": None, "service_tier": None, "created": 1}
    ).unwrap()
    assert response.extras == own(created=1)
    assert openai_chat.decode_stream(openai_chat.encode_stream(response).unwrap()) == Success(response)


@pytest.mark.parametrize(
    ("response", "path"),
    [
        (None, "$"),
        (Response(cast("Any", None)), "$.message"),
        (Response(AssistantMessage((Text(cast("Any", 1)),))), "$.message.content[0].text"),
        (Response(AssistantMessage(()), usage=cast("Any", {})), "$.usage"),
    ],
)
def test_what_is_no_answer_of_ours_is_named(response: Response, path: str) -> None:
    for outcome in (encode_response(response), openai_chat.encode_stream(response)):
        assert isinstance(outcome, Failure)
        assert outcome.failure().path == path


@pytest.mark.parametrize("body", [None, 5, [], "", "[]", b"null"])
def test_what_is_no_body_is_a_failure(body: Any) -> None:
    for outcome in (decode_response(body), openai_chat.decode_stream(cast("Any", [body]))):
        assert isinstance(outcome, Failure)
    assert isinstance(openai_chat.decode_stream(cast("Any", None)), Failure)


def test_content_in_lists_of_words_is_text_and_what_says_nothing_is_nothing() -> None:
    message: dict[str, PlainJson] = {"content": ["It ", {"type": "text", "text": ""}, "rains.", ""]}
    body: dict[str, PlainJson] = {"choices": [{"message": message, "finish_reason": "stop"}], "error": {}}
    response = openai_chat.decode_response(body).unwrap()
    assert response.message.content == (Text("It "), Text("rains."))
    assert decode_response(encode_response(response).unwrap()) == Success(response)
