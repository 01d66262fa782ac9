"""The clients of one provider's SDK: those that were given, and those of our own making.

Law: a client is of one colour and is never asked to be of the other. One of our own is made when it is first needed,
once a process or once an event loop, and closed when nobody can use it any more; one that was given stays the caller's.
No process touches the connections of another, and no loop those of another.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from operator import is_
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, final

from typing_extensions import override

from llm_effects.operations import HttpRequest
from llm_effects.providers.settings import without_login
from llm_pure import Misconfigured

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    import httpx2

__all__ = ["Clients", "Sdk"]


class Client(Protocol):
    def close(self) -> None: ...


class AsyncClient(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Client)
D = TypeVar("D", bound=AsyncClient)


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


@dataclass(eq=False, slots=True, weakref_slot=True)
class _Made(Generic[C, D]):
    """Clients of our own making, one a process, and one a process and event loop; and which loops use a given one.

    The first is closed when nobody holds the door any more, the others when their loop is. What a given one keeps open
    are connections of the `latest` loop that used it, and of no use to another. What a forked child has
    from its parent (`inherited`) is only held, since to drop it would close it.
    """

    pid: int = field(default_factory=os.getpid)
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


def _close(pid: int, client: Client) -> None:
    if pid == os.getpid():
        client.close()


@final
class Clients(Generic[C, D]):
    """Of both colours, for one address. Those that were not given stay out of a pickle."""

    __slots__ = ("_address", "_async_client", "_client", "_crossed", "_made", "sdk")

    def __init__(
        self, sdk: Sdk[C, D], client: C | None, async_client: D | None, address: str | None = None
    ) -> None:
        self.sdk: Final = sdk
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
            isinstance(other, Clients)
            and all(map(is_, self._given, other._given))
            and self._address == other._address
        )

    @override
    def __hash__(self) -> int:
        return hash((self._address, *map(id, self._given)))

    @property
    def _given(self) -> tuple[object, ...]:
        return self.sdk, self._client, self._async_client

    @override
    def __reduce__(self) -> tuple[object, ...]:
        # Without the login: whoever unpickles it has it from the environment again, or has none.
        return Clients, (self.sdk, self._client, self._async_client, without_login(self._address))

    def blocking(self) -> C | Misconfigured:
        """The client for this thread, or what was given in place of one."""
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
                client = self.sdk.client(self._address)
                _make_room(client)
                made.keep(client)
            return client

    async def on_loop(self) -> D | Misconfigured:
        """The client for this event loop, which holds no connection of another one."""
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
                client = self.sdk.async_client(self._address) if given is None else given
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
            self._made = _Made(inherited=self._made)
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


async def _let_go(client: object) -> None:
    from llm_effects.providers.room import let_go

    await let_go(client)
