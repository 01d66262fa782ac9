"""Runs that end early: by their deadline, by cancellation, or because the caller leaves."""

from __future__ import annotations

import asyncio

import pytest

from llm_effects import astream, run, stream, with_deadline
from llm_effects.stub import Sent
from llm_pure import (
    Deadline,
    Incomplete,
    Outcome,
    Response,
    TextDelta,
)
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import Provider
from tests.sdk.served import LIMIT, LONG, Serve, text

# ---------------------------------------------------------------- the end of patience


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
