"""The life of the file under a `SqliteStore`: made, opened, closed, and set aside when it is no longer good.

SQLite knows a write-ahead log by its name alone: it replays one that was left behind into whatever file has come to
stand beside it. So while a log may be there, `NAME-pin` is a second link to the file that it belongs to. A link and
not a note, as the number of a deleted file is soon given to another one, unless something holds it. A log beside a
file that is not the pinned one goes before the file is opened, and the pin goes with the log.

Whoever opens, closes or sets aside is alone at it: the folder is locked, by `flock`, which dies with its process.
Where there is no `flock` (Windows), a file in use cannot be deleted or replaced either.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llm_effects.stores.mounts import network_of

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Connection", "StoreUnusable", "closed", "discarded", "identity", "number", "one", "opened"]

MIGRATIONS: tuple[str, ...] = (
    # Rowids grow with every save, a replaced row gets a new one: their order is the order of saving, without an index.
    """CREATE TABLE llm_effects_entries
       (key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, digest BLOB NOT NULL, saved REAL NOT NULL)""",
)
"""The n-th leads from version n to n + 1. A statement each; what is here is never changed, only added to."""


class StoreUnusable(Exception):
    """The file cannot be used as a store, or could not until it was set aside just now; the message says why."""


class _Damaged(Exception):
    """Our table is there, and is not as we made it."""


File = tuple[int, int]
"""Which file it is, whatever its name."""


@dataclass(slots=True)
class Connection:
    """A connection, the file that it has open, and whether that file is one that we may use."""

    sqlite: sqlite3.Connection
    path: Path
    file: File
    newer: bool


def identity(path: Path) -> File | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


# ---------------------------------------------------------------- opened and closed


def opened(path: Path, timeout: float) -> Connection:
    """A connection to the file at `path`, which is made if need be. What is no sound store raises."""
    import sqlite3

    _make_folder(path.parent)
    if (network := network_of(path.parent)) is not None:
        raise StoreUnusable(
            f"{path} is on a network file system ({network}), where SQLite's locks do not hold"
        )
    with _alone(path.parent, timeout):
        _tidy(path)
        _ensure(path)
        file = identity(path)
        # The pool hands a connection to one thread at a time, which is all that SQLite asks for.
        sqlite = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        # An edited value of type text must not be decoded, let alone shown in an error.
        sqlite.text_factory = bytes
        try:
            ready = _prepared(sqlite, path)
            if file is None or identity(path) != file:
                raise StoreUnusable(f"{path} was removed or replaced while it was opened")
            pin = _companions(path)[2]
            if ready and identity(pin) is None:
                pin.hardlink_to(path)
        except BaseException as error:
            sqlite.close()
            if file is not None and (_is_damage(error) or isinstance(error, _Damaged)):
                aside = _set_aside(path, file)
                raise StoreUnusable(f"{path} is no sound database ({error}); set aside as {aside}") from error
            _tidy(path)
            raise
        return Connection(sqlite, path, file, newer=not ready)


def closed(connection: Connection, wait: float = 0) -> None:
    """Close it. Whoever is the last to do so leaves the file alone in its folder, if it gets its turn within `wait`."""
    try:
        with _alone(connection.path.parent, wait):
            connection.sqlite.close()
            _tidy(connection.path)
    except OSError:
        # Not our turn, or the folder is gone or not to be written: the next who opens will tidy up.
        connection.sqlite.close()


def discarded(connection: Connection, error: BaseException, wait: float) -> None:
    """Close a connection over `error`; if that says that the file is damaged, set it aside and raise so."""
    if not _is_damage(error):
        closed(connection)
        return
    connection.sqlite.close()
    path = connection.path
    with _alone(path.parent, wait):
        aside = _set_aside(path, connection.file)
    raise StoreUnusable(f"{path} was damaged ({error}); set aside as {aside}") from error


@contextmanager
def _alone(folder: Path, wait: float) -> Iterator[None]:
    """Nobody else opens, closes or sets aside in this folder meanwhile. Raises `TimeoutError` after `wait` seconds."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    until = time.monotonic() + wait
    lock = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise TimeoutError(f"{folder} has been locked for longer than {wait} s") from None
                time.sleep(0.001)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)  # closing does not suffice if a fork took a copy along
    finally:
        os.close(lock)


