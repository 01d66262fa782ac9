"""The requests of a trace, each with what came back and how long that took.

Law: an exchange holds all that its steps hold, and every `Sent` and every `Connected` of a trace is in exactly one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from returns.result import Failure

from llm_effects.operations import HttpRequest
from llm_effects.trace.steps import Closed, Connected, Head, Read, Replied, Request, Sent
from llm_effects.trace.trace import Timed
from llm_pure import EMPTY, Disconnected, JsonObject, LlmError, Misconfigured, Outcome, Response
from llm_pure.brief import Brief
from llm_pure.json import JsonError, canonical_json, parse_json
from llm_pure.target import codec_of, wire_of

__all__ = ["Exchange", "exchanges_of", "outcome_of", "question_of", "texts"]


@dataclass(frozen=True, slots=True, repr=False)
class Exchange(Brief):
    """A request and its answer.

    `status` is None where no answer began. `error` is what happened on the way, before the answer or in its middle.
    `waited` is how many seconds passed before the answer began, `pauses` how many before each of its chunks, `tail`
    how many before it was known to have ended. `step` is the number of the step that sent the request. `whole` says
    that it was read for as long as anybody wanted: to its end, its error, or as far as it mattered.
    """

    request: Request
    step: int
    at: float
    waited: float
    status: int | None = None
    headers: JsonObject = EMPTY
    chunks: tuple[bytes, ...] = field(default=(), repr=False)
    pauses: tuple[float, ...] = field(default=(), repr=False)
    tail: float = 0.0
    error: LlmError | None = None
    whole: bool = True

    @property
    def took(self) -> float:
        """How many seconds were spent waiting for it."""
        return self.waited + sum(self.pauses) + self.tail

    @property
    def ended(self) -> float:
        """When it ended, at the earliest, in seconds since the run began."""
        return self.at + self.took

    @property
    def body(self) -> bytes:
        """All of the answer that came."""
        return b"".join(self.chunks)


def exchanges_of(steps: Sequence[Timed]) -> tuple[Exchange, ...]:
    """The exchanges, in the order in which they began."""
    found: list[Exchange] = []
    opened: dict[int, int] = {}
    read: dict[int, list[tuple[bytes, float]]] = {}
    for number, step in enumerate(steps):
        match step.did:
            case Sent(request, Replied(status, headers, body)):
                found.append(Exchange(request, number, step.at, step.took, status, headers, (body,), (0.0,)))
            case Connected(request, Head(handle, status, headers)):
                opened[handle] = len(found)
                found.append(Exchange(request, number, step.at, step.took, status, headers, whole=False))
            case Sent(request, error) | Connected(request, error) if isinstance(error, LlmError):
                found.append(Exchange(request, number, step.at, step.took, error=error))
            case Read(handle, bytes(data)) if handle in opened:
                read.setdefault(handle, []).append((data, step.took))
            case Read(handle, None, error) if handle in opened:
                at = opened[handle]
                found[at] = replace(found[at], error=error, tail=step.took, whole=True)
            case Closed(handle) if handle in opened:
                found[opened[handle]] = replace(found[opened[handle]], whole=True)
            case _:
                pass
    for handle, pieces in read.items():
        chunks, pauses = tuple([data for data, _ in pieces]), tuple([pause for _, pause in pieces])
        found[opened[handle]] = replace(found[opened[handle]], chunks=chunks, pauses=pauses)
    return tuple(found)


# ---------------------------------------------------------------- what an exchange says


def outcome_of(exchange: Exchange) -> Outcome[Response]:
    """What the answer says, by the codec of its request's path."""
    wire = wire_of(exchange.request.path)
    if wire is None:
        return Failure(Misconfigured(message=f"no wire format is spoken at {exchange.request.path}"))
    if exchange.status is None:
        return Failure(exchange.error or Disconnected(message="no answer was recorded"))
    codec, headers = codec_of(wire), texts(exchange.headers)
    if not 200 <= exchange.status < 300:
        return Failure(codec.decode_error(exchange.status, headers, exchange.body))
    if "event-stream" in headers.get("content-type", ""):
        read = codec.decode_stream(exchange.chunks)
        if isinstance(read, Failure) and exchange.error is not None:
            told = read.failure()
            return Failure(replace(exchange.error, partial=told.partial, usage=told.usage))
        return read
    return Failure(exchange.error) if exchange.error is not None else codec.decode_response(exchange.body)


def texts(headers: JsonObject) -> dict[str, str]:
    """Headers as a mapping of texts."""
    return {name: value for name, value in headers.items() if isinstance(value, str)}


def question_of(request: HttpRequest | Request) -> bytes:
    """What is asked, so that what is the same as JSON is the same."""
    try:
        body = canonical_json(parse_json(request.body))
    except JsonError:
        body = request.body
    return request.path.encode() + b"\n" + body
