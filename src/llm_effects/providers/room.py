"""What a door asks of the HTTP client below an SDK: that errors are bounded, and that no unsendable header goes out.

Law: an SDK reads the body of an error whole before it says anything, however large it is; here it comes to its end at
a limit, or where it breaks: the status has said what matters. A header that HTTP cannot carry is refused before a
connection is opened. Hooks of the HTTP client do that, and only for the exchanges of a door: whoever else uses the
client sees what they always saw. An HTTP client that is not httpx2's has no such limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final, final

import httpx2
from typing_extensions import override

from llm_effects.providers.reach import HEARING, areach, reach
from llm_effects.providers.unpack import DecodingError, Unpacker, unpacker_of

__all__ = ["MAX_ERROR", "UnsendableHeader", "held", "let_go", "make_room"]

MAX_ERROR: Final = 1024 * 1024
"""How much of the body of an error is read, in bytes, unpacked; the rest is cut off."""


class UnsendableHeader(Exception):
    """A header that HTTP cannot carry, or a key with a space. Which it is stays untold."""


def make_room(client: object) -> None:
    """Put the hooks into the HTTP client of a client of an SDK, once."""
    http: object = getattr(client, "_client", None)  # has no public name in either SDK
    if isinstance(http, httpx2.Client):
        for transport in _transports(http):
            if isinstance(transport, httpx2.HTTPTransport):
                reach(transport._pool)  # noqa: SLF001 - nothing public reaches it
        _add(http, "request", _checked)
        _add(http, "response", _limit)
    elif isinstance(http, httpx2.AsyncClient):
        for transport in _transports(http):
            if isinstance(transport, httpx2.AsyncHTTPTransport):
                areach(transport._pool)  # noqa: SLF001 - likewise
        _add(http, "request", _achecked)
        _add(http, "response", _alimit)


def _add(http: httpx2.Client | httpx2.AsyncClient, event: str, hook: object) -> None:
    hooks: list[object] = http.event_hooks[event]  # type: ignore[assignment]  # of any callable
    if hook not in hooks:
        hooks.append(hook)


async def let_go(client: object) -> None:
    """Close the connections that an asynchronous client of an SDK keeps. Used again, it opens others."""
    http: object = getattr(client, "_client", None)
    if isinstance(http, httpx2.AsyncClient):
        for transport in _transports(http):
            if isinstance(transport, httpx2.AsyncHTTPTransport):
                await transport.aclose()


def held(client: object) -> int:
    """How many connections an asynchronous client of an SDK has open or keeps."""
    http: object = getattr(client, "_client", None)
    if not isinstance(http, httpx2.AsyncClient):
        return 0
    pools = [it._pool for it in _transports(http) if isinstance(it, httpx2.AsyncHTTPTransport)]  # noqa: SLF001
    return sum(len(getattr(pool, "connections", ())) for pool in pools)


def _transports(http: httpx2.Client | httpx2.AsyncClient) -> tuple[object, ...]:
    return http._transport, *http._mounts.values()  # noqa: SLF001 - nothing public reaches them


# ---------------------------------------------------------------- headers going out

_CANNOT_GO: Final = (b"\0", b"\r", b"\n ", b"\n\t", b" \n", b"\t\n")
"""What no line of headers may hold, of lines that all begin and end with a newline."""
_KEYS: Final = frozenset({b"x-api-key", b"api-key", b"authorization"})


def _checked(request: httpx2.Request) -> None:
    if HEARING.get() and not _can_go(request.headers.raw):
        raise UnsendableHeader


async def _achecked(request: httpx2.Request) -> None:
    _checked(request)


def _can_go(headers: list[tuple[bytes, bytes]]) -> bool:
    values = b"\n%b\n" % b"\n".join([value for _, value in headers])
    if values.count(b"\n") != len(headers) + 1 or any(map(values.__contains__, _CANNOT_GO)):
        return False
    return all(_is_key(name, value) for name, value in headers if name.lower() in _KEYS)


def _is_key(name: bytes, value: bytes) -> bool:
    """Whether the value is a key as it is sent, or is none at all: there are other ways to be authorized."""
    if name.lower() == b"authorization":
        if value[:7].lower() != b"bearer ":
            return True
        value = value[7:]
    return value.isascii() and value.split() == [value]


# ---------------------------------------------------------------- errors coming in


def _limit(response: httpx2.Response) -> None:
    if HEARING.get() and not response.is_success and isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Cut(response.stream, _unpacked_here(response))


async def _alimit(response: httpx2.Response) -> None:
    if HEARING.get() and not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _AsyncCut(response.stream, _unpacked_here(response))


def _unpacked_here(response: httpx2.Response) -> Unpacker | None:
    """What unpacks an error. The client's own decoder, which knows no limit, is never asked: what is packed in a way
    that nobody asked for stays as it is."""
    unpacker = unpacker_of(response)
    response.headers.pop("content-encoding", None)
    return unpacker


@final
class _Room:
    """How much more may come."""

    def __init__(self, unpacker: Unpacker | None) -> None:
        self._unpacker: Final = unpacker
        self.left = MAX_ERROR

    def take(self, chunk: bytes) -> Iterator[bytes]:
        for piece in (chunk,) if self._unpacker is None else self._unpacker.feed(chunk):
            yield piece[: self.left]
            self.left -= len(piece)
            if self.left <= 0:
                return


@final
class _Cut(httpx2.SyncByteStream):
    """A body that ends at a limit."""

    def __init__(self, whole: httpx2.SyncByteStream, unpacker: Unpacker | None) -> None:
        self._whole: Final = whole
        self._room: Final = _Room(unpacker)

    @override
    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._whole:
                yield from self._room.take(chunk)
                if self._room.left <= 0:
                    return
        except (httpx2.TransportError, DecodingError):
            return

    @override
    def close(self) -> None:
        self._whole.close()


@final
class _AsyncCut(httpx2.AsyncByteStream):
    def __init__(self, whole: httpx2.AsyncByteStream, unpacker: Unpacker | None) -> None:
        self._whole: Final = whole
        self._room: Final = _Room(unpacker)

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._whole:
                for piece in self._room.take(chunk):
                    yield piece
                if self._room.left <= 0:
                    return
        except (httpx2.TransportError, DecodingError):
            return

    @override
    async def aclose(self) -> None:
        await self._whole.aclose()
