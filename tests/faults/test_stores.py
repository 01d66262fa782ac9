"""K: the file under a store, as processes, disks and other programs leave it: the table at the top of
`llm_effects.stores.sqlite`, row by row. That a run goes on whatever its store does is in tests/faults/test_caching.py.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.stores import MemoryStore, SqliteStore, StoreUnusable, database, mounts
from llm_effects.stores.sqlite import SWEEP
from tests.effects.stores.files import Clock, altered, environment, filled, posix, rows
from tests.many import few

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


# ---------------------------------------------------------------- K1, K2: death of the process, and of the power


@pytest.mark.slow
def test_K1_killed_while_writing_nothing_acknowledged_is_lost() -> None:
    """50 rounds of what `make crash` does in a thousand."""
    command = [sys.executable, "-m", "tests.faults.crash", "--rounds", "50", "--longest", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"100 processes killed, (\d+) values acknowledged: 0 lost, 0 files unsound", done.stdout)
    assert told is not None, done.stdout
    assert int(told[1]) > 500


KEYS = "abcde"


def states(n: int) -> list[dict[str, bytes]]:
    """What the store holds after each of `n` saves, the first of them: nothing."""
    held: dict[str, bytes] = {}
    found = [dict(held)]
    for i in range(n):
        held[KEYS[i % len(KEYS)]] = b"%d " % i * 400
        found.append(dict(held))
    return found


def saved(path: Path, n: int, before: int) -> tuple[bytes, bytes]:
    """A file in which the first `before` of `n` saves are checkpointed, and its log with the others."""
    for left in path.parent.iterdir():
        left.unlink()
    with SqliteStore(path) as store:
        for i in range(before):
            store.save(KEYS[i % len(KEYS)], b"%d " % i * 400)
    with SqliteStore(path) as store:
        for i in range(before, n):
            store.save(KEYS[i % len(KEYS)], b"%d " % i * 400)
        return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def found_after_a_power_cut(path: Path, file: bytes, log: bytes) -> dict[str, bytes]:
    """What a store finds in this file with this log; the file is sound."""
    for left in path.parent.iterdir():
        left.unlink()
    path.write_bytes(file)
    Path(f"{path}-wal").write_bytes(log)
    with SqliteStore(path) as store:
        found = {key: value for key in KEYS if (value := store.load(key)) is not None}
        store.save("new", b"1")
        assert store.load("new") == b"1"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert list(path.parent.iterdir()) == [path]
    return found


@given(data=st.data())
@few
def test_K2_of_a_log_that_a_power_cut_tore_the_first_saves_are_found(path: Path, data: st.DataObject) -> None:
    """Sectors that were never written, written in another order, or half: some of the last saves may be gone, all of
    each, and none of an earlier one. That is what NORMAL promises; nothing of the log was synchronised yet."""
    n, before = 12, 4
    file, whole = saved(path, n, before)
    log = bytearray(whole[: data.draw(st.integers(0, len(whole)), label="written so far")])
    for sector in data.draw(st.lists(st.integers(0, len(log) // 512), max_size=5), label="sectors lost"):
        place = slice(sector * 512, (sector + 1) * 512)
        log[place] = data.draw(st.sampled_from([b"\0", b"\xff"])) * len(log[place])
    found = found_after_a_power_cut(path, file, bytes(log))
    assert found in states(n)[before:]
    if bytes(log) == whole:
        assert found == states(n)[n]


@given(data=st.data())
@few
def test_K2_a_checkpoint_that_a_power_cut_tore_loses_nothing(path: Path, data: st.DataObject) -> None:
    """The log is synchronised before its pages go into the file, and stays until those are: any of them may be new or
    old."""
    n, before = 12, 4
    old, log = saved(path, n, before)
    new = path.read_bytes()  # closed by now, and so checkpointed
    size = 4096
    pages = range(0, len(new), size)
    torn = b"".join(
        (new if data.draw(st.booleans()) or at >= len(old) else old)[at : at + size] for at in pages
    )
    assert found_after_a_power_cut(path, torn, log) == states(n)[n]


AS_NOBODY = """
import os, sqlite3, sys
from llm_effects.stores import SqliteStore
if os.geteuid() == 0:
    os.seteuid(65534)
