"""A store in one SQLite file: shared by threads and processes, and it survives both.

Law: `load` gives the very bytes of the last `save`, or nothing; never a part of them, never bytes that somebody
edited, and out of a damaged file at worst the bytes of an earlier `save` under this key. A save that returned survives
the death of the process (WAL, synchronous NORMAL; a power cut can take the last moments, never the file). Every wait
is bounded by `timeout`.

    the file is                                what happens
    -----------------------------------------  --------------------------------------------------------------
    missing, or empty                          made, mode 0600, missing folders 0700
    damaged, or no database                    renamed to `NAME.corrupt-N`, one raise says so, a new one begins
    a sound database of another program        left alone; every call raises
    on a network file system                   left alone; every call raises (Linux; elsewhere nobody tells: do not)
    of an older version                        migrated
    of a newer version                         left alone; `load` finds nothing, `save` raises
    locked by somebody for longer              raises after `timeout`
    not readable, not writable, or disk full   raises
    deleted or replaced while in use           noticed with the next call; the new file is read as it stands
    deleted or replaced after a crash          likewise; what is left of the old one goes, or, if that has only been
                                               renamed, what was saved last is kept as `NAME.orphan-N-wal`

Values lie in the file in plain text; the file and its companions (`-wal`, `-shm`, and `-pin`, a second link to the
file) are the owner's alone, and there are none when nobody uses it.

Age and size are bounded by work that rides on each `save`: at most `SWEEP` rows, the oldest saved first.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from typing_extensions import override

from llm_effects.stores.database import (
    Connection,
    StoreUnusable,
    closed,
    discarded,
    identity,
    number,
    one,
    opened,
)

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SWEEP", "SqliteStore", "StoreUnusable"]

SWEEP: Final = 32
"""How many rows one `save` removes at most, to keep the limits."""


@dataclass(slots=True)
class _Pool:
    """The connections of one process that nobody uses at the moment. A connection has one user at a time."""

    # Its append and pop are atomic: no lock to inherit in a fork.
    free: deque[Connection] = field(default_factory=deque)
    closed: bool = False

    def close(self, wait: float) -> None:
        self.closed = True
        with suppress(IndexError):
            while True:
                closed(self.free.pop(), wait)


_Pools = dict[int, _Pool]

_INHERITED: Final[list[_Pool]] = []
"""A connection that came through a fork must be neither used nor closed, so it is kept."""


@dataclass(frozen=True, slots=True, weakref_slot=True, init=False)
class SqliteStore:
    """A store in the file at `path`.

    `max_age` is how many seconds a value is good for; None: for ever. `max_bytes` bounds the file (not counting the
    write-ahead log, which stays at a few megabytes); None: not at all. A value larger than that is not kept. `timeout`
    is how many seconds a call may wait for others to finish writing. `clock` tells the time in seconds since 1970.

    Equal settings make equal stores, and a pickle is its settings. Connections are made when needed, one per
    simultaneous user and process, and given up by `close`, after which the store can be used again.
    """

    path: Path
    max_age: float | None = None
    max_bytes: int | None = None
    timeout: float = 0.5
    clock: Callable[[], float] = field(default=time.time, repr=False)
    _pools: _Pools = field(default_factory=dict, init=False, repr=False, compare=False)

    blocking = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_age: float | None = None,
        max_bytes: int | None = None,
        timeout: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Touches nothing yet. Raises `ValueError` for a limit that is not positive, and for `:memory:`."""
        if os.fspath(path) == ":memory:":
            raise ValueError("a SqliteStore is a file; what stays in memory is a MemoryStore")
        for name, limit in (("max_age", max_age), ("max_bytes", max_bytes)):
            if limit is not None and not limit > 0:
                raise ValueError(f"{name} must be positive, not {limit}")
        put = object.__setattr__
        put(self, "path", Path(path).absolute())  # a later chdir means no other file
        put(self, "max_age", max_age)
        put(self, "max_bytes", max_bytes)
        put(self, "timeout", timeout)
        put(self, "clock", clock)
        put(self, "_pools", {})
        # At any moment, so perhaps while this very thread opens another store: not to be waited for.
        weakref.finalize(self, _close_own, self._pools, 0.1)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _remade, (self.path, self.max_age, self.max_bytes, self.timeout, self.clock)

    def load(self, key: str) -> bytes | None:
        """The value under `key`; None: there is none, it is too old, or it is not what was saved (and removed)."""
        with self._connection() as connection:
            if connection.newer:
                return None
            sqlite = connection.sqlite
            row = one(
                sqlite, "SELECT rowid, value, digest, saved FROM llm_effects_entries WHERE key = ?", key
            )
            if row is None:
                return None
            rowid, value, digest, saved = row
            if isinstance(value, bytes) and digest == _digest(key, value):
                return value if self._fresh(saved) else None
            import sqlite3

            with suppress(sqlite3.OperationalError):  # locked: it stays a miss, and the next load removes it
                sqlite.execute("DELETE FROM llm_effects_entries WHERE rowid = ?", (rowid,))
            return None

    def save(self, key: str, value: bytes) -> None:
        """Keep `value` under `key`, in place of what was there."""
        with self._connection() as connection:
            if connection.newer:
                raise StoreUnusable(f"{self.path} is of a newer version than this library knows")
            sqlite = connection.sqlite
            sqlite.execute("BEGIN IMMEDIATE")
            if self.max_bytes is not None and len(value) > self.max_bytes:
                sqlite.execute("DELETE FROM llm_effects_entries WHERE key = ?", (key,))
            else:
                sqlite.execute(
                    "INSERT OR REPLACE INTO llm_effects_entries (key, value, digest, saved) VALUES (?, ?, ?, ?)",
                    (key, value, _digest(key, value), self.clock()),
                )
                self._sweep(sqlite)
            sqlite.execute("COMMIT")

    def close(self) -> None:
        """Give up the connections that are not in use; the others go when they are done."""
        _close_own(self._pools, self.timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ------------------------------------------------------------ limits

    def _fresh(self, saved: object) -> bool:
        """Clocks jump: what was saved further than `max_age` in the future is too old as well, or it never would be."""
        return self.max_age is None or (
            isinstance(saved, float) and abs(self.clock() - saved) <= self.max_age
        )

    def _sweep(self, sqlite: sqlite3.Connection) -> None:
        """Remove what is too old, then, oldest first, what is too much."""
        if self.max_age is not None:
            now = self.clock()
            sqlite.execute(
                "DELETE FROM llm_effects_entries WHERE rowid IN"
                " (SELECT rowid FROM llm_effects_entries ORDER BY rowid LIMIT ?) AND saved NOT BETWEEN ? AND ?",
                (SWEEP, now - self.max_age, now + self.max_age),
            )
        if self.max_bytes is None:
            return
        page_size = number(sqlite, "PRAGMA page_size")
        for _ in range(SWEEP):
            used = number(sqlite, "PRAGMA page_count") - number(sqlite, "PRAGMA freelist_count")
            if used * page_size <= self.max_bytes:
                break
            sqlite.execute(
                "DELETE FROM llm_effects_entries WHERE rowid = (SELECT min(rowid) FROM llm_effects_entries)"
            )

    # ------------------------------------------------------------ connections

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection for one call. After an exception of any kind, an interrupt too, it is closed: that undoes
        whatever it had begun, and nobody gets it in an unknown state."""
        pool = self._pool()
        connection = self._checked_out(pool)
        try:
            yield connection
        except BaseException as error:
            discarded(connection, error, self.timeout)
            raise
        pool.free.append(connection)
        if pool.closed:
            pool.close(self.timeout)

    def _pool(self) -> _Pool:
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            for other in [key for key in self._pools if key != pid]:
                _INHERITED.append(self._pools.pop(other))
            pool = self._pools.setdefault(pid, _Pool())
        return pool

    def _checked_out(self, pool: _Pool) -> Connection:
        file = identity(self.path)
        with suppress(IndexError):
            while True:
                connection = pool.free.pop()
                if connection.file == file:
                    return connection
                closed(connection)  # the file was deleted or replaced meanwhile
        return opened(self.path, self.timeout)


def _remade(
    path: Path, max_age: float | None, max_bytes: int | None, timeout: float, clock: Callable[[], float]
) -> SqliteStore:
    return SqliteStore(path, max_age=max_age, max_bytes=max_bytes, timeout=timeout, clock=clock)


def _close_own(pools: _Pools, wait: float) -> None:
    pool = pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close(wait)


def _digest(key: str, value: bytes) -> bytes:
    """Guards against accidents and edits, not against somebody who can compute it too."""
    from hashlib import blake2b

    return blake2b(value, digest_size=16, key=blake2b(key.encode(), digest_size=32).digest()).digest()
