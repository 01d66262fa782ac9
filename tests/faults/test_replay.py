"""V: recordings, as time, people and other programs treat them."""

from __future__ import annotations

import socket
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_effects import compose, run, with_retry
from llm_effects.notes import Attempted, GaveUp
from llm_effects.providers.leaf import Leaf
from llm_effects.replay import (
    BadCassette,
    BadName,
    Header,
    Leak,
    NotRecorded,
    Recording,
    cassette,
    read_cassette,
    scripted,
    write_cassette,
)
from llm_effects.replay.files import text_of
from llm_effects.replay.names import cassette_path, file_name
from llm_effects.stub import Stub
from llm_pure import CassetteMiss, Completion, RetryPolicy, user
from tests.effects.scripted import COLOURS, answer, failed
from tests.providers import ANTHROPIC, Provider
from tests.sdk.served import text

HELLO = Completion([user("Say hello")], max_tokens=100)
CLOSE = (("connection", "close"),)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.yaml"


def nowhere(provider: Provider, key: str = "test") -> Leaf:
    """A runner to an address at which nobody answers."""
    return provider.with_clients("https://api.invalid" + ("" if provider is ANTHROPIC else "/v1"), key=key)


def recorded(file: Path, provider: Provider, *texts: str) -> None:
    """A cassette in which each of these answers the same question."""
    said = [scripted(nowhere(provider).target, HELLO, answer(it, wire=provider.wire)) for it in texts]
    write_cassette(file, Recording(tuple(it.unwrap() for it in said), HEADER))


HEADER = Header(1, "2026-11-25")


@pytest.mark.parametrize("colour", COLOURS)
def test_V1_without_a_cassette_a_run_fails_at_once_and_says_what_to_do(
    provider: Provider, colour: str, file: Path
) -> None:
    runner = compose(nowhere(provider), with_retry(RetryPolicy()))
    with cassette(file):
        told = COLOURS[colour](runner, HELLO)
    error = failed(told.outcome)
    assert isinstance(error, CassetteMiss)
    assert error.file == str(file)
    assert f"there is no cassette {file}" in error.message
    assert "To record it: open it with mode='all'" in error.message
    assert [type(note) for note in told.notes] == [Attempted, GaveUp]  # once, and not again


def test_V1_nor_does_a_bare_client_speak_of_a_connection_error(file: Path) -> None:
    began = time.monotonic()
    with cassette(file):
        for ask in (
            lambda: anthropic.Anthropic(api_key="k").messages.create(
                model="m", max_tokens=1, messages=[{"role": "user", "content": "Hi"}]
            ),
            lambda: openai.OpenAI(api_key="k").responses.create(model="m", input="Hi"),
        ):
            with pytest.raises(NotRecorded, match="there is no cassette"):
                ask()
    assert time.monotonic() - began < 3


def test_V2_another_prompt_or_model_never_gets_the_old_answer(provider: Provider, file: Path) -> None:
    recorded(file, provider, "Hello")
    runner = nowhere(provider)
    for changed, line in (
        (Completion([user("Say goodbye")], max_tokens=100), "Say goodbye"),
        (HELLO.replace(model="another"), "another"),
        (HELLO.replace(max_tokens=101), "101"),
        (HELLO.replace(system="Be brief"), "Be brief"),
        (HELLO.add_messages(user("And?")), "And?"),
    ):
        with cassette(file):
            error = failed(run(runner, changed))
        assert isinstance(error, CassetteMiss)
        assert any(it.startswith("+") and line in it for it in error.message.splitlines())
    with cassette(file):
        assert text(run(runner, HELLO)) == "Hello"


KEY, COOKIE, ORGANISATION = (
    "sk-ant-api03-CanaryCanaryCanary",
    "canary-cookie-0123456789",
    "org-CanaryCanaryCanary",
)


def test_V3_neither_key_nor_cookie_nor_organisation_is_written(provider: Provider, file: Path) -> None:
    told = (("set-cookie", f"session={COOKIE}"), ("openai-organization", ORGANISATION), *CLOSE)
    said = f"{KEY} {COOKIE} {ORGANISATION} ann@mines.example.org"
    with Stub([said], headers=told) as stub, cassette(file, "once"):
        assert (
            text(run(provider.with_clients(provider.url(stub), key=KEY), HELLO)) == said
        )  # it is not changed
    written = file.read_text()
    assert [it for it in (KEY, COOKIE, ORGANISATION, "mines") if it in written] == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_V3_a_scan_fails_what_was_not_scrubbed(file: Path) -> None:
    from urllib.parse import quote

    secret = "canary/secret+with/no/shape"

    def record() -> None:
        with Stub([f"see {quote(secret, safe='')}"], headers=CLOSE) as stub, cassette(file, "once"):
            run(ANTHROPIC.with_clients(stub.url, key=secret), HELLO)

    with pytest.raises(Leak, match="would hold a secret in"):
        record()
    assert not file.exists()


def test_V4_a_prompt_that_is_not_on_the_list_is_not_written(provider: Provider, file: Path) -> None:
    allowed = ["Say \\w+", "Be .*"]

    def record(asked: Completion) -> None:
        with Stub(headers=CLOSE) as stub, cassette(file, "all", prompts=allowed):
            run(provider.with_clients(provider.url(stub)), asked)

    for private in (HELLO.add_messages(user("My name is Canary")), HELLO.replace(system="You know Canary")):
        with pytest.raises(Leak, match="1 prompts are not on the list") as refused:
            record(private)
        assert "Canary" not in str(refused.value)
        assert not file.exists()
    record(HELLO.replace(system="Be brief"))
    assert file.exists()


