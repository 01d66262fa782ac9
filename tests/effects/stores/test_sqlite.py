"""What only the store in a file does. What it withstands is in tests/faults/test_stores.py."""

import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from llm_effects.stores import SqliteStore
from tests.effects.stores.files import environment, filled, posix, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


# ---------------------------------------------------------------- missing, or empty


def test_nothing_is_touched_before_first_use(path: Path) -> None:
    SqliteStore(path).close()
    assert not path.exists()


def test_sqlite3_is_imported_on_first_use_only() -> None:
    program = "import sys, llm_effects.stores as s; s.SqliteStore('x'); sys.exit('sqlite3' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, env=environment())


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


# ---------------------------------------------------------------- replaced


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


# ---------------------------------------------------------------- limits


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
