"""Who computes what: many callers of one key, one computation.

Law: a key has at most one leader. Those who come later are woken exactly once, with the leader's answer, or with
None when there is none to have (it failed, or its run ended). A waiter is a callback, so that threads and event
loops can wait for one another. Nothing here blocks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from returns.result import Success
from typing_extensions import override

from llm_pure import Outcome, Response

__all__ = ["Alone", "Flights", "Landed", "Landing", "Lead", "TooLate"]


@dataclass(frozen=True, slots=True)
class Lead:
    """Nobody else is at it: compute, then `Land`."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Compute for yourself: the leader had no answer, or this run must not wait."""


@dataclass(frozen=True, slots=True)
class Landed:
    """The leader's own answer."""

    response: Response


@dataclass(frozen=True, slots=True)
class TooLate:
    """The deadline came before the leader did."""


Landing: TypeAlias = Lead | Alone | Landed | TooLate

Wake: TypeAlias = Callable[[Landed | Alone], None]


@dataclass(eq=False, slots=True)
class Flights:
    """The computations under way in this process."""

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _waiting: dict[str, list[Wake]] = field(default_factory=dict, repr=False)

    @override
    def __reduce__(self) -> tuple[type[Flights], tuple[()]]:
        return Flights, ()

    def claim(self, key: str, wake: Wake, *, lead: bool) -> Lead | Alone | None:
        """Lead, if nobody does and the caller may; or None: `wake` is called when the leader has landed."""
        with self._lock:
            if key in self._waiting:
                self._waiting[key].append(wake)
                return None
            if not lead:
                return Alone()
            self._waiting[key] = []
            return Lead()

    def leave(self, key: str, wake: Wake) -> None:
        """Wait no longer."""
        with self._lock:
            waiting = self._waiting.get(key, [])
            if wake in waiting:
                waiting.remove(wake)

    def land(self, key: str, outcome: Outcome[Response] | None) -> None:
        """The leader's end: wake everybody."""
        with self._lock:
            waiting = self._waiting.pop(key, [])
        landing = Landed(outcome.unwrap()) if isinstance(outcome, Success) else Alone()
        for wake in waiting:
            wake(landing)
