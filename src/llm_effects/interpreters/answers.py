"""What a simulated provider may answer, and how that goes over the wire.

Law: an answer is data. A `Response` and an error with words of a provider go through the codec that a real provider's
would have to be read by; everything that is no answer happens on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from returns.result import Failure

from llm_pure import (
    BreakerOpen,
    CassetteMiss,
    Deadline,
    Disconnected,
    LlmError,
    Misconfigured,
    Response,
    Timeout,
    TlsRefused,
    Unreachable,
)
from llm_pure.json import dump_json
from llm_pure.wire import Codec

__all__ = ["Answer", "Cut", "Failed", "Raw", "Slow", "on_the_wire"]


@dataclass(frozen=True, slots=True)
class Slow:
    """An answer that begins after so many virtual seconds, and pauses for `each` before every chunk of a stream."""

    seconds: float
    answer: Response | LlmError | Cut | Raw | Failed
    each: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """An answer of which only this part of its bytes comes (0: none, 1: all).

    The connection then breaks, or, if it is `closed`, ends as if that were all.
    """

    answer: Response
    keep: float = 0.5
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it goes over the wire, whatever it may be. A chunk that is an error breaks it off.

    `pauses` are the virtual seconds before each chunk; where they are fewer than the chunks, the rest comes at once.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: tuple[bytes | LlmError, ...] = field(default=(), repr=False)
    pauses: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: this error happens on the way, though a provider might have said it, too."""

    error: LlmError


Answer: TypeAlias = Response | LlmError | Slow | Cut | Raw | Failed


def on_the_wire(
    codec: Codec[object], answer: Response | LlmError | Cut | Raw | Failed, *, stream: bool
) -> Raw | LlmError:
    """The answer as its provider would send it."""
    match answer:
        case Raw():
            return answer
        case Failed(error):
            return error
        case Cut(response, keep, closed):
            return _cut(on_the_wire(codec, response, stream=stream), keep, closed=closed)
        case Response() if stream:
            chunks = codec.encode_stream(answer)
            if isinstance(chunks, Failure):
                return chunks.failure()
            return Raw(200, {"content-type": "text/event-stream"}, chunks.unwrap())
        case Response():
            body = codec.encode_response(answer)
            if isinstance(body, Failure):
                return body.failure()
            return Raw(200, {"content-type": "application/json"}, (dump_json(body.unwrap()),))
        case (
            Unreachable()
            | TlsRefused()
            | Timeout()
            | Disconnected()
            | Deadline()
            | BreakerOpen()
            | Misconfigured()
            | CassetteMiss()
        ):
            return answer  # a provider cannot put these into an answer: they happen on the way
        case _:
            told = codec.encode_error(answer)
            return Raw(told.status, told.headers, (told.body,))


def _cut(answer: Raw | LlmError, keep: float, *, closed: bool) -> Raw | LlmError:
    if not isinstance(answer, Raw):
        return answer
    left = int(
        min(max(keep, 0.0), 1.0) * sum(len(chunk) for chunk in answer.chunks if isinstance(chunk, bytes))
    )
    kept: list[bytes | LlmError] = []
    for chunk in answer.chunks:
        if isinstance(chunk, bytes) and left > 0:
            kept.append(chunk[:left])
            left -= len(chunk)
    if not closed:
        kept.append(Disconnected(message="the connection broke", phase="during"))
    return replace(answer, chunks=tuple(kept))
