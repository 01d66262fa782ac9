"""What two completions say differently, place by place.

Law: equal completions have no differences, and unequal ones have some. The paths are those of the first: they name its
fields as a `Loss` does (`$.messages[2].content[0].text`). Lists are laid beside each other so that as little as
possible differs, and so what is left out or put in is one difference, however much follows it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from llm_pure.alignment import Budget, Costs, Keys, Place, aligned, is_short
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

    Raises `RecursionError` if JSON or results are nested several hundred levels deep: no codec reads or sends such.
    """
    budget = Budget.of(_size(before) + _size(after))
    comparison = _Comparison(frozenset(expected), budget)
    return tuple(comparison.between(before, after, "$", surprising=True).differences)


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

_NO_DIFFERENCE: Final = _Found(0, ())
_FIELD: Final = 1
_ITEM: Final = 1000
_SURPRISE: Final = 1_000_000


class _Comparison:
    """`surprising` says of a place whether nothing at or above it is expected to differ."""

    __slots__ = ("budget", "expected")

    def __init__(self, expected: frozenset[str], budget: Budget) -> None:
        self.expected = expected
        self.budget = budget

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
        """The lists laid beside each other as cheaply as `llm_pure.alignment` finds."""
        ends = len(a), len(b)
        met: dict[Place, _Found] = {}

        def both(i: int, j: int) -> int:
            if (i, j) not in met:
                met[i, j] = self.between(a[i], b[j], f"{path}[{i}]", surprising=surprising)
            return met[i, j].cost

        gone = [
            self._one(here, item, None, _FIELD if here in self.expected else _ITEM, surprising=surprising)
            for here, item in ((f"{path}[{i}]", item) for i, item in enumerate(a))
        ]
        keys = () if is_short(ends) else self._keys(a, b, path)
        costs = Costs(both, [found.cost for found in gone], _ITEM, stay=_SURPRISE)
        cost, found = 0, list[Difference]()
        for (i, j), after in pairwise(aligned(ends, keys, costs, self.budget)):
            if after == (i + 1, j + 1):
                cost += both(i, j)
                found += met[i, j].differences
            elif after == (i + 1, j):
                cost += gone[i].cost
                found += gone[i].differences
            else:
                # Whether this is a surprise depends on where it came from: if it is missing there, that is one.
                cost += _ITEM
                found.append(Difference(f"{path}[{i}]", None, b[j]))
        return _Found(cost, found)

    def _keys(self, a: Sequence[object], b: Sequence[object], path: str) -> tuple[Keys, ...]:
        """What is the same as a whole, and then what says the same. What may be lost need not be the same."""
        kept = [None if f"{path}[{i}]" in self.expected else item for i, item in enumerate(a)]
        return (list(map(_whole, kept)), list(map(_whole, b))), (list(map(_gist, kept)), list(map(_gist, b)))


def _size(completion: Completion) -> int:
    messages = completion.messages
    return (
        len(completion.system) + len(completion.tools) + sum(1 + len(message.content) for message in messages)
    )


def _whole(item: object) -> Hashable:
    """An item as a key, None if it is none; what it says comes first, since JSON hashes by its fields' names alone."""
    try:
        hash(item)
    except TypeError:
        return None
    return None if item is None else (_gist(item), item)


def _gist(item: object) -> Hashable:
    """The words and ids that an item is known by, None if there are none."""
    content = getattr(item, "content", None)
    inner = cast("tuple[object, ...]", content) if isinstance(content, tuple) else (item,)
    found = [word for part in inner for word in _words(part)]
    return (type(item).__name__, *found) if found else None


def _words(part: object) -> list[str]:
    named = [getattr(part, name, None) for name in ("text", "id", "call_id", "name")]
    return [word for word in named if isinstance(word, str)]


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
