"""A store in memory: gone with the process, shared by its threads.

Law: it holds at most `max_entries` values of at most `max_bytes` together, and gives none that is older than `max_age`.
Beyond that it forgets what was longest neither saved nor loaded. A cached answer is kept as the value that it is; its
bytes are made where somebody counts them or asks for them. A pickled store arrives empty: answers do not travel.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Self, final

from typing_extensions import override

from llm_effects.entries import Entry, Shelf
from llm_effects.forks import renewed_in_child

__all__ = ["MemoryStore"]


@final
class MemoryStore(Shelf):
    """Keeps up to `max_entries` values, the recently used ones; None: all.

    `max_bytes` bounds what they take together, as bytes; a value larger than that is not kept. `max_age` is how many
    seconds a value is good for. None: no such limit. `clock` tells the time in seconds, and never jumps.
    """

    __slots__ = ("__weakref__", "_bytes", "_entries", "_lock", "clock", "max_age", "max_bytes", "max_entries")

    blocking = False

    def __init__(
        self,
        max_entries: int | None = 1024,
        *,
        max_bytes: int | None = None,
        max_age: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `ValueError` if `max_entries` is below 1, or another limit is not positive."""
        if max_entries is not None and max_entries < 1:
            raise ValueError(f"max_entries must be at least 1, not {max_entries}")
        for name, limit in (("max_age", max_age), ("max_bytes", max_bytes)):
            if limit is not None and not limit > 0:
                raise ValueError(f"{name} must be positive, not {limit}")
        self.max_entries: Final = max_entries
        self.max_bytes: Final = max_bytes
        self.max_age: Final = max_age
        self.clock: Final = clock
        self._entries: OrderedDict[str, tuple[Entry | bytes, int, float]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        renewed_in_child(self)

    @override
    def __repr__(self) -> str:
        others = "".join(
            f", {name}={limit}"
            for name, limit in (("max_bytes", self.max_bytes), ("max_age", self.max_age))
            if limit is not None
        )
        return f"MemoryStore(max_entries={self.max_entries}{others})"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _remade, (self.max_entries, self.max_bytes, self.max_age, self.clock)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True  # an empty store is a store

    def load(self, key: str) -> bytes | None:
        """The value under `key`, which counts as used; None: there is none, or it is too old."""
        value = self.taken(key)
        return None if value is None else bytes(value)

    def save(self, key: str, value: bytes) -> None:
        """Keep `value` under `key`, in place of what was there."""
        self._keep(key, value)

    @override
    def taken(self, key: str) -> Entry | bytes | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            value, _, saved = entry
            if self.max_age is not None and self.clock() - saved > self.max_age:
                self._forget(key)
                return None
            self._entries.move_to_end(key)
        return value

    @override
    def put(self, key: str, entry: Entry) -> None:
        self._keep(key, entry)

    def _keep(self, key: str, value: Entry | bytes) -> None:
        size = 0 if self.max_bytes is None else len(bytes(value))
        with self._lock:
            if key in self._entries:
                self._forget(key)
            if self.max_bytes is not None and size > self.max_bytes:
                return
            self._entries[key] = value, size, self.clock()
            self._bytes += size
            while self._is_too_much():
                self._forget(next(iter(self._entries)))

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def renew(self) -> None:
        """In a forked child: whoever was at it stayed behind, perhaps in the midst of counting."""
        if self._lock.locked():
            self._lock = threading.Lock()
            self._bytes = sum(size for _, size, _ in self._entries.values())

    def _is_too_much(self) -> bool:
        return (self.max_entries is not None and len(self._entries) > self.max_entries) or (
            self.max_bytes is not None and self._bytes > self.max_bytes
        )

    def _forget(self, key: str) -> None:
        _, size, _ = self._entries.pop(key)
        self._bytes -= size


def _remade(
    max_entries: int | None, max_bytes: int | None, max_age: float | None, clock: Callable[[], float]
) -> MemoryStore:
    return MemoryStore(max_entries, max_bytes=max_bytes, max_age=max_age, clock=clock)
