"""20,000 inputs that are almost right, the only outcomes of which are values; and the seeds are right."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Final

import pytest
from returns.result import Success

from tests.fuzz import targets
from tests.fuzz.__main__ import mutated
from tests.fuzz.mutants import mutant
from tests.fuzz.targets import SEEDS, TARGETS, Fuzzed, seeds_of, tried

INPUTS: Final = 20_000
SHARE: Final = -(-INPUTS // len(TARGETS))
SEED: Final = 1 if os.environ.get("CI") else Random().randrange(2**31)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_the_outcome_is_a_value(name: str) -> None:
    assert mutated(name, TARGETS[name], SHARE, SEED) == SHARE


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_there_and_give_values(name: str) -> None:
    target = TARGETS[name]
    assert seeds_of(target)
    understood = [tried(target, seed) for seed in seeds_of(target)]
    assert any(understood)


def test_seeds_are_small() -> None:
    assert sum(file.stat().st_size for file in SEEDS.rglob("*") if file.is_file()) < 200_000


def test_a_mutant_is_given_again_by_its_chance() -> None:
    for name, target in TARGETS.items():
        seeds = seeds_of(target)
        one, two = ([mutant(seeds, chance) for _ in range(50)] for chance in (Random(name), Random(name)))
        assert one == two
        assert len({*one, *seeds}) > 30


def test_a_defect_is_found_and_its_input_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fuzz import __main__ as fuzz

    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "one").write_bytes("é, and more".encode())
    for module in (fuzz, targets):
        monkeypatch.setattr(module, "SEEDS", tmp_path)
    target = Fuzzed(lambda data: Success(data.decode()), "texts")
    with pytest.raises(fuzz.Defect, match="UnicodeDecodeError"):
        mutated("texts", target, 5000, 1)
    (found,) = tmp_path.glob("texts/found-*")
    with pytest.raises(UnicodeDecodeError):
        tried(target, found.read_bytes())
    with pytest.raises(AssertionError, match="neither"):
        tried(Fuzzed(lambda data: 7, "texts"), b"")
