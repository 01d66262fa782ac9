"""`python -m tests.long [file ...]`: every law on 20,000 examples, file after file, one line for each.

Law: it fails exactly if a law does. What a law found is printed below its file's line, with the example to add.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
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


def told(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def main(asked: list[str]) -> int:
    began, failed = time.monotonic(), 0
    chosen = [Path(name).resolve() for name in asked] or files()
    for path in chosen:
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis", "-p", "no:cacheprovider", str(path)],
            cwd=TESTS.parent,
            env={**os.environ, "HYPOTHESIS_PROFILE": "long"},
            capture_output=True,
            text=True,
            check=False,
        )
        result = re.search(r"^.*\d+ (?:passed|failed|skipped|error).* in ", done.stdout, re.MULTILINE)
        said = result[0].removesuffix(" in ") if result else f"pytest ended with {done.returncode}"
        print(f"{told(time.monotonic() - start)}  {path.relative_to(TESTS.parent)}: {said}", flush=True)
        if done.returncode:
            failed += 1
            print(done.stdout, done.stderr, sep="", flush=True)
    print(f"{told(time.monotonic() - began)}  {len(chosen) - failed} of {len(chosen)} files hold")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
