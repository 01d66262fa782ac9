"""From a step to what the server does: which bytes, with which pauses, to which end. No I/O.

Law: the same step, request and settings give the same plan.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from returns.result import Failure

from llm_effects.stub.http1 import LAST_CHUNK, Pairs, chunk, head
from llm_effects.stub.script import Ending, Raw, Refuse, Sent, Step, Verbatim
from llm_effects.stub.wires import Payload, Wire
from llm_pure.errors import LlmError
from llm_pure.json import dump_json
from llm_pure.messages import AssistantMessage
from llm_pure.parts import Text
from llm_pure.response import NO_USAGE, Response, Usage

__all__ = ["Asked", "Plan", "ScriptError", "plain", "planned"]


class ScriptError(Exception):
    """A step that cannot be answered: a mistake in the script."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request its answer depends on."""

    wire: Wire
    payload: Payload
    body: bytes
    occurrence: int
    """How many requests with this body came before."""
    accepts_gzip: bool
    keep_alive: bool = True

    @property
    def stream(self) -> bool:
        return self.payload.get("stream") is True


@dataclass(frozen=True, slots=True)
class Plan:
    """Wait `delay` seconds, do these writes `pause` seconds apart, end. `filler`, if any, goes on for ever."""

    writes: tuple[bytes, ...]
    delay: float = 0.0
    pause: float = 0.0
    ending: Ending = "clean"
    filler: bytes = b""


@dataclass(frozen=True, slots=True)
class _Content:
    """An answer before anything happens to it. `events` are its writes."""

    status: int
    content_type: str
    headers: Pairs
    events: tuple[bytes, ...]
    stream: bool


def planned(step: Step, asked: Asked, *, gzip: bool = False, headers: Pairs = ()) -> Plan:
    """The plan for a step. `gzip` and `headers` are the stub's own settings. Raises `ScriptError`."""
    if isinstance(step, Refuse):
        return Plan((), delay=step.delay, ending="reset" if step.reset else "close")
    if isinstance(step, Verbatim):
        return Plan((step.data,), delay=step.delay, ending="close")
    sent = step if isinstance(step, Sent) else Sent(step)
    content = _content(sent, asked)
    zipped = (gzip if sent.gzip is None else sent.gzip) and asked.accepts_gzip and bool(content.events)
    events = content.events[: sent.cut_events]
    if sent.then is not None:
        error = asked.wire.codec.encode_error(sent.then).body.replace(b"\n", b" ")
        events = (*events, asked.wire.error_event + error + b"\n\n")
    if zipped:
        events = tuple(_zipped(events))
    whole = b"".join(events)
    body = _garbled(whole, sent.garble)[: sent.cut_bytes]
    chunked = content.stream or sent.ending in _ENDLESS
    own = {name.lower() for name, _ in content.headers + sent.headers}
    framing: Pairs = ()
    if not own & {"content-length", "transfer-encoding"}:
        # An end that is not clean breaks the promise made here; a clean one hides that anything is missing.
        uncut = _zipped(content.events) if zipped else content.events
        length = len(body) if sent.ending == "clean" else sum(map(len, uncut))
        framing = (("transfer-encoding", "chunked"),) if chunked else (("content-length", str(length)),)
    chunked = framing == (("transfer-encoding", "chunked"),)
    content_type = content.content_type if sent.content_type is None else sent.content_type
    all_headers = (
        *((("content-type", content_type),) if content_type else ()),
        *((("content-encoding", "gzip"),) if zipped else ()),
        *framing,
        *((asked.wire.request_id, asked.wire.request_id_for(asked.body, asked.occurrence)),),
        *(() if asked.keep_alive and sent.ending == "clean" else (("connection", "close"),)),
        *headers,
        *content.headers,
        *sent.headers,
    )
    pieces = [chunk(piece) if chunked else piece for piece in _pieces(body, events, sent) if piece]
    if chunked and sent.ending == "clean":
        pieces.append(LAST_CHUNK)
    filler = {"pings": asked.wire.ping, "flood": b" " * 65536}.get(sent.ending, b"")
    return Plan(
        writes=(head(content.status, all_headers), *pieces),
        delay=sent.delay,
        pause=sent.pause,
        ending=sent.ending,
        filler=chunk(filler) if chunked else filler,
    )


