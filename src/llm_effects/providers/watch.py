"""Time and room for an exchange that the SDK itself cannot bound.

Law: a blocking wait ends at its limit. Reading is ended by breaking the connection; the way to the headers, which has
no connection in reach, by leaving it to a thread whose answer nobody takes any more.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Final, final

from llm_effects.forks import in_child
from llm_effects.providers.reach import HEARING, REACHING, Sock
from llm_effects.threads import begin

if TYPE_CHECKING:
    import httpx2

__all__ = ["Patience", "Watch", "in_time", "is_shared", "wake", "watch"]


@final
class Watch:
    """What breaks one connection at one time, unless it is cancelled. It keeps nothing alive."""

    __slots__ = ("_sock", "fired")

    def __init__(self, sock: Sock) -> None:
        self._sock: Callable[[], Sock | None] | None
        try:
            self._sock = weakref.ref(sock)
        except TypeError:  # a transport's own kind of socket
            self._sock = lambda: sock
        self.fired = False

    @property
    def over(self) -> bool:
        """Whether there is nothing left to break."""
        return self._sock is None or self._sock() is None

    def cancel(self) -> None:
        """Without a lock, so that it can be called from anywhere."""
        self._sock = None

    def fire(self) -> None:
        """Break the connection."""
        held = self._sock
        sock = None if held is None else held()
        if sock is not None:
            self.fired = True
            _abort(sock)


@final
class _Watcher:
    """One thread for all the watches of a process, asleep until the first is due."""

    __slots__ = ("_awake", "_due", "_number", "_started", "_sweep_at")

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Watch]] = []
        self._awake: Final = threading.Condition()
        self._number: Final = count()
        self._started = False
        self._sweep_at = _FEW

    def add(self, watched: Watch, limit: float) -> None:
        due = monotonic() + limit
        with self._awake:
            if len(self._due) >= self._sweep_at:
                # Most calls end before their time: what they leave is dropped.
                self._due = [entry for entry in self._due if not entry[2].over]
                heapify(self._due)
                self._sweep_at = max(_FEW, 2 * len(self._due))
            first = not self._due or due < self._due[0][0]
            heappush(self._due, (due, next(self._number), watched))
            if not self._started:
                threading.Thread(target=self._work, name="llm_effects-watch", daemon=True).start()
                self._started = True
            elif first:
                self._awake.notify()

    def _work(self) -> None:
        while True:
            with self._awake:
                while not self._due or self._due[0][0] > monotonic():
                    left = self._due[0][0] - monotonic() if self._due else threading.TIMEOUT_MAX
                    self._awake.wait(min(left, threading.TIMEOUT_MAX))
                watched = heappop(self._due)[2]
            watched.fire()


_FEW: Final = 256
_watcher = _Watcher()


def _renew() -> None:
    """A forked child has no thread of its parent's, and none of the calls that were watched."""
    global _watcher  # noqa: PLW0603 - one a process
    _watcher = _Watcher()


in_child(_renew)


def watch(response: httpx2.Response, limit: float) -> Watch | None:
    """Break the connection when the time is over: a blocking read cannot be interrupted in any other way."""
    sock = _socket_of(response)
    if sock is None:
        return None
    watched = Watch(sock)
    _watcher.add(watched, limit)
    return watched


def wake(response: httpx2.Response) -> None:
    """Whoever waits for more of this answer, on another thread, waits no longer: to close a socket wakes nobody."""
    sock = _socket_of(response)
    if sock is not None and not is_shared(response):
        _abort(sock)


def is_shared(response: httpx2.Response) -> bool:
    """Whether other answers come on the connection of this one."""
    return response.http_version == "HTTP/2"


def _socket_of(response: httpx2.Response) -> Sock | None:
    stream = response.extensions.get("network_stream")
    return None if stream is None else stream.get_extra_info("socket")


def _abort(sock: Sock) -> None:
    from socket import SHUT_RDWR

    with suppress(OSError):  # it was closed in the meantime
        sock.shutdown(SHUT_RDWR)


# ---------------------------------------------------------------- from the request to the headers

_SHORTEST: Final = 0.001
"""No time at all would mean not to wait but to look."""


@final
class Patience:
    """How long the way to the headers may take on this very thread, from now on: no wait on its socket is longer."""

    __slots__ = ("_until",)

    def __init__(self, seconds: float) -> None:
        self._until: Final = monotonic() + seconds

    def __call__(self, sock: Sock) -> float:
        return max(_SHORTEST, self._until - monotonic())


@final
class _Exchange:
    """A post on another thread, and whether anybody waits for it."""

    __slots__ = ("_left", "_sock", "answers")

    def __init__(self) -> None:
        self.answers: Final[SimpleQueue[httpx2.Response | BaseException]] = SimpleQueue()
        self._left = False
        self._sock: Sock | None = None

    def post(self, post: Callable[[], httpx2.Response]) -> None:
        HEARING.set(True)
        REACHING.set(self._reach)
        try:
            self.answers.put(post())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            self.answers.put(error)
        if self._left:
            self._drop()

    def leave(self) -> None:
        """Nobody waits any more: what is open is closed now, and what opens yet is closed then."""
        self._left = True
        if self._sock is not None:
            _abort(self._sock)
        self._drop()

    def _reach(self, sock: Sock) -> None:
        self._sock = sock
        if self._left:
            _abort(sock)

    def _drop(self) -> None:
        with suppress(Empty):
            answer = self.answers.get_nowait()
            if not isinstance(answer, BaseException):
                answer.close()


def in_time(post: Callable[[], httpx2.Response], limit: float) -> httpx2.Response | None:
    """The answer; None: the time is over. Raises what `post` raises.

    A blocking SDK resolves names, sends, and reads headers and the bodies of errors as it likes: no single wait is
    longer than the client's timeout, but there may be any number. So it does that on a thread that can be left behind.
    """
    exchange = _Exchange()
    begin(partial(exchange.post, post))
    try:
        answer = exchange.answers.get(timeout=min(max(0.0, limit), threading.TIMEOUT_MAX))
    except BaseException as error:
        exchange.leave()
        if isinstance(error, Empty):
            return None
        raise
    if isinstance(answer, BaseException):
        try:
            raise answer
        finally:
            del answer  # or it would hold the frame that holds it, and what is open with it
    return answer
