"""What a stream says while it goes on, the same for every provider.

Law: `index` is the place of the part in the finished message's content; a part's deltas come in order, and
its `PartDone` holds the whole part. The last event of a run that succeeds is `Done`, and its response is the
one that the whole body would have given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from llm_pure.brief import Brief
from llm_pure.parts import BrokenToolCall, Part, Reasoning, Refusal, Text, ToolCall
from llm_pure.response import Response

__all__ = [
    "Done",
    "PartDone",
    "ReasoningDelta",
    "RefusalDelta",
    "Restarted",
    "Started",
    "StreamEvent",
    "TextDelta",
    "ToolCallDelta",
    "ToolCallStarted",
    "events_of",
]


@dataclass(frozen=True, slots=True, repr=False)
class Started(Brief):
    """The provider has begun to answer."""

    id: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TextDelta(Brief):
    """More of a text part."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class ReasoningDelta(Brief):
    """More of a reasoning part that may be shown."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class RefusalDelta(Brief):
    """More of a refusal."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class ToolCallStarted(Brief):
    """A tool call has begun; its arguments follow as text.

    `name` is what has come of it: a server may send it in pieces, and then the whole stands in `PartDone` alone.
    """

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class ToolCallDelta(Brief):
    """More of a tool call's arguments: a piece of JSON text, not to be run before its `PartDone`."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class PartDone(Brief):
    """A part is whole."""

    index: int
    part: Part


@dataclass(frozen=True, slots=True, repr=False)
class Restarted(Brief):
    """What was said of the parts from `index` on is void: they are asked for again, with a larger limit."""

    index: int


@dataclass(frozen=True, slots=True, repr=False)
class Done(Brief):
    """The answer is whole."""

    response: Response


StreamEvent: TypeAlias = (
    Started
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | ToolCallStarted
    | ToolCallDelta
    | PartDone
    | Restarted
    | Done
)


def events_of(response: Response) -> tuple[StreamEvent, ...]:
    """The events of an answer that is whole already: what a cache, or a server that does not stream, hands out."""
    events: list[StreamEvent] = [Started(response.id, response.model)]
    for index, part in enumerate(response.message.content):
        match part:
            case Text(text):
                events.append(TextDelta(index, text))
            case Reasoning(text) if text:
                events.append(ReasoningDelta(index, text))
            case Refusal(text):
                events.append(RefusalDelta(index, text))
            case ToolCall(id_, name, arguments):
                events += ToolCallStarted(index, id_, name), ToolCallDelta(index, arguments.text)
            case BrokenToolCall(id_, name, text):
                events += ToolCallStarted(index, id_, name), ToolCallDelta(index, text)
            case _:
                pass  # what has no deltas comes whole
        events.append(PartDone(index, part))
    return (*events, Done(response))