path, operation = sys.argv[1:]
store = SqliteStore(path)
try:
    print("gave", store.load("0000") if operation == "load" else store.save("a", b"1"))
except (OSError, sqlite3.Error) as error:
    print("raised", type(error).__name__)
"""


WRITER = """
import sys
from llm_effects.stores import SqliteStore
path, name, n = sys.argv[1:]
with SqliteStore(path, timeout=30) as store:
    for i in range(int(n)):
        store.save("shared", name.encode() * 5000)
        assert set(store.load("shared").decode()) <= set("AB")
        store.save(f"{name}{i}", name.encode())
"""


# ---------------------------------------------------------------- K3: full


@posix
def test_K3_a_full_disk_fails_the_save_and_leaves_the_rest(path: Path) -> None:
    """A file size limit stands in for the disk; it is a child's, as limits are a process's."""
    values = filled(path, 5)
    program = """
import resource, signal, sqlite3, sys
from llm_effects.stores import SqliteStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = SqliteStore(sys.argv[1])
store.save("small", b"1")
try:
    store.save("large", bytes(1_000_000))
except sqlite3.Error as error:
    print("raised")
print(store.load("small"), store.load("large"), store.load("0003") is not None)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["raised", "b'1' None True"]
    with SqliteStore(path) as store:
        assert {key: store.load(key) for key in values} == values


# ---------------------------------------------------------------- K4: corrupt, or another program's


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, just text\n" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_K4_what_is_no_database_is_set_aside_once(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with SqliteStore(path) as store:
        with pytest.raises(StoreUnusable, match=r"set aside as .*answers\.db\.corrupt-1"):
            store.load("a")
        assert store.load("a") is None
        store.save("a", b"1")
        assert store.load("a") == b"1"
    assert (path.parent / "answers.db.corrupt-1").read_bytes() == content


def test_K4_each_damaged_file_gets_its_own_number(path: Path) -> None:
    for _ in range(3):
        path.write_bytes(b"junk" * 1000)
        with SqliteStore(path) as store, pytest.raises(StoreUnusable):
            store.save("a", b"1")
    assert sorted(file.name for file in path.parent.glob("*.corrupt-*")) == [
        f"answers.db.corrupt-{n}" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE llm_effects_entries DROP COLUMN digest",
        "ALTER TABLE llm_effects_entries RENAME COLUMN value TO val",
        "PRAGMA user_version = 0",
    ],
)
def test_K4_our_table_in_another_shape_is_damage(path: Path, statement: str) -> None:
    filled(path, 1)
    altered(path, statement)
    with SqliteStore(path) as store:
        with pytest.raises(StoreUnusable, match="set aside"):
            store.load("0000")
        assert store.load("0000") is None


@given(st.data())
@few
def test_K4_whatever_bytes_are_flipped_no_wrong_value_is_read(path: Path, data: st.DataObject) -> None:
    """Each value comes back whole or not at all, and what is raised are exceptions that a caller expects."""
    for file in path.parent.iterdir():
        file.unlink()
    values = filled(path, 12, 1500)
    content = bytearray(path.read_bytes())
    at = data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=40))
    if data.draw(st.booleans()):
        at = [*at, *range(at[0], min(at[0] + 3000, len(content)))]
    for place in at:
        content[place] ^= data.draw(st.integers(1, 255), label="flip") if len(at) < 50 else 0x5A
    path.write_bytes(content)
    with SqliteStore(path) as store:
        for key, value in values.items():
            with suppress(StoreUnusable, sqlite3.Error):
                assert store.load(key) in {None, value}
            with suppress(StoreUnusable, sqlite3.Error):
                store.save(key, b"new")
                assert store.load(key) == b"new"


