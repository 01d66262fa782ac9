"""Slots of frozen values, filled by whoever makes them.

Law: only a value that nobody else has yet is filled. An answer makes dozens of them, and `object.__setattr__`, which
goes by the name, takes nearly twice as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, cast

__all__ = ["Put", "put_into"]

Put: TypeAlias = Callable[[object, object], None]
"""Puts a value into its slot of an object, frozen or not."""


class _Slot(Protocol):
    def __set__(self, instance: object, value: object, /) -> None: ...


def put_into(cls: type, *names: str) -> tuple[Put, ...]:
    """What fills these slots of a class."""
    return tuple([cast("_Slot", vars(cls)[name]).__set__ for name in names])
