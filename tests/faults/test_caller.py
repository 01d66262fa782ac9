"""C: what a caller does to a run, in the middle of it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import httpx2
import pytest
from anthropic import AsyncAnthropic
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI
from returns.result import Success
from typing_extensions import override

from llm_effects import (
    Slow,
    anthropic_runner,
    arun,
    astream,
    openai_chat_runner,
    openai_responses_runner,
    run,
    simulate,
    stream,
    with_deadline,
    with_retry,
)
from llm_effects.notes import Attempted
from llm_effects.operations import Program
from llm_effects.providers.leaf import Leaf
from llm_effects.runner import Wrapped
from llm_pure import (
    BadRequest,
    Completion,
    Deadline,
    Incomplete,
    LlmError,
    Misconfigured,
    Outcome,
    Overloaded,
    RateLimited,
    Response,
    RetryPolicy,
    TextDelta,
    Tool,
    Unreachable,
    user,
)
from llm_pure.json import JsonObject, PlainJson
from llm_pure.target import codec_of
from tests.effects.scripted import COLOURS, QUESTION, Colour, Flow, answer, failed, leaf
from tests.faults.checks import AT_ONCE, LONG, text, within
from tests.faults.conftest import Meet
from tests.faults.peer import Act, Peer, Server, answering, framed, head, sending
from tests.providers import OPENAI, Provider
from tests.sdk.served import Serve


def _silence(peer: Peer) -> None:
    peer.asked()
    peer.hold()


WAITS: Final[dict[str, Act]] = {
    "headers that never come": _silence,
    "headers that drip": sending(LONG, size=1, pause=0.02),
    "a body that stalls": sending(LONG, cut=150, then="hold", framing="length"),
    "a body that drips": sending(LONG, size=7, pause=0.02),
}


async def asked(server: Server, requests: int = 1) -> None:
    """Wait until the server has had so many requests."""
    assert await asyncio.to_thread(server.wait_until, lambda it: len(it.requests) >= requests)


async def gone(server: Server) -> bool:
    """Whether all connections end."""
    return await asyncio.to_thread(server.wait_until, lambda it: it.open == 0)


# ---------------------------------------------------------------- leaving


@pytest.mark.parametrize("wait", WAITS)
async def test_C1_a_cancelled_call_closes_its_connection_and_is_not_tried_again(
    provider: Provider, meet: Meet, wait: str
) -> None:
    server, runner = meet(WAITS[wait], answering("Hello"))
    asking = asyncio.create_task(arun(with_retry(AT_ONCE)(runner), provider.question))
    await asked(server)
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await gone(server)
    assert (server.accepted, len(server.requests)) == (1, 1)
    assert text(await arun(runner, provider.question)) == "Hello"


async def test_C1_a_call_cancelled_in_its_handshake_closes_its_connection(
    provider: Provider, meet: Meet
) -> None:
    server, _ = meet(Peer.hold)
    runner = provider.with_clients(server.url.replace("http:", "https:"))
    asking = asyncio.create_task(arun(runner, provider.question))
    assert await asyncio.to_thread(server.wait_until, lambda it: it.open == 1)
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await gone(server)


def _later(peer: Peer) -> None:
    peer.asked()
    peer.send(head("retry-after: 30", "content-length: 0", "connection: close", status="429 Later"))


async def test_C2_a_call_cancelled_while_it_waits_to_try_again_asks_no_more(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(_later, answering("Hello"))
    asking = asyncio.create_task(arun(with_retry(AT_ONCE)(runner), provider.question))
    await asked(server)
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0.1)
    assert len(server.requests) == 1


async def test_C3_a_stream_cancelled_between_two_events_closes_its_connection_and_keeps_what_was_read(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(sending(LONG, writes=9, then="hold"))
    events = astream(runner, provider.question)
    seen: list[str] = []

    async def read() -> None:
        async for event in events:
            seen.extend([event.text] if isinstance(event, TextDelta) else [])

    reading = asyncio.create_task(read())
    await asked(server)
    await asyncio.sleep(0.2)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await gone(server)
    error = failed(events.result)
    assert error.partial is not None
    assert error.partial.text == "".join(seen)
    assert seen


async def test_C3_a_stream_on_a_loop_that_nobody_holds_any_more_closes_its_connection(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(sending(LONG, writes=9, then="hold"))
    async for event in astream(runner, provider.question):
        if isinstance(event, TextDelta):
            break
    assert await gone(server)


def test_C3_a_stream_that_nobody_holds_any_more_closes_its_connection(provider: Provider, meet: Meet) -> None:
    server, runner = meet(sending(LONG, writes=9, then="hold"), answering("Hello"))
    for event in stream(runner, provider.question):
        if isinstance(event, TextDelta):
            break
    assert server.wait_until(lambda it: it.open == 0)
    assert text(run(runner, provider.question)) == "Hello"


def test_C3_leaving_a_stream_closes_its_connection_and_keeps_what_was_read(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(sending(LONG, writes=9, then="hold"))
    with stream(runner, provider.question) as events:
        first = next(event.text for event in events if isinstance(event, TextDelta))
    assert server.wait_until(lambda it: it.open == 0)
    error = failed(events.result)
    assert type(error) is Incomplete
    assert error.partial is not None
    assert error.partial.text == first


def test_C3_closing_a_stream_wakes_the_thread_that_reads_it(provider: Provider, meet: Meet) -> None:
    server, runner = meet(sending(LONG, writes=9, then="hold"))
    events = stream(runner, provider.question)
    next(events)
    closing = threading.Timer(0.1, events.close)
    closing.start()
    with within(0.1):
        left = list(events)
    closing.join()
    assert server.wait_until(lambda it: it.open == 0)
    assert type(failed(events.result)) is Incomplete
    assert LONG.startswith("".join(event.text for event in left if isinstance(event, TextDelta)))


def test_C3_closing_a_stream_wakes_its_reader_though_nobody_else_holds_the_client(
    provider: Provider, meet: Meet
) -> None:
    server, _ = meet(sending(LONG, writes=9, then="hold"))
    events = stream(provider.with_clients(server.url, colour="blocking"), provider.question)
    next(events)
    closing = threading.Timer(0.1, events.close)
    closing.start()
    with within(0.1):
        list(events)
    closing.join()
    assert server.wait_until(lambda it: it.open == 0)


def test_C3_closing_a_stream_that_another_thread_is_stepping_raises_in_neither(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(*[answering(LONG)] * 20)  # kept: a new one, after one that was broken
    for number in range(20):
        events = stream(runner, provider.question)
        assert next(events, None) is not None, events.result
        closing = threading.Timer(number / 20_000, events.close)
        closing.start()
        list(events)
        closing.join()
    assert server.wait_until(lambda it: it.open <= 1)  # the one that is kept for the next


@dataclass(frozen=True, slots=True)
class Unclean(Wrapped):
    """A wrapper with a bug: it raises when the run is left."""

    @property
    @override
    def layer(self) -> str:
        return "unclean"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        try:
            return (yield from self.inner(completion))
        except GeneratorExit:
            raise ZeroDivisionError from None


def test_C3_a_program_that_raises_when_it_is_left_keeps_no_connection(provider: Provider, meet: Meet) -> None:
    server, runner = meet(sending(LONG, writes=9, then="hold"))
    events = stream(Unclean(runner), provider.question)
    next(events)
    with pytest.raises(ZeroDivisionError):
        events.close()
    assert server.wait_until(lambda it: it.open == 0)


@pytest.mark.parametrize("pause", [0.0, 0.001])
async def test_C1_a_call_cancelled_twice_keeps_no_connection(
    provider: Provider, meet: Meet, pause: float
) -> None:
    server, runner = meet(WAITS["a body that stalls"])
    asking = asyncio.create_task(arun(runner, provider.question))
    await asked(server)
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.sleep(pause)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await gone(server)


def small(provider: Provider, url: str, room: int) -> tuple[Leaf, httpx2.AsyncClient]:
    """A runner whose asynchronous client has room for so many connections."""
    http = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=room), timeout=5)
    if provider.name == "anthropic":
        client = AsyncAnthropic(api_key="x", base_url=url, http_client=http)
        return anthropic_runner(async_client=client, model=provider.model), http
    make = openai_chat_runner if provider.name == "openai" else openai_responses_runner
    other = AsyncOpenAI(api_key="x", base_url=url, http_client=http)
    return make(async_client=other, model=provider.model), http


async def test_C3_a_second_reader_of_a_stream_is_refused_and_the_first_goes_on(
    provider: Provider, meet: Meet
) -> None:
    _, runner = meet(sending(LONG))
    events = astream(runner, provider.question)
    got = await asyncio.gather(anext(events), anext(events), return_exceptions=True)
    assert [type(it) is RuntimeError for it in got] == [False, True]
    async for _ in events:
        pass
    assert text(events.result) == LONG


def test_C3_so_is_one_on_another_thread(provider: Provider, meet: Meet) -> None:
    let_go = threading.Event()

    def held(peer: Peer) -> None:
        pieces = framed(peer.wire, LONG, stream=peer.asked())
        let_go.wait(10)
        peer.send(*pieces)

    server, runner = meet(held)
    events = stream(runner, provider.question)
    first = threading.Thread(target=next, args=(events,))
    first.start()
    assert server.wait_until(lambda it: bool(it.requests))
    with pytest.raises(RuntimeError, match="one reader at a time"):
        next(events)
    let_go.set()
    first.join(10)
    for _ in events:
        pass
    assert text(events.result) == LONG


async def churned(provider: Provider, calls: int) -> None:
    """Calls of both kinds, cancelled at random moments, on three connections; then all three serve again."""
    chance = Random(7)

    def slowly(peer: Peer) -> None:
        while True:
            pieces = framed(peer.wire, "Hello", stream=peer.asked())
            peer.send(*pieces, pause=0.001)

    with Server(provider.wire, slowly) as server:
        runner, http = small(provider, server.url, 3)

        async def watched() -> None:
            async with astream(runner, provider.question) as events:
                async for _ in events:
                    pass

        async def one() -> None:
            call = watched() if chance.random() < 0.5 else arun(runner, provider.question)
            try:
                async with asyncio.timeout(chance.random() * 0.03):
                    await call
            except TimeoutError:
                pass

        for _ in range(0, calls, 20):
            await asyncio.gather(*(one() for _ in range(20)))
        assert len(asyncio.all_tasks()) == 1
        assert await asyncio.to_thread(server.wait_until, lambda it: it.open <= 3)
        outcomes = await asyncio.gather(*(arun(runner, provider.question) for _ in range(9)))
        assert [text(outcome) for outcome in outcomes] == ["Hello"] * 9
        await http.aclose()


async def test_C4_calls_cancelled_while_the_pool_is_full_lose_no_slot(provider: Provider) -> None:
    await churned(provider, 200)


# ---------------------------------------------------------------- the end of patience


def test_C5_the_deadline_is_of_all_tries_and_holds_the_last_error(flow: Flow) -> None:
    policy = RetryPolicy(max_attempts=1000, base_delay=0.01, max_delay=0.01)
    script: list[LlmError | Response] = [Overloaded(message="busy", status=529)] * 1000
    flow(with_retry(policy), QUESTION, [answer()])  # what is imported at first takes its time
    began = time.monotonic()
    told = flow(lambda it: with_deadline(0.2)(with_retry(policy)(it)), QUESTION, script)
    error = failed(told.outcome)
    assert isinstance(error, Deadline)
    assert error.last == "Overloaded"
    assert time.monotonic() - began < 2
    assert len([note for note in told.notes if isinstance(note, Attempted)]) > 1


@given(st.floats(0, 50), st.lists(st.floats(0, 20), min_size=1, max_size=9), st.floats(0.01, 9))
def test_C5_no_run_in_virtual_time_outlives_its_deadline(
    limit: float, slow: list[float], base: float
) -> None:
    policy = RetryPolicy(max_attempts=99, base_delay=base)
    runner = with_deadline(limit)(with_retry(policy)(leaf()))
    told = simulate(runner, QUESTION, [Slow(seconds, Overloaded(status=529)) for seconds in slow] * 99)
    assert told.elapsed <= limit + 1e-9
    assert isinstance(failed(told.outcome), Deadline | Overloaded)


def test_C5_a_try_that_the_deadline_cuts_tells_what_the_one_before_met(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    def busy(peer: Peer) -> None:
        peer.asked()
        peer.send(head("content-length: 0", "connection: close", status="529 Busy"))

    server, runner = meet(busy, WAITS["headers that never come"])
    with within(0.3):
        error = failed(colour(with_deadline(0.3)(with_retry(AT_ONCE)(runner)), provider.question).outcome)
    assert isinstance(error, Deadline)
    assert error.last == "Overloaded"
    assert server.wait_until(lambda it: it.open == 0)


# ---------------------------------------------------------------- interrupts

INTERRUPTED: Final = """
    import asyncio, json, os, signal, sys, threading, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    from llm_effects import (
        anthropic_runner, arun, openai_chat_runner, openai_responses_runner, run, with_cache, with_deadline, with_retry
    )
    from llm_pure import Completion, RetryPolicy, user
    makers = {"anthropic": anthropic_runner, "openai": openai_chat_runner, "openai-responses": openai_responses_runner}
    leaf = makers[sys.argv[1]](model=sys.argv[2])
    class Held:
        blocking = True
        def load(self, key): return None
        def save(self, key, value):
            print("saving", flush=True)
            time.sleep(10)
    where, colour = sys.argv[3:]
    runner = with_retry(RetryPolicy(max_attempts=4, base_delay=0))(leaf)
    if where == "store": runner = with_cache(Held())(runner)
    if where == "deadline": runner = with_deadline(20)(runner)
    question = Completion([user("Say hello")], max_tokens=9)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    try:
        run(runner, question) if colour == "run" else asyncio.run(arun(runner, question))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        os._exit(7)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "provider", [OPENAI], indirect=True, ids=["openai"]
)  # the one that is imported soonest
@pytest.mark.parametrize("name", ["run", "arun"])
@pytest.mark.parametrize("where", ["call", "body", "deadline", "sleep", "store"])
def test_C6_an_interrupt_passes_once_and_nothing_more_is_asked(
    provider: Provider, meet: Meet, where: str, name: str
) -> None:
    acts: dict[str, Act] = {
        "call": WAITS["headers that never come"],
        "deadline": WAITS["headers that never come"],
        "body": WAITS["a body that stalls"],
        "sleep": _later,
        "store": answering("Hello"),
    }
    server, _ = meet(acts[where])
    variables = {provider.key_variable: "x", provider.url_variable: server.url}
    command = [
        sys.executable,
        "-c",
        inspect.cleandoc(INTERRUPTED),
        provider.name,
        provider.model,
        where,
        name,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables}
    ) as child:
        assert server.wait_until(lambda it: len(it.requests) == 1, 60)
        assert child.stdout is not None
        if where == "store":
            assert child.stdout.readline() == "saving\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == "interrupted\n"
        assert child.wait(20) == 7
    assert len(server.requests) == 1


