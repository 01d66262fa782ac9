"""Runs that end early: by their deadline, by cancellation, or because the caller leaves."""

from __future__ import annotations

import asyncio
import time

import pytest
from returns.result import Failure

from llm_effects import arun, astream, run, stream, with_deadline, with_retry
from llm_effects.stub import Sent, Stub
from llm_pure import (
    Deadline,
    Incomplete,
    Outcome,
    RateLimited,
    Response,
    TextDelta,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import Provider
from tests.sdk.served import LIMIT, LONG, NOW, SLOW, Serve, text

# ---------------------------------------------------------------- the end of patience


@pytest.mark.parametrize("slow", SLOW)
def test_a_deadline_ends_a_run_in_time(provider: Provider, serve: Serve, colour: Colour, slow: str) -> None:
    stub, runner = serve(SLOW[slow])
    began = time.monotonic()
    error = failed(colour(with_deadline(LIMIT)(with_retry(NOW)(runner)), provider.question).outcome)
    spent = time.monotonic() - began
    assert type(error) is Deadline
    assert spent - LIMIT < 0.2
    assert stub.wait_until(lambda it: it.connections == 0)


def test_a_deadline_that_is_not_reached_changes_nothing(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    _, runner = serve("Hello")
    assert text(colour(with_deadline(30)(runner), provider.question).outcome) == "Hello"


def test_what_was_read_of_a_stream_before_its_deadline_is_kept(provider: Provider, serve: Serve) -> None:
    _, runner = serve("Hello", Sent(LONG, pause=0.005, cut_events=5, ending="stall"))
    run(runner, provider.question)
    told = COLOURS["stream"](with_deadline(LIMIT)(runner), provider.question)
    error = failed(told.outcome)
    assert type(error) is Deadline
    assert error.partial is not None
    assert error.partial.text
    assert LONG.startswith(error.partial.text)


# ---------------------------------------------------------------- leaving


async def until(stub: Stub, requests: int) -> None:
    assert await asyncio.to_thread(stub.wait_until, lambda it: len(it.requests) >= requests)


@pytest.mark.parametrize("slow", ["headers that never come", "a body that stalls"])
def test_a_cancelled_arun_closes_its_connection_and_is_not_tried_again(
    provider: Provider, serve: Serve, slow: str
) -> None:
    stub, runner = serve(SLOW[slow], "Hello", "Hello")

    async def main() -> None:
        asking = asyncio.create_task(arun(with_retry(NOW)(runner), provider.question))
        await until(stub, 1)
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await asyncio.to_thread(stub.wait_until, lambda it: it.connections == 0)
        assert (len(stub.requests), stub.abandoned) == (1, 1)
        assert text(await arun(runner, provider.question)) == "Hello"

    asyncio.run(main())


def test_an_arun_cancelled_while_it_waits_to_try_again_asks_no_more(provider: Provider, serve: Serve) -> None:
    stub, runner = serve(RateLimited(status=429, retry_after=30), "Hello")

    async def main() -> None:
        asking = asyncio.create_task(arun(with_retry(NOW)(runner), provider.question))
        await until(stub, 1)
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(main())
    assert len(stub.requests) == 1


def test_an_astream_cancelled_between_two_events_closes_its_connection(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=4, ending="stall"))

    async def main() -> int:
        seen = 0

        async def read() -> None:
            nonlocal seen
            async with astream(runner, provider.question) as events:
                async for _ in events:
                    seen += 1

        reading = asyncio.create_task(read())
        await until(stub, 1)
        await asyncio.sleep(0.2)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await asyncio.to_thread(stub.wait_until, lambda it: it.connections == 0)
        return seen

    assert asyncio.run(main()) > 0
    assert stub.abandoned == 1


def test_leaving_an_astream_early_closes_its_connection_and_keeps_what_was_read(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=5, ending="stall"))

    async def main() -> Outcome[Response]:
        async with astream(runner, provider.question) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        assert await asyncio.to_thread(stub.wait_until, lambda it: it.connections == 0)
        return events.result

    error = failed(asyncio.run(main()))
    assert type(error) is Incomplete
    assert error.partial is not None
    assert LONG.startswith(error.partial.text)
    assert error.partial.text


def test_leaving_a_stream_early_closes_its_connection_and_keeps_what_was_read(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=5, ending="stall"), "Hello")
    with stream(runner, provider.question) as events:
        for event in events:
            if isinstance(event, TextDelta):
                break
    assert stub.wait_until(lambda it: it.connections == 0)
    assert isinstance(events.result, Failure)
    error = failed(events.result)
    assert error.partial is not None
    assert error.partial.text
    assert text(run(runner, provider.question)) == "Hello"


def test_what_is_raised_out_of_a_stream_closes_its_connection(provider: Provider, serve: Serve) -> None:
    stub, runner = serve(Sent(LONG, pause=0.01, cut_events=5, ending="stall"))

    def read() -> None:
        with stream(runner, provider.question) as events:
            for _ in events:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    assert stub.wait_until(lambda it: it.connections == 0)


def test_a_runner_that_is_gone_and_a_loop_that_is_closed_leave_no_connection_open(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    stub, runner = serve(*["Hello"] * 3)
    for _ in range(3):
        assert text(colour(runner, provider.question).outcome) == "Hello"
    del runner
    assert stub.wait_until(lambda it: it.connections == 0)
    assert (stub.abandoned, stub.left) == (0, 0)
