"""`arun` and `astream`: a program on an event loop.

Law: every wait is an await, so cancelling the task ends it at once; the loop then closes what is open. The
deadline of a run bounds each await to the tick.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Final, TypeVar, final

from llm_effects.cells import Cell
from llm_effects.flights import Alone, Flights, Landed, Landing, Lead, TooLate
from llm_effects.interpreters.aside import Aside
from llm_effects.interpreters.driver import OnNote, Run
from llm_effects.interpreters.reading import Reading
from llm_effects.interpreters.waiting import SKIPPED, now
from llm_effects.operations import HttpRequest
from llm_effects.ports import AsyncConnection, Door, Store
from llm_effects.resolving import Asked, asking
from llm_effects.runner import Runner
from llm_pure import LlmError, Outcome, Response, StreamEvent, Timeout
from llm_pure.errors import is_error

__all__ = ["ASYNCIO", "AsyncStream", "arun", "astream"]

S = TypeVar("S")
A = TypeVar("A")


@final
class _OnLoop:
    """A connection that is awaited."""

    __slots__ = ("_connection", "headers", "status")

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection: Final = connection
        self.status: Final = connection.status
        self.headers: Final = connection.headers

    def read(self, limit: float | None) -> Coroutine[object, object, bytes | LlmError | None]:
        read = self._connection.read()
        return read if limit is None else _within(limit, read)

    async def finish(self) -> None:
        await self._connection.finish()

    async def close(self) -> None:
        await self._connection.close()


@final
class _Asyncio:
    """The running event loop waits."""

    __slots__ = ()

    async def connect(self, door: Door, request: HttpRequest, limit: float | None) -> _OnLoop | LlmError:
        connected = door.aconnect(request, limit)
        connection = await (connected if limit is None else _within(limit, connected))
        return connection if is_error(connection) else _OnLoop(connection)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0 if SKIPPED.skip(seconds) else seconds)

    def now(self) -> float:
        return now()

    def draw(self) -> float:
        return random.random()

    def change(self, cell: Cell[S], function: Callable[[S], tuple[S, A]]) -> A:
        return cell.change(function)

    async def call(self, function: Callable[[], object], *, blocking: bool) -> object:
        answer = await asyncio.to_thread(function) if blocking else function()
        return await answer if isinstance(answer, Awaitable) else answer

    def store(self, store: Store) -> Store:
        return store

    def aside(self, store: Store, work: Callable[[], A], limit: float | None) -> Coroutine[object, object, A]:
        return _aside(store, work, limit)

    def lead(self, flights: Flights, key: str) -> bool:
        return flights.lead(key)

    async def claim(self, flights: Flights, key: str, limit: float | None, *, lead: bool) -> Landing:
        loop = asyncio.get_running_loop()
        landed: asyncio.Future[Landed | Alone | Lead] = loop.create_future()

        def settle(landing: Landed | Alone | Lead) -> None:
            if not landed.done():
                landed.set_result(landing)

        def wake(landing: Landed | Alone | Lead) -> bool:
            try:
                loop.call_soon_threadsafe(settle, landing)  # the leader may be on another thread
            except RuntimeError:  # the loop has been closed: nobody waits any more
                return False
            return True

        claimed = flights.claim(key, wake, lead=lead)
        if claimed is not None:
            return claimed
        try:
            async with asyncio.timeout(limit):
                return await landed
        except BaseException as error:
            flights.leave(key, wake)
            if isinstance(error, TimeoutError):
                return TooLate()
            raise

    def land(self, flights: Flights, key: str, outcome: Outcome[Response] | None) -> None:
        flights.land(key, outcome)


async def _aside(owner: object, work: Callable[[], A], limit: float | None) -> A:
    """What the work gives or raises, on a thread that is left behind when the time is over or the task cancelled."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[A | BaseException] = loop.create_future()

    def settle(answer: A | BaseException) -> None:
        if not came.done():
            came.set_result(answer)

    def done(answer: A | BaseException) -> None:
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            loop.call_soon_threadsafe(settle, answer)

    aside = Aside(owner, work, done)
    try:
        async with asyncio.timeout(limit):
            answer = await came
    except BaseException as error:
        aside.leave(late=isinstance(error, TimeoutError))
        raise
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def _within(limit: float, answer: Awaitable[A]) -> A | Timeout:
    try:
        async with asyncio.timeout(limit):
            return await answer
    except TimeoutError:
        return Timeout(message="no answer in the time that was left")


ASYNCIO: Final = _Asyncio()


@final
class AsyncStream:
    """The events of one run, as they come. Iterate it; use it as a context manager to close early.

    `result` is the Outcome; before the end it is a Failure (`Incomplete`) with the part that was read.
    """

    def __init__(self, runner: Runner, asked: Asked, on_note: OnNote | None) -> None:
        self._run = Run(asking(runner, asked), ASYNCIO, observed=True, on_note=on_note)
        self._reading = Reading()
        self._open: AsyncGenerator[None] | None = None

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> StreamEvent:
        if self._open is None:
            self._open = _closing(self._run)
            await anext(self._open)
        event = await self._run.advance()
        if event is None:
            await self._open.aclose()
            raise StopAsyncIteration
        self._reading.see(event)
        return event

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Leave now: the connection is closed, nothing more is paid for."""
        await self._run.close()
        if self._open is not None:
            await self._open.aclose()

    @property
    def result(self) -> Outcome[Response]:
        """The outcome of the run; before its end, a Failure with the part read."""
        return self._run.result if self._run.result is not None else self._reading.so_far()


async def _closing(run: Run[Outcome[Response]]) -> AsyncGenerator[None]:
    """Close the run when nobody holds its stream any more: the loop finishes what is dropped in mid-iteration."""
    try:
        yield
    finally:
        await run.close()


async def arun(runner: Runner, asked: Asked, *, on_note: OnNote | None = None) -> Outcome[Response]:
    """Ask, wait, and give the outcome. `on_note` is told what is decided on the way."""
    driven = Run(asking(runner, asked), ASYNCIO, observed=False, on_note=on_note)
    del asked  # a traceback that shows locals shows no prompt
    await driven.advance()
    return driven.ended


def astream(runner: Runner, asked: Asked, *, on_note: OnNote | None = None) -> AsyncStream:
    """Ask, and give the events as they come; see `AsyncStream`."""
    return AsyncStream(runner, asked, on_note)