def test_V5_eight_writers_leave_a_whole_file_and_nothing_else(file: Path) -> None:
    recorded(file, ANTHROPIC, "x")
    whole = read_cassette(file)
    ended = threading.Event()

    def write(number: int) -> None:
        for _ in range(15):
            write_cassette(file, Recording(whole.interactions * number, HEADER))

    def read() -> int:
        seen = 0
        while not ended.is_set():
            assert 1 <= len(read_cassette(file).interactions) <= 8
            seen += 1
        return seen

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read)
        for writer in [pool.submit(write, number) for number in range(1, 9)]:
            writer.result()
        ended.set()
        assert reader.result() > 0
    assert list(file.parent.iterdir()) == [file]


def test_V5_each_test_has_a_file_of_its_own() -> None:
    names = [
        "test_a",
        "test_a[1]",
        "test_a[1.0]",
        "TestX.test_a",
        "test_a[a/b]",
        "test_a[a-b]",
        "test_a[a:b]",
    ]
    assert len({cassette_path(Path("t/test_m.py"), file_name(name)) for name in names}) == len(names)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True), st.binary(max_size=3))
def test_V6_a_cut_or_edited_file_is_refused_by_name(cut: float, place: float, other: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        recorded(file, ANTHROPIC, "Hello")
        whole = file.read_bytes()
        file.write_bytes(whole[: int(cut * (len(whole) - 4))])
        with pytest.raises(BadCassette, match=r"x\.yaml: "), cassette(file):
            pass
        at = int(place * len(whole))
        file.write_bytes(whole[:at] + other + whole[at + 1 :])
        # An edit that leaves a cassette is one, and what it says comes.
        with suppress(BadCassette), cassette(file):
            assert isinstance(run(ANYWHERE, HELLO), Success | Failure)


ANYWHERE = nowhere(ANTHROPIC)


def test_V7_the_same_request_gets_its_answers_in_order_and_one_more_is_a_miss(
    provider: Provider, file: Path
) -> None:
    recorded(file, provider, "one", "two", "three")
    runner = nowhere(provider)
    with cassette(file):
        assert [text(run(runner, HELLO)) for _ in range(3)] == ["one", "two", "three"]
        error = failed(run(runner, HELLO))
    assert isinstance(error, CassetteMiss)
    assert "recorded 3 times" in error.message


@pytest.mark.parametrize(
    "evil",
    [
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{place}]]",
        "!!python/object/new:os.system [touch {place}]",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!timestamp [{place}]",
    ],
)
def test_V8_no_file_makes_an_object(evil: str, file: Path, tmp_path: Path) -> None:
    place = tmp_path / "touched"
    file.write_text(f"version: 1\ninteractions:\n- request: {evil.format(place=place)}\n")
    with pytest.raises(BadCassette, match=r"the tag .* is refused"):
        read_cassette(file)
    assert not place.exists()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_V9_no_name_leaves_its_folder(name: str) -> None:
    folder = Path("/project/cassettes/test_m")
    for tried in (name, f"../{name}", f"{name}/../../x", f"/{name}"):
        try:
            path = cassette_path(Path("/project/test_m.py"), tried)
        except BadName:
            continue
        assert path.parent == folder
        assert path.resolve().parent == folder
    with pytest.raises(BadName):
        cassette_path(Path("/project/test_m.py"), f"../{name}")


@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_V10_nothing_is_recorded_where_ci_is_set(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.UsageError, match="refused where CI is set"):
        pytester.parseconfigure(f"--llm-record={mode}")
    monkeypatch.setenv("CI", "")
    pytester.parseconfigure(f"--llm-record={mode}")


@pytest.mark.parametrize("colour", COLOURS)
def test_V11_headers_and_compression_of_another_sdk_do_not_matter(
    provider: Provider, colour: str, file: Path
) -> None:
    """A recording without any header, and a client that sends others and wants other compressions."""
    with Stub(["Hello"], gzip=True, headers=CLOSE) as stub, cassette(file, "once"):
        first = COLOURS[colour](provider.with_clients(provider.url(stub)), HELLO).outcome
    was = read_cassette(file).interactions[0]
    assert was.answer is not None
    assert was.answer.header("content-encoding") == ""
    bare = replace(was, request=replace(was.request, headers=()))
    write_cassette(file, Recording((bare,), HEADER))
    with cassette(file):
        runner = nowhere(provider, key="another")
        assert COLOURS[colour](runner, HELLO).outcome == first


LEFTOVER = """
import pytest

@pytest.mark.llm_cassette
def test_asks_nothing():
    pass
"""


def test_V12_what_was_recorded_and_is_not_asked_for_is_a_fault(
    pytester: pytest.Pytester, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    recorded(file, ANTHROPIC, "one", "two")
    path = pytester.path / "cassettes" / "test_leftover" / "test_asks_nothing.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text_of(read_cassette(file)))
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(test_leftover=LEFTOVER)
    result = pytester.runpytest_inprocess("-p", "no:random_order", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*2 recorded interactions were not asked for in *test_asks_nothing.yaml*"])
    result.stdout.fnmatch_lines(["To record anew: pytest *test_asks_nothing --llm-record=all"])


def test_V12_what_is_left_is_known_and_the_network_is_as_it_was(file: Path) -> None:
    recorded(file, ANTHROPIC, "one")
    with cassette(file) as played:
        assert len(played.unplayed) == 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
