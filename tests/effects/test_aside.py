"""Work on a thread that can be left behind."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest
from typing_extensions import override

from llm_effects.interpreters import aside
from llm_effects.interpreters.aside import Aside, waited


class Owner:
    pass


def test_what_it_gives_and_what_it_raises_come_back() -> None:
    assert waited(Owner(), lambda: 7, 5) == 7
    with pytest.raises(KeyError, match="x"):
        waited(Owner(), partial(dict[str, int]().__getitem__, "x"), 5)


def test_who_has_been_left_behind_is_refused_until_they_answer() -> None:
    owner, gate, ended = Owner(), threading.Event(), threading.Event()

    def stuck() -> None:
        gate.wait(5)
        ended.set()

    with pytest.raises(TimeoutError, match="in time"):
        waited(owner, stuck, 0.01)
    with pytest.raises(TimeoutError, match="not answered"):
        waited(owner, stuck, 5)
    assert waited(Owner(), lambda: 1, 5) == 1, "others are not concerned"
    gate.set()
    ended.wait(5)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            assert waited(owner, lambda: 2, 5) == 2
            break
        except TimeoutError:
            time.sleep(0.001)
    else:
        pytest.fail("still refused")


def test_what_was_left_behind_tells_nobody() -> None:
    told: SimpleQueue[object] = SimpleQueue()
    gate, ended = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait(5)
        ended.set()

    begun = Aside(Owner(), work, told.put)
    begun.leave(late=True)
    begun.leave(late=True)
    gate.set()
    ended.wait(5)
    assert waited(Owner(), lambda: 1, 5) == 1
    assert told.empty()


def test_a_run_that_is_collected_while_another_begins_leaves_without_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, begun = threading.Event(), list[Aside[object]]()

    class Collecting(dict[int, dict[int, float]]):
        """Where it is looked into, the garbage collector runs, and ends an abandoned run."""

        @override
        def get(self, key: int, default: Any = None) -> Any:
            if begun:
                begun.pop().leave(late=False)
            return super().get(key, default)

    monkeypatch.setattr(aside, "_left_behind", Collecting())
    begun.append(Aside(Owner(), lambda: gate.wait(5), print))
    ended = threading.Thread(target=waited, args=(Owner(), lambda: 1, 5), daemon=True)
    ended.start()
    ended.join(5)
    gate.set()
    assert not ended.is_alive()


def test_a_cancelled_task_leaves_it_behind_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from llm_effects.interpreters.aio import _aside

    owner, gate = Owner(), threading.Event()

    async def main() -> None:
        task = asyncio.ensure_future(_aside(owner, lambda: gate.wait(30), None))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5, "the loop closes without waiting for the thread"
    assert waited(owner, lambda: 1, 5) == 1, "who was cancelled says nothing about how long it takes"
    monkeypatch.setattr(aside, "monotonic", lambda: time.monotonic() + aside.GRACE)
    with pytest.raises(TimeoutError, match="not answered"):
        waited(owner, lambda: 1, 5)
    gate.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks as POSIX has them")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # newer Pythons warn where there are threads
def test_a_forked_child_has_threads_of_its_own() -> None:
    owner, gate = Owner(), threading.Event()
    with pytest.raises(TimeoutError):
        waited(owner, lambda: gate.wait(30), 0.01)
    waited(Owner(), lambda: 1, 5)
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if waited(owner, lambda: 1, 5) == 1 else 1)
        finally:
            os._exit(2)
    gate.set()
    assert os.waitpid(pid, 0)[1] == 0
