"""Threads for work that may have to be left behind, used again when they come back.

Law: work begins at once, on a thread that nothing else runs on; it never waits for other work to end. A thread that
has been idle for a while ends. Nothing of one piece of work is kept for the next: neither its context nor its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from llm_effects.forks import in_child

__all__ = ["begin", "idle"]

_Work: TypeAlias = Callable[[], object]

IDLE_FOR: Final = 10.0
"""Seconds that a thread waits for more work."""

_idle: Final[list[SimpleQueue[_Work]]] = []
"""Where the threads that wait can be reached, those that came last at the end. Each operation on it is atomic."""


def begin(work: _Work) -> None:
    """Do the work on another thread, in a copy of this one's context. `work` raises nothing."""
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        threading.Thread(target=_serve, args=(inbox,), name="llm_effects-aside", daemon=True).start()
    inbox.put(partial(copy_context().run, work))


def idle() -> int:
    """How many threads wait for work."""
    return len(_idle)


def _serve(inbox: SimpleQueue[_Work]) -> None:
    while True:
        try:
            work = inbox.get(timeout=IDLE_FOR)
        except Empty:
            try:
                _idle.remove(inbox)
            except ValueError:
                continue  # somebody has just taken it: work is on its way
            return
        work()
        del work  # or it would be kept until the next comes
        _idle.append(inbox)


in_child(_idle.clear)  # it has no thread of its parent's
