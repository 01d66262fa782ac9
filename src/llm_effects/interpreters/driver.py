"""The one loop that runs a program, whatever the colour.

Law: a program is driven to its end once; what it opened or claimed is closed and given up when the run ends,
however it ends; and a failure of the world reaches the program as a value, while cancellation, KeyboardInterrupt and
bugs pass through.

The loop is written once, as coroutines. A colour is a `Backend`: the asyncio backend awaits, the blocking and the
simulated one never do, and `finished` steps a coroutine that never suspends to its end without any event loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Generic, Protocol, TypeAlias, TypeVar, assert_never, cast

from returns.result import Success

from llm_effects.cells import DEADLINE, Cell
from llm_effects.entries import Entry, load, save
from llm_effects.flights import Alone, Flights, Landing, Lead
from llm_effects.notes import Note, StoreFailed
from llm_effects.operations import (
    Call,
    Change,
    Claim,
    Close,
    Draw,
    Emit,
    HttpRequest,
    Land,
    Load,
    Next,
    Now,
    Observed,
    Open,
    Opened,
    Program,
    Prompt,
    Reply,
    Save,
    Send,
    Sleep,
    Tell,
)
from llm_effects.ports import MAX_BODY, Door, Store
from llm_pure import (
    Deadline,
    Disconnected,
    LlmError,
    Misconfigured,
    Outcome,
    Response,
    StreamEvent,
    Timeout,
    TooLarge,
)
from llm_pure.errors import is_error, snippet

__all__ = ["Backend", "Link", "OnNote", "Run", "finished"]

R = TypeVar("R")
A = TypeVar("A")
S = TypeVar("S")
OnNote: TypeAlias = Callable[[Note], None]


class Link(Protocol):
    """A connection, as the loop handles it. `limit` is how many seconds a wait may take, None: no matter."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    def read(self, limit: float | None) -> Coroutine[object, object, bytes | LlmError | None]: ...
    async def finish(self) -> None: ...
    async def close(self) -> None: ...


class Backend(Protocol):
    """A colour: how each effect is performed."""

    async def connect(self, door: Door, request: HttpRequest, limit: float | None) -> Link | LlmError: ...
    async def sleep(self, seconds: float) -> None: ...
    def now(self) -> float: ...
    def draw(self) -> float: ...
    def change(self, cell: Cell[S], function: Callable[[S], tuple[S, A]]) -> A:
        """Apply the function to a cell of scope `process`."""
        ...

    async def call(self, function: Callable[[], object], *, blocking: bool) -> object:
        """The answer of the caller's function, awaited if it is awaitable and the colour can."""

    def store(self, store: Store) -> Store:
        """The store that is asked where the program asks this one."""
        ...

    def aside(self, store: Store, work: Callable[[], A], limit: float | None) -> Coroutine[object, object, A]:
        """What the work with a store that may block gives or raises; `TimeoutError` after the limit."""
        ...

    def lead(self, flights: Flights, key: str) -> bool:
        """Lead, if nobody does: there is nothing to wait for then, and nothing is made ready for it."""
        ...

    async def claim(self, flights: Flights, key: str, limit: float | None, *, lead: bool) -> Landing: ...
    def land(self, flights: Flights, key: str, outcome: Outcome[Response] | None) -> None:
        """The end of what this run leads; None: it gave up."""
        ...


