"""Tools made from models and functions, and calls read as their types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Literal

import pytest
from pydantic import BaseModel, Field, field_validator
from returns.result import Failure, Success

from llm_pure import (
    AnyTool,
    AssistantMessage,
    BadToolInput,
    BrokenToolCall,
    Completion,
    JsonObject,
    Misconfigured,
    Output,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Violation,
    WireFormat,
    codec_of,
    parse_tool_call,
    user,
)


class Trip(BaseModel):
    """Plan a trip."""

    to: str
    days: list[int] = Field(default_factory=list)
    leaving: date | None = None


def look_up(word: str, *, times: int = 1) -> str:
    """Look a word up."""
    return word * times


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall("1", name, JsonObject(arguments))  # type: ignore[arg-type]  # JSON, all of it


def test_a_model_gives_name_description_and_schema() -> None:
    tool = Tool.of(Trip)
    assert (tool.name, tool.description) == ("Trip", "Plan a trip.")
    assert tool.parameters["required"] == ("to",)
    assert "description" not in tool.parameters


def test_a_tool_may_be_called_and_described_otherwise_than_its_source() -> None:
    for source in (Trip, look_up):
        tool: AnyTool = Tool.of(source, name="other", description="Something else.")
        assert (tool.name, tool.description) == ("other", "Something else.")
        assert tool.parameters == Tool.of(source).parameters


def test_a_function_gives_name_description_and_schema() -> None:
    tool = Tool.of(look_up)
    assert (tool.name, tool.description) == ("look_up", "Look a word up.")
    assert tool.parameters["required"] == ("word",)


def awkward(_x: int, model_config: str, schema: list[int], copy: int = 1, model_dump_x: bool = False) -> None:
    """Has arguments that pydantic's models have other uses for."""


@pytest.mark.filterwarnings("error")
def test_an_argument_may_have_any_name() -> None:
    tool = Tool.of(awkward)
    properties = tool.parameters["properties"]
    assert isinstance(properties, JsonObject)
    assert list(properties) == ["_x", "model_config", "schema", "copy", "model_dump_x"]
    given = {"_x": 1, "model_config": "a", "schema": [2], "copy": 3}
    parsed = parse_tool_call(call("awkward", **given), tool)
    assert parsed == Success({**given, "model_dump_x": False})
    awkward(**parsed.unwrap())  # type: ignore[arg-type]  # the very arguments that it has


def positional(a: int, /, b: str = "x") -> None: ...
def several(*args: int) -> None: ...
def named(**options: int) -> None: ...


@pytest.mark.parametrize("function", [positional, several, named])
def test_what_cannot_be_called_by_its_arguments_names_is_no_tool(function: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="cannot be given by its name"):
        Tool.of(function)


def test_a_validator_that_raises_says_that_the_arguments_do_not_fit() -> None:
    outcome = parse_tool_call(call("Known", word="x"), Tool.of(Known))
    assert isinstance(outcome, Failure)
    assert isinstance(error := outcome.failure(), BadToolInput)
    assert error.violations == (Violation("$.arguments", "a validator raised KeyError: 'x'", "raised"),)


