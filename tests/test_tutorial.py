"""The tutorial is followed to the letter, in an empty folder: files are written, commands run, outputs compared."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.providers import CLEARED

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
PIECE = re.compile(
    r"^(?:\*\*`(?P<file>[^`]+)`\*\*\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$|^(?P<stop><!-- the stub is stopped -->)$",
    re.MULTILINE | re.DOTALL,
)
GIVEN = ("mkdir ", "python -m venv", "pip install")
"""What the test has done already."""
SERVES = "python -m llm_effects.stub"


@dataclass(frozen=True)
class File:
    name: str
    text: str


@dataclass(frozen=True)
class Command:
    line: int
    text: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Stop:
    """The stub is stopped."""


def steps(port: int = 8765) -> Iterator[File | Command | Stop]:
    page = PAGE.read_text(encoding="utf-8").replace("8765", str(port))
    for piece in PIECE.finditer(page):
        line = page.count("\n", 0, piece.start("text")) + 1
        if piece["stop"]:
            yield Stop()
        elif piece["file"]:
            yield File(piece["file"], piece["text"])
        elif piece["kind"] == "console":
            for command in re.split(r"^\$ ", piece["text"], flags=re.MULTILINE)[1:]:
                first, *shown = command.splitlines()
                yield Command(line, first, tuple(shown))


def missing(shown: tuple[str, ...], output: str) -> str | None:
    """The first piece of what is shown that the output has not, in this order; `…` is anything."""
    at = 0
    pieces: list[str] = re.split(r"…|\n", "\n".join(shown))
    for piece in filter(None, pieces):
        found = output.find(piece.strip(), at)
        if found < 0:
            return piece
        at = found + len(piece.strip())
    return None


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def serving(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as stub:
        assert stub.stdout is not None
        assert "ANTHROPIC_BASE_URL" in stub.stdout.readline()
        yield
        stub.send_signal(signal.SIGINT)
        stub.wait(10)


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    tools, folder = tmp_path / "bin", tmp_path / "headlines"
    folder.mkdir()
    tools.mkdir()
    for name, module in (("python", ""), ("pytest", "-m pytest -p no:cacheprovider")):
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    environment = {name: value for name, value in os.environ.items() if name not in {*CLEARED, "CI"}}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    environment |= {
        "PATH": f"{tools}:{environment['PATH']}",
        "COLUMNS": "100",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    stub = None
    for step in steps(free_port()):
        match step:
            case File(name, text):
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            case Stop():
                assert stub is not None
                stub.__exit__(None, None, None)
            case Command(_, text) if text.startswith(GIVEN):
                pass
            case Command(_, text) if text.startswith(SERVES):
                stub = serving(text, folder, environment)
                stub.__enter__()
            case Command(line, text, shown):
                done = subprocess.run(
                    ["bash", "-c", text],
                    cwd=folder,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                output = done.stdout + done.stderr
                lacking = missing(shown, output)
                assert lacking is None, f"tutorial.md:{line}: {text}: no {lacking!r} in\n{output}"
                fails = "failed" in "".join(shown) or "refused" in "".join(shown)
                assert (done.returncode != 0) == fails, f"tutorial.md:{line}: {text}\n{output}"
    assert (folder / "trees.jsonl.html").exists()


def test_the_tutorial_has_files_commands_and_a_server_to_stop() -> None:
    kinds = [type(step) for step in steps()]
    assert kinds.count(File) == 6
    assert kinds.count(Command) >= 15
    assert kinds.count(Stop) == 1
