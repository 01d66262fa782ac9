"""The door to a provider through its official SDK.

Law: the SDK gives the connection, the authentication and the headers, and nothing else. Bytes go in and bytes come
out; its retries are off and its models are never built. Whatever it raises is a value here. A client is of one colour
and is never asked to be of the other.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from operator import is_
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, final

from typing_extensions import override

from llm_effects.operations import HttpRequest
from llm_effects.providers.faults import fault_of
from llm_pure import LlmError, Misconfigured

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from ssl import SSLContext

    import httpx2

__all__ = ["Sdk", "SdkDoor", "bounded", "endpoint_of", "ssl_context"]


class _Client(Protocol):
    def close(self) -> None: ...


class _AsyncClient(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Client)
D = TypeVar("D", bound=_AsyncClient)


class Sdk(Protocol[C, D]):
    """What differs between two SDKs. `C` is the blocking client, `D` the asynchronous one."""

    def client(self) -> C:
        """A blocking client from the environment's settings."""
        ...

    def async_client(self) -> D: ...
    def post(self, client: C, request: HttpRequest, limit: float | None) -> httpx2.Response:
        """The answer, its body unread, whatever its status. Raises what the SDK raises."""
        ...

    async def apost(self, client: D, request: HttpRequest, limit: float | None) -> httpx2.Response: ...


_LINGER = 0.05
"""Seconds that a finished answer may take to close its body, so that the connection can be kept."""


@final
class _Connection:
    """An answer on the calling thread."""

    __slots__ = ("_chunks", "_ended", "_response", "_watch", "headers", "status")

    def __init__(self, response: httpx2.Response, limit: float | None) -> None:
        self._response = response
        self._ended = False
        self._chunks: Iterator[bytes] | None = None
        self.status: Final = response.status_code
        self.headers: Final = _headers(response)
        self._watch = None if limit is None else _watch(response, limit)

    def read(self, limit: float | None) -> bytes | LlmError | None:
        try:
            if self._chunks is None:
                # A body that somebody has read already (an error's, a cassette's) comes in one piece.
                whole = self._response.is_stream_consumed
                self._chunks = iter((self._response.content,)) if whole else self._response.iter_bytes()
            chunk = next(self._chunks, None)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises is a value from here on
            self._ended = True
            return fault_of(error, reading=True)
        self._ended = chunk is None
        return chunk

    def finish(self) -> None:
        if not self._ended:
            # The end of the body mostly came with its last event, but a server may also keep it open for ever.
            watch = _watch(self._response, _LINGER)
            self.read(None)
            if watch is not None:
                watch.cancel()
        self.close()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        with suppress(Exception):  # it is closed, one way or another
            self._response.close()


