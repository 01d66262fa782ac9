"""What answers and errors of Responses mean, where a law alone would not say it."""

from typing import Any

import pytest
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Incomplete,
    JsonObject,
    Lossy,
    Malformed,
    Opaque,
    Quota,
    RateLimited,
    Reasoning,
    Refusal,
    Response,
    ServerFault,
    Text,
    ToolCall,
    Usage,
)
from llm_pure.json import JsonInput, PlainJson
from llm_pure.openai_responses import decode_response, encode_response


def own(**fields: JsonInput) -> JsonObject:
    return JsonObject({"openai_responses": fields})


def said(*content: PlainJson, **fields: PlainJson) -> PlainJson:
    return {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [*content],
        **fields,
    }


def text(words: str, **fields: PlainJson) -> PlainJson:
    return {"type": "output_text", "text": words, "annotations": [], "logprobs": [], **fields}


def test_an_answer() -> None:
    citation: dict[str, str | int] = {
        "type": "url_citation",
        "start_index": 0,
        "end_index": 2,
        "url": "https://example.org",
        "title": "x",
    }
    body: dict[str, PlainJson] = {
        "id": "resp_1",
        "object": "response",
        "created_at": 5,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5.1",
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
            said(text("Hi.", annotations=[{**citation}]), phase="final_answer"),
        ],
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 5, "tool_output_tokens": 2},
            "total_tokens": 17,
        },
    }
    response = Response(
        AssistantMessage(
            (
                Reasoning("", None, "gAAAA", own(id="rs_1", summary=[])),
                Text(
                    "Hi.",
                    own(**{"$item": {"id": "msg_1", "phase": "final_answer"}}, annotations=[{**citation}]),
                ),
            )
        ),
        Usage(10, 7, 4, 1, 5),
        "end",
        "completed",
        id="resp_1",
        model="gpt-5.1",
        provider="openai_responses",
        extras=own(created_at=5, usage={"output_tokens_details": {"tool_output_tokens": 2}}),
    )
    assert decode_response(body) == Success(response)
    assert decode_response(encode_response(response).unwrap()) == Success(response)


@pytest.mark.parametrize("arguments", [{}, {"a": 1}])
def test_arguments_that_are_an_object_and_no_text(arguments: dict[str, PlainJson]) -> None:
    """As a few servers send them."""
    item: dict[str, PlainJson] = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c",
        "name": "f",
        "arguments": arguments,
    }
    for status in ("completed", "incomplete"):  # what is an object is whole
        response = decode_response({"status": status, "output": [item]}).unwrap()
        assert response.tool_calls == (ToolCall("c", "f", arguments, own(id="fc_1", **{"$object": True})),)
        output = encode_response(response).unwrap()["output"]
        assert isinstance(output, list)
        assert output[0] == {**item, "status": "completed"}


@pytest.mark.parametrize("said", [{"arguments": "{}"}, {"input": "words"}])
def test_a_call_without_a_call_id_goes_by_its_own(said: dict[str, PlainJson]) -> None:
    kind = "function_call" if "arguments" in said else "custom_tool_call"
    item: dict[str, PlainJson] = {"type": kind, "id": "fc_1", "name": "f", **said}
    body: dict[str, PlainJson] = {"status": "completed", "output": [item]}
    response = decode_response(body).unwrap()
    assert [call.id for call in response.calls] == ["fc_1"]
    output = encode_response(response).unwrap()["output"]
    assert isinstance(output, list)
    assert output[0] in (item, {**item, "status": "completed"})
    nameless: PlainJson = {"type": kind, "name": "f", **said}
    assert decode_response({**body, "output": [nameless]}).unwrap().calls == ()


CALL: PlainJson = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("status", "reason", "output", "expected"),
    [
        ("completed", None, [said(text("a"))], "end"),
        ("completed", None, [said({"type": "refusal", "refusal": "No."})], "refusal"),
        ("completed", None, [CALL], "tool_call"),
        ("completed", None, [{"type": "custom_tool_call", "call_id": "c"}], "tool_call"),
        ("completed", None, [{"type": "mcp_approval_request", "id": "x"}], "tool_call"),
        ("completed", None, [{"type": "tool_search_call", "execution": "client"}], "tool_call"),
        ("completed", None, [{"type": "tool_search_call", "execution": "server"}], "end"),
        ("completed", None, [{"type": "web_search_call", "id": "x"}], "end"),
        ("completed", None, [{"type": "shell_call", "call_id": "c"}], "tool_call"),
        (
            "completed",
            None,
            [{"type": "shell_call", "call_id": "c"}, {"type": "shell_call_output", "call_id": "c"}],
            "end",
        ),
        ("incomplete", "max_output_tokens", [], "max_tokens"),
        ("incomplete", "content_filter", [], "refusal"),
        ("incomplete", "max_messages", [], "other"),
        ("incomplete", "completed", [], "other"),
        ("incomplete", None, [], "other"),
        ("queued", None, [], "other"),
        ("in_progress", None, [said(text("a"))], "other"),
        ("new", None, [], "other"),
        (None, None, [], "other"),
    ],
)
def test_stop_reasons(status: PlainJson, reason: PlainJson, output: list[PlainJson], expected: str) -> None:
    details: PlainJson = None if reason is None else {"reason": reason}
    response = decode_response({"status": status, "incomplete_details": details, "output": output}).unwrap()
    assert response.stop_reason == expected
    assert decode_response(encode_response(response).unwrap()) == Success(response)


