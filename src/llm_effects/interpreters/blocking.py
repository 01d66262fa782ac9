"""`run` and `stream`: a program on the calling thread.

Law: nothing here suspends, so `finished` drives every coroutine of the loop to its end.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, TypeVar, final

from llm_effects.cells import Cell
from llm_effects.flights import Alone, Flights, Landed, Landing, Lead, TooLate
from llm_effects.interpreters.aside import waited
from llm_effects.interpreters.driver import OnNote, Run, finished
from llm_effects.interpreters.reading import Reading
from llm_effects.interpreters.waiting import SKIPPED, now
from llm_effects.operations import HttpRequest
from llm_effects.ports import Connection, Door, Store
from llm_effects.resolving import Asked, asking
from llm_effects.runner import Runner
from llm_pure import LlmError, Outcome, Response, StreamEvent
from llm_pure.errors import is_error

__all__ = ["BLOCKING", "Stream", "run", "stream"]

S = TypeVar("S")
A = TypeVar("A")


@final
class _OnThread:
    """A connection that blocks."""

    __slots__ = ("_connection", "headers", "status")

    def __init__(self, connection: Connection) -> None:
        self._connection: Final = connection
        self.status: Final = connection.status
        self.headers: Final = connection.headers

    async def read(self, limit: float | None) -> bytes | LlmError | None:
        return self._connection.read(limit)

    async def finish(self) -> None:
        self._connection.finish()

    async def close(self) -> None:
        self._connection.close()


@final
class _Blocking:
    """The calling thread waits."""

    __slots__ = ()

    async def connect(self, door: Door, request: HttpRequest, limit: float | None) -> _OnThread | LlmError:
        connection = door.connect(request, limit)
        return connection if is_error(connection) else _OnThread(connection)

    async def sleep(self, seconds: float) -> None:
        if not SKIPPED.skip(seconds):
            time.sleep(seconds)  # noqa: ASYNC251 - to block the thread is what this colour does

    def now(self) -> float:
        return now()

    def draw(self) -> float:
        return random.random()

    def change(self, cell: Cell[S], function: Callable[[S], tuple[S, A]]) -> A:
        return cell.change(function)

    async def call(self, function: Callable[[], object], *, blocking: bool) -> object:
        answer = function()
        if isinstance(answer, Awaitable):
            if isinstance(answer, Coroutine):
                answer.close()
            raise TypeError("an async function needs arun or astream")
        return answer

    def store(self, store: Store) -> Store:
        return store

    async def aside(self, store: Store, work: Callable[[], A], limit: float | None) -> A:
        # A thread that waits for itself cannot leave: where there is a limit, another one asks.
        return work() if limit is None else waited(store, work, limit)

    def lead(self, flights: Flights, key: str) -> bool:
        return flights.lead(key, blocking=True)

    async def claim(self, flights: Flights, key: str, limit: float | None, *, lead: bool) -> Landing:
        landed: SimpleQueue[Landed | Alone | Lead] = SimpleQueue()

        def wake(landing: Landed | Alone | Lead) -> bool:
            landed.put(landing)
            return True

        claimed = flights.claim(key, wake, lead=lead, blocking=True)
        if claimed is not None:
            return claimed
        try:
            return landed.get(timeout=limit if limit is None else max(0.0, limit))
        except BaseException as error:
            flights.leave(key, wake)
            if isinstance(error, Empty):
                return TooLate()
            raise

    def land(self, flights: Flights, key: str, outcome: Outcome[Response] | None) -> None:
        flights.land(key, outcome)


BLOCKING: Final = _Blocking()


@final
class Stream:
    """The events of one run, as they come. Iterate it; use it as a context manager to close early.

    `result` is the Outcome; before the end it is a Failure (`Incomplete`) with the part that was read.
    """

    def __init__(self, runner: Runner, asked: Asked, on_note: OnNote | None) -> None:
        self._run = Run(asking(runner, asked), BLOCKING, observed=True, on_note=on_note)
        self._reading = Reading()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> StreamEvent:
        event = finished(self._run.advance())
        if event is None:
            raise StopIteration
        self._reading.see(event)
        return event

    def __del__(self) -> None:
        if hasattr(self, "_run"):  # what was asked may have been refused
            self.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave now: the connection is closed, nothing more is paid for."""
        finished(self._run.close())

    @property
    def result(self) -> Outcome[Response]:
        """The outcome of the run; before its end, a Failure with the part read."""
        return self._run.result if self._run.result is not None else self._reading.so_far()


def run(runner: Runner, asked: Asked, *, on_note: OnNote | None = None) -> Outcome[Response]:
    """Ask, wait, and give the outcome. `on_note` is told what is decided on the way."""
    driven = Run(asking(runner, asked), BLOCKING, observed=False, on_note=on_note)
    del asked  # a traceback that shows locals shows no prompt
    finished(driven.advance())
    return driven.ended


def stream(runner: Runner, asked: Asked, *, on_note: OnNote | None = None) -> Stream:
    """Ask, and give the events as they come; see `Stream`."""
    return Stream(runner, asked, on_note)
