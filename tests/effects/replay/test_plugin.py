"""The plugin, as a project uses it: its tests run in a pytest of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llm_effects.replay import Recording, read_cassette, write_cassette
from llm_effects.stub import Stub

if TYPE_CHECKING:
    from _pytest.pytester import RunResult

HEAD = """
import asyncio, os
import anthropic, openai, pytest
from llm_effects import anthropic_runner, arun, astream, openai_chat_runner, openai_responses_runner, run, stream
from llm_effects.replay import NotRecorded
from llm_pure import CassetteMiss, Completion, user
from returns.result import Failure, Success

def url(path=""):
    return os.environ.get("STUB", "http://api.invalid") + path

def question(word):
    return Completion([user(f"Say {word}")], model=os.environ.get("MODEL", "m-1"), max_tokens=9)

def said(outcome):
    match outcome:
        case Success(response):
            return response.text
        case Failure(error):
            pytest.fail(f"{type(error).__name__}: {error.message}", pytrace=False)
"""

PROJECT = (
    HEAD
    + """
@pytest.mark.llm_cassette
def test_bare_anthropic():
    client = anthropic.Anthropic(api_key="k", base_url=url())
    message = client.messages.create(
        model="m-1", max_tokens=9, messages=[{"role": "user", "content": "Say " + os.environ.get("WORD", "hello")}]
    )
    assert message.content[0].text