# ---------------------------------------------------------------- many callers


@dataclass(frozen=True, slots=True)
class _Twice(Wrapped):
    """A caller's own wrapper that asks twice, the second time about the first answer."""

    @property
    @override
    def layer(self) -> str:
        return "twice"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        first = yield from self.inner(completion)
        if not isinstance(first, Success):
            return first
        return (yield from self.inner(completion.add_messages(first.unwrap().message, user("Sure?"))))


def test_C7_a_runner_may_call_what_it_wraps_again_and_the_budget_is_shared(flow: Flow) -> None:
    busy = Overloaded(status=529)
    policy = RetryPolicy(max_attempts=3, base_delay=0)
    told = flow(
        lambda it: _Twice(with_retry(policy)(it)), QUESTION, [busy, answer("One"), busy, answer("Two")]
    )
    assert text(told.outcome) == "Two"
    told = flow(
        lambda it: _Twice(with_retry(policy)(it)), QUESTION, [busy, busy, answer("One"), busy, answer("Two")]
    )
    assert type(failed(told.outcome)) is Overloaded


def test_C8_sixty_four_threads_on_one_runnereach_get_their_own_answer(
    provider: Provider, serve: Serve
) -> None:
    stub, runner = serve(script=lambda completion: f"re: {completion.last_text}")
    answers: dict[int, str] = {}
    together = threading.Barrier(64)

    def ask(number: int) -> None:
        together.wait()
        question = Completion([user(f"question {number}")], max_tokens=9)
        wrapped = with_deadline(30)(runner) if number % 3 else runner
        if number % 2:
            answers[number] = text(run(wrapped, question))
        else:
            with stream(wrapped, question) as events:
                for _ in events:
                    pass
            answers[number] = text(events.result)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"re: question {number}" for number in range(64)}
    assert len(stub.requests) == 64


