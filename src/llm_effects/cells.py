"""State that programs share, and the only way to change it.

Law: a cell changes by a pure function, atomically, and by nothing else (`operations.Change`). A `run` cell starts anew
in each run; a `process` cell outlives runs (a token bucket, a breaker) and is shared by all threads of its process. In
a simulation both belong to the simulated world. A pickled cell arrives as it was made: state does not travel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, Literal, TypeVar, final

from typing_extensions import override

from llm_effects.forks import renewed_in_child

__all__ = ["DEADLINE", "Cell"]

S = TypeVar("S")
A = TypeVar("A")


@final
class Cell(Generic[S]):
    """One piece of state. `initial` is where every run, process or simulation starts."""

    __slots__ = ("__weakref__", "_lock", "_value", "initial", "name", "scope")

    def __init__(self, name: str, initial: S, scope: Literal["run", "process"] = "run") -> None:
        self.name: Final = name
        self.initial: Final = initial
        self.scope: Final = scope
        self._lock = threading.Lock()
        self._value = initial
        if scope == "process":
            renewed_in_child(self)

    @override
    def __repr__(self) -> str:
        return f"Cell({self.name!r}, scope={self.scope!r})"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return Cell, (self.name, self.initial, self.scope)

    def change(self, function: Callable[[S], tuple[S, A]]) -> A:
        """Apply `function` to the process's value. For interpreters; a program asks by `Change`."""
        with self._lock:
            self._value, answer = function(self._value)
        return answer

    def renew(self) -> None:
        """In a forked child: whoever was changing it stayed behind."""
        self._lock = threading.Lock()


DEADLINE: Final[Cell[float | None]] = Cell("deadline", None)
"""When this run must be over, on the clock of `Now`; None: it may go on. Interpreters bound every wait by it."""
