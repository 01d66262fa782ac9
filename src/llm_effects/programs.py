"""Programs around programs.

Law: an inner program's operations go out, answers go in, and it is closed when the outer one is. A wrapper sees events
through `relay` alone, which has a loop of its own: every delta passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from returns.result import Success

from llm_effects.operations import Emit, Observed, Operation, Program, ask
from llm_pure import Outcome, Response, StreamEvent
from llm_pure.events import events_of

__all__ = ["performed", "relay", "told", "watched"]

R = TypeVar("R")


def relay(program: Program[R], edit: Callable[[StreamEvent], Iterable[StreamEvent]]) -> Program[R]:
    """`yield from program`, each of its events replaced by what `edit` makes of it."""
    answer: object = None
    try:
        while True:
            try:
                operation = program.send(answer)
            except StopIteration as stop:
                result: R = stop.value
                return result
            if isinstance(operation, Emit):
                for event in edit(operation.event):
                    yield operation if event is operation.event else Emit(event)
                answer = None
            else:
                answer = yield operation
    finally:
        program.close()


def performed(program: Program[R], perform: Callable[[Operation], Program[object]]) -> Program[R]:
    """`yield from program`, each of its operations performed by `perform`, which gives the answer."""
    answer: object = None
    try:
        while True:
            try:
                operation = program.send(answer)
            except StopIteration as stop:
                result: R = stop.value
                return result
            answer = yield from perform(operation)
    finally:
        program.close()


def watched(program: Program[R], see: Callable[[Operation, object], None]) -> Program[R]:
    """`yield from program`, each of its operations shown once it is answered."""

    def shown(operation: Operation) -> Program[object]:
        answer = yield operation
        see(operation, answer)
        return answer

    return performed(program, shown)


def told(outcome: Outcome[Response]) -> Program[Outcome[Response]]:
    """An outcome that is whole already; whoever observes the run gets its events."""
    if isinstance(outcome, Success) and (yield from ask(Observed())):
        for event in events_of(outcome.unwrap()):
            yield Emit(event)
    return outcome
