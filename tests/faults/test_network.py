"""N: the way to a provider and back."""

from __future__ import annotations

import gzip
import socket
import time
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import accumulate, count
from random import Random
from typing import Literal

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI
from returns.result import Success

from llm_effects import (
    Runner,
    anthropic_runner,
    arun,
    astream,
    openai_chat_runner,
    openai_responses_runner,
    run,
    stream,
    with_deadline,
    with_retry,
)
from llm_effects.interpreters.simulated import World
from llm_effects.operations import HttpRequest
from llm_effects.providers.leaf import Leaf
from llm_pure import (
    Bucket,
    Deadline,
    Disconnected,
    Incomplete,
    LlmError,
    Malformed,
    Overloaded,
    Response,
    RetryAfter,
    RetryPolicy,
    RetryState,
    ServerFault,
    Timeout,
    TlsRefused,
    Unreachable,
    WireFormat,
    decide_retry,
    refund,
    take,
)
from llm_pure.target import codec_of
from tests.effects.scripted import COLOURS, QUESTION, Colour, answer, failed, leaf
from tests.faults.checks import AT_ONCE, LONG, partly, phase, text, within
from tests.faults.conftest import Meet
from tests.faults.peer import Act, Peer, answering, chunks, framed, head, said, sending
from tests.providers import ANTHROPIC, PROVIDERS, Dropped, Provider

WATCHING = ("stream", "astream")
UNWATCHED = ("run", "arun")

# ---------------------------------------------------------------- no way there


def test_N1_a_refused_connection_is_unreachable(provider: Provider, colour: Colour) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failed(colour(provider.with_clients(f"http://127.0.0.1:{port}/v1"), provider.question).outcome)
    assert error == Unreachable(message="no connection")


