"""What a stub can be told to answer, as frozen values.

Law: a step is data. `Sent` says what goes wrong on the way with an answer that is itself in order; its fields are
independent of each other, and each has a default that does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from llm_pure.errors import LlmError
from llm_pure.response import Response

__all__ = ["Answer", "Ending", "Raw", "Refuse", "Sent", "Step", "Verbatim"]


@dataclass(frozen=True, slots=True)
class Raw:
    """Any HTTP answer. A body that is a tuple is sent as a stream, each piece a write of its own.

    Framing headers (`content-length`, `transfer-encoding`) are added unless given here, right or wrong; names may
    repeat, and values may be huge.
    """

    body: bytes | tuple[bytes, ...] = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


Answer: TypeAlias = str | Response | LlmError | Raw
"""An answer in order: a text is the `Response` that says it and ends; an error goes out as its provider words it."""

Ending: TypeAlias = Literal["clean", "close", "reset", "stall", "pings", "flood"]
"""What comes after the last byte sent:

    clean   the end, properly framed, as if nothing were missing
    close   the connection is closed; HTTP's own end is missing if anything was cut
    reset   the same, by RST
    stall   nothing, and the connection stays open until the client leaves
    pings   the provider's keep-alive pings, one every `pause` seconds, for ever
    flood   blanks, as fast as they are taken, for ever
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer, and what happens to it on its way."""

    answer: Answer
    delay: float = 0.0
    """Seconds before the headers. Infinite: they never come."""
    pause: float = 0.0
    """Seconds between two writes."""
    size: int | None = None
    """Bytes per write; None: an event per write, or the whole body. 1 with a pause is a drip."""
    seed: int | None = None
    """Writes of random sizes up to `size` (or 16), drawn from this seed."""
    cut_events: int | None = None
    """Only so many events are sent. A body that is no stream is one event."""
    cut_bytes: int | None = None
    """Only so many bytes of the body are sent, as they are on the wire: compressed, and without HTTP's framing."""
    then: LlmError | None = None
    """After the events, an error as an event of the stream."""
    ending: Ending = "clean"
    garble: tuple[int, ...] = ()
    """The bytes at these places of the body are inverted; negative places count from the end."""
    content_type: str | None = None
    """Instead of the right one; "" is none."""
    headers: tuple[tuple[str, str], ...] = ()
    """In addition."""
    gzip: bool | None = None
    """Compressed, if the client accepts it; None: as the stub is set up."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request is read and the connection closed, or reset, without a word."""

    reset: bool = False
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Verbatim:
    """These bytes instead of HTTP; then the connection is closed."""

    data: bytes
    delay: float = 0.0


Step: TypeAlias = Answer | Sent | Refuse | Verbatim
"""What one request is answered with."""
