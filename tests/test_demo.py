"""The demo, as whoever tries the library sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from llm_effects.stub import Stub
from llm_pure import BadRequest
from tests.providers import CLEARED, PROVIDERS, Provider

ROOT = Path(__file__).parents[1]


def demo(
    *options: str, settings: Mapping[str, str] | None = None
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The demo, run; and what it says step by step."""
    environment = {name: value for name, value in os.environ.items() if name not in CLEARED}
    ran = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py", *options],
        env={**environment, **(settings or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ran, re.split(r"^(?=\d\. )", ran.stdout, flags=re.MULTILINE)[1:]


def notes(step: str) -> list[str]:
    """What was decided on the way, without the time that it took."""
    return [
        re.sub(r" in \d.*", "", line.strip().removeprefix(". "))
        for line in step.splitlines()
        if line.lstrip().startswith(". ")
    ]


ASKED = "asked anthropic for claude-haiku-4-5"
CONTINUED = "cut off: continued by prefill, round 1"


@pytest.mark.slow
def test_the_demo_shows_every_step_and_what_a_move_to_another_provider_loses() -> None:
    ran, steps = demo()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [step[0] for step in steps] == ["1", "2", "3", "4", "5", "6"]
    first, again, streamed, called, refused, moved = steps
    assert notes(first) == [ASKED, "Overloaded: attempt 2", ASKED, CONTINUED, ASKED, "stored"]
    assert notes(again) == ["found in the store"]
    assert notes(streamed) == [f"{ASKED}, streaming", CONTINUED, f"{ASKED}, streaming"]
    said = ["Every input heard,", "no exception leaves the room:", "a value comes home."]
    for step in (first, again, streamed):
        lines = [line.strip() for line in step.replace("|", "").splitlines()]
        assert [line for line in lines if line in said] == said
    assert "    GetWeather(city='Lisbon', days=3)\n" in called
    assert "BadRequest: not tried again (not_retryable)" in notes(refused)
    assert "    the provider says no: model: no-such-model\n" in refused
    lost = [line.split()[0] for line in moved.splitlines() if line.lstrip().startswith("$")]
    assert lost == ["$.reasoning", "$.messages[1].content[0]", "$.messages[2].content[0].content[1]"]
    assert moved.splitlines()[-1].strip().startswith("openai answers: ")


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS[:2], ids=lambda provider: provider.name)
def test_with_a_key_the_demo_does_the_same_with_the_provider_itself(provider: Provider) -> None:
    no = BadRequest(message="no such model", status=404, type="not_found_error")
    with Stub(["A haiku.", "A haiku.", "It may rain.", no]) as stub:
        ran, steps = demo("--live", settings=provider.settings(stub))
    assert (ran.returncode, ran.stderr) == (0, "")
    asked = f"asked {provider.name} for {provider.model}"
    assert [notes(step) for step in steps] == [
        [asked, "stored"],
        ["found in the store"],
        [f"{asked}, streaming"],
        [asked, "stored"],
        [f"asked {provider.name} for no-such-model", "BadRequest: not tried again (not_retryable)"],
    ]


@pytest.mark.slow
def test_without_a_key_it_says_which_it_wants() -> None:
    ran, steps = demo("--live")
    assert (ran.returncode, steps) == (1, [])
    assert ran.stderr == "--live needs ANTHROPIC_API_KEY or OPENAI_API_KEY\n"
