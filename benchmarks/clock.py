"""Two ways to do one thing, and how much processor time each takes.

Law: a figure is a median, and a ratio is one of figures taken side by side. Every round visits every line once, in a
fresh random order, and both sides of a line in one go: a slow minute of the machine meets them alike. Time that others
use, and time spent waiting, is not counted.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__all__ = ["Figure", "Line", "Side", "Work", "awaited", "measure", "repeated"]

Work: TypeAlias = Callable[[int], object]
"""Does what is measured so many times, and gives what came out last."""

_BLOCK = 0.02
"""Seconds of processor time that are measured in one go."""


@dataclass(frozen=True, slots=True)
class Side:
    """One way. Each time counts as `per` operations."""

    work: Work
    per: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """`ours` against `other` (the SDK, where its name does not say otherwise). `target` bounds the ratio."""

    name: str
    other: Side | None
    ours: Side
    target: float | None = None
    effort: float = 1.0
    """How many rounds, against the usual number: more where the ratio is near to one."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What came out. Without `unit` the numbers are microseconds."""

    name: str
    other: float | None
    ours: float
    ratio: float | None = None
    target: float | None = None
    unit: str = "µs"

    @property
    def over(self) -> bool:
        return self.target is not None and self.ratio is not None and self.ratio > self.target


def repeated(once: Callable[[], object]) -> Work:
    """The work of calling a function."""

    def work(times: int) -> object:
        result: object = None
        for _ in range(times):
            result = once()
        return result

    return work


def awaited(loop: AbstractEventLoop, once: Callable[[], Coroutine[object, object, object]]) -> Work:
    """The work of awaiting a coroutine function, one call after the other."""

    async def all_of(times: int) -> object:
        result: object = None
        for _ in range(times):
            result = await once()
        return result

    return lambda times: loop.run_until_complete(all_of(times))


def measure(lines: Iterable[Line], rounds: int) -> list[Figure]:
    """The figures of all lines, in their order."""
    taken = [_Taken(line, max(3, round(rounds * line.effort))) for line in lines]
    for one in taken:
        one.prepare()
    gc.collect()
    gc.freeze()  # what the harness itself holds costs no collection
    for turn in range(max((one.rounds for one in taken), default=0)):
        for one in random.sample(taken, len(taken)):
            if turn < one.rounds:
                one.take()
    gc.unfreeze()
    return [one.figure() for one in taken]


@dataclass(slots=True)
class _Taken:
    line: Line
    rounds: int
    ours: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)
    times: dict[int, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make sure that both sides do what they say, and find out how often a block has to repeat it."""
        for side in self._sides():
            for _ in range(3):
                if not side.work(1):
                    raise RuntimeError(f"{self.line.name}: nothing came out")
            began = time.process_time()
            side.work(3)
            each = (time.process_time() - began) / 3
            self.times[id(side)] = max(1, min(10_000, round(_BLOCK / max(each, 1e-7))))

    def take(self) -> None:
        sides = self._sides()
        for side in random.sample(sides, len(sides)):
            times = self.times[id(side)]
            began = time.process_time()
            side.work(times)
            each = (time.process_time() - began) / times / side.per * 1e6
            (self.ours if side is self.line.ours else self.other).append(each)

    def figure(self) -> Figure:
        line = self.line
        if line.other is None:
            return Figure(line.name, None, median(self.ours))
        ratio = median([ours / other for ours, other in zip(self.ours, self.other, strict=True)])
        return Figure(line.name, median(self.other), median(self.ours), ratio, line.target)

    def _sides(self) -> list[Side]:
        return [self.line.ours] if self.line.other is None else [self.line.other, self.line.ours]
