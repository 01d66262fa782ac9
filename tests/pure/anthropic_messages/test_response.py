"""What an answer means, whole or broken, and how it is told."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from returns.result import Success

from llm_pure import BrokenToolCall, Opaque, Reasoning, Response, Text, ToolCall, Usage
from llm_pure.anthropic_messages import decode_response, decode_stream, encode_response, encode_stream
from llm_pure.errors import BadRequest, Lossy, Malformed, Overloaded
from llm_pure.json import JsonObject
from llm_pure.messages import AssistantMessage
from llm_pure.parts import Audio, Base64, Document, Image, Part, Refusal, ToolResult, Url

NOTHING: Any = None
BODY: dict[str, Any] = {"type": "message", "role": "assistant", "content": []}


def test_an_answer() -> None:
    body = {
        **BODY,
        "id": "msg_1",
        "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "text", "text": "a", "citations": None},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}, "caller": {"type": "direct"}},
            {"type": "tool_use", "id": "t", "name": "f", "input": [1]},
            {"type": "hologram", "text": "b"},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "stop_details": None,
        "container": {"id": "c"},
        "usage": {
            "input_tokens": 1,
            "cache_creation_input_tokens": 2,
            "cache_read_input_tokens": 4,
            "output_tokens": 8,
            "output_tokens_details": {"thinking_tokens": 3},
            "service_tier": "standard",
        },
    }
    response = Response(
        AssistantMessage(
            (
                Reasoning("hm", "s"),
                Reasoning(encrypted="d"),
                Text("a"),
                ToolCall(
                    "t", "f", JsonObject({"x": 1}), JsonObject({"anthropic": {"caller": {"type": "direct"}}})
                ),
                BrokenToolCall("t", "f", "[1]"),
                Opaque("anthropic", JsonObject({"type": "hologram", "text": "b"})),
            )
        ),
        Usage(7, 8, 4, 2, 3),
        "tool_call",
        "tool_use",
        id="msg_1",
        model="claude-x",
        provider="anthropic",
        extras=JsonObject({"anthropic": {"container": {"id": "c"}, "usage": {"service_tier": "standard"}}}),
    )
    assert decode_response(json.dumps(body)).unwrap() == response
    assert decode_stream(encode_stream(response).unwrap()) == Success(response)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "end"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("tool_use", "tool_call"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "context_window"),
        ("something_new", "other"),
        (None, "other"),
    ],
)
def test_stop_reasons(word: str | None, reason: str) -> None:
    response = decode_response({**BODY, "stop_reason": word}).unwrap()
    assert (response.stop_reason, response.raw_stop_reason) == (reason, word)
    assert encode_response(response).unwrap()["stop_reason"] == word


@pytest.mark.parametrize(
    ("change", "path", "partial"),
    [
        ({"content": {}}, "$.content", False),
        ({"content": [{"type": "text"}]}, "$.content[0].text", False),
        ({"content": [{"type": "tool_use", "id": 1}]}, "$.content[0].id", False),
        ({"type": "completion"}, "$.type", False),
        ({"role": "user"}, "$.role", False),
        ({"usage": {"input_tokens": -1}}, "$.usage.input_tokens", True),
        ({"usage": {"output_tokens": True}}, "$.usage.output_tokens", True),
        (
            {"usage": {"output_tokens_details": {"thinking_tokens": -1}}},
            "$.usage.output_tokens_details.thinking_tokens",
            True,
        ),
        ({"stop_reason": 1}, "$.stop_reason", True),
    ],
)
def test_what_is_wrong_is_named_and_what_was_read_is_kept(change: Any, path: str, partial: bool) -> None:
    error = decode_response({**BODY, "content": [{"type": "text", "text": "a"}], **change}).failure()
    assert isinstance(error, Malformed)
    assert error.path == path
    assert (error.partial is not None and error.partial.text == "a") == partial


def test_beside_what_is_no_count_the_others_count() -> None:
    counts: Any = {"input_tokens": 3, "output_tokens": -2, "output_tokens_details": {"thinking_tokens": 1}}
    error = decode_response({**BODY, "id": "m", "stop_reason": "end_turn", "usage": counts}).failure()
    assert error.path == "$.usage.output_tokens"
    assert error.usage == Usage(3, reasoning_tokens=1)
    assert error.partial is not None
    assert (error.partial.id, error.partial.stop_reason, error.partial.usage) == ("m", "end", error.usage)
    assert error.partial.extras == JsonObject({"anthropic": {"usage": {"output_tokens": -2}}})


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "3", "<html>", '{"a":', b"\xff", '{"unexpected": true}', "[" * 999]
)
def test_what_is_no_answer_is_malformed(body: Any) -> None:
    assert isinstance(decode_response(body).failure(), Malformed)


@pytest.mark.parametrize("word", ["max_tokens", "model_context_window_exceeded"])
def test_a_call_at_which_the_answer_was_cut_off_cannot_be_run(word: str) -> None:
    whole = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    cut = {**whole, "id": "t2", "caller": {"type": "direct"}}
    body = {**BODY, "content": [whole, cut], "stop_reason": word}
    response = decode_response(body).unwrap()
    assert response.message.content == (
        ToolCall("t1", "f"),
        BrokenToolCall("t2", "f", "", JsonObject({"anthropic": {"caller": {"type": "direct"}}})),
    )
    assert encode_response(response).unwrap()["content"] == [whole, cut]
    assert decode_stream(encode_stream(response).unwrap()) == Success(response)
    given: tuple[Any, ...] = ({"x": 1}, [1])
    for said in given:
        content = [{**cut, "input": said}]
        answer = decode_response({**body, "content": content}).unwrap()
        assert bool(answer.tool_calls) == isinstance(said, dict)
        assert encode_response(answer).unwrap()["content"] == content
    assert decode_response({**body, "stop_reason": "tool_use"}).unwrap().broken_tool_calls == ()


def test_what_ends_with_a_call_waits_for_its_result() -> None:
    """Whatever a gateway says; but a call that the provider's own code has made was answered before the text."""
    call: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    said: dict[str, Any] = {"type": "text", "text": "So."}
    body = {**BODY, "content": [said, call], "stop_reason": "end_turn"}
    response = decode_response(body).unwrap()
    assert (response.stop_reason, response.raw_stop_reason) == ("tool_call", "end_turn")
    assert encode_response(response).unwrap()["stop_reason"] == "end_turn"
    assert decode_stream(encode_stream(response).unwrap()) == Success(response)
    assert decode_response({**body, "content": [call, said]}).unwrap().stop_reason == "end"
    ended = Response(AssistantMessage((ToolCall("t", "f"),)), stop_reason="end")
    assert encode_response(ended).failure().path == "$.stop_reason"


