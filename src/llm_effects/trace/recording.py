"""A program whose steps are put on a tape as it goes on, in whatever colour it runs.

Law: the program does what it would do without a tape, in the same order; between its steps the clock is looked at,
and nothing else. A recorder that fails takes no answer with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from typing_extensions import override

from llm_effects.operations import Call, Emit, Now, Observed, Operation, Program, ask
from llm_effects.programs import performed
from llm_effects.runner import Runner, Wrapped
from llm_effects.trace.trace import Tape, Trace
from llm_pure import Completion, Outcome, Response

__all__ = ["WithTrace", "traced", "with_trace"]

R = TypeVar("R")


def traced(program: Program[R], tape: Tape) -> Program[R]:
    """The program, its steps on the tape. What takes time between two steps, a consumer's say, counts to the first."""
    observed = yield from ask(Observed())
    began = yield from ask(Now())
    tape.begin(began)

    def taped(operation: Operation) -> Program[object]:
        nonlocal began
        answer = yield operation
        if observed or not isinstance(operation, Emit):
            ended = yield from ask(Now())
            tape.add(operation, answer, began, ended)
            began = ended
        return answer

    return (yield from performed(program, taped))


def with_trace(keep: Callable[[Trace], object]) -> Callable[[Runner], Runner]:
    """Every run is traced, and its trace handed to `keep` when the run has ended: to be written to a file, say.

    Outermost in a stack, it sees all of it. It works in every colour; on an event loop `keep` is called on a thread. A
    stream that is left early hands over nothing. A trace holds prompts and answers, so nothing is traced unless asked.
    """
    return partial(WithTrace, keep=keep)


@dataclass(frozen=True, slots=True)
class WithTrace(Wrapped):
    """See `with_trace`."""

    keep: Callable[[Trace], object]

    @property
    @override
    def layer(self) -> str:
        return "trace"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        tape = Tape(completion)
        outcome = yield from traced(self.inner(completion), tape)
        observed = yield from ask(Observed())
        trace = tape.trace(self.inner.target, self.inner.layers, observed=observed)
        yield from ask(Call(partial(self.keep, replace(trace, outcome=outcome)), blocking=True))
        return outcome
