"""The stub for other programs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.effects.stub.asking import HEADERS, MESSAGES


@contextmanager
def program(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The program and the base URL that it prints."""
    child = subprocess.Popen(
        [sys.executable, "-m", "llm_effects.stub", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    with child.stdout:
        try:
            first, second = child.stdout.readline().strip(), child.stdout.readline().strip()
            url = first.removeprefix("ANTHROPIC_BASE_URL=")
            assert second == f"OPENAI_BASE_URL={url}/v1"
            yield child, url
        finally:
            child.send_signal(signal.SIGINT)
            assert child.wait(5) == 0


def posted(url: str, **changes: object) -> tuple[int, str]:
    import http.client

    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", "/v1/messages", json.dumps({**MESSAGES, **changes}), HEADERS)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_it_echoes_and_tells_what_it_did() -> None:
    with program() as (child, url):
        status, body = posted(url, stream=True)
        assert (status, "whales" in body) == (200, True)
        assert posted(url, max_tokens=None)[0] == 400
        assert child.stdout is not None
        assert child.stdout.readline() == "POST /v1/messages (stream) -> Response\n"
        assert child.stdout.readline() == "POST /v1/messages -> refused\n"


def test_it_plays_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('["one", {"error": "RateLimited", "delay": 0.01}]')
    with program("--script", str(script)) as (_, url):
        assert [posted(url)[0] for _ in range(3)] == [200, 429, 400]
    with program("--script", str(script), "--loop") as (_, url):
        assert [posted(url)[0] for _ in range(4)] == [200, 429, 200, 429]


def test_the_demo() -> None:
    with program("--demo", "--lenient") as (_, url):
        assert [posted(url)[0] for _ in range(3)] == [429, 200, 529]


@pytest.mark.parametrize("content", ["[1]", None])
def test_a_script_that_is_not_understood(tmp_path: Path, content: str | None) -> None:
    script = tmp_path / "script.json"
    if content is not None:
        script.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "llm_effects.stub", "--script", str(script)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 2
    assert str(script) in done.stdout