def test_an_error_under_status_200_is_the_error_it_names() -> None:
    body: dict[str, Any] = {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy"},
        "request_id": "req_1",
    }
    error = Overloaded(message="busy", status=200, type="overloaded_error", request_id="req_1")
    assert decode_response(body).failure() == error


def test_content_that_is_null_is_an_empty_answer() -> None:
    assert decode_response({"type": "message", "content": None}).unwrap().message == AssistantMessage(())


def test_another_providers_answer() -> None:
    response = Response(
        AssistantMessage((Refusal("no"), Reasoning("hm"))),
        Usage(3),
        "end",
        "stop",
        id="c1",
        provider="openai_chat",
    )
    assert encode_response(response).unwrap() == {
        "type": "message",
        "role": "assistant",
        "id": "c1",
        "content": [{"type": "text", "text": "no"}, {"type": "thinking", "thinking": "hm"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3},
    }


@pytest.mark.parametrize(
    ("response", "path"),
    [
        (NOTHING, "$"),
        (Response(AssistantMessage(NOTHING)), "$.message.content"),
        (Response(AssistantMessage((NOTHING,))), "$.message.content[0]"),
        (Response(AssistantMessage((Text(NOTHING),))), "$.message.content[0].text"),
        (Response(AssistantMessage(()), id=cast("Any", 1)), "$.id"),
        (Response(AssistantMessage(()), Usage(cast("Any", "1"))), "$.usage.input_tokens"),
        (Response(AssistantMessage(()), Usage(1, cache_read_tokens=2)), "$.usage.input_tokens"),
        (Response(AssistantMessage((Text("a"), Audio(Url("u"))))), "$.message.content[1]"),
        (Response(AssistantMessage((Audio(Url("u"), "said"),))), "$.message.content[0]"),
        (Response(AssistantMessage((Opaque("openai_chat", JsonObject({"x": 1})),))), "$.message.content[0]"),
        (Response(AssistantMessage((Reasoning("hm", encrypted="e"),))), "$.message.content[0]"),
        (Response(AssistantMessage((Reasoning("", "s", "e"),))), "$.message.content[0]"),
        (Response(AssistantMessage((ToolCall("t", "f"),)), stop_reason="max_tokens"), "$.message.content[0]"),
        (Response(AssistantMessage(()), alternatives=(Response(AssistantMessage(())),)), "$.alternatives"),
    ],
)
def test_what_cannot_be_said_is_a_failure_with_its_place(response: Response, path: str) -> None:
    for outcome in (encode_response(response), encode_stream(response)):
        error = outcome.failure()
        assert isinstance(error, BadRequest)
        assert error.path == path


@pytest.mark.parametrize(
    ("part", "path"),
    [
        (Document(Base64("!!", "text/plain")), ""),
        (Document(Base64("YQ==", "text/plain")), ".source"),
        (Image(Base64("YQ==", "image/tiff")), ""),
        (Image(Url("u"), detail="high"), ".detail"),
        (ToolResult("t", (Audio(Url("u"), "said"),)), ".content[0]"),
        (ToolResult("t", (Text("a"), Audio(Url("u")))), ".content[1]"),
    ],
)
def test_what_blocks_say_in_part_only_is_lossy_with_its_place(part: Part, path: str) -> None:
    response = Response(AssistantMessage((Text("a"), part)), stop_reason="end")
    for outcome in (encode_response(response), encode_stream(response)):
        error = outcome.failure()
        assert isinstance(error, Lossy)
        assert [loss.path for loss in error.losses] == [f"$.message.content[1]{path}"]
