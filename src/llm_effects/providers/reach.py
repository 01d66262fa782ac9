"""The socket that an exchange uses, in reach before its answer has begun.

Law: whoever gives an exchange up can break its connection, at every step. An HTTP client names its connection together
with an answer's headers, which may never end: below its pool every blocking read and write tells the exchange that it
is made for which socket it is about to wait on. On an event loop a cancelled wait closes what it waits on, and so does
a TLS handshake here, whose socket the client would leave to the garbage collector. To everybody else a stream is what
it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from ssl import SSLContext
from typing import Final, Protocol, TypeVar, cast, final

__all__ = ["REACHING", "Sock", "areach", "reach"]

B = TypeVar("B")


class Sock(Protocol):
    def shutdown(self, how: int, /) -> None: ...


REACHING: Final[ContextVar[Callable[[Sock], None] | None]] = ContextVar("llm_effects_reaching", default=None)
"""Whom an exchange's socket is told; None: nobody asks."""


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


@final
class _Reached:
    """A stream that says which socket it is about to wait on."""

    __slots__ = ("_stream", "close", "get_extra_info")

    def __init__(self, stream: _NetworkStream) -> None:
        self._stream: Final = stream
        self.close: Final = stream.close
        self.get_extra_info: Final = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._tell()
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._tell()
        self._stream.write(buffer, timeout)

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Reached:
        return _Reached(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def _tell(self) -> None:
        told = REACHING.get()
        if told is not None:
            sock: object = self._stream.get_extra_info("socket")
            if hasattr(sock, "shutdown"):
                told(cast("Sock", sock))


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

    __slots__ = ("_stream", "aclose", "get_extra_info", "read", "write")

    def __init__(self, stream: _AsyncNetworkStream) -> None:
        self._stream: Final = stream
        self.read: Final = stream.read
        self.write: Final = stream.write
        self.aclose: Final = stream.aclose
        self.get_extra_info: Final = stream.get_extra_info

    async def start_tls(self, **how: object) -> _AsyncNetworkStream:
        try:
            return await self._stream.start_tls(**how)
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
    backend: B | None = getattr(
        pool, "_network_backend", None
    )  # has no public name; another's pool may have none
    if backend is not None and not isinstance(backend, _Backend | _AsyncBackend):
        setattr(pool, "_network_backend", kind(backend))  # noqa: B010 - likewise
