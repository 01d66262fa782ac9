"""An entry is its bytes, in whichever form a store keeps it."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given

from llm_effects import MemoryStore, Store, compose, record, run, with_cache
from llm_effects.entries import Entry, answer_in, load, save
from llm_pure import Response
from llm_pure.serial import to_bytes
from llm_pure.strategies import responses
from tests.effects.scripted import QUESTION, answer, leaf

KEY, OTHER = "0a" * 32, "0b" * 32


@dataclass
class Bytes:
    """A store as anybody may write one: two functions on bytes."""

    kept: dict[str, bytes] = field(default_factory=dict)
    blocking = False

    def load(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def save(self, key: str, value: bytes) -> None:
        self.kept[key] = value


@given(responses())
def test_an_entry_and_its_bytes_hold_the_same_answer_under_its_key_alone(response: Response) -> None:
    entry = Entry(KEY, response)
    for form in (entry, bytes(entry)):
        found = answer_in(form, KEY)
        assert found is not None
        assert to_bytes(found) == to_bytes(response)
        assert answer_in(form, OTHER) is None


@given(responses())
def test_a_store_is_given_the_form_that_it_keeps_and_gives_bytes_to_whoever_asks_for_them(
    response: Response,
) -> None:
    entry, memory, plain = Entry(KEY, response), MemoryStore(), Bytes()
    save(memory, KEY, entry)
    save(plain, KEY, entry)
    assert load(memory, KEY) is entry
    assert load(plain, KEY) == memory.load(KEY) == plain.load(KEY) == bytes(entry)
    assert load(memory, OTHER) is None


def test_a_hit_from_memory_is_the_value_that_was_kept() -> None:
    runner = compose(leaf(answer()), with_cache(MemoryStore()))
    first, second = run(runner, QUESTION), run(runner, QUESTION)
    assert first.unwrap() is second.unwrap()


def test_an_entry_that_was_moved_within_memory_is_no_hit() -> None:
    store = MemoryStore()
    runner = compose(leaf(answer("one"), answer("two")), with_cache(store))
    run(runner, QUESTION)
    (key,) = store._entries
    store.save(key, bytes(Entry(OTHER, answer("moved"))))
    assert run(runner, QUESTION).unwrap().text == "two"
    store.put(key, Entry(OTHER, answer("moved")))
    assert load(store, key) == Entry(OTHER, answer("moved"))
    assert answer_in(Entry(OTHER, answer("moved")), key) is None


def test_a_trace_tells_the_same_of_values_and_of_bytes() -> None:
    def steps(store: Store) -> list[list[object]]:
        runner = compose(leaf(answer()), with_cache(store))
        return [[step.did for step in record(runner, QUESTION).trace.steps] for _ in range(2)]

    assert steps(MemoryStore()) == steps(Bytes())


@pytest.mark.parametrize("room", [0, 1])
def test_the_bytes_of_entries_are_what_counts_against_the_limit(room: int) -> None:
    size = len(bytes(Entry(KEY, answer())))
    store = MemoryStore(max_bytes=2 * size - 1 + room)
    store.put(KEY, Entry(KEY, answer()))
    store.put(OTHER, Entry(OTHER, answer()))
    assert (store.load(KEY) is not None, store.load(OTHER) is not None) == (bool(room), True)
    store.put(KEY, Entry(KEY, answer("longer" * 1000)))
    assert store.load(KEY) is None
