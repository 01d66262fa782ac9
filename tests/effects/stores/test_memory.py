"""What only the store in memory does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.stores import MemoryStore


def test_what_was_longest_unused_is_forgotten() -> None:
    store = MemoryStore(max_entries=2)
    store.save("a", b"1")
    store.save("b", b"2")
    store.load("a")
    store.save("c", b"3")
    assert [store.load(key) for key in "abc"] == [b"1", None, b"3"]


def test_saving_again_counts_as_use() -> None:
    store = MemoryStore(max_entries=2)
    for key in ("a", "b", "a", "c"):
        store.save(key, key.encode())
    assert [store.load(key) for key in "abc"] == [b"a", None, b"c"]


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 5))
def test_it_holds_the_latest_keys_and_no_more(keys: list[str], limit: int) -> None:
    store = MemoryStore(max_entries=limit)
    for key in keys:
        store.save(key, key.encode())
    latest = list(dict.fromkeys(reversed(keys)))[:limit]
    assert len(store) == len(latest)
    assert all(store.load(key) == key.encode() for key in latest)


def test_without_a_limit_it_keeps_all() -> None:
    store = MemoryStore(max_entries=None)
    for n in range(5000):
        store.save(str(n), b"")
    assert len(store) == 5000


def test_a_limit_below_one_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        MemoryStore(max_entries=0)
