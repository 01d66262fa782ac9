"""Nobody checks types at run time: a value with a field of another type gives an Outcome, and no exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import (
    BadRequest,
    Completion,
    ReasoningSetting,
    Response,
    Tool,
    ToolChoice,
    WireFormat,
    codec_of,
    from_strict,
    user,
)
from llm_pure.json import JsonError, JsonObject, PlainJson
from llm_pure.messages import AssistantMessage, UserMessage
from llm_pure.parts import Image, Part, Text, ToolCall, ToolResult
from llm_pure.strategies import completions, responses
from llm_pure.typed import check_own

WIRES: tuple[WireFormat, ...] = ("anthropic_messages", "openai_chat", "openai_responses")
Place = tuple[str | int, ...]
WRONG: tuple[object, ...] = (
    None,
    True,
    7,
    0,
    -1.5,
    float("nan"),
    "",
    "text",
    "\ud800",
    b"x",
    [],
    ["x"],
    {},
    {"type": "object"},
    {1: 2},
    (),
    (None,),
    ("x",),
    ((),),
    object(),
    str,
    JsonObject({"a": 1}),
    JsonObject({"openai_chat": 1, "openai_responses": [], "anthropic": "x"}),
    Completion([]),
    ToolCall("a", "f"),
    UserMessage(()),
    Tool("t"),
)


def places(value: object, here: Place = ()) -> Iterator[Place]:
    """Every field, and every item of a tuple, however deep."""
    if here:
        yield here
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from places(item, (*here, index))
    elif is_dataclass(value):
        for field in fields(value):
            if field.init:
                yield from places(getattr(value, field.name, None), (*here, field.name))


def put(value: object, place: Place, new: object) -> object:
    """The value with another in this place: made without its own constructor, which may refuse it."""
    if not place:
        return new
    first, *rest = place
    if isinstance(value, tuple) and isinstance(first, int):
        return (*value[:first], put(value[first], tuple(rest), new), *value[first + 1 :])
    made = object.__new__(type(value))
    for field in fields(value):  # type: ignore[arg-type]  # a dataclass: `places` has led here
        if hasattr(value, field.name):
            object.__setattr__(made, field.name, getattr(value, field.name))
    object.__setattr__(made, str(first), put(getattr(value, str(first)), tuple(rest), new))
    return made


@given(st.data())
@pytest.mark.parametrize("wire", WIRES)
def test_a_completion_with_a_field_of_another_type_gives_an_outcome(
    wire: WireFormat, data: st.DataObject
) -> None:
    completion = data.draw(completions())
    place = data.draw(st.sampled_from([*places(completion)]))
    odd = put(completion, place, data.draw(st.sampled_from(WRONG)))
    assert isinstance(codec_of(wire).encode_request(odd), Success | Failure)  # type: ignore[arg-type]  # odd


@given(st.data())
@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_with_a_field_of_another_type_gives_an_outcome(
    wire: WireFormat, data: st.DataObject
) -> None:
    response = data.draw(responses())
    place = data.draw(st.sampled_from([*places(response)]))
    odd = put(response, place, data.draw(st.sampled_from(WRONG)))
    for encode in (codec_of(wire).encode_response, codec_of(wire).encode_stream):
        assert isinstance(encode(odd), Success | Failure)  # type: ignore[arg-type]  # odd


@given(completions() | responses(), st.data())
def test_a_field_of_another_type_is_found_at_once(value: Completion | Response, data: st.DataObject) -> None:
    check_own(value)
    name = data.draw(st.sampled_from([field.name for field in fields(value)]))
    with pytest.raises(JsonError) as caught:
        check_own(put(value, (name,), object()))
    assert caught.value.path == f".{name}"


NOT: dict[str, tuple[object, str]] = {
    "arguments": (
        Completion([AssistantMessage((ToolCall("a", "f", "x"),))]),  # type: ignore[arg-type]
        "$.messages[0].content[0].arguments",
    ),
    "result": (
        Completion([UserMessage((ToolResult("a", 5),))]),  # type: ignore[arg-type]
        "$.messages[0].content[0].content",
    ),
    "parameters": (
        Completion([user("a")], tools=[Tool("x", parameters="object")]),  # type: ignore[arg-type]
        "$.tools[0].parameters",
    ),
    "choice": (Completion([user("a")], tool_choice="auto"), "$.tool_choice"),  # type: ignore[arg-type]
    "mode": (Completion([user("a")], tool_choice=ToolChoice(1)), "$.tool_choice.mode"),  # type: ignore[arg-type]
    "temperature": (Completion([user("a")], temperature=float("nan")), "$.temperature"),
    "top_p": (Completion([user("a")], top_p=float("inf")), "$.top_p"),
    "penalty": (Completion([user("a")], presence_penalty=float("-inf")), "$.presence_penalty"),
    "number in arguments": (
        Completion([AssistantMessage((ToolCall("a", "f", JsonObject({"x": [float("nan")]})),))]),
        "$.messages[0].content[0].arguments.x[0]",
    ),
    "object in arguments": (
        Completion([AssistantMessage((ToolCall("a", "f", JsonObject({"x": object()})),))]),  # type: ignore[dict-item]
        "$.messages[0].content[0].arguments.x",
    ),
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", NOT)
def test_what_is_of_another_type_is_a_bad_request_with_its_place(wire: WireFormat, name: str) -> None:
    completion, path = NOT[name]
    error = codec_of(wire).encode_request(completion, on_loss="refuse").failure()  # type: ignore[arg-type]
    assert isinstance(error, BadRequest)
    assert error.path == path


@pytest.mark.parametrize(
    ("wire", "path"),
    [
        ("anthropic_messages", "$.tools[0].input_schema.minimum"),
        ("openai_chat", "$.tools[0].function.parameters.minimum"),
        ("openai_responses", "$.tools[0].parameters.minimum"),
    ],
)
def test_what_is_no_json_in_a_schema_is_a_bad_request_once_it_is_written(wire: WireFormat, path: str) -> None:
    schema = JsonObject({"type": "number", "minimum": float("nan")})
    completion = Completion([user("a")], tools=[Tool("f", "", schema)], model="m", max_tokens=1)
    encoded = codec_of(wire).encode_request(completion).unwrap()
    assert encoded.body() == Failure(BadRequest(message="nan is no JSON number", path=path))


@pytest.mark.parametrize("wire", WIRES)
def test_messages_that_are_a_text_are_a_bad_request(wire: WireFormat) -> None:
    error = codec_of(wire).encode_request(Completion("hello")).failure()  # type: ignore[arg-type]
    assert isinstance(error, BadRequest)
    assert (error.path or "").startswith("$.messages")


SAID: dict[str, tuple[Completion, str]] = {
    "a float": (Completion([], max_tokens=1.0), "expected a whole number, not 1.0"),  # type: ignore[arg-type]
    "a dict": (
        Completion([], tools=[Tool("x", extras={})]),  # type: ignore[arg-type]
        "expected a JsonObject, not dict",
    ),
    "a text": (Completion([], tool_choice="auto"), "expected a ToolChoice, not str"),  # type: ignore[arg-type]
    "nothing": (Completion([UserMessage((Text(None),))]), "expected a string, not None"),  # type: ignore[arg-type]
    "no source": (
        Completion([UserMessage((Image("a.png"),))]),  # type: ignore[arg-type]
        "expected a Base64 or a Url or a FileId, not str",
    ),
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", SAID)
def test_what_came_is_said_in_pythons_words(wire: WireFormat, name: str) -> None:
    completion, message = SAID[name]
    assert codec_of(wire).encode_request(completion).failure().message == message


@pytest.mark.parametrize("wire", WIRES[1:])
def test_a_word_that_is_none_of_those_wanted_is_shown(wire: WireFormat) -> None:
    setting = ReasoningSetting(effort="hgih")  # type: ignore[arg-type]
    error = codec_of(wire).encode_request(Completion([], reasoning=setting)).failure()
    assert error.message.endswith("or 'max', not 'hgih'")


@pytest.mark.parametrize("wire", WIRES)
def test_a_way_to_treat_losses_that_nobody_knows_is_a_bad_request(wire: WireFormat) -> None:
    outcome = codec_of(wire).encode_request(Completion([user("a")]), on_loss="raise")  # type: ignore[arg-type]
    assert outcome == Failure(BadRequest(message="on_loss is 'report' or 'refuse', not 'raise'"))


# ---------------------------------------------------------------- what is nested too deeply


def nested(depth: int) -> JsonObject:
    found: dict[str, PlainJson] = {}
    for _ in range(depth):
        found = {"a": found}
    return JsonObject.wrap(found)


def results(depth: int) -> UserMessage:
    part: Part = Text("a")
    for _ in range(depth):
        part = ToolResult("a", (part,))
    return UserMessage((part,))


DEEP: dict[str, Completion] = {
    "arguments": Completion([AssistantMessage((ToolCall("a", "f", nested(2000)),))]),
    "parameters": Completion([user("a")], tools=[Tool("f", "", nested(2000))]),
    "options": Completion(
        [user("a")],
        provider_options=JsonObject.wrap({"openai": nested(2000), "anthropic": nested(2000)}),  # type: ignore[dict-item]
    ),
    "results": Completion([results(500)]),
    "more results": Completion([results(2000)]),
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_too_deeply_gives_an_outcome_that_says_so(wire: WireFormat, name: str) -> None:
    outcome = codec_of(wire).encode_request(DEEP[name])
    sent = outcome if isinstance(outcome, Failure) else outcome.unwrap().body()
    if isinstance(sent, Failure):
        assert sent.failure().message == "nested too deeply"
    answer = Response(AssistantMessage((ToolCall("a", "f", nested(2000)),)))
    assert codec_of(wire).encode_response(answer).failure().message == "nested too deeply"


def test_a_schema_that_refers_to_itself_without_end_asks_for_nothing() -> None:
    schema = JsonObject({"anyOf": [{"$ref": "#"}, {"type": "string"}]})
    assert from_strict({"a": 1}, schema) == JsonObject({"a": 1})
