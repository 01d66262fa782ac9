"""A compressed body, unpacked a bounded piece at a time.

Law: no piece is longer than `PIECE`, however well it was packed, so that whoever counts what comes holds a limit, and
one comes for all that came packed, though it be empty. A body that is corrupt, or ends before its compression does,
raises `DecodingError` after all that could be read of it.

We ask for gzip alone, since nothing else can be bounded without another package. What comes packed in another way is
handed on as it is, and is then no JSON.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    import httpx2

__all__ = ["ACCEPTED", "PIECE", "DecodingError", "Unpacker", "abody_of", "body_of", "unpacker_of"]

ACCEPTED: Final = "gzip"
"""The header `accept-encoding` of what we send."""
PIECE: Final = 256 * 1024
"""The longest piece, in bytes."""


class DecodingError(Exception):
    """The body cannot be decompressed."""


@final
class Unpacker:
    """gzip, of one member or of several."""

    __slots__ = ("_begun", "_inflate")

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces that are whole once `data` has come. What follows the last member is none of the body."""
        self._begun = self._begun or bool(data)
        while data:
            if self._inflate.eof:
                if not data.startswith(b"\x1f"):
                    return
                self._inflate = zlib.decompressobj(wbits=31)
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error:
                raise DecodingError from None
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        """The body has ended."""
        if self._begun and not self._inflate.eof:
            raise DecodingError


def unpacker_of(response: httpx2.Response) -> Unpacker | None:
    """What unpacks this body; None: it is not packed, or in a way that nobody asked for."""
    packed = response.headers.get("content-encoding", "").strip().lower()
    return Unpacker() if packed in {"gzip", "x-gzip"} else None


def body_of(response: httpx2.Response) -> Iterator[bytes]:
    """The pieces of a body that nobody has read."""
    unpacker, raw = unpacker_of(response), _raw(response)
    return raw if unpacker is None else _unpacked(unpacker, raw)


def _raw(response: httpx2.Response) -> Iterator[bytes]:
    """The pieces as they come. `iter_raw` cuts none either, but has two more frames and a list for each."""
    if not response.is_closed and isinstance(response.stream, Iterable):
        return iter(response.stream)
    return response.iter_raw()


def _unpacked(unpacker: Unpacker, raw: Iterable[bytes]) -> Iterator[bytes]:
    for data in raw:
        yield from unpacker.feed(data)
        yield b""  # bytes may unpack to nothing for ever: whoever reads looks at the time with each piece
    unpacker.end()


def abody_of(response: httpx2.Response) -> AsyncGenerator[bytes]:
    """The same on an event loop."""
    unpacker, raw = unpacker_of(response), _araw(response)
    return raw if unpacker is None else _aunpacked(unpacker, raw)


def _araw(response: httpx2.Response) -> AsyncGenerator[bytes]:
    if not response.is_closed and isinstance(response.stream, AsyncIterable):
        chunks = aiter(response.stream)
        if isinstance(chunks, AsyncGenerator):
            return chunks
    return response.aiter_raw()


async def _aunpacked(unpacker: Unpacker, raw: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(raw):
        async for data in raw:
            for piece in unpacker.feed(data):
                yield piece
            yield b""
    unpacker.end()
