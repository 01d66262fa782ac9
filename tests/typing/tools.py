"""A tool knows its arguments: `parse_tool_call` gives the model's instance, or a function's keyword arguments."""

# mypy: allow-any-explicit
# (a pydantic model counts as one, without its plugin)

from __future__ import annotations

from typing import assert_type

from pydantic import BaseModel
from returns.result import Failure, Success

from llm_pure import (
    AnyOutput,
    AnyTool,
    BadOutput,
    BadToolInput,
    Completion,
    JsonObject,
    Outcome,
    Output,
    Response,
    Tool,
    ToolCall,
    ToolChoice,
    parse_output,
    parse_tool_call,
)


class Weather(BaseModel):
    """The weather at a place."""

    city: str
    days: int = 1


def rain(city: str, hours: int = 24) -> float:
    """How much rain fell."""
    return len(city) * hours / 10


def a_tool_of_a_model_gives_instances(call: ToolCall) -> str:
    tool = Tool.of(Weather)
    assert_type(tool, Tool[Weather])
    parsed = parse_tool_call(call, tool)
    assert_type(parsed, Outcome[Weather])
    match parsed:
        case Success(weather):
            assert_type(weather, Weather)
            return weather.city
        case Failure(BadToolInput(text=text)):
            return text
        case Failure(error):
            return error.message


def a_tool_of_a_function_gives_its_keyword_arguments(call: ToolCall) -> None:
    tool = Tool.of(rain, strict=True)
    assert_type(tool, Tool[dict[str, object]])
    assert_type(parse_tool_call(call, tool), Outcome[dict[str, object]])


def a_tool_of_plain_text_gives_text(call: ToolCall) -> None:
    tool = Tool.text("shell", regex="[a-z]+")
    assert_type(tool, Tool[str])
    assert_type(parse_tool_call(call, tool), Outcome[str])


def a_completion_takes_tools_of_every_kind(schema: JsonObject) -> Completion:
    tools: list[AnyTool] = [Tool.of(Weather), Tool.of(rain), Tool("by_hand", parameters=schema)]
    return Completion([], tools=tools, tool_choice=ToolChoice.named("Weather", parallel=False))


def a_completion_takes_tools_of_one_kind() -> Completion:
    return Completion([], tools=[Tool.of(Weather)], output=Output.of(Weather))


def an_answer_is_read_as_a_type(response: Response) -> str:
    parsed = parse_output(response, Weather)
    assert_type(parsed, Outcome[Weather])
    match parsed:
        case Success(weather):
            return weather.city
        case Failure(BadOutput(reason=reason)):
            return reason
        case Failure(error):
            return error.message


def an_answer_is_read_as_the_type_of_an_output(response: Response) -> None:
    output = Output.of(Weather, strict=True)
    assert_type(output, Output[Weather])
    assert_type(parse_output(response, output), Outcome[Weather])
    assert_type(parse_output(response, list[int]), Outcome[list[int]])
    assert_type(parse_output(response, Output.of(list[Weather])), Outcome[list[Weather]])
    assert_type(parse_output(response, int | str), Outcome[object])


def a_completion_takes_outputs_of_every_kind(by_hand: AnyOutput) -> list[Completion]:
    return [
        Completion([], output=output)
        for output in (by_hand, Output.of(Weather), Output.of(int | str), Weather, list[int], None)
    ]


# ---------------------------------------------------------------- refused


def a_tool_of_another_model_is_refused(call: ToolCall) -> Outcome[Weather]:
    class Other(BaseModel):
        name: str

    return parse_tool_call(call, Tool.of(Other))  # type: ignore[return-value]


def a_tool_of_a_name_is_refused() -> None:
    Tool.of("weather")  # type: ignore[call-overload]


def a_mode_of_ones_own_is_refused() -> None:
    ToolChoice("maybe")  # type: ignore[arg-type]


def parsing_what_is_no_call_is_refused(answer: str) -> None:
    parse_tool_call(answer, Tool.of(Weather))  # type: ignore[call-overload]


def an_answer_read_as_another_type_is_refused(response: Response) -> Outcome[Weather]:
    return parse_output(response, int)  # type: ignore[return-value]


def parsing_what_is_no_answer_is_refused(answer: str) -> None:
    parse_output(answer, Weather)  # type: ignore[call-overload]
