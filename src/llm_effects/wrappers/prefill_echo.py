"""Answers that begin with their own prefill.

Law: where a completion ends with an assistant message, the answer given back is that message continued, as one;
and the response says so, so that `with_response` does not join it a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.operations import Emit, Observed, Program, ask
from llm_effects.programs import relay
from llm_effects.runner import Runner, Wrapped
from llm_effects.splice import Splice
from llm_pure import AssistantMessage, Completion, Outcome, Response, Started, StreamEvent
from llm_pure.join import joined_content

__all__ = ["with_prefill_echo"]


def with_prefill_echo() -> Callable[[Runner], Runner]:
    """The answer begins with the assistant message that it continues."""
    return _WithPrefillEcho


@dataclass(frozen=True, slots=True)
class _WithPrefillEcho(Wrapped):
    @property
    @override
    def layer(self) -> str:
        return "prefill_echo"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        last = completion.messages[-1] if completion.messages else None
        if not isinstance(last, AssistantMessage):
            return (yield from self.inner(completion))
        splice, said = Splice(), False

        def edit(event: StreamEvent) -> tuple[StreamEvent, ...]:
            nonlocal said
            if isinstance(event, Started) or said:
                return splice.see(event)
            said = True
            prefill = splice.say(last.content)
            splice.segment(last.content)
            return (*prefill, *splice.see(event))

        outcome = yield from relay(self.inner(completion), edit)
        if isinstance(outcome, Failure):
            error = outcome.failure()
            partial = None if error.partial is None else _echoed(last, error.partial)
            return Failure(replace(error, partial=partial))
        response = _echoed(last, outcome.unwrap())
        if (yield from ask(Observed())):
            for event in splice.done(response):
                yield Emit(event)
        return Success(response)


def _echoed(prefill: AssistantMessage, response: Response) -> Response:
    """The response with the prefill before it, in the message and in the turns that go back."""
    turns = response.turns
    if turns and isinstance(first := turns[0], AssistantMessage):
        turns = (replace(first, content=joined_content(prefill.content, first.content)), *turns[1:])
    content = joined_content(prefill.content, response.message.content)
    return replace(
        response, message=replace(response.message, content=content), turns=turns, has_prefill=True
    )
