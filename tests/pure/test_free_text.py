"""Tools that are called with plain text, on each wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Failure, Success

from llm_pure import (
    AnyTool,
    AssistantMessage,
    BadToolInput,
    BrokenToolCall,
    Completion,
    FreeText,
    JsonObject,
    Loss,
    PartDone,
    PlainJson,
    Response,
    Text,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolResult,
    WireFormat,
    codec_of,
    openai_chat,
    parse_tool_call,
    user,
)

SHELL = Tool.text("shell", "Runs a command.")
SUM: AnyTool = Tool.text("sum", lark='start: NUMBER "+" NUMBER')
CALL = ToolCall("c1", "shell", JsonObject({"input": 'ls "a b"\n'}), free_text=True)
OPENAI: tuple[WireFormat, ...] = ("openai_chat", "openai_responses")


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (
            "openai_chat",
            [
                {"type": "custom", "custom": {"name": "shell", "description": "Runs a command."}},
                {
                    "type": "custom",
                    "custom": {
                        "name": "sum",
                        "format": {
                            "type": "grammar",
                            "grammar": {"syntax": "lark", "definition": 'start: NUMBER "+" NUMBER'},
                        },
                    },
                },
            ],
        ),
        (
            "openai_responses",
            [
                {"type": "custom", "name": "shell", "description": "Runs a command."},
                {
                    "type": "custom",
                    "name": "sum",
                    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: NUMBER "+" NUMBER'},
                },
            ],
        ),
    ],
)
def test_openai_has_such_tools(wire: WireFormat, said: PlainJson) -> None:
    asked = Completion([], tools=[SHELL, SUM])
    encoded = codec_of(wire).encode_request(asked, on_loss="refuse").unwrap()
    assert encoded.payload["tools"] == said
    assert codec_of(wire).decode_request(encoded.payload).unwrap().tools == (SHELL, SUM)


def test_anthropic_is_offered_a_tool_that_takes_an_object_with_one_text() -> None:
    encoded = codec_of("anthropic_messages").encode_request(Completion([], tools=[SHELL, SUM])).unwrap()
    tools: Any = encoded.payload["tools"]
    assert tools[0]["input_schema"] == {
        "type": "object",
        "properties": {"input": {"type": "string", "description": "The whole input, as plain text."}},
        "required": ["input"],
        "additionalProperties": False,
    }
    assert 'start: NUMBER "+" NUMBER' in tools[1]["input_schema"]["properties"]["input"]["description"]
    assert [loss.path for loss in encoded.losses] == [
        "$.tools[0].free_text",
        "$.tools[0].parameters",
        "$.tools[1].free_text",
        "$.tools[1].parameters",
    ]


@pytest.mark.parametrize("free", [True, False])
def test_a_call_gives_its_text_whichever_provider_made_it(free: bool) -> None:
    call = ToolCall("c1", "shell", JsonObject({"input": "ls"}), free_text=free)
    assert parse_tool_call(call, SHELL) == Success("ls")


@pytest.mark.parametrize("arguments", [{}, {"input": 1}, {"input": "ls", "more": "x"}])
def test_a_call_with_other_arguments_is_refused(arguments: dict[str, PlainJson]) -> None:
    outcome = parse_tool_call(ToolCall("c1", "shell", JsonObject(arguments)), SHELL)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), BadToolInput)


@pytest.mark.parametrize("wire", OPENAI)
def test_a_call_and_its_result_go_to_openai_as_they_are(wire: WireFormat) -> None:
    answer = Response(AssistantMessage((CALL,)), stop_reason="tool_call")
    asked = Completion([user("go")], tools=[SHELL]).with_response(answer)
    asked = asked.with_results(ToolResult("c1", (Text("a.txt"),)))
    encoded = codec_of(wire).encode_request(asked, on_loss="refuse").unwrap()
    assert codec_of(wire).decode_request(encoded.payload) == Success(asked.replace(stop_reason=None))
    if wire == "openai_responses":
        items: Any = encoded.payload["input"]
        assert [item.get("type") for item in items[1:]] == ["custom_tool_call", "custom_tool_call_output"]
        assert items[1]["input"] == 'ls "a b"\n'


def test_a_call_goes_to_anthropic_as_an_object_and_says_so() -> None:
    encoded = codec_of("anthropic_messages").encode_request(Completion([AssistantMessage((CALL,))])).unwrap()
    messages: Any = encoded.payload["messages"]
    assert messages[0]["content"][0]["input"] == {"input": 'ls "a b"\n'}
    assert (
        Loss("$.messages[0].content[0].free_text", "a call holds an object here: one with the text")
        in encoded.losses
    )


def chat_body(finish: str) -> dict[str, Any]:
    call = {"id": "c1", "type": "custom", "custom": {"name": "shell", "input": 'ls "a b"\n'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"id": "x", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def responses_body(status: str) -> dict[str, Any]:
    item = {"type": "custom_tool_call", "call_id": "c1", "name": "shell", "input": 'ls "a b"\n'}
    return {"id": "x", "model": "m", "status": status, "output": [item]}


@pytest.mark.parametrize(
    ("wire", "body"),
    [("openai_chat", chat_body("tool_calls")), ("openai_responses", responses_body("completed"))],
)
def test_an_answers_call_with_text_is_no_call_with_arguments(wire: WireFormat, body: dict[str, Any]) -> None:
    response = codec_of(wire).decode_response(body).unwrap()
    assert (response.text_calls, response.tool_calls, response.stop_reason) == ((CALL,), (), "tool_call")
    back = codec_of(wire).encode_response(response).unwrap()
    assert codec_of(wire).decode_response(back) == Success(response)


@pytest.mark.parametrize(
    ("wire", "body"),
    [("openai_chat", chat_body("length")), ("openai_responses", responses_body("incomplete"))],
)
def test_a_text_that_was_cut_off_is_never_run(wire: WireFormat, body: dict[str, Any]) -> None:
    response = codec_of(wire).decode_response(body).unwrap()
    (broken,) = response.broken_tool_calls
    assert response.calls == (broken,)
    assert (response.text_calls, broken.text, broken.free_text) == ((), 'ls "a b"\n', True)
    assert isinstance(parse_tool_call(broken, SHELL), Failure)
    assert isinstance(broken, BrokenToolCall)


def test_a_streamed_text_is_put_together_and_told_as_a_whole() -> None:
    pieces: list[dict[str, Any]] = [
        {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "shell", "input": ""}},
        {"index": 0, "custom": {"input": 'ls "a'}},
        {"index": 0, "custom": {"input": ' b"\n'}},
    ]
    deltas: list[dict[str, Any]] = [{"delta": {"tool_calls": [piece]}} for piece in pieces]
    deltas.append({"delta": {}, "finish_reason": "tool_calls"})
    chunks = [
        f"data: {json.dumps({'id': 'x', 'model': 'm', 'choices': [{'index': 0, **one}]})}\n\n".encode()
        for one in deltas
    ]
    state = openai_chat.stream_start()
    events: list[object] = []
    for chunk in chunks:
        state, more = openai_chat.stream_step(state, chunk)
        events += more
    assert events[1:] == [
        ToolCallStarted(0, "c1", "shell"),
        ToolCallDelta(0, CALL.arguments.text),
        PartDone(0, CALL),
    ]
    assert openai_chat.stream_result(state).unwrap().text_calls == (CALL,)


def test_text_that_is_no_text_is_a_loss() -> None:
    odd = ToolCall("c1", "shell", JsonObject({"a": 1}), free_text=True)
    for wire in OPENAI:
        losses = codec_of(wire).encode_request(Completion([AssistantMessage((odd,))])).unwrap().losses
        assert "$.messages[0].content[0].free_text" in [loss.path for loss in losses]


@pytest.mark.parametrize("wire", OPENAI)
def test_a_text_may_be_held_to_an_expression(wire: WireFormat) -> None:
    tool: AnyTool = Tool.text("when", regex="[0-9]+")
    assert tool.free_text == FreeText("regex", "[0-9]+")
    encoded = codec_of(wire).encode_request(Completion([], tools=[tool]), on_loss="refuse").unwrap()
    assert codec_of(wire).decode_request(encoded.payload).unwrap().tools == (tool,)


def test_a_grammar_needs_a_syntax() -> None:
    tool: AnyTool = Tool("t", free_text=FreeText(None, "x"))
    for wire in OPENAI:
        assert codec_of(wire).encode_request(Completion([], tools=[tool])).unwrap().losses != ()
