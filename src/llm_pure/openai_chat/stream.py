"""A stream of chunks, as a fold over bytes, and back.

Law: any chunking of the same bytes gives the same value. The end mark is `[DONE]`, or a `finish_reason` on every choice
that has begun; a stream that stops before it is a Failure with the part read, and so is one with an event
that is no chunk. The end of a stream is the answer that the whole body would have given.

Events tell of the first choice. A part is done when its choice is, since pieces of calls may come interleaved. Should
the parts have appeared in an order that no message has, `Restarted` takes them back, and they are told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from returns.result import Failure, Success

from llm_pure.errors import Incomplete, LlmError, Loss, Lossy, Malformed
from llm_pure.events import PartDone, Restarted, Started, StreamEvent, events_of
from llm_pure.json import JsonError, PlainJson, dump_json, parse_json, thaw
from llm_pure.openai_chat.errors import error_in, named_error
from llm_pure.openai_chat.fold import NOTHING, Answer, body_of, fold_choice, in_order, merged, same_message
from llm_pure.openai_chat.reasoning import DETAILS, FIELDS
from llm_pure.openai_chat.response import decode_response, encode_response, read_body
from llm_pure.outcome import Outcome
from llm_pure.reading import PlainObject, as_object, malformed, within, wrong
from llm_pure.response import NO_USAGE, Response
from llm_pure.sse import SSE_START, SseState, sse_step

__all__ = ["State", "decode_stream", "encode_stream", "stream_ended", "stream_result", "stream_start", "stream_step"]


class State(NamedTuple):
    """What has been read. Nothing in it is ever changed."""

    sse: SseState = SSE_START
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
    ended: bool = False
    error: LlmError | None = None


_START: Final = State()


def stream_start() -> State:
    """Nothing read yet."""
    return _START


def stream_step(state: State, chunk: bytes) -> tuple[State, tuple[StreamEvent, ...]]:
    """The state after some more bytes, and what they say."""
    if state.ended or state.error is not None:
        return state, ()
    sse, found = sse_step(state.sse, chunk)
    events: list[StreamEvent] = []
    for event in found:
        state = _event(state, event.event, event.data, events)
        if state.ended or state.error is not None:
            break
    return State(sse, *state[1:]), tuple(events)


def stream_ended(state: State) -> bool:
    """Whether nothing more can matter. A `finish_reason` is not enough: the usage comes after it."""
    return state.ended or state.error is not None


def stream_result(state: State) -> Outcome[Response]:
    """The answer, if its end mark has come."""
    if state.error is not None:
        return Failure(state.error)
    if state.head or state.begun or state.others:
        answers = [*([state.first] if state.begun else []), *state.others.values()]
        if state.ended or (answers and all([answer.finish is not None for answer in answers])):
            try:
                return _read(state, cut=False)
            except JsonError as error:
                return Failure(malformed(error, _partial(state)))
    elif state.ended:
        return Failure(Malformed(message="the stream holds no answer"))
    elif (body := state.sse.rest.strip()).startswith(b"{"):
        return decode_response(body)  # a server that does not stream
    elif body.startswith(b"<"):
        return Failure(Malformed(message="a page, and no stream of events"))
    partial = _partial(state)
    return Failure(
        Incomplete(
            message="the stream ended before its end mark",
            partial=partial,
            usage=partial.usage if partial is not None else None,
        )
    )


def decode_stream(chunks: Iterable[bytes]) -> Outcome[Response]:
    """The answer that a whole stream gives."""
    state = _START
    for chunk in chunks:
        state, _ = stream_step(state, chunk)
    return stream_result(state)


# ---------------------------------------------------------------- one event


def _event(state: State, kind: bytes, data: bytes, events: list[StreamEvent]) -> State:
    if data == b"[DONE]":
        return _told(state, events)._replace(ended=True)
    if not data or data.isspace():
        return state
    try:
        chunk = as_object(parse_json(data))
        error = chunk if kind == b"error" else None
        if chunk.get("error") or "choices" not in chunk or error is not None:
            error = error_in(chunk) or error
        if error is None:
            return _chunk(state, chunk, events)
    except JsonError as problem:
        if data.strip() == b"[DONE]":
            return _told(state, events)._replace(ended=True)
        return state._replace(error=malformed(problem, _partial(state)))
    partial = _partial(state)
    usage = partial.usage if partial is not None and partial.usage != NO_USAGE else None
    return state._replace(error=replace(named_error(error), partial=partial, usage=usage))


def _chunk(state: State, chunk: PlainObject, events: list[StreamEvent]) -> State:
    sse, head, usage, first, others, begun, started, told, ended, error = state
    choices = chunk.get("choices")
    for key, value in chunk.items():
        if key in _ASIDE or value is None or head.get(key) == value:
            continue
        if key == "usage":
            if isinstance(value, dict):
                usage = value
        elif key not in _KEPT or not head.get(key):
            head = {**head, key: merged(head.get(key), value)}
    if not started and (choices or head.get("id")):
        started = True
        id_, model = head.get("id"), head.get("model")
        events.append(
            Started(id_ if isinstance(id_, str) and id_ else None, model if isinstance(model, str) and model else None)
        )
    if choices is not None and not isinstance(choices, list):
        raise wrong(choices, "an array", ".choices")
    for place, choice in enumerate(choices or ()):
        try:
            if not isinstance(choice, dict):
                raise wrong(choice, "an object", "")
            index = choice.get("index", 0)
            if not isinstance(index, int) or isinstance(index, bool) or index < 0:
                raise JsonError("no place in an array", ".index")
            if index:
                others = {**others, index: fold_choice(others.get(index, NOTHING), choice, [])}
            else:
                # What comes after the parts were called done is too late to tell, but not to count.
                first = fold_choice(first, choice, events if told is None else [])
                begun = True
        except JsonError as problem:
            raise within(problem, f".choices[{place}]") from None
    state = State(sse, head, usage, first, others, begun, started, told, ended, error)
    return _told(state, events) if told is None and first.finish is not None else state


_ASIDE: Final = frozenset({"choices", "obfuscation"})
_KEPT: Final = frozenset({"id", "model"})
"""What the first chunk that says it says for all."""


def _told(state: State, events: list[StreamEvent]) -> State:
    """The parts of the first choice called done, unless they were, and nothing was added since."""
    first, told = state.first, state.told
    if not state.begun or (told is not None and same_message(first, told)):
        return state
    partial = _partial(state, cut=first.finish is None)
    if partial is None:
        return state
    parts = partial.message.content
    if told is None and in_order(first, len(parts)):
        events += [PartDone(index, part) for index, part in enumerate(parts)]
    else:
        told_events = events_of(Response(partial.message))
        events += [Restarted(0), *told_events[1:-1]]
    return state._replace(told=first)


# ---------------------------------------------------------------- the answer


def _read(state: State, *, cut: bool) -> Outcome[Response]:
    """The body that the stream was, read as one. Raises `JsonError`."""
    data: PlainObject = dict(state.head)
    if str(data.get("object")).startswith("chat.completion"):
        data["object"] = "chat.completion"
    if state.usage is not None:
        data["usage"] = thaw(state.usage)
    answers = {0: state.first, **state.others} if state.begun else state.others
    data["choices"] = [body_of(answers[index], index) for index in sorted(answers)]
    return read_body(data, cut=cut)


def _partial(state: State, *, cut: bool = True) -> Response | None:
    """The answer as far as it was read."""
    if not state.head and not state.begun and not state.others:
        return None
    try:
        found = _read(state, cut=cut)
    except JsonError:
        return None
    return found.unwrap() if isinstance(found, Success) else found.failure().partial


# ---------------------------------------------------------------- writing

_PIECE: Final = 24
"""So many characters of text in one chunk."""


def encode_stream(response: Response) -> Outcome[tuple[bytes, ...]]:
    """The answer as OpenAI would stream it, one event in each chunk."""
    encoded = encode_response(response)
    if isinstance(encoded, Failure):
        return encoded
    body = encoded.unwrap()
    kept = {key: value for key, value in body.items() if key in ("id", "model")}
    kept["object"] = "chat.completion.chunk" if body["object"] == "chat.completion" else body["object"]
    head = {key: value for key, value in body.items() if key not in ("choices", "usage", *kept)}
    chunks: list[PlainObject] = []
    choices = body["choices"]
    for choice in choices if isinstance(choices, list) else ():
        chunks += [{"choices": [piece]} for piece in _pieces(as_object(choice))]
    if "usage" in body:
        chunks.append({"choices": [], "usage": body["usage"]})
    chunks[0] = {**head, **chunks[0]}
    out = tuple([b"data: " + dump_json({**kept, **chunk}) + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"])
    if decode_stream(out) != decode_response(body):
        loss = Loss("$", "Chat Completions streams this answer as another one")
        return Failure(Lossy(message=loss.reason, path=loss.path, losses=(loss,)))
    return Success(out)


def _pieces(choice: PlainObject) -> list[PlainObject]:
    """A choice as the choices of chunks, in the order in which a model says it."""
    message = as_object(choice["message"])
    deltas: list[PlainObject] = [{"role": "assistant", "content": ""}]
    texts = [key for key in (*FIELDS, DETAILS, "content", "refusal") if key in message]
    for key in texts:
        value = message[key]
        deltas += [{key: piece} for piece in _split(value)] if isinstance(value, str) else [{key: value}]
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
