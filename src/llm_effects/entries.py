"""What a cache keeps: an answer under its key.

Law: an entry is its bytes, the key, a line feed and the response as JSON: they are what is traced, counted and written.
Who keeps bytes gets them; who keeps values in this process keeps the entry itself, since a frozen value needs no copy.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import final

from returns.result import Success

from llm_effects.ports import Store
from llm_pure import Response
from llm_pure.serial import response_from_json, to_bytes

__all__ = ["Entry", "Shelf", "answer_in", "load", "save"]


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """An answer, and the key that it was given under; `bytes` of it is what a store keeps."""

    key: str
    response: Response = field(repr=False)

    def __bytes__(self) -> bytes:
        return b"%b\n%b" % (self.key.encode(), to_bytes(self.response))


def answer_in(entry: Entry | bytes, key: str) -> Response | None:
    """The answer that was kept under `key`; None for an entry that was moved, cut or edited: its key stands in it."""
    if isinstance(entry, Entry):
        return entry.response if entry.key == key else None
    name, _, text = entry.partition(b"\n")
    found = response_from_json(text) if name == key.encode() else None
    return found.unwrap() if isinstance(found, Success) else None


class Shelf:
    """A store that keeps entries as they are, and makes bytes of them for whoever asks it as a `Store`."""

    __slots__ = ()

    @abstractmethod
    def taken(self, key: str) -> Entry | bytes | None:
        """What was put or saved under `key`, as it is."""

    @abstractmethod
    def put(self, key: str, entry: Entry) -> None:
        """Keep `entry` under `key`, in place of what was there."""


def load(store: Store, key: str) -> Entry | bytes | None:
    """What a store has, in the form that it has it in. For interpreters."""
    return store.taken(key) if isinstance(store, Shelf) else store.load(key)


def save(store: Store, key: str, entry: Entry) -> None:
    """Give an entry to a store, in the form that it keeps. TypeError if it only promises to. For interpreters."""
    if isinstance(store, Shelf):
        store.put(key, entry)
        return
    saved: Callable[[str, bytes], object] = store.save
    promise = saved(key, bytes(entry))
    if isinstance(promise, Coroutine):  # of an async client behind a plain function: nobody would await it
        promise.close()
        raise TypeError("a store's save has to save, not to give a coroutine that would")
