"""The door's limits, through the real SDKs and over a real socket: time, room, redirects, and whose client it is."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from contextvars import copy_context
from typing import Final, cast

import httpx2
import pytest
from anthropic import (
    Anthropic,
    APIStatusError,
    AsyncAnthropic,
    AsyncAnthropicBedrock,
    InternalServerError,
)
from httpcore2._backends.anyio import AnyIOStream
from httpcore2._backends.sync import SyncStream
from openai import AsyncAzureOpenAI, AsyncOpenAI, OpenAI
from returns.result import Success
from typing_extensions import override

from llm_effects import Runner, anthropic_runner, openai_chat_runner, run, stream, threads, with_deadline
from llm_effects.providers.connections import Connection
from llm_effects.providers.door import SdkDoor
from llm_effects.providers.reach import HEARING
from llm_effects.providers.room import MAX_ERROR
from llm_effects.stub import Raw, Sent, Stub
from llm_pure import Completion, Deadline, LlmError, Misconfigured, ServerFault, user
from tests.effects.scripted import COLOURS, Colour, failed
from tests.providers import ANTHROPIC, CLEARED, PROVIDERS, Provider

CLOSE: Final = ("connection", "close")  # a client of one's own outlives the event loop that it was used in
JSON: Final = (("content-type", "application/json"), CLOSE)
QUESTION: Final = Completion([user("Say hello")], max_tokens=100)
DRIPPING: Final = Sent(Raw(b'{"error":"' + b"x" * 400 + b'"}', 529, JSON), size=5, pause=0.05)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Provider:
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    return cast("Provider", request.param)


@pytest.fixture(params=COLOURS, ids=str)
def colour(request: pytest.FixtureRequest) -> Colour:
    return COLOURS[request.param]


@pytest.fixture(params=["given", "made"])
def made(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def runner_of(provider: Provider, stub: Stub, monkeypatch: pytest.MonkeyPatch, made: str = "given") -> Runner:
    """On clients of the caller's own, or on those that the door makes."""
    if made == "given":
        return provider.with_clients(provider.url(stub))
    for name, value in provider.settings(stub).items():
        monkeypatch.setenv(name, value)
    return provider.from_settings()


# ---------------------------------------------------------------- room


