"""What blocks, on a thread of its own, so that whoever waits for it can leave.

Law: a wait ends by its limit. Work that was left behind goes on, and nobody takes what it finds; while somebody's work
is late, their next is refused at once (`TimeoutError`), so that one who never answers costs one wait and holds one
thread. Work whose waiter was cancelled is not late yet: it is after `GRACE`. Neither an event loop that closes nor the
end of the program waits for any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final, Generic, TypeVar, final

from llm_effects.forks import in_child
from llm_effects.threads import begin

__all__ = ["Aside", "waited"]

A = TypeVar("A")


GRACE: Final = 1.0
"""Seconds after which work is late though nobody waited for it so long."""


@final
class Aside(Generic[A]):
    """One piece of work for `owner`, begun. `done` is called on its thread with what it gave or raised.

    Raises `TimeoutError` at once while earlier work of this owner is late.
    """

    __slots__ = ("_done", "_ended", "_late_from", "_owner", "_work")

    def __init__(
        self, owner: object, work: Callable[[], A], done: Callable[[A | BaseException], None]
    ) -> None:
        now = monotonic()
        with _lock:
            if any(since <= now for since in tuple(_left_behind.get(id(owner), {}).values())):
                raise TimeoutError("it has not answered the last time yet")
        self._owner: Final = owner  # held, so that nobody else gets its identity
        self._work = work
        self._done = done
        self._ended = False
        self._late_from = now + GRACE
        begin(self._run)

    def leave(self, *, late: bool) -> None:
        """Nobody waits any more, because it is `late`, or for reasons of their own."""
        with _lock:
            if not self._ended:
                since = 0.0 if late else self._late_from
                _left_behind.setdefault(id(self._owner), {})[id(self)] = since

    def _run(self) -> None:
        answer: A | BaseException
        try:
            answer = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer = error
        with _lock:
            self._ended = True
            left = _left_behind.get(id(self._owner))
            if left is not None and left.pop(id(self), None) is not None:
                if not left:
                    del _left_behind[id(self._owner)]
                return
        self._done(answer)


def waited(owner: object, work: Callable[[], A], limit: float) -> A:
    """What the work gives or raises, waited for on this thread; `TimeoutError` after `limit` seconds."""
    answers: SimpleQueue[A | BaseException] = SimpleQueue()
    aside = Aside(owner, work, answers.put)
    try:
        answer = answers.get(timeout=min(max(0.0, limit), threading.TIMEOUT_MAX))
    except BaseException as error:
        aside.leave(late=isinstance(error, Empty))
        if isinstance(error, Empty):
            raise TimeoutError("no answer in time") from None
        raise
    if isinstance(answer, BaseException):
        try:
            raise answer
        finally:
            del answer  # or it would hold the frame that holds it
    return answer


_lock = threading.RLock()
"""The garbage collector may end a run, and have it leave, on a thread that is at this very moment in here."""
_left_behind: Final[dict[int, dict[int, float]]] = {}
"""By owner, and by each piece of work that was left behind: from when on it is late."""


def _renew() -> None:
    """A forked child waits for nothing that its parent's threads do."""
    global _lock  # noqa: PLW0603 - one a process
    _lock = threading.RLock()
    _left_behind.clear()


in_child(_renew)
