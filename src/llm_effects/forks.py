"""What a forked child begins anew.

Law: a child waits for no lock that a thread of its parent's may have held, and takes up nothing that such a thread was
at: none of them has come along. What is said here is done in the child before it goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["Renewed", "in_child", "renewed_in_child"]


class Renewed(Protocol):
    """What has a lock, or something under way."""

    def renew(self) -> None:
        """Be as if no thread of the parent's had been at it. For a child."""


_all: Final[WeakSet[Renewed]] = WeakSet()


def renewed_in_child(it: Renewed) -> None:
    """Renew it in every child, as long as somebody holds it."""
    _all.add(it)


def in_child(renew: Callable[[], object]) -> None:
    """Call this in every child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


def _renew() -> None:
    for it in list(_all):
        it.renew()


in_child(_renew)
