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
    of an older version                        migrated
    of a newer version                         left alone; `load` finds nothing, `save` raises
    locked by somebody for longer              raises after `timeout`
    not readable, not writable, or disk full   raises
    deleted or replaced while in use           noticed with the next call

Values lie in the file in plain text; the file and its two companions (`-wal`, `-shm`) are the owner's alone. Do
not put it on a network file system: SQLite's locks do not hold there.

Age and size are bounded by work that rides on each `save`: at most `SWEEP` rows, the oldest saved first.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from typing_extensions import override

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SWEEP", "SqliteStore", "StoreUnusable"]

SWEEP: Final = 32
"""How many rows one `save` removes at most, to keep the limits."""

MIGRATIONS: tuple[str, ...] = (
    # Rowids grow with every save, a replaced row gets a new one: their order is the order of saving, without an index.
    """CREATE TABLE llm_effects_entries
       (key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, digest BLOB NOT NULL, saved REAL NOT NULL)""",
)
"""The n-th leads from version n to n + 1. A statement each; what is here is never changed, only added to."""


class StoreUnusable(Exception):
    """The file cannot be used as a store, or could not until it was set aside just now; the message says why."""


@dataclass(slots=True)
class _Connection:
    """A connection, the file that it has open, and whether that file is one that we may use."""

    sqlite: sqlite3.Connection
    file: tuple[int, int]
    newer: bool


