"""What only the store in a file does: the table at the top of its module, row by row."""

import os
import pickle
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_effects.stores import SqliteStore, StoreUnusable, database

posix = pytest.mark.skipif(os.name != "posix", reason="modes, forks and signals as POSIX has them")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


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


# ---------------------------------------------------------------- missing, or empty


def test_nothing_is_touched_before_first_use(path: Path) -> None:
    SqliteStore(path).close()
    assert not path.exists()


def test_sqlite3_is_imported_on_first_use_only() -> None:
    program = "import sys, llm_effects.stores as s; s.SqliteStore('x'); sys.exit('sqlite3' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, env=environment())


@posix
def test_the_files_are_the_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        with SqliteStore(path) as store:
            store.save("a", b"1")
            files = sorted(path.parent.iterdir())
            assert [file.name.removeprefix("answers.db") for file in files] == ["", "-pin", "-shm", "-wal"]
            assert [mode(file) for file in files] == [0o600] * 4
    finally:
        os.umask(before)


@posix
def test_an_open_file_is_closed_to_others(path: Path) -> None:
    filled(path, 1)
    path.chmod(0o644)
    with SqliteStore(path) as store:
        assert store.load("0000") is not None
        assert [mode(file) for file in path.parent.iterdir()] == [0o600] * 4


@posix
def test_missing_folders_are_made_and_existing_ones_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with SqliteStore(tmp_path / "x" / "y" / "answers.db") as store:
        store.save("a", b"1")
    assert [mode(tmp_path), mode(tmp_path / "x"), mode(tmp_path / "x" / "y")] == [0o755, 0o700, 0o700]


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    with SqliteStore(path) as store:
        store.save("a", b"1")
        assert store.load("a") == b"1"


def test_a_relative_path_means_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("answers.db")
    monkeypatch.chdir("/")
    with store:
        store.save("a", b"1")
    assert (tmp_path / "answers.db").exists()


# ---------------------------------------------------------------- damaged, or no database


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, just text\n" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_what_is_no_database_is_set_aside_once(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with SqliteStore(path) as store:
        with pytest.raises(StoreUnusable, match=r"set aside as .*answers\.db\.corrupt-1"):
            store.load("a")
        assert store.load("a") is None
        store.save("a", b"1")
        assert store.load("a") == b"1"
    assert (path.parent / "answers.db.corrupt-1").read_bytes() == content


def test_each_damaged_file_gets_its_own_number(path: Path) -> None:
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
def test_our_table_in_another_shape_is_damage(path: Path, statement: str) -> None:
    filled(path, 1)
    altered(path, statement)
    with SqliteStore(path) as store:
        with pytest.raises(StoreUnusable, match="set aside"):
            store.load("0000")
        assert store.load("0000") is None


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_bytes_are_flipped_no_wrong_value_is_read(path: Path, data: st.DataObject) -> None:
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


# ---------------------------------------------------------------- another program's


def test_another_programs_database_is_left_alone(path: Path) -> None:
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


# ---------------------------------------------------------------- older and newer


def test_an_older_file_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_newer_file_is_left_alone_and_every_load_a_miss(path: Path) -> None:
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


# ---------------------------------------------------------------- locked, read-only, full, replaced


def test_a_locked_file_costs_no_more_than_the_timeout(path: Path) -> None:
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


def test_an_exclusive_lock_is_a_miss_soon(path: Path) -> None:
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


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@posix
@pytest.mark.parametrize("operation", ["load", "save"])
@pytest.mark.parametrize("what", ["folder", "missing folder", "file"])
def test_what_may_not_be_written_raises(tmp_path: Path, what: str, operation: str) -> None:
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


@posix
def test_a_full_disk_fails_the_save_and_leaves_the_rest(path: Path) -> None:
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


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_that_goes_away_is_begun_anew(path: Path, how: str) -> None:
    with SqliteStore(path) as store:
        store.save("a", b"1")
        for file in path.parent.glob("answers.db*"):
            file.unlink()
        if how == "replaced":
            filled(path, 1)
        assert store.load("a") is None
        store.save("b", b"2")
        assert path.exists()
        assert store.load("b") == b"2"


CRASHING = """
import os, sys
from llm_effects.stores import SqliteStore
store = SqliteStore(sys.argv[1])
store.save("old", b"1")
os._exit(0)
"""


def old_store(path: Path, state: str) -> SqliteStore:
    """A store whose log is not empty: open, or left so by a process that died."""
    store = SqliteStore(path)
    if state == "open":
        store.save("old", b"1")
    else:
        subprocess.run([sys.executable, "-c", CRASHING, str(path)], check=True, env=environment())
    assert Path(f"{path}-wal").stat().st_size > 0
    return store


