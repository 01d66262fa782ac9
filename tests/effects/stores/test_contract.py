"""What every store promises, asked of each of them."""

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from typing_extensions import override

from llm_effects.stores import MemoryStore, SqliteStore
from tests.many import few

AnyStore = MemoryStore | SqliteStore
Make = Callable[[], AnyStore]

KEY = "0123456789abcdef" * 4


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """A maker of stores; stores of one test share their file."""
    return MemoryStore if request.param == "memory" else lambda: SqliteStore(tmp_path / "answers.db")


def test_what_was_never_saved_is_a_miss(make: Make) -> None:
    with make() as store:
        assert store.load(KEY) is None


@pytest.mark.parametrize("value", [b"", b"\0", b"answer", bytes(range(256)) * 4096])
def test_a_value_comes_back_as_it_was(make: Make, value: bytes) -> None:
    with make() as store:
        store.save(KEY, value)
        assert store.load(KEY) == value


def test_the_last_save_wins(make: Make) -> None:
    with make() as store:
        store.save(KEY, b"first")
        store.save(KEY, b"second")
        assert store.load(KEY) == b"second"


def test_keys_are_kept_apart(make: Make) -> None:
    with make() as store:
        store.save("aa", b"1")
        store.save("a", b"2")
        assert (store.load("aa"), store.load("a"), store.load("A")) == (b"1", b"2", None)


def test_a_store_says_whether_it_may_wait(make: Make) -> None:
    with make() as store:
        assert store.blocking is isinstance(store, SqliteStore)


def test_a_store_is_true_even_when_empty(make: Make) -> None:
    with make() as store:
        assert bool(store)


def test_a_pickled_store_can_be_used(make: Make) -> None:
    with make() as store:
        store.save(KEY, b"answer")
        with pickle.loads(pickle.dumps(store)) as copy:
            assert repr(copy) == repr(store)
            assert copy.load(KEY) == (b"answer" if store.blocking else None)


def test_a_closed_store_can_be_used_again(make: Make) -> None:
    store = make()
    store.close()
    with store:
        store.save(KEY, b"answer")
        assert store.load(KEY) == b"answer"


def test_threads_share_a_store(make: Make) -> None:
    """Nobody sees a value that nobody saved, and nothing that was saved last is lost."""
    wrong: list[object] = []

    def work(name: int) -> None:
        try:
            for n in range(40):
                store.save("shared", b"%d" % (n % 5) * 1000)
                store.save(f"own-{name}", b"%d" % n)
                shared = store.load("shared")
                if shared is None or len(set(shared)) != 1 or store.load(f"own-{name}") != b"%d" % n:
                    wrong.append((name, n, shared))
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shall see it
            wrong.append(error)

    made = make()
    with SqliteStore(made.path, timeout=30) if isinstance(made, SqliteStore) else made as store:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


class StoreMachine(RuleBasedStateMachine):
    """A store beside a dict."""

    make: ClassVar[Make]

    @initialize()
    def begin(self) -> None:
        self.store = type(self).make()
        self.model: dict[str, bytes] = {}

    @rule(key=st.sampled_from("abcdef"), value=st.binary(max_size=40))
    def save(self, key: str, value: bytes) -> None:
        self.store.save(key, value)
        self.model[key] = value

    @rule(key=st.sampled_from("abcdefgh"))
    def load(self, key: str) -> None:
        assert self.store.load(key) == self.model.get(key)

    @rule()
    def pickled(self) -> None:
        self.store.close()
        self.store = pickle.loads(pickle.dumps(self.store))
        if not self.store.blocking:
            self.model.clear()

    @invariant()
    def all_there(self) -> None:
        if hasattr(self, "store"):
            assert {key: self.store.load(key) for key in self.model} == self.model

    @override
    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_store_behaves_like_a_dict(kind: str, tmp_path: Path) -> None:
    files = iter(range(1_000_000))

    def make() -> AnyStore:
        return MemoryStore() if kind == "memory" else SqliteStore(tmp_path / f"{next(files)}.db")

    class Machine(StoreMachine):
        pass

    Machine.make = make

    run_state_machine_as_test(Machine, settings=settings(few, stateful_step_count=20))


@given(key=st.text("0123456789abcdef", min_size=1), value=st.binary())
@few
def test_any_bytes_under_any_key(make: Make, key: str, value: bytes) -> None:
    with make() as store:
        store.save(key, value)
        assert store.load(key) == value
