"""What blocks, on a thread of its own, so that whoever waits for it can leave.

Law: a wait ends by its limit. Work that was left behind goes on, and nobody takes what it finds; while somebody's work
is left behind, their next is refused at once (`TimeoutError`), so that one who never answers costs one wait and holds
one thread. Neither an event loop that closes nor the end of the program waits for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar, final

from llm_effects.threads import begin

__all__ = ["Aside", "waited"]

A = TypeVar("A")


@final
class Aside(Generic[A]):
    """One piece of work for `owner`, begun. `done` is called on its thread with what it gave or raised.

    Raises `TimeoutError` at once while earlier work of this owner is left behind.
    """

    __slots__ = ("_done", "_ended", "_left", "_owner", "_work")

    def __init__(
        self, owner: object, work: Callable[[], A], done: Callable[[A | BaseException], None]
    ) -> None:
        if id(owner) in _left_behind:
            raise TimeoutError("it has not answered the last time yet")
        self._owner: Final = owner  # held, so that nobody else gets its identity
        self._work = work
        self._done = done
        self._ended = self._left = False
        begin(self._run)

    def leave(self) -> None:
        """Nobody waits any more."""
        with _lock:
            if not self._ended and not self._left:
                self._left = True
                _left_behind[id(self._owner)] = _left_behind.get(id(self._owner), 0) + 1

    def _run(self) -> None:
        answer: A | BaseException
        try:
            answer = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer = error
        with _lock:
            self._ended = True
            if self._left:
                _left_behind[id(self._owner)] -= 1
                if not _left_behind[id(self._owner)]:
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
        aside.leave()
        if isinstance(error, Empty):
            raise TimeoutError("no answer in time") from None
        raise
    if isinstance(answer, BaseException):
        try:
            raise answer
        finally:
            del answer  # or it would hold the frame that holds it
    return answer


_lock = threading.Lock()
_left_behind: Final[dict[int, int]] = {}


def _renew() -> None:
    """A forked child waits for nothing that its parent's threads do."""
    global _lock  # noqa: PLW0603 - one a process
    _lock = threading.Lock()
    _left_behind.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