def _headers(response: httpx2.Response) -> Mapping[str, str]:
    """Names in lower case. An error gets a date, if the server sent none: a date to retry after is measured from it."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.status_code >= 400 and "date" not in headers:
        headers["date"] = formatdate(usegmt=True)
    return headers


def _watch(response: httpx2.Response, limit: float) -> threading.Timer | None:
    """Break the connection when the time is over: a blocking read cannot be interrupted in any other way."""
    stream = response.extensions.get("network_stream")
    sock = stream.get_extra_info("socket") if stream is not None else None
    if sock is None:
        return None
    timer = threading.Timer(limit, _abort, (sock,))
    timer.daemon = True
    timer.start()
    return timer


class _Socket(Protocol):
    def shutdown(self, how: int, /) -> None: ...


def _abort(sock: _Socket) -> None:
    from socket import SHUT_RDWR

    with suppress(OSError):  # it was closed in the meantime
        sock.shutdown(SHUT_RDWR)


@final
class _AsyncConnection:
    """An answer on an event loop."""

    __slots__ = ("_chunks", "_ended", "_response", "headers", "status")

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._ended = False
        self._chunks: AsyncIterator[bytes] | None = None
        self.status: Final = response.status_code
        self.headers: Final = _headers(response)

    async def read(self) -> bytes | LlmError | None:
        try:
            if self._chunks is None:
                whole = self._response.is_stream_consumed
                self._chunks = _once(self._response.content) if whole else self._response.aiter_bytes()
            chunk = await anext(self._chunks, None)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises is a value from here on
            self._ended = True
            return fault_of(error, reading=True)
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
            await self._response.aclose()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


@dataclass(eq=False, slots=True, weakref_slot=True)
class _Made(Generic[C, D]):
    """Clients of our own making: one a process, and one a process and event loop.

    The first is closed when nobody holds the door any more, the others when their loop is. What a forked child has
    from its parent (`inherited`) is only held, since to drop it would close it.
    """

    pid: int = 0
    inherited: _Made[C, D] | None = None
    client: C | None = None
    on_loop: dict[AbstractEventLoop, tuple[D, AsyncGenerator[None]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, client: C) -> None:
        """Use this client from now on."""
        self.client = client
        weakref.finalize(self, _close, self.pid, client)

    def keep_on(self, loop: AbstractEventLoop, client: D) -> AsyncGenerator[None]:
        """Use this client on that loop from now on. The loop has to start what is given back."""
        for ended in [it for it in list(self.on_loop) if it.is_closed()]:  # those that nobody has shut down
            self.on_loop.pop(ended, None)
        open_until_shutdown = self._kept_on(loop, client)
        self.on_loop[loop] = client, open_until_shutdown
        return open_until_shutdown

    async def _kept_on(self, loop: AbstractEventLoop, client: D) -> AsyncGenerator[None]:
        # `asyncio.run` ends all asynchronous generators before it closes its loop: the one chance to close anything.
        try:
            yield
        finally:
            self.on_loop.pop(loop, None)
            await client.close()


def _close(pid: int, client: _Client) -> None:
    if pid == os.getpid():
        client.close()


@final
class SdkDoor(Generic[C, D]):
    """Both colours of one provider. Clients that were not given are made on first use, and stay out of a pickle."""

    __slots__ = ("_async_client", "_client", "_made", "_sdk")

    def __init__(self, sdk: Sdk[C, D], client: C | None, async_client: D | None) -> None:
        self._sdk: Final = sdk
        self._client: Final = client
        self._async_client: Final = async_client
        self._made: _Made[C, D] = _Made()

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, SdkDoor) and all(map(is_, self._given, other._given))

    @override
    def __hash__(self) -> int:
        return hash(tuple(map(id, self._given)))

    @property
    def _given(self) -> tuple[object, ...]:
        return self._sdk, self._client, self._async_client

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return SdkDoor, (self._sdk, self._client, self._async_client)

    def connect(self, request: HttpRequest, limit: float | None) -> _Connection | LlmError:
        """Send, and wait for the headers, on this thread."""
        try:
            client = self._blocking()
            if isinstance(client, Misconfigured):
                return client
            return _Connection(self._sdk.post(client, request, limit), limit)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a value from here on
            return fault_of(error)

    async def aconnect(self, request: HttpRequest, limit: float | None) -> _AsyncConnection | LlmError:
        """Send, and wait for the headers, on this event loop."""
        try:
            client = await self._on_loop()
            if isinstance(client, Misconfigured):
                return client
            return _AsyncConnection(await self._sdk.apost(client, request, limit))
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a value from here on
            return fault_of(error)

    def _blocking(self) -> C | Misconfigured:
        if self._client is not None:
            return self._client
        if self._async_client is not None:
            return Misconfigured(
                message="an asynchronous client was given: use arun or astream, or give client= as well"
            )
        made = self._mine()
        with made.lock:
            client = made.client
            if client is None:
                client = self._sdk.client()
                made.keep(client)
            return client

    async def _on_loop(self) -> D | Misconfigured:
        if self._async_client is not None:
            return self._async_client
        if self._client is not None:
            return Misconfigured(
                message="a blocking client was given: use run or stream, or give async_client= as well"
            )
        from asyncio import get_running_loop

        made, loop = self._mine(), get_running_loop()
        if loop in made.on_loop:
            return made.on_loop[loop][0]
        with made.lock:
            client = self._sdk.async_client()
            started = made.keep_on(loop, client)
        await anext(started)
        return client

    def _mine(self) -> _Made[C, D]:
        """The clients of this process: a forked child must not touch its parent's connections."""
        if self._made.pid != os.getpid():
            self._made = _Made(os.getpid(), self._made)
        return self._made


# ---------------------------------------------------------------- settings of a call


def bounded(timeout: httpx2.Timeout | float | None, limit: float) -> httpx2.Timeout:
    """No wait longer than `limit` seconds, nor than the client allows."""
    from httpx2 import Timeout

    of = timeout if isinstance(timeout, Timeout) else Timeout(timeout)
    connect, read, write, pool = [
        limit if wait is None else min(wait, limit) for wait in (of.connect, of.read, of.write, of.pool)
    ]
    return Timeout(connect=connect, read=read, write=write, pool=pool)


class _Addressed(Protocol):
    @property
    def base_url(self) -> object: ...


def endpoint_of(client: _Addressed | None, variable: str, own: str) -> str | None:
    """Where a client goes; None: to the provider itself. The SDKs read `variable` where no client is given."""
    address = os.environ.get(variable) if client is None else str(client.base_url)
    return None if not address or address.rstrip("/") == own else address.rstrip("/")


@cache
def ssl_context() -> SSLContext:
    """One for the process: to load the certificates takes twenty times as long as all else about a client."""
    from httpx2 import create_ssl_context

    return create_ssl_context()
