"""Server-sent events, as a fold over bytes.

Law: any chunking of the same bytes gives the same events. LF, CRLF and CR end a line, also in a mixture and
also across chunks; several `data` lines are joined by newlines; comments and a BOM are skipped. An event whose
blank line never came is not an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SSE_START", "SseEvent", "SseState", "sse_step"]


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its type (empty if none was named) and its data, undecoded."""

    event: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class SseState:
    """Bytes that do not make an event yet, their line ends already LF."""

    rest: bytes = b""
    begun: bool = False
    """The place where a BOM could stand is past."""
    after_cr: bool = False
    """The last byte was CR, taken for a line end: an LF that follows belongs to it."""


SSE_START: Final = SseState()

_BOM = b"\xef\xbb\xbf"


def sse_step(state: SseState, chunk: bytes) -> tuple[SseState, tuple[SseEvent, ...]]:
    """The events that are whole once `chunk` has come."""
    if not chunk:
        return state, ()
    if state.after_cr and chunk.startswith(b"\n"):
        chunk = chunk[1:]
    after_cr = chunk.endswith(b"\r")
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = state.rest + chunk
    if not state.begun:
        if len(data) < len(_BOM) and _BOM.startswith(data):
            return SseState(data, after_cr=after_cr), ()
        data = data.removeprefix(_BOM)
    *blocks, rest = data.split(b"\n\n")
    events = [event for block in blocks if (event := _event(block)) is not None]
    return SseState(rest, True, after_cr), tuple(events)


def _event(block: bytes) -> SseEvent | None:
    kind = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        if line.startswith(b"data:"):
            data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
        elif line.startswith(b"event:"):
            kind = line[7:] if line.startswith(b" ", 6) else line[6:]
        elif line == b"data":
            data.append(b"")
    return SseEvent(kind, data[0] if len(data) == 1 else b"\n".join(data)) if data else None
