"""What the pages show is run as it stands there: every block of Python, in order, against a stub, without a network."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import mypy.api
import pytest

from llm_effects.stub import Stub
from tests.providers import CLEARED, PROVIDERS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    path for folder in ("docs", "benchmarks", "examples") for path in (ROOT / folder).glob("*.md")
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, kind: str) -> list[tuple[int, str]]:
    """The blocks of one kind, with the lines at which they begin."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, match.start(2)), match[2]) for match in BLOCK.finditer(text) if match[1] == kind
    ]


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def execute(page: Path) -> None:
    """All blocks of a page in one namespace; tracebacks and failed assertions show the page and the line."""
    module = ModuleType("__main__")
    for line, code in blocks(page, "python"):
        source = "\n" * line + code
        program = compile(source, str(page), "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if program.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(program, vars(module)))
        else:
            exec(program, vars(module))


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path], list[str]]:
    """Run a page where a stub answers and nothing stays of what is written; what it prints."""

    def run(page: Path) -> list[str]:
        monkeypatch.chdir(tmp_path)
        for name in CLEARED:
            monkeypatch.delenv(name, raising=False)
        with Stub() as stub:
            for provider in PROVIDERS:
                for name, value in provider.settings(stub).items():
                    monkeypatch.setenv(name, value)
            execute(page)
        return capsys.readouterr().out.splitlines()

    return run


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=ids)
def test_every_python_block_runs_and_prints_the_paths_that_it_shows(
    page: Path, printed: Callable[[Path], list[str]]
) -> None:
    lines = printed(page)
    code = "".join(code for _, code in blocks(page, "python"))
    assert [
        path for path in re.findall(r"^print\(.*# (\$\S+)$", code, re.MULTILINE) if path not in lines
    ] == []


@pytest.mark.slow
def test_every_page_is_typed_strictly(tmp_path: Path) -> None:
    for page in PAGES:
        source = ""
        for line, code in blocks(page, "python"):
            source += "\n" * (line - source.count("\n")) + code
        (tmp_path / f"{page.stem.replace('-', '_')}.py").write_text(source, encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "pages"
    told, trouble, status = mypy.api.run(
        ["--strict", "--config-file=", f"--cache-dir={cache}", *map(str, sorted(tmp_path.iterdir()))]
    )
    assert (status, trouble) == (0, ""), told


def test_the_first_block_of_the_readme_gets_an_answer(printed: Callable[[Path], list[str]]) -> None:
    assert printed(ROOT / "README.md")[0].startswith("You said: Write a haiku about total functions.")


def commands(page: Path) -> list[str]:
    lines = [
        line
        for kind in ("console", "bash", "sh")
        for _, code in blocks(page, kind)
        for line in code.splitlines()
    ]
    return [line.removeprefix("$ ").partition("#")[0].strip() for line in lines if line.strip()]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_make_command_that_is_shown_exists(page: Path) -> None:
    shown = [found for line in commands(page) for found in re.findall(r"\bmake(?: \w+=\S+)* ([a-z]+)", line)]
    inline = re.findall(r"`make ([a-z]+)`", page.read_text(encoding="utf-8"))
    assert set(shown) | set(inline) <= targets()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_module_and_file_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", BLOCK.sub("", text))
    assert [link for link in links if not (page.parent / link).exists()] == []
    modules = sorted(set(re.findall(r"`(?:python -m )?(llm_(?:pure|effects)(?:\.[a-z_]+)*)`", text)))
    assert [name for name in modules if find_spec(name) is None] == []


@pytest.mark.slow
def test_the_test_that_the_readme_shows_is_recorded_and_played_as_it_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((_, code),) = blocks(ROOT / "README.md", "py")
    ((_, shown),) = [it for it in blocks(ROOT / "README.md", "console") if "--llm-record" in it[1]]
    record, lint, show = [line.partition("#")[0].removeprefix("$ ").split() for line in shown.splitlines()]
    head = blocks(ROOT / "README.md", "python")[0][1].partition("\nmatch ")[0]
    pytester.makepyfile(test_haiku=f"import pytest\nfrom llm_effects import run\n{head}\n{code}")
    monkeypatch.delenv("CI", raising=False)
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    with Stub(["An old silent pond\nA frog jumps into the pond\nSplash! Silence again"]) as stub:
        for name, value in PROVIDERS[0].settings(stub).items():
            monkeypatch.setenv(name, value)
        pytester.runpytest_subprocess(*record[1:]).assert_outcomes(passed=1)
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    for command in (lint, show):
        done = pytester.run(sys.executable, *command[1:])
        assert done.ret == 0, (command, done.outlines, done.errlines)


def test_the_readme_shows_something_to_run() -> None:
    assert len(blocks(ROOT / "README.md", "python")) > 3
    assert {"make demo", "make test"} <= set(commands(ROOT / "README.md"))
