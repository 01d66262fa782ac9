"""JSON that is still being written: the values that it has held so far.

Law: every value is a beginning of the next one and of the last, which is what the whole text says; how the text was cut
into pieces decides which beginnings are shown, and never what the last one is.

    shown                                              when
    -------------------------------------------------  -----------------------------------------------------------------
    an object, an array                                as far as it has come: its members so far
    a number, true, false, null                        when a comma or bracket follows: `12` may become `123`
    a string, in an array or under a key               when it is closed; with `growing`, as far as it has come
    a key                                              together with its value
    a root that is no object and no array              when its part is done

What is no JSON shows nothing more, and no last value: `parse_output` says why. A part that begins anew (`Restarted`)
begins with a value that is no longer the next of the one before.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from llm_pure.brief import Brief
from llm_pure.events import PartDone, Restarted, StreamEvent, TextDelta, ToolCallDelta
from llm_pure.json import Json, JsonError, JsonObject, PlainJson, check_json, parse_json, parse_json_prefix
from llm_pure.parts import Text, ToolCall

__all__ = ["PartialJson", "PartialState", "apartials", "partial_start", "partial_step", "partials"]


@dataclass(frozen=True, slots=True, repr=False)
class PartialJson(Brief):
    """What the JSON of part `index` (an answer's text, a tool call's arguments) says so far; `whole`: all of it."""

    index: int
    value: Json
    whole: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class PartialState(Brief):
    """The parts that are open: their texts so far, what was last shown of each, and which hold huge numbers."""

    growing: bool = False
    texts: Mapping[int, str] = field(default_factory=dict)
    shown: Mapping[int, PlainJson] = field(default_factory=dict)
    huge: frozenset[int] = frozenset()


def partial_start(*, growing: bool = False) -> PartialState:
    """Nothing has been said. `growing`: strings are shown as they grow; the last one may then be a beginning."""
    return PartialState(growing)


def partial_step(state: PartialState, event: StreamEvent) -> tuple[PartialState, tuple[PartialJson, ...]]:
    """One event more; what it adds to a value that is being written."""
    match event:
        case TextDelta(index, text) | ToolCallDelta(index, text):
            return _more(state, index, text)
        case PartDone(index, Text(text)):
            return _without(state, index), _last(index, text)
        case PartDone(index, ToolCall(arguments=arguments)):
            return _without(state, index), (PartialJson(index, arguments, whole=True),)
        case PartDone(index, _):
            return _without(state, index), ()
        case Restarted(index):
            for at in [at for at in state.texts if at >= index]:
                state = _without(state, at)
            return state, ()
        case _:
            return state, ()


def partials(events: Iterable[StreamEvent], *, growing: bool = False) -> Iterator[PartialJson]:
    """The values of a stream's JSON as they grow: `for partial in partials(stream(runner, completion))`.

    Where the provider wanted another form of the type, the values have that form: `from_strict` reads it.
    """
    state = partial_start(growing=growing)
    for event in events:
        state, found = partial_step(state, event)
        yield from found


async def apartials(
    events: AsyncIterable[StreamEvent], *, growing: bool = False
) -> AsyncIterator[PartialJson]:
    """`partials` of an asynchronous stream: `async for partial in apartials(astream(runner, completion))`."""
    state = partial_start(growing=growing)
    async for event in events:
        state, found = partial_step(state, event)
        for partial in found:
            yield partial


# ---------------------------------------------------------------- one part


def _more(state: PartialState, index: int, piece: str) -> tuple[PartialState, tuple[PartialJson, ...]]:
    text = state.texts.get(index, "") + piece
    state = replace(state, texts={**state.texts, index: text})
    if not state.growing and _CLOSING.search(piece) is None:
        return state, ()  # nothing has become whole
    if _HUGE.search(text, max(0, len(text) - len(piece) - _LONGEST)) is not None:
        state = replace(state, huge=state.huge | {index})
    try:
        value = _beginning(text, growing=state.growing)
        if index in state.huge:
            check_json(value)
    except JsonError:
        return state, ()
    if index in state.shown and state.shown[index] == value:
        return state, ()
    state = replace(state, shown={**state.shown, index: value})
    return state, (PartialJson(index, _frozen(value)),)


def _without(state: PartialState, index: int) -> PartialState:
    if index not in state.texts:
        return state
    texts = {at: text for at, text in state.texts.items() if at != index}
    shown = {at: value for at, value in state.shown.items() if at != index}
    return replace(state, texts=texts, shown=shown, huge=state.huge - {index})


def _last(index: int, text: str) -> tuple[PartialJson, ...]:
    try:
        return (PartialJson(index, _frozen(parse_json(text)), whole=True),)
    except JsonError:
        return ()


def _frozen(value: PlainJson) -> Json:
    """Parsed JSON, which nobody else holds."""
    return JsonObject.wrap({"": value})[""]


_OPENING: Final = re.compile(r"\s*[\[{]")
_CLOSING: Final = re.compile(r'[\[\]{},"]')
"""A value becomes whole with one of these at the latest."""
_HUGE: Final = re.compile(r"[eE]\+?\d{3}|\d{300}")
_LONGEST: Final = 310
"""A number of this form may be read as infinity."""
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)


def _beginning(text: str, *, growing: bool) -> PlainJson:
    """The value that a text has begun to say. Raises `JsonError` if there is none yet, or it cannot become one."""
    if _OPENING.match(text) is None:
        raise JsonError("no object and no array")
    in_string = growing and _ESCAPE.sub("", text).count('"') % 2 == 1
    return parse_json_prefix(text if in_string else _without_number(text), strings=in_string)


def _without_number(text: str) -> str:
    """The text without the number at its end, which may go on."""
    before = text.rstrip("0123456789.eE+-")
    number = text[len(before) :].lstrip(".eE+")
    return text[: len(text) - len(number)]
