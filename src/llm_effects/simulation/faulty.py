"""A provider that is well most of the time.

Law: what it answers depends on the request, the world's seed and nothing else. Its faults look as the providers' own
do: the statuses, types and headers are theirs, a cut stream is one of their streams, cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never

from llm_effects.interpreters.answers import Answer, Cut, Raw, Slow
from llm_effects.operations import HttpRequest
from llm_pure import (
    AssistantMessage,
    Disconnected,
    Overloaded,
    RateLimited,
    Response,
    ServerFault,
    Text,
    Unreachable,
    Usage,
)

if TYPE_CHECKING:
    from random import Random

__all__ = ["MIX", "WELL", "Kind", "fault", "faulty"]

Kind: TypeAlias = Literal[
    "overloaded",
    "rate_limited",
    "server_fault",
    "unreachable",
    "disconnected",
    "cut",
    "closed",
    "malformed",
    "slow",
    "max_tokens",
]
"""What may go wrong. `cut`: the connection breaks in the middle of the answer. `closed`: it ends there as if that were
all. `max_tokens`: the answer is whole on the wire, and cut off by its limit."""

MIX: Final[Mapping[Kind, float]] = {
    "overloaded": 4,
    "rate_limited": 3,
    "server_fault": 2,
    "unreachable": 1,
    "disconnected": 1,
    "cut": 2,
    "closed": 1,
    "malformed": 1,
    "slow": 3,
    "max_tokens": 2,
}
"""How often each fault comes, relative to the others."""

WELL: Final = Response(
    AssistantMessage((Text("It is sunny in Lisbon, and will be for days."),)), Usage(20, 12), "end"
)
"""What is answered where nothing else is asked for."""


def faulty(
    well: Response | Callable[[HttpRequest, Random], Response] = WELL,
    *,
    rate: float = 0.3,
    mix: Mapping[Kind, float] = MIX,
) -> Callable[[HttpRequest, Random], Answer]:
    """A script for a `World`: of all requests so many (`rate`, 0 to 1) meet a fault of the mix, and no other does.

    Raises ValueError for a rate or a mix that is none.
    """
    if not 0 <= rate <= 1 or not mix or min(mix.values()) < 0 or sum(mix.values()) <= 0:
        raise ValueError("a rate is from 0 to 1, and a mix has weights, none negative and one above 0")
    kinds, weights = tuple(mix), tuple(mix.values())

    def script(request: HttpRequest, chance: Random) -> Answer:
        answer = well if isinstance(well, Response) else well(request, chance)
        if chance.random() >= rate:
            return answer
        return fault(chance.choices(kinds, weights)[0], answer, chance)

    return script


def fault(kind: Kind, answer: Response, chance: Random) -> Answer:
    """One fault in the place of an answer."""
    match kind:
        case "overloaded":
            return Overloaded(message="Overloaded", status=529, type="overloaded_error")
        case "rate_limited":
            asked = round(chance.uniform(0.1, 30.0), 1) if chance.random() < 0.8 else None
            return RateLimited(
                message="Too many requests", status=429, type="rate_limit_error", retry_after=asked
            )
        case "server_fault":
            status = chance.choice((500, 502, 504))
            return ServerFault(message="Internal server error", status=status, type="api_error")
        case "unreachable":
            return Unreachable(message="connection refused")
        case "disconnected":
            return Disconnected(message="the server closed the connection")
        case "cut":
            return Cut(answer, chance.random())
        case "closed":
            return Cut(answer, chance.random(), closed=True)
        case "malformed":
            page = (200, "text/html", b"<html><title>Sign in</title></html>")
            status, kind_of, body = chance.choice((page, (200, "application/json", b'{"answer": ')))
            return Raw(status, {"content-type": kind_of}, (body,))
        case "slow":
            return Slow(chance.uniform(1.0, 90.0), answer, each=chance.choice((0.0, 0.1, 5.0)))
        case "max_tokens":
            half = answer.text[: len(answer.text) // 2]
            return Response(AssistantMessage((Text(half),)), answer.usage, "max_tokens")
        case _:
            assert_never(kind)
