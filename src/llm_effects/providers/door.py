"""The door to a provider through its official SDK.

Law: the SDK gives the connection, the authentication and the headers, and nothing else. Bytes go in and bytes come
out; its retries are off and its models are never built. Whatever it raises is a value here. A client is of one colour
and is never asked to be of the other.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache, lru_cache
from inspect import iscoroutinefunction
from operator import is_
from time import monotonic
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, final

from typing_extensions import override

from llm_effects.operations import HttpRequest
from llm_effects.providers.faults import fault_of, of_a_closed_loop
from llm_effects.providers.masking import headers_without_key, without_frames, without_key
from llm_effects.providers.reach import HEARING, REACHING
from llm_effects.providers.unpack import abody_of, body_of
from llm_effects.providers.watch import Patience, in_time, wake, watch
from llm_pure import LlmError, Misconfigured, Timeout

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from ssl import SSLContext

    import httpx2

__all__ = ["Sdk", "SdkDoor", "address_of", "bounded", "endpoint_of", "named", "ssl_context"]


class _Client(Protocol):
    def close(self) -> None: ...


class _AsyncClient(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Client)
D = TypeVar("D", bound=_AsyncClient)


class Sdk(Protocol[C, D]):
    """What differs between two SDKs. `C` is the blocking client, `D` the asynchronous one."""

    def client(self, address: str | None) -> C:
        """A blocking client from the environment's settings, which goes to `address`; None: to the provider."""
        ...

    def async_client(self, address: str | None) -> D: ...
    def post(self, client: C, request: HttpRequest, limit: float | None) -> httpx2.Response:
        """The answer, its body unread. Raises what the SDK raises."""
        ...

    def apost(self, client: D, request: HttpRequest, limit: float | None) -> Awaitable[httpx2.Response]: ...
    def answer_in(self, error: Exception) -> httpx2.Response | None:
        """The answer that the SDK raises for its status."""
        ...


_LINGER = 0.05
"""Seconds that a finished answer may take to close its body, so that the connection can be kept."""


@final
class _Connection:
    """An answer on the calling thread.

    It holds its client: one that nobody holds closes its sockets, and no thread that waits on one would wake.
    """

    __slots__ = ("_chunks", "_client", "_ended", "_response", "_watch", "headers", "status")

    def __init__(self, response: httpx2.Response, client: _Client, limit: float | None) -> None:
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
            return Timeout(
                message="the answer did not end in time"
            )  # a body may end where its connection does
        return chunk

    def finish(self) -> None:
        if not self._ended:
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
class _AsyncConnection:
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


@dataclass(eq=False, slots=True, weakref_slot=True)
class _Made(Generic[C, D]):
    """Clients of our own making, one a process, and one a process and event loop; and which loops use a given one.

    The first is closed when nobody holds the door any more, the others when their loop is. What a given one keeps open
    are connections of the `latest` loop that used it, and of no use to another. What a forked child has
    from its parent (`inherited`) is only held, since to drop it would close it.
    """

    pid: int = 0
    inherited: _Made[C, D] | None = None
    client: C | None = None
    on_loop: dict[AbstractEventLoop, tuple[D, AsyncGenerator[None]]] = field(default_factory=dict)
    latest: AbstractEventLoop | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, client: C) -> None:
        """Use this client from now on."""
        self.client = client
        weakref.finalize(self, _close, self.pid, client)

    def keep_on(self, loop: AbstractEventLoop, client: D, *, given: bool) -> AsyncGenerator[None]:
        """Use this client on that loop from now on. The loop has to start what is given back."""
        for ended in [it for it in list(self.on_loop) if it.is_closed()]:  # those that nobody has shut down
            self.on_loop.pop(ended, None)
        open_until_shutdown = self._kept_on(loop, client, given=given)
        self.on_loop[loop] = client, open_until_shutdown
        return open_until_shutdown

    async def _kept_on(self, loop: AbstractEventLoop, client: D, *, given: bool) -> AsyncGenerator[None]:
        # `asyncio.run` ends all asynchronous generators before it closes its loop: the one chance to close anything.
        try:
            yield
        finally:
            self.on_loop.pop(loop, None)
            if not given:
                await client.close()
            elif self.latest is loop:  # it stays the caller's
                self.latest = None
                await _let_go(client)

    def elsewhere(self, loop: AbstractEventLoop) -> bool:
        """Whether another loop, which runs, uses the client."""
        return any(it is not loop and it.is_running() for it in list(self.on_loop))