def test_calls_that_were_cut_off_are_broken() -> None:
    cut = {"type": "function_call", "call_id": "c", "name": "f", "status": "incomplete"}
    body: dict[str, Any] = {
        "status": "incomplete",
        "output": [{**cut, "arguments": '{"a'}, {**cut, "arguments": ""}, {**cut, "arguments": "[1]"}],
    }
    response = decode_response(body).unwrap()
    assert [part.text for part in response.broken_tool_calls] == ['{"a', "", "[1]"]
    assert response.tool_calls == ()


def test_what_is_not_modelled_keeps_its_place() -> None:
    block: PlainJson = {"type": "output_new", "x": 1}
    empty = said()
    body: dict[str, PlainJson] = {
        "status": "completed",
        "output": [said(block, text("a")), empty, {"type": "new_item", "status": "completed"}],
    }
    response = decode_response(body).unwrap()
    parts = response.message.content
    assert [type(part) for part in parts] == [Opaque, Text, Opaque, Opaque]
    assert response.text == "a"
    assert encode_response(response).unwrap()["output"] == [
        said(block, {"type": "output_text", "text": "a", "annotations": []}),
        empty,
        {"type": "new_item", "status": "completed"},
    ]


def test_an_error_under_200_is_the_error_and_keeps_what_was_said() -> None:
    error = {"code": "rate_limit_exceeded", "message": "slow down"}
    body: dict[str, Any] = {
        "id": "resp_1",
        "status": "failed",
        "error": error,
        "output": [said(text("Half"))],
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    found = decode_response(body).failure()
    assert isinstance(found, RateLimited)
    assert found.partial is not None
    assert (found.partial.text, found.usage) == ("Half", Usage(3, 1))
    assert isinstance(decode_response({"error": {"code": "insufficient_quota"}}).failure(), Quota)
    assert isinstance(decode_response({**body, "error": None}).failure(), ServerFault)
    cancelled = decode_response({**body, "error": None, "status": "cancelled"}).failure()
    assert isinstance(cancelled, Incomplete)
    assert not cancelled.retryable
    assert cancelled.partial is not None
    assert cancelled.partial.text == "Half"


def test_negative_counts_are_malformed_and_the_answer_is_kept() -> None:
    details = {"cached_tokens": -1}
    body: dict[str, Any] = {
        "status": "completed",
        "output": [said(text("a"))],
        "usage": {"input_tokens": 1, "input_tokens_details": details},
    }
    found = decode_response(body).failure()
    assert isinstance(found, Malformed)
    assert found.path == "$.usage.input_tokens_details.cached_tokens"
    assert found.usage == Usage(1)
    assert found.partial is not None
    assert (found.partial.text, found.partial.usage) == ("a", Usage(1))
    assert found.partial.extras == own(usage={"input_tokens_details": {"cached_tokens": -1}})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "$"),
        (b"{}", "$.output"),
        (b'{"output": [5]}', "$.output[0]"),
        (b'{"output": [{"type": "message", "content": [5]}]}', "$.output[0].content[0]"),
        (b'{"output": [{"type": "message", "content": 5}]}', "$.output[0].content"),
        (b'{"output": [], "status": 5}', "$.status"),
    ],
)
def test_what_is_no_answer(body: bytes, path: str) -> None:
    found = decode_response(body).failure()
    assert isinstance(found, Malformed)
    assert found.path == path


def test_an_answer_of_another_provider_is_said_in_full() -> None:
    foreign = Response(
        AssistantMessage(
            (
                Reasoning("Hm."),
                Text("Hi."),
                Refusal("No."),
                ToolCall("c", "f", JsonObject({"a": 1})),
                BrokenToolCall("d", "f", ""),
            )
        ),
        Usage(1, 2),
        "refusal",
        "refusal",
        id="msg_9",
        provider="anthropic",
    )
    body = encode_response(foreign).unwrap()
    assert body["status"] == "completed"
    assert body["output"] == [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "id": "rs_msg_9_0"},
        {
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Hi.", "annotations": []},
                {"type": "refusal", "refusal": "No."},
            ],
            "type": "message",
            "status": "completed",
            "id": "msg_msg_9_1",
        },
        {
            "type": "function_call",
            "call_id": "c",
            "name": "f",
            "arguments": '{"a":1}',
            "id": "fc_msg_9_2",
            "status": "completed",
        },
        {
            "type": "function_call",
            "call_id": "d",
            "name": "f",
            "arguments": "",
            "status": "incomplete",
            "id": "fc_msg_9_3",
        },
    ]


@pytest.mark.parametrize(
    "response",
    [
        Response(AssistantMessage((Opaque("anthropic", JsonObject({"type": "x"})),)), stop_reason="end"),
        Response(AssistantMessage((Text("a"),)), stop_reason="stop_sequence", stop_sequence="x"),
        Response(AssistantMessage(()), alternatives=(Response(AssistantMessage(())),)),
        Response(AssistantMessage((Reasoning("Hm.", "signed"),)), stop_reason="end"),
    ],
)
def test_what_has_no_words_is_refused(response: Response) -> None:
    found = encode_response(response)
    assert isinstance(found, Failure)
    assert isinstance(found.failure(), Lossy)