def test_C8_sixty_four_tasks_on_one_runnereach_get_their_own_answer(provider: Provider, serve: Serve) -> None:
    _, runner = serve(script=lambda completion: f"re: {completion.last_text}")

    async def main() -> list[str]:
        questions = [Completion([user(f"question {number}")], max_tokens=9) for number in range(64)]
        return [text(outcome) for outcome in await asyncio.gather(*(arun(runner, it) for it in questions))]

    assert asyncio.run(main()) == [f"re: question {number}" for number in range(64)]


FORKED: Final = """
    import json, os, sys
    from anthropic import Anthropic
    from openai import OpenAI
    from llm_effects import anthropic_runner, openai_chat_runner, openai_responses_runner, run, with_deadline
    from llm_pure import Completion, user
    makers = {"anthropic": anthropic_runner, "openai": openai_chat_runner, "openai-responses": openai_responses_runner}
    question = Completion([user("Say hello")], max_tokens=9)
    def forked(runner):
        def ask():
            return run(runner, question).map(lambda response: response.text).value_or("failed")
        before = ask()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, ask().encode())
            os._exit(0)
        os.waitpid(child, 0)
        return [before, os.read(reading, 99).decode(), ask()]
    make = makers[sys.argv[1]]
    client = OpenAI() if sys.argv[1].startswith("openai") else Anthropic()
    kept = [make(model=sys.argv[2]), with_deadline(30)(make(model=sys.argv[2])), make(client, model=sys.argv[2])]
    print(json.dumps([forked(runner) for runner in kept]))
"""


