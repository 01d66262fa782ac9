"""The decisions of `llm_pure.retry`, case by case, and the figures of its token bucket."""

from random import Random

import pytest

from llm_pure import (
    BadRequest,
    Bucket,
    Disconnected,
    GiveUp,
    Incomplete,
    LlmError,
    Malformed,
    Overloaded,
    RateLimited,
    RetryAfter,
    RetryDecision,
    RetryPolicy,
    RetryState,
    ServerFault,
    Unreachable,
    begin,
    decide_retry,
    refund,
    take,
)

POLICY = RetryPolicy(max_attempts=3, base_delay=0.5, max_delay=8.0, max_retry_after=60.0)


def decision(
    error: LlmError,
    policy: RetryPolicy = POLICY,
    state: RetryState | None = None,
    *,
    draw: float = 0.5,
    now: float = 0.0,
    until: float | None = None,
) -> RetryDecision:
    return decide_retry(policy, state or RetryState(), error, now=now, draw=draw, until=until)[1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unreachable(), RetryAfter(0.25, 2)),
        (ServerFault(status=500), RetryAfter(0.25, 2)),
        (Malformed(), RetryAfter(0.25, 2)),
        (BadRequest(), GiveUp("not_retryable")),
        (ServerFault(retryable=False), GiveUp("not_retryable")),  # the server said x-should-retry: false
        (RateLimited(retry_after=0.0), RetryAfter(0.25, 2)),
        (RateLimited(retry_after=7.0), RetryAfter(7.25, 2)),
        (RateLimited(retry_after=60.0), RetryAfter(60.25, 2)),
        (RateLimited(retry_after=60.1), GiveUp("retry_after")),
        (RateLimited(retry_after=float("inf")), GiveUp("retry_after")),
        (RateLimited(retry_after=float("nan")), GiveUp("retry_after")),
    ],
)
def test_the_first_failure(error: LlmError, expected: RetryDecision) -> None:
    assert decision(error) == expected


def test_backoff_doubles_up_to_its_bound() -> None:
    policy = RetryPolicy(max_attempts=1100)
    waits = [decision(Overloaded(), policy, RetryState(n), draw=1.0) for n in (0, 1, 2, 3, 4, 5, 1050)]
    assert [wait.delay for wait in waits if isinstance(wait, RetryAfter)] == [
        0.5,
        1.0,
        2.0,
        4.0,
        8.0,
        8.0,
        8.0,
    ]
    bounded = decision(Overloaded(), RetryPolicy(max_attempts=9, max_delay=1.5), RetryState(5), draw=1.0)
    assert bounded == RetryAfter(1.5, 7)


def test_attempts_are_counted_over_the_whole_run() -> None:
    # Two failures before two successes, the third in a later segment: one state, so the budget is used up.
    state = RetryState()
    found = []
    for _ in range(3):
        state, each = decide_retry(POLICY, state, Overloaded(), now=0, draw=0)
        found.append(each)
    assert found == [RetryAfter(0, 2), RetryAfter(0, 3), GiveUp("attempts")]


def test_an_answer_that_made_no_sense_gets_one_fresh_try() -> None:
    policy = RetryPolicy(max_attempts=9)
    state, first = decide_retry(policy, RetryState(), Incomplete(), now=0, draw=0)
    state, second = decide_retry(policy, state, Disconnected(), now=0, draw=0)
    state, third = decide_retry(policy, state, Malformed(), now=0, draw=0)
    assert (first, second, third) == (RetryAfter(0, 2), RetryAfter(0, 3), GiveUp("senseless"))


@pytest.mark.parametrize(
    ("deadline", "until", "now", "expected"),
    [
        (10.0, None, 104.0, RetryAfter(0.25, 2)),
        (10.0, None, 109.8, GiveUp("deadline")),
        (10.0, None, 200.0, GiveUp("deadline")),
        (None, 104.2, 104.0, GiveUp("deadline")),
        (10.0, 104.2, 104.0, GiveUp("deadline")),
        (None, 104.3, 104.0, RetryAfter(0.25, 2)),
    ],
)
def test_a_wait_ends_before_the_deadline(
    deadline: float | None, until: float | None, now: float, expected: RetryDecision
) -> None:
    state, _ = begin(RetryState(), 100.0)
    state, _ = begin(state, 103.0)  # a second segment does not start the clock again
    assert decision(Overloaded(), RetryPolicy(deadline=deadline), state, now=now, until=until) == expected


def test_an_asked_wait_past_the_deadline_is_not_begun() -> None:
    assert decision(RateLimited(retry_after=30.0), RetryPolicy(deadline=20.0)) == GiveUp("deadline")


# ---------------------------------------------------------------- the bucket


def simulated(policy: RetryPolicy, failing: float, calls: int = 20_000, seed: int = 1) -> tuple[float, float]:
    """Successes and requests per call, of calls in turn whose attempts fail independently."""
    random, bucket = Random(seed), Bucket()
    successes = requests = 0
    for _ in range(calls):
        state, retried = RetryState(), False
        while True:
            requests += 1
            if random.random() >= failing:
                successes += 1
                bucket, _ = refund(bucket, policy, retried=retried)
                break
            state, wanted = decide_retry(policy, state, Overloaded(), now=0.0, draw=random.random())
            if isinstance(wanted, GiveUp):
                break
            bucket, retried = take(bucket, policy)
            if not retried:
                break
    return successes / calls, requests / calls


def test_at_thirty_percent_failures_five_attempts_lose_next_to_nothing() -> None:
    goodput, requests = simulated(RetryPolicy(max_attempts=5), 0.3)
    ideal = 1 / (1 - 0.3)
    assert goodput >= 0.995
    assert requests / goodput <= 1.02 * ideal


def test_an_outage_hardly_sees_a_retry() -> None:
    goodput, requests = simulated(RetryPolicy(max_attempts=5), 1.0)
    assert goodput == 0
    assert requests <= 1.05


@pytest.mark.parametrize(
    ("failing", "goodput", "requests"),
    [(0.05, 1.0, 1.05), (0.1, 0.999, 1.11), (0.2, 0.991, 1.25), (0.3, 0.972, 1.39)],
)
def test_three_attempts_are_full_strength_up_to_thirty_percent(
    failing: float, goodput: float, requests: float
) -> None:
    found = simulated(RetryPolicy(), failing)
    assert found[0] == pytest.approx(goodput, abs=0.004)
    assert found[1] == pytest.approx(requests, abs=0.01)


def test_after_an_outage_one_full_bucket_of_first_tries_restores_all_retries() -> None:
    bucket = Bucket(0.0)
    for _ in range(500):
        bucket, _ = refund(bucket, POLICY, retried=False)
    assert bucket == Bucket(500.0)


def test_what_a_retry_costs_and_a_success_gives_back_is_the_policys() -> None:
    policy = RetryPolicy(bucket_capacity=20.0, retry_cost=6.0, success_refund=2.5)
    bucket, could = take(Bucket(), policy)
    assert (bucket, could) == (Bucket(14.0), True)
    bucket, _ = refund(bucket, policy, retried=False)
    assert bucket == Bucket(16.5)
    bucket, _ = refund(bucket, policy, retried=True)
    assert bucket == Bucket(20.0)
