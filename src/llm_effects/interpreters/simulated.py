"""`simulate`: a program in virtual time, against a scripted provider, without any I/O.

Law: the same runner, completion, script and seed give the same run, in no time at all. Clock, chance, cells and stores
belong to the simulated `World`; nothing of the real process is read or changed. Several runs in one world share it: a
token bucket emptied by one is empty for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias, TypeVar, cast, final

from returns.result import Failure

from llm_effects.cells import Cell
from llm_effects.flights import Alone, Flights, Landing, Lead
from llm_effects.interpreters.driver import Run, finished
from llm_effects.notes import Note
from llm_effects.operations import HttpRequest, Operation
from llm_effects.ports import Door, Store
from llm_effects.resolving import Asked, asking
from llm_effects.runner import Runner
from llm_pure import (
    Disconnected,
    LlmError,
    Misconfigured,
    Outcome,
    Response,
    StreamEvent,
    Timeout,
    TlsRefused,
    Unreachable,
)
from llm_pure.json import dump_json
from llm_pure.target import Target, codec_of

__all__ = ["Answer", "Script", "Simulation", "Slow", "World", "simulate"]

S = TypeVar("S")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Slow:
    """An answer that takes so many virtual seconds."""

    seconds: float
    answer: Response | LlmError


Answer: TypeAlias = Response | LlmError | Slow
Script: TypeAlias = Iterable[Answer] | Callable[[HttpRequest, Random], Answer]
"""What the provider answers: one after the other, or by a function of the request and of chance."""


@final
@dataclass(eq=False, slots=True)
class World:
    """A virtual world: its clock (seconds), its chance, its state. Runs in it come one after another."""

    script: Script
    seed: int = 0
    clock: float = 0.0
    requests: list[HttpRequest] = field(default_factory=list)
    chance: Random = field(init=False, repr=False)
    _answers: Iterator[Answer] | None = field(init=False, repr=False)
    cells: dict[Cell[object], object] = field(init=False, repr=False, default_factory=dict)
    stores: dict[int, tuple[Store, dict[str, bytes]]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self._answers = None if callable(self.script) else iter(self.script)

    def run(self, runner: Runner, asked: Asked, *, observed: bool = False) -> Simulation:
        """One run, from where the world stands."""
        began, sent = self.clock, len(self.requests)
        notes: list[Note] = []
        trace: list[tuple[Operation, object]] = []
        events: list[StreamEvent] = []
        driven = Run(
            asking(runner, asked),
            _Virtual(self, runner.target),
            observed=observed,
            on_note=notes.append,
            on_operation=lambda operation, answer: trace.append((operation, answer)),
        )
        while (event := finished(driven.advance())) is not None:
            events.append(event)
        return Simulation(
            driven.ended,
            self.clock - began,
            tuple(self.requests[sent:]),
            tuple(events),
            tuple(notes),
            tuple(trace),
        )

    def virtual(self, store: Store) -> dict[str, bytes]:
        """What this store holds in this world. The store is kept too, so that no other gets its identity."""
        return self.stores.setdefault(id(store), (store, {}))[1]

    def answer(self, request: HttpRequest) -> Answer:
        """What the provider answers next."""
        if callable(self.script):
            return self.script(request, self.chance)
        nothing = Misconfigured(message="the script has no further answer")
        return nothing if self._answers is None else next(self._answers, nothing)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a simulated run did: its outcome, how many virtual seconds it took, what went out, and every step."""

    outcome: Outcome[Response]
    elapsed: float
    requests: tuple[HttpRequest, ...]
    events: tuple[StreamEvent, ...]
    notes: tuple[Note, ...]
    trace: tuple[tuple[Operation, object], ...] = field(repr=False)


def simulate(
    runner: Runner, asked: Asked, script: Script, *, seed: int = 0, observed: bool = False
) -> Simulation:
    """The run in a world of its own; `observed` as `stream` would, else as `run` would."""
    return World(script, seed).run(runner, asked, observed=observed)


@final
class _Answered:
    __slots__ = ("_chunks", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], chunks: tuple[bytes, ...]) -> None:
        self.status: Final = status
        self.headers: Final = headers
        self._chunks = iter(chunks)

    async def read(self, limit: float | None) -> bytes | None:
        return next(self._chunks, None)

    async def finish(self) -> None:
        pass

    async def close(self) -> None:
        pass


@final
class _Virtual:
    """The colour of a world. It never suspends."""

    __slots__ = ("_target", "_world")

    def __init__(self, world: World, target: Target) -> None:
        self._world: Final = world
        self._target: Final = target

    async def connect(self, door: Door, request: HttpRequest, limit: float | None) -> _Answered | LlmError:
        self._world.requests.append(request)
        answer = self._world.answer(request)
        wait, answer = (answer.seconds, answer.answer) if isinstance(answer, Slow) else (0.0, answer)
        if limit is not None and wait > limit:
            self._world.clock += limit
            return Timeout(message="nothing came in time")
        self._world.clock += wait
        return self._answered(answer, stream=request.stream)

    def _answered(self, answer: Response | LlmError, *, stream: bool) -> _Answered | LlmError:
        codec = codec_of(self._target.wire)
        if not isinstance(answer, Response):
            if isinstance(answer, _NO_ANSWER):
                return answer
            told = codec.encode_error(answer)
            return _Answered(told.status, told.headers, (told.body,))
        if stream:
            chunks = codec.encode_stream(answer)
            if isinstance(chunks, Failure):
                return chunks.failure()
            return _Answered(200, {"content-type": "text/event-stream"}, chunks.unwrap())
        body = codec.encode_response(answer)
        if isinstance(body, Failure):
            return body.failure()
        return _Answered(200, {"content-type": "application/json"}, (dump_json(body.unwrap()),))

    async def sleep(self, seconds: float) -> None:
        self._world.clock += seconds

    def now(self) -> float:
        return self._world.clock

    def draw(self) -> float:
        return self._world.chance.random()

    def change(self, cell: Cell[S], function: Callable[[S], tuple[S, A]]) -> A:
        key = cast("Cell[object]", cell)  # the dictionary holds cells of every type, each with its own state
        state, answer = function(cast("S", self._world.cells.get(key, cell.initial)))
        self._world.cells[key] = state
        return answer

    async def call(self, function: Callable[[], object], *, blocking: bool) -> object:
        return function()

    async def load(self, store: Store, key: str, limit: float | None) -> bytes | None:
        return self._world.virtual(store).get(key)

    async def save(self, store: Store, key: str, value: bytes, limit: float | None) -> None:
        self._world.virtual(store)[key] = value

    async def claim(self, flights: Flights, key: str, limit: float | None, *, lead: bool) -> Landing:
        # Runs of a world come one after another: nobody else can be at it.
        return Lead() if lead else Alone()


_NO_ANSWER = Unreachable | TlsRefused | Timeout | Disconnected | Misconfigured
"""Failures that a provider cannot put into an answer: they happen on the way."""
