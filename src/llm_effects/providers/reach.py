"""The socket that an exchange uses, in reach before its answer has begun.

Law: whoever gives an exchange up can break its connection, at every step. An HTTP client names its connection together
with an answer's headers, which may never end: below its pool every blocking read and write tells the exchange that it
is made for which socket it is about to wait on, and is told how long it may. On an event loop a cancelled wait closes
what it waits on, and so does a TLS handshake here, whose socket the client would leave to the garbage collector.

A request goes out in one piece if it is short, where the client would send its head and its body apart: that is a
packet and a call of the system less, a twentieth of what a call costs. To everybody else a stream is what it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from ssl import SSLContext
from typing import Final, Protocol, TypeVar, cast, final
from weakref import WeakSet

from llm_effects.forks import in_child

__all__ = ["HEARING", "REACHING", "Sock", "areach", "reach"]

B = TypeVar("B")


class Sock(Protocol):
    def shutdown(self, how: int, /) -> None: ...


HEARING: Final[ContextVar[bool]] = ContextVar("llm_effects", default=False)
"""Whether the exchange is ours: an HTTP client may be used by others too."""

REACHING: Final[ContextVar[Callable[[Sock], float | None] | None]] = ContextVar(
    "llm_effects_reaching", default=None
)
"""Whom an exchange's socket is told, and who says how many seconds the wait may take at most; None: nobody asks."""


class _NetworkStream(Protocol):
    """What an HTTP client writes to and reads from."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _NetworkStream: ...
    def get_extra_info(self, info: str) -> object: ...


class _NetworkBackend(Protocol):
    def connect_tcp(self, **how: object) -> _NetworkStream: ...
    def connect_unix_socket(self, **how: object) -> _NetworkStream: ...
    def sleep(self, seconds: float) -> None: ...


_SHORT: Final = 64 * 1024
"""A body that is longer goes out after its head, since to put them together is to copy it."""


def _going(head: bytes, buffer: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """What is held back from now on, and what goes out, where `head` was held back and `buffer` is written.

    The head of a request of ours waits for its body: however empty that is, HTTP/1.1's end of it is a write.
    """
    if not head and buffer.startswith(b"POST ") and HEARING.get():
        return buffer, ()
    pieces = (head + buffer,) if len(buffer) <= _SHORT else (head, buffer)
    return b"", tuple(filter(None, pieces))


@final
class _Reached:
    """A stream that says which socket it is about to wait on."""

    __slots__ = ("_head", "_stream", "close", "get_extra_info")

    def __init__(self, stream: _NetworkStream) -> None:
        self._head = b""
        self._stream: Final = stream
        self.close: Final = stream.close
        self.get_extra_info: Final = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._tell(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._head, going = _going(self._head, buffer)
        for piece in going:
            self._stream.write(piece, self._tell(timeout))

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Reached:
        return _Reached(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def _tell(self, timeout: float | None) -> float | None:
        """Say which socket is about to be waited on; how long that may take, of `timeout` at most."""
        told = REACHING.get()
        if told is not None:
            sock: object = self._stream.get_extra_info("socket")
            if hasattr(sock, "shutdown"):
                limit = told(cast("Sock", sock))
                return limit if timeout is None else timeout if limit is None else min(timeout, limit)
        return timeout


@final
class _Backend:
    """What opens such streams."""

    def __init__(self, backend: _NetworkBackend) -> None:
        self._backend: Final = backend
        self.sleep: Final = backend.sleep

    def connect_tcp(self, **how: object) -> _Reached:
        return _Reached(self._backend.connect_tcp(**how))

    def connect_unix_socket(self, **how: object) -> _Reached:
        return _Reached(self._backend.connect_unix_socket(**how))


# ---------------------------------------------------------------- on an event loop


class _AsyncNetworkStream(Protocol):
    def read(self, max_bytes: int, timeout: float | None = None) -> Awaitable[bytes]: ...
    def write(self, buffer: bytes, timeout: float | None = None) -> Awaitable[None]: ...
    async def aclose(self) -> None: ...
    async def start_tls(self, **how: object) -> _AsyncNetworkStream: ...
    def get_extra_info(self, info: str) -> object: ...


class _AsyncNetworkBackend(Protocol):
    async def connect_tcp(self, **how: object) -> _AsyncNetworkStream: ...
    async def connect_unix_socket(self, **how: object) -> _AsyncNetworkStream: ...
    async def sleep(self, seconds: float) -> None: ...


@final
class _AsyncReached:
    """A stream that closes when its handshake is given up."""

    __slots__ = ("_head", "_stream", "aclose", "get_extra_info", "read")

    def __init__(self, stream: _AsyncNetworkStream) -> None:
        self._head = b""
        self._stream: Final = stream
        self.read: Final = stream.read
        self.aclose: Final = stream.aclose
        self.get_extra_info: Final = stream.get_extra_info

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - not ours
        self._head, going = _going(self._head, buffer)
        for piece in going:
            await self._stream.write(piece, timeout)

    async def start_tls(self, **how: object) -> _AsyncReached:
        try:
            return _AsyncReached(await self._stream.start_tls(**how))
        except BaseException:
            await self._stream.aclose()
            raise


@final
class _AsyncBackend:
    def __init__(self, backend: _AsyncNetworkBackend) -> None:
        self._backend: Final = backend
        self.sleep: Final = backend.sleep

    async def connect_tcp(self, **how: object) -> _AsyncReached:
        return _AsyncReached(await self._backend.connect_tcp(**how))

    async def connect_unix_socket(self, **how: object) -> _AsyncReached:
        return _AsyncReached(await self._backend.connect_unix_socket(**how))


# ---------------------------------------------------------------- pools


def reach(pool: object) -> None:
    """Put all streams that a blocking pool opens from now on into reach, once."""
    _below(pool, _Backend)


def areach(pool: object) -> None:
    """The same of an asynchronous pool."""
    _below(pool, _AsyncBackend)


def _below(pool: object, kind: Callable[[B], object]) -> None:
    # It has no public name, and another's pool may have none.
    backend: B | None = getattr(pool, "_network_backend", None)
    if backend is not None and not isinstance(backend, _Backend | _AsyncBackend):
        setattr(pool, "_network_backend", kind(backend))  # noqa: B010 - likewise
        _pools.add(pool)


_pools: Final[WeakSet[object]] = WeakSet()
_inherited: Final[list[object]] = []
"""Connections of a parent process: held, since to drop one may be to close it."""


def _renew() -> None:
    """A forked child opens connections of its own: two processes on one would read each other's answers."""
    for pool in list(_pools):
        _inherited.append(getattr(pool, "_connections", None))
        lock: object = getattr(pool, "_optional_thread_lock", None)  # somebody may have held it
        for name, fresh in (("_connections", []), ("_requests", []), ("_optional_thread_lock", type(lock)())):
            if hasattr(pool, name):
                setattr(pool, name, fresh)


in_child(_renew)
