"""A store in memory: gone with the process, shared by its threads.

Law: it holds at most `max_entries`; beyond that it forgets what was longest neither saved nor loaded. A pickled
store arrives empty: answers do not travel.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, Self, final

from typing_extensions import override

__all__ = ["MemoryStore"]


@final
class MemoryStore:
    """Keeps up to `max_entries` values, the recently used ones; None: all."""

    __slots__ = ("_entries", "_lock", "max_entries")

    blocking = False

    def __init__(self, max_entries: int | None = 1024) -> None:
        """Raises `ValueError` if `max_entries` is below 1."""
        if max_entries is not None and max_entries < 1:
            raise ValueError(f"max_entries must be at least 1, not {max_entries}")
        self.max_entries: Final = max_entries
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    @override
    def __repr__(self) -> str:
        return f"MemoryStore(max_entries={self.max_entries})"

    @override
    def __reduce__(self) -> tuple[type[MemoryStore], tuple[int | None]]:
        return MemoryStore, (self.max_entries,)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True  # an empty store is a store

    def load(self, key: str) -> bytes | None:
        """The value under `key`, which counts as used; None: there is none."""
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
        return value

    def save(self, key: str, value: bytes) -> None:
        """Keep `value` under `key`, in place of what was there."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while self.max_entries is not None and len(self._entries) > self.max_entries:
                self._entries.popitem(last=False)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
