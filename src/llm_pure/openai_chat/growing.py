"""What has come of one choice of a stream: the parts so far, as whoever reads bodies would read them.

Law: an `Answer` never changes, so that folding twice from one state gives the same. `body_of` gives the choice as a
whole body would have held it, and whoever reads bodies reads it: the end of a stream is what the whole body would have
given, by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from llm_pure.events import (
    Done,
    ReasoningDelta,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.json import PlainJson
from llm_pure.openai_chat.calls import given_id
from llm_pure.openai_chat.reasoning import DETAILS, PLACES, thinking_chunks
from llm_pure.openai_chat.ropes import Items, Places, Rope, push, push_items
from llm_pure.parts import BrokenToolCall, Part, Reasoning, ToolCall
from llm_pure.reading import PlainObject

__all__ = [
    "NOTHING",
    "Answer",
    "Call",
    "Listed",
    "Said",
    "Segment",
    "Spoken",
    "as_told",
    "body_of",
    "grown",
    "id_of",
    "merged",
    "more_said",
    "more_spoken",
    "retold",
    "same_message",
    "united",
]


class Segment(NamedTuple):
    """A piece of the content: text, thinking, or a content part as it came.

    Where the words of thinking would stand, its `rest` has their signature, or the whole list if that stays as it came.
    """

    place: int
    kind: str
    rope: Rope
    rest: PlainObject


class Call(NamedTuple):
    place: int
    number: int | None
    id: str
    name: str
    arguments: Rope
    rest: PlainObject
    function: PlainObject
    told: str | None
    """The id under which it was told of, None if it was not yet."""
    custom: bool = False
    """It is called with plain text, which is told as a whole."""


class Said(NamedTuple):
    """A text that goes on; or, if it began with one word twice, a name that is repeated, of which the last counts."""

    rope: Rope
    name: bool | None = None
    """None as long as one piece has come."""


class Spoken(NamedTuple):
    """An object whose strings grow."""

    texts: Mapping[str, Rope] = {}
    rest: Mapping[str, PlainJson] = {}


class Listed(NamedTuple):
    """An array that grows."""

    items: Items = ()


Growing: TypeAlias = "PlainJson | Said | Spoken | Listed"


class Answer(NamedTuple):
    """What has come of a choice. `order` are the kinds of its parts as they appeared. Nothing in it is ever changed."""

    order: tuple[str, ...] = ()
    content: tuple[Segment, ...] = ()
    words: Mapping[str, Rope] = {}
    """`reasoning_content`, `reasoning` and `refusal`."""
    details: Items = ()
    calls: tuple[Call, ...] = ()
    message: Mapping[str, Growing] = {}
    """What is neither, such as audio and the old form of a call."""
    logs: Mapping[str, Items] = {}
    rest: Mapping[str, Growing] = {}
    finish: str | None = None
    heard: tuple[str, Rope] = ("", ())
    """Where the reasoning that was told stood, and what it was: of two places the first one is told."""
    at: Places = ()
    """Which call has a number, the last of those; or an id, the first of those."""
    name: str = ""
    """The answer's id, after which calls without an id are named."""


NOTHING: Final = Answer()

_RANKS: Final = {"reasoning": 0, "content": 1, "refusal": 2, "audio": 3, "function_call": 4, "call": 5}


def as_told(answer: Answer, parts: Sequence[Part]) -> bool:
    """Whether the parts of the message are what the events have told, and stand where they have told it."""
    ranks = [_RANKS[kind] for kind in answer.order]
    if len(ranks) != len(parts) or ranks != sorted(ranks):
        return False
    for call in answer.calls:
        part = parts[call.place]
        if isinstance(part, ToolCall | BrokenToolCall) and part.id != call.told:
            return False
    if "reasoning" not in answer.order:
        return True
    thought = parts[answer.order.index("reasoning")]
    return not isinstance(thought, Reasoning) or thought.text == "".join(answer.heard[1])


def retold(answer: Answer, name: str, events: list[StreamEvent]) -> Answer:
    """The answer, called `name`, all of which has been told anew."""
    calls = tuple([call._replace(told=id_of(call, name, at)) for at, call in enumerate(answer.calls)])
    told: list[StreamEvent] = []
    for segment in answer.content:
        text = "".join(segment.rope)
        if text and segment.kind != "other":
            kind = TextDelta if segment.kind == "text" else ReasoningDelta
            told.append(kind(segment.place, text))
    if text := "".join(answer.heard[1]):
        told.append(ReasoningDelta(answer.order.index("reasoning"), text))
    if text := "".join(answer.words.get("refusal", ())):
        told.append(RefusalDelta(answer.order.index("refusal"), text))
    for call in calls:
        if call.name:
            told.append(ToolCallStarted(call.place, call.told or "", call.name))
            told.extend([ToolCallDelta(call.place, piece) for piece in call.arguments if not call.custom])
    events += sorted(told, key=_place)
    return answer._replace(calls=calls, name=name)


def _place(event: StreamEvent) -> int:
    return -1 if isinstance(event, Started | Done) else event.index


def id_of(call: Call, name: str, at: int) -> str | None:
    return (call.id or given_id(name, at)) if call.name else None


def same_message(a: Answer, b: Answer) -> bool:
    """Whether nothing was added to the message between the two."""
    return a[:6] == b[:6]