def another(path: Path) -> Path:
    with SqliteStore(path.with_name("another.db")) as store:
        store.save("new", b"2")
    return store.path


@posix
@pytest.mark.parametrize("state", ["open", "left by a crash"])
def test_a_deleted_file_is_gone_with_all_that_was_in_it(path: Path, state: str) -> None:
    with old_store(path, state) as store:
        path.unlink()
        assert store.load("old") is None
        store.save("b", b"2")
        assert store.load("b") == b"2"
    with SqliteStore(path) as again:
        assert (again.load("old"), again.load("b")) == (None, b"2")
    assert list(path.parent.iterdir()) == [path]


@posix
@pytest.mark.parametrize("how", ["renamed", "copied after the old one was deleted"])
@pytest.mark.parametrize("state", ["open", "left by a crash"])
def test_a_file_put_in_place_is_read_as_it_stands(path: Path, state: str, how: str) -> None:
    new = another(path)
    with old_store(path, state) as store:
        if how == "renamed":
            new.rename(path)
        else:
            content = new.read_bytes()
            new.unlink()
            path.unlink()
            path.write_bytes(content)  # file systems like to give it the number of the deleted one
        content = path.read_bytes()
        assert (store.load("old"), store.load("new")) == (None, b"2")
        assert path.read_bytes() == content
        store.save("b", b"3")
    with SqliteStore(path) as again:
        assert [again.load(key) for key in ("old", "new", "b")] == [None, b"2", b"3"]
    assert list(path.parent.iterdir()) == [path]


@posix
def test_each_who_has_the_old_file_open_notices_and_harms_nobody(path: Path) -> None:
    new = another(path)
    with SqliteStore(path) as early, SqliteStore(path) as late, SqliteStore(path) as closing_only:
        for store in (early, late, closing_only):
            store.save("old", b"1")
        new.rename(path)
        early.save("early", b"3")
        closing_only.close()
        assert (late.load("old"), late.load("new"), late.load("early")) == (None, b"2", b"3")
        late.save("late", b"4")
        assert early.load("late") == b"4"
        with SqliteStore(path) as fresh:
            assert fresh.load("early") == b"3"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert list(path.parent.iterdir()) == [path]


@posix
def test_a_file_deleted_before_the_store_closes_leaves_nothing(path: Path) -> None:
    with SqliteStore(path) as store:
        store.save("a", b"1")
        path.unlink()
    assert list(path.parent.iterdir()) == []


@posix
def test_what_was_saved_last_in_a_file_now_renamed_is_kept(path: Path) -> None:
    with old_store(path, "left by a crash") as store:
        path.rename(path.with_name("moved.db"))
        assert store.load("old") is None
    path.with_name("answers.db.orphan-1-wal").rename(path.with_name("moved.db-wal"))
    with SqliteStore(path.with_name("moved.db")) as moved:
        assert moved.load("old") == b"1"


@posix
def test_the_log_of_another_program_that_crashed_is_used(path: Path) -> None:
    filled(path, 1)
    program = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("UPDATE llm_effects_entries SET key = 'other'")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert Path(f"{path}-wal").stat().st_size > 0
    with SqliteStore(path) as store:
        assert store.load("other") is None  # not what was saved under this key: removed
        assert rows(path) == 0


@posix
def test_a_locked_folder_costs_no_more_than_the_timeout(path: Path) -> None:
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


# ---------------------------------------------------------------- what is read is checked


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
def test_an_edited_row_is_a_miss_and_is_removed(path: Path, edit: str) -> None:
    filled(path, 1)
    altered(path, f"UPDATE llm_effects_entries SET {edit}")
    key = "other" if edit.startswith("key") else "0000"
    with SqliteStore(path) as store:
        assert store.load(key) is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM llm_effects_entries").fetchone() == (0,)


