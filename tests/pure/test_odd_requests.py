"""Requests that no provider would take as they stand: they go back as they came, or are refused with the place."""

from __future__ import annotations

import pytest
from returns.result import Failure, Success

from llm_pure import BadRequest, anthropic_messages, openai_chat, openai_responses
from llm_pure.json import PlainJson

MESSAGES: dict[str, PlainJson] = {
    "a message without content, and a field that nobody knows": {"role": "user", "own": {"a": 1}},
    "an answer without content, and a field that nobody knows": {"role": "assistant", "own": {"a": 1}},
}

CHAT: dict[str, PlainJson] = MESSAGES | {
    "a text without its text": {"role": "user", "content": [{"type": "text", "own": 1}]},
    "a text that is an object": {"role": "user", "content": [{"type": "text", "text": {"a": 1}}]},
    "instructions without their text": {"role": "system", "content": [{"type": "text", "own": 1}]},
}

RESPONSES: dict[str, PlainJson] = MESSAGES | {
    "a text without its text": {"role": "user", "content": [{"type": "input_text", "own": 1}]},
    "a text that is an object": {"role": "user", "content": [{"type": "input_text", "text": {"a": 1}}]},
    "an answer whose text is an object": {
        "role": "assistant",
        "content": [{"type": "output_text", "text": {"a": 1}}],
    },
    "an empty list in a text": {
        "role": "assistant",
        "content": [{"type": "output_text", "text": "hi", "annotations": [], "own": []}],
    },
}


def said(messages: PlainJson) -> list[PlainJson]:
    """The messages without what is empty, and without the type that every message has."""
    assert isinstance(messages, list)
    return [fields(message) for message in messages]


def fields(message: PlainJson) -> PlainJson:
    assert isinstance(message, dict)
    return {key: value for key, value in message.items() if value not in (None, "", [], "message")}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_anthropic_keeps(message: PlainJson) -> None:
    payload: dict[str, PlainJson] = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [message]}
    encoded = anthropic_messages.encode_request(anthropic_messages.decode_request(payload).unwrap()).unwrap()
    assert said(encoded.payload["messages"]) == [message]
    assert encoded.losses == ()


@pytest.mark.parametrize("message", CHAT.values(), ids=CHAT)
def test_chat_keeps(message: PlainJson) -> None:
    payload: dict[str, PlainJson] = {"model": "gpt-4o", "messages": [message]}
    encoded = openai_chat.encode_request(openai_chat.decode_request(payload).unwrap()).unwrap()
    assert said(encoded.payload["messages"]) == [message]
    assert encoded.losses == ()


@pytest.mark.parametrize("item", RESPONSES.values(), ids=RESPONSES)
def test_responses_keeps(item: PlainJson) -> None:
    payload: dict[str, PlainJson] = {"model": "gpt-5", "input": [item]}
    encoded = openai_responses.encode_request(openai_responses.decode_request(payload).unwrap()).unwrap()
    assert said(encoded.payload["input"]) == [item]
    assert encoded.losses == ()


REFUSED_BY_CHAT: dict[str, tuple[PlainJson, str]] = {
    "a message within a message": (
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"role": "user", "text": "b"}]},
        "$.messages[0].content[1]",
    ),
    "an answer that is an object": ({"role": "assistant", "content": {"a": 1}}, "$.messages[0].content"),
}

REFUSED_BY_RESPONSES: dict[str, tuple[PlainJson, str]] = {
    "a message without a role": (
        {"type": "message", "content": [{"type": "input_text", "text": "a"}]},
        "$.input[0].role",
    ),
    "content without a role or a type": ({"content": "a"}, "$.input[0].role"),
    "an item within a message": (
        {"role": "user", "content": [{"type": "function_call_output", "call_id": "a", "output": "b"}]},
        "$.input[0].content[0]",
    ),
}


@pytest.mark.parametrize(("message", "path"), REFUSED_BY_CHAT.values(), ids=REFUSED_BY_CHAT)
def test_chat_refuses(message: PlainJson, path: str) -> None:
    match openai_chat.decode_request({"model": "gpt-4o", "messages": [message]}):
        case Failure(BadRequest() as error):
            assert error.path == path
        case Failure(other) | Success(other):
            pytest.fail(f"not refused: {other}")


@pytest.mark.parametrize(("item", "path"), REFUSED_BY_RESPONSES.values(), ids=REFUSED_BY_RESPONSES)
def test_responses_refuses(item: PlainJson, path: str) -> None:
    match openai_responses.decode_request({"model": "gpt-5", "input": [item]}):
        case Failure(BadRequest() as error):
            assert error.path == path
        case Failure(other) | Success(other):
            pytest.fail(f"not refused: {other}")
