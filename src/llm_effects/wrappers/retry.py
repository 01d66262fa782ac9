"""Attempts that failed for now, made again.

Law: what is done is `llm_pure.retry`'s decision and nothing else. One budget serves the whole run, so that of several
segments a failed one alone is repeated. An attempt whose events somebody has seen is not repeated: the announcement
that it began is held back until there is something to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.cells import DEADLINE, Cell
from llm_effects.notes import GaveUp, Retried
from llm_effects.operations import Change, Draw, Now, Program, Sleep, Tell, ask
from llm_effects.programs import relay
from llm_effects.runner import Runner, Wrapped
from llm_pure import (
    Bucket,
    Completion,
    Deadline,
    Done,
    GiveUp,
    LlmError,
    Outcome,
    Response,
    RetryPolicy,
    RetryState,
    Started,
    StreamEvent,
    Usage,
)
from llm_pure.errors import snippet
from llm_pure.response import NO_USAGE
from llm_pure.retry import begin, cost_of, decide_retry, refund, take

__all__ = ["with_retry"]


def with_retry(policy: RetryPolicy | None = None) -> Callable[[Runner], Runner]:
    """Attempts by the policy. All runs of one wrapped runner in a process share its token bucket.

    A request whose answer was lost may have been answered all the same, and is then delivered twice, byte for byte:
    neither provider has a key that would make that harmless. Both answers may be billed.
    """
    return partial(_WithRetry, policy=policy or RetryPolicy())


@dataclass(frozen=True, slots=True)
class _WithRetry(Wrapped):
    policy: RetryPolicy
    _state: Cell[RetryState] = field(
        default_factory=lambda: Cell("retry", RetryState()), init=False, compare=False, repr=False
    )
    _bucket: Cell[Bucket] = field(
        default_factory=lambda: Cell("retry bucket", Bucket(), "process"),
        init=False,
        compare=False,
        repr=False,
    )

    @property
    @override
    def layer(self) -> str:
        return "retry"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        if self.policy.deadline is not None:  # else nobody asks when the run began
            yield from ask(Change(self._state, partial(begin, now=(yield from ask(Now())))))
        retried, spent, partial_before, met = False, NO_USAGE, None, None
        while True:
            hand = _Hand(spent)
            outcome = yield from relay(self.inner(completion), hand.over)
            if isinstance(outcome, Success):
                yield from ask(Change(self._bucket, partial(refund, policy=self.policy, retried=retried)))
                return Success(_with(spent, outcome.unwrap())) if retried else outcome
            error = outcome.failure()
            spent += cost_of(error)
            partial_before = error.partial or partial_before
            if retried:  # what was paid for is not lost with the attempt that it was paid for
                usage = spent if spent != NO_USAGE else error.usage
                error = replace(error, usage=usage, partial=partial_before)
                if isinstance(error, Deadline) and error.last is None:
                    error = replace(error, last=met)
            until = yield from ask(Change(DEADLINE, _looked_at))
            decide = partial(
                decide_retry,
                self.policy,
                error=error,
                now=(yield from ask(Now())),
                draw=(yield from ask(Draw())),
                handed_out=hand.seen,
                until=until,
            )
            decision = yield from ask(Change(self._state, decide))
            met = type(error).__name__
            if isinstance(decision, GiveUp):
                yield Tell(GaveUp(met, decision.reason))
                return Failure(_out_of_time(error) if decision.reason == "deadline" else error)
            if not (yield from ask(Change(self._bucket, partial(take, policy=self.policy)))):
                yield Tell(GaveUp(met, "bucket"))
                return Failure(error)
            yield Tell(Retried(met, decision.attempt, decision.delay))
            yield Sleep(decision.delay)
            retried = True


def _out_of_time(error: LlmError) -> LlmError:
    """There is no time for another attempt. A wait that the provider asked for is told by its own error, as it is."""
    if error.retry_after or isinstance(error, Deadline):
        return error
    return Deadline(
        message=snippet(f"no time is left for another attempt: {error.message}"),
        last=type(error).__name__,
        status=error.status,
        type=error.type,
        code=error.code,
        path=error.path,
        usage=error.usage,
        partial=error.partial,
        request_id=error.request_id,
    )


def _with(spent: Usage, response: Response) -> Response:
    """The answer with what the attempts before it have cost, too."""
    return replace(response, usage=spent + response.usage)


def _looked_at(deadline: float | None) -> tuple[float | None, float | None]:
    return deadline, deadline


class _Hand:
    """Events handed over. That an attempt has begun is told together with the first that it has to say, and its end
    with what was `spent` before it."""

    __slots__ = ("_spent", "_started", "seen")

    def __init__(self, spent: Usage) -> None:
        self._spent = spent
        self._started: StreamEvent | None = None
        self.seen = False

    def over(self, event: StreamEvent) -> tuple[StreamEvent, ...]:
        if isinstance(event, Started) and not self.seen:
            self._started = event
            return ()
        if isinstance(event, Done) and self._spent != NO_USAGE:
            event = Done(_with(self._spent, event.response))
        first, self.seen = not self.seen, True
        return (self._started, event) if first and self._started is not None else (event,)
