"""The requests of a trace, each with what came back and how long that took.

Law: an exchange holds all that its steps hold, and every `Sent` and every `Connected` of a trace is in exactly one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from llm_effects.trace.steps import Closed, Connected, Head, Read, Replied, Request, Sent
from llm_effects.trace.trace import Timed
from llm_pure import EMPTY, JsonObject, LlmError
from llm_pure.brief import Brief

__all__ = ["Exchange", "exchanges_of"]


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
