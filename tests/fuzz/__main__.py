"""Fuzz every target: `python -m tests.fuzz --inputs 1000000` (`make fuzz N=1000000`).

Three engines share the inputs and the table of targets: mutants of the seeds, hypothesis, and atheris, which is told by
the code's own branches what is new (CPython on Linux; left out where it is not installed). The only outcomes are
values: what raises is a defect, and its input is kept beside the seeds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Final

from tests.fuzz.targets import SEEDS, TARGETS, Fuzzed, seeds_of, tried

__all__ = ["mutated"]

Engine = Callable[[str, Fuzzed, int, int], int]
"""Try so many inputs, by chance from a number; how many were tried."""


class Defect(Exception):
    """A target raised, or gave what is no value."""


def kept(target: Fuzzed, data: bytes, error: BaseException) -> Defect:
    """The defect, its input kept as a seed of the target."""
    folder = SEEDS / target.seeds
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"found-{sha256(data).hexdigest()[:8]}"
    path.write_bytes(data)
    return Defect(f"{type(error).__name__}: {error}\n  input kept as {path}")


def mutated(name: str, target: Fuzzed, inputs: int, seed: int) -> int:
    from tests.fuzz.mutants import mutant

    chance, seeds = Random(f"{name}{seed}"), seeds_of(target)
    for _ in range(inputs):
        data = mutant(seeds, chance)
        try:
            tried(target, data)
        except BaseException as error:
            raise kept(target, data, error) from error
    return inputs


def drawn(name: str, target: Fuzzed, inputs: int, seed: int) -> int:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    from llm_pure.strategies import hostile_bytes, hostile_json

    hostile = hostile_json().map(lambda value: json.dumps(value).encode())
    strategy = hostile_bytes(*seeds_of(target)) | hostile | st.binary(max_size=200)
    count = 0

    @seeded(seed)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(strategy)
    def each(data: bytes) -> None:
        nonlocal count
        count += 1
        try:
            tried(target, data)
        except BaseException as error:
            raise kept(target, data, error) from error

    each()
    return count


def covered(name: str, target: Fuzzed, inputs: int, seed: int) -> int:
    """In a process of its own: atheris never gives control back."""
    command = [sys.executable, "-m", "tests.fuzz.covered", name, str(inputs), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ran = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if done.returncode or ran is None:
        raise Defect(done.stderr[-3000:])
    return int(ran[1])


ENGINES: Final[dict[str, Engine]] = {"mutants": mutated, "hypothesis": drawn, "atheris": covered}


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--inputs", type=int, default=200_000, help="how many, over all targets and engines")
    options.add_argument("--seed", type=int, default=None, help="of all chance; new each time if not given")
    options.add_argument("--target", default="", help="only targets whose name has this in it")
    options.add_argument(
        "--engine", choices=ENGINES, action="append", help="only this one; may be given again"
    )
    asked = options.parse_args()
    seed = Random().randrange(2**31) if asked.seed is None else asked.seed
    engines = asked.engine or list(ENGINES)
    if "atheris" in engines and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed for this Python: left out")
        engines.remove("atheris")
    targets = {name: target for name, target in TARGETS.items() if asked.target in name}
    share = max(1, asked.inputs // (len(engines) * max(1, len(targets))))
    print(f"seed {seed}")
    defects = total = 0
    began = time.monotonic()
    for name, target in targets.items():
        for engine in engines:
            start = time.monotonic()
            try:
                count = ENGINES[engine](name, target, share, seed)
            except Defect as defect:
                defects += 1
                print(f"  {name}: {engine}: DEFECT {defect}")
                continue
            total += count
            print(f"  {name}: {engine}: {count} inputs, {time.monotonic() - start:.1f} s", flush=True)
    print(
        f"fuzz: {total} inputs to {len(targets)} targets by {', '.join(engines)}: {defects} defects"
        f" ({time.monotonic() - began:.0f} s, seed {seed})"
    )
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
