"""What many tests of faults ask of an outcome."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from returns.result import Success

from llm_pure import LlmError, Outcome, Response, RetryPolicy, TextDelta
from tests.effects.scripted import Told

__all__ = ["AT_ONCE", "LATE", "LONG", "partly", "phase", "text", "within"]

AT_ONCE: Final = RetryPolicy(max_attempts=4, base_delay=0)
"""Retries that do not wait."""
LONG: Final = " ".join(f"Sentence {number} of a longer answer." for number in range(20))
LATE: Final = 0.5
"""How much later than its limit a run may end on a busy machine, in seconds. Unloaded it is a tenth of that."""


def text(outcome: Outcome[Response]) -> str:
    assert isinstance(outcome, Success), outcome
    return outcome.unwrap().text


def phase(error: LlmError) -> tuple[type[LlmError], object]:
    return type(error), getattr(error, "phase", None)


def partly(told: Told, whole: str = LONG) -> str:
    """The text that a failed run has kept: what its events said, and the beginning of the answer."""
    error = told.outcome.failure()
    assert error.partial is not None
    kept = error.partial.text
    assert whole.startswith(kept)
    assert not told.events or kept == "".join(it.text for it in told.events if isinstance(it, TextDelta))
    return kept


@contextmanager
def within(limit: float) -> Iterator[None]:
    """What happens here ends by the limit (seconds), and not before it."""
    began = time.monotonic()
    yield
    assert limit - 0.01 <= time.monotonic() - began <= limit + LATE
