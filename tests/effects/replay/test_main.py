"""`python -m llm_effects.replay`: commands, and what is said of others."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from llm_effects.replay.__main__ import COMMANDS, main


def test_every_command_is_a_module_with_a_main() -> None:
    for module, _ in COMMANDS.values():
        assert callable(import_module(module).main)


def test_every_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"python -m llm_effects.replay {name}" in capsys.readouterr().out


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:2] == "  "} == set(
        COMMANDS
    )


@pytest.mark.parametrize("arguments", [[], ["dance"]])
def test_what_is_no_command_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.slow
def test_it_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "llm_effects.replay", "lint", "nowhere/"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.count("unreadable")) == (1, 1)


def test_importing_the_package_loads_neither_an_sdk_nor_vcrpy() -> None:
    heavy = ("anthropic", "openai", "httpx2", "vcr", "yaml", "pytest", "asyncio")
    program = f"import sys, llm_effects.replay as r; dir(r); print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
