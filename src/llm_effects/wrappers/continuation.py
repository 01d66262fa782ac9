"""Answers that stopped early, continued.

Law: what is done is `llm_pure.continuation`'s decision and nothing else. The caller gets one answer and one stream of
events; the `Response` keeps the turns as they went over the wire. A segment that fails takes nothing with it: the error
holds the answer so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, assert_never

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.notes import Continued
from llm_effects.operations import Emit, Observed, Program, Tell, ask
from llm_effects.programs import relay
from llm_effects.runner import Runner, Wrapped
from llm_effects.splice import Splice
from llm_pure import Completion, ContinuationPolicy, Outcome, Response
from llm_pure.continuation import (
    Enlarge,
    Finish,
    Nudge,
    Prefill,
    Resume,
    Segment,
    decide_continuation,
    failed,
    seam_of,
)
from llm_pure.models import ModelTraits, traits_of

__all__ = ["with_continuation"]


def with_continuation(
    policy: ContinuationPolicy | None = None, *, models: Mapping[str, ModelTraits] | None = None
) -> Callable[[Runner], Runner]:
    """Answers cut off by their limit are continued, in the way that the model's entry in `models` (None: the
    library's own table) allows."""
    return partial(_WithContinuation, policy=policy or ContinuationPolicy(), models=models)


@dataclass(frozen=True, slots=True)
class _WithContinuation(Wrapped):
    policy: ContinuationPolicy
    models: Mapping[str, ModelTraits] | None

    @property
    @override
    def layer(self) -> str:
        return "continuation"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        traits = traits_of(completion.model, self.models)
        observed = yield from ask(Observed())
        segment, splice = Segment(completion), Splice()
        while True:
            inner = self.inner(segment.completion)
            outcome = yield from relay(inner, splice.see) if observed else inner
            if not isinstance(outcome, Success):
                return Failure(failed(segment, outcome.failure()))
            decision = decide_continuation(self.policy, segment, outcome.unwrap(), traits)
            how: Literal["prefill", "nudge", "resume", "enlarge"]
            match decision:
                case Finish(response):
                    if observed:
                        for event in splice.done(response):
                            yield Emit(event)
                    return outcome if response is outcome.unwrap() else Success(response)
                case Prefill():
                    how = "prefill"
                case Nudge():
                    how = "nudge"
                case Resume():
                    how = "resume"
                case Enlarge():
                    how = "enlarge"
                    for event in splice.again():
                        yield Emit(event)
                case _:
                    assert_never(decision)
            segment = decision.segment
            before = () if segment.before is None else segment.before.message.content
            splice.segment(before, seam_of(segment))
            yield Tell(Continued(segment.round, how))
