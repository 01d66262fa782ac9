"""What tests of the store in a file share: files that are filled, edited, counted."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from llm_effects.stores import SqliteStore

posix = pytest.mark.skipif(os.name != "posix", reason="modes, forks and signals as POSIX has them")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def altered(path: Path, *statements: str) -> None:
    """The file, edited behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def filled(path: Path, n: int = 20, size: int = 2000) -> dict[str, bytes]:
    values = {f"{i:04x}": random.Random(i).randbytes(size) for i in range(n)}
    with SqliteStore(path) as store:
        for key, value in values.items():
            store.save(key, value)
    return values


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT count(*) FROM llm_effects_entries").fetchone()
        assert isinstance(found[0], int)
        return found[0]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
