"""A stream of chunks, as a fold over bytes, and back.

Law: any chunking of the same bytes gives the same value. The end mark is `[DONE]`, or a `finish_reason` on every choice
that has begun; a stream that stops before it is a Failure with the part read, and so is one with an event that is no
chunk (a comment that was sent as data is no event). The end of a stream is the answer that the whole body would have
given.

Events tell of the first choice. A part is done when its choice is, since pieces of calls may come interleaved. Should
the parts have appeared in an order that no message has, or be others than was told, `Restarted` takes them back, and
they are told again. So is what goes on after its `finish_reason`: its parts are done when the stream is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from returns.result import Failure

from llm_pure.errors import Incomplete, LlmError, Malformed
from llm_pure.events import PartDone, Restarted, Started, StreamEvent, ToolCallDelta, events_of
from llm_pure.json import JsonError, PlainJson, dump_json, parse_json, thaw
from llm_pure.openai_chat.errors import carrying, choice_error, error_in, named_error
from llm_pure.openai_chat.fold import fold_choice, index_of
from llm_pure.openai_chat.growing import (
    NOTHING,
    Answer,
    as_told,
    body_of,
    merged,
    retold,
    same_message,
    united,
)
from llm_pure.openai_chat.reasoning import DETAILS, FIELDS
from llm_pure.openai_chat.response import as_far_as_said, decode_response, encode_response, read_body
from llm_pure.openai_chat.shape import MIRROR
from llm_pure.outcome import Outcome
from llm_pure.parts import BrokenToolCall, ToolCall
from llm_pure.readback import stream_read_back
from llm_pure.reading import PlainObject, as_object, malformed, within, wrong
from llm_pure.response import Response
from llm_pure.sse import SSE_START, SseState, sse_step
from llm_pure.status import unlisted
from llm_pure.wire import folded

__all__ = [
    "State",
    "decode_stream",
    "encode_stream",
    "stream_ended",
    "stream_result",
    "stream_skipped",
    "stream_start",
    "stream_step",
]


class Read(NamedTuple):
    """What the events said. Nothing in it is ever changed."""

    head: Mapping[str, PlainJson] = {}
    """The fields of the chunks themselves."""
    usage: PlainObject | None = None
    first: Answer = NOTHING
    others: Mapping[int, Answer] = {}
    begun: bool = False
    """The first choice has begun, even if nothing was said in it."""
    started: bool = False
    told: Answer | None = None
    """The first choice as it was when its parts were called done."""
    reopened: bool = False
    """More came after that: its parts are done when the stream is."""
    ended: bool = False
    error: LlmError | None = None
    skipped: int = 0


class State(NamedTuple):
    """What has been read, and bytes that do not make an event yet."""

    sse: SseState = SSE_START
    read: Read = Read()


_START: Final = State()


def stream_start() -> State:
    """Nothing read yet."""
    return _START


def stream_step(state: State, chunk: bytes) -> tuple[State, tuple[StreamEvent, ...]]:
    """The state after some more bytes, and what they say."""
    read = state.read
    if read.ended or read.error is not None:
        return state, ()
    sse, found = sse_step(state.sse, chunk)
    events: list[StreamEvent] = []
    for name, data in found:
        read = _event(read, name, data, events)
        if read.ended or read.error is not None:
            break
    return State(sse, read), tuple(events)


def stream_skipped(state: State) -> int:
    """How many events were no chunks: without choices and usage. What they say stands in the answer's `extras`."""
    return state.read.skipped


def stream_ended(state: State) -> bool:
    """Whether nothing more can matter. A `finish_reason` is not enough: the usage comes after it."""
    return state.read.ended or state.read.error is not None


def stream_result(state: State) -> Outcome[Response]:
    """The answer, if its end mark has come."""
    read = state.read
    if read.error is not None:
        return Failure(read.error)
    answers = _answers(read)
    if read.head or answers:
        if read.ended or (answers and all(answer.finish is not None for answer in answers.values())):
            try:
                return read_body(_body(read), cut=False)
            except JsonError as error:
                return Failure(malformed(error, _partial(read)))
    elif read.ended:
        return Failure(Malformed(message="the stream holds no answer"))
    elif state.sse == SSE_START:
        return Failure(Malformed(message="the stream is empty"))
    elif (body := state.sse.rest.strip()).startswith((b"{", b"[{")):
        return decode_response(body)  # a server that does not stream
    elif body.startswith(b"<"):
        return Failure(Malformed(message="a page, and no stream of events"))
    partial = _partial(read)
    usage = partial.usage if partial is not None else None
    return Failure(Incomplete(message="the stream ended before its end mark", partial=partial, usage=usage))


