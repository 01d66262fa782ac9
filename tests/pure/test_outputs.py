"""Answers that are JSON, read as their types: each row of the table."""

from __future__ import annotations

import sys
import typing
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_validator
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    BadOutput,
    BadToolInput,
    Completion,
    JsonObject,
    Misconfigured,
    Output,
    Part,
    Reasoning,
    Refusal,
    Response,
    StopReason,
    Text,
    Tool,
    ToolCall,
    Usage,
    Violation,
    parse_output,
    parse_tool_call,
)
from llm_pure.outputs import name_of
from llm_pure.serial import error_from_json, to_json
from llm_pure.strategies import responses


class City(BaseModel):
    """A city."""

    name: str
    people: int = Field(default=0, ge=0)

    @field_validator("name")
    @classmethod
    def capital(cls, name: str) -> str:
        if not name[:1].isupper():
            raise ValueError("begins small")
        return name


def answered(*said: str | Part, stop: StopReason = "end") -> Response:
    parts = tuple(Text(part) if isinstance(part, str) else part for part in said)
    return Response(AssistantMessage(parts), Usage(3, 2), stop)


def error_of(response: Response, output: object) -> BadOutput:
    outcome = parse_output(response, output)
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, BadOutput)
    return error


@pytest.mark.parametrize(
    ("text", "output", "value"),
    [
        ('{"name": "Lisbon"}', City, City(name="Lisbon")),
        (' {"name": "Lisbon", "people": 3}\n', Output.of(City), City(name="Lisbon", people=3)),
        ("[1, 2]", list[int], [1, 2]),
        ('{"_value": [1, 2]}', list[int], [1, 2]),
        ('"a"', Literal["a", "b"], "a"),
        ('{"_value": "b"}', Literal["a", "b"], "b"),
        ("3", int | str, 3),
        ('{"_value": [{"key": "a", "value": 1}]}', dict[str, int], {"a": 1}),
        ('{"a": 1}', dict[str, int], {"a": 1}),
        ("3", Annotated[int, Field(ge=3)], 3),
        ('{"any": [1]}', Output(JsonObject({"type": "object"})), {"any": [1]}),
    ],
)
def test_an_answer_is_read_as_its_type(text: str, output: Any, value: object) -> None:
    assert parse_output(answered(text), output) == Success(value)


def test_reasoning_and_words_before_the_last_text_are_no_part_of_the_document() -> None:
    said = answered(Reasoning("hm"), "I look it up.", '{"name": "Lisbon"}')
    assert parse_output(said, City) == Success(City(name="Lisbon"))
    assert parse_output(answered('{"name": ', '"Lisbon"}'), City) == Success(City(name="Lisbon"))


def test_every_violation_is_told_with_its_place() -> None:
    response = answered('[{"name": "lisbon", "people": -1}, {}]')
    error = error_of(response, list[City])
    assert error.violations == (
        Violation("$[0].name", "Value error, begins small", "value_error"),
        Violation("$[0].people", "Input should be greater than or equal to 0", "greater_than_equal"),
        Violation("$[1].name", "Field required", "missing"),
    )
    assert (error.path, error.reason, error.text) == ("$[0].name", "invalid", response.text)
    assert (error.partial, error.usage, error.retryable) == (response, Usage(3, 2), False)
    assert error_from_json(to_json(error)) == Success(error)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answered(Refusal("No.")), "refused"),
        (answered('{"name": "Lisbon"}', stop="refusal"), "refused"),
        (answered('{"name": "Lis', stop="max_tokens"), "cut"),
        (answered("", stop="max_tokens"), "cut"),
        (answered('{"name": "Lis', stop="context_window"), "cut"),
        (answered(), "empty"),
        (answered(" \n"), "empty"),
        (answered("Lisbon"), "no_json"),
        (answered('```json\n{"name": "Lisbon"}\n```'), "no_json"),
        (answered('{"name": "Lisbon"} {}'), "no_json"),
        (answered('{"name": NaN}'), "no_json"),
        (answered("[]"), "invalid"),
    ],
)
def test_an_answer_that_is_none_says_why(response: Response, reason: str) -> None:
    error = error_of(response, City)
    assert (error.reason, error.text, error.partial) == (reason, response.text, response)