def test_K4_another_programs_database_is_left_alone(path: Path) -> None:
    altered(path, "CREATE TABLE thesis (chapter TEXT)", "INSERT INTO thesis VALUES ('one')")
    before = path.read_bytes()
    with SqliteStore(path) as store:
        for _ in range(2):
            with pytest.raises(StoreUnusable, match="another program"):
                store.load("a")
            with pytest.raises(StoreUnusable, match="another program"):
                store.save("a", b"1")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["answers.db"]


# ---------------------------------------------------------------- K5: older, newer


def test_K5_an_older_file_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = filled(path)
    more = (
        *database.MIGRATIONS,
        "ALTER TABLE llm_effects_entries ADD COLUMN note TEXT",
        "CREATE TABLE more (x)",
    )
    monkeypatch.setattr(database, "MIGRATIONS", more)
    with SqliteStore(path) as store:
        assert {key: store.load(key) for key in values} == values
        store.save("a", b"1")
        assert store.load("a") == b"1"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(more),)


def test_K5_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = filled(path)
    with monkeypatch.context() as broken, SqliteStore(path) as store:
        broken.setattr(
            database,
            "MIGRATIONS",
            (*database.MIGRATIONS, "CREATE TABLE more (x)", "INSERT INTO nowhere VALUES (1)"),
        )
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            store.load("0000")
    with SqliteStore(path) as store:
        assert {key: store.load(key) for key in values} == values


def test_K5_a_newer_file_is_left_alone_and_every_load_a_miss(path: Path) -> None:
    filled(path, 1)
    altered(
        path, "PRAGMA user_version = 999", "ALTER TABLE llm_effects_entries RENAME TO llm_effects_entries_old"
    )
    altered(path, "CREATE TABLE llm_effects_entries (quite, different)")
    before = path.read_bytes()
    with SqliteStore(path) as store:
        assert store.load("0000") is None
        with pytest.raises(StoreUnusable, match="newer version"):
            store.save("0000", b"1")
    assert path.read_bytes() == before


VERSIONS = sorted((ROOT / "tests" / "fixtures" / "stores").glob("*.db"))


def test_K5_there_is_a_file_of_every_version() -> None:
    assert [int(file.stem) for file in VERSIONS] == [*range(1, len(database.MIGRATIONS) + 1)]


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.stem)
def test_K5_a_file_of_every_version_is_read(path: Path, file: Path) -> None:
    path.write_bytes(file.read_bytes())
    with SqliteStore(path) as store:
        assert store.load("00aa") == f"an answer of version {file.stem}".encode()
        assert store.load("00bb") == bytes(range(256))
        store.save("00aa", b"new")
        assert store.load("00aa") == b"new"


# ---------------------------------------------------------------- K6: two processes


