"""A limit on the time of a whole run.

Law: the deadline is state of the run, and only ever comes nearer; every wait of the interpreter ends by it, whichever
wrapper or leaf is waiting. After the wrapped runner has answered, what was before holds again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

from typing_extensions import override

from llm_effects.cells import DEADLINE
from llm_effects.operations import Change, Now, Program, ask
from llm_effects.runner import Runner, Wrapped
from llm_pure import Completion, Outcome, Response

__all__ = ["with_deadline"]


def with_deadline(seconds: float) -> Callable[[Runner], Runner]:
    """All of a run in at most so many seconds: attempts, waits, segments, and the reading of a stream.

    The time begins when the completion is whole: what `resolve` fetches comes before. Raises ValueError for what is
    no time.
    """
    if not 0 <= seconds < inf:
        raise ValueError(f"a deadline of {seconds} seconds")
    return partial(_WithDeadline, seconds=seconds)


@dataclass(frozen=True, slots=True)
class _WithDeadline(Wrapped):
    seconds: float

    @property
    @override
    def layer(self) -> str:
        return "deadline"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        limit = (yield from ask(Now())) + self.seconds
        before = yield from ask(Change(DEADLINE, partial(_nearer, limit)))
        outcome = yield from self.inner(completion)
        yield from ask(Change(DEADLINE, lambda _: (before, None)))
        return outcome


def _nearer(limit: float, before: float | None) -> tuple[float, float | None]:
    return limit if before is None else min(limit, before), before