def test_N2_a_name_that_does_not_resolve_is_unreachable_and_asked_for_a_few_times(
    provider: Provider, colour: Colour, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def unknown(host: object, *_: object, **__: object) -> object:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    runner = with_retry(AT_ONCE)(provider.with_clients("http://provider.invalid/v1"))
    assert failed(colour(runner, provider.question).outcome) == Unreachable(message="no connection")
    assert len(asked) == 4


def test_N3_a_certificate_that_is_not_trusted_is_refused_after_one_handshake(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    server, runner = meet(answering("Hello"), tls=True)
    error = failed(colour(with_retry(AT_ONCE)(runner), provider.question).outcome)
    assert error == TlsRefused(message="the certificate is not trusted")
    assert (server.accepted, server.requests) == (1, [])


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\xff" * 99]
)
def test_N3_what_answers_a_handshake_with_nonsense_is_refused_after_one(
    provider: Provider, meet: Meet, colour: Colour, reply: bytes
) -> None:
    def nonsense(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(reply)
        peer.hold()

    server, _ = meet(nonsense)
    runner = with_retry(AT_ONCE)(provider.with_clients(server.url.replace("http:", "https:"), timeout=5))
    assert failed(colour(runner, provider.question).outcome) == TlsRefused(message="the TLS handshake failed")
    assert server.accepted == 1


def test_N4_a_handshake_that_nobody_answers_times_out_as_connecting(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    server, _ = meet(Peer.hold)
    runner = with_retry(RetryPolicy(max_attempts=2, base_delay=0))(
        provider.with_clients(server.url.replace("http:", "https:"), timeout=0.1)
    )
    error = failed(colour(runner, provider.question).outcome)
    assert error == Timeout(message="no connection in time", phase="connect")
    assert server.accepted == 2


def test_N4_a_deadline_ends_a_handshake(provider: Provider, meet: Meet, colour: Colour) -> None:
    server, _ = meet(Peer.hold)
    runner = with_deadline(0.2)(provider.with_clients(server.url.replace("http:", "https:")))
    with within(0.2):
        assert type(failed(colour(runner, provider.question).outcome)) is Deadline


def _silent(peer: Peer) -> None:
    peer.asked()


def _gone(peer: Peer) -> None:
    peer.asked()
    peer.reset()


BEFORE: dict[str, Act] = {
    "closed": _silent,
    "reset": _gone,
    "in the status line": sending(cut=9),
    "after the status line": sending(cut=17),
    "in a header": sending(cut=30),
    "before the empty line": sending(cut=45),
    "in a header, reset": sending(cut=30, then="reset"),
}


@pytest.mark.parametrize("where", BEFORE)
def test_N5_a_connection_that_breaks_before_the_headers_is_disconnected_before(
    provider: Provider, meet: Meet, colour: Colour, where: str
) -> None:
    server, runner = meet(BEFORE[where], BEFORE[where], answering("Hello"))
    error = failed(colour(runner, provider.question).outcome)
    assert error == Disconnected(message="the connection broke", phase="before")
    assert text(colour(with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"
    assert (server.accepted, len(set(server.requests))) == (3, 1)


def _once(peer: Peer) -> None:
    """One answer, and the end of the connection when the next request has come."""
    peer.send(*framed(peer.wire, "Hello", stream=peer.asked()))
    peer.asked()


def test_N6_a_kept_connection_that_dies_on_reuse_costs_one_more_try_and_no_budget(
    provider: Provider, meet: Meet
) -> None:
    server, leaf = meet(_once)
    # The bucket holds one retry: a try that succeeds pays back what it cost.
    runner = with_retry(RetryPolicy(max_attempts=2, base_delay=0, bucket_capacity=5, retry_cost=5))(leaf)
    assert [text(run(runner, provider.question)) for _ in range(5)] == ["Hello"] * 5
    assert (server.accepted, len(server.requests)) == (5, 9)


def test_N6_without_retries_a_connection_that_dies_on_reuse_is_disconnected_before(
    provider: Provider, meet: Meet
) -> None:
    _, runner = meet(_once)
    assert text(run(runner, provider.question)) == "Hello"
    assert phase(failed(run(runner, provider.question))) == (Disconnected, "before")
    assert text(run(runner, provider.question)) == "Hello"


def test_N6_a_kept_connection_that_has_been_closed_is_not_used_again(provider: Provider, meet: Meet) -> None:
    server, runner = meet(sending())
    for number in range(3):
        assert text(run(runner, provider.question)) == "Hello"
        assert server.wait_until(lambda it: it.open == 0)
        assert server.accepted == number + 1


# ---------------------------------------------------------------- answers that break


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("cut", [105, 120, 150, -1])
@pytest.mark.parametrize("name", UNWATCHED)
def test_N7_a_body_shorter_than_its_length_is_disconnected_during(
    provider: Provider, meet: Meet, name: str, cut: int, then: Literal["close", "reset"]
) -> None:
    short = sending(framing="length", cut=cut, then=then)
    server, runner = meet(short, short, answering("Hello"))
    error = failed(COLOURS[name](runner, provider.question).outcome)
    assert error == Disconnected(message="the connection broke", phase="during")
    assert text(COLOURS[name](with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"
    assert len(server.requests) == 3


@pytest.mark.parametrize("cut", [105, 120, 150, -1, -3])
@pytest.mark.parametrize("name", UNWATCHED)
def test_N8_a_chunked_body_without_its_end_is_disconnected_during(
    provider: Provider, meet: Meet, name: str, cut: int
) -> None:
    short = sending(framing="chunked", cut=cut)
    server, runner = meet(short, short, answering("Hello"))
    error = failed(COLOURS[name](runner, provider.question).outcome)
    assert error == Disconnected(message="the connection broke", phase="during")
    assert text(COLOURS[name](with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"
    assert len(server.requests) == 3


def _ended_early(events: int, framing: Literal["chunked", "close"]) -> Act:
    def act(peer: Peer) -> None:
        pieces = framed(peer.wire, LONG, stream=peer.asked(), framing=framing)
        peer.send(*pieces[: events + 1], *([b"0\r\n\r\n"] if framing == "chunked" else []))

    return act


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("name", WATCHING)
def test_N9_a_stream_that_ends_cleanly_in_mid_answer_is_incomplete_with_the_part_read(
    provider: Provider, meet: Meet, name: str, framing: Literal["chunked", "close"]
) -> None:
    server, runner = meet(_ended_early(8, framing))
    told = COLOURS[name](with_retry(AT_ONCE)(runner), provider.question)
    assert type(failed(told.outcome)) is Incomplete
    assert partly(told)
    assert len(server.requests) == 1  # somebody has seen its beginning


@pytest.mark.parametrize("provider", [ANTHROPIC], indirect=True, ids=["anthropic"])
@pytest.mark.parametrize("name", UNWATCHED)
def test_N9_a_cut_stream_that_nobody_has_seen_is_tried_once_more(
    provider: Provider, meet: Meet, name: str
) -> None:
    server, leaf = meet(_ended_early(8, "chunked"))
    runner = with_retry(AT_ONCE)(replace(leaf, longest=1))  # any longer answer is streamed
    told = COLOURS[name](runner, provider.question)
    assert type(failed(told.outcome)) is Incomplete
    assert partly(told)
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", WATCHING)
def test_N9_a_stream_that_ended_before_it_said_anything_is_tried_once_more(
    provider: Provider, meet: Meet, name: str
) -> None:
    server, runner = meet(_ended_early(1, "chunked"), answering("Hello"))
    assert text(COLOURS[name](with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", WATCHING)
def test_N10_a_stream_without_its_end_chunk_is_disconnected_with_the_part_read(
    provider: Provider, meet: Meet, name: str
) -> None:
    server, runner = meet(sending(LONG, writes=8))
    told = COLOURS[name](with_retry(AT_ONCE)(runner), provider.question)
    assert phase(failed(told.outcome)) == (Disconnected, "during")
    assert partly(told)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", WATCHING)
def test_N11_a_reset_in_mid_stream_is_disconnected_with_the_part_read(
    provider: Provider, meet: Meet, name: str
) -> None:
    server, runner = meet(sending(LONG, writes=8, then="reset"))
    told = COLOURS[name](with_retry(AT_ONCE)(runner), provider.question)
    assert phase(failed(told.outcome)) == (Disconnected, "during")
    assert partly(told)
    assert len(server.requests) == 1


@pytest.mark.parametrize("wire", [provider.wire for provider in PROVIDERS])
def test_N12_a_stream_cut_at_any_byte_is_a_failure_that_half_applies_no_event(wire: WireFormat) -> None:
    codec, events = codec_of(wire), said(wire, LONG[:120], stream=True)
    whole = b"".join(events)
    ends = list(accumulate(map(len, events)))
    answered = codec.decode_stream([whole]).unwrap()
    texts: dict[int, str] = {}  # what has been said once so many events are whole
    for cut in range(1, len(whole)):
        outcome = codec.decode_stream([whole[:cut]])
        seen = bisect_right(ends, cut)
        if isinstance(outcome, Success):
            assert outcome.unwrap().text == answered.text
            continue
        error = outcome.failure()
        assert type(error) in {Incomplete, Malformed}
        kept = "" if error.partial is None else error.partial.text
        assert kept == texts.setdefault(seen, kept)
        assert LONG.startswith(kept)
    assert len(set(texts.values())) > 3


@pytest.mark.parametrize("name", WATCHING)
def test_N12_a_stream_cut_inside_an_event_is_incomplete_up_to_that_event(
    provider: Provider, meet: Meet, name: str
) -> None:
    def inside(peer: Peer) -> None:
        peer.asked()
        events = said(peer.wire, LONG, stream=True)
        body = [*events[:8], events[8][: len(events[8]) // 2]]
        peer.send(
            head("content-type: text/event-stream", "transfer-encoding: chunked"), *chunks(body, end=True)
        )

    server, runner = meet(inside, _ended_early(8, "chunked"))
    cut = COLOURS[name](runner, provider.question)
    assert server.wait_until(lambda it: it.open == 0)
    before = COLOURS[name](runner, provider.question)
    assert failed(cut.outcome) == failed(before.outcome)
    assert type(failed(cut.outcome)) is Incomplete


# ---------------------------------------------------------------- answers without an end

DRIPS: dict[str, Act] = {
    "a byte of the body at a time": sending(LONG, size=9, pause=0.02),
    "a byte of the headers at a time": sending(LONG, size=1, pause=0.05),
    "with its length": sending(LONG, size=9, pause=0.02, framing="length"),
    "until the connection ends": sending(LONG, size=9, pause=0.02, framing="close"),
    "an event at a time": sending(LONG, pause=0.05),
}


def test_N13_a_drip_that_no_read_timeout_meets_ends_by_the_deadline(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    drips = {drip: meet(act) for drip, act in DRIPS.items()}
    if colour in {COLOURS[name] for name in UNWATCHED}:
        del drips["an event at a time"]  # a whole answer is one event

    def told(drip: str) -> type[LlmError]:
        with within(0.25):
            runner = with_deadline(0.25)(with_retry(AT_ONCE)(drips[drip][1]))
            return type(failed(colour(runner, provider.question).outcome))

    with ThreadPoolExecutor(len(drips)) as pool:  # all at once: each takes its quarter of a second
        assert dict(zip(drips, pool.map(told, drips), strict=True)) == dict.fromkeys(drips, Deadline)
    for server, _ in drips.values():
        assert server.wait_until(lambda it: it.open == 0)
        assert server.accepted == 1


def test_N14_a_stall_in_mid_body_times_out_and_keeps_the_part_read(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    def stall(peer: Peer) -> None:
        pieces = framed(peer.wire, LONG, stream=peer.asked(), framing="chunked")
        peer.send(*(pieces[:8] if len(pieces) > 8 else [pieces[0], pieces[1][:100]]))
        peer.hold()

    server, runner = meet(stall, timeout=0.2)
    told = colour(runner, provider.question)
    assert phase(failed(told.outcome)) == (Timeout, "read")
    assert not told.events or partly(told)
    assert server.wait_until(lambda it: it.open == 0)


@pytest.mark.parametrize("name", UNWATCHED)
def test_N14_a_stall_is_tried_again(provider: Provider, meet: Meet, name: str) -> None:
    stall = sending(LONG, cut=120, then="hold", framing="length")
    _, runner = meet(stall, answering("Hello"), timeout=0.2)
    assert text(COLOURS[name](with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"


@pytest.mark.parametrize("name", WATCHING)
def test_N15_a_stream_of_nothing_but_pings_makes_no_progress(
    provider: Provider, meet: Meet, name: str
) -> None:
    server, leaf = meet(sending(LONG, writes=8, then="pings", pause=0.02))
    with within(0.25):
        told = COLOURS[name](with_retry(AT_ONCE)(replace(leaf, max_silence=0.25)), provider.question)
    error = failed(told.outcome)
    assert type(error) is Deadline
    assert "no progress" in error.message
    assert partly(told)
    assert server.wait_until(lambda it: it.open == 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", UNWATCHED)
def test_N15_a_whole_answer_that_drips_makes_no_progress(provider: Provider, meet: Meet, name: str) -> None:
    _, leaf = meet(sending(LONG, size=100, pause=0.06))
    with within(0.2):
        error = failed(COLOURS[name](replace(leaf, max_silence=0.2), provider.question).outcome)
    assert type(error) is Deadline
    assert "no progress" in error.message


def _packed_nothing(peer: Peer) -> None:
    kind = "text/event-stream" if peer.asked() else "application/json"
    peer.send(head(f"content-type: {kind}", "content-encoding: gzip", "transfer-encoding: chunked"))
    peer.send(*chunks([gzip.compress(b"") * 9] * 1000), pause=0.02)


def test_N15_bytes_that_unpack_to_nothing_make_no_progress(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    server, leaf = meet(_packed_nothing)
    with within(0.25):
        error = failed(colour(replace(leaf, max_silence=0.25), provider.question).outcome)
    assert type(error) is Deadline
    assert "no progress" in error.message
    assert server.wait_until(lambda it: it.open == 0)


def _headers_for_ever(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n"] * 1000, pause=0.02)


def _hints_for_ever(peer: Peer) -> None:
    peer.request()
    peer.send(*[b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 1000, pause=0.02)


def _an_error_that_drips(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 500 Oh\r\ncontent-length: 9999\r\n\r\n", *[b"x"] * 1000, pause=0.02)


@pytest.mark.parametrize("deadline", [None, 30.0])
@pytest.mark.parametrize("drip", [_headers_for_ever, _hints_for_ever])
def test_N15_headers_without_an_end_are_no_progress_either(
    provider: Provider, meet: Meet, colour: Colour, drip: Act, deadline: float | None
) -> None:
    server, leaf = meet(drip)
    runner: Runner = replace(leaf, max_silence=0.25)
    with within(0.25):
        told = colour(runner if deadline is None else with_deadline(deadline)(runner), provider.question)
    assert phase(failed(told.outcome)) == (Timeout, "read")
    assert server.wait_until(lambda it: it.open == 0)
    assert server.accepted == 1


def test_N15_an_error_that_drips_is_the_error_of_its_status_or_none_in_time(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    server, leaf = meet(_an_error_that_drips)
    with within(0.25):
        error = failed(colour(replace(leaf, max_silence=0.25), provider.question).outcome)
    assert type(error) in {ServerFault, Timeout}
    assert server.wait_until(lambda it: it.open == 0)


@pytest.mark.parametrize("name", WATCHING)
def test_N15_pings_end_by_the_deadline(provider: Provider, meet: Meet, name: str) -> None:
    _, runner = meet(sending(LONG, writes=8, then="pings", pause=0.02))
    with within(0.25):
        told = COLOURS[name](with_deadline(0.25)(runner), provider.question)
    assert type(failed(told.outcome)) is Deadline
    assert partly(told)


def test_N15_the_limit_is_a_setting_of_the_runner_and_as_long_as_an_sdk_waits(provider: Provider) -> None:
    assert provider.from_settings().max_silence == 600
    assert replace(provider.from_settings(), max_silence=7).max_silence == 7


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_N15_what_is_no_time_is_no_limit(provider: Provider, seconds: float) -> None:
    with pytest.raises(ValueError, match="max_silence"):
        replace(provider.from_settings(), max_silence=seconds)


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("name", WATCHING)
def test_N16_a_finished_stream_is_a_success_at_once_though_the_socket_stays_open(
    provider: Provider, meet: Meet, name: str, framing: Literal["chunked", "close"]
) -> None:
    def open_for_ever(peer: Peer) -> None:
        pieces = framed(peer.wire, "Hello", stream=peer.asked(), framing=framing)
        peer.send(*(pieces[:-1] if framing == "chunked" else pieces))
        peer.hold()

    server, runner = meet(open_for_ever)
    began = time.monotonic()
    assert text(COLOURS[name](runner, provider.question).outcome) == "Hello"
    assert time.monotonic() - began < 1
    assert server.wait_until(lambda it: it.open == 0)


# ---------------------------------------------------------------- connections


def _pooled(provider: Provider, url: str) -> Leaf:
    """A runner whose clients have room for one connection, and wait 0.1 seconds for it."""
    room = httpx2.Limits(max_connections=1)
    waits = httpx2.Timeout(5, pool=0.1)
    http, ahttp = Dropped(limits=room), httpx2.AsyncClient(limits=room)
    if provider.name == "anthropic":
        return anthropic_runner(
            Anthropic(api_key="x", base_url=url, http_client=http, timeout=waits),
            async_client=AsyncAnthropic(api_key="x", base_url=url, http_client=ahttp, timeout=waits),
            model=provider.model,
        )
    make = openai_chat_runner if provider.name == "openai" else openai_responses_runner
    return make(
        OpenAI(api_key="x", base_url=url, http_client=http, timeout=waits),
        async_client=AsyncOpenAI(api_key="x", base_url=url, http_client=ahttp, timeout=waits),
        model=provider.model,
    )


def test_N17_no_free_connection_is_a_timeout_of_the_pool(provider: Provider, meet: Meet) -> None:
    server, _ = meet(sending(LONG, writes=8, then="hold"), answering("Hello"))
    runner = _pooled(provider, server.url)
    with stream(runner, provider.question) as events:
        next(events)
        error = failed(run(runner, provider.question))
        assert error == Timeout(message="no free connection in time", phase="pool")
    assert text(run(runner, provider.question)) == "Hello"


async def test_N17_no_free_connection_is_a_timeout_of_the_pool_on_a_loop(
    provider: Provider, meet: Meet
) -> None:
    server, _ = meet(sending(LONG, writes=8, then="hold"), answering("Hello"))
    runner = _pooled(provider, server.url)
    async with astream(runner, provider.question) as events:
        await anext(events)
        error = failed(await arun(runner, provider.question))
        assert error == Timeout(message="no free connection in time", phase="pool")
    assert text(await arun(runner, provider.question)) == "Hello"


@pytest.mark.parametrize("alive", [True, False])
def test_N18_the_addresses_of_a_name_are_tried_in_turn(
    provider: Provider,
    meet: Meet,
    colour: Colour,
    alive: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, _ = meet(answering("Hello"))
    places = [("127.0.0.2", server.port), ("127.0.0.1" if alive else "127.0.0.3", server.port)]

    def both(*_: object, **__: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    runner = provider.with_clients(server.url.replace("127.0.0.1", "provider.invalid"))
    outcome = colour(runner, provider.question).outcome
    if alive:
        assert text(outcome) == "Hello"
    else:
        assert failed(outcome) == Unreachable(message="no connection")


# ---------------------------------------------------------------- an outage


@pytest.mark.slow
def test_N19_in_an_outage_hardly_more_requests_go_out_than_calls() -> None:
    world = World(lambda _request, _chance: Overloaded(status=529))
    runner = with_retry(RetryPolicy(max_attempts=5))(leaf())
    calls = 20_000
    for _ in range(calls):
        assert type(failed(world.run(runner, QUESTION).outcome)) is Overloaded
    assert len(world.requests) <= 1.05 * calls


@pytest.mark.slow
def test_N19_at_three_failures_in_ten_five_tries_lose_next_to_nothing() -> None:
    def script(_request: HttpRequest, chance: Random) -> Response | Overloaded:
        return Overloaded(status=529) if chance.random() < 0.3 else answer()

    world = World(script, seed=5)
    runner = with_retry(RetryPolicy(max_attempts=5))(leaf())
    calls = 5_000
    good = sum(isinstance(world.run(runner, QUESTION).outcome, Success) for _ in range(calls))
    assert good / calls >= 0.995
    assert len(world.requests) / good <= 1.02 / 0.7


@dataclass(frozen=True)
class Load:
    """How many requests a provider saw in each second, from many callers of one process."""

    seconds: list[int]
    calls: int


def _load(
    policy: RetryPolicy, *, rate: int, before: int, outage: int, after: int, asked: float | None
) -> Load:
    """Calls at an even rate while the provider is out in the middle, by the decisions alone, in virtual time."""
    chance, bucket, numbers = Random(11), Bucket(), count()
    length = before + outage + after
    due = [(number / rate, next(numbers), RetryState()) for number in range(length * rate)]
    seconds = [0] * (length + 120)
    while due:
        now, _, state = heappop(due)
        seconds[int(now)] += 1
        if not before <= now < before + outage:
            bucket, _ = refund(bucket, policy, retried=state.failures > 0)
            continue
        error = Overloaded(status=529, retry_after=asked)
        state, decision = decide_retry(policy, state, error, now=now, draw=chance.random())
        if isinstance(decision, RetryAfter):
            bucket, paid = take(bucket, policy)
            if paid:
                heappush(due, (now + decision.delay, next(numbers), state))
    return Load(seconds, length * rate)


@pytest.mark.parametrize("asked", [None, 5.0])
@pytest.mark.parametrize("tries", [3, 5])
def test_N19_after_an_outage_no_herd_comes_back(tries: int, asked: float | None) -> None:
    policy, rate = RetryPolicy(max_attempts=tries), 100
    load = _load(policy, rate=rate, before=30, outage=120, after=60, asked=asked)
    assert max(load.seconds[150:210]) <= 1.2 * rate
    assert sum(load.seconds) <= 1.05 * load.calls
    assert max(load.seconds) <= 2 * rate  # when it begins, the bucket is full
