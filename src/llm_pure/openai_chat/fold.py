"""One choice of a stream, put together from its deltas.

Law: an `Answer` never changes, so that folding twice from one state gives the same; a delta costs what it is long.
`body_of` gives the choice as a whole body would have held it, and whoever reads bodies reads it: the end of a stream is
what the whole body would have given, by construction.

Texts grow as ropes: tuples of pieces, each longer than the next, so that there are few of them and every character is
copied a logarithmic number of times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
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
from llm_pure.json import JsonError, PlainJson, dump_json
from llm_pure.openai_chat.calls import given_id
from llm_pure.openai_chat.reasoning import DETAILS, details_text
from llm_pure.parts import BrokenToolCall, Part, Reasoning, ToolCall
from llm_pure.reading import PlainObject, as_object, integer_or_none, within, wrong

__all__ = [
    "NOTHING",
    "Answer",
    "as_told",
    "body_of",
    "fold_choice",
    "merged",
    "retold",
    "same_message",
]

Rope: TypeAlias = tuple[str, ...]
Items: TypeAlias = tuple[tuple[PlainJson, ...], ...]
"""The same of JSON values."""
Places: TypeAlias = tuple[Mapping[int | str, int], ...]
"""And of places, by the key."""


def _keep(rope: Sequence[Sized], size: int) -> int:
    """How many pieces of a rope stay as they are when one of this size comes: the longer ones."""
    keep = len(rope)
    while keep and len(rope[keep - 1]) <= size:
        keep -= 1
        size += len(rope[keep])
    return keep


def push(rope: Rope, piece: str) -> Rope:
    """The rope with a piece at its end."""
    keep = _keep(rope, len(piece))
    return (*rope[:keep], "".join((*rope[keep:], piece)))


def push_items(rope: Items, piece: tuple[PlainJson, ...]) -> Items:
    """The same with values."""
    keep = _keep(rope, len(piece))
    return (*rope[:keep], tuple(chain(*rope[keep:], piece)))


def push_place(places: Places, key: int | str, place: int) -> Places:
    """The same of the places of keys."""
    keep = _keep(places, 1)
    found: dict[int | str, int] = {}
    for some in places[keep:]:
        found.update(some)
    found[key] = place
    return (*places[:keep], found)


def place_of(places: Places, key: int | str) -> int | None:
    """Where the key has its place, as was said last."""
    for some in reversed(places):
        if key in some:
            return some[key]
    return None


class Segment(NamedTuple):
    """A piece of the content: text, thinking, or a content part as it came."""

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


class Spoken(NamedTuple):
    """An object whose strings grow."""

    texts: Mapping[str, Rope] = {}
    rest: Mapping[str, PlainJson] = {}


class Listed(NamedTuple):
    """An array that grows."""

    items: Items = ()


class Answer(NamedTuple):
    """What has come of a choice. `order` are the kinds of its parts as they appeared. Nothing in it is ever changed."""

    order: tuple[str, ...] = ()
    content: tuple[Segment, ...] = ()
    words: Mapping[str, Rope] = {}
    """`reasoning_content`, `reasoning` and `refusal`."""
    details: Items = ()
    calls: tuple[Call, ...] = ()
    message: Mapping[str, PlainJson | Spoken | Listed] = {}
    """What is neither, such as audio and the old form of a call."""
    logs: Mapping[str, Items] = {}
    rest: Mapping[str, PlainJson] = {}
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
    calls = tuple([call._replace(told=_id_of(call, name, at)) for at, call in enumerate(answer.calls)])
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
            told.extend([ToolCallDelta(call.place, piece) for piece in call.arguments])
    events += sorted(told, key=_place)
    return answer._replace(calls=calls, name=name)


def _place(event: StreamEvent) -> int:
    return -1 if isinstance(event, Started | Done) else event.index


def _id_of(call: Call, name: str, at: int) -> str | None:
    return (call.id or given_id(name, at)) if call.name else None


# ---------------------------------------------------------------- a delta


def same_message(a: Answer, b: Answer) -> bool:
    """Whether nothing was added to the message between the two."""
    return a[:6] == b[:6]


def fold_choice(answer: Answer, choice: PlainObject, events: list[StreamEvent]) -> Answer:
    """The answer with one more choice of a chunk. Raises `JsonError`."""
    delta = choice.get("delta")
    if delta is None and not answer.order:
        delta = choice.get("message")  # some say all at once
    if isinstance(delta, dict):
        text = delta.get("content")
        alone = len(delta) == 1 and isinstance(text, str) and text
        if alone:  # by far the most deltas
            answer = _text(answer, str(text), events)
        for key, value in () if alone else delta.items():
            if key == "role" or value is None:
                continue
            fold = _FOLDS.get(key)
            answer = fold(answer, key, value, events) if fold is not None else _other(answer, key, value)
    elif delta is not None:
        raise wrong(delta, "an object", ".delta")
    for key, value in choice.items():
        if value is None or key in _READ:
            continue
        if key == "finish_reason":
            if not isinstance(value, str):
                raise wrong(value, "a string", ".finish_reason")
            if value:
                answer = answer._replace(finish=value)
        elif key == "logprobs" and isinstance(value, dict):
            answer = answer._replace(logs=_logged(answer.logs, value))
        else:
            answer = answer._replace(rest={**answer.rest, key: merged(answer.rest.get(key), value)})
    return answer


_READ: Final = frozenset({"index", "delta", "message", "text", "obfuscation"})
"""Read elsewhere, or said twice."""


def _content(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if isinstance(value, str):
        return _text(answer, value, events) if value else answer
    if isinstance(value, dict):
        return _text(answer, dump_json(value).decode(), events)
    if not isinstance(value, list):
        raise wrong(value, "a string or an array", ".delta.content")
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise wrong(item, "an object", f".delta.content[{index}]")
        answer = _block(answer, item, events, more=index == 0)
    return answer


def _text(answer: Answer, text: str, events: list[StreamEvent]) -> Answer:
    order, content, words, details, calls, message, logs, rest, finish, heard, at, name = answer
    if content and content[-1].kind == "text":
        place, _, rope, fields = content[-1]
        content = (*content[:-1], Segment(place, "text", push(rope, text), fields))
    else:
        place = len(order)
        order = (*order, "content")
        content = (*content, Segment(place, "text", (text,), {}))
    events.append(TextDelta(place, text))
    return Answer(order, content, words, details, calls, message, logs, rest, finish, heard, at, name)


def _block(answer: Answer, block: PlainObject, events: list[StreamEvent], *, more: bool) -> Answer:
    """One part of a content list: a new one, or, for the first of a list, more of a last one of its kind."""
    kind = block.get("type")
    text = block.get("text")
    rest = {key: value for key, value in block.items() if key not in ("text", "thinking")}
    if kind == "text" and isinstance(text, str):
        if more and len(rest) == 1:
            return _text(answer, text, events) if text else answer
    elif kind == "thinking" and isinstance(chunks := block.get("thinking"), list):
        text = details_text(chunks)
    else:
        kind, text, rest = "other", "", block
    last = answer.content[-1] if answer.content else None
    if more and last is not None and last.kind == kind == "thinking":
        place = last.place
        segment = Segment(place, last.kind, push(last.rope, text), {**last.rest, **rest})
        answer = answer._replace(content=(*answer.content[:-1], segment))
    else:
        place = len(answer.order)
        segment = Segment(place, str(kind), (text,), rest)
        answer = answer._replace(order=(*answer.order, "content"), content=(*answer.content, segment))
    if text and kind != "other":
        events.append(TextDelta(place, text) if kind == "text" else ReasoningDelta(place, text))
    return answer


def _placed(answer: Answer, kind: str) -> tuple[Answer, int]:
    """The place of the only part of its kind, taken if there was none."""
    if kind in answer.order:
        return answer, answer.order.index(kind)
    return answer._replace(order=(*answer.order, kind)), len(answer.order)


def _words(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if not isinstance(value, str):
        raise wrong(value, "a string", f".delta.{key}")
    if not value:
        return answer
    answer, place = _placed(answer, "refusal" if key == "refusal" else "reasoning")
    if key == "refusal":
        events.append(RefusalDelta(place, value))
    else:
        answer = _heard(answer, key, place, value, events)
    return answer._replace(words={**answer.words, key: push(answer.words.get(key, ()), value)})


def _heard(answer: Answer, key: str, place: int, text: str, events: list[StreamEvent]) -> Answer:
    where, rope = answer.heard
    if not text or (where and where != key):
        return answer
    events.append(ReasoningDelta(place, text))
    return answer._replace(heard=(key, push(rope, text)))


def _details(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if not isinstance(value, list):
        return _other(answer, key, value)
    if not value:
        return answer
    answer, place = _placed(answer, "reasoning")
    answer = _heard(answer, key, place, details_text(value), events)
    return answer._replace(details=push_items(answer.details, tuple(value)))


def _other(answer: Answer, key: str, value: PlainJson) -> Answer:
    there = answer.message.get(key)
    new: PlainJson | Listed
    if isinstance(value, list):
        new = Listed(push_items(there.items if isinstance(there, Listed) else (), tuple(value)))
    else:
        new = value if isinstance(there, Spoken | Listed) else merged(there, value)
    return answer._replace(message={**answer.message, key: new})


def _spoken(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    """Audio, and the old form of a call: objects whose strings grow."""
    if not isinstance(value, dict) or not any(value.values()):
        return answer
    there = answer.message.get(key)
    texts, rest = there if isinstance(there, Spoken) else Spoken()
    for name, item in value.items():
        if isinstance(item, str) and name not in _NAMES:
            texts = {**texts, name: push(texts.get(name, ()), item)}
        elif item is not None and not (name in _NAMES and rest.get(name)):
            rest = {**rest, name: item}
    answer, _ = _placed(answer, key)
    return answer._replace(message={**answer.message, key: Spoken(texts, rest)})


_NAMES: Final = frozenset({"id", "name"})
"""What does not grow."""


# ---------------------------------------------------------------- calls


def _calls(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if not isinstance(value, list):
        raise wrong(value, "an array", ".delta.tool_calls")
    for at, item in enumerate(value):
        try:
            answer = _call(answer, as_object(item), events)
        except JsonError as error:
            raise within(error, f".delta.tool_calls[{at}]") from None
    return answer


def index_of(piece: PlainObject) -> int | None:
    """The `index` of a choice or a call; `0.0` is one, and null is none."""
    index = piece.get("index")
    if type(index) is int and index >= 0:
        return index
    if index is None:
        return None
    place = integer_or_none(piece, "index")
    if place is None or place < 0:
        raise JsonError("no place in an array", ".index")
    return place


def _call(answer: Answer, piece: PlainObject, events: list[StreamEvent]) -> Answer:
    index, id_, function = index_of(piece), piece.get("id"), piece.get("function")
    if not isinstance(id_, str | None):
        raise wrong(id_, "a string", ".id")
    if not isinstance(function, dict | None):
        raise wrong(function, "an object", ".function")
    function = function or {}
    name, text = function.get("name"), function.get("arguments")
    if isinstance(text, dict):
        text = dump_json(text).decode()
    if not isinstance(text, str | None):
        raise wrong(text, "a string", ".function.arguments")
    name = name if isinstance(name, str) else ""
    at = _which(answer, index, id_ or "", name)
    order, known = answer.order, answer.at
    if at is None:
        at = len(answer.calls)
        call = Call(len(answer.order), index, id_ or "", name, (), {}, {}, None)
        if index is not None:
            known = push_place(known, index, at)
        order += ("call",)
    else:
        call = answer.calls[at]
    rope = push(call.arguments, text) if text else call.arguments
    rest, more = call.rest, call.function
    for field, item in piece.items():
        if field not in _CALL and item is not None:
            rest = {**rest, field: merged(rest.get(field), item)}
    for field, item in function.items():
        if field not in _FUNCTION and item is not None:
            more = {**more, field: merged(more.get(field), item)}
    name = call.name or name
    new = Call(call.place, call.number, call.id or id_ or "", name, rope, rest, more, call.told)
    if id_ and place_of(known, id_) is None:
        known = push_place(known, id_, at)
    if name and call.told is None:
        new = new._replace(told=_id_of(new, answer.name, at))
        events.append(ToolCallStarted(new.place, new.told or "", name))
        text = "".join(rope)
    if name and text:
        events.append(ToolCallDelta(new.place, text))
    calls = answer.calls[:at] + (new,) + answer.calls[at + 1 :]  # noqa: RUF005 - several times as fast
    return answer._replace(order=order, calls=calls, at=known)


_CALL: Final = frozenset({"index", "id", "function"})
_FUNCTION: Final = frozenset({"name", "arguments"})


def _which(answer: Answer, index: int | None, id_: str, name: str) -> int | None:
    """Which call a piece belongs to, None if it begins one.

    By index, unless another id says that this is another call; without an index by id; with neither it goes on with the
    last call, unless it brings a name once more.
    """
    calls = answer.calls
    if index is not None:
        at = place_of(answer.at, index)
        return None if at is None or (id_ and calls[at].id and id_ != calls[at].id) else at
    if id_:
        return place_of(answer.at, id_)
    return len(calls) - 1 if calls and not (name and calls[-1].name) else None


_FOLDS: Final = {
    "content": _content,
    "tool_calls": _calls,
    "refusal": _words,
    "reasoning": _words,
    "reasoning_content": _words,
    DETAILS: _details,
    "audio": _spoken,
    "function_call": _spoken,
}


# ---------------------------------------------------------------- whatever else


def merged(there: PlainJson, value: PlainJson) -> PlainJson:
    """Of what is said twice the last counts, of objects key by key."""
    if isinstance(there, dict) and isinstance(value, dict):
        return {**there, **{key: item for key, item in value.items() if item is not None or key not in there}}
    return value


def _logged(logs: Mapping[str, Items], value: PlainObject) -> Mapping[str, Items]:
    more = {
        key: push_items(logs.get(key, ()), tuple(items))
        for key, items in value.items()
        if isinstance(items, list)
    }
    return {**logs, **more}


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
    choice: PlainObject = {"index": index, "message": message, "finish_reason": answer.finish, **answer.rest}
    if answer.logs:
        choice["logprobs"] = {
            key: [item for items in rope for item in items] for key, rope in answer.logs.items()
        }
    return choice


def _unfolded(value: PlainJson | Spoken | Listed) -> PlainJson:
    if isinstance(value, Spoken):
        return {**value.rest, **{name: "".join(rope) for name, rope in value.texts.items()}}
    return list(chain(*value.items)) if isinstance(value, Listed) else value


def _block_of(segment: Segment) -> PlainJson:
    text = "".join(segment.rope)
    if segment.kind == "text":
        return {"type": "text", **segment.rest, "text": text}
    if segment.kind == "thinking":
        return {**segment.rest, "thinking": [{"type": "text", "text": text}]}
    return segment.rest


def _call_of(call: Call) -> PlainJson:
    made: PlainObject = {"type": "function", **call.rest}
    if call.name or call.function or call.arguments:
        made["function"] = {**call.function, "name": call.name, "arguments": "".join(call.arguments)}
    if call.id:
        made["id"] = call.id
    return made


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
