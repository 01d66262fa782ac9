"""What the real providers refuse, a strict stub refuses, in their words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.stub import Stub
from llm_effects.stub.rules import RULES, refusal
from llm_pure.target import WireFormat
from tests.effects.stub.asking import HEADERS, ask

USER = {"role": "user", "content": "Hi"}
ASSISTANT = {"role": "assistant", "content": "Hello"}
OLD = {**HEADERS, "anthropic-version": "2023-06-01"}
CALL = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
CHAT_CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OLD_MODEL, NEW_MODEL = "claude-haiku-4-5", "claude-opus-5"

Changes = dict[str, Any]


@pytest.mark.parametrize(
    ("headers", "changes", "message"),
    [
        ({"content-type": "application/json"}, {}, "anthropic-version: header is required"),
        (HEADERS, {"max_tokens": None}, "max_tokens: Field required"),
        (HEADERS, {"messages": []}, "messages: at least one"),
        (HEADERS, {"temperature": 1}, "temperature: this parameter is not supported"),
        (HEADERS, {"top_p": 0.5}, "top_p: this parameter is not supported"),
        (OLD, {"temperature": 0.5, "model": NEW_MODEL}, "temperature: this parameter is not supported"),
        (
            HEADERS,
            {"model": NEW_MODEL, "messages": [USER, ASSISTANT]},
            "This model does not support assistant message prefill",
        ),
        (
            HEADERS,
            {"messages": [USER, {"role": "assistant", "content": "So "}]},
            "messages: final assistant content cannot end",
        ),
        (
            HEADERS,
            {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
            "messages.0: text content",
        ),
        (
            HEADERS,
            {"messages": [USER, {"role": "assistant", "content": [CALL]}, USER]},
            "messages.1: `tool_use` ids",
        ),
        (HEADERS, {"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        (
            HEADERS,
            {"messages": [USER, ASSISTANT, {"role": "user", "content": [RESULT]}]},
            "messages.2: unexpected `tool_use_id` found in `tool_result` blocks: t1.",
        ),
    ],
)
def test_anthropic_refuses(headers: dict[str, str], changes: Changes, message: str) -> None:
    with Stub(["never"]) as stub:
        reply = ask(stub, headers=headers, **changes)
        assert (reply.status, reply.json["type"], reply.json["error"]["type"]) == (
            400,
            "error",
            "invalid_request_error",
        )
        assert reply.json["error"]["message"].startswith(message)
        assert stub.left == 1


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        (OLD, {"temperature": 0.5, "model": OLD_MODEL}),
        (HEADERS, {"model": OLD_MODEL, "messages": [USER, ASSISTANT]}),
        (
            HEADERS,
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": [CALL]},
                    {"role": "user", "content": [RESULT]},
                ]
            },
        ),
    ],
)
def test_anthropic_allows(headers: dict[str, str], changes: Changes) -> None:
    with Stub(["fine"]) as stub:
        assert ask(stub, headers=headers, **changes).status == 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"messages": []}, "Missing required parameter: 'messages'."),
        ({"model": "o3", "max_tokens": 5}, "Unsupported parameter: 'max_tokens'"),
        (
            {"messages": [USER, {"role": "assistant", "tool_calls": [CHAT_CALL]}, USER]},
            "An assistant message with 'tool_calls'",
        ),
        (
            {"messages": [USER, {"role": "tool", "tool_call_id": "t1", "content": "ok"}]},
            "Invalid parameter: messages with role 'tool' must be a response",
        ),
        ({"model": "gpt-4o-mini", "max_tokens": -5}, "Invalid 'max_tokens': integer below minimum value."),
        ({"max_completion_tokens": 0}, "Invalid 'max_completion_tokens': integer below minimum value."),
    ],
)
def test_openai_refuses(changes: Changes, message: str) -> None:
    with Stub(["never"]) as stub:
        reply = ask(stub, "openai_chat", **changes)
        assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
        assert reply.json["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "gpt-4o-mini", "max_tokens": 5},
        {"model": "o3", "max_completion_tokens": 5},
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [CHAT_CALL]},
                {"role": "tool", "tool_call_id": "t1", "content": "ok"},
            ]
        },
    ],
)
def test_openai_allows(changes: Changes) -> None:
    with Stub(["fine"]) as stub:
        assert ask(stub, "openai_chat", **changes).status == 200


def test_a_lenient_stub_answers_all_that() -> None:
    with Stub(["fine"], strict=False) as stub:
        reply = ask(stub, headers={}, model=NEW_MODEL, messages=[USER, ASSISTANT], temperature=0.5)
        assert reply.status == 200


@given(
    st.dictionaries(
        st.sampled_from(["model", "max_tokens", "messages", "temperature"]),
        st.recursive(
            st.none()
            | st.integers()
            | st.text(max_size=3)
            | st.sampled_from(["assistant", "tool", "tool_use"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["role", "content", "type", "id", "tool_calls", "tool_call_id", "text"]),
                    inner,
                )
            ),
        ),
    ),
    st.sampled_from(list(RULES)),
)
def test_any_payload_is_refused_or_not(payload: Changes, wire: WireFormat) -> None:
    refusal(wire, payload, HEADERS)


ASKED = {"role": "user", "content": "Hi"}
FUNCTION_CALL = {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "t1", "output": "ok"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "Missing required parameter: 'model'."),
        ({"input": []}, "One of 'input'"),
        ({"max_tokens": 5}, "Unsupported parameter: 'max_tokens'. In the Responses API"),
        ({"stop": ["x"]}, "Unknown parameter: 'stop'."),
        ({"input": [ASKED, FUNCTION_CALL]}, "No tool output found for function call t1."),
        ({"input": [OUTPUT]}, "No tool call found for function call output with call_id t1."),
        ({"input": [ASKED, THOUGHT, ASKED]}, "Item 'rs_1' of type 'reasoning' was provided without"),
        ({"input": [ASKED, THOUGHT]}, "Item 'rs_1' of type 'reasoning' was provided without"),
    ],
)
def test_responses_refuses(changes: Changes, message: str) -> None:
    with Stub(["never"]) as stub:
        reply = ask(stub, "openai_responses", **changes)
        assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
        assert reply.json["error"]["message"].startswith(message)
        assert stub.left == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"input": [ASKED, THOUGHT, FUNCTION_CALL, OUTPUT]},
        {"input": [OUTPUT], "previous_response_id": "resp_1"},
        {"input": None, "prompt": {"id": "pmpt_1"}},
    ],
)
def test_responses_accepts(changes: Changes) -> None:
    with Stub(["fine"]) as stub:
        assert ask(stub, "openai_responses", **changes).status == 200
