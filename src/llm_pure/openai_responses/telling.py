"""What a stream tells of an answer while it comes, and what it takes back.

Law: pieces are told as they come, and a part when its item is done. Should the answer at the end be another one than
what was told, `Restarted` takes that back, and it is told again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from llm_pure.events import (
    PartDone,
    ReasoningDelta,
    RefusalDelta,
    Restarted,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    events_of,
)
from llm_pure.json import EMPTY
from llm_pure.messages import AssistantMessage
from llm_pure.openai_responses.calls import CALLS, id_of
from llm_pure.openai_responses.fold import Key, OpenItem, assembled, kind_of, texts_of
from llm_pure.openai_responses.reasoning import reasoning_text
from llm_pure.parts import BrokenToolCall, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from llm_pure.reading import PlainObject
from llm_pure.response import Response

__all__ = ["Told", "begun", "delta_of", "more_of", "shown_by", "told_by", "untold"]

Told: TypeAlias = "tuple[Told, int, Part] | None"
"""The parts that were told, and their places, the latest first."""


def delta_of(item: OpenItem, key: Key, text: str, place: int) -> StreamEvent | None:
    """The event of a piece, None if the part is one that comes whole."""
    kind = key[0]
    if kind == "output_text":
        return TextDelta(place, text)
    if kind == "arguments":
        return ToolCallDelta(place, text) if kind_of(item.start) == "function_call" else None
    if kind == "refusal":
        return RefusalDelta(place, text)
    if kind in ("summary_text", "reasoning_text"):
        return ReasoningDelta(place, text if item.last in (None, key) else f"\n\n{text}")
    return None


def told_by(item: OpenItem, index: int) -> str:
    """What was told of the part with this number."""
    kind = kind_of(item.start)
    if kind == "reasoning":
        return reasoning_text(assembled(item._replace(start={}), wholes=False))
    texts = texts_of(item, wholes=False)
    if kind == "message":
        return texts.get(("output_text", index)) or texts.get(("refusal", index)) or ""
    return texts.get(("arguments", 0), "")


def shown_by(part: Part) -> str | None:
    """All that there is to tell of a part, None if it comes whole."""
    match part:
        case Text(text) | Reasoning(text) | Refusal(text) | BrokenToolCall(text=text):
            return text
        case ToolCall(arguments=arguments):
            return arguments.text if arguments or arguments.spelling is not None else ""
        case _:
            return None


def more_of(place: int, part: Part, text: str) -> list[StreamEvent]:
    """The event that tells `text` of the part."""
    match part:
        case Text():
            return [TextDelta(place, text)]
        case Reasoning():
            return [ReasoningDelta(place, text)]
        case Refusal():
            return [RefusalDelta(place, text)]
        case ToolCall() | BrokenToolCall():
            return [ToolCallDelta(place, text)]
        case _:
            return []


def _retold(parts: tuple[Part, ...], start: int) -> list[StreamEvent]:
    """Everything about the parts from `start` on."""
    events = events_of(Response(AssistantMessage(parts)))[1:-1]
    found: list[StreamEvent] = []
    place = 0
    for event in events:
        if place >= start:
            found.append(event)
        if isinstance(event, PartDone):
            place += 1
    return found


def begun(item: PlainObject, place: int) -> list[StreamEvent]:
    """What the start of an item says."""
    id_, name = id_of(item), item.get("name")
    if kind_of(item) in CALLS and isinstance(id_, str) and isinstance(name, str) and name:
        return [ToolCallStarted(place, id_, name)]
    return []


# ---------------------------------------------------------------- the end


def untold(told: Told, placed: int, parts: tuple[Part, ...]) -> list[StreamEvent]:
    """Whatever of the answer was not told yet; and again what was told otherwise. `placed` parts were begun."""
    so_far: dict[int, Part] = {}
    while told is not None:
        told, place, part = told
        so_far[place] = part
    for place, part in enumerate(parts):
        if place in so_far and _same(so_far[place], part):
            continue
        again: list[StreamEvent] = [Restarted(place)] if place < placed else []
        return again + _retold(parts, place)
    return [Restarted(len(parts))] if placed > len(parts) else []


def _same(a: Part, b: Part) -> bool:
    """Whether two parts say the same. What is sealed is sealed anew each time it is sent."""
    if isinstance(a, Opaque):
        return isinstance(b, Opaque) and a.raw.get("type") == b.raw.get("type")
    if isinstance(a, Reasoning):
        return isinstance(b, Reasoning) and a.text == b.text
    return type(a) is type(b) and replace(a, extras=EMPTY) == replace(b, extras=EMPTY)
