"""The turns of most conversations are written in one step, and say what any other way would have said."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import BadRequest, Completion, Text, ToolCall, ToolResult, assistant, user
from llm_pure import strategies as our
from llm_pure.anthropic_messages import encode_request
from llm_pure.json import (
    EMPTY,
    JsonInput,
    JsonObject,
    PlainJson,
    canonical_json,
    dump_json,
    parse_json,
    same_json,
)
from llm_pure.messages import Message
from llm_pure.serial import to_json
from tests.many import many


class Word(StrEnum):
    a = "a"


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


@many
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
        assistant(ToolCall("a", "b", cast("JsonObject", []))),
        assistant(ToolCall("a", "b", JsonObject({"INVALID_JSON": "{"}))),
        user(ToolResult("a", cast("tuple[Text]", 1))),
        user(ToolResult("a", (Text("b"),), is_error=cast("bool", "no"))),
    ],
)
def test_a_message_of_other_types_is_no_usual_one(message: Message) -> None:
    completion = Completion([message])
    assert encode_request(completion) == encode_request(told(completion))


# ---------------------------------------------------------------- what is remembered


def fresh(completion: Completion) -> Completion:
    """An equal one, whose messages remember nothing."""
    return completion.replace(messages=[replace(message) for message in completion.messages])


@many
@given(our.completions() | st.permutations(MESSAGES).map(Completion), st.booleans())
def test_the_body_says_what_the_payload_says(completion: Completion, stream: bool) -> None:
    body = encode_request(completion).unwrap().body(stream=stream)
    encoded = encode_request(fresh(completion)).unwrap()
    payload = {**encoded.payload, "stream": True} if stream else encoded.payload
    assert same_json(parse_json(body.unwrap()), payload)
    assert same_json(parse_json(encoded.body(stream=stream).unwrap()), payload)


@given(our.completions() | st.permutations(MESSAGES).map(Completion))
def test_a_request_is_the_same_however_often_it_is_sent(completion: Completion) -> None:
    first = fresh(completion)
    bodies = {encode_request(first).unwrap().body().unwrap() for _ in range(4)}
    payloads = [encode_request(first) for _ in range(2)]
    assert bodies == {encode_request(fresh(completion)).unwrap().body().unwrap()}
    assert payloads == [encode_request(fresh(completion))] * 2


@given(st.permutations(MESSAGES))
def test_what_a_message_remembers_says_nothing_of_what_stood_around_it(messages: list[Message]) -> None:
    alone = [encode_request(Completion([message])) for message in messages]
    together = encode_request(Completion(messages))
    assert together == encode_request(fresh(Completion(messages)))
    assert alone == [encode_request(Completion([replace(message)])) for message in messages]


@many
@given(our.completions() | st.permutations(MESSAGES).map(Completion))
def test_a_request_has_one_canonical_text_however_often_it_is_asked_for(completion: Completion) -> None:
    payload = encode_request(fresh(completion)).unwrap().payload
    del payload["max_tokens"]
    first = fresh(completion)
    for _ in range(4):
        encoded = encode_request(first).unwrap()
        assert encoded.canonical({"max_tokens"}) == canonical_json(payload)
        assert encoded.body() == encode_request(fresh(completion)).unwrap().body()


@pytest.mark.parametrize("nothing", [[], [{}], "messages"])
def test_a_field_that_looks_like_the_messages_is_not_taken_for_them(nothing: PlainJson) -> None:
    options = JsonObject({"anthropic": {"metadata": {"messages": nothing, '"messages":[]': nothing}}})
    encoded = encode_request(Completion(MESSAGES, provider_options=options)).unwrap()
    text = encoded.canonical(())
    assert text == canonical_json(encoded.payload)


def test_a_call_whose_id_is_taken_gets_another_whatever_it_was_elsewhere() -> None:
    one, two = assistant(ToolCall("a", "f")), assistant(ToolCall("a", "g"))
    for message in (one, two):
        assert encode_request(Completion([message])).unwrap().payload["messages"] == [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": name, "input": {}}]}
            for name in ("f" if message is one else "g")
        ]
    assert ids(Completion([one, two])) == ["a", "hex_61_2"]
    assert ids(Completion([two, one])) == ["a", "hex_61_2"]


def ids(completion: Completion) -> list[str]:
    turns: Any = encode_request(completion).unwrap().payload["messages"]
    return [block["id"] for turn in turns for block in turn["content"]]


def test_what_is_remembered_is_no_part_of_the_message() -> None:
    known = MESSAGES[1]
    encode_request(Completion([known])).unwrap()
    assert hasattr(known, "memo")
    for other in (replace(known), copy.copy(known), copy.deepcopy(known), pickle.loads(pickle.dumps(known))):
        assert not hasattr(other, "memo")
        assert (other, repr(other)) == (known, repr(known))
        assert hash(other) == hash(known)
    assert "memo" not in to_json(known)


def test_threads_that_write_one_message_at_once_agree() -> None:
    for _ in range(50):
        completion = fresh(Completion(MESSAGES * 5))
        with ThreadPoolExecutor(4) as pool:
            bodies = list(pool.map(lambda _, c=completion: encode_request(c).unwrap().body(), range(4)))
        assert len({body.unwrap() for body in bodies}) == 1


def test_a_message_that_can_change_is_not_remembered() -> None:
    content: Any = [Text("before")]
    message = user("x")
    object.__setattr__(message, "content", content)
    completion = Completion([message])
    assert said(completion) == "before"
    content[0] = Text("after")
    assert said(completion) == "after"


def said(completion: Completion) -> Any:
    turns: Any = encode_request(completion).unwrap().payload["messages"]
    return turns[0]["content"] if isinstance(turns[0]["content"], str) else turns[0]["content"][0]["text"]


# ---------------------------------------------------------------- what is no JSON


def asked_with(value: Any) -> Completion:
    return Completion([assistant(ToolCall("a", "b", JsonObject.wrap({"key": [{"at": value}]})))])


@pytest.mark.parametrize("value", [b"raw", date(2026, 1, 1), {1}, {1: "key"}, float("nan")])
def test_what_is_no_json_is_found_and_named(value: object) -> None:
    error = encode_request(asked_with(value)).failure()
    assert isinstance(error, BadRequest)
    assert error.path == "$.messages[0].content[0].arguments.key[0].at"


def test_a_text_that_is_no_utf8_is_found_and_named_when_it_is_sent() -> None:
    error = encode_request(asked_with("\ud800")).unwrap().body().failure()
    assert isinstance(error, BadRequest)
    assert error.path == "$.messages[0].content[0].input.key[0].at"


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        Word("a"),
        2**63,
        -(2**63) - 1,
        10**300,
        1.0,
        -0.0,
        5e-324,
        1e22,
        0.1,
        '\u2028\x7f"\\',
        "é😀\x00",
    ],
)
def test_every_value_goes_out_as_it_is(value: Any) -> None:
    encoded = encode_request(asked_with(value)).unwrap()
    sent: Any = parse_json(encoded.body().unwrap())
    assert same_json(sent["messages"][0]["content"][0]["input"]["key"][0]["at"], value)
    assert same_json(encoded.payload, sent)


@pytest.mark.parametrize("depth", [150, 250])
def test_depth_is_no_matter_of_how_often_it_is_written(depth: int) -> None:
    value: PlainJson = 1
    for _ in range(depth):
        value = [value]
    encoded = encode_request(asked_with(value)).unwrap()
    body = encoded.body()
    assert isinstance(body, Success)
    assert dump_json(encoded.payload).count(b"[") == body.unwrap().count(b"[")


def test_what_a_caller_puts_into_a_payload_goes_out_or_is_found() -> None:
    encoded = encode_request(Completion(MESSAGES)).unwrap()
    turns: Any = encoded.payload["messages"]
    turns[0]["content"] = "Who is this?"
    assert b"Who is this?" in encoded.body().unwrap()
    assert said(Completion(MESSAGES)) == "What is this?"
    turns[0]["content"] = date(2026, 1, 1)
    failure = encoded.body()
    assert isinstance(failure, Failure)
    assert failure.failure().message == "date is no JSON"


def test_a_field_that_looks_like_the_place_of_the_messages_is_none() -> None:
    options: dict[str, JsonInput] = {
        "anthropic": {
            "metadata": {"messages": []},
            "model": {"messages": []},
            '"messages":[]': '"messages":[]',
        }
    }
    completion = Completion(MESSAGES, provider_options=options)
    body = encode_request(completion).unwrap().body().unwrap()
    payload = encode_request(completion).unwrap().payload
    assert len(cast("list[PlainJson]", payload["messages"])) == len(MESSAGES)
    assert same_json(parse_json(body), payload)


def test_messages_among_the_options_yield_to_the_completions_own() -> None:
    options: dict[str, JsonInput] = {"anthropic": {"messages": []}}
    encoded = encode_request(Completion(MESSAGES, provider_options=options)).unwrap()
    assert encoded.payload == encode_request(Completion(MESSAGES)).unwrap().payload
    assert [loss.path for loss in encoded.losses] == ["$.provider_options.anthropic.messages"]
