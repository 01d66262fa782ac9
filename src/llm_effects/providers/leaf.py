"""The leaf of every stack: a completion through a codec and a door, and the answer back.

Law: one call of a leaf is one request. It streams when its events are observed, and when the answer may be longer than
a call that does not stream may take. Nothing is retried, kept or repaired here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, final

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.notes import Attempted, Lost, OtherModel, Skipped
from llm_effects.operations import (
    Close,
    Emit,
    HttpRequest,
    Next,
    Now,
    Observed,
    Open,
    Opened,
    Program,
    Reply,
    Send,
    Tell,
    ask,
)
from llm_effects.ports import MAX_BODY, MAX_SILENCE, MAX_STREAM, Door, check_seconds
from llm_effects.runner import Runner
from llm_pure import (
    Completion,
    Deadline,
    Done,
    LlmError,
    Malformed,
    Outcome,
    Overloaded,
    RateLimited,
    Response,
    ServerFault,
    TooLarge,
    Transient,
)
from llm_pure.errors import snippet
from llm_pure.events import events_of
from llm_pure.json import EMPTY, JsonObject
from llm_pure.prepared import taken
from llm_pure.target import Target, codec_of
from llm_pure.wire import Codec, closed, obeying, retry_after_of

__all__ = ["Leaf"]


@final
@dataclass(frozen=True, slots=True)
class Leaf(Runner):
    """A provider behind a door. Above `longest` tokens (`max_tokens`) a call streams though nobody looks.

    An answer that says nothing for `max_silence` seconds is given up: pings keep a connection alive, and are no
    content.
    """

    door: Door = field(repr=False)
    where: Target
    longest: int | None = None
    when_streaming: JsonObject = EMPTY
    max_silence: float | None = MAX_SILENCE

    def __post_init__(self) -> None:
        check_seconds("max_silence", self.max_silence)

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
        return _answered(self, self.where.filled(completion))


def _answered(leaf: Leaf, completion: Completion) -> Program[Outcome[Response]]:
    """One request and its answer, and a note if somebody else has answered."""
    outcome = yield from _converse(leaf, completion)
    if isinstance(outcome, Success):
        asked, answered = completion.model, outcome.unwrap().model
        if asked and answered and not answered.startswith(asked):
            yield Tell(OtherModel(asked, answered))
    return outcome


def _converse(leaf: Leaf, completion: Completion) -> Program[Outcome[Response]]:
    """One request and its answer."""
    target, door = leaf.where, leaf.door
    codec = codec_of(target.wire)
    encoded = taken(completion, target.wire)
    if isinstance(encoded, Failure):
        return encoded
    request = encoded.unwrap()
    if request.losses:
        yield Tell(Lost(request.losses))
    observed = yield from ask(Observed())
    asked = request.field("max_tokens")
    stream = observed or (leaf.longest is not None and isinstance(asked, int) and asked > leaf.longest)
    extra = leaf.when_streaming.thaw() if stream else None
    body = request.body(stream=stream, extra=extra)
    if isinstance(body, Failure):
        return body
    sent = HttpRequest(codec.PATH, request.headers, body.unwrap(), stream, leaf.max_silence)
    del encoded, request, body  # a thousand calls that wait for their answers hold what goes out, and no more
    yield Tell(Attempted(target.provider, completion.model, stream, len(sent.body)))
    if stream:
        return (yield from _streamed(codec, door, sent, observed=observed))
    reply = yield from ask(Send(door, sent))
    if not isinstance(reply, Reply):
        return Failure(reply)
    if not _is_answer(reply.status):
        return Failure(codec.decode_error(reply.status, reply.headers, reply.body))
    return _read(codec, reply.headers, reply.body)


def _streamed(
    codec: Codec[object], door: Door, sent: HttpRequest, *, observed: bool
) -> Program[Outcome[Response]]:
    opened = yield from ask(Open(door, sent))
    if not isinstance(opened, Opened):
        return Failure(opened)
    kind = opened.headers.get("content-type", "").lower()
    if not _is_answer(opened.status) or "json" in kind or "html" in kind:
        return (yield from _whole(codec, opened, sent, observed=observed))
    state, following = codec.stream_start(), Next(opened.handle)
    chunk: bytes | LlmError | None = b""
    size, heard, silence = 0, 0, _Silence(sent.max_silence)
    while isinstance(chunk, bytes) and not codec.stream_ended(state):
        chunk = yield from ask(following)
        if isinstance(chunk, bytes):
            size += len(chunk)
            if size > MAX_STREAM or size - heard > MAX_BODY:
                chunk = _too_large(opened.status, MAX_STREAM if size > MAX_STREAM else MAX_BODY)
                break
            state, events = codec.stream_step(state, chunk)
            if events:
                heard = size
                silence.broken()
                if observed:
                    for event in events:
                        yield Emit(event)
            elif silence.too_long((yield from ask(Now()))):
                chunk = _no_progress(opened.status, sent.max_silence)
    yield Close(opened.handle)
    if not codec.stream_ended(state):
        state, events = closed(state, codec.stream_step, codec.stream_result)
        if observed:
            for event in events:
                yield Emit(event)
    if skipped := codec.stream_skipped(state):
        yield Tell(Skipped(skipped))
    outcome = codec.stream_result(state)
    if isinstance(outcome, Failure):
        return Failure(_asked_to_wait(_nearest(chunk, outcome.failure()), opened.headers))
    if observed:
        yield Emit(Done(outcome.unwrap()))
    return outcome


def _nearest(last: bytes | LlmError | None, error: LlmError) -> LlmError:
    """What the transport says is nearer to the cause than that the stream has no end; what was read stays."""
    if last is None or isinstance(last, bytes):
        return error
    return replace(last, partial=error.partial, usage=error.usage)


def _whole(
    codec: Codec[object], opened: Opened, sent: HttpRequest, *, observed: bool
) -> Program[Outcome[Response]]:
    """A stream was asked for, and one JSON document came: an error, or an answer from a server that does not stream."""
    chunks: list[bytes] = []
    size, silence = 0, _Silence(sent.max_silence)
    while isinstance(chunk := (yield from ask(Next(opened.handle))), bytes):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            chunk = _too_large(opened.status, MAX_BODY)
            break
        if silence.too_long((yield from ask(Now()))):
            chunk = _no_progress(opened.status, sent.max_silence)
            break
    yield Close(opened.handle)
    if chunk is not None:
        return Failure(chunk)
    body = b"".join(chunks)
    if not _is_answer(opened.status):
        return Failure(codec.decode_error(opened.status, opened.headers, body))
    outcome = _read(codec, opened.headers, body)
    if observed and isinstance(outcome, Success):
        for event in events_of(outcome.unwrap()):
            yield Emit(event)
    return outcome


def _read(codec: Codec[object], headers: Mapping[str, str], body: bytes) -> Outcome[Response]:
    """A whole answer, or a stream that nobody has asked for: it is paid for all the same.

    One that is neither, and does not even say that it is JSON, is told by what it says it is.
    """
    outcome = codec.decode_response(body)
    if isinstance(outcome, Success):
        return outcome
    error, kind = outcome.failure(), headers.get("content-type", "").lower()
    if not isinstance(error, Malformed):
        return Failure(_asked_to_wait(error, headers))
    if "event-stream" in kind:
        streamed = codec.decode_stream((body,))
        if isinstance(streamed, Success):
            return streamed
        error = _asked_to_wait(streamed.failure(), headers)
    if isinstance(error, Malformed) and kind and "json" not in kind:
        return Failure(replace(error, message=snippet(f"content-type {kind}: {error.message}")))
    return Failure(error)


def _asked_to_wait(error: LlmError, headers: Mapping[str, str]) -> LlmError:
    """The error with what the headers say of coming again, where the provider has named one under a good status."""
    if isinstance(error, RateLimited | Overloaded | Transient | ServerFault) and error.retry_after is None:
        return obeying(replace(error, retry_after=retry_after_of(headers)), headers)
    return error


@final
class _Silence:
    """How long nothing has been said. It is measured where bytes come that say nothing: else there is no need to."""

    __slots__ = ("_longest", "_since")

    def __init__(self, longest: float | None) -> None:
        self._longest: Final = longest
        self._since: float | None = None

    def broken(self) -> None:
        self._since = None

    def too_long(self, now: float) -> bool:
        """Bytes have come, and said nothing."""
        if self._since is None:
            self._since = now
        return self._longest is not None and now - self._since > self._longest


def _no_progress(status: int, longest: float | None) -> Deadline:
    return Deadline(message=f"no progress: nothing was said for {longest} seconds", status=status)


def _too_large(status: int, limit: int) -> TooLarge:
    return TooLarge(message=f"the answer is larger than {limit} bytes", status=status)


def _is_answer(status: int) -> bool:
    return 200 <= status < 300
