"""Threads that may have to be left behind come back, and bring nothing with them."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from queue import SimpleQueue
from time import monotonic, sleep

import pytest

from llm_effects import threads

SAID: ContextVar[str] = ContextVar("said", default="nothing")


def until(holds: Callable[[], bool]) -> bool:
    end = monotonic() + 5
    while not holds() and monotonic() < end:
        sleep(0.001)
    return holds()


def came_back(begun: int) -> bool:
    """Whether all threads wait for work again, of which there are at least so many."""
    return until(lambda: threads.idle() >= begun)


def on_another_thread() -> int:
    """Do nothing, and say which thread did it."""
    done: SimpleQueue[int] = SimpleQueue()
    idle = threads.idle()
    threads.begin(lambda: done.put(threading.get_ident()))
    found = done.get(timeout=5)
    assert came_back(max(idle, 1))
    return found


def test_a_thread_that_has_come_back_is_used_again() -> None:
    assert on_another_thread() == on_another_thread() != threading.get_ident()


def test_work_waits_for_no_other_work() -> None:
    idle = threads.idle()
    held, begun = threading.Event(), SimpleQueue[None]()

    def work() -> None:
        begun.put(None)
        held.wait(5)

    for _ in range(8):
        threads.begin(work)
    for _ in range(8):
        begun.get(timeout=5)  # all of them, though none has ended
    held.set()
    assert came_back(max(idle, 8))


def test_work_has_the_context_of_who_began_it_and_leaves_none() -> None:
    told: SimpleQueue[str] = SimpleQueue()

    def work() -> None:
        told.put(SAID.get())
        SAID.set("something else")

    token = SAID.set("something")
    threads.begin(work)
    SAID.reset(token)
    assert told.get(timeout=5) == "something"
    assert came_back(1)
    threads.begin(work)
    assert told.get(timeout=5) == "nothing"


def test_nothing_is_kept_of_work_that_is_done() -> None:
    class Held:
        def __call__(self) -> None:
            pass

    held = Held()
    gone = weakref.ref(held)
    threads.begin(held)
    del held
    assert until(lambda: gc.collect() >= 0 and gone() is None)


def test_a_thread_that_has_nothing_to_do_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert until(lambda: threads.idle() > 0 or on_another_thread() > 0)
    monkeypatch.setattr(threads, "IDLE_FOR", 0.01)
    for _ in range(threads.idle()):  # each is told by its next work
        threads.begin(lambda: sleep(0.02))
    assert until(lambda: threads.idle() == 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_begins_with_no_thread_of_its_parent() -> None:
    on_another_thread()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if threads.idle() == 0 and on_another_thread() else 1)
    assert os.waitpid(pid, 0)[1] == 0
