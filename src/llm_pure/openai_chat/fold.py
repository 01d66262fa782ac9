"""One choice of a stream, put together from its deltas.

Law: a delta costs what it is long; what is folded is in `growing`, and its end is what the whole body would have given.
"""

from __future__ import annotations

from typing import Final

from llm_pure.events import (
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.json import JsonError, PlainJson, dump_json
from llm_pure.openai_chat.calls import listed_calls
from llm_pure.openai_chat.growing import (
    Answer,
    Call,
    Segment,
    grown,
    id_of,
    merged,
    more_said,
    more_spoken,
)
from llm_pure.openai_chat.reasoning import (
    DETAILS,
    PLACES,
    details_text,
    signed_chunk,
    thinking_chunks,
    words_of,
)
from llm_pure.openai_chat.ropes import Items, place_of, push, push_items, push_place
from llm_pure.reading import PlainObject, as_object, integer_or_none, within, wrong

__all__ = ["fold_choice", "index_of"]


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
    elif delta:  # an empty array is an empty object, to some
        raise wrong(delta, "an object", ".delta")
    for key, value in choice.items():
        if value is None or key in _READ:
            continue
        if key == "finish_reason":
            if isinstance(value, str) and value:
                answer = answer._replace(finish=value)
            elif value:
                raise wrong(value, "a string", ".finish_reason")
        elif key == "logprobs" and isinstance(value, dict):
            answer = _logged(answer, key, value)
        else:
            answer = _beside(answer, key, value)
    return answer


_READ: Final = frozenset({"index", "delta", "message", "text", "obfuscation"})
"""Read elsewhere, or said twice."""


def _content(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if isinstance(value, str):
        return _text(answer, value, events) if value else answer
    if not isinstance(value, list):  # the JSON itself: a word that is a number, an object in a JSON mode
        return _text(answer, dump_json(value).decode(), events)
    for index, item in enumerate(value):
        block: PlainJson = {"type": "text", "text": item} if isinstance(item, str) else item
        if not isinstance(block, dict):
            raise wrong(block, "an object", f".delta.content[{index}]")
        answer = _block(answer, block, events, more=index == 0)
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
    field = PLACES.get(kind, "text") if isinstance(kind, str) else "text"
    rest = {key: value for key, value in block.items() if key != field}
    last = answer.content[-1] if more and answer.content else None
    if last is not None and not (last.kind == kind in PLACES and not isinstance(last.rest.get(field), list)):
        last = None
    if kind == "text" and isinstance(text, str):
        if more and len(rest) == 1:
            return _text(answer, text, events) if text else answer
    elif isinstance(kind, str) and kind in PLACES and isinstance(chunks := block.get(field), list):
        text = details_text(chunks)
        if (signature := signed_chunk(kind, chunks)) is not None:
            rest[field] = signature or (last.rest.get(field, "") if last is not None else "")
        elif chunks != thinking_chunks(kind, text):  # it refers to something, and stands for itself
            last, rest[field] = None, chunks
    else:
        kind, text, rest, last = "other", "", block, None
    if last is not None:
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


def _refusal(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    if not value:
        return answer
    if not isinstance(value, str):
        raise wrong(value, "a string", f".delta.{key}")
    answer, place = _placed(answer, "refusal")
    events.append(RefusalDelta(place, value))
    return _worded(answer, key, value)


def _worded(answer: Answer, key: str, text: str) -> Answer:
    return answer._replace(words={**answer.words, key: push(answer.words.get(key, ()), text)})


def _reasoning(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    text = words_of(value)
    if text is None:
        return _other(answer, key, value) if value else answer
    answer, place = _placed(answer, "reasoning")
    answer = _heard(answer, key, place, text, events)
    if isinstance(value, dict):
        return answer._replace(message={**answer.message, key: more_spoken(answer.message.get(key), value)})
    return _other(answer, key, value) if isinstance(value, list) else _worded(answer, key, text)


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
    more = more_said(there, value) if isinstance(value, str) else grown(there, value)
    return answer._replace(message={**answer.message, key: more})


def _spoken(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    """Audio, and the old form of a call: objects whose strings grow."""
    if not isinstance(value, dict) or not any(value.values()):
        return answer
    spoken = more_spoken(answer.message.get(key), value)
    answer, _ = _placed(answer, key)
    return answer._replace(message={**answer.message, key: spoken})


# ---------------------------------------------------------------- calls


def _calls(answer: Answer, key: str, value: PlainJson, events: list[StreamEvent]) -> Answer:
    for at, item in enumerate(listed_calls(value, ".delta.tool_calls")):
        try:
            answer = _call(answer, as_object(item), events)
        except JsonError as error:
            raise within(error, f".delta.tool_calls[{at}]") from None
    return answer


def index_of(piece: PlainObject) -> int | None:
    """The `index` of a choice or a call; `0.0` and `"0"` are one, and null is none."""
    index = piece.get("index")
    if type(index) is int and index >= 0:
        return index
    if index is None:
        return None
    if isinstance(index, str) and index.isascii() and index.isdecimal() and len(index) < 10:
        return int(index)
    place = integer_or_none(piece, "index")
    if place is None or place < 0:
        raise JsonError("no place in an array", ".index")
    return place


def _call(answer: Answer, piece: PlainObject, events: list[StreamEvent]) -> Answer:
    index, came, function = index_of(piece), piece.get("id"), piece.get("function")
    id_ = str(came) if type(came) is int else came
    if not isinstance(id_, str | None):
        raise wrong(id_, "a string", ".id")
    if not isinstance(function, dict | None):
        raise wrong(function, "an object", ".function")
    custom = piece.get("custom") if function is None else None
    said = "input" if isinstance(custom, dict) else "arguments"
    function = custom if isinstance(custom, dict) else function or {}
    name, text = function.get("name"), function.get(said)
    if isinstance(text, dict):
        text = dump_json(text).decode()
    if not isinstance(text, str | None):
        raise wrong(text, "a string", ".function.arguments")
    name = name if isinstance(name, str) else ""
    at = _which(answer, index, id_ or "", name, text or "")
    order, known = answer.order, answer.at
    if at is None:
        at = len(answer.calls)
        call = Call(len(answer.order), index, id_ or "", name, (), {}, {}, None, said == "input")
        order += ("call",)
    else:
        call = answer.calls[at]
    if index is not None and (at == len(answer.calls) or place_of(known, index) is None):
        known = push_place(known, index, at)
    rope = push(call.arguments, text) if text else call.arguments
    rest, more = call.rest, call.function
    for field, item in piece.items():
        if field not in _CALL and item is not None and not (call.custom and field == "custom"):
            rest = {**rest, field: merged(rest.get(field), item)}
    if id_ != came and call.id in ("", id_):
        rest = {**rest, "id": came}  # a number, which goes back as one
    for field, item in function.items():
        if field not in _FUNCTION and item is not None:
            more = {**more, field: merged(more.get(field), item)}
    if name != call.name:  # said once more, or on from where it broke off
        name = call.name + name
    new = Call(call.place, call.number, call.id or id_ or "", name, rope, rest, more, call.told, call.custom)
    if id_ and id_ == new.id and place_of(known, id_) is None:
        known = push_place(known, id_, at)
    if name and call.told is None:
        new = new._replace(told=id_of(new, answer.name, at))
        events.append(ToolCallStarted(new.place, new.told or "", name))
        text = "".join(rope)
    if name and text and not new.custom:
        events.append(ToolCallDelta(new.place, text))
    calls = answer.calls[:at] + (new,) + answer.calls[at + 1 :]  # noqa: RUF005 - several times as fast
    return answer._replace(order=order, calls=calls, at=known)


_CALL: Final = frozenset({"index", "id", "function"})
_FUNCTION: Final = frozenset({"name", "arguments", "input"})


def _which(answer: Answer, index: int | None, id_: str, name: str, text: str) -> int | None:
    """Which call a piece belongs to, None if it begins one.

    By index, unless another id and a name say that this is another call; then, and without an index, by id; with
    neither it goes on with the last call, unless it brings a name once more. Arguments alone begin no call where the
    last one has none yet, which could be run without them.
    """
    calls = answer.calls
    if index is not None:
        at = place_of(answer.at, index)
        if at is None and text and not id_ and not name and calls and not calls[-1].arguments:
            return len(calls) - 1
        if at is None or not id_ or calls[at].id in ("", id_):
            return at
        if not name and place_of(answer.at, id_) is None:
            return at
    if id_:
        return place_of(answer.at, id_)
    return len(calls) - 1 if calls and not (name and calls[-1].name) else None


_FOLDS: Final = {
    "content": _content,
    "tool_calls": _calls,
    "refusal": _refusal,
    "reasoning": _reasoning,
    "reasoning_content": _reasoning,
    "reasoning_text": _reasoning,
    DETAILS: _details,
    "audio": _spoken,
    "function_call": _spoken,
}


# ---------------------------------------------------------------- whatever else


def _beside(answer: Answer, key: str, value: PlainJson) -> Answer:
    return answer._replace(rest={**answer.rest, key: grown(answer.rest.get(key), value)})


def _logged(answer: Answer, key: str, value: PlainObject) -> Answer:
    """The answer with more log probabilities; what else stands there is kept beside the choice's other fields."""
    more: dict[str, Items] = {}
    beside: PlainObject = {}
    for name, items in value.items():
        if isinstance(items, list):
            more[name] = push_items(answer.logs.get(name, ()), tuple(items))
        elif items is not None:
            beside[name] = items
    answer = answer._replace(logs={**answer.logs, **more})
    return _beside(answer, key, beside) if beside else answer
