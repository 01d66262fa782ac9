"""What was written in OpenAI's words, read again.

Law: an answer goes out, whole or streamed, only if it is read as the answer that was given; else the Failure says what
is lost. `wire` is what the format is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from returns.result import Failure, Success

from llm_pure.errors import Loss, lossy
from llm_pure.json import PlainJson
from llm_pure.normal import essence
from llm_pure.reading import PlainObject
from llm_pure.response import Response
from llm_pure.typed import MISTYPED, check_typed, refused

if TYPE_CHECKING:
    from llm_pure.outcome import Outcome

__all__ = ["answer_read_back", "stream_read_back"]

_Read: TypeAlias = "Callable[[PlainObject], Outcome[Response]]"


def answer_read_back(
    response: Response, write: Callable[[Response, list[Loss]], PlainObject], read: _Read, wire: str
) -> Outcome[dict[str, PlainJson]]:
    """The body that `write` makes of the answer."""
    losses: list[Loss] = []
    try:
        check_typed(response, Response)
        body = write(response, losses)
        back = read(body)
    except MISTYPED as error:
        return Failure(refused(response, Response, error))
    if isinstance(back, Failure):
        return back
    lost = [loss for loss in losses if ".extras." not in loss.path]
    if lost or essence(back.unwrap()) != essence(response):
        return Failure(lossy(*lost or [Loss("$", f"{wire} reads this answer as another one")]))
    return Success(body)


def stream_read_back(
    chunks: tuple[bytes, ...],
    body: PlainObject,
    read_stream: Callable[[tuple[bytes, ...]], Outcome[Response]],
    read: _Read,
    wire: str,
) -> Outcome[tuple[bytes, ...]]:
    """The chunks, if they give the answer that the body gives."""
    if read_stream(chunks) != read(body):
        return Failure(lossy(Loss("$", f"{wire} streams this answer as another one")))
    return Success(chunks)
