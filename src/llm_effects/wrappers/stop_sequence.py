"""Answers that end with the stop sequence that ended them.

Law: providers leave the matched stop sequence out; it is put back at the end of the text, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.operations import Emit, Observed, Program, ask
from llm_effects.programs import relay
from llm_effects.runner import Runner, Wrapped
from llm_effects.splice import Splice
from llm_pure import Completion, Outcome, PartDone, Response, Text, TextDelta
from llm_pure.join import reappend_stop_sequence

__all__ = ["with_stop_sequence"]


def with_stop_sequence() -> Callable[[Runner], Runner]:
    """The stop sequence that was matched stands at the end of the answer, where the provider says which it was."""
    return _WithStopSequence


@dataclass(frozen=True, slots=True)
class _WithStopSequence(Wrapped):
    @property
    @override
    def layer(self) -> str:
        return "stop_sequence"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        splice = Splice()
        outcome = yield from relay(self.inner(completion), splice.see)
        if isinstance(outcome, Failure):
            return outcome
        response = outcome.unwrap()
        whole = reappend_stop_sequence(response)
        if (yield from ask(Observed())):
            if whole is not response and response.stop_sequence:
                splice.segment(response.message.content)
                for said in (TextDelta(0, response.stop_sequence), PartDone(0, Text(response.stop_sequence))):
                    for event in splice.see(said):
                        yield Emit(event)
            for event in splice.done(whole):
                yield Emit(event)
        return Success(whole)
