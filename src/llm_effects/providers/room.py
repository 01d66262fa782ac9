"""How large the body of an error may be.

Law: an SDK reads the body of an error whole before it says anything, however large it is; here it comes to its end at
a limit. A hook of the HTTP client does that, and only for the exchanges of a door: whoever else uses the client sees
what they always saw. An HTTP client that is not httpx2's has no such limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final, final

import httpx2
from typing_extensions import override

from llm_effects.providers.watch import HEARING

__all__ = ["MAX_ERROR", "make_room"]

MAX_ERROR: Final = 1024 * 1024
"""How much of the body of an error is read, in bytes; the rest is cut off."""
MAX_PACKED: Final = 64 * 1024
"""The same, compressed: some kilobytes can become very many."""


def make_room(client: object) -> None:
    """Limit the errors of a client of an SDK, once."""
    http: object = getattr(client, "_client", None)  # has no public name in either SDK
    if isinstance(http, httpx2.Client):
        _add(http, _limit)
    elif isinstance(http, httpx2.AsyncClient):
        _add(http, _alimit)


def _add(http: httpx2.Client | httpx2.AsyncClient, hook: object) -> None:
    hooks: list[object] = http.event_hooks["response"]  # type: ignore[assignment]  # of any callable
    if hook not in hooks:
        hooks.append(hook)


def _limit(response: httpx2.Response) -> None:
    hear = HEARING.get()
    if hear is not None:
        if not response.is_success and isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Cut(response.stream, _most(response))
        hear(response)


async def _alimit(response: httpx2.Response) -> None:
    if (
        HEARING.get() is not None
        and not response.is_success
        and isinstance(response.stream, httpx2.AsyncByteStream)
    ):
        response.stream = _AsyncCut(response.stream, _most(response))


def _most(response: httpx2.Response) -> int:
    return MAX_PACKED if "content-encoding" in response.headers else MAX_ERROR


@final
class _Cut(httpx2.SyncByteStream):
    """A body that ends at a limit."""

    def __init__(self, whole: httpx2.SyncByteStream, most: int) -> None:
        self._whole: Final = whole
        self._most: Final = most

    @override
    def __iter__(self) -> Iterator[bytes]:
        left = self._most
        for chunk in self._whole:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    @override
    def close(self) -> None:
        self._whole.close()


@final
class _AsyncCut(httpx2.AsyncByteStream):
    def __init__(self, whole: httpx2.AsyncByteStream, most: int) -> None:
        self._whole: Final = whole
        self._most: Final = most

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for chunk in self._whole:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    @override
    async def aclose(self) -> None:
        await self._whole.aclose()
