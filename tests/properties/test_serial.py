"""Laws of `llm_pure.serial`: what is written is read as the same value, and nothing else is read at all."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from returns.result import Failure, Success

from llm_pure import (
    Completion,
    JsonObject,
    LlmError,
    Malformed,
    PlainJson,
    Response,
    ToolCall,
    completion_from_json,
    error_from_json,
    event_from_json,
    from_json,
    message_from_json,
    response_from_json,
    to_json,
    usage_from_json,
)
from llm_pure.compiled import read_tagged, tagged
from llm_pure.json import JsonError
from llm_pure.serial import Value
from llm_pure.serial_schema import serial_schema
from llm_pure.strategies import (
    completions,
    errors,
    events,
    hostile_bytes,
    hostile_json,
    joined_responses,
    json_values,
    messages,
    parts,
    plain_objects,
    responses,
    tool_choices,
    tools,
    usages,
)
from tests.many import many

values: st.SearchStrategy[Value] = st.one_of(
    completions(),
    joined_responses(),
    responses(),
    errors(),
    events(),
    messages(),
    parts(),
    usages(),
    tools(),
    tool_choices(),
)


@given(values)
def test_what_is_written_is_read_as_the_same_value(value: Value) -> None:
    text = to_json(value)
    assert from_json(text) == from_json(text.encode()) == Success(value)
    assert to_json(from_json(text).unwrap()) == text


@given(values)
def test_a_reader_of_one_kind_reads_no_other(value: Value) -> None:
    text = to_json(value)
    read = [
        completion_from_json(text),
        response_from_json(text),
        usage_from_json(text),
        error_from_json(text),
        event_from_json(text),
        message_from_json(text),
    ]
    assert all(each == Success(value) or isinstance(each.failure(), Malformed) for each in read)
    assert sum(isinstance(each, Success) for each in read) <= 1


@given(plain_objects())
def test_arguments_keep_their_spelling(arguments: dict[str, PlainJson]) -> None:
    text = json.dumps(arguments, indent=1)
    call = ToolCall("1", "f", JsonObject.wrap(arguments, text))
    found = from_json(to_json(call)).unwrap()
    assert isinstance(found, ToolCall)
    assert found.arguments.text == text


@given(hostile_bytes() | hostile_json().map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_an_outcome(body: bytes) -> None:
    for read in (from_json, completion_from_json, response_from_json, error_from_json):
        assert isinstance(read(body), Success | Failure)


@given(values, st.data())
def test_whatever_is_changed_is_found(value: Value, data: st.DataObject) -> None:
    plain = json.loads(to_json(value))
    change = data.draw(st.sampled_from(["unknown", "schema", "kind", "hostile"]))
    if change == "unknown":
        plain["no_such_field"] = 1
    elif change == "schema":
        plain["schema"] = data.draw(st.sampled_from(["llm_pure/0", "llm_pure/2", "", None, 1]))
    elif change == "kind":
        plain["kind"] = data.draw(st.sampled_from(["Completion", "", None, [], {"a": 1}]))
    else:
        name = data.draw(st.sampled_from(sorted(plain)))
        plain[name] = data.draw(hostile_json())
    found = from_json(json.dumps(plain))
    if change == "hostile":
        assert isinstance(found, Success) or isinstance(found.failure(), Malformed)
    else:
        path = {"unknown": "$.no_such_field", "schema": "$.schema", "kind": "$.kind"}[change]
        assert isinstance(found, Failure)
        assert found.failure().path == path
        assert not found.failure().retryable


VALIDATOR = Draft202012Validator(serial_schema())


@given(values)
def test_what_is_written_is_valid_by_the_published_schema(value: Value) -> None:
    VALIDATOR.validate(json.loads(to_json(value)))


@many
@given(values, st.data())
def test_what_is_not_valid_is_refused_and_what_is_refused_is_not_valid(
    value: Value, data: st.DataObject
) -> None:
    plain = json.loads(to_json(value))
    spot, key = data.draw(st.sampled_from(list(_places(plain))))
    how = data.draw(st.sampled_from(["other", "gone", "more", "hostile"]))
    if how == "more" and isinstance(inner := spot[key], dict):
        inner[data.draw(st.sampled_from(["kind", "text", "x"]))] = data.draw(st.sampled_from(KINDS))
    elif how == "gone":
        del spot[key]
    else:
        spot[key] = data.draw(st.sampled_from(ODD) if how == "other" else json_values())
    refused = isinstance(from_json(json.dumps(plain)), Failure)
    if not VALIDATOR.is_valid(plain):
        assert refused
    elif refused:
        # What no schema can say: the text of an object, a whole number spelt with a point, a number out of bounds.
        assert isinstance(spot, list) or key not in spot or isinstance(spot[key], str | float | int)


KINDS = ["text", "usage", "completion", "assistant_message", "url", "x", 1]
ODD: list[PlainJson] = [
    None,
    True,
    0,
    1.5,
    "",
    "{}",
    "text",
    [],
    {},
    {"kind": "text", "text": ""},
    [{"kind": "url"}],
]


def _places(plain: Any) -> Iterator[tuple[Any, Any]]:
    """Every key of every object and every place of every array, with what it stands in."""
    for key, inner in list(plain.items()) if isinstance(plain, dict) else list(enumerate(plain)):
        yield plain, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


@given(completions())
def test_completions_have_it_as_methods(completion: Completion) -> None:
    assert Completion.from_json(completion.to_json()) == Success(completion)


@dataclass(frozen=True, slots=True)
class Line:
    """A value of a format of somebody else's, with one of ours inside."""

    body: bytes
    value: Response | LlmError | None = None


@given(st.binary() | st.text().map(str.encode) | st.binary().map(b"base64:".__add__), st.none() | errors())
def test_lines_of_a_larger_format_hold_bytes_and_values(body: bytes, value: LlmError | None) -> None:
    line = Line(body, value)
    plain = json.loads(json.dumps(tagged(line)))
    assert read_tagged((Line,), plain) == line
    if body.isascii() and not body.startswith(b"base64:"):
        assert plain["body"] == body.decode()


@given(hostile_json() | hostile_json().map(lambda value: {"kind": "line", "body": value, "value": value}))
def test_a_line_is_read_or_refused(data: PlainJson) -> None:
    with suppress(JsonError):
        assert isinstance(read_tagged((Line,), data), Line)