def test_C9_a_forked_child_opens_its_own_connection_and_leaves_its_parents_alone(
    provider: Provider, serve: Serve
) -> None:
    """Each runner keeps its connection, on a client of the caller's own too."""
    stub, _ = serve(*["before", "child", "after"] * 3)
    command = [sys.executable, "-c", inspect.cleandoc(FORKED), provider.name, provider.model]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert json.loads(done.stdout) == [["before", "child", "after"]] * 3
    assert [request.connection for request in stub.requests] == [0, 1, 0, 2, 3, 2, 4, 5, 4]


def test_C10_one_runner_serves_a_second_event_loop(provider: Provider, serve: Serve) -> None:
    _, runner = serve("one", "two")
    assert [text(asyncio.run(arun(runner, provider.question))) for _ in range(2)] == ["one", "two"]


def test_C10_a_client_of_ones_own_goes_from_loop_to_loop_and_back(provider: Provider, meet: Meet) -> None:
    """Though none has been closed: each rests while another runs. Nothing is sent on another's connection."""
    server, runner = meet(answering("Hello"))
    loops = [asyncio.new_event_loop() for _ in range(2)]
    for loop in (*loops, *loops):
        assert text(loop.run_until_complete(arun(runner, provider.question))) == "Hello"
    assert text(asyncio.run(arun(runner, provider.question))) == "Hello"
    assert (len(server.requests), server.accepted) == (5, 5)
    for loop in loops:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert server.wait_until(lambda it: it.open == 0)


