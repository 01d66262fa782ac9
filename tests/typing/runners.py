"""Runners, wrappers and interpreters: what goes in, what comes out, and which client is of which colour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI
from returns.result import Failure, Success

from llm_effects import (
    AsyncStream,
    Draft,
    MemoryStore,
    Note,
    Program,
    Resolvable,
    Runner,
    Simulation,
    SqliteStore,
    Store,
    Stream,
    Unresolved,
    Wrapper,
    anthropic_runner,
    arun,
    astream,
    compose,
    openai_chat_runner,
    openai_responses_runner,
    resolve,
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
from llm_pure import (
    Completion,
    ContinuationPolicy,
    Outcome,
    RateLimited,
    Response,
    RetryPolicy,
    StreamEvent,
    Target,
    Text,
    Usage,
    mapped,
    user,
)


def leaves_are_runners(
    anthropic: Anthropic, asynchronous: AsyncAnthropic, openai: OpenAI, other: AsyncOpenAI
) -> list[Runner]:
    return [
        anthropic_runner(),
        anthropic_runner(model="claude-haiku-4-5"),
        anthropic_runner(anthropic),
        anthropic_runner(anthropic, async_client=asynchronous),
        openai_chat_runner(openai, model="gpt-4o-mini"),
        openai_chat_runner(async_client=other),
        openai_responses_runner(openai, async_client=other, model="gpt-5.2"),
    ]


def wrappers_take_a_runner_and_give_a_runner(runner: Runner, store: Store, path: Path) -> Runner:
    wrappers: list[Wrapper] = [
        with_retry(),
        with_retry(RetryPolicy(max_attempts=5)),
        with_continuation(ContinuationPolicy(max_rounds=2)),
        with_cache(store),
        with_cache(MemoryStore()),
        with_cache(SqliteStore(path)),
        with_deadline(30),
        with_prefill_echo(),
        with_stop_sequence(),
    ]
    assert_type(with_retry()(runner), Runner)
    assert_type(compose(runner, *wrappers), Runner)
    assert_type(standard(runner, retries=2, retry_backoff=0.1, continues=3, cache=store), Runner)
    return with_cache(store)(with_retry()(runner))


def a_wrapper_of_ones_own_is_a_wrapper() -> Wrapper:
    def twice(runner: Runner) -> Runner:
        return runner

    return twice


def a_runner_gives_programs(runner: Runner, completion: Completion) -> None:
    assert_type(runner(completion), Program[Outcome[Response]])
    assert_type(runner.target, Target)
    assert_type(runner.layers, tuple[str, ...])


def blocking_interpreters(runner: Runner, completion: Completion) -> Outcome[Completion]:
    notes: list[Note] = []
    asked = run(runner, completion, on_note=notes.append)
    assert_type(asked, Outcome[Response])
    with stream(runner, completion) as events:
        assert_type(events, Stream)
        as_iterator: Iterator[StreamEvent] = iter(events)
        for event in as_iterator:
            assert_type(event, StreamEvent)
    assert_type(events.result, Outcome[Response])
    return mapped(asked, completion.with_response)


async def asynchronous_interpreters(runner: Runner, completion: Completion) -> str:
    async with astream(runner, completion) as events:
        assert_type(events, AsyncStream)
        as_iterator: AsyncIterator[StreamEvent] = aiter(events)
        async for event in as_iterator:
            assert_type(event, StreamEvent)
    assert_type(events.result, Outcome[Response])
    match await arun(runner, completion):
        case Success(response):
            return response.text
        case Failure(error):
            return error.message


def a_simulation_needs_no_client(runner: Runner, completion: Completion, response: Response) -> None:
    done = simulate(runner, completion, [RateLimited(retry_after=2), response], seed=3)
    assert_type(done, Simulation)
    assert_type(done.outcome, Outcome[Response])
    assert_type(done.elapsed, float)


def drafts_take_paths_and_functions(runner: Runner, completion: Completion) -> Outcome[Response]:
    def latest() -> str:
        return "news"

    async def awaited() -> list[str | Text | None]:
        return ["a", Text("b"), None]

    pieces: list[Resolvable] = ["What is this?", Path("cat.png"), latest, awaited, Text("plain"), None]
    assert_type(Draft.user(*pieces), Draft)
    unresolved = resolve(completion, user("before"), Draft.user(*pieces), Draft("assistant", ("after",)))
    assert_type(unresolved, Unresolved)
    return run(runner, unresolved)


# ---------------------------------------------------------------- refused


def an_asynchronous_client_in_the_blocking_place_is_refused(
    client: AsyncAnthropic, other: AsyncOpenAI
) -> None:
    anthropic_runner(client)  # type: ignore[arg-type]
    openai_chat_runner(other)  # type: ignore[arg-type]
    openai_responses_runner(other)  # type: ignore[arg-type]


def a_blocking_client_in_the_asynchronous_place_is_refused(client: Anthropic, other: OpenAI) -> None:
    anthropic_runner(async_client=client)  # type: ignore[arg-type]
    openai_chat_runner(async_client=other)  # type: ignore[arg-type]


def a_client_of_the_other_provider_is_refused(client: Anthropic, other: OpenAI) -> None:
    anthropic_runner(other)  # type: ignore[arg-type]
    openai_chat_runner(client)  # type: ignore[arg-type]


def the_policy_of_another_wrapper_is_refused() -> None:
    with_retry(ContinuationPolicy())  # type: ignore[arg-type]
    with_continuation(RetryPolicy())  # type: ignore[arg-type]
    with_retry(3)  # type: ignore[arg-type]
    with_cache("answers.sqlite")  # type: ignore[arg-type]


def a_wrapper_without_its_call_is_refused(runner: Runner) -> None:
    compose(runner, with_retry)  # type: ignore[arg-type]


def a_wrapper_is_no_runner(completion: Completion) -> None:
    run(with_retry(), completion)  # type: ignore[arg-type]


def a_leaf_that_was_not_made_is_no_runner(completion: Completion) -> None:
    run(anthropic_runner, completion)  # type: ignore[arg-type]


def a_question_that_is_a_string_is_refused(runner: Runner) -> None:
    run(runner, "Hello?")  # type: ignore[arg-type]


async def an_answer_that_was_not_awaited_is_refused(runner: Runner, completion: Completion) -> None:
    arun(runner, completion)  # type: ignore[unused-coroutine]
    response = mapped(arun(runner, completion), lambda answer: answer)  # type: ignore[arg-type, var-annotated]
    del response


def an_outcome_is_no_response(runner: Runner, completion: Completion) -> None:
    completion.with_response(run(runner, completion))  # type: ignore[arg-type]


def an_unknown_setting_of_the_standard_stack_is_refused(runner: Runner) -> None:
    standard(runner, retry=3)  # type: ignore[call-arg]


def what_a_wrapper_wraps_is_a_runner() -> None:
    with_retry()(lambda completion: completion)  # type: ignore[arg-type]


def a_store_of_text_is_refused() -> None:
    class Texts:
        blocking = False

        def load(self, key: str) -> str | None:
            return key

        def save(self, key: str, value: bytes) -> None: ...

    with_cache(Texts())  # type: ignore[arg-type]


def a_draft_of_a_function_that_gives_numbers_is_refused() -> None:
    Draft.user(lambda: 3)  # type: ignore[arg-type, return-value]


def a_number_is_no_usage(usage: Usage) -> None:
    print(usage + 1)  # type: ignore[operator]


def a_name_that_neither_package_has_is_refused() -> None:
    from llm_effects import runn  # type: ignore[attr-defined]
    from llm_effects.replay import casette  # type: ignore[attr-defined]

    print(runn, casette)
