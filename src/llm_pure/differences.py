"""What two completions say differently, place by place.

Law: equal completions have no differences, and unequal ones have some. The paths are those of the first: they name its
fields as a `Loss` does (`$.messages[2].content[0].text`). Lists are laid beside each other so that as little as
possible differs, and so what is left out or put in is one difference, however much follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from llm_pure.brief import Brief
from llm_pure.completion import ReasoningSetting
from llm_pure.json import JsonObject
from llm_pure.parts import Text
from llm_pure.tools import ToolChoice

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from llm_pure.completion import Completion

__all__ = ["Difference", "covers", "differences", "upwards"]


@dataclass(frozen=True, slots=True, repr=False)
class Difference(Brief):
    """At `path` stood `before`, and stands `after`. None is nothing: left out, put in, or not set."""

    path: str
    before: object
    after: object


def differences(
    before: Completion, after: Completion, *, expected: Iterable[str] = ()
) -> tuple[Difference, ...]:
    """Where `after` says something else than `before`.

    What has been put into a list has the path of the place before which it stands. `expected` are paths at and below
    which differences are no surprise (those of losses): of several ways to lay two lists beside each other, one with
    the fewest surprises is taken; of these, the one where all stays at its place, or the least is left out and put in.
    """
    return tuple(_Comparison(frozenset(expected)).between(before, after, "$", surprising=True).differences)


def covers(path: str, other: str) -> bool:
    """Whether a path is that of `other`, or of something that it stands in."""
    return other.startswith(path) and (len(other) == len(path) or other[len(path)] in ".[")


def upwards(path: str) -> Iterator[str]:
    """A path, and those of all that it stands in."""
    yield path
    for end in range(len(path) - 1, 0, -1):
        if path[end] in ".[":
            yield path[:end]


class _Found(NamedTuple):
    cost: int
    differences: Sequence[Difference]


_Fields: TypeAlias = Mapping[str, object]
_Place: TypeAlias = tuple[int, int]

_NO_DIFFERENCE: Final = _Found(0, ())
_FIELD: Final = 1
_ITEM: Final = 1000
_SURPRISE: Final = 1_000_000


class _Comparison:
    """`surprising` says of a place whether nothing at or above it is expected to differ."""

    __slots__ = ("expected",)

    def __init__(self, expected: frozenset[str]) -> None:
        self.expected = expected

    def between(self, a: object, b: object, path: str, *, surprising: bool) -> _Found:
        """What differs at and below a path."""
        if a is b or _same(a, b):
            return _NO_DIFFERENCE
        surprising = surprising and path not in self.expected
        a, b = _told(a, b), _told(b, a)
        if isinstance(a, JsonObject) and isinstance(b, JsonObject):
            found = self._fields(a, b, path, surprising=surprising)
            # No key differs, and the objects do: one says null where the other says nothing.
            return found if found.differences else self._one(path, a, b, _FIELD, surprising=surprising)
        if isinstance(a, Text) and isinstance(b, Text) and a.text != b.text:
            return self._one(
                path, a, b, 2 * _ITEM + _FIELD, surprising=surprising
            )  # words are what a text is
        if type(a) is type(b) and is_dataclass(a):
            return self._fields(_values(a), _values(b), path, surprising=surprising)
        if isinstance(a, tuple) and isinstance(b, tuple):
            items, others = cast("tuple[object, ...]", a), cast("tuple[object, ...]", b)
            return self._items(items, others, path, surprising=surprising)
        another = a is not None and b is not None and type(a) is not type(b)
        return self._one(path, a, b, _ITEM if another else _FIELD, surprising=surprising)

    def _one(self, path: str, a: object, b: object, cost: int, *, surprising: bool) -> _Found:
        if surprising and path not in self.expected:
            cost += _SURPRISE * (1 if cost == _FIELD else _weight(a))
        return _Found(cost, (Difference(path, a, b),))

    def _fields(self, a: _Fields, b: _Fields, path: str, *, surprising: bool) -> _Found:
        cost, found = 0, list[Difference]()
        for name in (*a, *(name for name in b if name not in a)):
            more = self.between(a.get(name), b.get(name), f"{path}.{name}", surprising=surprising)
            cost += more.cost
            found += more.differences
        return _Found(cost, found)

    def _items(self, a: Sequence[object], b: Sequence[object], path: str, *, surprising: bool) -> _Found:
        """The cheapest way through both lists, step by step: the next items of both, of `a` alone, or of `b` alone.

        What is left of `b` beyond what is left of `a` has to be put in: ways that this makes dear are not looked at.
        """
        ends = len(a), len(b)
        if ends[0] == ends[1]:
            stays = [
                self.between(*both, f"{path}[{i}]", surprising=surprising)
                for i, both in enumerate(zip(a, b, strict=True))
            ]
            cost = sum(found.cost for found in stays)
            if cost < _SURPRISE:
                return _Found(cost, [one for found in stays for one in found.differences])
        number = count()
        came: dict[_Place, tuple[_Place | None, _Found]] = {}
        ways: list[tuple[int, int, _Place, _Place | None, _Found]] = [(0, 0, (0, 0), None, _NO_DIFFERENCE)]
        sofar: dict[_Place, int] = {(0, 0): 0}

        def way(origin: _Place, place: _Place, step: _Found) -> None:
            cost = sofar[origin] + step.cost
            if cost < sofar.get(place, cost + 1):
                sofar[place] = cost
                rest = _ITEM * max(0, (ends[1] - place[1]) - (ends[0] - place[0]))
                heappush(ways, (cost + rest, next(number), place, origin, step))

        while ends not in came:
            _, _, place, origin, step = heappop(ways)
            if place in came:
                continue
            came[place] = origin, step
            i, j = place
            here = f"{path}[{i}]"
            if i < ends[0] and j < ends[1]:
                way(place, (i + 1, j + 1), self.between(a[i], b[j], here, surprising=surprising))
            if i < ends[0]:
                cost = _FIELD if here in self.expected else _ITEM
                way(place, (i + 1, j), self._one(here, a[i], None, cost, surprising=surprising))
            if j < ends[1]:
                # Whether this is a surprise depends on where it came from: if it is missing there, that is one.
                way(place, (i, j + 1), self._one(here, None, b[j], _ITEM, surprising=False))
        steps: list[Sequence[Difference]] = []
        at: _Place | None = ends
        while at is not None:
            at, step = came[at]
            steps.append(step.differences)
        return _Found(sofar[ends], [found for step in reversed(steps) for found in step])


_SILENT: Final[Mapping[object, object]] = {ReasoningSetting: ReasoningSetting(), ToolChoice: ToolChoice()}


def _told(value: object, other: object) -> object:
    """The value; for no setting where the other is one, the setting that says nothing: they mean the same."""
    return _SILENT.get(type(other)) if value is None else value


def _weight(value: object) -> int:
    """How much is lost with a value: a message counts as much as its parts and itself."""
    inner = getattr(value, "content", ())
    parts = cast("tuple[object, ...]", inner) if isinstance(inner, tuple) else ()
    return 1 + sum(map(_weight, parts))


def _values(value: object) -> _Fields:
    named = fields(cast("DataclassInstance", value))
    return {field.name: getattr(value, field.name) for field in named if field.compare}


def _same(a: object, b: object) -> bool:
    """Equal, and not as `True` equals 1."""
    return a == b and isinstance(a, bool) is isinstance(b, bool)