# ---------------------------------------------------------------- the database


def _prepared(sqlite: sqlite3.Connection, path: Path) -> bool:
    """Make the database ready for use; False if it is of a newer version. Raises for one that is not ours."""
    import sqlite3

    sqlite.execute("PRAGMA synchronous = NORMAL")
    sqlite.execute("PRAGMA trusted_schema = OFF")
    version = number(sqlite, "PRAGMA user_version")
    tables = number(sqlite, "SELECT count(*) FROM sqlite_master")
    ours = number(sqlite, "SELECT count(*) FROM sqlite_master WHERE name = 'llm_effects_entries'")
    if tables and not ours:
        raise StoreUnusable(f"{path} is another program's database")
    if version > len(MIGRATIONS):
        return False
    if ours and version < 1:
        raise _Damaged("a table without a version")
    if one(sqlite, "PRAGMA journal_mode") != (b"wal",):
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
    version = number(sqlite, "PRAGMA user_version")  # again: another process may have been quicker
    for statement in MIGRATIONS[version:]:
        sqlite.execute(statement)
    sqlite.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    sqlite.execute("COMMIT")


def one(sqlite: sqlite3.Connection, statement: str, *values: object) -> tuple[object, ...] | None:
    row: tuple[object, ...] | None = sqlite.execute(statement, values).fetchone()
    return row


def number(sqlite: sqlite3.Connection, statement: str) -> int:
    row = one(sqlite, statement)
    found = row[0] if row is not None else None
    return found if isinstance(found, int) else 0


def _is_damage(error: BaseException) -> bool:
    import sqlite3

    if isinstance(error, UnicodeDecodeError):  # the message of SQLite's own error, quoting a damaged schema
        return True
    code: object = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


# ---------------------------------------------------------------- the file


def _companions(path: Path) -> tuple[Path, Path, Path]:
    return Path(f"{path}-wal"), Path(f"{path}-shm"), Path(f"{path}-pin")


def _ensure(path: Path) -> None:
    """See that the file is there and the owner's alone; SQLite gives its companions the same mode.

    A new one is made under another name and linked when it is ready, so that nobody ever finds it half made; and an
    existing file is never opened and closed outside of SQLite, which would drop all locks that this process holds on
    it.
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


def _tidy(path: Path) -> None:
    """Remove a log that belongs to another file than the one at `path`, and a pin without a log.

    If the other file has a name still, its log has what was saved last: that is kept. If it has none, all of it goes,
    as its owner wanted.
    """
    log, index, pin = _companions(path)
    file, pinned = identity(path), identity(pin)
    if file is not None and pinned is None:
        return
    if file is None or pinned != file:
        if pinned is None or pin.stat().st_nlink > 1:
            with suppress(FileNotFoundError):
                log.rename(_unused(path, "orphan", "-wal"))
        log.unlink(missing_ok=True)
        index.unlink(missing_ok=True)
    elif log.exists():
        return
    pin.unlink(missing_ok=True)


def _set_aside(path: Path, file: File) -> Path | None:
    """Rename the damaged file and its companions; gives its new name.

    None: somebody else has done so already, and `path` is another file by now. The log goes first, so that it never
    stands beside a new file and is replayed into that.
    """
    if identity(path) != file:
        return None
    aside = _unused(path, "corrupt")
    log, index, pin = _companions(path)
    new_log, new_index, _ = _companions(aside)
    for old, new in ((log, new_log), (index, new_index), (path, aside)):
        with suppress(FileNotFoundError):
            old.rename(new)
    pin.unlink(missing_ok=True)
    return aside


def _unused(path: Path, why: str, end: str = "") -> Path:
    n = 1
    while os.path.lexists(name := Path(f"{path}.{why}-{n}{end}")):
        n += 1
    return name