def test_a_poisoned_row_that_cannot_be_removed_now_is_a_miss_all_the_same(path: Path) -> None:
    filled(path, 1)
    altered(path, "UPDATE llm_effects_entries SET value = x'00'")
    with (
        SqliteStore(path, timeout=0.05) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert store.load("0000") is None


# ---------------------------------------------------------------- limits


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


def test_a_value_is_good_for_its_age_and_no_longer(path: Path) -> None:
    clock = Clock()
    with SqliteStore(path, max_age=60, clock=clock) as store:
        store.save("a", b"1")
        clock.now += 60
        assert store.load("a") == b"1"
        clock.now += 0.1
        assert store.load("a") is None


def test_clocks_may_jump(path: Path) -> None:
    """A small step back is harmless; what was saved in a far future does not live for ever."""
    clock = Clock()
    with SqliteStore(path, max_age=60, clock=clock) as store:
        store.save("a", b"1")
        clock.now -= 30
        assert store.load("a") == b"1"
        clock.now -= 1000
        assert store.load("a") is None


def test_the_old_is_cleared_away_bit_by_bit(path: Path) -> None:
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
def test_a_file_stays_below_its_limit(path: Path, size: int) -> None:
    limit = 300_000
    with SqliteStore(path, max_bytes=limit) as store:
        for n in range(max(30, 1_000_000 // size)):
            store.save(f"{n:04x}", random.Random(n).randbytes(size))
        assert store.load(f"{n:04x}") is not None
        assert store.load("0000") is None
    assert path.stat().st_size <= limit + size + 3 * 4096


def test_a_value_above_the_limit_is_not_kept_and_takes_the_old_one_along(path: Path) -> None:
    with SqliteStore(path, max_bytes=50_000) as store:
        store.save("a", b"1")
        store.save("b", b"2")
        store.save("a", bytes(60_000))
        assert (store.load("a"), store.load("b")) == (None, b"2")


@pytest.mark.parametrize(
    "limits", [{"max_age": 0}, {"max_age": -1}, {"max_bytes": 0}, {"max_age": float("nan")}]
)
def test_limits_must_be_positive(path: Path, limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        SqliteStore(path, **limits)  # type: ignore[arg-type]  # a float for max_bytes is no matter here


@pytest.mark.parametrize("name", [":memory:", Path(":memory:")])
def test_a_store_is_a_file(name: str | Path) -> None:
    with pytest.raises(ValueError, match="MemoryStore"):
        SqliteStore(name)


# ---------------------------------------------------------------- connections


def test_equal_settings_make_equal_stores(path: Path) -> None:
    store = SqliteStore(path, max_age=60, max_bytes=10_000, timeout=1)
    assert store == SqliteStore(str(path), max_age=60, max_bytes=10_000, timeout=1)
    assert store != SqliteStore(path)
    assert hash(pickle.loads(pickle.dumps(store))) == hash(store)
    assert pickle.loads(pickle.dumps(store)) == store


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts open files in /proc")


@linux
def test_nothing_stays_open(path: Path) -> None:
    before = descriptors()
    with SqliteStore(path) as store:

        def work() -> None:
            for n in range(10):
                store.save(f"{n}", b"1")

        for _ in range(20):  # threads that come and go leave nothing behind
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert descriptors() - before <= 3
    assert descriptors() == before
    SqliteStore(path).load("a")  # forgotten, not closed
    assert descriptors() == before


@posix
def test_a_fork_may_go_on_using_the_store(path: Path) -> None:
    with SqliteStore(path, timeout=10) as store:
        store.save("parent", b"1")
        with warnings.catch_warnings():  # newer Pythons warn where pytest itself runs threads
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            try:
                store.save("child", b"2")
                fine = store.load("parent") is not None and store.load("child") == b"2"
                store.close()
                os._exit(0 if fine else 1)
            finally:
                os._exit(2)
        for n in range(50):
            store.save("parent", b"%d" % n)
        assert os.waitpid(pid, 0)[1] == 0
        assert (store.load("parent"), store.load("child")) == (b"49", b"2")


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


def test_two_processes_writing_one_key(path: Path) -> None:
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


ACKNOWLEDGER = """
import sys
from llm_effects.stores import SqliteStore
with SqliteStore(sys.argv[1]) as store:
    for n in range(int(sys.argv[2]), 1 << 60):
        store.save(f"{n:x}", b"%d" % n * 300)
        sys.stdout.write(f"{n}\\n")
        sys.stdout.flush()
"""


def killed_while_writing(path: Path, start: int, seconds: float) -> list[int]:
    """What a process acknowledged before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", ACKNOWLEDGER, str(path), str(start)], stdout=subprocess.PIPE, env=environment()
    )
    assert child.stdout is not None
    with child.stdout as lines:
        read = [lines.readline()]
        time.sleep(seconds)
        os.kill(child.pid, signal.SIGKILL)
        read += lines.readlines()
    child.wait()
    return [int(line) for line in read if line.endswith(b"\n")]


@posix
def test_killed_while_writing_nothing_acknowledged_is_lost(path: Path) -> None:
    chance: Callable[[], float] = random.Random(7).random
    acknowledged: list[int] = []
    for _ in range(5):
        acknowledged += killed_while_writing(path, len(acknowledged), 0.02 + chance() * 0.1)
        with SqliteStore(path) as store:
            assert [n for n in acknowledged if store.load(f"{n:x}") != b"%d" % n * 300] == []
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(acknowledged) > 50
    assert all(a < b for a, b in pairwise(acknowledged))
