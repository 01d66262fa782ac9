"""The stream, as a fold over bytes.

Law: a stream that reached `message_stop` gives the answer that its whole body would have given, whatever the
chunking; anything else is a Failure with the part that was read. A state is a value: stepping twice from one
gives the same twice. A step costs the same however long the answer is, since pieces are chained and joined once.

The events are `Started` to `PartDone`; `Done` comes from whoever runs the stream and knows that it succeeded.

    event                   when                           otherwise
    ----------------------  -----------------------------  --------------------------------------------
    message_start           first                          Malformed if it never came; again: skipped if it says
                                                           the same, or OutOfOrder
    content_block_start     at the next free index         OutOfOrder
    content_block_delta     for an open block              OutOfOrder; Malformed if it is for another kind
    content_block_stop      for an open block              skipped if it is closed, or OutOfOrder
    error                   any time                       (it is the error that it names)
    ping                    any time, skipped
    all others              any time, skipped and counted
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from returns.result import Failure
from typing_extensions import override

from llm_pure.anthropic_messages.assemble import OpenBlock, finished, unfinished
from llm_pure.anthropic_messages.blocks import ANSWER
from llm_pure.anthropic_messages.errors import error_in
from llm_pure.anthropic_messages.response import cut_short, decode_response, read_answer
from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.errors import Incomplete, LlmError, Malformed, OutOfOrder, snippet
from llm_pure.events import (
    PartDone,
    ReasoningDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.json import JsonError, PlainJson, prove, unproven_json
from llm_pure.messages import AssistantMessage
from llm_pure.outcome import Outcome
from llm_pure.parts import BrokenToolCall, Part, ToolCall
from llm_pure.reading import (
    PlainObject,
    malformed,
    object_at,
    object_or_none,
    string,
    string_or_none,
    within,
    wrong,
)
from llm_pure.response import Response
from llm_pure.sse import SSE_START, SseState, sse_step
from llm_pure.wire import folded

__all__ = [
    "StreamState",
    "decode_stream",
    "stream_ended",
    "stream_result",
    "stream_skipped",
    "stream_start",
    "stream_step",
]

DoneParts: TypeAlias = "tuple[DoneParts, int, Part] | None"
"""The parts that are whole, the latest first."""


Opened: TypeAlias = tuple[OpenBlock, ...]
"""The blocks that are open: nearly always one. Apart from the rest, since it is all that a delta changes."""


class _Fold(NamedTuple):
    start: PlainObject | None = None
    tail: PlainObject = {}  # noqa: RUF012 - never changed, as nothing here
    usage: PlainObject = {}  # noqa: RUF012
    done: DoneParts = None
    begun: int = 0
    held: ToolCall | None = None
    """The latest block, closed, if it is a call without arguments: whether it is whole depends on what comes."""
    ended: bool = False
    failure: LlmError | None = None
    skipped: int = 0


class StreamState(NamedTuple):
    """Where a stream stands. Opaque."""

    sse: SseState = SSE_START
    fold: _Fold = _Fold()
    opened: Opened = ()

    @override
    def __repr__(self) -> str:
        return f"StreamState(<{self.fold.begun} blocks begun>)"


class _WrongOrder(JsonError):
    """An event at a place where it has no meaning."""


def stream_start() -> StreamState:
    """Before the first byte."""
    return StreamState()


def stream_ended(state: StreamState) -> bool:
    """Whether `message_stop` or an error has come."""
    return state.fold.ended or state.fold.failure is not None


def stream_skipped(state: StreamState) -> int:
    """How many events were of no kind that we know."""
    return state.fold.skipped


def stream_step(state: StreamState, chunk: bytes) -> tuple[StreamState, tuple[StreamEvent, ...]]:
    """The state after `chunk`, and what it said. After the end nothing is said any more."""
    _, fold, opened = state
    if fold.ended or fold.failure is not None:
        return state, ()
    sse, events = sse_step(state.sse, chunk)
    found: list[StreamEvent] = []
    for name, data in events:
        fold, opened = _advanced(fold, opened, data, name, found)
        if fold.ended or fold.failure is not None:
            break
    return StreamState(sse, fold, opened), tuple(found)


def decode_stream(chunks: Iterable[bytes]) -> Outcome[Response]:
    """The answer that a stream gives."""
    return folded(chunks, StreamState(), stream_step, stream_ended, stream_result)


def stream_result(state: StreamState) -> Outcome[Response]:
    """The answer, or a Failure with what was read of it.

    A body that is no stream at all is read as a whole: servers answer so to those who asked for a stream.
    """
    fold = state.fold
    if fold.ended and fold.failure is None:
        return read_answer(_body(fold), _parts(fold))
    if fold.start is None and fold.failure is None:
        if state.sse == SSE_START:
            return Failure(Malformed(message="the stream is empty"))
        if state.sse.rest.lstrip()[:1] in {b"{", b"[", b"<"}:
            return decode_response(state.sse.rest)
    partial = _partial(fold, state.opened)
    usage = partial.usage if partial is not None else None
    if fold.failure is not None:
        return Failure(replace(fold.failure, partial=partial, usage=usage))
    return Failure(Incomplete(message="the stream ended before message_stop", partial=partial, usage=usage))


# ---------------------------------------------------------------- one event


def _advanced(
    fold: _Fold, opened: Opened, data: bytes, name: bytes, found: list[StreamEvent]
) -> tuple[_Fold, Opened]:
    try:
        event = unproven_json(data)
        if (further := _piece(opened, event, found)) is not None:
            return fold, further
        prove(event)
        if not isinstance(event, dict):
            raise wrong(event, "an object", "")
        kind = event.get("type")
        if kind == "content_block_delta":
            return fold, _delta(fold, opened, event, found)
        if not isinstance(kind, str):
            kind = name.decode("utf-8", "replace")
        step = _STEPS.get("error" if event.get("error") else kind)
        if step is not None:
            return step(fold, opened, event, found)
        return fold if kind == "ping" else fold._replace(skipped=fold.skipped + 1), opened
    except _WrongOrder as error:
        return fold._replace(failure=OutOfOrder(message=snippet(error.reason), path="$" + error.path)), opened
    except JsonError as error:
        if data.strip() in {b"", b"[DONE]"}:  # says nothing here
            return fold, opened
        return fold._replace(failure=malformed(error)), opened


_PIECES: Final[Mapping[str, tuple[str, str, Callable[[int, str], StreamEvent]]]] = {
    "text": ("text_delta", "text", TextDelta),
    "thinking": ("thinking_delta", "thinking", ReasoningDelta),
    "tool_use": ("input_json_delta", "partial_json", ToolCallDelta),
}
"""Of a kind of block: which delta brings pieces of it, where they are, and what they say to those who watch."""

_NO_PIECES: Final = (None, "", TextDelta)
_KINDS: Final = frozenset(delta for delta, _, _ in _PIECES.values())


def _piece(opened: Opened, event: PlainJson, found: list[StreamEvent]) -> Opened | None:
    """The only block that is open, with one more piece; None if `event` is anything but that, or says more.

    Nothing in such an event is left unread, so it needs no proof. Nearly all events are of this kind.
    """
    if not (type(event) is dict and len(event) == 3 and event.get("type") == "content_block_delta"):
        return None
    index, delta = event.get("index"), event.get("delta")
    if not (type(index) is int and type(delta) is dict and len(delta) == 2 and len(opened) == 1):
        return None
    at, kind, start, pieces, notes = opened[0]
    if at != index or kind not in _PIECES:
        return None
    type_, key, said = _PIECES[kind]
    piece = delta.get(key)
    if not (delta.get("type") == type_ and type(piece) is str and piece):
        return None
    found.append(said(at, piece))
    return (OpenBlock(at, kind, start, (pieces, piece), notes),)


def _delta(fold: _Fold, opened: Opened, event: PlainObject, found: list[StreamEvent]) -> Opened:
    place, block = _open_block(fold, opened, event)
    delta = object_at(event, "delta")
    try:
        kind = string(delta, "type")
        type_, key, said = _PIECES.get(block.kind, _NO_PIECES)
        if kind != type_:
            if kind in _KINDS and block.kind in ANSWER:
                raise JsonError(f"a {kind} for a block of type {block.kind}", ".type")
            changed = block.noted(delta)
        elif piece := string_or_none(delta, key):
            found.append(said(block.at, piece))
            changed = block._replace(pieces=(block.pieces, piece))
        else:
            return opened
    except JsonError as error:
        raise within(error, ".delta") from None
    return (*opened[:place], changed, *opened[place + 1 :])


def _open_block(fold: _Fold, opened: Opened, event: PlainObject) -> tuple[int, OpenBlock]:
    index = _index(fold, event)
    for place, block in enumerate(opened):
        if block.at == index:
            return place, block
    raise _WrongOrder(f"block {index} is not open", ".index")


def _index(fold: _Fold, event: PlainObject) -> int:
    if fold.start is None:
        raise JsonError("no message_start has come", ".type")
    index = event.get("index")
    if not isinstance(index, int) or isinstance(index, bool):
        raise wrong(index, "a whole number", ".index")
    return index


def _message_start(
    fold: _Fold, opened: Opened, event: PlainObject, found: list[StreamEvent]
) -> tuple[_Fold, Opened]:
    message = object_at(event, "message")
    if fold.start is not None:
        if message == fold.start:
            return fold, opened  # said twice
        raise _WrongOrder("a second message_start", ".type")
    try:
        found.append(Started(string_or_none(message, "id"), string_or_none(message, "model")))
        usage = object_or_none(message, "usage")
    except JsonError as error:
        raise within(error, ".message") from None
    return fold._replace(start=message, usage=usage or {}), opened


def _block_start(
    fold: _Fold, opened: Opened, event: PlainObject, found: list[StreamEvent]
) -> tuple[_Fold, Opened]:
    index = _index(fold, event)
    if index != fold.begun:
        raise _WrongOrder(f"block {index} begins where block {fold.begun} should", ".index")
    fold = _released(fold, found)
    start = object_at(event, "content_block")
    try:
        kind = string(start, "type")
        if kind == "tool_use":
            found.append(ToolCallStarted(index, string(start, "id"), string(start, "name")))
        elif kind == "text" and (text := string_or_none(start, "text")):
            found.append(TextDelta(index, text))
        elif kind == "thinking" and (text := string_or_none(start, "thinking")):
            found.append(ReasoningDelta(index, text))
    except JsonError as error:
        raise within(error, ".content_block") from None
    return fold._replace(begun=index + 1), (*opened, OpenBlock(index, kind, start))


def _block_stop(
    fold: _Fold, opened: Opened, event: PlainObject, found: list[StreamEvent]
) -> tuple[_Fold, Opened]:
    index = _index(fold, event)
    if 0 <= index < fold.begun and all(block.at != index for block in opened):
        return fold, opened  # said twice
    place, block = _open_block(fold, opened, event)
    part = finished(block)
    opened = (*opened[:place], *opened[place + 1 :])
    if isinstance(part, ToolCall) and not part.arguments and block.at == fold.begun - 1:
        return fold._replace(held=part), opened
    found.append(PartDone(block.at, part))
    return fold._replace(done=(fold.done, block.at, part)), opened


def _released(fold: _Fold, found: list[StreamEvent], stop_reason: PlainJson = None) -> _Fold:
    """With the call that was held done: something came after it, or the answer ended and this is why."""
    if fold.held is None:
        return fold
    (part,) = cut_short((fold.held,), stop_reason)
    found.append(PartDone(fold.begun - 1, part))
    return fold._replace(done=(fold.done, fold.begun - 1, part), held=None)


def _message_delta(
    fold: _Fold, opened: Opened, event: PlainObject, _: list[StreamEvent]
) -> tuple[_Fold, Opened]:
    if fold.start is None:
        raise JsonError("no message_start has come", ".type")
    delta, usage = object_or_none(event, "delta") or {}, object_or_none(event, "usage") or {}
    beside = {key: value for key, value in event.items() if key not in {"type", "delta", "usage"}}
    tail = {**fold.tail, **_said(beside), **_said(delta)}
    counted = {**fold.usage, **_said(usage)}  # the counts are cumulative: the last is the sum
    return fold._replace(tail=tail, usage=counted), opened


def _said(data: PlainObject) -> PlainObject:
    return {key: value for key, value in data.items() if value is not None}


def _message_stop(
    fold: _Fold, opened: Opened, _: PlainObject, found: list[StreamEvent]
) -> tuple[_Fold, Opened]:
    if fold.start is None:
        raise JsonError("no message_start has come", ".type")
    stop_reason = _body(fold).get("stop_reason")
    for block in opened:  # the message is whole, so they are
        part = finished(block)
        if block.at == fold.begun - 1:
            (part,) = cut_short((part,), stop_reason)
        found.append(PartDone(block.at, part))
        fold = fold._replace(done=(fold.done, block.at, part))
    return _released(fold, found, stop_reason)._replace(ended=True), ()


def _error(fold: _Fold, opened: Opened, event: PlainObject, _: list[StreamEvent]) -> tuple[_Fold, Opened]:
    return fold._replace(failure=error_in(event, 200, {})), opened


_Step: TypeAlias = Callable[[_Fold, Opened, PlainObject, list[StreamEvent]], tuple[_Fold, Opened]]
_STEPS: Final[Mapping[str, _Step]] = {
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_stop": _block_stop,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
    "error": _error,
}


# ---------------------------------------------------------------- what has been read


def _body(fold: _Fold) -> PlainObject:
    body = {**(fold.start or {}), **fold.tail}
    usage: PlainJson = fold.usage or None
    return {**body, "usage": usage}


def _parts(fold: _Fold, *more: tuple[int, Part]) -> tuple[Part, ...]:
    found = list(more)
    done = fold.done
    while done is not None:
        done, index, part = done
        found.append((index, part))
    return tuple([part for _, part in sorted(found, key=lambda item: item[0])])


def _partial(fold: _Fold, opened: Opened) -> Response | None:
    """What was read, blocks that are still open included, as far as they can stand by themselves."""
    if fold.start is None:
        return None
    begun = [(block.at, part) for block in opened if (part := unfinished(block)) is not None]
    if (held := fold.held) is not None:
        begun.append((fold.begun - 1, BrokenToolCall(held.id, held.name, "", held.extras)))
    parts = _parts(fold, *begun)
    answer = read_answer(_body(fold), parts)
    return (
        Response(AssistantMessage(parts), provider=PROVIDER)
        if isinstance(answer, Failure)
        else answer.unwrap()
    )
