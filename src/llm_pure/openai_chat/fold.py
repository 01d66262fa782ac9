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
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.json import JsonError, PlainJson, dump_json
from llm_pure.openai_chat.reasoning import DETAILS, FIELDS, details_text
from llm_pure.reading import PlainObject, as_object, within, wrong

__all__ = ["NOTHING", "Answer", "body_of", "fold_choice", "in_order", "merged", "same_message"]

Rope: TypeAlias = tuple[str, ...]
Items: TypeAlias = tuple[tuple[PlainJson, ...], ...]
"""The same of JSON values."""


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
    started: bool


class Answer(NamedTuple):
    """What has come of a choice. `order` are the kinds of its parts as they appeared. Nothing in it is ever changed."""

    order: tuple[str, ...] = ()
    content: tuple[Segment, ...] = ()
    words: Mapping[str, Rope] = {}
    """`reasoning_content`, `reasoning` and `refusal`."""
    details: Items = ()
    calls: tuple[Call, ...] = ()
    message: Mapping[str, PlainJson] = {}
    """What is neither, such as audio and the old form of a call."""
    logs: Mapping[str, Items] = {}
    rest: Mapping[str, PlainJson] = {}
    finish: str | None = None


NOTHING: Final = Answer()

_RANKS: Final = {"reasoning": 0, "content": 1, "refusal": 2, "audio": 3, "function_call": 4, "call": 5}


def in_order(answer: Answer, parts: int) -> bool:
    """Whether the parts appeared in the order in which a message has them."""
    ranks = [_RANKS[kind] for kind in answer.order]
    return len(ranks) == parts and ranks == sorted(ranks)


# ---------------------------------------------------------------- a delta


def same_message(a: Answer, b: Answer) -> bool:
    """Whether nothing was added to the message between the two."""
    return a[:6] == b[:6]


def fold_choice(answer: Answer, choice: PlainObject, events: list[StreamEvent]) -> Answer:
    """The answer with one more choice of a chunk. Raises `JsonError`."""
    delta = choice.get("delta")
    if delta is None and answer is NOTHING:
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
    order, content, words, details, calls, message, logs, rest, finish = answer
    if content and content[-1].kind == "text":
        place, _, rope, fields = content[-1]
        content = (*content[:-1], Segment(place, "text", push(rope, text), fields))
    else:
        place = len(order)
        order = (*order, "content")
        content = (*content, Segment(place, "text", (text,), {}))
    events.append(TextDelta(place, text))
    return Answer(order, content, words, details, calls, message, logs, rest, finish)


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
    elif not any(name in answer.words for name in FIELDS if name != key):
        events.append(ReasoningDelta(place, value))  # of two fields the first one is told
    return answer._replace(words={**answer.words, key: push(answer.words.get(key, ()), value)})


def _details(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if not isinstance(value, list):
        return _other(answer, key, value)
    if not value:
        return answer
    answer, place = _placed(answer, "reasoning")
    text = details_text(value)
    if text and not any(name in answer.words for name in FIELDS):
        events.append(ReasoningDelta(place, text))
    return answer._replace(details=push_items(answer.details, tuple(value)))


def _other(answer: Answer, key: str, value: PlainJson) -> Answer:
    there = answer.message.get(key)
    if isinstance(there, list) and isinstance(value, list):
        value = there + value
    return answer._replace(message={**answer.message, key: merged(there, value)})


def _spoken(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    """Audio, and the old form of a call: objects whose strings grow."""
    if not isinstance(value, dict) or not any(value.values()):
        return answer
    there = answer.message.get(key)
    grown: PlainObject = {**there} if isinstance(there, dict) else {}
    for name, item in value.items():
        before = grown.get(name)
        if isinstance(before, str) and isinstance(item, str):
            grown[name] = before if name in ("id", "name") else before + item
        elif item is not None:
            grown[name] = item
    answer, _ = _placed(answer, key)
    return answer._replace(message={**answer.message, key: grown})


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


def _call(answer: Answer, piece: PlainObject, events: list[StreamEvent]) -> Answer:
    index, id_, function = piece.get("index"), piece.get("id"), piece.get("function")
    if not isinstance(index, int | None) or isinstance(index, bool) or (index is not None and index < 0):
        raise JsonError("no place in an array", ".index")
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
    at = _which(answer.calls, index, id_ or "", name)
    if at is None:
        call = Call(len(answer.order), index, id_ or "", name, (), {}, {}, False)
        answer = answer._replace(order=(*answer.order, "call"))
        at = len(answer.calls)
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
    new = Call(call.place, call.number, call.id or id_ or "", name, rope, rest, more, bool(name))
    if name and not call.started:
        events.append(ToolCallStarted(new.place, new.id, name))
        text = "".join(rope)
    if name and text:
        events.append(ToolCallDelta(new.place, text))
    return answer._replace(calls=(*answer.calls[:at], new, *answer.calls[at + 1 :]))


_CALL: Final = frozenset({"index", "id", "function"})
_FUNCTION: Final = frozenset({"name", "arguments"})


def _which(calls: tuple[Call, ...], index: int | None, id_: str, name: str) -> int | None:
    """Which call a piece belongs to, None if it begins one.

    By index, unless another id says that this is another call; without an index by id; with neither it goes on with the
    last call, unless it brings a name once more.
    """
    if index is not None:
        for at in range(len(calls) - 1, -1, -1):
            if calls[at].number == index:
                return None if id_ and calls[at].id and id_ != calls[at].id else at
        return None
    if id_:
        return next((at for at, call in enumerate(calls) if call.id == id_), None)
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
    message: PlainObject = dict(answer.message)
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
