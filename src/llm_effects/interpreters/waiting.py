"""Waiting, as the interpreters do it outside of a simulation, and not waiting.

Law: while waits are skipped, a wait takes no time and the clock of whoever waited is ahead by it from then on, so that
deadlines and budgets decide as they would have. Each thread and task has a clock of its own: each would have waited by
itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, final

__all__ = ["SKIPPED", "now"]

_AHEAD: Final[ContextVar[float]] = ContextVar("llm_effects_ahead", default=0.0)


@final
class _Skipped:
    """Whether waits are skipped in this process."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open = 0

    def __bool__(self) -> bool:
        return self._open > 0

    @contextmanager
    def skipping(self) -> Iterator[None]:
        """No wait takes time while this is open."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def skip(self, seconds: float) -> bool:
        """Whether this wait is not to be waited; the clock has moved on by it then."""
        if self._open:
            _AHEAD.set(_AHEAD.get() + max(0.0, seconds))
        return self._open > 0


SKIPPED: Final = _Skipped()


def now() -> float:
    """Seconds of a clock that never goes back."""
    return time.monotonic() + _AHEAD.get()
