"""Whether to try again, and when, decided from what has happened, the time and a drawn number.

Law: no decision exceeds its budget or its deadline. A run makes at most `max_attempts - 1` retries, however many
segments it has, since one `RetryState` serves all of it: a failure uses it up, a success does not. A wait ends before
the deadline, is never shorter than the provider asked, and is not begun where the provider asks for more than
`max_retry_after`. After an event was handed out nothing is repeated.

    the error                              what is done
    -------------------------------------  ---------------------------------------------------------------------
    not retryable                          given up
    after an event was handed out          given up: the consumer would see the beginning twice
    the last attempt's                     given up
    an answer that made no sense, again    given up: one fresh try is enough (malformed, out of order, incomplete)
    asks for more than `max_retry_after`   given up at once, with the error itself
    a wait past the deadline               given up at once: no time is left
    any other                              retried, after what was asked and a full-jitter backoff on top

A token bucket guards the provider against the retries of all runs of a process: each costs, successes refund. It is
full strength while fewer than about three in ten attempts fail, and stops nearly all retries in an outage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from llm_pure.brief import Brief
from llm_pure.errors import Incomplete, LlmError, Malformed, OutOfOrder
from llm_pure.response import NO_USAGE, Usage

__all__ = [
    "Bucket",
    "GiveUp",
    "RetryAfter",
    "RetryDecision",
    "RetryPolicy",
    "RetryState",
    "begin",
    "cost_of",
    "decide_retry",
    "refund",
    "take",
]


@dataclass(frozen=True, slots=True, repr=False)
class RetryPolicy(Brief):
    """How often, and how patiently. Times are seconds.

    The n-th wait is drawn evenly from 0 to `base_delay * 2**(n-1)`, at most to `max_delay`. `deadline` bounds the run
    from its first attempt to the end of its last wait. The last three fields are the token bucket's: how much it
    holds, what a retry costs, and what a success at the first attempt gives back (a retry that succeeds gives back its
    cost).
    """

    max_attempts: int = 3
    base_delay: float = 0.5
    max_delay: float = 8.0
    max_retry_after: float = 60.0
    deadline: float | None = None
    bucket_capacity: float = 500.0
    retry_cost: float = 5.0
    success_refund: float = 1.0


# ---------------------------------------------------------------- one run


@dataclass(frozen=True, slots=True, repr=False)
class RetryState(Brief):
    """What has happened in one run.

    `started` is when its first attempt began, `senseless` how many answers made no sense.
    """

    failures: int = 0
    senseless: int = 0
    started: float | None = None


GiveUpReason: TypeAlias = Literal[
    "not_retryable", "handed_out", "attempts", "senseless", "retry_after", "deadline", "bucket"
]
"""Why there is no further attempt. `bucket` is said by whoever asked `take`."""


@dataclass(frozen=True, slots=True, repr=False)
class RetryAfter(Brief):
    """Try again, `delay` seconds from now. `attempt` is the number of the attempt to come; the first was 1."""

    delay: float
    attempt: int


@dataclass(frozen=True, slots=True, repr=False)
class GiveUp(Brief):
    """The error is the answer."""

    reason: GiveUpReason


RetryDecision: TypeAlias = RetryAfter | GiveUp

_SENSELESS: Final = (Malformed, OutOfOrder, Incomplete)


def begin(state: RetryState, now: float) -> tuple[RetryState, None]:
    """An attempt begins: the run's clock starts with its first."""
    if state.started is not None:
        return state, None
    return RetryState(state.failures, state.senseless, now), None


def decide_retry(
    policy: RetryPolicy,
    state: RetryState,
    error: LlmError,
    *,
    now: float,
    draw: float,
    handed_out: bool = False,
    until: float | None = None,
) -> tuple[RetryState, RetryDecision]:
    """What follows an attempt that failed, by the table above, and the run's state after it.

    `now` and `until` (a deadline that somebody else has set) are seconds on one clock; `draw` is from [0, 1).
    `handed_out` says that a consumer has seen an event of the attempt.
    """
    senseless = isinstance(error, _SENSELESS)
    state = RetryState(
        state.failures + 1, state.senseless + senseless, state.started if state.started is not None else now
    )
    if not error.retryable:
        return state, GiveUp("not_retryable")
    if handed_out:
        return state, GiveUp("handed_out")
    if state.failures >= policy.max_attempts:
        return state, GiveUp("attempts")
    if senseless and state.senseless > 1:
        return state, GiveUp("senseless")
    asked = error.retry_after or 0.0
    if not asked <= policy.max_retry_after:
        return state, GiveUp("retry_after")
    delay = max(0.0, asked) + backoff(policy, state.failures, draw)
    if not now + delay < _deadline(policy, state, until):
        return state, GiveUp("deadline")
    return state, RetryAfter(delay, state.failures + 1)


def backoff(policy: RetryPolicy, failures: int, draw: float) -> float:
    """Exponential with full jitter: drawn evenly, so that many who failed together do not return together."""
    bound = min(policy.max_delay, policy.base_delay * 2.0 ** min(failures - 1, 60))
    return max(0.0, bound) * min(max(draw, 0.0), 1.0)


def _deadline(policy: RetryPolicy, state: RetryState, until: float | None) -> float:
    own = (
        state.started + policy.deadline
        if state.started is not None and policy.deadline is not None
        else _NEVER
    )
    return own if until is None else min(own, until)


_NEVER: Final = float("inf")


def cost_of(error: LlmError) -> Usage:
    """What a failed attempt is known to have cost."""
    if error.usage is not None:
        return error.usage
    return error.partial.usage if error.partial is not None else NO_USAGE


# ---------------------------------------------------------------- all runs of a process


@dataclass(frozen=True, slots=True, repr=False)
class Bucket(Brief):
    """Tokens that retries cost. None: as many as the policy's bucket holds, which is how it starts."""

    tokens: float | None = None


def take(bucket: Bucket, policy: RetryPolicy) -> tuple[Bucket, bool]:
    """Pay for a retry, if the bucket can; the answer says whether it could."""
    tokens = _tokens(bucket, policy)
    if tokens < policy.retry_cost:
        return bucket, False
    return Bucket(tokens - policy.retry_cost), True


def refund(bucket: Bucket, policy: RetryPolicy, *, retried: bool) -> tuple[Bucket, None]:
    """An attempt succeeded; `retried` says that it was a retry."""
    if bucket.tokens is None:
        return bucket, None  # it is full
    gain = policy.retry_cost if retried else policy.success_refund
    return Bucket(min(policy.bucket_capacity, _tokens(bucket, policy) + gain)), None


def _tokens(bucket: Bucket, policy: RetryPolicy) -> float:
    return policy.bucket_capacity if bucket.tokens is None else min(bucket.tokens, policy.bucket_capacity)
