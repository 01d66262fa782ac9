"""One target under atheris: `python -m tests.fuzz.covered TARGET INPUTS SEED`.

It starts from the seeds; what it learns on the way is forgotten with its folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["llm_pure", "llm_effects"]):
    from tests.fuzz.targets import TARGETS, seeds_of, tried
from tests.fuzz.__main__ import kept


def main(name: str, inputs: str, seed: str) -> None:
    target = TARGETS[name]

    def one(data: bytes) -> None:
        try:
            tried(target, data)
        except BaseException as error:
            raise kept(target, data, error) from error

    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds_of(target)):
            (Path(folder) / str(number)).write_bytes(data)
        flags = [
            f"-runs={inputs}",
            f"-seed={int(seed) or 1}",
            "-max_len=8192",
            "-timeout=20",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *flags, folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
