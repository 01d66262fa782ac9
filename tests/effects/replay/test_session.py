"""Recorded once, played anywhere: in every colour, by a runner or a bare client; what was not recorded is a miss."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from vcr.stubs.httpx_stubs import vcr_handle_request

from llm_effects import Runner, anthropic_runner, arun, compose, run, with_deadline, with_retry
from llm_effects.interpreters.waiting import SKIPPED, now
from llm_effects.replay import (
    Cassette,
    InUse,
    Leak,
    NotRecorded,
    Recording,
    cassette,
    read_cassette,
    scripted,
    write_cassette,
)
from llm_effects.replay.interactions import FAULTS, Fault, Header
from llm_effects.replay.lint import KINDS
from llm_effects.replay.modes import MODES
from llm_effects.replay.network import NetworkBlocked, NoNetwork
from llm_effects.replay.patches import _ForVcr
from llm_effects.replay.plugin import _LISTS, _SETTINGS
from llm_effects.replay.transport import Deck
from llm_effects.replay.waits import SDKS, SLEEPS
from llm_effects.stub import Raw, Refuse, Sent, Step, Stub
from llm_pure import (
    CassetteMiss,
    Completion,
    Deadline,
    Disconnected,
    LlmError,
    Misconfigured,
    Outcome,
    Overloaded,
    RateLimited,
    Response,
    RetryPolicy,
    Timeout,
    TlsRefused,
    Unreachable,
    user,
)
from tests.effects.scripted import COLOURS, failed
from tests.faults.peer import Peer, Server, head
from tests.providers import ANTHROPIC, CLEARED, OPENAI, PROVIDERS, Provider
from tests.sdk.served import text

CLOSE = (("connection", "close"),)
"""So that a client that nobody closes has nothing open."""


def served(*answers: Step, **how: Any) -> Stub:
    return Stub(answers or None, headers=CLOSE, **how)


HELLO = Completion([user("Say hello")], max_tokens=100)
BUSY = Overloaded(message="busy", status=529, type="overloaded_error", retry_after=30.0)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest) -> Provider:
    found = request.param
    assert isinstance(found, Provider)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "x.yaml"


@cache
def nowhere(provider: Provider, key: str = "test") -> Runner:
    """A runner to an address at which nobody answers."""
    return provider.with_clients("https://api.invalid" + ("" if provider is ANTHROPIC else "/v1"), key=key)


def prerecorded(file: Path, provider: Provider, *answers: Any, **how: Any) -> None:
    """A cassette of answers to the same question, without a recording."""
    made = [scripted(nowhere(provider).target, HELLO, answer, **how).unwrap() for answer in answers]
    write_cassette(file, Recording(tuple(made), Header(1, "2026-11-25")))


# ---------------------------------------------------------------- record, and play


@pytest.mark.parametrize("colour", COLOURS)
def test_what_was_recorded_is_played_without_the_server(provider: Provider, colour: str, file: Path) -> None:
    ask = COLOURS[colour]
    with served("Hello, world 🎉", gzip=True) as stub, cassette(file, "once"):
        recorded = ask(provider.with_clients(provider.url(stub)), HELLO)
    with cassette(file) as played:
        again = ask(nowhere(provider), HELLO)
        assert played.unplayed == ()
    assert text(recorded.outcome) == "Hello, world 🎉"
    assert again.outcome == recorded.outcome
    assert again.events == recorded.events


def test_bare_clients_are_played_in_both_colours_streaming_or_not(file: Path) -> None:
    def ask(url: str) -> list[object]:
        a, o = (
            anthropic.Anthropic(api_key="k", base_url=url, max_retries=0),
            openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0),
        )
        messages: Any = [{"role": "user", "content": "Hi"}]
        said: list[object] = [
            a.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=messages).model_dump(),
            o.chat.completions.create(model="gpt-4o-mini", messages=messages).model_dump(),
            o.responses.create(model="gpt-4o-mini", input="Hi").output_text,
        ]
        with a.messages.stream(model="claude-haiku-4-5", max_tokens=9, messages=messages) as events:
            said.append(events.get_final_text())
        chunks = o.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True)
        said.append("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))

        async def later() -> list[object]:
            b = anthropic.AsyncAnthropic(api_key="k", base_url=url, max_retries=0)
            p = openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
            message = await b.messages.create(model="claude-haiku-4-5", max_tokens=8, messages=messages)
            events = await p.responses.create(model="gpt-4o-mini", input="Hi, you", stream=True)
            return [message.model_dump(), [event.type async for event in events]]

        return said + asyncio.run(later())

    with (
        served("one", "two", "three", "four five", "six", "seven", "eight nine") as stub,
        cassette(file, "all"),
    ):
        recorded = ask(stub.url)
    with cassette(file) as played:
        assert ask("http://api.invalid") == recorded
        assert played.played == 7


@pytest.mark.parametrize("pieces", ["random", "recorded", "whole"])
def test_a_stream_says_the_same_in_whatever_pieces_it_comes(
    provider: Provider, pieces: Any, file: Path
) -> None:
    answer = "A longer answer, with 🎉 and Łódź in it"
    with served(Sent(answer, size=3)) as stub, cassette(file, "once"):
        recorded = COLOURS["stream"](provider.with_clients(provider.url(stub)), HELLO)
    assert len(read_cassette(file).interactions[0].answer.pieces) > 5  # type: ignore[union-attr]  # it has one
    for seed in range(5):
        with cassette(file, pieces=pieces, seed=seed):
            assert COLOURS["stream"](nowhere(provider), HELLO).events == recorded.events


def test_identical_requests_are_played_in_the_order_in_which_they_were_recorded(file: Path) -> None:
    prerecorded(file, OPENAI, *(answer_of(OPENAI, word) for word in ("one", "two", "three")))
    with cassette(file) as played:
        assert [text(run(nowhere(OPENAI), HELLO)) for _ in range(3)] == ["one", "two", "three"]
        assert "recorded 3 times" in failed(run(nowhere(OPENAI), HELLO)).message
        played.rewind()
        assert text(run(nowhere(OPENAI), HELLO)) == "one"


def answer_of(provider: Provider, said: str) -> Any:
    """A response, as the stub would say it."""
    from llm_pure import AssistantMessage, Response, Text, Usage

    return Response(
        AssistantMessage((Text(said),)), Usage(1, 1), "end", id=f"id-{said}", provider=provider.name
    )


def questions(count: int) -> list[Completion]:
    """Half of them the same."""
    return [
        HELLO if number % 2 else Completion([user(f"Say {number}")], max_tokens=9) for number in range(count)
    ]


def test_concurrent_calls_are_matched_by_what_they_ask(provider: Provider, file: Path) -> None:
    asked = questions(60)

    def together(runner: Runner) -> list[str]:
        async def gather() -> list[str]:
            return [text(it) for it in await asyncio.gather(*(arun(runner, one) for one in asked))]

        return asyncio.run(gather())

    with served() as stub, cassette(file, "once"):
        recorded = together(provider.with_clients(provider.url(stub)))
    for _ in range(3):
        with cassette(file) as played:
            assert together(nowhere(provider)) == recorded
            assert played.unplayed == ()


def test_any_number_of_threads_may_ask(file: Path) -> None:
    asked = questions(64)

    def together(runner: Runner) -> list[str]:
        with ThreadPoolExecutor(16) as pool:
            return [text(it) for it in pool.map(lambda one: run(runner, one), asked)]

    with served() as stub, cassette(file, "once"):
        recorded = together(ANTHROPIC.with_clients(stub.url))
    with cassette(file) as played:
        assert together(nowhere(ANTHROPIC)) == recorded
        assert played.unplayed == ()


# ---------------------------------------------------------------- modes


def ask_both(stub: Stub) -> list[str]:
    runner = OPENAI.with_clients(stub.openai_url)
    return [text(run(runner, one)) for one in (HELLO, Completion([user("Say bye")], max_tokens=9))]


def test_new_plays_what_is_there_and_adds_the_rest(file: Path) -> None:
    prerecorded(file, OPENAI, answer_of(OPENAI, "old"))
    with served("new") as stub, cassette(file, "new"):
        assert ask_both(stub) == ["old", "new"]
    with Stub([]) as stub, cassette(file):
        assert ask_both(stub) == ["old", "new"]


def test_once_records_nothing_into_a_file_that_is_there(file: Path) -> None:
    prerecorded(file, OPENAI, answer_of(OPENAI, "old"))
    before = file.read_bytes()
    with served("new") as stub, cassette(file, "once") as played:
        assert played.replaying
        assert text(run(OPENAI.with_clients(stub.openai_url), HELLO)) == "old"
        assert isinstance(failed(run(OPENAI.with_clients(stub.openai_url), HELLO)), CassetteMiss)
        assert stub.requests == ()
    assert file.read_bytes() == before


def test_all_forgets_what_was_there(file: Path) -> None:
    prerecorded(file, OPENAI, *(answer_of(OPENAI, "old"),) * 5)
    with served("new", "bye") as stub, cassette(file, "all"):
        assert ask_both(stub) == ["new", "bye"]
    assert len(read_cassette(file).interactions) == 2
    with cassette(file, "all"):
        pass  # nothing is asked any more
    assert not file.exists()


def test_a_run_that_failed_writes_nothing(file: Path) -> None:
    def fail() -> None:
        with served("new") as stub, cassette(file, "once"):
            run(OPENAI.with_clients(stub.openai_url), HELLO)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not file.exists()


def test_what_is_recorded_can_be_played_in_the_same_breath(file: Path) -> None:
    with served("once") as stub, cassette(file, "all") as recorded:
        for _ in range(3):
            recorded.rewind()
            assert text(run(OPENAI.with_clients(stub.openai_url), HELLO)) == "once"
    assert len(read_cassette(file).interactions) == 1


def test_two_cassettes_at_once_are_refused(file: Path) -> None:
    prerecorded(file, OPENAI, answer_of(OPENAI, "x"))
    with cassette(file), pytest.raises(InUse, match="processes of their own"), cassette(file):
        pass
    with cassette(file):
        assert text(run(nowhere(OPENAI), HELLO)) == "x"


# ---------------------------------------------------------------- misses


@pytest.mark.parametrize("colour", COLOURS)
def test_a_miss_is_a_failure_that_shows_what_differs_and_is_not_tried_again(
    provider: Provider, colour: str, file: Path
) -> None:
    stream = "stream" in colour
    prerecorded(file, provider, answer_of(provider, "Hello"), stream=stream)
    runner = compose(nowhere(provider), with_retry(RetryPolicy()))
    with cassette(file) as played:
        told = COLOURS[colour](runner, Completion([user("Say goodbye")], max_tokens=100))
        error = failed(told.outcome)
        assert isinstance(error, CassetteMiss)
        assert error.file == str(file)
        assert "Say hello" in error.message
        assert any(line[:1] == "+" and "Say goodbye" in line for line in error.message.splitlines())
        assert "To record it:" in error.message
        assert played.misses == (error,)


def test_without_a_file_every_request_is_a_miss(provider: Provider, file: Path) -> None:
    with cassette(file):
        error = failed(run(nowhere(provider), HELLO))
    assert isinstance(error, CassetteMiss)
    assert f"there is no cassette {file}" in error.message
    assert not file.exists()


def test_no_client_takes_a_miss_for_a_connection_that_broke(file: Path) -> None:
    prerecorded(file, ANTHROPIC, answer_of(ANTHROPIC, "x"))
    began = time.monotonic()
    with cassette(file) as played:
        for ask in (
            lambda: anthropic.Anthropic(api_key="k").messages.create(
                model="m", max_tokens=1, messages=[{"role": "user", "content": "Hi"}]
            ),
            lambda: openai.OpenAI(api_key="k").responses.create(model="m", input="Hi"),
            lambda: asyncio.run(openai.AsyncOpenAI(api_key="k").responses.create(model="m", input="Hi")),
        ):
            with pytest.raises(NotRecorded, match="To record it:"):
                ask()
        assert len(played.misses) == 3  # each once: nobody has tried again
    assert time.monotonic() - began < 3


# ---------------------------------------------------------------- faults

COMES_TO: dict[Fault, tuple[type[LlmError], str | None]] = {
    "CertificateRefused": (TlsRefused, None),
    "CloseError": (Disconnected, "before"),
    "ConnectError": (Unreachable, None),
    "ConnectTimeout": (Timeout, "connect"),
    "LocalProtocolError": (Misconfigured, None),
    "PoolTimeout": (Timeout, "pool"),
    "ReadError": (Disconnected, "before"),
    "ReadTimeout": (Timeout, "read"),
    "RemoteProtocolError": (Disconnected, "before"),
    "TlsError": (TlsRefused, None),
    "WriteError": (Disconnected, "before"),
    "WriteTimeout": (Timeout, "send"),
}


@pytest.mark.parametrize("colour", COLOURS)
def test_a_scripted_fault_is_what_it_would_be_on_the_network(colour: str, file: Path) -> None:
    for fault, (kind, phase) in COMES_TO.items():
        prerecorded(file, ANTHROPIC, None, stream="stream" in colour, fault=fault)
        with cassette(file):
            error = failed(COLOURS[colour](nowhere(ANTHROPIC), HELLO).outcome)
        assert isinstance(error, kind), fault
        assert phase is None or getattr(error, "phase", None) == phase


def test_every_fault_is_scripted() -> None:
    assert sorted(COMES_TO) == sorted(FAULTS)


@pytest.mark.parametrize("colour", COLOURS)
def test_faults_are_recorded_as_they_happened(provider: Provider, colour: str, file: Path) -> None:
    ask = COLOURS[colour]
    steps: list[Step] = [
        Refuse(),
        Sent("A longer answer that breaks off", cut_bytes=60, ending="close"),
        BUSY,
    ]
    with served(*steps) as stub, cassette(file, "once"):
        runner = provider.with_clients(provider.url(stub))
        recorded = [ask(runner, HELLO).outcome for _ in steps]
    assert read_cassette(file).interactions[0].answer is None
    assert read_cassette(file).interactions[1].fault == "RemoteProtocolError"
    with cassette(file) as played:
        assert [ask(nowhere(provider), HELLO).outcome for _ in steps] == recorded
        assert played.unplayed == ()


@pytest.mark.parametrize("colour", ["run", "arun"])
def test_a_wait_that_ends_over_tls_is_no_fault_of_tls(colour: str, file: Path) -> None:
    async def asked(client: httpx2.AsyncClient, url: str) -> Outcome[Response]:
        async with client:
            sdk = anthropic.AsyncAnthropic(api_key="k", base_url=url, http_client=client)
            return await arun(anthropic_runner(async_client=sdk, model="m"), HELLO)

    def silent(peer: Peer) -> None:
        peer.request()
        peer.send(head("content-length: 9") + b"{")
        peer.hold()

    waits = httpx2.Timeout(5, read=0.2)
    with Server(ANTHROPIC.wire, silent, tls=True) as server, cassette(file, "once"):
        if colour == "arun":
            error = failed(asyncio.run(asked(httpx2.AsyncClient(verify=False, timeout=waits), server.url)))
        else:
            with httpx2.Client(verify=False, timeout=waits) as client:
                sdk = anthropic.Anthropic(api_key="k", base_url=server.url, http_client=client)
                error = failed(run(anthropic_runner(sdk, model="m"), HELLO))
    assert isinstance(error, Timeout)
    assert [it.fault for it in read_cassette(file).interactions] == ["ReadTimeout"]


def test_a_fault_is_not_taken_for_what_was_handled_already(file: Path) -> None:
    with served(Refuse()) as stub, cassette(file, "once"):
        runner = ANTHROPIC.with_clients(stub.url)
        try:
            raise ssl.SSLError("of another connection")
        except ssl.SSLError:
            run(runner, HELLO)
    assert [it.fault for it in read_cassette(file).interactions] == ["RemoteProtocolError"]


def test_a_connection_that_nobody_accepts_is_recorded(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with cassette(file, "once"):
        recorded = run(ANTHROPIC.with_clients(f"http://127.0.0.1:{port}"), HELLO)
    assert isinstance(failed(recorded), Unreachable)
    with cassette(file):
        assert run(nowhere(ANTHROPIC), HELLO) == recorded


def test_a_stream_that_was_cut_is_a_failure_with_the_part_that_came(provider: Provider, file: Path) -> None:
    said = answer_of(provider, "One two three four five six seven")
    prerecorded(file, provider, said, stream=True, fault="ReadTimeout", cut=None)
    whole = read_cassette(file).interactions[0]
    assert whole.answer is not None
    body = whole.answer.body
    half = replace(whole, answer=replace(whole.answer, body=body[: len(body) // 2], pieces=()))
    write_cassette(file, Recording((half,), Header(1)))
    with cassette(file):
        error = failed(COLOURS["stream"](nowhere(provider), HELLO).outcome)
    assert isinstance(error, Timeout)
    assert error.partial is not None


# ---------------------------------------------------------------- nothing waits, nothing goes out


@pytest.mark.parametrize("colour", COLOURS)
def test_no_replay_sleeps_and_deadlines_decide_as_if_it_had(colour: str, file: Path) -> None:
    busy = RateLimited(message="slow down", status=429, retry_after=30.0)
    prerecorded(file, ANTHROPIC, busy, busy, answer_of(ANTHROPIC, "at last"), stream="stream" in colour)
    retried = compose(nowhere(ANTHROPIC), with_retry(RetryPolicy(max_attempts=5)))
    began = time.monotonic()
    with cassette(file) as played:
        assert text(COLOURS[colour](retried, HELLO).outcome) == "at last"
        played.rewind()
        error = failed(COLOURS[colour](compose(retried, with_deadline(45)), HELLO).outcome)
        assert isinstance(error, Deadline | RateLimited)
        assert len(played.unplayed) == 0
    assert time.monotonic() - began < 3
    assert not SKIPPED


def test_the_clock_of_whoever_did_not_wait_stays_ahead() -> None:
    with SKIPPED.skipping():
        assert SKIPPED.skip(100)
        then = now()
    assert now() >= then


def test_the_sdks_retries_do_not_sleep_either(file: Path) -> None:
    prerecorded(file, ANTHROPIC, BUSY, BUSY, answer_of(ANTHROPIC, "at last"))
    began = time.monotonic()
    with cassette(file):
        client = anthropic.Anthropic(api_key="k", max_retries=2)
        said = client.messages.create(
            model=ANTHROPIC.model, max_tokens=100, messages=[{"role": "user", "content": "Say hello"}]
        )
    assert said.content[0].type == "text"
    assert time.monotonic() - began < 3


def test_every_place_where_an_sdk_sleeps_is_where_it_is_looked_for() -> None:
    from importlib import import_module

    for sdk in SDKS:
        for module, owner, name in SLEEPS:
            assert callable(getattr(getattr(import_module(f"{sdk}.{module}"), owner), name))


def test_nothing_but_this_machine_can_be_reached(file: Path) -> None:
    prerecorded(file, OPENAI, answer_of(OPENAI, "x"))
    with (
        cassette(file),
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        for reach in (
            lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
            lambda: socket.create_connection(("example.com", 80), timeout=1),
            lambda: socket.getaddrinfo("example.com", 443),
            lambda: socket.getnameinfo(("192.0.2.1", 443), 0),
            lambda: datagrams.sendto(b"x", ("192.0.2.1", 53)),
            lambda: asyncio.run(asyncio.open_connection("192.0.2.1", 80)),
        ):
            with pytest.raises(NetworkBlocked, match="blocked while a cassette is played"):
                reach()
        socket.create_connection(server.getsockname()[:2]).close()
        socket.getaddrinfo("localhost", 80)
        blocked: list[BaseException] = []

        def elsewhere() -> None:
            try:
                socket.create_connection(("192.0.2.1", 80), timeout=1)
            except OSError as error:
                blocked.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert isinstance(blocked[0], NetworkBlocked)


def test_a_block_may_end_while_another_thread_asks() -> None:
    def ending(*_: object) -> bool:
        block.__exit__(None, None, None)
        return False

    block = NoNetwork(ending)
    with block, pytest.raises(NetworkBlocked):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_a_host_that_is_let_through_is_neither_played_nor_recorded(file: Path) -> None:
    prerecorded(file, OPENAI, answer_of(OPENAI, "played"))
    with served("live") as stub, cassette(file, passthrough=["127.0.0.1:*"]):
        assert text(run(OPENAI.with_clients(stub.openai_url), HELLO)) == "live"
        assert text(run(nowhere(OPENAI), HELLO)) == "played"


# ---------------------------------------------------------------- secrets

CANARY = "sk-ant-api03-CanaryCanaryCanaryCanary"
NO_SHAPE = "canary/value+without=a shape at all".replace(" ", "")


def test_no_written_byte_holds_a_canary(provider: Provider, file: Path) -> None:
    told = (
        ("set-cookie", f"session={NO_SHAPE}"),
        ("openai-organization", NO_SHAPE),
        ("anthropic-organization-id", CANARY),
        ("x-request-id", CANARY),
        ("request-id", CANARY),
        ("content-language", CANARY),
        ("retry-after", CANARY),
    )
    answers: list[Step] = [
        f"You said {CANARY} and {NO_SHAPE}",
        Overloaded(message=f"no: {CANARY}, {NO_SHAPE}", status=529, type=CANARY, code=NO_SHAPE),
        Raw(f"<html>{CANARY} {NO_SHAPE}".encode(), 500, (("content-type", f"text/html; x={CANARY}"),)),
        Raw(b'{"error":' + json.dumps({CANARY: [NO_SHAPE]}).encode() + b"}", 400),
    ]
    question = HELLO.replace(system=f"The key is {CANARY}, or {NO_SHAPE}")
    for colour in ("run", "stream"):
        path = file.with_name(f"{colour}.yaml")
        with Stub(answers, headers=told + CLOSE) as stub, cassette(path, "once"):
            runner = provider.with_clients(provider.url(stub), key=NO_SHAPE)
            for _ in answers:
                COLOURS[colour](runner, question)
        written = path.read_bytes()
        assert written.count(b"interactions") == 1
        for secret in (CANARY, NO_SHAPE):
            assert secret.encode() not in written
        assert [it for it in path.parent.iterdir() if it.name[0] == "."] == []
        with cassette(path) as played:
            for _ in answers:
                COLOURS[colour](nowhere(provider, key=NO_SHAPE), question)
            assert played.unplayed == ()


def test_a_secret_that_slipped_through_is_not_written(file: Path) -> None:
    from base64 import b64encode

    answer = f"Encoded it is {b64encode(NO_SHAPE.encode()).decode()}"
    with (
        served(answer) as stub,
        pytest.raises(Leak, match="would hold a secret in") as refused,
        cassette(file, "once"),
    ):
        run(ANTHROPIC.with_clients(stub.url, key=NO_SHAPE), HELLO)
    assert NO_SHAPE not in str(refused.value)
    assert not file.exists()
    assert list(file.parent.glob("*")) == []


# ---------------------------------------------------------------- through vcrpy's own patches


def test_a_client_that_vcrpy_has_a_patch_for_is_recorded_and_played(file: Path) -> None:
    def ask(tape: Cassette, url: str) -> bytes:
        deck = Deck(tape, lambda *_: False, lambda: None)
        handle = vcr_handle_request(_ForVcr(deck), httpx2.HTTPTransport.handle_request, httpx2)
        with httpx2.HTTPTransport() as transport:
            asked = httpx2.Request(
                "POST",
                f"{url}/v1/chat/completions",
                json={"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
            )
            body: bytes = handle(transport, asked).read()
            return body

    with served("Hello") as stub:
        recorded = Cassette(file, "once")
        body = ask(recorded, stub.url)
        recorded.save()
    played = Cassette(file)
    assert json.loads(ask(played, "http://api.invalid")) == json.loads(body)
    assert played.unplayed == ()
    with pytest.raises(NotRecorded):
        ask(played, "http://api.invalid")


def test_a_host_that_is_let_through_by_name_is_let_through_at_its_address(file: Path) -> None:
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine does not know its own name")
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        for through in ([name], [f"{name}:{port}"]):
            with cassette(file, passthrough=through):
                socket.create_connection((name, port), timeout=5).close()
        if not address.startswith("127."):
            for through in ([], [f"{name}:1"], ["other"]):
                with cassette(file, passthrough=through), pytest.raises(NetworkBlocked):
                    socket.create_connection((name, port), timeout=5)


def test_the_documentation_lists_every_option_setting_and_kind() -> None:
    page = (Path(__file__).parents[3] / "docs" / "replay.md").read_text(encoding="utf-8")
    for name in (
        *KINDS,
        *_LISTS,
        *_SETTINGS,
        *(f"--llm-record={mode}" for mode in MODES),
        "--llm-live",
        "--llm-lint",
    ):
        assert f"`{name}`" in page, name


@pytest.mark.parametrize("mode", ["none", "all"])
def test_a_server_of_the_tests_own_is_neither_played_nor_recorded(mode: Any, file: Path) -> None:
    with served() as stub, cassette(file, mode) as tape:
        assert (
            httpx2.get(f"{stub.url}/api/ask", trust_env=False).status_code == 404
        )  # it is the stub that says so
        transport = httpx2.MockTransport(lambda _: httpx2.Response(418))
        with httpx2.Client(transport=transport) as client:
            assert client.get("https://example.com/v1/messages").status_code == 418
        assert (tape.interactions, tape.misses) == ((), ())


def test_httpx_as_it_was_before_is_patched_where_it_reaches_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "httpx", httpx2)  # they are alike to this point
    patched = [
        (it[0], it[1])
        for it in _ForVcr(Deck(Cassette(Path("x")), lambda *_: False, lambda: None)).custom_patches
    ]
    own = [(httpx2.HTTPTransport, "handle_request"), (httpx2.AsyncHTTPTransport, "handle_async_request")]
    assert patched == [*own, *own]


def test_no_key_is_needed_to_play(provider: Provider, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(file.parent))
    prerecorded(file, provider, answer_of(provider, "Hello"))
    with cassette(file):
        assert text(run(provider.from_settings(), HELLO)) == "Hello"
    assert not {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"} & set(os.environ)


def test_what_an_sdk_sends_to_this_machine_is_a_providers_whatever_its_path(file: Path) -> None:
    with served() as stub:
        client = openai.OpenAI(api_key="k", base_url=stub.openai_url, max_retries=0)
        with cassette(file, "all"), pytest.raises(openai.NotFoundError):
            client.embeddings.create(model="m", input="Hi")  # the stub has none, and says so
    with cassette(file) as played, pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="m", input="Hi")
    assert played.unplayed == ()
