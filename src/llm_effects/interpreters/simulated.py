"""`simulate`: a program in virtual time, against a scripted provider, without any I/O.

Law: the same runner, completion, script and seed give the same run, in no time at all. Clock, chance, cells and stores
belong to the simulated `World`; nothing of the real process is read or changed, but that what the caller gives to be
called is called (a function or a path in a prompt, `with_trace`'s `keep`). Several runs in one world share it: a token
bucket emptied by one is empty for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias, TypeVar, cast, final

from llm_effects.cells import Cell
from llm_effects.flights import Alone, Flights, Landing
from llm_effects.interpreters.answers import Answer, Raw, Slow, on_the_wire
from llm_effects.interpreters.blocking import BLOCKING
from llm_effects.interpreters.driver import Run, finished
from llm_effects.interpreters.record import recorded
from llm_effects.notes import Note
from llm_effects.operations import HttpRequest, Operation, Program
from llm_effects.ports import Door, Store
from llm_effects.programs import watched
from llm_effects.resolving import Asked, asking
from llm_effects.runner import Runner
from llm_effects.trace.trace import Recorded
from llm_pure import (
    LlmError,
    Misconfigured,
    Outcome,
    Response,
    StreamEvent,
    Timeout,
)
from llm_pure.target import Target, codec_of, wire_of

__all__ = ["Script", "Simulation", "World", "simulate"]

S = TypeVar("S")
A = TypeVar("A")


Script: TypeAlias = Iterable[Answer] | Callable[[HttpRequest, Random], Answer]
"""What the provider answers: one after the other, or by a function of the request and of chance."""


@final
@dataclass(eq=False, slots=True)
class VirtualStore:
    """A store of a world, which keeps everything."""

    held: dict[str, bytes] = field(default_factory=dict)
    blocking: Final = False

    def load(self, key: str) -> bytes | None:
        return self.held.get(key)

    def save(self, key: str, value: bytes) -> None:
        self.held[key] = value


@final
@dataclass(eq=False, slots=True)
class World:
    """A virtual world: its clock (seconds), its chance, its state. Runs in it come one after another."""

    script: Script
    seed: int = 0
    clock: float = 0.0
    requests: list[HttpRequest] = field(default_factory=list)
    chance: Random = field(init=False, repr=False)
    _answers: Iterator[Answer] = field(init=False, repr=False)
    cells: dict[Cell[object], object] = field(init=False, repr=False, default_factory=dict)
    stores: dict[int, tuple[Store, VirtualStore]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self._answers = iter(() if callable(self.script) else self.script)

    def run(self, runner: Runner, asked: Asked, *, observed: bool = False) -> Simulation:
        """One run, from where the world stands."""
        return self.play(asking(runner, asked), runner.target, observed=observed)

    def play(
        self, program: Program[Outcome[Response]], target: Target, *, observed: bool = False
    ) -> Simulation:
        """One run of any program that talks to `target`."""
        began, sent = self.clock, len(self.requests)
        notes: list[Note] = []
        trace: list[tuple[Operation, object]] = []
        events: list[StreamEvent] = []
        driven = Run(
            watched(program, lambda *step: trace.append(step)),
            _Virtual(self, target),
            observed=observed,
            on_note=notes.append,
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

    def record(self, runner: Runner, asked: Asked, *, observed: bool = False) -> Recorded:
        """One run, from where the world stands, and its trace as data."""
        return finished(recorded(runner, asked, _Virtual(self, runner.target), observed=observed))

    def virtual(self, store: Store) -> VirtualStore:
        """What this store is in this world. The store is kept too, so that no other gets its identity."""
        return self.stores.setdefault(id(store), (store, VirtualStore()))[1]

    def passed(self, seconds: float, limit: float | None) -> bool:
        """Let so much time pass, at most to the limit, and say whether that was enough."""
        if limit is not None and seconds > limit:
            self.clock += limit
            return False
        self.clock += seconds
        return True

    def answer(self, request: HttpRequest) -> Answer:
        """What the provider answers next."""
        if callable(self.script):
            return self.script(request, self.chance)
        return next(self._answers, Misconfigured(message="the script has no further answer"))


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
    __slots__ = ("_answer", "_each", "_read", "_world", "headers", "status")

    def __init__(self, world: World, answer: Raw, each: float) -> None:
        self._world: Final = world
        self._answer: Final = answer
        self._each: Final = each
        self._read = 0
        self.status: Final = answer.status
        self.headers: Final = answer.headers

    async def read(self, limit: float | None) -> bytes | LlmError | None:
        at, pauses = self._read, self._answer.pauses
        if at >= len(self._answer.chunks):
            return None
        if not self._world.passed(self._each + (pauses[at] if at < len(pauses) else 0.0), limit):
            return Timeout(message="nothing came in time")
        self._read += 1
        return self._answer.chunks[at]

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
        wait, each = 0.0, 0.0
        if isinstance(answer, Slow):
            wait, each, answer = answer.seconds, answer.each, answer.answer
        if not self._world.passed(wait, limit):
            return Timeout(message="nothing came in time")
        wire = wire_of(request.path) or self._target.wire  # a stack may ask several providers
        raw = on_the_wire(codec_of(wire), answer, stream=request.stream)
        return _Answered(self._world, raw, each) if isinstance(raw, Raw) else raw

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
        return await BLOCKING.call(function, blocking=blocking)

    def store(self, store: Store) -> Store:
        return self._world.virtual(store)

    async def aside(self, store: Store, work: Callable[[], A], limit: float | None) -> A:
        return work()

    def lead(self, flights: Flights, key: str) -> bool:
        return True  # runs of a world come one after another: nobody else can be at it

    async def claim(self, flights: Flights, key: str, limit: float | None, *, lead: bool) -> Landing:
        return Alone()

    def land(self, flights: Flights, key: str, outcome: Outcome[Response] | None) -> None:
        """Nobody of this world waits; in the real one, somebody may wait for a leader of that."""
