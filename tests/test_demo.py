"""The demo, as whoever tries the library sees it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_demo_shows_every_step_and_what_a_move_to_another_provider_loses() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.findall(r"^(\d)\.", ran.stdout, re.MULTILINE) == ["1", "2", "3", "4", "5", "6"]
    moved = ran.stdout[ran.stdout.index("\n6.") :].splitlines()
    lost = [line.split()[0] for line in moved if line.lstrip().startswith("$")]
    assert lost == ["$.reasoning", "$.messages[1].content[0]", "$.messages[2].content[0].content[1]"]
    assert moved[-1].strip().startswith("openai answers: ")
