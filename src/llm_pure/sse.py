"""Server-sent events, as a fold over bytes.

Law: any chunking of the same bytes gives the same events. LF, CRLF and CR end a line, also in a mixture and
also across chunks; several `data` lines are joined by newlines; comments and a BOM are skipped. An event whose
blank line never came is not an event. Where it is left out between two that are JSON objects, which no newline joins to
one, they are two all the same. A field `error`, which the standard does not know, is an event of that type: some
servers say so why a stream breaks off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

__all__ = ["SSE_START", "SseEvent", "SseState", "sse_step"]


SseEvent: TypeAlias = tuple[bytes, bytes]
"""One event: its type (empty if none was named) and its data, undecoded. As plain as can be: there are thousands."""


class Held(NamedTuple):
    """Bytes that came, and those before them: a long event is put together once, and not with every chunk."""

    before: Held | None
    chunk: bytes


@dataclass(frozen=True, slots=True)
class SseState:
    """Bytes that do not make an event yet, their line ends already LF."""

    held: Held | None = None
    begun: bool = False
    """The place where a BOM could stand is past."""
    after_cr: bool = False
    """The last byte was CR, taken for a line end: an LF that follows belongs to it."""

    @property
    def rest(self) -> bytes:
        """The bytes that do not make an event yet."""
        chunks: list[bytes] = []
        held = self.held
        while held is not None:
            chunks.append(held.chunk)
            held = held.before
        return b"".join(reversed(chunks))


SSE_START: Final = SseState()
_BETWEEN: Final = SseState(begun=True)
"""Between two events, where most chunks end."""

_BOM = b"\xef\xbb\xbf"


def sse_step(state: SseState, chunk: bytes) -> tuple[SseState, tuple[SseEvent, ...]]:
    """The events that are whole once `chunk` has come."""
    if not chunk:
        return state, ()
    if type(chunk) is not bytes:  # another buffer, which its owner may fill again
        chunk = bytes(memoryview(chunk))
    after_cr = False
    if b"\r" in chunk or state.after_cr:
        if state.after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        after_cr = chunk.endswith(b"\r")
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = chunk
    if state.held is not None:
        if (
            state.begun
            and b"\n\n" not in chunk
            and not (chunk.startswith(b"\n") and state.held.chunk.endswith(b"\n"))
        ):
            return SseState(Held(state.held, chunk) if chunk else state.held, True, after_cr), ()
        data = state.rest + chunk
    if not state.begun:
        if len(data) < len(_BOM) and _BOM.startswith(data):
            return SseState(Held(None, data), after_cr=after_cr), ()
        data = data.removeprefix(_BOM)
    blocks = data.split(b"\n\n")
    rest = blocks.pop()
    events: list[SseEvent] = []
    for block in blocks:
        _read(block, events)
    if rest or after_cr:
        return SseState(Held(None, rest) if rest else None, True, after_cr), tuple(events)
    return _BETWEEN, tuple(events)


def _read(block: bytes, events: list[SseEvent]) -> None:
    # Nearly all are written in one of these two ways.
    name, found, line = block.partition(b"\ndata: ")
    if found and name.startswith(b"event: ") and block.count(b"\n") == 1:
        events.append((name[7:], line))
        return
    if block.startswith(b"data: ") and b"\n" not in block:
        events.append((b"", block[6:]))
        return
    kind = named = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        if line.startswith(b"data:"):
            text = line[6:] if line.startswith(b" ", 5) else line[5:]
            if data and data[-1].endswith(b"}") and (text.startswith(b"{") or text == b"[DONE]"):
                events.append((named, b"\n".join(data)))
                data = []
            data.append(text)
            named = kind
        elif line.startswith(b"event:"):
            kind = line[7:] if line.startswith(b" ", 6) else line[6:]
        elif line.startswith(b"error:"):
            if data:
                events.append((named, b"\n".join(data)))
                data = []
            events.append((b"error", line[6:]))
        elif line == b"data":
            data.append(b"")
    if data:
        events.append((kind, b"\n".join(data)))