def _close(pid: int, client: _Client) -> None:
    if pid == os.getpid():
        client.close()


@final
class SdkDoor(Generic[C, D]):
    """Both colours of one provider. Clients that were not given are made on first use, and stay out of a pickle."""

    __slots__ = ("_address", "_async_client", "_client", "_crossed", "_made", "_sdk")

    def __init__(
        self, sdk: Sdk[C, D], client: C | None, async_client: D | None, address: str | None = None
    ) -> None:
        self._sdk: Final = sdk
        self._client: Final = client
        self._async_client: Final = async_client
        self._address: Final = address
        self._made: _Made[C, D] = _Made()
        self._crossed: Final = _crossed(client, async_client)
        for given in (client, async_client):
            if given is not None:
                _make_room(given)

    @override
    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, SdkDoor)
            and all(map(is_, self._given, other._given))
            and self._address == other._address
        )

    @override
    def __hash__(self) -> int:
        return hash((self._address, *map(id, self._given)))

    @property
    def _given(self) -> tuple[object, ...]:
        return self._sdk, self._client, self._async_client

    @override
    def __reduce__(self) -> tuple[object, ...]:
        # Without the login: whoever unpickles it has it from the environment again, or has none.
        return SdkDoor, (self._sdk, self._client, self._async_client, _without_login(self._address))

    def connect(self, request: HttpRequest, limit: float | None) -> _Connection | LlmError:
        """Send, and wait for the headers, on this thread: no longer than the answer may be silent."""
        handled = sys.exception()
        try:
            client = self._blocking()
            if isinstance(client, Misconfigured):
                return client
            if limit is not None:
                return self._connect_in_time(client, request, limit)
            before, reaching, silence = HEARING.get(), REACHING.get(), request.max_silence
            HEARING.set(True)
            REACHING.set(None if silence is None else Patience(silence))
            try:
                return _Connection(self._posted(client, request, None), client, None)
            finally:
                HEARING.set(before)
                REACHING.set(reaching)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a value from here on
            return fault_of(error, handled=handled)
        except BaseException as error:  # noqa: BLE001 - cancelled, interrupted
            raise without_frames(error)  # noqa: B904 - it is the very same

    def _connect_in_time(self, client: C, request: HttpRequest, limit: float) -> _Connection | Timeout:
        began, silence = monotonic(), request.max_silence
        patience = limit if silence is None else min(limit, silence)
        answer = in_time(lambda: self._posted(client, request, limit), patience)
        if answer is None:
            return Timeout(message="no answer in time")
        return _Connection(answer, client, max(0.0, limit - (monotonic() - began)))

    def _posted(self, client: C, request: HttpRequest, limit: float | None) -> httpx2.Response:
        try:
            return self._sdk.post(client, request, limit)
        except Exception as error:
            answer = self._sdk.answer_in(error)
            if answer is None:
                raise
            return answer

    async def aconnect(self, request: HttpRequest, limit: float | None) -> _AsyncConnection | LlmError:
        """Send, and wait for the headers, on this event loop: no longer than the answer may be silent.

        A client that was given may hold connections of an earlier event loop. Such a one cannot be written to, so that
        nothing has gone out on it, and its pool drops it for that: each is met once at most.
        """
        from asyncio import timeout

        handled = sys.exception()
        before = HEARING.get()
        HEARING.set(True)
        left: int | None = None
        try:
            client = await self._on_loop()
            if isinstance(client, Misconfigured):
                return client
            async with timeout(request.max_silence):
                while True:
                    try:
                        return _AsyncConnection(await self._sdk.apost(client, request, limit))
                    except Exception as error:
                        answer = self._sdk.answer_in(error)
                        if answer is not None:
                            return _AsyncConnection(answer)
                        left = _held(client) if left is None else left - 1
                        if left < 0 or not of_a_closed_loop(error, handled):
                            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a value from here on
            return fault_of(error, handled=handled)
        except BaseException as error:  # noqa: BLE001 - cancelled, interrupted
            raise without_frames(error)  # noqa: B904 - it is the very same
        finally:
            HEARING.set(before)

    def _blocking(self) -> C | Misconfigured:
        if self._crossed is not None:
            return self._crossed
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
                client = self._sdk.client(self._address)
                _make_room(client)
                made.keep(client)
            return client

    async def _on_loop(self) -> D | Misconfigured:
        if self._crossed is not None:
            return self._crossed
        if self._client is not None and self._async_client is None:
            return Misconfigured(
                message="a blocking client was given: use run or stream, or give async_client= as well"
            )
        from asyncio import get_running_loop

        made, loop, given = self._mine(), get_running_loop(), self._async_client
        if loop in made.on_loop and (given is None or made.latest is loop):
            return made.on_loop[loop][0]
        with made.lock:
            if given is not None and made.elsewhere(loop):
                return Misconfigured(
                    message="async_client= is in use on another event loop: leave it out, and each loop has its own"
                )
            starting = None
            if loop not in made.on_loop:
                client = self._sdk.async_client(self._address) if given is None else given
                _make_room(client)
                starting = made.keep_on(loop, client, given=given is not None)
            client, before = made.on_loop[loop][0], made.latest
            if given is not None:
                made.latest = loop
        if starting is not None:
            await anext(starting)
        if before is not None and before is not loop and not before.is_closed():
            with suppress(Exception):  # the pool has forgotten them before it closes them
                await _let_go(client)
        return client

    def _mine(self) -> _Made[C, D]:
        """The clients of this process: a forked child must not touch its parent's connections."""
        if self._made.pid != os.getpid():
            self._made = _Made(os.getpid(), self._made)
        return self._made