# ---------------------------------------------------------------- fields that are said piece by piece


def merged(there: PlainJson, value: PlainJson) -> PlainJson:
    """Of what is said twice the last counts, of objects key by key."""
    return united(there, value) if isinstance(there, dict) and isinstance(value, dict) else value


def united(there: PlainObject, value: PlainObject) -> PlainObject:
    """One object of two, of which the later one counts; its nulls say nothing."""
    return {**there, **{key: item for key, item in value.items() if item is not None or key not in there}}


def grown(there: Growing, value: PlainJson) -> Growing:
    """The same, but that an array goes on."""
    if isinstance(value, list):
        return Listed(push_items(there.items if isinstance(there, Listed) else (), tuple(value)))
    return value if isinstance(there, Said | Spoken | Listed) else merged(there, value)


def more_said(there: Growing, piece: str) -> Said:
    """The same of a text."""
    if not isinstance(there, Said) or there.rope == ("",):
        return Said((piece,))
    rope, name = there
    if not piece:
        return there
    if name is None:
        name = rope == (piece,) and piece == piece.strip()
    return Said((piece,) if name else push(rope, piece), name)


def more_spoken(there: Growing, value: PlainObject) -> Spoken:
    """The same of an object whose strings go on."""
    texts, rest = there if isinstance(there, Spoken) else Spoken()
    for name, item in value.items():
        if isinstance(item, str) and name not in _NAMES:
            texts = {**texts, name: push(texts.get(name, ()), item)}
        elif item is not None and not (name in _NAMES and rest.get(name)):
            rest = {**rest, name: item}
    return Spoken(texts, rest)


_NAMES: Final = frozenset({"id", "name"})
"""What does not grow."""


# ---------------------------------------------------------------- the end


def body_of(answer: Answer, index: int) -> PlainObject:
    """The choice as a whole body would have it."""
    message: PlainObject = {key: _unfolded(value) for key, value in answer.message.items()}
    message["role"] = "assistant"
    if answer.content:
        blocks = [_block_of(segment) for segment in answer.content]
        first = answer.content[0]
        whole = len(blocks) == 1 and first.kind == "text" and len(first.rest) < 2
        message["content"] = "".join(first.rope) if whole else blocks
    for key, rope in answer.words.items():
        message[key] = "".join(rope)
    if answer.details:
        message[DETAILS] = _joined([item for items in answer.details for item in items])
    if answer.calls:
        message["tool_calls"] = [_call_of(call) for call in answer.calls]
    choice: PlainObject = {"index": index, "message": message, "finish_reason": answer.finish}
    choice.update({key: _unfolded(value) for key, value in answer.rest.items()})
    if answer.logs:
        beside = choice.get("logprobs")
        logs: PlainObject = {key: list(chain(*rope)) for key, rope in answer.logs.items()}
        choice["logprobs"] = {**beside, **logs} if isinstance(beside, dict) else logs
    return choice


def _unfolded(value: Growing) -> PlainJson:
    if isinstance(value, Said):
        return "".join(value.rope)
    if isinstance(value, Spoken):
        return {**value.rest, **{name: "".join(rope) for name, rope in value.texts.items()}}
    return list(chain(*value.items)) if isinstance(value, Listed) else value


def _block_of(segment: Segment) -> PlainJson:
    text = "".join(segment.rope)
    if segment.kind == "text":
        return {"type": "text", **segment.rest, "text": text}
    if segment.kind in PLACES:
        field = PLACES[segment.kind]
        said = segment.rest.get(field)
        chunks = said if isinstance(said, list) else thinking_chunks(segment.kind, text, said)
        return {**segment.rest, field: chunks}
    return segment.rest


def _call_of(call: Call) -> PlainJson:
    if call.custom:
        called: PlainObject = {"type": "custom", **call.rest}
        called["custom"] = {**call.function, "name": call.name, "input": "".join(call.arguments)}
        return {"id": call.id, **called} if call.id else called
    made: PlainObject = {"type": "function", **call.rest}
    if call.name or call.function or call.arguments:
        made["function"] = {**call.function, "name": call.name, "arguments": "".join(call.arguments)}
    return {"id": call.id, **made} if call.id else made


def _joined(details: list[PlainJson]) -> list[PlainJson]:
    """Details of one type and index are pieces of one detail; sealed ones come whole."""
    found: list[PlainJson] = []
    texts: dict[int, list[str]] = {}
    last: tuple[PlainJson, PlainJson] | None = None
    for detail in details:
        if not isinstance(detail, dict) or detail.get("type") == "reasoning.encrypted":
            found.append(detail)
            last = None
            continue
        key = (detail.get("type"), detail.get("index"))
        there = found[-1] if key == last and key[1] is not None else None
        if isinstance(there, dict):
            there.update({name: item for name, item in detail.items() if item is not None})
        else:
            found.append({**detail})
            last = key
        text = detail.get("text", detail.get("summary"))
        texts.setdefault(len(found) - 1, []).append(text if isinstance(text, str) else "")
    for at, pieces in texts.items():
        whole = found[at]
        if isinstance(whole, dict) and len(pieces) > 1:
            name = "summary" if "summary" in whole else "text"
            whole[name] = "".join(pieces)
    return found
