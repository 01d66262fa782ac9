"""Two lists laid beside each other.

Law: a way goes from `(0, 0)` to both ends, and each step takes the next of both, of the first or of the second. For
short lists it is the cheapest way there is (or one on which all stays at its place, if nothing of it is dear). For
long ones it is the cheapest between what is surely the same: the equal beginning, the equal end, and what stands in
both once (patience diff); and where that would take more steps than the budget has, items stay at their place. So the
work grows with the lists, and not with their product.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeAlias

__all__ = ["Budget", "Costs", "Keys", "Place", "aligned", "is_short"]

Place: TypeAlias = tuple[int, int]
"""How many items of the first list, and of the second, are behind."""
Keys: TypeAlias = tuple[Sequence[Hashable], Sequence[Hashable]]
"""What tells the items of the first list, and of the second; None for one that may be anywhere."""

_SHORT: Final = 256
"""Lists are short if there are no more pairs of their items."""
_STEPS: Final = 16
"""Places that a search may come to, per item."""


@dataclass(slots=True)
class Budget:
    """How many places may still be come to, by all searches that share it."""

    left: int

    @classmethod
    def of(cls, items: int) -> Budget:
        """What so many items may cost."""
        return cls(16 * _SHORT + _STEPS * items)


@dataclass(frozen=True, slots=True)
class Costs:
    """What steps cost: two items as one, an item of the first list alone, any of the second alone.

    A way on which all stays at its place is taken unseen if it costs less than `stay`.
    """

    both: Callable[[int, int], int]
    first: Sequence[int]
    second: int
    stay: int


def is_short(ends: Place) -> bool:
    """Whether all ways through lists of such lengths are looked at, so that no keys are needed."""
    return ends[0] * ends[1] <= _SHORT


def aligned(ends: Place, keys: Sequence[Keys], costs: Costs, budget: Budget) -> list[Place]:
    """The places of a way through both lists. `keys` tell what is the same, the surest first."""
    return [(0, 0), *_through((0, 0), ends, keys, costs, budget)]


def _through(start: Place, end: Place, keys: Sequence[Keys], costs: Costs, budget: Budget) -> Iterator[Place]:
    """The way from one place to another, without the place where it starts."""
    across, down = end[0] - start[0], end[1] - start[1]
    if (across == down and _stays(start, across, costs)) or not across or not down:
        yield from _straight(start, end)
    elif not keys or is_short((across, down)):
        yield from _cheapest(start, end, costs, budget) or _straight(start, end)
    else:
        at = start
        for place in [*_same(start, end, *keys[0]), end]:
            yield from _through(at, place, keys[1:], costs, budget)
            if place != end:
                at = place[0] + 1, place[1] + 1
                yield at


def _stays(start: Place, size: int, costs: Costs) -> bool:
    cost = 0
    for step in range(size):
        cost += costs.both(start[0] + step, start[1] + step)
        if cost >= costs.stay:
            return False
    return True


def _straight(start: Place, end: Place) -> Iterator[Place]:
    """Each at its place, then what is left of either."""
    i, j = start
    while (i, j) != end:
        i, j = min(i + 1, end[0]), min(j + 1, end[1])
        yield i, j


def _same(start: Place, end: Place, first: Sequence[Hashable], second: Sequence[Hashable]) -> list[Place]:
    """The places of what is the same in both, in order: at the beginning, at the end, and once in between."""
    (i, j), (k, m) = start, end
    begins: list[Place] = []
    while i < k and j < m and first[i] is not None and first[i] == second[j]:
        begins.append((i, j))
        i, j = i + 1, j + 1
    ends: list[Place] = []
    while i < k and j < m and first[k - 1] is not None and first[k - 1] == second[m - 1]:
        k, m = k - 1, m - 1
        ends.append((k, m))
    there = _once(second, j, m)
    once = sorted((at, there[key]) for key, at in _once(first, i, k).items() if key in there)
    return [*begins, *_longest(once), *reversed(ends)]


def _once(keys: Sequence[Hashable], start: int, end: int) -> dict[Hashable, int]:
    """The keys that are there once, and where."""
    found: dict[Hashable, int] = {}
    again: set[Hashable] = set()
    for at in range(start, end):
        key = keys[at]
        if key in found:
            again.add(key)
        elif key is not None:
            found[key] = at
    return {key: at for key, at in found.items() if key not in again}


def _longest(places: Sequence[Place]) -> list[Place]:
    """The most of these places, sorted by the first list, that are sorted by the second too."""
    lasts: list[int] = []  # the least end of a run of each length
    runs: list[int] = []  # whose places these are
    before: list[int | None] = []
    for at, (_, j) in enumerate(places):
        length = bisect_left(lasts, j)
        lasts[length : length + 1] = [j]
        runs[length : length + 1] = [at]
        before.append(runs[length - 1] if length else None)
    found: list[Place] = []
    at_last = runs[-1] if runs else None
    while at_last is not None:
        found.append(places[at_last])
        at_last = before[at_last]
    return found[::-1]


def _cheapest(start: Place, end: Place, costs: Costs, budget: Budget) -> list[Place]:
    """The cheapest way (A*), empty if the budget does not last.

    What is left of the second list beyond what is left of the first has to be put in: ways that this makes dear are
    not looked at.
    """
    most = 4 * _SHORT + _STEPS * (end[0] - start[0] + end[1] - start[1])
    number = count()
    came: dict[Place, Place] = {}
    sofar: dict[Place, int] = {start: 0}
    ways: list[tuple[int, int, Place, Place]] = [(0, 0, start, start)]

    def step(origin: Place, place: Place, cost: int) -> None:
        cost += sofar[origin]
        if cost < sofar.get(place, cost + 1):
            sofar[place] = cost
            rest = costs.second * max(0, (end[1] - place[1]) - (end[0] - place[0]))
            heappush(ways, (cost + rest, next(number), place, origin))

    while end not in came:
        _, _, place, origin = heappop(ways)
        if place in came:
            continue
        if not budget.left or len(came) >= most:
            return []
        budget.left -= 1
        came[place] = origin
        i, j = place
        if i < end[0] and j < end[1]:
            step(place, (i + 1, j + 1), costs.both(i, j))
        if i < end[0]:
            step(place, (i + 1, j), costs.first[i])
        if j < end[1]:
            step(place, (i, j + 1), costs.second)
    back = [end]
    while came[back[-1]] != start:
        back.append(came[back[-1]])
    return back[::-1]
