"""Sequences that grow at their end: what a stream is put together in.

Law: a rope never changes; it is a tuple of pieces, each longer than the next, so that there are few of them and every
item is copied a logarithmic number of times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from itertools import chain
from typing import TypeAlias

from llm_pure.json import PlainJson

__all__ = ["Items", "Places", "Rope", "place_of", "push", "push_items", "push_place"]

Rope: TypeAlias = tuple[str, ...]
Items: TypeAlias = tuple[tuple[PlainJson, ...], ...]
"""The same of JSON values."""
Places: TypeAlias = tuple[Mapping[int | str, int], ...]
"""And of places, by the key."""


def _keep(rope: Sequence[Sized], size: int) -> int:
    """How many pieces of a rope stay as they are when one of this size comes: the longer ones."""
    keep = len(rope)
    while keep and len(rope[keep - 1]) <= size:
        keep -= 1
        size += len(rope[keep])
    return keep


def push(rope: Rope, piece: str) -> Rope:
    """The rope with a piece at its end."""
    keep = _keep(rope, len(piece))
    return (*rope[:keep], "".join((*rope[keep:], piece)))


def push_items(rope: Items, piece: tuple[PlainJson, ...]) -> Items:
    """The same with values."""
    keep = _keep(rope, len(piece))
    return (*rope[:keep], tuple(chain(*rope[keep:], piece)))


def push_place(places: Places, key: int | str, place: int) -> Places:
    """The same of the places of keys."""
    keep = _keep(places, 1)
    found: dict[int | str, int] = {}
    for some in places[keep:]:
        found.update(some)
    found[key] = place
    return (*places[:keep], found)


def place_of(places: Places, key: int | str) -> int | None:
    """Where the key has its place, as was said last."""
    for some in reversed(places):
        if key in some:
            return some[key]
    return None