class Known(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def known(cls, word: str) -> str:
        return {"a": "b"}[word]


class Unresolved(BaseModel):
    other: NotThere  # type: ignore[name-defined]  # the point of it # noqa: F821


def test_a_type_that_cannot_be_checked_is_a_misconfiguration() -> None:
    tool: AnyTool = Tool("t", source=Unresolved)
    outcome = parse_tool_call(call("t"), tool)
    assert isinstance(outcome, Failure)
    assert isinstance(error := outcome.failure(), Misconfigured)
    assert "not fully defined" in error.message


def test_a_call_is_read_as_the_model() -> None:
    given = call("Trip", to="Lisbon", days=[1, 2], leaving="2026-12-01")
    assert parse_tool_call(given, Tool.of(Trip)) == Success(
        Trip(to="Lisbon", days=[1, 2], leaving=date(2026, 12, 1))
    )


def test_a_call_is_read_as_a_functions_keywords() -> None:
    assert parse_tool_call(call("look_up", word="x"), Tool.of(look_up)) == Success({"word": "x", "times": 1})


def test_plain_data_is_frozen_where_a_call_a_result_or_a_tool_is_made() -> None:
    assert ToolCall("1", "f", {"a": [1]}) == ToolCall("1", "f", JsonObject({"a": [1]}))
    assert Tool("f", parameters={"type": "object"}) == Tool("f", parameters=JsonObject({"type": "object"}))
    assert ToolResult("1", "sunny") == ToolResult("1", (Text("sunny"),)) == ToolResult("1", [Text("sunny")])
    assert ToolResult("1", "") == ToolResult("1")
    assert replace(ToolResult("1", "x"), is_error=True) == ToolResult("1", "x", is_error=True)
    assert hash(ToolCall("1", "f", {"a": 1})) == hash(ToolCall("1", "f", JsonObject({"a": 2})))
    assert repr(ToolCall("1", "f", {"a": 1})) == "ToolCall('1', 'f', arguments=JsonObject({'a': 1}))"


def test_a_tool_made_by_hand_gives_plain_json() -> None:
    assert parse_tool_call(call("t", a=[1]), Tool("t")) == Success({"a": [1]})


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({}, "$.arguments.to"),
        ({"to": 1}, "$.arguments.to"),
        ({"to": "x", "days": [1, "y"]}, "$.arguments.days[1]"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(arguments: dict[str, object], path: str) -> None:
    outcome = parse_tool_call(call("Trip", **arguments), Tool.of(Trip))
    assert isinstance(outcome, Failure)
    error = outcome.failure()
    assert isinstance(error, BadToolInput)
    assert (error.path, error.text) == (path, call("Trip", **arguments).arguments.text)
    assert error.message == "; ".join(f"{found.path}: {found.message}" for found in error.violations)


def test_a_broken_call_is_never_read() -> None:
    outcome = parse_tool_call(BrokenToolCall("1", "Trip", '{"to": "Lis'), Tool.of(Trip))
    assert isinstance(outcome, Failure)
    assert outcome.failure() == BadToolInput(
        message="the arguments are cut off or no JSON object", path="$.arguments", text='{"to": "Lis'
    )


def test_a_call_of_another_tool_is_refused() -> None:
    outcome = parse_tool_call(call("Other"), Tool.of(Trip))
    assert isinstance(outcome, Failure)
    assert outcome.failure().path == "$.name"


def test_a_completion_gives_text_and_calls_of_its_last_message() -> None:
    broken = BrokenToolCall("2", "f", "{")
    said = AssistantMessage((Text("Let me "), call("f", a=1), Text("look."), broken, call("g")))
    asked = Completion([user("Look.", "Now."), said])
    assert (asked.last_text, asked.last_tool_calls) == ("Let me look.", (call("f", a=1), call("g")))
    assert (
        asked.add_messages(user("Well?")).last_text,
        asked.add_messages(user("Well?")).last_tool_calls,
    ) == (
        "Well?",
        (),
    )
    assert (Completion([]).last_text, Completion([]).last_tool_calls) == ("", ())


def test_tools_compare_by_what_they_say() -> None:
    made = Tool.of(Trip)
    assert made == Tool(made.name, made.description, made.parameters)


def test_an_output_has_the_schema_of_its_type() -> None:
    output = Output.of(Trip)
    assert (output.name, output.source, output.schema["required"]) == (None, Trip, ("to",))
    assert output.schema["additionalProperties"] is False


# ---------------------------------------------------------------- a choice among some of the tools

OFFERED: list[AnyTool] = [Tool("a"), Tool("b"), Tool("c")]


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (
            "openai_chat",
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "a"}},
                        {"type": "function", "function": {"name": "c"}},
                    ],
                },
            },
        ),
        (
            "openai_responses",
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "c"}],
            },
        ),
    ],
)
def test_openai_is_told_which_tools_are_allowed(wire: WireFormat, said: dict[str, object]) -> None:
    asked = Completion([], tools=OFFERED, tool_choice=ToolChoice.among("a", "c", mode="required"))
    encoded = codec_of(wire).encode_request(asked, on_loss="refuse").unwrap()
    assert encoded.payload["tool_choice"] == said
    assert codec_of(wire).decode_request(encoded.payload).unwrap().tool_choice == asked.tool_choice


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_anthropic_is_offered_the_allowed_tools_alone_and_each_that_is_not_sent_is_a_loss(
    mode: Literal["auto", "required"],
) -> None:
    asked = Completion([], tools=OFFERED, tool_choice=ToolChoice.among("a", "c", mode=mode))
    encoded = codec_of("anthropic_messages").encode_request(asked).unwrap()
    back = codec_of("anthropic_messages").decode_request(encoded.payload).unwrap()
    assert [tool.name for tool in back.tools] == ["a", "c"]
    assert (back.tool_choice.mode if back.tool_choice is not None else "auto") == mode
    assert [loss.path for loss in encoded.losses] == ["$.tools[1]", "$.tool_choice.allowed"]


@pytest.mark.parametrize("wire", ["openai_chat", "openai_responses", "anthropic_messages"])
@pytest.mark.parametrize(
    "choice", [ToolChoice("required", "a", allowed=("a", "b")), ToolChoice("none", allowed=("a",))]
)
def test_one_tool_or_none_leave_no_choice_among_more(wire: WireFormat, choice: ToolChoice) -> None:
    encoded = codec_of(wire).encode_request(Completion([], tools=OFFERED, tool_choice=choice)).unwrap()
    assert [loss.path for loss in encoded.losses] == ["$.tool_choice.allowed"]
    assert len(codec_of(wire).decode_request(encoded.payload).unwrap().tools) == 3
