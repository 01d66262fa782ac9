"""Who computes what: many callers of one key, one computation.

Law: a key has at most one leader. Those who come later are woken exactly once, with the leader's answer, or with
None when there is none to have (it failed, or its run ended). A waiter is a callback, so that threads and event
loops can wait for one another. Nothing here blocks.
"""

from __future__ import annotations

import os
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


@dataclass(slots=True)
class _Flight:
    """One computation under way. `thread` is where its leader goes on, and whether it blocks it."""

    thread: int
    blocking: bool
    waiting: list[Wake] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Flights:
    """The computations under way in this process. A forked child begins without any: their leaders stayed behind."""

    _pid: int = field(default_factory=os.getpid, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _flights: dict[str, _Flight] = field(default_factory=dict, repr=False)

    @override
    def __reduce__(self) -> tuple[type[Flights], tuple[()]]:
        return Flights, ()

    def claim(self, key: str, wake: Wake, *, lead: bool, blocking: bool = False) -> Lead | Alone | None:
        """Lead, if nobody does and the caller may; or None: `wake` is called when the leader has landed.

        Nobody waits for a leader on their own thread, where one of the two blocks it: that would be for ever.
        """
        thread = threading.get_ident()
        if self._pid != os.getpid():
            self._pid, self._lock, self._flights = os.getpid(), threading.Lock(), {}
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                if flight.thread == thread and (blocking or flight.blocking):
                    return Alone()
                flight.waiting.append(wake)
                return None
            if not lead:
                return Alone()
            self._flights[key] = _Flight(thread, blocking)
            return Lead()

    def leave(self, key: str, wake: Wake) -> None:
        """Wait no longer."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and wake in flight.waiting:
                flight.waiting.remove(wake)

    def land(self, key: str, outcome: Outcome[Response] | None) -> None:
        """The leader's end: wake everybody."""
        with self._lock:
            flight = self._flights.pop(key, None)
        landing = Landed(outcome.unwrap()) if isinstance(outcome, Success) else Alone()
        for wake in flight.waiting if flight is not None else ():
            wake(landing)

    def under_way(self) -> int:
        """How many computations are under way."""
        return len(self._flights)

    def waiting(self) -> int:
        """How many wait for one of them."""
        with self._lock:
            return sum(len(flight.waiting) for flight in self._flights.values())
