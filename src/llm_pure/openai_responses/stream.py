"""A stream of events, as a fold over bytes.

Law: any chunking of the same bytes gives the same value. The terminal event carries the whole answer, and that is what
counts; where it leaves out what the answer is made of, that is what was accumulated. A stream that stops before
`response.completed` or `response.incomplete` is a Failure with the part read.

    event                                        when                    otherwise
    -------------------------------------------  ----------------------  --------------------------------
    response.created, .queued, .in_progress      any time
    response.output_item.added                   at the next free index  OutOfOrder (again at one that is
                                                                           done: another item, as seen)
    response.content_part.added, deltas          for an open item        OutOfOrder
    wholes                                       for an open item        skipped if it is done, or OutOfOrder
    response.output_item.done                    for an open item        skipped if it is said twice, or begun
    response.completed, .incomplete              last                    (the answer)
    error, response.failed, .cancelled           any time                (the error that it names)
    those that say nothing of their own          any time, skipped
    all others                                   any time, skipped and counted

What is out of order is not followed, and the end still comes: `OutOfOrder` carries the whole answer where that says it.
A stream that was resumed (`starting_after`) begins in the middle: nothing in it is out of order.
Servers that leave out an index are followed by the item's id, and into the first block.

Events tell of a part when its item is done. Should the answer at the end be another one than what was told, `Restarted`
takes that back, and it is told again; so it is when another answer begins in the same stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from returns.result import Failure, Success
from typing_extensions import override

from llm_pure.errors import Incomplete, LlmError, Malformed, OutOfOrder, snippet
from llm_pure.events import PartDone, Restarted, Started, StreamEvent
from llm_pure.json import JsonError, PlainJson, parse_json, thaw
from llm_pure.openai_responses.errors import carrying, error_of_event
from llm_pure.openai_responses.fold import ASIDE, DELTAS, WHOLES, Key, OpenItem, assembled, kind_of
from llm_pure.openai_responses.items import read_item
from llm_pure.openai_responses.response import decode_response, partial_of, read_answer
from llm_pure.openai_responses.telling import Told, begun, delta_of, more_of, shown_by, told_by, untold
from llm_pure.reading import PlainObject, as_object, malformed, object_at, object_or_none, wrong
from llm_pure.sse import SSE_START, SseState, sse_step
from llm_pure.wire import folded

if TYPE_CHECKING:
    from llm_pure.outcome import Outcome
    from llm_pure.response import Response

__all__ = [
    "State",
    "decode_stream",
    "stream_ended",
    "stream_result",
    "stream_skipped",
    "stream_start",
    "stream_step",
]

Items: TypeAlias = "tuple[Items, int, PlainObject] | None"


class Read(NamedTuple):
    """What the events said; it never changes. `next` is the next item's index, `placed` the next part's place."""

    head: PlainObject | None = None
    next: int = 0
    placed: int = 0
    opened: tuple[OpenItem, ...] = ()
    done: Items = None
    told: Told = None
    started: bool = False
    result: Outcome[Response] | None = None
    skipped: int = 0
    wrong: LlmError | None = None
    """What was out of order first. The end says all the same what the answer is."""


class State(NamedTuple):
    """What has been read, and bytes that do not make an event yet. Opaque."""

    sse: SseState = SSE_START
    read: Read = Read()

    @override
    def __repr__(self) -> str:
        return f"State(<{self.read.next} items begun>)"


class _WrongOrder(JsonError):
    """An event at a place where it has no meaning."""


_START: Final = State()


def stream_start() -> State:
    """Nothing read yet."""
    return _START


def stream_ended(state: State) -> bool:
    """Whether the terminal event or an error has come."""
    return state.read.result is not None


def stream_skipped(state: State) -> int:
    """How many events were of no kind that we know."""
    return state.read.skipped


def stream_step(state: State, chunk: bytes) -> tuple[State, tuple[StreamEvent, ...]]:
    """The state after some more bytes, and what they say."""
    if isinstance(state.read.result, Failure):
        return state, ()
    sse, found = sse_step(state.sse, chunk)
    events: list[StreamEvent] = []
    read = state.read
    for name, data in found:
        if read.result is None:
            read = _event(read, name, data, events)
        elif isinstance(read.result, Failure):
            break
        elif b'"response.created"' in data:
            read = _event(_again(read, events), name, data, events)
    return State(sse, read), tuple(events)


def _again(read: Read, events: list[StreamEvent]) -> Read:
    """Another answer begins in the same stream, as from servers that run tools themselves: the last one counts."""
    events.append(Restarted(0))
    return Read(started=True, skipped=read.skipped)


def stream_result(state: State) -> Outcome[Response]:
    """The answer, if its terminal event has come.

    A body that is no stream at all is read as a whole: servers answer so to those who asked for a stream.
    """
    read = state.read
    if read.result is not None:
        return read.result
    if read.head is None and not read.next:
        if state.sse == SSE_START:
            return Failure(Malformed(message="the stream is empty"))
        if (body := state.sse.rest.strip())[:1] in (b"{", b"["):
            return decode_response(body)
        if body.startswith(b"<"):
            return Failure(Malformed(message="a page, and no stream of events"))
    error = read.wrong or Incomplete(message="the stream ended before its end mark")
    return Failure(carrying(error, _partial(read)))


def decode_stream(chunks: Iterable[bytes]) -> Outcome[Response]:
    """The answer that a whole stream gives: where several come, the last."""
    return folded(chunks, _START, stream_step, lambda state: False, stream_result)


# ---------------------------------------------------------------- one event


def _event(read: Read, name: bytes, data: bytes, events: list[StreamEvent]) -> Read:
    try:
        event = as_object(parse_json(data))
        kind = event.get("type")
        if not isinstance(kind, str):
            kind = name.decode("utf-8", "replace")
        if kind in DELTAS:
            return _delta(read, event, kind, events)
        step = _STEPS.get(kind)
        if step is not None:
            return step(read, event, kind, events)
        if "error" in event and "response" not in kind:
            return _error(read, event, kind, events)
        return read if kind in ASIDE else read._replace(skipped=read.skipped + 1)
    except _WrongOrder as error:
        if read.head is None or read.wrong is not None:  # resumed in the middle: the end says all
            return read
        return read._replace(wrong=OutOfOrder(message=snippet(error.reason), path="$" + error.path))
    except JsonError as error:
        if data.strip() in (b"", b"[DONE]"):
            return read
        return _failed(read, malformed(error))


def _failed(read: Read, error: LlmError) -> Read:
    return read._replace(result=Failure(carrying(error, _partial(read))))


def _begin(read: Read, event: PlainObject, _: str, events: list[StreamEvent]) -> Read:
    head = object_at(event, "response")
    return _started(read._replace(head=head), events)


def _started(read: Read, events: list[StreamEvent]) -> Read:
    if read.started:
        return read
    head = read.head or {}
    id_, model = head.get("id"), head.get("model")
    events.append(Started(id_ if isinstance(id_, str) else None, model if isinstance(model, str) else None))
    return read._replace(started=True)


# ---------------------------------------------------------------- items


def _added(read: Read, event: PlainObject, _: str, events: list[StreamEvent]) -> Read:
    index, item = _at(read, event), object_or_none(event, "item") or {}  # some say what it is when it is done
    if index > read.next or _is_open(read, index):
        raise _WrongOrder(f"item {index} begins where item {read.next} should", ".output_index")
    read = _started(read, events)
    places: tuple[int, ...] = ()
    if kind_of(item) != "message":
        places = (read.placed,)
        events += begun(item, read.placed)
    return read._replace(
        next=max(read.next, index + 1),
        placed=read.placed + len(places),
        opened=(*read.opened, OpenItem(index, item, places)),
    )


def _index(event: PlainObject, key: str = "output_index") -> int:
    index = event.get(key)
    if not isinstance(index, int) or isinstance(index, bool):
        raise wrong(index, "a whole number", f".{key}")
    if index < 0:
        raise _WrongOrder("no place in an array", f".{key}")
    return index


def _at(read: Read, event: PlainObject) -> int:
    """Which item an event is about: its index says it, or else its id, and one that was not seen yet comes next."""
    if event.get("output_index") is None:
        item = object_or_none(event, "item")
        id_ = event.get("item_id") if item is None else item.get("id")
        if isinstance(id_, str):
            for at, seen in _seen(read):
                if seen.get("id") == id_:
                    return at
        if item is not None:
            return read.next
    return _index(event)


def _seen(read: Read) -> Iterator[tuple[int, PlainObject]]:
    """The items that have begun, and where they stand."""
    for open_ in read.opened:
        yield open_.at, open_.start
    chain = read.done
    while chain is not None:
        chain, at, item = chain
        yield at, item


def _is_open(read: Read, index: int) -> bool:
    return any(item.at == index for item in read.opened)


def _place(read: Read, index: int) -> int:
    """Where the item with this index stands among those that are open."""
    for place, item in enumerate(read.opened):
        if item.at == index:
            return place
    raise _WrongOrder(f"item {index} is not open", ".output_index")


def _delta(read: Read, event: PlainObject, name: str, events: list[StreamEvent]) -> Read:
    opened, place = read.opened, 0
    index = event.get("output_index")
    if len(opened) != 1 or index.__class__ is not int or opened[0].at != index:
        place = _place(read, _at(read, event))
    text = event.get("delta")
    if not isinstance(text, str):
        raise wrong(text, "a string", ".delta")
    kind, numbered = DELTAS[name]
    key = (kind, _part_at(event, numbered))
    item, placed = _placed(read, opened[place], key)
    if not text:
        return read
    at = item.places[key[1] if kind in _PARTS else 0]
    said = delta_of(item, key, text, at)
    if said is not None:
        events.append(said)
    item = OpenItem(item.at, item.start, item.places, (item.pieces, key, text, False), key)
    return _changed(read, place, item, placed)


def _part_at(event: PlainObject, numbered: str | None) -> int:
    """The place of a block in its item; where nothing says it, the first: the whole item tells if that is wrong."""
    return 0 if numbered is None or event.get(numbered) is None else _index(event, numbered)


_PARTS: Final = frozenset({"output_text", "refusal"})
"""Blocks that are parts of their own."""


def _placed(read: Read, item: OpenItem, key: Key) -> tuple[OpenItem, int]:
    """The item with a place for its part, and the next free place."""
    kind, index = key
    if kind not in _PARTS or index < len(item.places):
        if not item.places:
            raise _WrongOrder(f"a message holds no {kind}", ".type")
        return item, read.placed
    if index > len(item.places):
        raise _WrongOrder(f"part {index} begins where part {len(item.places)} should", ".content_index")
    return item._replace(places=(*item.places, read.placed)), read.placed + 1


def _changed(read: Read, place: int, item: OpenItem, placed: int) -> Read:
    head, next_, _, opened, done, told, started, result, skipped, wrong = read
    others = (item,) if len(opened) == 1 else (*opened[:place], item, *opened[place + 1 :])
    return Read(head, next_, placed, others, done, told, started, result, skipped, wrong)


def _part_added(read: Read, event: PlainObject, _: str, __: list[StreamEvent]) -> Read:
    place = _place(read, _at(read, event))
    item = read.opened[place]
    if kind_of(item.start) != "message":
        return read
    item, placed = _placed(read, item, ("output_text", _part_at(event, "content_index")))
    return _changed(read, place, item, placed)


def _whole(read: Read, event: PlainObject, name: str, _: list[StreamEvent]) -> Read:
    kind, numbered, where = WHOLES[name]
    index = _at(read, event)
    if index < read.next and not _is_open(read, index):
        return read  # the item is done, and has said it
    place = _place(read, index)
    text = event.get(where)
    if not isinstance(text, str):
        raise wrong(text, "a string", f".{where}")
    key = (kind, _part_at(event, numbered))
    item, placed = _placed(read, read.opened[place], key)
    return _changed(read, place, item._replace(pieces=(item.pieces, key, text, True)), placed)


def _item_done(read: Read, event: PlainObject, _: str, events: list[StreamEvent]) -> Read:
    index, item = _at(read, event), object_at(event, "item")
    if not _is_open(read, index):
        if any(at == index and seen.get("id") == item.get("id") for at, seen in _seen(read)):
            return read  # said twice
        read = _added(read, event, "", events)
    place = _place(read, index)
    open_ = read.opened[place]
    told, placed = read.told, read.placed
    other = kind_of(item) != kind_of(open_.start)
    for number, part in enumerate(read_item(item)):
        if number < len(open_.places):
            at = open_.places[number]
        else:
            at, placed = placed, placed + 1
        text, before = shown_by(part), told_by(open_, number)
        if other or (text is not None and not text.startswith(before)):
            continue  # the end will tell
        if text is not None and len(text) > len(before):
            events += more_of(at, part, text[len(before) :])
        events.append(PartDone(at, part))
        told = (told, at, part)
    opened = (*read.opened[:place], *read.opened[place + 1 :])
    return read._replace(opened=opened, done=(read.done, open_.at, item), told=told, placed=placed)


# ---------------------------------------------------------------- the end


def _end(read: Read, event: PlainObject, kind: str, events: list[StreamEvent]) -> Read:
    body = object_at(event, "response")
    if not body.get("output"):
        body["output"] = _accumulated(read, "completed" if kind == "response.completed" else None)
    body.setdefault("status", kind.removeprefix("response."))
    read = _started(read if read.head is not None else read._replace(head=body), events)
    result = read_answer(body)
    if isinstance(result, Success):
        answer = result.unwrap()
        events += untold(read.told, read.placed, answer.message.content)
        if read.wrong is not None:
            result = Failure(carrying(read.wrong, answer))
    return read._replace(result=result)


def _error(read: Read, event: PlainObject, _: str, __: list[StreamEvent]) -> Read:
    return _failed(read, error_of_event(event))


_Step: TypeAlias = Callable[[Read, PlainObject, str, list[StreamEvent]], Read]
_STEPS: Final[Mapping[str, _Step]] = {
    "response.created": _begin,
    "response.queued": _begin,
    "response.in_progress": _begin,
    "response.output_item.added": _added,
    "response.content_part.added": _part_added,
    "response.output_item.done": _item_done,
    "response.completed": _end,
    "response.incomplete": _end,
    "response.failed": _end,
    "response.cancelled": _end,
    "error": _error,
    **dict.fromkeys(WHOLES, _whole),
}


# ---------------------------------------------------------------- what has been read


def _accumulated(read: Read, status: str | None) -> list[PlainJson]:
    """The items in order, those that are open as far as they were said; `status` is what these have become."""
    found: dict[int, list[PlainObject]] = {}
    chain = read.done
    while chain is not None:
        chain, at, item = chain
        found.setdefault(at, []).insert(0, item)
    for open_ in read.opened:
        item = assembled(open_)
        if status is not None and "status" in item:
            item["status"] = status
        if kind_of(item) == "message" and not item.get("content"):
            continue
        if kind_of(item) == "reasoning" and not any(
            item.get(k) for k in ("summary", "content", "encrypted_content")
        ):
            continue
        found.setdefault(open_.at, []).append(item)
    return [item for at in sorted(found) for item in found[at]]


def _partial(read: Read) -> Response | None:
    """The answer as far as it was read."""
    if read.head is None and not read.next:
        return None
    head = thaw(read.head or {})
    body: PlainObject = head if isinstance(head, dict) else {}
    body["output"] = [thaw(item) for item in _accumulated(read, None)]
    return partial_of(body)
