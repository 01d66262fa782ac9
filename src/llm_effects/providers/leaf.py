"""The leaf of every stack: a completion through a codec and a door, and the answer back.

Law: one call of a leaf is one request. It streams when its events are observed, and when the answer may be longer than
a call that does not stream may take. Nothing is retried, kept or repaired here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import final

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.notes import Attempted, Lost
from llm_effects.operations import (
    Close,
    Emit,
    HttpRequest,
    Next,
    Observed,
    Open,
    Opened,
    Program,
    Reply,
    Send,
    Tell,
    ask,
)
from llm_effects.ports import MAX_BODY, MAX_STREAM, Door
from llm_effects.runner import Runner
from llm_pure import Completion, Done, LlmError, Outcome, Response, TooLarge
from llm_pure.events import events_of
from llm_pure.json import EMPTY, JsonObject
from llm_pure.target import Target, codec_of
from llm_pure.wire import Codec

__all__ = ["Leaf"]


@final
@dataclass(frozen=True, slots=True)
class Leaf(Runner):
    """A provider behind a door. Above `longest` tokens (`max_tokens`) a call streams though nobody looks."""

    door: Door = field(repr=False)
    where: Target
    longest: int | None = None
    when_streaming: JsonObject = EMPTY

    @property
    @override
    def target(self) -> Target:
        return self.where

    @property
    @override
    def layers(self) -> tuple[str, ...]:
        return (self.where.provider,)

    @override
    def __call__(self, completion: Completion) -> Program[Outcome[Response]]:
        return _converse(self, self.where.filled(completion))


def _converse(leaf: Leaf, completion: Completion) -> Program[Outcome[Response]]:
    """One request and its answer."""
    target, door = leaf.where, leaf.door
    codec = codec_of(target.wire)
    encoded = codec.encode_request(completion)
    if isinstance(encoded, Failure):
        return encoded
    request = encoded.unwrap()
    if request.losses:
        yield from ask(Tell(Lost(request.losses)))
    observed = yield from ask(Observed())
    asked = request.payload.get("max_tokens")
    stream = observed or (leaf.longest is not None and isinstance(asked, int) and asked > leaf.longest)
    extra = leaf.when_streaming.thaw() if stream else None
    body = request.body(stream=stream, extra=extra, untouched=True)
    if isinstance(body, Failure):
        return body
    sent = HttpRequest(codec.PATH, request.headers, body.unwrap(), stream)
    yield from ask(Tell(Attempted(target.provider, completion.model, stream, len(sent.body))))
    if stream:
        return (yield from _streamed(codec, door, sent, observed=observed))
    reply = yield from ask(Send(door, sent))
    if not isinstance(reply, Reply):
        return Failure(reply)
    if not _is_answer(reply.status):
        return Failure(codec.decode_error(reply.status, reply.headers, reply.body))
    return codec.decode_response(reply.body)


def _streamed(
    codec: Codec[object], door: Door, sent: HttpRequest, *, observed: bool
) -> Program[Outcome[Response]]:
    opened = yield from ask(Open(door, sent))
    if not isinstance(opened, Opened):
        return Failure(opened)
    kind = opened.headers.get("content-type", "").lower()
    if not _is_answer(opened.status) or "json" in kind or "html" in kind:
        return (yield from _whole(codec, opened, observed=observed))
    state, following = codec.stream_start(), Next(opened.handle)
    chunk: bytes | LlmError | None = b""
    size = 0
    while isinstance(chunk, bytes) and not codec.stream_ended(state):
        chunk = yield from ask(following)
        if isinstance(chunk, bytes):
            size += len(chunk)
            if size > MAX_STREAM:
                chunk = _too_large(opened.status, MAX_STREAM)
                break
            state, events = codec.stream_step(state, chunk)
            if observed:
                for event in events:
                    yield Emit(event)
    yield from ask(Close(opened.handle))
    outcome = codec.stream_result(state)
    if isinstance(outcome, Failure):
        error = outcome.failure()
        # What the transport says is nearer to the cause than that the stream has no end; what was read stays.
        told = (
            error
            if chunk is None or isinstance(chunk, bytes)
            else replace(chunk, partial=error.partial, usage=error.usage)
        )
        return Failure(told)
    if observed:
        yield Emit(Done(outcome.unwrap()))
    return outcome


def _whole(codec: Codec[object], opened: Opened, *, observed: bool) -> Program[Outcome[Response]]:
    """A stream was asked for, and one JSON document came: an error, or an answer from a server that does not stream."""
    chunks: list[bytes] = []
    size = 0
    while isinstance(chunk := (yield from ask(Next(opened.handle))), bytes):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            chunk = _too_large(opened.status, MAX_BODY)
            break
    yield from ask(Close(opened.handle))
    if chunk is not None:
        return Failure(chunk)
    body = b"".join(chunks)
    if not _is_answer(opened.status):
        return Failure(codec.decode_error(opened.status, opened.headers, body))
    outcome = codec.decode_response(body)
    if observed and isinstance(outcome, Success):
        for event in events_of(outcome.unwrap()):
            yield Emit(event)
    return outcome


def _too_large(status: int, limit: int) -> TooLarge:
    return TooLarge(message=f"the answer is larger than {limit} bytes", status=status)


def _is_answer(status: int) -> bool:
    return 200 <= status < 300
