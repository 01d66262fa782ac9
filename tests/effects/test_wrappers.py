"""Retry, continuation, cache, deadline and echo: one suite, every colour, against a scripted door."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest
from returns.result import Success
from typing_extensions import override

from llm_effects import (
    MemoryStore,
    Runner,
    Slow,
    World,
    arun,
    compose,
    run,
    simulate,
    standard,
    stream,
    with_cache,
    with_continuation,
    with_deadline,
    with_prefill_echo,
    with_retry,
    with_stop_sequence,
)
from llm_effects.interpreters.aio import ASYNCIO
from llm_effects.interpreters.blocking import BLOCKING
from llm_effects.interpreters.driver import Run, finished
from llm_effects.notes import CacheHit, CacheMissed, Continued, GaveUp, Note, Retried
from llm_effects.operations import Operation, Program, Sleep, ask
from llm_effects.programs import watched
from llm_effects.providers.leaf import Leaf
from llm_effects.runner import Wrapped
from llm_pure import (
    AssistantMessage,
    BadRequest,
    Completion,
    ContinuationPolicy,
    Deadline,
    Denied,
    Disconnected,
    Done,
    JsonObject,
    Outcome,
    Overloaded,
    PartDone,
    Quota,
    RateLimited,
    Reasoning,
    Response,
    RetryPolicy,
    Started,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
    assistant,
    mapped,
    user,
)
from llm_pure.models import MODELS, ModelTraits
from tests.effects.scripted import COLOURS, QUESTION, Colour, ScriptedDoor, answer, failed, leaf

BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
QUICK = RetryPolicy(max_attempts=3, base_delay=0.0)


@pytest.fixture(params=COLOURS)
def colour(request: pytest.FixtureRequest) -> Colour:
    return COLOURS[request.param]


@pytest.fixture(params=("stream", "astream"))
def watching(request: pytest.FixtureRequest) -> Colour:
    return COLOURS[request.param]


def asked(runner: Leaf) -> int:
    assert isinstance(runner.door, ScriptedDoor)
    return len(runner.door.requests)


# ---------------------------------------------------------------- the leaf


def test_an_answer_comes_back_with_message_usage_and_stop_reason(colour: Colour) -> None:
    told = colour(leaf(answer()), QUESTION)
    response = told.outcome.unwrap()
    assert (response.text, response.usage.output_tokens, response.stop_reason) == ("Hello", 2, "end")


def test_events_come_in_order_and_end_with_the_response(watching: Colour) -> None:
    told = watching(leaf(answer("Hello")), QUESTION)
    assert isinstance(told.events[0], Started)
    assert "".join(e.text for e in told.events if isinstance(e, TextDelta)) == "Hello"
    assert [e for e in told.events if isinstance(e, PartDone)] == [PartDone(0, Text("Hello"))]
    assert told.events[-1] == Done(told.outcome.unwrap())


def test_the_finished_completion_holds_the_answer(colour: Colour) -> None:
    finished = mapped(colour(leaf(answer()), QUESTION).outcome, QUESTION.with_response).unwrap()
    assert (finished.last_text, finished.stop_reason, finished.usage) == ("Hello", "end", Usage(3, 2))


def test_what_was_read_of_a_broken_stream_is_kept(watching: Colour) -> None:
    runner = leaf(answer("Hello"))
    door = runner.door
    assert isinstance(door, ScriptedDoor)
    whole = door.connect

    def broken(request: object, limit: float | None) -> object:
        connection = whole(request, limit)  # type: ignore[arg-type]  # passed on as it came
        at = next(i for i, chunk in enumerate(connection.chunks) if b"Hello" in chunk)  # type: ignore[union-attr]
        connection.chunks[at + 1 :] = [Disconnected(message="gone", phase="during")]  # type: ignore[union-attr]
        return connection

    door.connect = broken  # type: ignore[method-assign,assignment]  # the transport breaks
    error = failed(watching(runner, QUESTION).outcome)
    assert isinstance(error, Disconnected)
    assert error.partial is not None
    assert error.partial.text == "Hello"
    assert door.closed


# ---------------------------------------------------------------- retry


def test_a_busy_provider_is_asked_again(colour: Colour) -> None:
    inner = leaf(BUSY, BUSY, answer())
    told = colour(compose(inner, with_retry(QUICK)), QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    assert asked(inner) == 3
    assert [n.error for n in told.notes if isinstance(n, Retried)] == ["Overloaded", "Overloaded"]


def test_whoever_watches_is_told_once_that_an_answer_has_begun(watching: Colour) -> None:
    told = watching(compose(leaf(BUSY, answer()), with_retry(QUICK)), QUESTION)
    assert [type(event) for event in told.events] == [Started, TextDelta, PartDone, Done]


@pytest.mark.parametrize(
    "error",
    [
        BadRequest(message="no", status=400, type="invalid_request_error"),
        Denied(message="no", status=401, type="authentication_error"),
        Quota(message="no", status=402, type="billing_error"),
    ],
)
def test_what_waiting_cannot_help_is_not_asked_again(colour: Colour, error: Denied) -> None:
    inner = leaf(error, answer())
    told = colour(compose(inner, with_retry(QUICK)), QUESTION)
    assert type(failed(told.outcome)) is type(error)
    assert asked(inner) == 1
    assert [n for n in told.notes if isinstance(n, GaveUp)] == [GaveUp(type(error).__name__, "not_retryable")]


def test_attempts_are_bounded_and_the_last_error_is_given_back(colour: Colour) -> None:
    inner = leaf(BUSY, BUSY, BUSY, answer())
    assert isinstance(failed(colour(compose(inner, with_retry(QUICK)), QUESTION).outcome), Overloaded)
    assert asked(inner) == 3


def test_one_budget_serves_all_segments_and_a_failed_segment_alone_is_repeated(colour: Colour) -> None:
    inner = leaf(BUSY, answer("Hel", "max_tokens"), BUSY, answer("lo"), answer("never"))
    told = colour(compose(inner, with_retry(QUICK), with_continuation()), QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    assert asked(inner) == 4
    exhausted = leaf(BUSY, BUSY, answer("Hel", "max_tokens"), BUSY, answer("lo"))
    error = failed(colour(compose(exhausted, with_retry(QUICK), with_continuation()), QUESTION).outcome)
    assert isinstance(error, Overloaded)
    assert error.partial is not None
    assert error.partial.text == "Hel"


# ---------------------------------------------------------------- continuation


def test_a_cut_answer_is_continued_as_one_text(colour: Colour) -> None:
    inner = leaf(answer("Hel", "max_tokens", usage=Usage(3, 1)), answer("lo", usage=Usage(4, 1)))
    told = colour(compose(inner, with_continuation()), QUESTION)
    response = told.outcome.unwrap()
    assert response.message.content == (Text("Hello"),)
    assert (response.usage, response.stop_reason) == (Usage(7, 2), "end")
    assert [n for n in told.notes if isinstance(n, Continued)] == [Continued(1, "prefill")]


def test_a_continued_answer_streams_on_across_the_seam(watching: Colour) -> None:
    runner = compose(leaf(answer("Hel", "max_tokens"), answer("lo")), with_continuation())
    told = watching(runner, QUESTION)
    assert [(e.index, e.text) for e in told.events if isinstance(e, TextDelta)] == [(0, "Hel"), (0, "lo")]
    assert [e for e in told.events if isinstance(e, PartDone)] == [PartDone(0, Text("Hello"))]
    assert sum(isinstance(e, Done) for e in told.events) == 1


def test_without_rounds_the_cut_answer_is_given_back(colour: Colour) -> None:
    inner = leaf(answer("Hel", "max_tokens"), answer("lo"))
    runner = compose(inner, with_continuation(ContinuationPolicy(max_rounds=0)))
    response = colour(runner, QUESTION).outcome.unwrap()
    assert (response.text, response.stop_reason) == ("Hel", "max_tokens")
    assert asked(inner) == 1


def test_a_model_that_refuses_prefill_is_asked_to_go_on(colour: Colour) -> None:
    inner = leaf(answer("Hello wor", "max_tokens"), answer("ld."))
    question = QUESTION.replace(model="claude-opus-5")
    told = colour(compose(inner, with_continuation()), question)
    response = told.outcome.unwrap()
    assert response.message.content == (Text("Hello world."),)
    assert [n for n in told.notes if isinstance(n, Continued)] == [Continued(1, "nudge")]
    assert [type(turn).__name__ for turn in response.turns] == [
        "AssistantMessage",
        "UserMessage",
        "AssistantMessage",
    ]
    assert question.with_response(response).messages[1:] == (AssistantMessage((Text("Hello world."),)),)


def test_a_model_that_only_the_callers_table_knows_is_continued_as_that_says(colour: Colour) -> None:
    models = {**MODELS, "my-own": ModelTraits(prefill=True)}
    for table, note in ((models, Continued(1, "prefill")), (None, Continued(1, "nudge"))):
        inner = leaf(answer("Hello wor", "max_tokens"), answer("ld."))
        told = colour(compose(inner, with_continuation(models=table)), QUESTION.replace(model="my-own"))
        assert [n for n in told.notes if isinstance(n, Continued)] == [note]


def test_signed_turns_go_back_as_they_were(colour: Colour) -> None:
    thinking = Reasoning("hm", signature="sig")
    first = Response(
        AssistantMessage((thinking, Text("Hello wor"))),
        Usage(3, 1),
        "max_tokens",
        "max_tokens",
        provider="anthropic",
    )
    inner = leaf(first, answer("ld."))
    question = QUESTION.replace(model="claude-opus-5")
    response = colour(compose(inner, with_continuation()), question).outcome.unwrap()
    history = question.with_response(response).messages
    assert history[1] == AssistantMessage((thinking, Text("Hello wor")))
    assert history[3] == AssistantMessage((Text("ld."),))


def test_nothing_is_stitched_inside_a_tool_call(colour: Colour) -> None:
    call = ToolCall("t1", "look", JsonObject({"at": "x"}))
    cut = Response(
        AssistantMessage((Text("I look"), call)),
        Usage(3, 9),
        "max_tokens",
        "max_tokens",
        provider="anthropic",
    )
    whole = Response(
        AssistantMessage((Text("I look"), call)), Usage(3, 11), "tool_call", "tool_use", provider="anthropic"
    )
    inner = leaf(cut, whole)
    question = QUESTION.replace(tools=[Tool("look", parameters=JsonObject({"type": "object"}))], max_tokens=9)
    told = colour(compose(inner, with_continuation()), question)
    response = told.outcome.unwrap()
    assert response.message.content == (Text("I look"), call)
    assert response.usage == Usage(6, 20), "what was replaced was paid for all the same"
    assert [n.how for n in told.notes if isinstance(n, Continued)] == ["enlarge"]


# ---------------------------------------------------------------- cache


def test_a_second_run_comes_from_the_store(colour: Colour) -> None:
    inner, store = leaf(answer()), MemoryStore()
    runner = compose(inner, with_cache(store))
    first, second = colour(runner, QUESTION), colour(runner, QUESTION)
    assert first.outcome == second.outcome
    assert asked(inner) == 1
    assert any(isinstance(note, CacheHit) for note in second.notes)


def test_a_cached_answer_streams_its_events(watching: Colour) -> None:
    runner = compose(leaf(answer()), with_cache(MemoryStore()))
    first, second = watching(runner, QUESTION), watching(runner, QUESTION)
    assert [e for e in second.events if isinstance(e, TextDelta)] == [TextDelta(0, "Hello")]
    assert second.events[-1] == Done(first.outcome.unwrap())


class Broken:
    """A store that fails in every way."""

    blocking = False

    def load(self, key: str) -> bytes | None:
        raise OSError("disk on fire")

    def save(self, key: str, value: bytes) -> None:
        raise OSError("disk on fire")


def test_a_run_inside_a_run_of_the_same_key_does_not_wait_for_itself() -> None:
    inner = leaf(answer("inner"), answer("outer"))
    runner = compose(inner, with_cache(Broken()))
    texts: list[str] = []

    def ask_again(note: Note) -> None:
        if isinstance(note, CacheMissed) and not texts:
            texts.append("")
            texts.append(run(runner, QUESTION).unwrap().text)

    assert run(runner, QUESTION, on_note=ask_again).unwrap().text == "outer"
    assert texts == ["", "inner"]


def test_a_stream_in_a_consumers_hands_holds_nobody_up() -> None:
    inner = leaf(answer("first"), answer("second"))
    runner = compose(inner, with_cache(MemoryStore()))
    with stream(runner, QUESTION) as events:
        next(events)
        assert run(runner, QUESTION).unwrap().text == "second"


def test_a_simulation_gives_its_answers_to_nobody_who_waits_in_the_real_world() -> None:
    gate = threading.Event()

    def late() -> Iterator[Response]:
        gate.wait(5)
        yield answer("real")

    runner = compose(replace(leaf(), door=ScriptedDoor(late())), with_cache(MemoryStore()))
    texts: list[str] = []
    callers = [
        threading.Thread(target=lambda: texts.append(run(runner, QUESTION).unwrap().text)) for _ in range(2)
    ]
    for caller in callers:
        caller.start()
    flights = runner.flights  # type: ignore[attr-defined]  # whether somebody waits is a test's business only
    while not flights.waiting():
        time.sleep(0.001)
    assert simulate(runner, QUESTION, [answer("simulated")]).outcome.unwrap().text == "simulated"
    assert (flights.under_way(), flights.waiting()) == (1, 1)
    gate.set()
    for caller in callers:
        caller.join(5)
    assert texts == ["real", "real"]


# ---------------------------------------------------------------- echo, stop sequence


def test_the_echo_begins_with_the_prefill(colour: Colour) -> None:
    question = QUESTION.add_messages(assistant("Once"))
    told = colour(compose(leaf(answer(" upon")), with_prefill_echo()), question)
    response = told.outcome.unwrap()
    assert response.message.content == (Text("Once upon"),)
    assert question.with_response(response).messages[1:] == (AssistantMessage((Text("Once upon"),)),)
    if told.events:
        assert "".join(e.text for e in told.events if isinstance(e, TextDelta)) == "Once upon"
        assert told.events[-1] == Done(response)


def test_the_echo_stands_in_the_turns_that_go_back_and_in_the_part_read_of_a_failure(colour: Colour) -> None:
    question = QUESTION.add_messages(assistant("Once"))
    going_on = with_continuation(ContinuationPolicy(prefill=False))
    inner = leaf(answer(" upon", "max_tokens"), answer(" a time."))
    response = colour(compose(inner, going_on, with_prefill_echo()), question).outcome.unwrap()
    assert response.message.content == (Text("Once upon a time."),)
    assert (response.turns[0], response.turns[2]) == (
        assistant("Once upon"),
        AssistantMessage((Text(" a time."),)),
    )
    broken = Disconnected(message="gone", partial=answer(" up"))
    error = failed(colour(compose(leaf(broken), with_prefill_echo()), question).outcome)
    assert error.partial is not None
    assert error.partial.text == "Once up"


def test_a_stop_sequence_that_is_put_back_is_for_the_caller_and_signed_turns_stay_as_they_were(
    colour: Colour,
) -> None:
    said = AssistantMessage((Reasoning("hm", signature="sig"), Text("a")))
    stopped = Response(said, Usage(1, 1), "stop_sequence", "stop_sequence", ".", provider="anthropic")
    response = colour(compose(leaf(stopped), with_stop_sequence()), QUESTION).outcome.unwrap()
    assert (response.text, response.turns) == ("a.", (said,))
    assert QUESTION.with_response(response).messages[1:] == (said,)


def test_a_matched_stop_sequence_is_put_back_only_when_asked(colour: Colour) -> None:
    stopped = Response(
        AssistantMessage((Text("a"),)),
        Usage(1, 1),
        "stop_sequence",
        "stop_sequence",
        ".",
        provider="anthropic",
    )
    assert colour(leaf(stopped), QUESTION).outcome.unwrap().text == "a"
    told = colour(compose(leaf(stopped), with_stop_sequence()), QUESTION)
    assert told.outcome.unwrap().message.content == (Text("a."),)
    if told.events:
        assert "".join(e.text for e in told.events if isinstance(e, TextDelta)) == "a."


# ---------------------------------------------------------------- stacks


@pytest.mark.parametrize(
    "wrappers",
    [
        (with_retry(), with_retry()),
        (with_continuation(), with_continuation()),
        (with_prefill_echo(), with_prefill_echo()),
        (with_stop_sequence(), with_stop_sequence()),
        (with_continuation(), with_retry()),
        (with_cache(MemoryStore()), with_continuation()),
        (with_cache(MemoryStore()), with_retry()),
        (with_prefill_echo(), with_continuation()),
        (with_stop_sequence(), with_continuation()),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(wrappers: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="around"):
        compose(leaf(), *wrappers)  # type: ignore[arg-type]  # wrappers, all of them


def test_the_usual_stack_is_in_the_right_order() -> None:
    runner = standard(leaf(), retries=2, continues=1, cache=MemoryStore())
    assert runner.layers == ("anthropic", "retry", "continuation", "cache")
    assert runner.target == leaf().target


def test_the_options_of_the_usual_stack_are_counts_of_further_requests_and_the_first_wait() -> None:
    def waited(retries: int, seed: int) -> tuple[int, float]:
        runner = standard(leaf(), retries=retries, retry_backoff=4.0)
        done = simulate(runner, QUESTION, [BUSY] * 9, seed=seed)
        return len(done.requests), done.elapsed

    assert [waited(retries, 0)[0] for retries in (0, 1, 2)] == [1, 2, 3]
    waits = [waited(1, seed)[1] for seed in range(50)]
    assert max(waits) <= 4.0
    assert sum(waits) / 50 == pytest.approx(2.0, rel=0.25)
    cut = [answer(f" {number}", "max_tokens") for number in range(9)]
    for continues in (0, 1, 2):
        done = simulate(standard(leaf(), continues=continues), QUESTION, cut)
        assert len(done.requests) == continues + 1
    for wrong in ({"retries": -1}, {"continues": -1}):
        with pytest.raises(ValueError, match="counts"):
            standard(leaf(), **wrong)  # type: ignore[arg-type]  # counts, both


def test_the_model_is_filled_in_before_anything_decides(colour: Colour) -> None:
    told = colour(compose(leaf(answer()), with_cache(MemoryStore())), QUESTION.replace(model=None))
    assert told.outcome.unwrap().text == "Hello"


# ---------------------------------------------------------------- virtual time


def test_retry_after_is_waited_for_in_virtual_time() -> None:
    wait = RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=20.0)
    done = simulate(compose(leaf(), with_retry(RetryPolicy(base_delay=0.0))), QUESTION, [wait, answer()])
    assert done.outcome.unwrap().text == "Hello"
    assert done.elapsed == 20.0


def test_a_wait_longer_than_the_deadline_gives_the_error_back_at_once() -> None:
    wait = RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=20.0)
    runner = compose(leaf(), with_retry(), with_deadline(10))
    done = simulate(runner, QUESTION, [wait, answer()])
    assert isinstance(failed(done.outcome), RateLimited)
    assert done.elapsed == 0.0


def test_the_deadline_of_a_policy_begins_with_the_first_attempt() -> None:
    runner = compose(leaf(), with_retry(RetryPolicy(max_attempts=9, base_delay=0.0, deadline=10.0)))
    done = simulate(runner, QUESTION, [Slow(6.0, BUSY)] * 9)
    assert (len(done.requests), done.elapsed) == (2, 12.0)


def test_a_call_in_three_wrappers_asks_for_no_more_than_it_needs() -> None:
    stack = standard(leaf(), retries=2, continues=2, cache=MemoryStore())
    done = simulate(stack, QUESTION, [answer()])
    assert " ".join(type(operation).__name__ for operation, _ in done.trace) == (
        "Load Claim Load Tell Observed Observed Tell Send Tell Change Save Tell Land"
    )


def test_the_deadline_ends_a_slow_attempt() -> None:
    runner = compose(leaf(), with_retry(RetryPolicy(max_attempts=9, base_delay=1.0)), with_deadline(10))
    done = simulate(runner, QUESTION, [Slow(6, BUSY), Slow(6, answer())])
    assert isinstance(failed(done.outcome), Deadline | Overloaded)
    assert done.elapsed <= 10


@dataclass(frozen=True, slots=True)
class Dawdling(Wrapped):
    """Waits for two seconds before it asks."""

    @property
    @override
    def layer(self) -> str:
        return "dawdling"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        yield from ask(Sleep(2))
        return (yield from self.inner(completion))


def test_no_wait_of_any_wrapper_outlives_the_deadline(colour: Colour) -> None:
    told = colour(with_deadline(0.01)(Dawdling(leaf(answer()))), QUESTION)
    assert isinstance(failed(told.outcome), Deadline)
    done = simulate(with_deadline(1)(Dawdling(leaf())), QUESTION, [answer()])
    assert (type(failed(done.outcome)), done.elapsed) == (Deadline, 1)


def test_of_two_deadlines_the_nearer_holds_and_the_inner_ends_with_what_it_bounds() -> None:
    for inner, outer in ((1, 9), (9, 1)):
        runner = with_deadline(outer)(with_deadline(inner)(Dawdling(leaf())))
        done = simulate(runner, QUESTION, [answer()])
        assert (type(failed(done.outcome)), done.elapsed) == (Deadline, 1)
    wait = RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=20.0)
    each = with_retry(RetryPolicy(base_delay=0.0))(with_deadline(10)(leaf()))
    done = simulate(each, QUESTION, [Slow(9, wait), Slow(9, answer())])
    assert (done.outcome.unwrap().text, done.elapsed) == ("Hello", 38)


def test_an_outage_empties_the_bucket_and_the_next_runs_are_not_retried() -> None:
    runner = compose(leaf(), with_retry(RetryPolicy(max_attempts=5)))
    world = World(lambda request, chance: BUSY)
    for _ in range(200):
        world.run(runner, QUESTION)
    assert len(world.requests) == 200 + 500 // 5


def test_rounds_are_bounded() -> None:
    runner = compose(leaf(), with_continuation(ContinuationPolicy(max_rounds=3)))

    def words(request: object, chance: object) -> Response:
        return answer(f" {len(world.requests)}", "max_tokens")

    world = World(words)
    done = world.run(runner, QUESTION)
    assert (done.outcome.unwrap().stop_reason, len(done.requests)) == ("max_tokens", 4)


# ---------------------------------------------------------------- parity


def scripts() -> Iterator[tuple[str, tuple[object, ...]]]:
    yield "plain", (answer(),)
    yield "busy", (BUSY, answer())
    yield "cut", (answer("Hel", "max_tokens"), BUSY, answer("lo"))
    yield "refused", (Denied(message="no", status=401, type="authentication_error"),)
    yield "broken", (Disconnected(message="gone"), answer("Hel", "max_tokens"), answer(""), answer("never"))


@pytest.mark.parametrize(("name", "script"), list(scripts()), ids=[name for name, _ in scripts()])
def test_every_colour_takes_the_same_steps(name: str, script: tuple[Response, ...]) -> None:
    def stack(inner: Runner) -> Runner:
        return standard(inner, retries=2, retry_backoff=0.0, continues=2, cache=MemoryStore())

    def steps(trace: Sequence[tuple[Operation, object]]) -> list[tuple[str, str]]:
        # Clocks, chance and the doors themselves differ; what was asked and answered must not.
        return [
            (
                type(operation).__name__,
                "" if type(operation).__name__ in {"Now", "Draw", "Change"} else repr(answer),
            )
            for operation, answer in trace
        ]

    for observed in (False, True):
        simulation = simulate(stack(leaf(*script)), QUESTION, script, observed=observed)
        runs = [(steps(simulation.trace), simulation.outcome)]
        for backend in (BLOCKING, ASYNCIO):
            trace: list[tuple[Operation, object]] = []
            driven = Run(
                watched(
                    stack(leaf(*script))(QUESTION), partial(lambda trace, *step: trace.append(step), trace)
                ),
                backend,
                observed=observed,
            )
            finished(drive(driven)) if backend is BLOCKING else asyncio.run(drive(driven))
            runs.append((steps(trace), driven.ended))
        assert runs[0] == runs[1] == runs[2], name


async def drive(driven: Run[Outcome[Response]]) -> None:
    while await driven.advance() is not None:
        pass


def test_a_success_is_a_success_of_returns(colour: Colour) -> None:
    match colour(leaf(answer()), QUESTION).outcome:
        case Success(response):
            assert response.text == "Hello"
        case failure:
            pytest.fail(repr(failure))


def test_notes_never_hold_the_prompt(colour: Colour) -> None:
    notes: list[Note] = list(
        colour(standard(leaf(BUSY, answer()), retries=1, retry_backoff=0.0), QUESTION).notes
    )
    assert notes
    assert "Say hello" not in repr(notes)


def test_a_question_is_asked_as_a_completion() -> None:
    assert Completion([user("Say hello")], model="m").messages == (user("Say hello"),)


# ---------------------------------------------------------------- what must not hang, and what must not be lost


def test_a_waiter_on_the_leaders_own_thread_computes_for_itself() -> None:
    inner = leaf(answer("inner"), answer("outer"))
    runner = compose(inner, with_cache(Broken()))
    texts: list[str] = []

    def ask_again(note: Note) -> None:
        if isinstance(note, CacheMissed) and not texts:
            texts.append("")
            texts.append(asyncio.run(arun(runner, QUESTION)).unwrap().text)

    assert run(runner, QUESTION, on_note=ask_again).unwrap().text == "outer"
    assert texts == ["", "inner"]


def test_a_forked_child_does_not_wait_for_its_parents_threads() -> None:
    gate = threading.Event()
    inner = leaf(answer("parent"))
    door = inner.door
    assert isinstance(door, ScriptedDoor)
    connect = door.connect

    def slow(request: object, limit: float | None) -> object:
        gate.wait(5)
        return connect(request, limit)  # type: ignore[arg-type]  # passed on as it came

    door.connect = slow  # type: ignore[method-assign,assignment]  # the provider takes its time
    runner = compose(inner, with_cache(Broken()))
    leader = threading.Thread(target=lambda: run(runner, QUESTION))
    leader.start()
    flights = runner.flights  # type: ignore[attr-defined]  # whether somebody leads is a test's business only
    while not flights.under_way():
        pass
    child = os.fork()
    if child == 0:
        gate.set()
        os._exit(0 if run(runner, QUESTION).unwrap().text == "parent" else 1)
    _, status = os.waitpid(child, 0)
    gate.set()
    leader.join(5)
    assert status == 0


def test_what_failed_attempts_cost_is_not_lost(colour: Colour) -> None:
    broken = Disconnected(message="gone", usage=Usage(5, 7), partial=answer("Hel"))
    told = colour(compose(leaf(broken, answer(usage=Usage(1, 1))), with_retry(QUICK)), QUESTION)
    assert told.outcome.unwrap().usage == Usage(6, 8)
    error = failed(colour(compose(leaf(broken, BUSY, BUSY), with_retry(QUICK)), QUESTION).outcome)
    assert isinstance(error, Overloaded)
    assert (error.usage, error.partial) == (Usage(5, 7), answer("Hel"))


def test_the_last_event_is_the_answer_with_what_failed_attempts_cost(watching: Colour) -> None:
    broken = Disconnected(message="gone", usage=Usage(5, 7))
    told = watching(compose(leaf(broken, answer(usage=Usage(1, 1))), with_retry(QUICK)), QUESTION)
    assert told.events[-1] == Done(told.outcome.unwrap())
    assert told.outcome.unwrap().usage == Usage(6, 8)


def test_a_world_keeps_its_stores_apart() -> None:
    world = World(lambda request, chance: answer(str(len(world.requests))))
    texts = [
        world.run(standard(leaf(), cache=MemoryStore()), QUESTION).outcome.unwrap().text for _ in range(6)
    ]
    assert texts == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_what_is_no_time_is_no_deadline(seconds: float) -> None:
    with pytest.raises(ValueError, match="deadline"):
        with_deadline(seconds)