def decode_stream(chunks: Iterable[bytes]) -> Outcome[Response]:
    """The answer that a whole stream gives."""
    return folded(chunks, _START, stream_step, stream_ended, stream_result)


# ---------------------------------------------------------------- one event


def _event(read: Read, kind: bytes, data: bytes, events: list[StreamEvent]) -> Read:
    if data == b"[DONE]":
        return _told(read, events)._replace(ended=True)
    if not data or data.isspace():
        return read
    try:
        chunk = as_object(unlisted(parse_json(data)))
        error = chunk if kind == b"error" else None
        if chunk.get("error") or chunk.get("choices") is None or error is not None or choice_error(chunk):
            error = error_in(chunk) or error
        if error is None:
            return _chunk(read, chunk, events)
    except JsonError as problem:
        if data.strip() in _ENDS:
            return _told(read, events)._replace(ended=True)
        if data.startswith(b":"):
            return read
        return read._replace(error=malformed(problem, _partial(read)))
    return read._replace(error=carrying(named_error(error), _partial(read)))


_ENDS: Final = frozenset({b"[DONE]", b'"[DONE]"', b"DONE"})


def _chunk(read: Read, chunk: PlainObject, events: list[StreamEvent]) -> Read:
    head, usage, first, others, begun, started, told, reopened, ended, error, skipped = read
    choices = chunk.get("choices")
    if "choices" not in chunk and "usage" not in chunk:
        skipped += 1
    for key, value in chunk.items():
        if value is None or head.get(key) == value or key in _ASIDE:
            continue  # as a rule, everything
        if key == "usage":
            if isinstance(value, dict):
                usage = united(usage or {}, value)
        elif key not in _KEPT or not head.get(key):
            head = {**head, key: merged(head.get(key), value)}
    if not started and (choices or head.get("id")):
        started = True
        id_, model = head.get("id"), head.get("model")
        events.append(
            Started(
                id_ if isinstance(id_, str) and id_ else None,
                model if isinstance(model, str) and model else None,
            )
        )
    if choices is not None and not isinstance(choices, list):
        raise wrong(choices, "an array", ".choices")
    for place, choice in enumerate(choices or ()):
        try:
            if not isinstance(choice, dict):
                raise wrong(choice, "an object", "")
            index = index_of(choice)
            if index:
                others = {**others, index: fold_choice(others.get(index, NOTHING), choice, [])}
            else:
                if not begun:
                    begun, first = True, Answer(name=_id(head))
                first = fold_choice(first, choice, events if told is None else [])
        except JsonError as problem:
            raise within(problem, f".choices[{place}]") from None
    if told is not None and _is_other(first, told, _id(head)):
        # More of what was called done: it is taken back, once, and nothing is called done before the stream is.
        events.append(Restarted(0))
        first, told, reopened = retold(first, _id(head), events), None, True
    read = Read(head, usage, first, others, begun, started, told, reopened, ended, error, skipped)
    return _told(read, events) if told is None and first.finish is not None and not reopened else read


def _id(head: Mapping[str, PlainJson]) -> str:
    id_ = head.get("id")
    return id_ if isinstance(id_, str) else ""


def _is_other(first: Answer, told: Answer, name: str) -> bool:
    """Whether the message is no longer the one that was told."""
    return not same_message(first, told) or first.finish != told.finish or told.name != name


_ASIDE: Final = frozenset({"choices", "obfuscation"})
_KEPT: Final = frozenset({"id", "model"})
"""What the first chunk that says it says for all."""


