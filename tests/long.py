"""`python -m tests.long [-j N] [file ...]`: every law on 20,000 examples, N files at once, one line for each.

Law: it fails exactly if a law does. What a law found is printed below its file's line, with the example to add.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent


def files() -> list[Path]:
    """The files that hold laws."""
    return [
        path
        for path in sorted(TESTS.rglob("test_*.py"))
        if re.search(r"^\s*@given\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of the laws of one file."""

    path: Path
    seconds: float
    held: bool
    output: str

    def told(self) -> str:
        counted = re.search(r"^.*\d+ (?:passed|failed|skipped|error).*(?= in )", self.output, re.MULTILINE)
        said = counted[0] if counted else "pytest came to no count"
        line = f"{clock(self.seconds)}  {self.path.relative_to(TESTS.parent)}: {said}"
        return line if self.held else f"{line}\n{self.output}"


def tried(path: Path) -> Tried:
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis", "-p", "no:cacheprovider", str(path)],
        cwd=TESTS.parent,
        env={**os.environ, "HYPOTHESIS_PROFILE": "long"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Tried(path, time.monotonic() - start, done.returncode == 0, done.stdout)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.long")
    parser.add_argument("-j", type=int, default=1, metavar="N", dest="jobs", help="how many files at once")
    parser.add_argument("file", nargs="*", type=Path, help="files of laws; without one, all")
    asked = parser.parse_args(arguments)
    began, held = time.monotonic(), 0
    chosen = [path.resolve() for path in asked.file] or files()
    with ThreadPoolExecutor(asked.jobs) as pool:
        for done in as_completed([pool.submit(tried, path) for path in chosen]):
            held += done.result().held
            print(done.result().told(), flush=True)
    print(f"{clock(time.monotonic() - began)}  {held} of {len(chosen)} files hold")
    return int(held < len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