def test_K6_two_processes_writing_one_key(path: Path) -> None:
    """One value wins, whole; nothing else is lost. They also race for who makes the file."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, "100"], env=environment())
        for name in "AB"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    with SqliteStore(path) as store:
        assert store.load("shared") in {b"A" * 5000, b"B" * 5000}
        assert all(store.load(f"{name}{i}") == name.encode() for name in "AB" for i in range(100))
    assert [file.name for file in path.parent.iterdir()] == ["answers.db"]


# ---------------------------------------------------------------- K7: locked


def test_K7_a_locked_file_costs_no_more_than_the_timeout(path: Path) -> None:
    filled(path, 1)
    with (
        SqliteStore(path, timeout=0.1) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store.save("a", b"1")
        assert 0.1 <= time.monotonic() - begun < 1
        assert store.load("0000") is not None  # who writes keeps nobody from reading
        other.execute("COMMIT")
        store.save("a", b"1")
        assert store.load("a") == b"1"
    assert not list(path.parent.glob("*.corrupt-*"))


def test_K7_an_exclusive_lock_is_a_miss_soon(path: Path) -> None:
    filled(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with (
            SqliteStore(path, timeout=0.05) as store,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            store.load("0000")
    assert not list(path.parent.glob("*.corrupt-*"))


@posix
def test_K7_a_locked_folder_costs_no_more_than_the_timeout(path: Path) -> None:
    import fcntl

    with SqliteStore(path, timeout=0.1) as store:
        store.save("a", b"1")
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            begun = time.monotonic()
            assert store.load("a") == b"1"  # it is open, and needs nobody's leave
            store.close()
            with pytest.raises(TimeoutError, match="locked"):
                store.load("a")
            assert 0.2 <= time.monotonic() - begun < 1.2
        finally:
            os.close(folder)
        assert store.load("a") == b"1"
    assert list(path.parent.iterdir()) == [path]


# ---------------------------------------------------------------- K8: not to be written


@posix
@pytest.mark.parametrize("operation", ["load", "save"])
@pytest.mark.parametrize("what", ["folder", "missing folder", "file"])
def test_K8_what_may_not_be_written_raises(tmp_path: Path, what: str, operation: str) -> None:
    for folder in tmp_path.parents:
        if folder.owner() == "root" and os.geteuid() == 0 and folder.stat().st_mode & 0o5 != 0o5:
            folder.chmod(folder.stat().st_mode | 0o5)  # the test's own temporary folders, for the other user
    locked = tmp_path / "locked"
    locked.mkdir()
    path = locked / "deeper" / "answers.db" if what == "missing folder" else locked / "answers.db"
    if what == "file":
        filled(path, 1)
        path.chmod(0o444 if os.geteuid() == 0 else 0o400)
    locked.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(path), operation],
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
    finally:
        locked.chmod(0o755)
    assert done.stdout.startswith("raised"), done.stderr


# ---------------------------------------------------------------- K9: clocks


def test_K9_a_value_is_good_for_its_age_and_no_longer(path: Path) -> None:
    clock = Clock()
    with SqliteStore(path, max_age=60, clock=clock) as store:
        store.save("a", b"1")
        clock.now += 60
        assert store.load("a") == b"1"
        clock.now += 0.1
        assert store.load("a") is None


def test_K9_clocks_may_jump(path: Path) -> None:
    """A small step back is harmless; what was saved in a far future does not live for ever."""
    clock = Clock()
    with SqliteStore(path, max_age=60, clock=clock) as store:
        store.save("a", b"1")
        clock.now -= 30
        assert store.load("a") == b"1"
        clock.now -= 1000
        assert store.load("a") is None


# ---------------------------------------------------------------- K10: edited


@pytest.mark.parametrize(
    "edit",
    [
        "value = x'00'",
        "value = 'text'",
        "value = 17",
        "value = x'ff00'",
        "value = CAST(x'ff' AS TEXT)",
        "digest = x''",
        "digest = 'text'",
        "key = 'other'",
    ],
)
def test_K10_an_edited_row_is_a_miss_and_is_removed(path: Path, edit: str) -> None:
    filled(path, 1)
    altered(path, f"UPDATE llm_effects_entries SET {edit}")
    key = "other" if edit.startswith("key") else "0000"
    with SqliteStore(path) as store:
        assert store.load(key) is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM llm_effects_entries").fetchone() == (0,)


def test_K10_a_poisoned_row_that_cannot_be_removed_now_is_a_miss_all_the_same(path: Path) -> None:
    filled(path, 1)
    altered(path, "UPDATE llm_effects_entries SET value = x'00'")
    with (
        SqliteStore(path, timeout=0.05) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert store.load("0000") is None


# ---------------------------------------------------------------- K17: limits


def test_K17_the_old_is_cleared_away_bit_by_bit(path: Path) -> None:
    clock = Clock()
    with SqliteStore(path, max_age=60, clock=clock) as store:
        for n in range(100):
            store.save(f"{n:02x}", b"1")
        clock.now += 61
        counts = []
        for n in range(6):
            store.save(f"new{n}", b"1")
            counts.append(rows(path))
        assert counts == [101 - 32, 102 - 64, 103 - 96, 4, 5, 6]


@pytest.mark.parametrize("size", [100, 5_000, 60_000])
def test_K17_a_file_stays_below_its_limit(path: Path, size: int) -> None:
    limit = 300_000
    with SqliteStore(path, max_bytes=limit) as store:
        for n in range(max(30, 1_000_000 // size)):
            store.save(f"{n:04x}", random.Random(n).randbytes(size))
        assert store.load(f"{n:04x}") is not None
        assert store.load("0000") is None
    assert path.stat().st_size <= limit + size + 3 * 4096


def test_K17_a_value_above_the_limit_is_not_kept_and_takes_the_old_one_along(path: Path) -> None:
    with SqliteStore(path, max_bytes=50_000) as store:
        store.save("a", b"1")
        store.save("b", b"2")
        store.save("a", bytes(60_000))
        assert (store.load("a"), store.load("b")) == (None, b"2")


# ---------------------------------------------------------------- K14: network file systems


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "cifs"])
def test_K14_a_network_file_system_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    number = tmp_path.stat().st_dev
    table = tmp_path / "mountinfo"
    table.write_text(
        "21 1 0:99 / /proc rw - proc proc rw\n"
        f"36 35 {os.major(number)}:{os.minor(number)} / /home rw,noatime master:1 - {kind} server:/home rw\n"
    )
    with SqliteStore(path) as store:
        store.save("a", b"1")
        store.close()
        monkeypatch.setattr(mounts, "TABLE", table)
        with pytest.raises(StoreUnusable, match="network file system"):
            store.load("a")
        monkeypatch.setattr(mounts, "TABLE", tmp_path / "none")  # nobody tells
        assert store.load("a") == b"1"


# ---------------------------------------------------------------- limits, whatever happens

Limited = Callable[[Path, Clock], MemoryStore | SqliteStore]
LIMITED: dict[str, Limited] = {
    "memory": lambda path, clock: MemoryStore(None, max_bytes=40_000, max_age=60, clock=clock),
    "sqlite": lambda path, clock: SqliteStore(path, max_bytes=80_000, max_age=60, clock=clock),
}


@pytest.mark.parametrize("kind", LIMITED)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 9_000), st.integers(-5, 40)),
        min_size=1,
        max_size=60,
    )
)
@few
def test_K17_whatever_is_saved_stays_below_the_limits(
    path: Path, kind: str, steps: list[tuple[str, int, int]]
) -> None:
    """The last value is there, no value is another than the last of its key, none is older than its age."""
    for file in path.parent.iterdir():
        file.unlink()
    clock = Clock()
    held: dict[str, tuple[bytes, float]] = {}
    with LIMITED[kind](path, clock) as store:
        for n, (key, size, seconds) in enumerate(steps):
            clock.now += seconds
            value = b"%d" % n * (1 + size // 2)
            store.save(key, value)
            held[key] = value, clock.now
            assert store.load(key) == value
            for other, (last, at) in held.items():
                found = store.load(other)
                assert found in {None, last}
                assert found is None or clock.now - at <= 60
        if kind == "memory":
            assert sum(len(store.load(key) or b"") for key in held) <= 40_000
    if kind == "sqlite":
        assert path.stat().st_size <= 80_000 + 9_000 + 3 * 4096


def test_K17_no_save_clears_away_more_than_its_share(path: Path) -> None:
    """However much has grown too old, or too much since a limit was lowered."""
    filled(path, 1000, 100)
    with SqliteStore(path, max_bytes=30_000, max_age=60, clock=lambda: 1e12) as store:
        left = rows(path)
        while left > 40:
            store.save("new", b"1")
            before, left = left, rows(path)
            assert 0 < before - left <= 2 * SWEEP


def test_K9_a_store_in_memory_knows_no_wall_clock() -> None:
    clock = Clock()
    store = MemoryStore(max_age=60, clock=clock)
    store.save("a", b"1")
    clock.now += 60
    assert store.load("a") == b"1"
    clock.now += 0.1
    assert (store.load("a"), len(store)) == (None, 0)
    assert MemoryStore().clock is time.monotonic
