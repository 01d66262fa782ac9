"""One conversation that two providers answer: what the second cannot be told is said before it is asked.

A picture, a tool and reasoning, begun with Anthropic and ended with OpenAI. Run by `demo.py`.
"""

from __future__ import annotations

from textwrap import indent

from pydantic import BaseModel
from returns.result import Failure, Success

from llm_effects import Runner, run
from llm_pure import (
    AssistantMessage,
    Base64,
    Completion,
    Image,
    JsonObject,
    LlmError,
    Outcome,
    Reasoning,
    Response,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    mapped,
    parse_tool_call,
    plan,
    user,
)


class Magnify(BaseModel):
    """Show a part of the picture larger."""

    part: str


MAGNIFY = Tool.of(Magnify)
DOT = Base64(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "image/png",
)
BEGUN = Completion(
    [user("Which gauge is in the red?", Image(DOT))],
    system="You read gauges.",
    tools=[MAGNIFY],
    reasoning=2048,
    max_tokens=4000,
)


def magnified(asked: Completion) -> Completion:
    """The conversation with the result of each call that its last message makes."""
    return asked.with_results(*map(result, asked.last_tool_calls))


def result(call: ToolCall) -> ToolResult:
    match parse_tool_call(call, MAGNIFY):
        case Success(wanted):
            return ToolResult(call.id, (Text(f"The {wanted.part}, magnified:"), Image(DOT)))
        case Failure(error):
            return ToolResult(call.id, (Text(error.message),), is_error=True)


def move(begin: Runner, end: Runner) -> Outcome[Completion]:
    """Ask the one, run its tool, say what the other would lose, and ask the other."""
    half_way = mapped(mapped(run(begin, BEGUN), BEGUN.with_response), magnified)
    match half_way:
        case Success(asked):
            for part in asked.messages[1].content:
                print(f"    {begin.target.provider} answers: {part!r}")
            print(indent(f"\n{plan(asked, [begin.target, end.target])}\n", "    "))
            return mapped(run(end, asked.replace(model=None)), asked.with_response)
        case Failure():
            return half_way


MOVED: tuple[Response | LlmError, ...] = (
    Response(
        AssistantMessage(
            (
                Reasoning("The left gauge is too small to read.", signature="c2lnbmVk"),
                ToolCall("toolu_2", MAGNIFY.name, JsonObject({"part": "left gauge"})),
            )
        ),
        Usage(900, 60),
        "tool_call",
    ),
    Response(
        AssistantMessage((Text("The left one: it points at 9.4, and red begins at 9."),)),
        Usage(980, 18),
        "end",
    ),
)
"""What the two answer where a scripted provider plays both."""
