"""Input and output that fails: the n-th operation of the file system, whichever it is.

Law: within `failing(n)` the n-th operation on files fails with the given error, once or from then on, whatever thread
it is of, and every other one is what it always was. What `operations` counts in a run is what there is to fail in the
same run again.

Two layers, since the store uses two. SQLite reaches the system through a table of calls that it lets tests replace
(`xSetSystemCall`, its own means of testing), but for `fsync`, which is a method of each open file: the files that are
opened get a table of methods with another one. Python tells its audit hooks before it opens, links, renames, removes.
SQLite sleeps through a third, which passes no time here but counts it. What no layer shows, and so is not failed, is
what a file system loses without a word.
Where Python brings an SQLite of its own inside, whose tables cannot be reached, the second layer alone is failed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

__all__ = ["Faulty", "failing", "reaches_sqlite"]


@dataclass
class Faulty:
    """Which operation fails, and what has happened. `at` 0: none."""

    at: int
    error: int
    lasting: bool
    operations: list[str] = field(default_factory=list)
    failed: int = 0
    slept: float = 0.0

    def fails(self, operation: str) -> bool:
        """Count one operation, and say whether it fails."""
        self.operations.append(operation)
        n = len(self.operations)
        fails = n == self.at or (self.lasting and 0 < self.at < n)
        self.failed += fails
        return fails


_current: Faulty | None = None


@contextmanager
def failing(at: int, error: int = errno.EIO, *, lasting: bool = False) -> Iterator[Faulty]:
    """The `at`-th operation fails with `error`; `lasting`: all that follow as well. 0: only count."""
    global _current  # noqa: PLW0603 - hooks are a process's
    _hook()
    _sqlite_calls()
    _current = faulty = Faulty(at, error, lasting)
    try:
        yield faulty
    finally:
        _current = None


# ---------------------------------------------------------------- Python's own operations

_AUDITED: Final = frozenset(
    ("open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.chmod", "fcntl.flock", "sqlite3.connect")
)


@cache
def _hook() -> None:
    """A hook can never be taken away again: it looks whether anything is to fail."""

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        faulty = _current
        if faulty is not None and event in _AUDITED and faulty.fails(event):
            raise OSError(faulty.error, os.strerror(faulty.error))

    sys.addaudithook(heard)


# ---------------------------------------------------------------- SQLite's

_P: Final = ctypes.c_void_p
_SET: Final = ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.c_char_p, _P)
_GET: Final = ctypes.CFUNCTYPE(_P, _P, ctypes.c_char_p)
_SLEEP: Final = ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.c_int)
_OPEN: Final = ctypes.CFUNCTYPE(ctypes.c_int, _P, _P, _P, ctypes.c_int, _P)
_SYNC: Final = ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.c_int)


class _Methods(ctypes.Structure):
    """What can be done with an open file."""

    _fields_ = [  # type: ignore[mutable-override]  # as ctypes wants it
        ("version", ctypes.c_int),
        *((f"method_{n}", _P) for n in range(4)),
        ("sync", _P),
        *((f"method_{n}", _P) for n in range(5, 18)),
    ]


class _File(ctypes.Structure):
    """An open file, as far as every file system has it."""

    _fields_ = [("methods", ctypes.POINTER(_Methods))]  # type: ignore[mutable-override]  # likewise


class _Vfs(ctypes.Structure):
    _fields_ = [  # type: ignore[mutable-override]  # as ctypes wants it
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _P),
        ("name", ctypes.c_char_p),
        ("data", _P),
        ("open", _OPEN),
        *((f"method_{n}", _P) for n in range(1, 9)),
        ("sleep", _SLEEP),
        *((f"method_{n}", _P) for n in range(10, 13)),
        ("set", _SET),
        ("get", _GET),
    ]


_INT, _LONG, _SIZE = ctypes.c_int, ctypes.c_int64, ctypes.c_size_t
_CALLS: Final = {
    "open": (_INT, (ctypes.c_char_p, _INT, _INT)),
    "fcntl": (_INT, (_INT, _INT, _P)),
    "fstat": (_INT, (_INT, _P)),
    "ftruncate": (_INT, (_INT, _LONG)),
    "pread64": (ctypes.c_ssize_t, (_INT, _P, _SIZE, _LONG)),
    "pwrite64": (ctypes.c_ssize_t, (_INT, _P, _SIZE, _LONG)),
    "mmap": (_P, (_P, _SIZE, _INT, _INT, _INT, _LONG)),
    "unlink": (_INT, (ctypes.c_char_p,)),
}
"""What SQLite asks of the system, with the types of C."""


@cache
def _sqlite_calls() -> tuple[object, ...]:
    """Replace SQLite's calls, for good; what is given back must live as long."""
    vfs = _vfs()
    if vfs is None:
        return ()
    kept: list[object] = []
    for name, (result, arguments) in _CALLS.items():
        address = vfs.contents.get(vfs, name.encode())
        if address:
            kind = ctypes.CFUNCTYPE(result, *arguments, use_errno=True)
            call = kind(_replaced(name, kind(address), -1))
            if vfs.contents.set(vfs, name.encode(), ctypes.cast(call, _P)) == 0:
                kept.append(call)
    sleep = _SLEEP(_slept(_SLEEP(ctypes.cast(vfs.contents.sleep, _P).value or 0)))
    vfs.contents.sleep = sleep
    opens = _OPEN(_opened(_OPEN(ctypes.cast(vfs.contents.open, _P).value or 0)))
    vfs.contents.open = opens
    return (*kept, sleep, opens)


