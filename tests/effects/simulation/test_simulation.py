"""Whatever a provider does, the invariants hold of our stacks; what breaks a wrong one is shrunk to the shortest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from returns.result import Failure, Success
from typing_extensions import override

from llm_effects import (
    Cut,
    MemoryStore,
    Program,
    Raw,
    Runner,
    Same,
    Simulation,
    Slow,
    World,
    anthropic_runner,
    ask,
    compose,
    openai_chat_runner,
    openai_responses_runner,
    rerun,
    simulate,
    with_cache,
    with_continuation,
    with_deadline,
    with_retry,
)
from llm_effects.cells import Cell
from llm_effects.operations import Change, Sleep
from llm_effects.runner import Wrapped
from llm_effects.simulation import (
    MIX,
    Violation,
    attempts_within_budget,
    check,
    deadline_kept,
    faulty,
    nothing_cut_cached,
    nothing_emitted_twice,
    nothing_forgotten,
    rounds_within_budget,
    waits_as_asked,
)
from llm_effects.simulation.faulty import WELL, Kind
from llm_effects.simulation.strategies import Ask, Violated, Wait, answers, play, state_machine
from llm_effects.simulation.strategies import shortest as shortest_of
from llm_effects.trace.steps import Emitted
from llm_effects.trace.trace import Timed
from llm_pure import (
    AssistantMessage,
    Completion,
    ContinuationPolicy,
    Deadline,
    Disconnected,
    Incomplete,
    Malformed,
    Outcome,
    Overloaded,
    RateLimited,
    Response,
    RetryPolicy,
    StopReason,
    Text,
    TextDelta,
    Usage,
    user,
)
from tests.effects.scripted import QUESTION, answer, leaf

RETRY = RetryPolicy(max_attempts=4)
ROUNDS = ContinuationPolicy(max_rounds=3)
SECONDS = 120.0

BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
LIMITED = RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=5.0)

LEAVES: tuple[Callable[[], Runner], ...] = (
    partial(anthropic_runner, model="claude-haiku-4-5"),
    partial(openai_chat_runner, model="gpt-4o-mini"),
    partial(openai_responses_runner, model="gpt-5.2"),
)


def stack(inner: Runner) -> Runner:
    return compose(
        inner,
        with_retry(RETRY),
        with_continuation(ROUNDS),
        with_cache(MemoryStore()),
        with_deadline(SECONDS),
    )


def sound(run: Simulation) -> Iterable[Violation]:
    return check(run, retry=RETRY, continuation=ROUNDS, deadline=SECONDS)


def asked(number: int) -> Completion:
    return Completion([user(f"Question {number}")], max_tokens=100)


# ---------------------------------------------------------------- our own stacks


@pytest.mark.parametrize("make", LEAVES, ids=["anthropic", "openai-chat", "openai-responses"])
@given(st.integers(0, 2**32), st.floats(0, 1), st.booleans())
def test_the_invariants_hold_with_a_provider_that_fails_at_random(
    make: Callable[[], Runner], seed: int, rate: float, observed: bool
) -> None:
    world, runner = World(faulty(rate=rate), seed), stack(make())
    for number in range(3):
        assert sound(world.run(runner, asked(number), observed=observed)) == ()
        assert check(world.record(runner, asked(number)).trace, deadline=SECONDS) == ()


class TestOurStack(state_machine(stack(leaf()), sound).TestCase):  # type: ignore[misc]  # made by hypothesis
    settings = settings(stateful_step_count=8, suppress_health_check=list(HealthCheck))


def test_the_same_seed_gives_the_same_run() -> None:
    runs = [simulate(stack(leaf()), QUESTION, faulty(rate=0.7), seed=seed) for seed in (5, 5, 6)]
    assert (runs[0].outcome, runs[0].elapsed, runs[0].events) == (
        runs[1].outcome,
        runs[1].elapsed,
        runs[1].events,
    )
    assert runs[0] != runs[2]


def test_every_fault_of_the_mix_comes_and_none_comes_at_rate_zero() -> None:
    assert {type(simulate(leaf(), QUESTION, faulty(rate=0)).outcome)} == {Success}
    for kind in MIX:
        world = World(faulty(rate=1, mix={kind: 1}), seed=1)
        outcomes = [world.run(leaf(), QUESTION, observed=True).outcome for _ in range(20)]
        if kind == "max_tokens":
            assert {done.unwrap().stop_reason for done in outcomes} == {"max_tokens"}
        elif kind == "slow":
            assert world.clock > 20
        else:
            assert {type(done) for done in outcomes} == {Failure}, kind


@pytest.mark.parametrize(
    ("rate", "mix"), [(-0.1, MIX), (1.1, MIX), (0.5, {}), (0.5, {"cut": 0}), (0.5, {"cut": -1})]
)
def test_what_is_no_rate_and_no_mix_is_refused(rate: float, mix: dict[Kind, float]) -> None:
    with pytest.raises(ValueError, match="rate"):
        faulty(rate=rate, mix=mix)


@pytest.mark.slow
def test_ten_thousand_calls_through_retry_continuation_and_cache_take_less_than_ten_seconds() -> None:
    world, runner = World(faulty(rate=0.3), seed=1), stack(leaf())
    began = time.process_time()
    for number in range(10_000):
        world.run(runner, asked(number))
    took = time.process_time() - began
    assert len(world.requests) > 10_000
    assert took < 10, f"{took:.1f} s"


# ---------------------------------------------------------------- answers that are cut


@pytest.mark.parametrize("observed", [False, True])
def test_a_cut_stream_gives_what_was_read_and_says_how_it_ended(observed: bool) -> None:
    for cut, kind in (
        (Cut(answer("Hello"), 0.7), Disconnected),
        (Cut(answer("Hello"), 0.7, closed=True), Incomplete),
    ):
        done = simulate(leaf(), QUESTION, [cut], observed=observed)
        error = done.outcome.failure()
        if observed:
            assert isinstance(error, kind)
            assert error.partial is not None
            assert error.partial.text == "Hello"
            assert TextDelta(0, "Hello") in done.events
        else:
            assert isinstance(error, Disconnected if not cut.closed else Malformed)


def test_an_answer_cut_nowhere_is_whole() -> None:
    done = simulate(leaf(), QUESTION, [Cut(answer("Hello"), 1.0, closed=True)], observed=True)
    assert done.outcome.unwrap().text == "Hello"


def test_chunks_come_late_and_the_deadline_ends_the_stream_between_two() -> None:
    runner = compose(leaf(), with_deadline(3))
    done = simulate(runner, QUESTION, [Slow(1.0, answer("Hello"), each=0.75)], observed=True)
    assert isinstance(done.outcome.failure(), Deadline)
    assert done.elapsed == 3.0


def test_raw_bytes_are_answered_as_they_are() -> None:
    done = simulate(leaf(), QUESTION, [Raw(418, {"content-type": "text/plain"}, (b"I am a teapot",))])
    assert done.outcome.failure().status == 418


@dataclass(frozen=True, slots=True)
class Fallback(Wrapped):
    """Where the one is overloaded, the other is asked."""

    other: Runner

    @property
    @override
    def layer(self) -> str:
        return "fallback"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        match (yield from self.inner(completion)):
            case Failure(Overloaded()):
                return (yield from self.other(completion.replace(model=None)))
            case outcome:
                return outcome


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("other", LEAVES)
@pytest.mark.parametrize("one", LEAVES)
def test_a_stack_of_two_providers_is_answered_by_each_in_its_own_words(
    one: Callable[[], Runner], other: Callable[[], Runner], observed: bool
) -> None:
    runner = Fallback(one(), other())
    world = World([Overloaded(message="busy"), answer("Hello")])
    outcome, trace = world.record(runner, QUESTION, observed=observed)
    assert outcome.unwrap().text == "Hello"
    assert isinstance(rerun(runner, QUESTION, trace), Same)


# ---------------------------------------------------------------- each invariant finds what it is for


@dataclass(frozen=True, slots=True)
class Stubborn(Wrapped):
    """A wrapper with a mistake: it asks again whatever happened, and says again what was said."""

    times: int = 2
    pause: float = 0.0

    @property
    @override
    def layer(self) -> str:
        return "stubborn"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        outcome = yield from self.inner(completion)
        for _ in range(self.times):
            if isinstance(outcome, Success):
                break
            yield from ask(Sleep(self.pause))
            outcome = yield from self.inner(completion)
        return outcome


@dataclass(frozen=True, slots=True)
class Tired(Wrapped):
    """A wrapper with a mistake that shows late: from its third run on it asks for more than it was allowed."""

    runs: Cell[int]

    @property
    @override
    def layer(self) -> str:
        return "tired"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        before = yield from ask(Change(self.runs, lambda runs: (runs + 1, runs)))
        outcome = yield from self.inner(completion)
        if before >= 2 and isinstance(outcome, Failure):
            for _ in range(4):
                outcome = yield from self.inner(completion)
        return outcome


CUT: tuple[StopReason, ...] = ("max_tokens",)


def names(violations: Iterable[Violation]) -> list[str]:
    return [violation.invariant for violation in violations]


def test_too_many_attempts_are_found() -> None:
    run = simulate(Stubborn(leaf(), 2), QUESTION, [BUSY, BUSY, answer()])
    assert names(attempts_within_budget(run, RetryPolicy(max_attempts=2))) == ["attempts_within_budget"]
    assert attempts_within_budget(run, RetryPolicy(max_attempts=3)) == ()


def test_waits_that_are_too_short_or_too_long_are_found() -> None:
    for pause, wrong in ((4.9, True), (5.0, False), (13.0, False), (13.1, True)):
        run = simulate(Stubborn(leaf(), 2, pause), QUESTION, [LIMITED, answer()])
        assert bool(waits_as_asked(run, RetryPolicy(max_delay=8.0))) is wrong


def test_too_many_rounds_are_found() -> None:
    run = simulate(
        with_continuation(ROUNDS)(leaf()), QUESTION, [answer(f" {n}", "max_tokens") for n in range(4)]
    )
    assert names(rounds_within_budget(run, ContinuationPolicy(max_rounds=2))) == ["rounds_within_budget"]
    assert rounds_within_budget(run, ROUNDS) == ()


def test_a_deadline_that_was_not_kept_is_found() -> None:
    run = simulate(leaf(), QUESTION, [Slow(10.5, answer())])
    assert names(deadline_kept(run, 10)) == ["deadline_kept"]
    assert deadline_kept(run, 10, tolerance=1) == deadline_kept(run, 10.5) == ()


def test_what_was_said_twice_is_found() -> None:
    run = simulate(Stubborn(leaf()), QUESTION, [Cut(answer("Hello"), 0.8), answer("Hello")], observed=True)
    assert "nothing_emitted_twice" in names(nothing_emitted_twice(run))
    fine = World([answer("Hello")]).record(leaf(), QUESTION, observed=True).trace
    assert nothing_emitted_twice(fine) == ()
    (at,) = [
        n
        for n, step in enumerate(fine.steps)
        if isinstance(step.did, Emitted) and isinstance(step.did.event, TextDelta)
    ]
    twice = replace(fine, steps=(*fine.steps[:at], fine.steps[at], *fine.steps[at:]))
    assert "'HelloHello'" in nothing_emitted_twice(twice)[0].what
    after = replace(fine, steps=(*fine.steps, Timed(Emitted(TextDelta(0, "!")))))
    assert len(nothing_emitted_twice(after)) >= 2


def test_an_answer_that_was_cut_and_kept_is_found() -> None:
    run = simulate(with_cache(MemoryStore(), keep=CUT)(leaf()), QUESTION, [answer("Hel", "max_tokens")])
    assert names(nothing_cut_cached(run)) == ["nothing_cut_cached"]
    assert nothing_cut_cached(run, CUT) == ()


def test_what_was_paid_and_not_told_is_found() -> None:
    paid = Cut(answer("Hello", usage=Usage(3, 2)), 0.9)
    run = simulate(Stubborn(leaf()), QUESTION, [paid, answer("Hello", usage=Usage(3, 2))], observed=True)
    assert names(nothing_forgotten(run)) == ["nothing_forgotten"]
    kept = simulate(with_retry(RetryPolicy(base_delay=0))(leaf()), QUESTION, [BUSY, answer()])
    assert nothing_forgotten(kept) == ()


# ---------------------------------------------------------------- the shortest schedule


SEARCH = settings(
    max_examples=200,
    stateful_step_count=10,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def shortest(runner: Runner, invariant: Callable[[Simulation], Iterable[Violation]]) -> Violated:
    with pytest.raises(Violated) as found:
        run_state_machine_as_test(state_machine(runner, invariant), settings=SEARCH)
    return found.value


@given(
    st.lists(
        st.builds(Ask, st.just(QUESTION), st.lists(answers(), max_size=3).map(tuple), st.booleans()),
        max_size=4,
    )
)
def test_of_the_shortest_schedule_nothing_can_be_left_out(steps: list[Ask]) -> None:
    runner = Stubborn(with_cache(MemoryStore(), keep=("end", "max_tokens"))(leaf()))
    invariant = partial(check, retry=RetryPolicy(max_attempts=2))
    schedule, found = shortest_of(runner, tuple(steps), invariant)
    if not found:
        assert schedule == tuple(steps)
        assert all(not invariant(run) for run in play(runner, schedule))
        return
    less = [
        (*schedule[:at], *changed, *schedule[at + 1 :])
        for at, step in enumerate(schedule)
        if isinstance(step, Ask)
        for changed in (
            (),
            *(
                (replace(step, answers=(*step.answers[:n], *step.answers[n + 1 :])),)
                for n in range(len(step.answers))
            ),
        )
    ]
    for smaller in less:
        wrong = [violation for run in play(runner, smaller) for violation in invariant(run)]
        assert not wrong or wrong[0].invariant != found[0].invariant


def test_a_cut_answer_that_is_kept_shrinks_to_one_run_with_one_answer() -> None:
    runner = with_cache(MemoryStore(), keep=("end", "max_tokens"))(leaf())
    found = shortest(runner, nothing_cut_cached)
    (only,) = found.schedule
    assert isinstance(only, Ask)
    assert only.answers == (Response(AssistantMessage((Text("Hello"),)), Usage(20, 12), "max_tokens"),)
    assert not only.observed
    assert names(found.violations) == ["nothing_cut_cached"]


@pytest.mark.slow
def test_an_answer_that_is_said_twice_shrinks_to_one_stream_that_breaks_once() -> None:
    found = shortest(Stubborn(leaf()), nothing_emitted_twice)
    (only,) = found.schedule
    assert isinstance(only, Ask)
    assert only.observed
    assert len(only.answers) == 1
    assert isinstance(only.answers[0], Cut)


@pytest.mark.slow
def test_a_mistake_of_the_third_run_shrinks_to_three_runs() -> None:
    runner = Tired(leaf(), Cell("runs", 0, "process"))
    found = shortest(runner, partial(attempts_within_budget, policy=RetryPolicy(max_attempts=3)))
    assert [type(step) for step in found.schedule] == [Ask, Ask, Ask], str(found)
    first, second, third = found.schedule
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    assert isinstance(third, Ask)
    assert (first.answers, second.answers) == ((), ())
    assert third.answers == (BUSY, BUSY, BUSY)
    again = play(runner, found.schedule)
    assert attempts_within_budget(again[-1], RetryPolicy(max_attempts=3)) == found.violations


def test_a_schedule_that_violates_something_says_so_line_by_line() -> None:
    late = (Violation("deadline_kept", "too late"),)
    error = Violated((), lambda _: ((Wait(1.0), Ask(QUESTION)), late))
    assert str(error).splitlines()[0] == "deadline_kept: too late"
    assert str(error).splitlines()[2] == "Wait(seconds=1.0)"


@given(st.lists(answers(), max_size=4).map(tuple), st.booleans())
def test_a_schedule_is_played_run_by_run(script: tuple[Response, ...], observed: bool) -> None:
    runs = play(stack(leaf()), (Ask(QUESTION, script, observed), Wait(60.0), Ask(QUESTION, (), observed)))
    assert len(runs) == 2
    assert [sound(run) for run in runs] == [(), ()]


def test_where_nothing_is_scripted_all_is_well() -> None:
    (run,) = play(leaf(), (Ask(QUESTION),))
    assert run.outcome.unwrap().text == WELL.text
    assert run.events == ()
