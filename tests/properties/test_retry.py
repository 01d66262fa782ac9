"""Laws of `llm_pure.retry`: no decision exceeds its budget or its deadline, and none comes sooner than was asked."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from llm_pure import (
    Bucket,
    GiveUp,
    LlmError,
    RetryAfter,
    RetryPolicy,
    RetryState,
    decide_retry,
    refund,
    take,
)
from llm_pure.errors import ERRORS

seconds = st.floats(0, 1e6)
policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(-1, 6),
    base_delay=st.floats(0, 100),
    max_delay=st.floats(0, 1000),
    max_retry_after=seconds,
    deadline=st.none() | st.floats(0, 1000),
    bucket_capacity=st.floats(0, 1000),
    retry_cost=st.floats(0, 100),
    success_refund=st.floats(0, 100),
)
errors = st.builds(
    lambda kind, retryable, after: kind(retryable=retryable, retry_after=after),
    st.sampled_from(ERRORS),
    st.sampled_from([True, True, True, False]),
    st.none() | st.floats(0, 100) | seconds,
)
draws = st.floats(0, 1, exclude_max=True)


@given(
    policies, st.lists(st.tuples(errors, draws, st.floats(0, 50))), st.none() | seconds, st.floats(-1e6, 1e6)
)
def test_a_run_keeps_to_attempts_and_deadline_and_waits_as_long_as_asked(
    policy: RetryPolicy, failures: list[tuple[LlmError, float, float]], until: float | None, start: float
) -> None:
    state, now, attempts = RetryState(started=start), start, 1
    until = None if until is None else start + until
    for error, draw, took in failures:
        now += took
        state, decision = decide_retry(policy, state, error, now=now, draw=draw, until=until)
        if isinstance(decision, GiveUp):
            break
        attempts += 1
        assert decision.attempt == attempts == state.failures + 1
        assert 0 <= (error.retry_after or 0) <= decision.delay
        assert decision.delay <= policy.max_retry_after + policy.max_delay
        now += decision.delay
        assert until is None or now <= until
        assert policy.deadline is None or now <= start + policy.deadline
    assert attempts <= max(1, policy.max_attempts)


@given(policies, st.builds(RetryState, st.integers(0, 5), st.integers(0, 2)), errors, seconds, draws)
def test_what_is_over_stays_over(
    policy: RetryPolicy, state: RetryState, error: LlmError, now: float, draw: float
) -> None:
    after, decision = decide_retry(policy, state, error, now=now, draw=draw)
    assert after.failures == state.failures + 1
    if not error.retryable:
        assert decision == GiveUp("not_retryable")
    assert isinstance(decide_retry(policy, state, error, now=now, draw=draw, handed_out=True)[1], GiveUp)
    refused = replace(error, retryable=False)
    assert decide_retry(policy, state, refused, now=now, draw=draw)[1] == GiveUp("not_retryable")


@given(policies, errors, seconds, draws, draws)
def test_the_wait_grows_with_the_draw_and_its_bound_with_the_failures(
    policy: RetryPolicy, error: LlmError, now: float, a: float, b: float
) -> None:
    low, high = sorted((a, b))
    for failures in range(3):
        one, two = (
            decide_retry(policy, RetryState(failures), error, now=now, draw=draw)[1] for draw in (low, high)
        )
        if isinstance(one, RetryAfter) and isinstance(two, RetryAfter):
            assert one.delay <= two.delay


@given(policies, st.lists(st.sampled_from(["take", "first", "retried"])))
def test_a_bucket_never_overflows_and_never_lends(policy: RetryPolicy, steps: list[str]) -> None:
    bucket, paid = Bucket(), 0.0
    gained = policy.bucket_capacity
    for step in steps:
        if step == "take":
            bucket, could = take(bucket, policy)
            paid += policy.retry_cost if could else 0
        else:
            bucket, _ = refund(bucket, policy, retried=step == "retried")
            gained += policy.retry_cost if step == "retried" else policy.success_refund
        assert bucket.tokens is None or 0 <= bucket.tokens <= policy.bucket_capacity
        assert paid <= gained * (1 + 1e-9)
