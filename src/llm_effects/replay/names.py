"""Which file is a test's cassette.

Law: `cassettes/<module>/<test>.yaml` beside the test, one file per test, and none outside of that folder whatever a
parameter is called. A name consists of letters, digits and `_.-[]`, does not begin with a dot, and is not long; what a
test's name has besides is replaced, and a digest keeps two names apart. A parameter that looks like a key is in none.
"""

from __future__ import annotations

import re
from hashlib import blake2s
from pathlib import Path
from typing import Final

from llm_effects.replay.secrets import Scrubber

__all__ = ["BadName", "cassette_path", "file_name"]

FOLDER: Final = "cassettes"
_NAME: Final = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.\[\]-]{0,119}")
_LONGEST: Final = 100


class BadName(ValueError):
    """A name that no cassette may have."""


def cassette_path(module: Path, name: str) -> Path:
    """The cassette of that name for the tests in a file. Raises `BadName`."""
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise BadName(
            f"{name!r} is no name for a cassette: letters, digits and _.-[] make one, at most 120, no dot before"
        )
    return module.parent / FOLDER / _safe(module.stem) / f"{name}.yaml"


def file_name(test: str) -> str:
    """The name for a test's own cassette (`test_it`, `TestIt.test_it[a-1]`)."""
    return _safe(Scrubber().text(test))


def _safe(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.\[\]-]", "-", name)
    if safe == name and _NAME.fullmatch(name) and len(name) <= _LONGEST and not name.endswith("."):
        return name
    digest = blake2s(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{re.sub(r'^[.-]+', '', safe)[:_LONGEST]}-{digest}"
