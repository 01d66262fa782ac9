"""The project holds what it says about itself: light imports, a hashed lock without addresses, typed packages."""

import json
import re
import subprocess
import sys
import tokenize
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

HEAVY = ("anthropic", "openai", "httpx2", "pydantic", "hypothesis", "vcr", "asyncio", "sqlite3")


def fresh(program: str, *options: str) -> str:
    """What a program prints in an interpreter of its own, which no setting of this one reaches."""
    command = [sys.executable, "-I", *options, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


# ------------------------------------------------------------------------------------------------------- light imports


@pytest.mark.parametrize("package", ["llm_pure", "llm_effects"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    loaded = json.loads(fresh(f"import sys, json, {package}; print(json.dumps(sorted(sys.modules)))"))
    assert package in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_importing_both_packages_takes_at_most_four_times_the_import_of_returns(tmp_path: Path) -> None:
    # Compiled once, beforehand; processor time of the import alone, the two taken in turn: other work on the
    # machine, and its changing speed, meet both alike.
    def seconds(modules: str) -> float:
        program = f"from time import process_time as t; a = t(); import {modules}; print(t() - a)"
        return float(fresh(program, "-X", f"pycache_prefix={tmp_path}"))

    def pair() -> tuple[float, float]:
        return seconds("llm_pure, llm_effects"), seconds("returns.result")

    pair()
    pairs = [pair() for _ in range(9)]
    assert median(a for a, _ in pairs) <= 4 * median(b for _, b in pairs)


def test_every_folder_of_modules_is_a_package() -> None:
    # import-linter passes over modules that are in no package, and then holds no contract about them.
    folders = {path.parent for path in SOURCES} - {ROOT / "src"}
    assert (
        sorted(str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists())
        == []
    )


# ----------------------------------------------------------------------------------------------------------- the lock


def locked() -> Iterator[tuple[Requirement, str]]:
    """Each requirement of the lock, and what follows it."""
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        head, _, rest = entry.partition("\\\n")
        yield Requirement(head.strip()), rest


def test_the_lock_names_no_address_and_no_index() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*(-i|-f|--(index|extra-index|find-links|trusted))", LOCK, re.MULTILINE)


def test_the_lock_pins_one_version_with_hashes_for_each_requirement() -> None:
    loose = [
        str(requirement)
        for requirement, rest in locked()
        if not re.fullmatch(r"==[\w.!+]+", str(requirement.specifier)) or "--hash=sha256:" not in rest
    ]
    assert loose == []


def test_the_lock_satisfies_what_the_project_asks_for() -> None:
    versions = {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r, _ in locked()}
    project = PROJECT["project"]
    asked = [
        *PROJECT["build-system"]["requires"],
        *project["dependencies"],
        *(wanted for extra in project["optional-dependencies"].values() for wanted in extra),
        *PROJECT["dependency-groups"]["dev"],
    ]
    unmet = [
        str(wanted)
        for wanted in map(Requirement, asked)
        if not wanted.specifier.contains(versions.get(canonicalize_name(wanted.name), "0"))
    ]
    assert unmet == []


# ------------------------------------------------------------------------------------------------------ typed packages


def excuses(path: Path) -> Iterator[str]:
    """The comments of a module by which a type checker is told to look away."""
    with tokenize.open(path) as source:
        for token in tokenize.generate_tokens(source.readline):
            if token.type == tokenize.COMMENT and re.search(r"#\s*(type|pyright):\s*ignore", token.string):
                yield token.string


def test_every_ignored_type_error_has_a_code_and_a_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}: {comment}"
        for path in SOURCES
        for comment in excuses(path)
        if not re.search(r"(type|pyright): ignore\[[\w, -]+\]\s*#\s*\w.{3,}", comment)
    ]
    assert bare == []


@pytest.mark.slow
def test_the_wheel_holds_both_packages_typed_and_licensed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {str(path.relative_to(ROOT / "src")) for path in SOURCES}
    assert modules | {"llm_pure/py.typed", "llm_effects/py.typed"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"llm_pure", "llm_effects"}
    assert any(name.endswith("/LICENSE") for name in names)