def test_a_document_that_is_whole_is_read_though_the_limit_was_met_but_no_number() -> None:
    assert parse_output(answered("[12]", stop="max_tokens"), list[int]) == Success([12])
    assert error_of(answered("12", stop="max_tokens"), int).reason == "cut"


@given(responses(), st.sampled_from([City, list[int], int, Output(JsonObject({})), dict[str, object]]))
def test_any_answer_gives_an_outcome(response: Response, output: Any) -> None:
    outcome = parse_output(response, output)
    if isinstance(outcome, Failure):
        assert isinstance(outcome.failure(), BadOutput)


def test_an_output_of_a_type_holds_its_closed_schema_and_the_type() -> None:
    output = Output.of(City, strict=True)
    assert (output.source, output.strict, output.name) == (City, True, None)
    assert output.schema["additionalProperties"] is False
    assert output.schema["description"] == "A city."
    assert output == Output(output.schema, strict=True)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        (Output.of(City), "City"),
        (Output.of(City, name="town"), "town"),
        (Output.of(list[int]), "output"),
        (Output(JsonObject({"title": "A b/c"})), "A_b_c"),
    ],
)
def test_a_schema_is_called_by_its_name_or_else_its_title(output: Output[object], name: str) -> None:
    assert name_of(output) == name


def test_a_completion_takes_a_type_for_its_output() -> None:
    assert Completion([], output=City).output == Output.of(City)
    assert Completion([], output=list[int]).output == Output.of(list[int])
    assert Completion([]).replace(output=City).output == Output.of(City)
    assert Completion([], output=int | str).output == Output.of(int | str)


@pytest.mark.parametrize(
    "form",
    [
        Literal["a", "b"],
        Annotated[int, Field(ge=1)],
        Optional[int],  # noqa: UP045  # older programs write it so
        typing.Union[int, str],  # noqa: UP007  # likewise
        typing.List[int],  # noqa: UP006  # likewise
    ],
)
def test_a_completion_takes_every_form_of_type_that_an_output_does(form: Any) -> None:
    assert Completion([], output=form).output == Output.of(form)
    assert Completion([]).replace(output=form).output == Output.of(form)


class Old(typing.TypedDict):
    a: int


class Unresolved(BaseModel):
    other: NotThere  # type: ignore[name-defined]  # the point of it # noqa: F821


@pytest.mark.parametrize("form", [Unresolved, object(), *([Old] if sys.version_info < (3, 12) else [])])
def test_a_type_that_cannot_be_checked_is_a_misconfiguration_and_keeps_the_answer(form: object) -> None:
    answer = Response(AssistantMessage((Text('{"a":1}'),)), Usage(1, 2))
    outcome = parse_output(answer, form)
    assert isinstance(outcome, Failure)
    assert isinstance(error := outcome.failure(), Misconfigured)
    assert (error.partial, error.usage) == (answer, answer.usage)


def test_what_does_not_fit_a_tool_is_told_with_every_place() -> None:
    call = ToolCall("1", "City", JsonObject({"people": "x"}))
    outcome = parse_tool_call(call, Tool.of(City))
    assert isinstance(outcome, Failure)
    assert isinstance(error := outcome.failure(), BadToolInput)
    assert [(v.path, v.type) for v in error.violations] == [
        ("$.arguments.name", "missing"),
        ("$.arguments.people", "int_parsing"),
    ]


def test_a_null_for_what_may_be_left_out_is_read_as_nothing_said() -> None:
    call = ToolCall("1", "City", JsonObject({"name": "Lisbon", "people": None}))
    assert parse_tool_call(call, Tool.of(City, strict=True)) == Success(City(name="Lisbon"))


def test_arguments_that_are_no_json_are_a_failure() -> None:
    call = ToolCall("1", "City", JsonObject({"name": object()}))  # type: ignore[dict-item]  # nobody checks at run time
    assert isinstance(parse_tool_call(call, Tool.of(City)), Failure)