@dataclass(slots=True)
class _Pool:
    """The connections of one process that nobody uses at the moment. A connection has one user at a time."""

    free: deque[_Connection] = field(
        default_factory=deque
    )  # its append and pop are atomic: no lock to inherit in a fork
    closed: bool = False

    def close(self) -> None:
        self.closed = True
        with suppress(IndexError):
            while True:
                self.free.pop().sqlite.close()


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
        """Touches nothing yet. Raises `ValueError` for a limit that is not positive."""
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
        weakref.finalize(self, _close_own, self._pools)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _remade, (self.path, self.max_age, self.max_bytes, self.timeout, self.clock)

    def load(self, key: str) -> bytes | None:
        """The value under `key`; None: there is none, it is too old, or it is not what was saved (and removed)."""
        with self._connection() as connection:
            if connection.newer:
                return None
            sqlite = connection.sqlite
            row = _one(
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
        _close_own(self._pools)

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
        page_size = _number(sqlite, "PRAGMA page_size")
        for _ in range(SWEEP):
            used = _number(sqlite, "PRAGMA page_count") - _number(sqlite, "PRAGMA freelist_count")
            if used * page_size <= self.max_bytes:
                break
            sqlite.execute(
                "DELETE FROM llm_effects_entries WHERE rowid = (SELECT min(rowid) FROM llm_effects_entries)"
            )

    # ------------------------------------------------------------ connections

    @contextmanager
    def _connection(self) -> Iterator[_Connection]:
        """A connection for one call. After an exception of any kind, an interrupt too, it is closed: that undoes
        whatever it had begun, and nobody gets it in an unknown state."""
        pool = self._pool()
        connection = self._checked_out(pool)
        try:
            yield connection
        except BaseException as error:
            connection.sqlite.close()
            if _is_damage(error):
                aside = _set_aside(self.path, connection.file)
                raise StoreUnusable(f"{self.path} was damaged ({error}); set aside as {aside}") from error
            raise
        pool.free.append(connection)
        if pool.closed:
            pool.close()

    def _pool(self) -> _Pool:
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            for other in [key for key in self._pools if key != pid]:
                _INHERITED.append(self._pools.pop(other))
            pool = self._pools.setdefault(pid, _Pool())
        return pool

    def _checked_out(self, pool: _Pool) -> _Connection:
        file = _identity(self.path)
        with suppress(IndexError):
            while True:
                connection = pool.free.pop()
                if connection.file == file:
                    return connection
                connection.sqlite.close()  # the file was deleted or replaced meanwhile
        return self._opened()

    def _opened(self) -> _Connection:
        import sqlite3

        _ensure(self.path)
        file = _identity(self.path)
        if file is None:
            raise StoreUnusable(f"{self.path} was removed while it was opened")
        # The pool hands a connection to one thread at a time, which is all that SQLite asks for.
        sqlite = sqlite3.connect(
            self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False
        )
        sqlite.text_factory = (
            bytes  # an edited value of type text must not be decoded, let alone shown in an error
        )
        try:
            return _Connection(sqlite, file, newer=not _prepared(sqlite, self.path))
        except BaseException as error:
            sqlite.close()
            if _is_damage(error) or isinstance(error, _Damaged):
                aside = _set_aside(self.path, file)
                raise StoreUnusable(
                    f"{self.path} is no sound database ({error}); set aside as {aside}"
                ) from error
            raise


def _remade(
    path: Path, max_age: float | None, max_bytes: int | None, timeout: float, clock: Callable[[], float]
) -> SqliteStore:
    return SqliteStore(path, max_age=max_age, max_bytes=max_bytes, timeout=timeout, clock=clock)


def _close_own(pools: _Pools) -> None:
    pool = pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()


def _digest(key: str, value: bytes) -> bytes:
    """Guards against accidents and edits, not against somebody who can compute it too."""
    from hashlib import blake2b

    return blake2b(value, digest_size=16, key=blake2b(key.encode(), digest_size=32).digest()).digest()


# ---------------------------------------------------------------- the database


class _Damaged(Exception):
    """Our table is there, and is not as we made it."""


def _prepared(sqlite: sqlite3.Connection, path: Path) -> bool:
    """Make the database ready for use; False if it is of a newer version. Raises for one that is not ours."""
    import sqlite3

    sqlite.execute("PRAGMA synchronous = NORMAL")
    sqlite.execute("PRAGMA trusted_schema = OFF")
    version = _number(sqlite, "PRAGMA user_version")
    tables = _number(sqlite, "SELECT count(*) FROM sqlite_master")
    ours = _number(sqlite, "SELECT count(*) FROM sqlite_master WHERE name = 'llm_effects_entries'")
    if tables and not ours:
        raise StoreUnusable(f"{path} is another program's database")
    if version > len(MIGRATIONS):
        return False
    if ours and version < 1:
        raise _Damaged("a table without a version")
    if _one(sqlite, "PRAGMA journal_mode") != (b"wal",):
        sqlite.execute("PRAGMA journal_mode = WAL")
    sqlite.execute("PRAGMA journal_size_limit = 4194304")
    if version < len(MIGRATIONS):
        _migrate(sqlite)
    try:
        sqlite.execute("SELECT key, value, digest, saved FROM llm_effects_entries LIMIT 0")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:  # no such column
            raise _Damaged(str(error)) from error
        raise
    return True


def _migrate(sqlite: sqlite3.Connection) -> None:
    sqlite.execute("BEGIN IMMEDIATE")
    version = _number(sqlite, "PRAGMA user_version")  # again: another process may have been quicker
    for statement in MIGRATIONS[version:]:
        sqlite.execute(statement)
    sqlite.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    sqlite.execute("COMMIT")


def _one(sqlite: sqlite3.Connection, statement: str, *values: object) -> tuple[object, ...] | None:
    row: tuple[object, ...] | None = sqlite.execute(statement, values).fetchone()
    return row


def _number(sqlite: sqlite3.Connection, statement: str) -> int:
    row = _one(sqlite, statement)
    number = row[0] if row is not None else None
    return number if isinstance(number, int) else 0


def _is_damage(error: BaseException) -> bool:
    import sqlite3

    if isinstance(
        error, UnicodeDecodeError
    ):  # the message of SQLite's own error, which quotes a damaged schema
        return True
    code: object = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


# ---------------------------------------------------------------- the file


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever its name."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _companions(path: Path) -> tuple[Path, Path]:
    return Path(f"{path}-wal"), Path(f"{path}-shm")


def _ensure(path: Path) -> None:
    """See that the file is there and the owner's alone; SQLite gives its companions the same mode.

    A new one is made under another name and linked when it is ready. Two processes that begin together thus never
    meet over the switch to WAL, which SQLite does not wait for; and an existing file is never opened and closed
    outside of SQLite, which would drop all locks that this process holds on it.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        _make(path)
        return
    if mode & 0o077:
        for name in (path, *_companions(path)):
            with suppress(FileNotFoundError):
                name.chmod(0o600)


def _make(path: Path) -> None:
    import sqlite3

    _make_folder(path.parent)
    new = Path(f"{path}.new-{os.getpid()}-{time.monotonic_ns()}")
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as sqlite:
            _prepared(sqlite, new)
        with suppress(FileExistsError):  # somebody else was quicker
            path.hardlink_to(new)
    finally:
        for name in (new, *_companions(new)):
            name.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _set_aside(path: Path, file: tuple[int, int]) -> Path | None:
    """Rename the damaged file and its companions; gives its new name.

    None: somebody else has done so already, and `path` is another file by now. The log goes first, so that it never
    stands beside a new file and is replayed into that.
    """
    number = 1
    while os.path.lexists(aside := Path(f"{path}.corrupt-{number}")):
        number += 1
    if _identity(path) != file:
        return None
    for old, new in zip((*_companions(path), path), (*_companions(aside), aside), strict=True):
        with suppress(FileNotFoundError):
            old.rename(new)
    return aside
