"""What users install: the built wheel in a new environment, a new project, five lines of test, recorded and played."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from llm_effects.stub import Stub

ROOT = Path(__file__).parents[1]

TESTS = """
import asyncio, os
import anthropic, openai, pytest
from llm_effects import anthropic_runner, arun, astream, openai_chat_runner, openai_responses_runner, run, stream
from llm_pure import Completion, user

URL = os.environ.get("STUB", "http://api.invalid")
HELLO = Completion([user("Say hello")], model="some-model", max_tokens=9)
SAY = [{"role": "user", "content": "Say hello"}]


@pytest.mark.llm_cassette
def test_anthropic():
    client = anthropic.Anthropic(api_key="k", base_url=URL)
    said = client.messages.create(model="some-model", max_tokens=9, messages=SAY)
    assert said.content[0].text


@pytest.mark.llm_cassette
def test_anthropic_async():
    client = anthropic.AsyncAnthropic(api_key="k", base_url=URL)
    said = asyncio.run(client.messages.create(model="some-model", max_tokens=9, messages=SAY))
    assert said.content[0].text


@pytest.mark.llm_cassette
def test_openai():
    client = openai.OpenAI(api_key="k", base_url=f"{URL}/v1")
    said = client.chat.completions.create(model="some-model", messages=SAY)
    assert said.choices[0].message.content


@pytest.mark.llm_cassette
def test_openai_async():
    client = openai.AsyncOpenAI(api_key="k", base_url=f"{URL}/v1")
    said = asyncio.run(client.responses.create(model="some-model", input="Say hello"))
    assert said.output_text


@pytest.mark.llm_cassette
def test_run():
    runner = anthropic_runner(anthropic.Anthropic(api_key="k", base_url=URL))
    outcome = run(runner, HELLO)
    assert outcome.unwrap().text


@pytest.mark.llm_cassette
def test_arun():
    runner = openai_chat_runner(async_client=openai.AsyncOpenAI(api_key="k", base_url=f"{URL}/v1"))
    outcome = asyncio.run(arun(runner, HELLO))
    assert outcome.unwrap().text


@pytest.mark.llm_cassette
def test_stream():
    runner = openai_responses_runner(openai.OpenAI(api_key="k", base_url=f"{URL}/v1"))
    with stream(runner, HELLO) as events:
        assert len(list(events)) > 2
    assert events.result.unwrap().text


@pytest.mark.llm_cassette
def test_astream():
    async def ask():
        runner = anthropic_runner(async_client=anthropic.AsyncAnthropic(api_key="k", base_url=URL))
        async with astream(runner, HELLO) as events:
            assert len([event async for event in events]) > 2
        return events.result
    assert asyncio.run(ask()).unwrap().text


def test_it_is_the_wheel_that_is_tested():
    import llm_effects, llm_pure, sys
    for package in (llm_effects, llm_pure):
        assert package.__file__.startswith(sys.prefix)
"""

BLOCKED = """
import socket


def refused(*_):
    raise AssertionError("a socket was used")


socket.socket.connect = socket.socket.connect_ex = refused
"""


def environment(folder: Path) -> Path:
    """A new environment with the built wheel in it, and what it needs from the one that runs this."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = Path(told(python, "import sysconfig; print(sysconfig.get_paths()['purelib'])"))
    # Nothing is downloaded: the packages are those of the lock. The project's own folder is on no path.
    (site / "locked.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    uv = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", str(python)]
    subprocess.run([*uv, str(wheel)], check=True, capture_output=True)
    return python


def told(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def outcome(python: Path, project: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI"))}
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(
        command, cwd=project, env={**own, **variables}, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.slow
def test_a_new_project_with_the_wheel_records_once_plays_offline_and_notices_a_changed_word(
    tmp_path: Path,
) -> None:
    python = environment(tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_it.py").write_text(TESTS)

    with Stub() as stub:
        assert outcome(python, project, "--llm-record=once", STUB=stub.url)[0] == 0
    assert len(list((project / "cassettes" / "test_it").glob("*.yaml"))) == 8

    (project / "conftest.py").write_text(BLOCKED)
    status, output = outcome(python, project)
    assert (status, "9 passed" in output) == (0, True), output

    (project / "test_it.py").write_text(TESTS.replace("Say hello", "Say goodbye"))
    status, output = outcome(python, project, "--tb=long")
    assert (status, "8 failed, 1 passed" in output) == (1, True), output
    assert output.count("Say hello") >= 8
    assert output.count("Say goodbye") >= 8
    assert output.count("--llm-record=all") >= 8
    assert "a socket was used" not in output
