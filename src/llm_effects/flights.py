"""Who computes what: many callers of one key, one computation.

Law: a key has at most one leader. Those who come later are woken exactly once: with the leader's answer; each to try
for themselves, where the provider failed it; or, where the leader gave up (cancelled, or out of its own time), which
says nothing about the provider, one of them to lead the others. A waiter is a callback, so that threads and event loops
can wait for one another. Nothing here blocks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from returns.result import Success
from typing_extensions import override

from llm_effects.forks import renewed_in_child
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

Wake: TypeAlias = Callable[[Landed | Alone | Lead], bool]
"""Says it to the one who waits; whether there is still somebody to hear it."""


@dataclass(eq=False, slots=True)
class _Caller:
    """Who leads or waits: on which thread they go on, whether they block it, and whether they may lead."""

    wake: Wake
    thread: int
    blocking: bool
    may_lead: bool


def _unheard(landing: Landed | Alone | Lead) -> bool:
    return False


@dataclass(slots=True)
class _Flight:
    """One computation under way."""

    leader: _Caller
    waiting: list[_Caller] = field(default_factory=list)


_Told: TypeAlias = list[tuple[_Caller, Landed | Alone | Lead]]
"""Who is to be woken, and what they are told."""


@dataclass(eq=False, slots=True, weakref_slot=True)
class Flights:
    """The computations under way in this process. A forked child begins without any: their leaders stayed behind."""

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _flights: dict[str, _Flight] = field(default_factory=dict, repr=False)
    _ends: deque[tuple[str, Callable[[str], _Told]]] = field(default_factory=deque, repr=False)
    """What is to be done to which key, once the lock is free."""

    def __post_init__(self) -> None:
        renewed_in_child(self)

    @override
    def __reduce__(self) -> tuple[type[Flights], tuple[()]]:
        return Flights, ()

    def lead(self, key: str, *, blocking: bool = False) -> bool:
        """Lead, if nobody does. Who leads from the beginning is never woken, and needs no way to be."""
        with self._lock:
            leads = key not in self._flights
            if leads:
                caller = _Caller(_unheard, threading.get_ident(), blocking, may_lead=True)
                self._flights[key] = _Flight(caller)
        self._settle()
        return leads

    def claim(self, key: str, wake: Wake, *, lead: bool, blocking: bool = False) -> Lead | Alone | None:
        """Lead, if nobody does and the caller may; or None: `wake` is called when the leader has landed.

        Nobody waits for a leader on their own thread, where one of the two blocks it: that would be for ever.
        """
        caller = _Caller(wake, threading.get_ident(), blocking, lead)
        with self._lock:
            claimed = self._claimed(key, caller)
        self._settle()
        return claimed

    def leave(self, key: str, wake: Wake) -> None:
        """Wait no longer. Who was made the leader meanwhile, and has not heard of it, gives that up."""
        self._end(key, partial(self._left, wake=wake))

    def land(self, key: str, outcome: Outcome[Response] | None) -> None:
        """The leader's end: wake everybody. None: it gave up, and one of those who wait leads on."""
        self._end(key, partial(self._landed, outcome=outcome))

    def _end(self, key: str, end: Callable[[str], _Told]) -> None:
        # It may be the garbage collector that ends a run, on a thread that has the lock: nobody waits for it here.
        self._ends.append((key, end))
        self._settle()

    def _settle(self) -> None:
        """Do what is to be done, unless somebody has the lock: who gives it back comes here."""
        while self._ends and self._lock.acquire(blocking=False):
            try:
                if not self._ends:
                    continue  # somebody was quicker
                key, end = self._ends.popleft()
                told = end(key)
            finally:
                self._lock.release()
            for caller, landing in told:
                if not caller.wake(landing) and isinstance(landing, Lead):
                    self.leave(key, caller.wake)

    # ------------------------------------------------------------ with the lock

    def _claimed(self, key: str, caller: _Caller) -> Lead | Alone | None:
        flight = self._flights.get(key)
        if flight is not None:
            leader = flight.leader
            if leader.thread == caller.thread and (caller.blocking or leader.blocking):
                return Alone()
            flight.waiting.append(caller)
            return None
        if not caller.may_lead:
            return Alone()
        self._flights[key] = _Flight(caller)
        return Lead()

    def _left(self, key: str, wake: Wake) -> _Told:
        flight = self._flights.get(key)
        if flight is None:
            return []
        flight.waiting = [caller for caller in flight.waiting if caller.wake != wake]
        return self._handed_on(key, flight) if flight.leader.wake == wake else []

    def _landed(self, key: str, outcome: Outcome[Response] | None) -> _Told:
        flight = self._flights.get(key)
        if flight is None:
            return []
        if outcome is None:
            return self._handed_on(key, flight)
        del self._flights[key]
        landing = Landed(outcome.unwrap()) if isinstance(outcome, Success) else Alone()
        return [(caller, landing) for caller in flight.waiting]

    def _handed_on(self, key: str, flight: _Flight) -> _Told:
        """Make one of those who wait the leader."""
        waiting = flight.waiting
        leader = next((caller for caller in waiting if caller.may_lead), None)
        if leader is None:
            del self._flights[key]
            return [(caller, Alone()) for caller in waiting]
        # Nor does anybody block the thread on which the new leader goes on.
        blocking = [it for it in waiting if it.blocking and it.thread == leader.thread and it is not leader]
        flight.leader = leader
        flight.waiting = [it for it in waiting if it is not leader and it not in blocking]
        return [*((caller, Alone()) for caller in blocking), (leader, Lead())]

    # ------------------------------------------------------------ how it stands

    def renew(self) -> None:
        """Forget them all, in a child whose parent they are of."""
        self._lock, self._flights, self._ends = threading.Lock(), {}, deque()

    def under_way(self) -> int:
        """How many computations are under way."""
        return len(self._flights)

    def waiting(self) -> int:
        """How many wait for one of them."""
        return sum(len(flight.waiting) for flight in list(self._flights.values()))