_ENDLESS: Final = frozenset({"pings", "flood"})


def plain(status: int, message: str) -> Plan:
    """An answer of the stub's own, in no provider's name, and not worth another try."""
    body = message.encode("utf-8", "replace")
    headers = (
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", str(len(body))),
        ("x-should-retry", "false"),
        ("connection", "close"),
    )
    return Plan((head(status, headers), body), ending="close")


# ---------------------------------------------------------------- the answer


def _content(sent: Sent, asked: Asked) -> _Content:
    answer = sent.answer
    if isinstance(answer, Raw):
        stream = isinstance(answer.body, tuple)
        events = answer.body if isinstance(answer.body, tuple) else (answer.body,)
        return _Content(answer.status, _EVENTS if stream else "", answer.headers, events, stream)
    if not isinstance(answer, str | Response):
        return _error(answer, asked)
    response = _said(answer) if isinstance(answer, str) else answer
    response = replace(
        response,
        id=response.id if response.id is not None else asked.wire.id_for(asked.body, asked.occurrence),
        model=response.model if response.model is not None else _model(asked),
    )
    response = asked.wire.filled(response, asked.payload)
    codec = asked.wire.codec
    if asked.stream:
        streamed = codec.encode_stream(_reported(response, asked))
        if isinstance(streamed, Failure):
            raise ScriptError(f"the response cannot be sent as a stream: {streamed.failure()}")
        return _Content(200, _EVENTS, (), streamed.unwrap(), stream=True)
    encoded = codec.encode_response(response)
    if isinstance(encoded, Failure):
        raise ScriptError(f"the response cannot be sent: {encoded.failure()}")

    return _Content(200, _JSON, (), (dump_json(encoded.unwrap()),), stream=False)


_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream; charset=utf-8"


def _error(error: LlmError, asked: Asked) -> _Content:
    answer = asked.wire.codec.encode_error(error)
    headers = tuple((name, value) for name, value in answer.headers.items() if name.lower() != "content-type")
    kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), _JSON)
    return _Content(answer.status, kind, headers, (answer.body,), stream=False)


def _said(text: str) -> Response:
    usage = Usage(input_tokens=1, output_tokens=max(1, len(text.split())))
    return Response(AssistantMessage((Text(text),)), usage=usage, stop_reason="end")


def _model(asked: Asked) -> str:
    model = asked.payload.get("model")
    return model if isinstance(model, str) else "stub"


def _reported(response: Response, asked: Asked) -> Response:
    """Chat tells the usage of a stream to those who ask for it."""
    options = asked.payload.get("stream_options")
    if asked.wire.format != "openai_chat" or (
        isinstance(options, dict) and options.get("include_usage") is True
    ):
        return response
    return replace(response, usage=NO_USAGE)


# ---------------------------------------------------------------- what happens to it


def _zipped(events: tuple[bytes, ...]) -> Iterator[bytes]:
    """Each event can be read as soon as it has come. Without a date in it, so the bytes are always the same."""
    packer = zlib.compressobj(wbits=31)
    for event in events[:-1]:
        yield packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
    for event in events[-1:]:
        yield packer.compress(event) + packer.flush()


def _garbled(body: bytes, places: tuple[int, ...]) -> bytes:
    data = bytearray(body)
    for place in places:
        if -len(data) <= place < len(data):
            data[place] ^= 0xFF
    return bytes(data)


def _pieces(body: bytes, events: tuple[bytes, ...], sent: Sent) -> Iterator[bytes]:
    """The body in the writes that the step asks for."""
    if sent.size is not None and sent.size < 1:
        raise ScriptError(f"a write of {sent.size} bytes")
    if sent.seed is not None:
        chance = random.Random(sent.seed)
        sizes = iter(lambda: chance.randint(1, sent.size or 16), 0)
    elif sent.size is not None:
        size = sent.size
        sizes = iter(lambda: size, 0)
    else:
        sizes = map(len, events)
    at = 0
    for size in sizes:
        if at >= len(body):
            return
        yield body[at : at + size]
        at += size