def test_an_error_that_never_ends_is_that_error_cut_off(
    provider: Provider, colour: Colour, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub([Sent(Raw(b"{", 500, JSON), ending="flood")]) as stub:
        error = failed(colour(runner_of(provider, stub, monkeypatch, made), QUESTION).outcome)
        assert (type(error), error.status) == (ServerFault, 500)
        assert stub.wait_until(lambda it: it.connections == 0)


def test_an_error_just_short_of_the_limit_is_read_whole(
    provider: Provider, colour: Colour, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, end = b'{"pad": "', b'", "error": {"type": "x", "message": "at the end"}}'
    body = start + b"x" * (MAX_ERROR - len(start) - len(end)) + end
    with Stub([Raw(body, 500, JSON)]) as stub:
        error = failed(colour(runner_of(provider, stub, monkeypatch), QUESTION).outcome)
        assert error.message == "at the end"


def test_whoever_else_uses_a_client_reads_errors_whole() -> None:
    body = json.dumps({"error": {"type": "x", "message": "x" * (MAX_ERROR + 9)}}).encode()
    with Stub([Raw(body, 500, JSON)] * 2) as stub:
        client = Anthropic(api_key="x", base_url=stub.url, max_retries=0)
        runner = anthropic_runner(client, model="claude-haiku-4-5")
        failed(run(runner, QUESTION))
        with pytest.raises(InternalServerError) as raised:
            client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
        assert raised.value.response.content == body


# ---------------------------------------------------------------- what goes out


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the HTTP clients of both colours hand to their sockets."""
    pieces: list[bytes] = []
    blocking, awaited = SyncStream.write, AnyIOStream.write

    def write(stream: SyncStream, buffer: bytes, timeout: float | None = None) -> None:
        pieces.append(buffer)
        blocking(stream, buffer, timeout)

    async def awrite(stream: AnyIOStream, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        pieces.append(buffer)
        await awaited(stream, buffer, timeout)

    monkeypatch.setattr(SyncStream, "write", write)
    monkeypatch.setattr(AnyIOStream, "write", awrite)
    return pieces


@pytest.mark.parametrize(("length", "pieces"), [(9, 1), (100_000, 2)])
def test_head_and_body_go_out_in_one_piece_unless_the_body_is_long(
    provider: Provider,
    colour: Colour,
    length: int,
    pieces: int,
    written: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Stub(["Hello", "Hello"]) as stub:
        runner = runner_of(provider, stub, monkeypatch)
        for _ in range(2):
            assert colour(runner, QUESTION.add_messages(user("x" * length))).outcome.unwrap().text == "Hello"
    assert [piece[:5] == b"POST " for piece in written] == [True, *[False] * (pieces - 1)] * 2
    assert b"".join(written).count(b"x" * length) == 2


def test_an_empty_body_keeps_no_head_back(written: list[bytes]) -> None:
    def ask(client: Anthropic) -> None:
        HEARING.set(True)
        with pytest.raises(APIStatusError):
            client.post("/v1/messages", content=b"", cast_to=object)

    with Stub(["Hello"]) as stub:
        client = Anthropic(api_key="x", base_url=stub.url, max_retries=0)
        anthropic_runner(client)
        copy_context().run(ask, client)
    assert [piece[:5] for piece in written] == [b"POST "]


def test_whoever_else_uses_a_client_writes_as_they_did(written: list[bytes]) -> None:
    with Stub(["Hello"]) as stub:
        client = Anthropic(api_key="x", base_url=stub.url, max_retries=0)
        anthropic_runner(client)
        client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    assert len([piece for piece in written if piece]) == 2


# ---------------------------------------------------------------- time

LATE: Mapping[str, Sent] = {
    "an error that drips": DRIPPING,
    "late headers and a body that stalls": Sent("w " * 50, delay=0.2, cut_bytes=20, ending="stall"),
}


@pytest.mark.parametrize("late", LATE)
def test_the_deadline_holds_from_the_request_to_the_end(
    provider: Provider, colour: Colour, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub([LATE[late]]) as stub:
        runner = with_deadline(0.3)(runner_of(provider, stub, monkeypatch))
        began = time.monotonic()
        error = failed(colour(runner, QUESTION).outcome)
        assert time.monotonic() - began < 0.8
        assert type(error) is Deadline
        assert stub.wait_until(lambda it: it.connections == 0)


@pytest.mark.parametrize("name", ["run", "stream"])
def test_a_post_that_is_left_behind_closes_its_connection_when_it_opens(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub([Sent("Hello", delay=0.4, ending="stall"), "Hello"]) as stub:
        runner = runner_of(ANTHROPIC, stub, monkeypatch)
        assert type(failed(COLOURS[name](with_deadline(0.2)(runner), QUESTION).outcome)) is Deadline
        assert stub.wait_until(lambda it: it.connections == 0)
        assert isinstance(run(runner, QUESTION), Success)
        assert stub.wait_until(lambda _: threads.idle() == len(posting()))


def posting() -> list[threading.Thread]:
    """The threads that post, are about to, or have: what has been idle for a while ends at any time."""
    return [thread for thread in threading.enumerate() if thread.name == "llm_effects-aside"]


class Endless:
    """Answers the first request with a body that ends with its connection, one byte after another."""

    def __enter__(self) -> str:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self.listening.close()
        self.thread.join()

    def serve(self) -> None:
        with self.listening.accept()[0] as sock, suppress(OSError):
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
            for _ in range(200):
                sock.sendall(b"[")
                time.sleep(0.02)


def test_an_answer_that_ends_with_its_connection_is_not_whole_when_the_deadline_ends_it(
    colour: Colour,
) -> None:
    with Endless() as url:
        runner = ANTHROPIC.with_clients(url)
        assert type(failed(colour(with_deadline(0.4)(runner), QUESTION).outcome)) is Deadline


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_an_answer_whose_end_is_late_breaks_no_connection_that_others_share(version: str) -> None:
    ours, theirs = socket.socketpair()

    class Body(httpx2.SyncByteStream):
        @override
        def __iter__(self) -> Iterator[bytes]:
            yield b"the last event"
            ours.settimeout(0.5)
            yield ours.recv(1)

    class Wire:
        def get_extra_info(self, name: str) -> object:
            return ours if name == "socket" else None

    about = {"http_version": version.encode(), "network_stream": Wire()}
    with ours, theirs:
        connection = Connection(httpx2.Response(200, stream=Body(), extensions=about), object(), None)
        assert connection.read(None) == b"the last event"
        connection.finish()
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError) if version == "HTTP/2" else nullcontext():
            assert theirs.recv(1) == b""


def test_streams_that_are_dropped_leave_no_threads() -> None:
    with Stub([Sent("w " * 50, cut_events=4, ending="stall")] * 12) as stub:
        client = Anthropic(api_key="x", base_url=stub.url)
        runner = with_deadline(5)(anthropic_runner(client, model="claude-haiku-4-5"))
        next(stream(runner, QUESTION))
        before = threading.enumerate()
        held = [stream(runner, QUESTION) for _ in range(10)]
        for events in held:
            next(events)
        held.clear()
        new = [it for it in threading.enumerate() if it not in before]
        assert not any(it.name.startswith("llm_effects-") for it in new)
        assert len(new) <= 10 + 1  # the stub has a thread for each connection
        client.close()


@pytest.mark.parametrize("seconds", [1e7, 1e10, 1e300])
def test_a_deadline_may_be_as_far_away_as_it_likes(
    colour: Colour, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub([Sent("Hello", ending="close")]) as stub:
        runner = with_deadline(seconds)(runner_of(ANTHROPIC, stub, monkeypatch))
        assert isinstance(colour(runner, QUESTION).outcome, Success)


# ---------------------------------------------------------------- where it goes


def test_the_client_goes_where_the_target_says_though_the_settings_change(
    provider: Provider, colour: Colour, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub(["first"]) as first, Stub(["second"]) as second:
        runner = runner_of(provider, first, monkeypatch, "made")
        monkeypatch.setenv(provider.url_variable, provider.url(second))
        assert runner.target.endpoint == provider.url(first)
        outcome = colour(runner, QUESTION).outcome
        assert (len(first.requests), len(second.requests)) == (1, 0)
        assert outcome.unwrap().text == "first"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_client_that_the_settings_left_alone_stays_with_the_provider(
    provider: Provider, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llm_effects.providers import anthropic, openai

    monkeypatch.setenv(provider.key_variable, "x")
    monkeypatch.setenv(provider.url_variable, "https://elsewhere.example")
    sdk = anthropic._SDK if provider is ANTHROPIC else openai._SDK
    client = sdk.async_client(None) if asynchronous else sdk.client(None)
    own = "api.anthropic.com" if provider is ANTHROPIC else "api.openai.com"
    assert client.base_url.host == own


def test_a_password_in_a_base_url_is_shown_nowhere(
    provider: Provider, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://me:hunter2@gateway.example/v1"
    monkeypatch.setenv(provider.url_variable, url)
    runner = provider.with_clients(url) if made == "given" else provider.from_settings()
    assert "hunter2" not in repr(runner) + repr(runner.target)
    assert runner.target.endpoint == "https://[masked]@gateway.example/v1"


# ---------------------------------------------------------------- whose client it is


CROSSED: Final[Mapping[str, Callable[[str], object]]] = {
    "anthropic": lambda url: AsyncAnthropic(api_key="x", base_url=url),
    "bedrock": lambda url: AsyncAnthropicBedrock(
        aws_region="x", aws_access_key="x", aws_secret_key="x", base_url=url
    ),
    "openai": lambda url: AsyncOpenAI(api_key="x", base_url=url),
    "azure": lambda url: AsyncAzureOpenAI(api_key="x", api_version="x", azure_endpoint=url),
}


def crossed(kind: str, url: str) -> Runner:
    """A runner whose client was given in the place of the other colour, which no checker lets pass."""
    client = CROSSED[kind](url)
    if kind in {"anthropic", "bedrock"}:
        return anthropic_runner(cast("Anthropic", client), model="m")
    return openai_chat_runner(cast("OpenAI", client), model="m")


@pytest.mark.parametrize("kind", CROSSED)
def test_a_client_in_the_place_of_the_other_colour_is_misconfigured_before_anything_is_sent(
    kind: str, colour: Colour
) -> None:
    with Stub() as stub:
        error = failed(colour(crossed(kind, stub.url), QUESTION).outcome)
        assert type(error) is Misconfigured
        assert "async_client=" in error.message
        assert (stub.accepted, stub.requests) == (0, ())


@pytest.mark.parametrize("name", COLOURS)
def test_a_blocking_client_alone_as_the_asynchronous_one_is_misconfigured(name: str) -> None:
    with Stub() as stub:
        client = cast("AsyncAnthropic", Anthropic(api_key="x", base_url=stub.url))
        error = failed(COLOURS[name](anthropic_runner(async_client=client, model="m"), QUESTION).outcome)
        assert type(error) is Misconfigured
        assert stub.accepted == 0


def test_threads_that_are_first_at_the_same_time_share_a_client(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = provider.from_settings().door
    assert isinstance(door, SdkDoor)
    monkeypatch.setenv(provider.key_variable, "x")
    clients, number, quicker = door.clients, os.getpid(), list[object]()

    def looking() -> int:
        """Another thread is through with it while the first looks whose process this is."""
        monkeypatch.setattr(os, "getpid", lambda: number)
        quicker.append(clients.blocking())
        return number

    monkeypatch.setattr(os, "getpid", looking)
    assert clients.blocking() is quicker[0]


# ---------------------------------------------------------------- what an answer is


@pytest.mark.parametrize("name", ["stream", "astream"])
@pytest.mark.parametrize("kind", ["Application/JSON", "TEXT/HTML"])
def test_the_case_of_a_content_type_does_not_matter(
    provider: Provider, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [
        Raw(b'{"unexpected": true}', 200, (("content-type", it), CLOSE)) for it in (kind, kind.lower())
    ]
    with Stub(answers) as stub:
        told: list[LlmError] = []
        for _ in answers:  # a client of one's own has one loop
            runner = provider.with_clients(provider.url(stub))
            told.append(failed(COLOURS[name](runner, QUESTION).outcome))
        assert told[0] == told[1]
