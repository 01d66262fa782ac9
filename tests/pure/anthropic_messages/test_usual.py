"""The turns of most conversations are written in one step, and say what any other way would have said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import Completion, Text, ToolCall, ToolResult, assistant, user
from llm_pure import strategies as our
from llm_pure.anthropic_messages import encode_request
from llm_pure.json import EMPTY, JsonObject, PlainJson, is_plain
from llm_pure.messages import Message

MESSAGES: tuple[Message, ...] = (
    user("What is this?"),
    assistant("Let me look.", ToolCall("a", "look", JsonObject({"at": {"deep": [1, 2.5, None, True]}}))),
    user(ToolResult("a", (Text("A cat."),)), ToolResult("b", (Text("No dog."),), is_error=True)),
    assistant(ToolCall("a", "look")),
    user(ToolResult("a", (Text("Still a cat."),))),
    assistant("A cat."),
)


def looked_at(message: Message) -> Message:
    """The same message; its extras are as empty, but not known to be so."""
    return replace(message, extras=JsonObject({})) if message.extras is EMPTY else message


def told(completion: Completion) -> Completion:
    return completion.replace(messages=[looked_at(message) for message in completion.messages])


@settings(max_examples=200)
@given(our.completions() | st.permutations(MESSAGES).map(Completion))
def test_usual_messages_become_what_others_would(completion: Completion) -> None:
    assert encode_request(completion) == encode_request(told(completion))


@pytest.mark.parametrize(
    "message",
    [
        user(cast("str", 1)),
        assistant(Text(cast("str", 1))),
        assistant(Text("a", cast("JsonObject", None))),
        assistant(ToolCall(cast("str", 1), "b")),
        assistant(ToolCall("a", cast("str", b"b"))),
        assistant(ToolCall("a", "b", cast("JsonObject", {}))),
        assistant(ToolCall("a", "b", JsonObject({"INVALID_JSON": "{"}))),
        user(ToolResult("a", cast("tuple[Text]", "text"))),
        user(ToolResult("a", (Text("b"),), is_error=cast("bool", "no"))),
    ],
)
def test_a_message_of_other_types_is_no_usual_one(message: Message) -> None:
    completion = Completion([message])
    assert encode_request(completion) == encode_request(told(completion))


# ---------------------------------------------------------------- plain payloads


@given(our.completions())
def test_a_payload_that_is_said_to_be_plain_is_plain(completion: Completion) -> None:
    encoded = encode_request(completion).unwrap()
    assert is_plain(encoded.payload) or not encoded.plain
    assert encoded.body(untouched=True) == encoded.body()


def asked_with(value: Any) -> Completion:
    return Completion([assistant(ToolCall("a", "b", JsonObject.wrap({"key": [{"at": value}]})))])


@pytest.mark.parametrize("value", [b"raw", date(2026, 1, 1), {1}, {1: "key"}, (1, 2), float("nan")])
def test_what_is_no_json_is_not_said_to_be_plain(value: object) -> None:
    encoded = encode_request(asked_with(value)).unwrap()
    assert not encoded.plain
    body = encoded.body(untouched=True)
    assert body == encoded.body()
    assert isinstance(body, Failure) == (value != (1, 2))


@pytest.mark.parametrize("depth", [150, 250])
def test_depth_has_an_end_and_no_body_depends_on_it(depth: int) -> None:
    value: PlainJson = 1
    for _ in range(depth):
        value = [value]
    encoded = encode_request(asked_with(value)).unwrap()
    assert encoded.plain == (depth < 200)
    assert isinstance(encoded.body(untouched=True), Success)
    assert encoded.body(untouched=True) == encoded.body()


def test_what_a_caller_puts_into_a_payload_is_looked_at() -> None:
    encoded = encode_request(Completion(MESSAGES)).unwrap()
    assert encoded.plain
    encoded.payload["at"] = cast("str", date(2026, 1, 1))
    failure = encoded.body()
    assert isinstance(failure, Failure)
    assert failure.failure().message == "date is no JSON"