class Run(Generic[R]):
    """One program being driven. `result` is None until it has ended."""

    __slots__ = (
        "_backend",
        "_blamed",
        "_cells",
        "_claims",
        "_connections",
        "_on_note",
        "_opened",
        "_over",
        "_program",
        "_reader",
        "observed",
        "result",
    )

    def __init__(
        self,
        program: Program[R],
        backend: Backend,
        *,
        observed: bool,
        on_note: OnNote | None = None,
    ) -> None:
        self._program = program
        self._backend = backend
        self._blamed: tuple[Store, ...] = ()
        self._on_note = on_note
        self._opened = 0
        self._over = False
        self._reader = threading.Lock()
        self._connections: dict[int, Link] = {}
        self._claims: list[tuple[Flights, str]] = []
        self._cells: dict[Cell[object], object] = {}
        self.observed = observed
        self.result: R | None = None

    async def advance(self) -> StreamEvent | None:
        """Go on to the next event, or, with None, to the end. One at a time, as with a generator: RuntimeError."""
        if not self._reader.acquire(blocking=False):
            raise RuntimeError("the stream is being read already: one reader at a time")
        try:
            if self._over:
                return None
            answer: object = None  # to begin with, and to an event
            while True:
                try:
                    operation = self._program.send(answer)
                except StopIteration as stop:
                    self.result = stop.value
                    break
                if self._over:
                    break  # type: ignore[unreachable]  # another thread has closed the run meanwhile
                if isinstance(operation, Emit):
                    if self.observed:
                        return operation.event
                    answer = None
                elif isinstance(operation, Next):  # a stream comes here for every delta
                    if (connection := self._connections.get(operation.handle)) is None:
                        break  # another thread has closed the run meanwhile
                    answer = await self._read(connection)
                elif isinstance(operation, Prompt):
                    answer = self._answered(operation)
                else:
                    answer = await self._perform(operation)
            await self.close()
            return None
        except BaseException:
            await self.close()
            raise
        finally:
            self._reader.release()

    async def close(self) -> None:
        """End the run: stop the program, close every connection, give up every claim. A second time does nothing.

        Whatever one of these raises, the others are done.
        """
        self._over = True
        try:
            self._program.close()
        except ValueError as error:
            if str(error) != _RUNNING:
                raise
        finally:
            for flights, key in self._claims:
                self._backend.land(flights, key, None)
            self._claims.clear()
            await self._disconnect()

    async def _disconnect(self) -> None:
        if self._connections:
            _, connection = self._connections.popitem()
            try:
                await connection.close()
            finally:
                await self._disconnect()

    @property
    def ended(self) -> R:
        """The result, once `advance` has given None."""
        if self.result is None:
            raise AssertionError("the run has not ended")
        return self.result

    # ------------------------------------------------------------ one operation

    def _perform(
        self, operation: Send | Open | Close | Sleep | Load | Save | Claim | Call
    ) -> Coroutine[object, object, object]:
        """What performs it: not awaited here, since a frame would be held for as long as each call takes."""
        # By their classes alone: to take them apart in a pattern takes longer than most of them do.
        match operation:
            case Send():
                return self._send(operation.door, operation.request)
            case Load():
                return self._load(operation)
            case Save():
                return self._save(operation)
            case Claim():
                return self._claim(operation.flights, operation.key)
            case Open():
                return self._open(operation.door, operation.request)
            case Close():
                return self._finish(operation.handle)
            case Sleep():
                return self._backend.sleep(max(0.0, self._bounded(operation.seconds)))
            case Call():
                return self._call(operation.function, blocking=operation.blocking)
            case _:
                assert_never(operation)

    def _answered(self, operation: Tell | Change[object, object] | Observed | Now | Draw | Land) -> object:
        match operation:
            case Tell():
                self._tell(operation.note)
            case Observed():
                return self.observed
            case Change():
                return self._change(operation.cell, operation.function)
            case Now():
                return self._backend.now()
            case Land():
                self._land(operation.flights, operation.key, operation.outcome)
            case Draw():
                return self._backend.draw()
            case _:
                assert_never(operation)
        return None

    # ------------------------------------------------------------ the provider

    def _left(self) -> float | None:
        deadline = self._cells.get(_DEADLINE)
        return min(deadline - self._backend.now(), _LONGEST) if isinstance(deadline, float) else None

    def _bounded(self, seconds: float) -> float:
        """A wait, and at most what is left."""
        left = self._left()
        return seconds if left is None else min(seconds, left)

    async def _connect(self, door: Door, request: HttpRequest) -> Link | LlmError:
        left = self._left()
        if left is not None and left <= 0:
            return _OVER
        return self._in_time(await self._backend.connect(door, request, left))

    async def _open(self, door: Door, request: HttpRequest) -> Opened | LlmError:
        connection = await self._connect(door, request)
        if is_error(connection):
            return connection
        self._opened += 1
        self._connections[self._opened] = connection
        return Opened(self._opened, connection.status, connection.headers)

    async def _finish(self, handle: int) -> None:
        connection = self._connections.pop(handle, None)
        if connection is not None:  # None: another thread has closed the run meanwhile
            await connection.finish()

    async def _send(self, door: Door, request: HttpRequest) -> Reply | LlmError:
        connection = await self._connect(door, request)
        if is_error(connection):
            return connection
        self._opened += 1
        self._connections[self._opened] = connection  # while it is read, so that a cancelled run closes it
        chunks: list[bytes] = []
        size, began = 0, self._backend.now()
        while isinstance(chunk := await self._read(connection), bytes):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                chunk = TooLarge(
                    message=f"the answer is larger than {MAX_BODY} bytes", status=connection.status
                )
                break
            if request.max_silence is not None and self._backend.now() - began > request.max_silence:
                chunk = Deadline(
                    message=f"no progress: no whole answer in {request.max_silence} seconds",
                    status=connection.status,
                )
                break
        answered = self._connections.pop(self._opened, connection)
        await (answered.finish() if chunk is None else answered.close())
        return chunk if chunk is not None else Reply(connection.status, connection.headers, b"".join(chunks))

    def _read(self, connection: Link) -> Coroutine[object, object, bytes | LlmError | None]:
        """What reads the next bytes, by the deadline if there is one."""
        return connection.read(None) if _DEADLINE not in self._cells else self._read_in_time(connection)

    async def _read_in_time(self, connection: Link) -> bytes | LlmError | None:
        left = self._left()
        if left is not None and left <= 0:
            await connection.close()
            return _OVER
        return self._in_time(await connection.read(left))

    def _in_time(self, answer: A) -> A | Deadline:
        """A wait that the run's deadline cut short is told as such."""
        if isinstance(answer, (Timeout, Disconnected)):
            left = self._left()
            if left is not None and left <= _TICK:
                return _OVER
        return answer

    # ------------------------------------------------------------ state

    def _change(self, cell: Cell[S], function: Callable[[S], tuple[S, A]]) -> A:
        if cell.scope == "process":
            return self._backend.change(cell, function)
        key = cast("Cell[object]", cell)  # the dictionary holds cells of every type, each with its own state
        state, answer = function(cast("S", self._cells.get(key, cell.initial)))
        self._cells[key] = state
        return answer

    async def _call(self, function: Callable[[], object], *, blocking: bool) -> object:
        try:
            return await self._backend.call(function, blocking=blocking)
        except Exception as error:  # noqa: BLE001 - the caller's own function: whatever it raises is its failure
            return Misconfigured(message=snippet(f"{type(error).__name__}: {error}"))

    # ------------------------------------------------------------ stores and flights

    async def _asked(self, store: Store, work: Callable[[], A], within: float | None) -> A:
        """What a store that may block gives, in the time that there is."""
        limit = self._left() if within is None else self._bounded(within)
        return await self._backend.aside(store, work, limit)

    async def _load(self, asked: Load) -> Entry | bytes | None:
        store, key = self._backend.store(asked.store), asked.key
        try:
            entry: object = (
                await self._asked(store, partial(load, store, key), asked.within)
                if store.blocking
                else load(store, key)
            )
        except Exception as error:  # noqa: BLE001 - whatever a store may raise, it is a miss
            self._blame(store, StoreFailed("load", type(error).__name__))
            return None
        if entry is None or isinstance(entry, Entry | bytes):
            return entry
        if isinstance(entry, Coroutine):
            entry.close()
        self._blame(store, StoreFailed("load", f"bytes expected, not {type(entry).__name__}"))
        return None

    async def _save(self, asked: Save) -> bool:
        store, key, entry = self._backend.store(asked.store), asked.key, asked.entry
        try:
            if store.blocking:
                await self._asked(store, partial(save, store, key, entry), asked.within)
            else:
                save(store, key, entry)
            return True
        except Exception as error:  # noqa: BLE001 - whatever a store may raise, the answer is there all the same
            self._blame(store, StoreFailed("save", type(error).__name__))
            return False

    def _blame(self, store: Store, note: StoreFailed) -> None:
        """One note per run and store: what fails once mostly fails with every operation that follows."""
        if not any(store is it for it in self._blamed):
            self._blamed += (store,)
            self._tell(note)

    async def _claim(self, flights: Flights, key: str) -> Landing:
        if (flights, key) in self._claims:
            return Alone()  # this very run leads: waiting for itself would be for ever
        # A run whose events somebody looks at goes on only as fast as they look: it leads nobody.
        landing: Landing
        if not self.observed and self._backend.lead(flights, key):
            landing = Lead()
        else:
            landing = await self._backend.claim(flights, key, self._left(), lead=not self.observed)
        if isinstance(landing, Lead):
            self._claims.append((flights, key))
        return landing

    def _land(self, flights: Flights, key: str, outcome: Outcome[Response]) -> None:
        if (flights, key) in self._claims:
            self._claims.remove((flights, key))
            # That this run's own time is over says nothing of the provider to those who have more of it.
            gave_up = (
                not isinstance(outcome, Success)
                and isinstance(outcome.failure(), Deadline)
                and self._left() is not None
            )
            self._backend.land(flights, key, None if gave_up else outcome)

    def _tell(self, note: Note) -> None:
        if self._on_note is not None:
            try:
                self._on_note(note)
            except Exception as error:  # noqa: BLE001 - an observer that fails takes no answer with it
                _observer_failed(error)


def _observer_failed(error: Exception) -> None:
    from logging import getLogger  # when first needed: it takes as long to import as all of this

    getLogger("llm_effects").warning("on_note raised %s; the run goes on without it", type(error).__name__)


_DEADLINE = cast("Cell[object]", DEADLINE)
_OVER = Deadline(message="the time for the run is over")
_RUNNING = "generator already executing"
"""The program is on another thread, which finds at its next operation that the run is over."""
_TICK = 0.001
_LONGEST = 1_000_000.0
"""No single wait is longer, in seconds: clocks of the system have an end, and deadlines have none."""


def finished(coroutine: Coroutine[object, None, A]) -> A:
    """The result of a coroutine that never suspends, as all are whose backend does not."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("A", stop.value)
    coroutine.close()
    raise RuntimeError("a blocking backend suspended")