_FSYNC_FAILED: Final = 1034
"""`SQLITE_IOERR_FSYNC`"""
_others: Final[dict[int, tuple[_Methods, object]]] = {}
"""By the address of a file system's methods: the same with another `fsync`."""


def _opened(real: Callable[..., int]) -> Callable[..., int]:
    def opens(vfs: int, name: int, file: int, flags: int, out: int) -> int:
        result = real(vfs, name, file, flags, out)
        held = _File.from_address(file)
        if result == 0 and held.methods:
            own = ctypes.addressof(held.methods.contents)
            if own not in _others:
                methods = _Methods.from_buffer_copy(held.methods.contents)
                sync = _SYNC(_synced(_SYNC(methods.sync)))
                methods.sync = ctypes.cast(sync, _P)
                _others[own] = methods, sync
            held.methods = ctypes.pointer(_others[own][0])
        return result

    return opens


def _synced(real: Callable[..., int]) -> Callable[..., int]:
    def sync(file: int, flags: int) -> int:
        faulty = _current
        return _FSYNC_FAILED if faulty is not None and faulty.fails("fsync") else real(file, flags)

    return sync


def _slept(real: Callable[..., int]) -> Callable[..., int]:
    def sleep(vfs: int, microseconds: int) -> int:
        faulty = _current
        if faulty is None:
            return real(vfs, microseconds)
        faulty.slept += microseconds / 1e6
        return microseconds

    return sleep


def _replaced(name: str, real: Callable[..., int], failure: int) -> Callable[..., int]:
    def call(*arguments: int) -> int:
        faulty = _current
        if faulty is not None and faulty.fails(name):
            ctypes.set_errno(faulty.error)
            return failure
        return real(*arguments) or 0

    return call


def _vfs() -> ctypes._Pointer[_Vfs] | None:
    """The system's part of the very SQLite that `sqlite3` uses; None: out of reach."""
    import sqlite3

    try:
        library = ctypes.CDLL("libsqlite3.so.0")
        library.sqlite3_libversion.restype = ctypes.c_char_p
        if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
            return None
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        found = library.sqlite3_vfs_find(None)
    except (OSError, AttributeError):
        return None
    return found if found and found.contents.version >= 3 else None


def reaches_sqlite() -> bool:
    """Whether SQLite's own operations fail too."""
    return bool(_sqlite_calls())
