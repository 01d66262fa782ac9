"""What the outside world has to look like: the doors to providers, and stores.

Law: nothing here raises for what may happen in the world. A door answers a failure with an `LlmError`; a store may
raise whatever it likes, and the interpreter makes a miss of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

from llm_pure import LlmError

if TYPE_CHECKING:
    from llm_effects.operations import HttpRequest

__all__ = [
    "MAX_BODY",
    "MAX_SILENCE",
    "MAX_STREAM",
    "AsyncConnection",
    "Connection",
    "Door",
    "Store",
    "check_seconds",
]

MAX_BODY: Final = 64 * 1024 * 1024
"""How large a whole answer may be, decompressed, in bytes."""
MAX_STREAM: Final = 4 * MAX_BODY
"""The same of a stream, most of which is what every event says again. One event is no larger than a whole answer."""
MAX_SILENCE: Final = 600.0
"""How long an answer may go on without saying anything, in seconds: as long as the SDKs wait for a next byte."""


def check_seconds(name: str, seconds: float | None) -> None:
    """Raise ValueError for a limit that is no time; None: there is none."""
    if seconds is not None and not 0 < seconds < inf:
        raise ValueError(f"{name} must be a positive number of seconds, not {seconds}")


class Connection(Protocol):
    """An answer that has begun, to be read by a blocking interpreter."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    def read(self, limit: float | None) -> bytes | LlmError | None:
        """The next bytes, decompressed; None at the end. `limit` is how many seconds that may take."""

    def finish(self) -> None:
        """All has been read that matters: keep the connection for the next call if the server is done, too."""

    def close(self) -> None:
        """Leave at once."""


class AsyncConnection(Protocol):
    """The same, to be read on an event loop."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    async def read(self) -> bytes | LlmError | None: ...
    async def finish(self) -> None: ...
    async def close(self) -> None: ...


class Door(Protocol):
    """The way to a provider, in both colours. `limit` is how many seconds one wait may take at most."""

    def connect(self, request: HttpRequest, limit: float | None) -> Connection | LlmError: ...
    async def aconnect(self, request: HttpRequest, limit: float | None) -> AsyncConnection | LlmError: ...


class Store(Protocol):
    """Bytes under keys. Keys are lower-case hex, so they can be file names. Any thread may ask.

    A store that shares a process with those who ask may keep answers as values: see `entries.Shelf`.
    """

    @property
    def blocking(self) -> bool:
        """Whether a call may wait for a disk or a network, so that it is made on a thread that can be left behind."""
        ...

    def load(self, key: str) -> bytes | None: ...
    def save(self, key: str, value: bytes) -> None: ...
