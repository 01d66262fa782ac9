"""A forked child waits for nobody who has stayed behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from llm_effects import MemoryStore
from llm_effects.cells import Cell
from llm_effects.forks import renewed_in_child

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def in_a_child(holds: Callable[[], bool]) -> bool:
    """Whether it holds in a child, and is answered there."""
    child = os.fork()
    if child == 0:
        told: list[bool] = []
        asking = threading.Thread(target=lambda: told.append(holds()), daemon=True)
        asking.start()
        asking.join(5)
        os._exit(0 if told == [True] else 1)
    return os.waitpid(child, 0)[1] == 0


def test_a_cell_that_a_thread_was_changing_can_be_changed_in_a_child() -> None:
    cell: Cell[int] = Cell("number", 7, "process")
    begun, gate = threading.Event(), threading.Event()

    def slow(number: int) -> tuple[int, None]:
        begun.set()
        gate.wait(5)
        return number + 1, None

    changing = threading.Thread(target=cell.change, args=(slow,))
    changing.start()
    begun.wait(5)
    assert in_a_child(lambda: cell.change(lambda number: (number, number)) == 7)
    gate.set()
    changing.join(5)


def test_a_memory_that_a_thread_was_at_can_be_used_in_a_child_and_counts_right() -> None:
    gate, begun = threading.Event(), threading.Event()
    times = iter([0.0])

    def clock() -> float:
        if (now := next(times, None)) is None:
            begun.set()
            gate.wait(5)
        return now or 0.0

    store = MemoryStore(max_bytes=3, clock=clock)
    store.save("a", b"1")
    saving = threading.Thread(target=store.save, args=("b", b"22"))
    saving.start()
    begun.wait(5)

    def holds() -> bool:
        gate.set()
        store.save("c", b"33")
        return (store.load("a"), store.load("b"), store.load("c")) == (b"1", None, b"33")

    assert in_a_child(holds)
    gate.set()
    saving.join(5)


def test_what_nobody_holds_is_not_renewed() -> None:
    renewed: list[int] = []

    class It:
        def renew(self) -> None:
            renewed.append(1)

    dropped, kept = It(), It()
    renewed_in_child(dropped)
    renewed_in_child(kept)
    del dropped
    assert in_a_child(lambda: renewed == [1])
    assert renewed == []