def _crossed(client: object, async_client: object) -> Misconfigured | None:
    """Whether a client was given in the place of the other colour."""
    if client is not None and iscoroutinefunction(getattr(client, "post", None)):
        return Misconfigured(message="client= is an asynchronous client: give it as async_client=")
    if async_client is not None and not iscoroutinefunction(getattr(async_client, "post", None)):
        return Misconfigured(message="async_client= is a blocking client: give it as client=")
    return None


def _make_room(client: object) -> None:
    from llm_effects.providers.room import make_room  # imports the HTTP client, as every client of an SDK has

    make_room(client)


def _held(client: object) -> int:
    from llm_effects.providers.room import held

    return held(client)


async def _let_go(client: object) -> None:
    from llm_effects.providers.room import let_go

    await let_go(client)


# ---------------------------------------------------------------- settings of a call


def bounded(
    timeout: httpx2.Timeout | float | None, limit: float | None, silence: float | None = None
) -> httpx2.Timeout:
    """No wait longer than `limit` seconds, none for bytes longer than `silence`, nor any than the client allows."""
    of = timeout if isinstance(timeout, _waits()) else _waits()(timeout)
    return _bounded(of.connect, of.read, of.write, of.pool, limit, silence)


@lru_cache(maxsize=32)
def _bounded(
    connect: float | None,
    read: float | None,
    write: float | None,
    pool: float | None,
    limit: float | None,
    silence: float | None,
) -> httpx2.Timeout:
    """One for many calls: most have no limit of their own."""
    connect, read, write, pool = [_shorter(wait, limit) for wait in (connect, read, write, pool)]
    return _waits()(connect=connect, read=_shorter(read, silence), write=write, pool=pool)


@cache
def _waits() -> type[httpx2.Timeout]:
    from httpx2 import Timeout

    return Timeout


def _shorter(wait: float | None, limit: float | None) -> float | None:
    return limit if wait is None else wait if limit is None else min(wait, limit)


class _Addressed(Protocol):
    @property
    def base_url(self) -> object: ...


def address_of(client: _Addressed | None, variable: str) -> str | None:
    """Where a client goes, as it stands in its settings. The SDKs read `variable` where no client is given."""
    return (os.environ.get(variable) or None) if client is None else str(client.base_url)


def endpoint_of(address: str | None, own: str) -> str | None:
    """The same without what is secret; None: the provider itself."""
    if not address or address.rstrip("/") == own:
        return None
    scheme, there, rest = address.rstrip("/").partition("://")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = "[masked]@" + authority.rpartition("@")[2]
    return f"{scheme}{there}{authority}{slash}{path}"


def named(address: str | None, variable: str, own: str) -> str | None:
    """The base URL for a client of our own making: what the variable said once, and not what it says by now.

    None, where it says nothing either, leaves the SDK its other settings (a profile's base URL). The login that a
    pickle leaves out is the variable's, as long as that still leads to the same place.
    """
    said = os.environ.get(variable)
    if said and address and address == _without_login(said):
        return said
    return address or (own if said else None)


def _without_login(address: str | None) -> str | None:
    scheme, there, rest = (address or "").partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{there}{authority.rpartition('@')[2]}{slash}{path}" or None


@cache
def ssl_context() -> SSLContext:
    """One for the process: to load the certificates takes twenty times as long as all else about a client."""
    from httpx2 import create_ssl_context

    return create_ssl_context()
