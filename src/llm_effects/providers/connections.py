"""An answer that has begun, on a thread or on an event loop.

Law: whatever the transport raises while an answer is read is a value, once; and a finished answer leaves its connection
to the next one, as long as its end does not keep anybody waiting.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import suppress
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, final

from llm_effects.providers.faults import fault_of
from llm_effects.providers.masking import headers_without_key, without_frames, without_key
from llm_effects.providers.unpack import abody_of, body_of
from llm_effects.providers.watch import is_shared, wake, watch
from llm_pure import LlmError, Timeout

if TYPE_CHECKING:
    import httpx2

__all__ = ["AsyncConnection", "Connection"]

_LINGER = 0.05
"""Seconds that a finished answer may take to close its body, so that the connection can be kept."""


@final
class Connection:
    """An answer on the calling thread.

    It holds its client: one that nobody holds closes its sockets, and no thread that waits on one would wake.
    """

    __slots__ = ("_chunks", "_client", "_ended", "_response", "_watch", "headers", "status")

    def __init__(self, response: httpx2.Response, client: object, limit: float | None) -> None:
        self._response = response
        self._client: Final = client
        self._ended = False
        self._chunks: Iterator[bytes] | None = None
        self.status: Final = response.status_code
        self.headers: Final = _headers(response)
        self._watch = None if limit is None else watch(response, limit)

    def read(self, limit: float | None) -> bytes | LlmError | None:
        handled = sys.exception()
        try:
            if self._chunks is None:
                # A body that somebody has read already (an error's, a cassette's) comes in one piece.
                whole = self._response.is_stream_consumed
                self._chunks = iter((without_key(self._response),)) if whole else body_of(self._response)
            chunk = next(self._chunks, None)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises is a value from here on
            self._ended = True
            return fault_of(error, reading=True, handled=handled)
        except BaseException as error:  # noqa: BLE001 - cancelled, interrupted
            raise without_frames(error)  # noqa: B904 - it is the very same
        self._ended = chunk is None
        if chunk is None and self._watch is not None and self._watch.fired:
            # A body may end where its connection does.
            return Timeout(message="the answer did not end in time")
        return chunk

    def finish(self) -> None:
        # A connection that is shared is kept in any case, and must not be broken.
        if not self._ended and not is_shared(self._response):
            # The end of the body mostly came with its last event, but a server may also keep it open for ever.
            lingering = watch(self._response, _LINGER)
            self.read(None)
            if lingering is not None:
                lingering.cancel()
        self.close()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if not self._ended and not self._response.is_closed:
            wake(self._response)
        with suppress(Exception):  # it is closed, one way or another
            self._response.close()


def _headers(response: httpx2.Response) -> Mapping[str, str]:
    """Names in lower case. An error gets a date, if the server sent none: a date to retry after is measured from it."""
    if response.status_code < 400:
        return dict(response.headers.items())
    return {"date": formatdate(usegmt=True), **headers_without_key(response)}


@final
class AsyncConnection:
    """An answer on an event loop."""

    __slots__ = ("_chunks", "_ended", "_response", "headers", "status")

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._ended = False
        self._chunks: AsyncGenerator[bytes] | None = None
        self.status: Final = response.status_code
        self.headers: Final = _headers(response)

    async def read(self) -> bytes | LlmError | None:
        handled = sys.exception()
        try:
            if self._chunks is None:
                whole = self._response.is_stream_consumed
                self._chunks = _once(without_key(self._response)) if whole else abody_of(self._response)
            chunk = await anext(self._chunks, None)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises is a value from here on
            self._ended = True
            return fault_of(error, reading=True, handled=handled)
        except BaseException as error:  # noqa: BLE001 - cancelled, interrupted
            raise without_frames(error)  # noqa: B904 - it is the very same
        self._ended = chunk is None
        return chunk

    async def finish(self) -> None:
        if not self._ended:
            from asyncio import timeout

            with suppress(TimeoutError):
                async with timeout(_LINGER):
                    await self.read()
        await self.close()

    async def close(self) -> None:
        with suppress(Exception):  # it is closed, one way or another
            try:
                await self._response.aclose()
            finally:
                if self._chunks is not None:
                    await self._chunks.aclose()


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body