@pytest.mark.llm_cassette
def test_bare_openai_streaming():
    client = openai.OpenAI(api_key="k", base_url=url("/v1"))
    chunks = client.chat.completions.create(model="m-1", messages=[{"role": "user", "content": "Say hi"}], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

@pytest.mark.llm_cassette
async def test_with_pytest_asyncio():
    client = openai.AsyncOpenAI(api_key="k", base_url=url("/v1"))
    assert (await client.responses.create(model="m-1", input="Say yes")).output_text

@pytest.mark.anyio
@pytest.mark.llm_cassette
async def test_with_anyio(anyio_backend):
    runner = anthropic_runner(async_client=anthropic.AsyncAnthropic(api_key="k", base_url=url()))
    async with astream(runner, question("anyio")) as events:
        assert [event async for event in events]
    assert said(events.result)

@pytest.fixture
def anyio_backend():
    return "asyncio"

class TestRunners:
    @pytest.mark.llm_cassette
    @pytest.mark.parametrize("word", ["plain", "a/../../b", "ü"])
    def test_run(self, word):
        runner = openai_chat_runner(openai.OpenAI(api_key="k", base_url=url("/v1")))
        assert said(run(runner, question(word)))

    def test_the_fixture_is_a_mark(self, llm_cassette):
        runner = openai_responses_runner(openai.OpenAI(api_key="k", base_url=url("/v1")))
        for _ in range(2):
            llm_cassette.rewind()
            assert said(run(runner, question("fixture")))

@pytest.mark.llm_cassette("named")
def test_named():
    with stream(anthropic_runner(anthropic.Anthropic(api_key="k", base_url=url())), question("named")) as events:
        assert list(events)
    assert said(events.result)

@pytest.mark.llm_cassette
def test_that_asks_nothing():
    pass

def test_that_is_not_marked():
    pass
"""
)
FILES = [
    "TestRunners.test_run[a-..-..-b]-*.yaml",
    "TestRunners.test_run[plain].yaml",
    "TestRunners.test_run[*]-*.yaml",
    "TestRunners.test_the_fixture_is_a_mark.yaml",
    "named.yaml",
    "test_bare_anthropic.yaml",
    "test_bare_openai_streaming.yaml",
    "test_with_anyio.yaml",
    "test_with_pytest_asyncio.yaml",
]


class Project:
    """A folder with tests, and pytest in it."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.monkeypatch = monkeypatch
        monkeypatch.delenv("CI", raising=False)
        pytester.makeini(
            "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nstrict = true\n"
        )

    @property
    def cassettes(self) -> Path:
        return self.pytester.path / "cassettes" / "test_project"

    def write(self, source: str) -> None:
        self.pytester.makepyfile(test_project=source)

    def pytest(self, *arguments: str, stub: Stub | None = None, **variables: str) -> RunResult:
        with self.monkeypatch.context() as patch:
            for name, value in {**variables, **({"STUB": stub.url} if stub is not None else {})}.items():
                patch.setenv(name, value)
            return self.pytester.runpytest_subprocess("-p", "no:randomly", *arguments)

    def record(self, *arguments: str, **variables: str) -> RunResult:
        """Record against a stub, which is stopped afterwards."""
        with Stub() as stub:
            return self.pytest("--llm-record=once", *arguments, stub=stub, **variables)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(pytester, monkeypatch)


def output(result: RunResult) -> str:
    return result.stdout.str() + result.stderr.str()


# ---------------------------------------------------------------- record, play, change a word


@pytest.mark.slow
def test_a_project_records_once_and_plays_anywhere(project: Project) -> None:
    project.write(PROJECT)
    project.record().assert_outcomes(passed=11)
    found = sorted(project.cassettes.iterdir())
    assert len(found) == len(FILES)
    for path in found:
        assert any(path.match(pattern.replace("[", "[[]")) for pattern in FILES), path
        assert read_cassette(path).header is not None

    project.pytest(CI="true").assert_outcomes(passed=11)  # the stub is gone
    project.pytest("-n", "2").assert_outcomes(passed=11)
    assert sorted(project.cassettes.iterdir()) == found

    changed = project.pytest(WORD="goodbye", MODEL="m-2")
    changed.assert_outcomes(passed=4, failed=7)
    told = output(changed)
    for line in ('-      "content": "Say hello",', '+      "content": "Say goodbye",', '-  "model": "m-1",'):
        assert line in told
    assert "--llm-record=all" in told
    assert "Retrying" not in told
    assert "Connection error" not in told


@pytest.mark.slow
def test_a_run_without_marks_imports_neither_an_sdk_nor_vcrpy(project: Project) -> None:
    project.write(
        "import sys\n"
        "def test_light():\n"
        "    heavy = {'anthropic', 'openai', 'httpx2', 'vcr', 'yaml', 'llm_pure', 'pydantic_core'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    # Other plugins import what they like.
    project.pytest("-p", "no:anyio", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


# ---------------------------------------------------------------- what fails a test

STRICT = (
    HEAD
    + """
CLIENT = openai.OpenAI(api_key="k", base_url=url("/v1"))
RUNNER = openai_chat_runner(CLIENT)

@pytest.mark.llm_cassette
def test_fewer():
    for word in ("one", "two", "three")[: int(os.environ.get("TIMES", "3"))]:
        run(RUNNER, question(word))

@pytest.mark.llm_cassette
def test_swallowed():
    outcome = run(RUNNER, question(os.environ.get("WORD", "hello")))  # and nobody looks

@pytest.mark.llm_cassette(strict=False)
def test_not_strict():
    for word in ("one", "two")[: int(os.environ.get("TIMES", "2"))]:
        run(RUNNER, question(word))
    if "WORD" in os.environ:
        assert isinstance(run(RUNNER, question("else")).failure(), CassetteMiss)

@pytest.mark.llm_cassette
def test_bare():
    try:
        CLIENT.responses.create(model="m-1", input=os.environ.get("WORD", "hello"))
    except Exception:
        pass  # as a program does that goes on without an answer

@pytest.mark.llm_cassette
def test_fails_itself():
    run(RUNNER, question("self"))
    assert "WORD" in os.environ, "of its own"
"""
)


@pytest.mark.slow
def test_a_test_fails_if_it_asks_more_less_or_something_else_than_was_recorded(project: Project) -> None:
    project.write(STRICT)
    recorded = project.record()
    recorded.assert_outcomes(passed=4, failed=1)
    assert "is not written: the test failed" in output(recorded)
    assert not (project.cassettes / "test_fails_itself.yaml").exists()
    assert "cassettes recorded" in output(recorded)

    result = project.pytest("-k", "not itself", TIMES="1", WORD="goodbye")
    result.assert_outcomes(passed=3, failed=1, errors=2)
    told = output(result)
    assert "2 recorded interactions were not asked for" in told
    assert "the test passed, but asked what was not recorded" in told
    assert "NotRecorded" in told  # no `except Exception` hides it


EVIL = """
import pytest

@pytest.mark.llm_cassette("../evil")
def test_evil():
    pass

@pytest.mark.llm_cassette("x", tempo=3)
def test_unknown():
    pass

@pytest.mark.llm_cassette("cut")
def test_cut():
    pass
"""


@pytest.mark.slow
def test_a_bad_mark_and_a_bad_file_fail_a_test_before_it_begins(project: Project) -> None:
    project.write(EVIL)
    project.cassettes.mkdir(parents=True)
    (project.cassettes / "cut.yaml").write_text("version: 1\ninteractions:\n- request: {method: PO")
    for mode in ("none", "once"):
        result = project.pytest(f"--llm-record={mode}")
        result.assert_outcomes(errors=3)
        told = output(result)
        for reason in (
            "'../evil' is no name for a cassette",
            "unexpected keyword argument 'tempo'",
            "cut.yaml: ",
        ):
            assert reason in told
    assert [path.name for path in project.pytester.path.rglob("*.yaml")] == ["cut.yaml"]


# ---------------------------------------------------------------- options

ONE = (
    HEAD
    + """
@pytest.mark.llm_cassette
def test_one():
    runner = openai_chat_runner(openai.OpenAI(api_key="k", base_url=url("/v1")))
    assert said(run(runner, question("hello")))
    if "HOST" in os.environ:
        import socket
        socket.create_connection((os.environ["HOST"], 9), timeout=0.01)
"""
)


@pytest.mark.slow
def test_what_makes_no_sense_is_refused_before_a_test_runs(project: Project) -> None:
    project.write(ONE)
    for arguments, ci, reason in (
        (["--llm-record=once"], "true", "refused where CI is set"),
        (["--llm-record=all", "--llm-live"], "", "--llm-live records nothing"),
    ):
        result = project.pytest(*arguments, CI=ci)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert reason in output(result)
    project.pytester.makeini("[pytest]\nllm_max_age = a month")
    assert "llm_max_age is a number of days, not 'a month'" in output(project.pytest())
    project.pytester.makeini("[pytest]")
    with Stub(["live"]) as stub:
        project.pytest("--llm-live", stub=stub).assert_outcomes(passed=1)
        assert stub.left == 0
    assert not project.cassettes.exists()


@pytest.mark.slow
def test_settings_of_a_project_are_heard(project: Project) -> None:
    project.write(ONE)
    settings = [
        "llm_note = of a stub",
        "llm_scrub = hel+o",
        "llm_max_age = 30",
        "llm_passthrough = 192.0.2.1:9",
    ]
    project.pytester.makeini("\n".join(["[pytest]", *settings]))
    project.record().assert_outcomes(passed=1)
    path = project.cassettes / "test_one.yaml"
    assert "hello" not in path.read_text()
    recording = read_cassette(path)
    assert recording.header is not None
    assert recording.header.note == "of a stub"

    assert "the network is blocked" in output(project.pytest(HOST="192.0.2.2"))
    clean = output(project.pytest("--llm-lint", HOST="192.0.2.1"))
    assert "the network is blocked" not in clean
    assert "old: recorded" not in clean
    assert "unused" not in clean
    write_cassette(path, Recording(recording.interactions, replace(recording.header, recorded="2020-01-01")))
    (project.cassettes / "test_gone.yaml").write_bytes(path.read_bytes())
    result = project.pytest("--llm-lint", "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "old: recorded" in output(result)
    assert "unused: no test has opened it" in output(result)


@pytest.mark.slow
def test_a_prompt_that_a_project_does_not_list_is_not_written(project: Project) -> None:
    project.write(ONE)
    project.pytester.makeini("[pytest]\nllm_prompts =\n  Say goodbye\n  Say nothing")
    refused = project.record()
    refused.assert_outcomes(passed=1, errors=1)
    assert "1 prompts are not on the list" in output(refused)
    assert not project.cassettes.exists()
    project.pytester.makeini("[pytest]\nllm_prompts = Say (hello|goodbye)")
    project.record().assert_outcomes(passed=1)


# ---------------------------------------------------------------- many at once

MANY = (
    HEAD
    + """
from concurrent.futures import ThreadPoolExecutor

QUESTIONS = [question("the same") if number % 2 else question(number) for number in range(500)]

@pytest.mark.llm_cassette("many")
@pytest.mark.parametrize("time", range(int(os.environ.get("TIMES", "1"))))
def test_many(time):
    blocking = openai_chat_runner(openai.OpenAI(api_key="k", base_url=url("/v1")))
    runner = anthropic_runner(async_client=anthropic.AsyncAnthropic(api_key="k", base_url=url()))

    async def tasks():
        return await asyncio.gather(*(arun(runner, it) for it in QUESTIONS[:250]))

    with ThreadPoolExecutor(32) as pool:
        threads = pool.map(lambda it: run(blocking, it), QUESTIONS[250:])
        told([*asyncio.run(tasks()), *threads], "many")

def told(outcomes, name):
    texts = [said(outcome) for outcome in outcomes]
    ids = sorted(outcome.unwrap().id for outcome in outcomes)
    assert len(set(ids)) == 500
    found = repr((texts, ids))
    path = os.path.join(os.environ["FOUND"], name)
    if not os.path.exists(path):
        open(path, "w").write(found)
    assert open(path).read() == found
"""
)


@pytest.mark.slow
def test_500_concurrent_calls_recorded_once_play_the_same_20_times_under_xdist(
    project: Project, tmp_path: Path
) -> None:
    project.write(MANY)
    found = str(tmp_path)
    project.record(FOUND=found).assert_outcomes(passed=1)
    assert len(read_cassette(project.cassettes / "many.yaml").interactions) == 500
    project.pytest("-n", "4", TIMES="20", FOUND=found).assert_outcomes(passed=20)