@pytest.fixture
def swept() -> Iterator[None]:
    """What a test leaves to the garbage collector is collected before the next one, in silence."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of a loop that is closed just so
@pytest.mark.parametrize("shut_down", [True, False])
def test_C10_so_does_a_client_of_ones_own(
    swept: None, provider: Provider, meet: Meet, shut_down: bool
) -> None:
    def several_loops() -> None:
        server, runner = meet(answering("Hello"))

        async def several() -> list[str]:
            outcomes = await asyncio.gather(*(arun(runner, provider.question) for _ in range(3)))
            return [text(outcome) for outcome in outcomes]

        for _ in range(3):
            if shut_down:
                assert asyncio.run(several()) == ["Hello"] * 3
                assert server.wait_until(lambda it: it.open == 0)
            else:  # which leaves its connections to the garbage collector
                loop = asyncio.new_event_loop()
                assert loop.run_until_complete(several()) == ["Hello"] * 3
                loop.close()

    several_loops()
    gc.collect()


def test_C10_loops_of_several_threads_share_one_runner(provider: Provider, serve: Serve) -> None:
    _, runner = serve(script=lambda completion: f"re: {completion.last_text}")
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        question = Completion([user(f"question {number}")], max_tokens=9)
        answers[number] = text(asyncio.run(arun(runner, question)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"re: question {number}" for number in range(8)}


def test_C10_a_client_of_ones_own_on_two_loops_at_once_is_misconfigured_before_anything_is_sent(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(sending(pause=0.1), answering("Hello"))
    told: list[LlmError] = []

    def elsewhere() -> None:
        told.append(failed(asyncio.run(arun(runner, provider.question))))

    async def both() -> str:
        first = asyncio.create_task(arun(runner, provider.question))
        await asked(server)
        await asyncio.to_thread(elsewhere)
        return text(await first)

    assert asyncio.run(both()) == "Hello"
    assert [(type(error), error.message.partition(":")[0]) for error in told] == [
        (Misconfigured, "async_client= is in use on another event loop")
    ]
    assert len(server.requests) == 1
    assert text(asyncio.run(arun(runner, provider.question))) == "Hello"


def test_C7_what_a_caller_handles_already_is_no_cause_of_what_happens_then(
    provider: Provider, colour: Colour
) -> None:
    nowhere = provider.with_clients("http://127.0.0.1:1")
    try:
        raise httpx2.ReadTimeout("the caller's own")
    except httpx2.ReadTimeout:
        error = failed(colour(nowhere, provider.question).outcome)
    assert type(error) is Unreachable


async def test_C7_a_closed_loop_that_a_caller_handles_already_makes_no_call_go_out_again(
    provider: Provider, meet: Meet
) -> None:
    server, runner = meet(sending(cut=0))
    try:
        raise RuntimeError("Event loop is closed")
    except RuntimeError:
        failed(await arun(runner, provider.question))
    assert len(server.requests) == 1


# ---------------------------------------------------------------- what is asked


def test_C11_what_is_changed_after_it_was_given_changes_nothing(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    server, runner = meet(answering("Hello"))
    schema: dict[str, PlainJson] = {"type": "object", "properties": {"a": {"type": "integer"}}}
    own: dict[str, PlainJson] = {"user": "u"} if provider.name != "anthropic" else {"service_tier": "auto"}
    messages = [user("Say hello")]
    asked = Completion(
        messages,
        max_tokens=9,
        tools=[Tool("f", "does", JsonObject(schema))],
        provider_options={provider.name.partition("-")[0]: own},
    )
    before = codec_of(provider.wire).encode_request(asked.replace(model=provider.model)).unwrap().payload
    text(colour(runner, asked).outcome)
    messages.append(user("And more"))
    schema["properties"] = {}
    own.clear()
    text(colour(runner, asked).outcome)
    first, second = server.requests
    assert first == second
    before.clear()
    assert codec_of(provider.wire).encode_request(asked.replace(model=provider.model)).unwrap().payload


@pytest.mark.parametrize("attribute", ["messages", "model", "extra"])
def test_C11_a_completion_cannot_be_changed(attribute: str) -> None:
    with pytest.raises((AttributeError, TypeError)):
        setattr(QUESTION, attribute, ())


def test_C12_a_lone_surrogate_in_a_prompt_is_a_bad_request_with_its_place_before_anything_is_sent(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    server, runner = meet(answering("Hello"))
    asked = Completion([user("fine"), user("not \ud800 fine")], max_tokens=9)
    error = failed(colour(with_retry(AT_ONCE)(runner), asked).outcome)
    assert type(error) is BadRequest
    assert error.path is not None
    assert "[1]" in error.path or "[0].content[1]" in error.path
    assert (server.accepted, error.retryable) == (0, False)


KEYS: Final = [
    "sk-secret\n",
    "sk-secret\nx: y",
    " sk-secret",
    "sk-secret ",
    "sk-sec ret",
    "sk-secret\x00",
    "sk-ключ",
    "\t",
]


@pytest.mark.parametrize("key", KEYS)
def test_C13_a_key_that_cannot_be_sent_is_misconfigured_before_a_socket_is_opened_and_shown_nowhere(
    provider: Provider, meet: Meet, colour: Colour, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server, _ = meet(answering("Hello"))
    runner = with_retry(AT_ONCE)(provider.with_clients(server.url, key=key))
    told = colour(runner, provider.question)
    error = failed(told.outcome)
    assert type(error) is Misconfigured
    assert (server.accepted, error.retryable) == (0, False)
    shown = [repr(it) for it in (error, told, runner)] + [record.getMessage() for record in caplog.records]
    assert [it for it in shown if "sec" in it or "ключ" in it] == []


def test_C14_a_wall_clock_that_jumps_moves_no_wait(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = iter([1e9, -1e9, 0.0, 4e9] * 1000)
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    busy = RateLimited(status=429, retry_after=0.05)
    began = time.monotonic()
    told = flow(lambda it: with_deadline(5)(with_retry(AT_ONCE)(it)), QUESTION, [busy, busy, answer()])
    assert text(told.outcome) == "Hello"
    assert time.monotonic() - began < 2


def test_C15_an_observer_that_raises_takes_no_answer_with_it_and_is_told(
    provider: Provider, meet: Meet, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_: object) -> None:
        raise ZeroDivisionError("the prompt was: secret")

    _, leaf = meet(answering("Hello"))
    runner = with_retry(AT_ONCE)(leaf)
    outcomes = [
        run(runner, provider.question, on_note=failing),
        asyncio.run(arun(runner, provider.question, on_note=failing)),
    ]
    with stream(runner, provider.question, on_note=failing) as events:
        list(events)

    async def watched() -> Outcome[Response]:
        async with astream(runner, provider.question, on_note=failing) as seen:
            async for _ in seen:
                pass
        return seen.result

    outcomes += [events.result, asyncio.run(watched())]
    assert [text(outcome) for outcome in outcomes] == ["Hello"] * 4
    told = [record.getMessage() for record in caplog.records if record.name == "llm_effects"]
    assert len(told) >= 4
    assert all("ZeroDivisionError" in it and "secret" not in it for it in told)


def test_C16_a_runner_of_the_wrong_colour_is_misconfigured_before_anything_is_sent(
    provider: Provider, meet: Meet
) -> None:
    server, _ = meet(answering("Hello"))
    blocking = provider.with_clients(server.url, colour="blocking")
    asynchronous = provider.with_clients(server.url, colour="asynchronous")
    wrong = [("arun", blocking), ("astream", blocking), ("run", asynchronous), ("stream", asynchronous)]
    errors = [failed(COLOURS[name](with_retry(AT_ONCE)(it), provider.question).outcome) for name, it in wrong]
    assert [(type(error), "client" in error.message) for error in errors] == [(Misconfigured, True)] * 4
    assert server.accepted == 0


def test_C16_the_checker_refuses_a_client_in_the_place_of_the_other_colour() -> None:
    # The programs of tests/typing are checked with every change; an ignore that is not needed is an error there.
    refused = (Path(__file__).parents[1] / "typing" / "runners.py").read_text(encoding="utf-8")
    assert "anthropic_runner(async_client=client)  # type: ignore[arg-type]" in refused


@pytest.mark.filterwarnings("error")
def test_C16_what_is_no_completion_or_no_runner_is_said_in_words() -> None:
    for call in (run, stream):
        with pytest.raises(TypeError, match=r"a Completion is needed, .* not str"):
            call(leaf(), "hi")  # type: ignore[arg-type]  # the mistake
        with pytest.raises(TypeError, match=r"a runner is needed first, .* not NoneType"):
            call(None, QUESTION)  # type: ignore[arg-type]  # the mistake
    gc.collect()  # nothing was opened that would complain when it goes
