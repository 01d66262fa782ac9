"""Answers that do not fit what was asked for, asked for again.

Law: what is done is `llm_pure.repair`'s decision and nothing else. The caller gets the answer that fits, or a Failure
with the last one that does not; its usage is that of all rounds. Whoever watches sees every answer as it comes, and a
`Restarted` where one is void.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.notes import Repaired
from llm_effects.operations import Emit, Observed, Program, Tell, ask
from llm_effects.programs import relay
from llm_effects.runner import Runner, Wrapped
from llm_effects.splice import Splice
from llm_pure import Completion, Outcome, Response
from llm_pure.repair import Accept, AskAgain, Attempt, Fail, RepairPolicy, decide_repair, unrepaired

__all__ = ["with_repair"]


def with_repair(
    policy: RepairPolicy | int | None = None, *, output: object = None
) -> Callable[[Runner], Runner]:
    """Answers that do not fit `completion.output` are asked for again, with the violations, in at most so many rounds.

    The type is the one that the completion's output was made of; or `output`, a type or an `Output`, for completions
    that know only a schema (a completion loaded from JSON does). Without either, an answer has to be JSON and no more.
    `RepairPolicy(tools=True)` holds calls to their tools as well. It stands around retry and
    continuation, and inside a cache.
    """
    rounds = RepairPolicy(max_rounds=policy) if isinstance(policy, int) else policy or RepairPolicy()
    return partial(_WithRepair, policy=rounds, output=output)


@dataclass(frozen=True, slots=True)
class _WithRepair(Wrapped):
    policy: RepairPolicy
    output: object

    @property
    @override
    def layer(self) -> str:
        return "repair"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        attempt, splice = Attempt(completion), Splice()
        while True:
            outcome = yield from relay(self.inner(attempt.completion), splice.see)
            if isinstance(outcome, Failure):
                return Failure(unrepaired(attempt, outcome.failure()))
            decision = decide_repair(self.policy, attempt, outcome.unwrap(), output=self.output)
            match decision:
                case Accept(response):
                    if (yield from ask(Observed())):
                        for event in splice.done(response):
                            yield Emit(event)
                    return Success(response)
                case Fail(error):
                    return Failure(error)
                case AskAgain(attempt, error):
                    for event in splice.again():
                        yield Emit(event)
                    yield Tell(Repaired(attempt.round, type(error).__name__, error.path or "$"))
                case _:
                    assert_never(decision)