def _told(read: Read, events: list[StreamEvent]) -> Read:
    """The parts of the first choice called done, unless they were."""
    first = read.first
    if not read.begun or read.told is not None:
        return read
    partial = _partial(read, cut=False)
    if partial is None:
        return read
    parts = partial.message.content
    if as_told(first, parts):
        texts = {call.place for call in first.calls if call.custom}
        for index, part in enumerate(parts):
            if index in texts and isinstance(part, ToolCall | BrokenToolCall):
                # A call with plain text, which had to be whole to be told as an argument.
                text = part.text if isinstance(part, BrokenToolCall) else part.arguments.text
                events.append(ToolCallDelta(index, text))
            events.append(PartDone(index, part))
    else:
        told_events = events_of(Response(partial.message))
        events += [Restarted(0), *told_events[1:-1]]
    return read._replace(told=first._replace(name=_id(read.head)))


# ---------------------------------------------------------------- the answer


def _answers(read: Read) -> Mapping[int, Answer]:
    return {0: read.first, **read.others} if read.begun else read.others


def _body(read: Read) -> PlainObject:
    """The body that the stream was."""
    data: PlainObject = dict(read.head)
    if str(data.get("object")).startswith("chat.completion"):
        data["object"] = "chat.completion"
    if read.usage is not None:
        data["usage"] = thaw(read.usage)
    answers = _answers(read)
    data["choices"] = [body_of(answers[index], index) for index in sorted(answers)]
    return data


def _partial(read: Read, *, cut: bool = True) -> Response | None:
    """The answer as far as it was read."""
    if not read.head and not _answers(read):
        return None
    return as_far_as_said(_body(read), cut=cut)


# ---------------------------------------------------------------- writing

_PIECE: Final = 24
"""So many characters of text in one chunk."""


def encode_stream(response: Response) -> Outcome[tuple[bytes, ...]]:
    """The answer as OpenAI would stream it, one event in each chunk."""
    encoded = encode_response(response)
    if isinstance(encoded, Failure):
        return encoded
    body = encoded.unwrap()
    kept = {key: value for key, value in body.items() if key in ("id", "model", "created")}
    kept["object"] = "chat.completion.chunk" if body["object"] == "chat.completion" else body["object"]
    head = {key: value for key, value in body.items() if key not in ("choices", "usage", *kept)}
    chunks: list[PlainObject] = []
    choices = body["choices"]
    for choice in choices if isinstance(choices, list) else ():
        chunks.extend({"choices": [piece]} for piece in _pieces(as_object(choice)))
    if "usage" in body:
        chunks.append({"choices": [], "usage": body["usage"]})
    chunks[0] = {**head, **chunks[0]}
    out = tuple(
        [b"data: " + dump_json({**kept, **chunk}) + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"]
    )
    return stream_read_back(out, body, decode_stream, decode_response, MIRROR.called)


def _pieces(choice: PlainObject) -> list[PlainObject]:
    """A choice as the choices of chunks, in the order in which a model says it."""
    message = as_object(choice["message"])
    deltas: list[PlainObject] = [{"role": "assistant", "content": ""}]
    texts = [key for key in (*FIELDS, DETAILS, "content", "refusal") if key in message]
    for key in texts:
        value = message[key]
        deltas.extend({key: piece} for piece in (_split(value) if isinstance(value, str) else (value,)))
    rest = {key: value for key, value in message.items() if key not in (*texts, "role", "tool_calls")}
    if rest:
        deltas.append(rest)
    calls = message.get("tool_calls")
    for index, call in enumerate(calls if isinstance(calls, list) else ()):
        deltas += _call_pieces(index, as_object(call))
    pieces: list[PlainObject] = [
        {"index": choice["index"], "delta": delta, "finish_reason": None} for delta in deltas
    ]
    end = {key: value for key, value in choice.items() if key != "message"}
    return [*pieces, {**end, "delta": {}}]


def _call_pieces(index: int, call: PlainObject) -> list[PlainObject]:
    function = call.get("function")
    text = function.get("arguments") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(text, str):
        return [{"tool_calls": [{"index": index, **call}]}]
    begin: PlainObject = {"index": index, **call, "function": {**function, "arguments": ""}}
    more: list[PlainObject] = [{"index": index, "function": {"arguments": piece}} for piece in _split(text)]
    return [{"tool_calls": [piece]} for piece in (begin, *more)]


def _split(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
