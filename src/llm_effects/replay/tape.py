"""A cassette in use: what is left to play, what is recorded, what was missed.

Law: identical requests are played in the order in which they were recorded, each once; which of several others comes
first does not matter. What is recorded stands in the file in the order in which it was asked, whenever it was answered.
Any number of threads and tasks may ask. Nothing is written that a scan finds a secret in.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from llm_effects.replay.files import SCHEMA, Recording, read_cassette, replace_file, text_of
from llm_effects.replay.interactions import Header, Interaction, Request
from llm_effects.replay.matching import Key, key_of
from llm_effects.replay.misses import miss_of
from llm_effects.replay.modes import Mode
from llm_effects.replay.pieces import Pieces
from llm_effects.replay.prompts import strangers
from llm_effects.replay.scan import shapes_in, strings_of
from llm_effects.replay.secrets import Scrubber

if TYPE_CHECKING:
    from llm_pure.errors import CassetteMiss

__all__ = ["Cassette", "Leak"]

_PACKAGES: Final = ("anthropic", "openai", "httpx2", "llm-pure")


class Leak(Exception):
    """A secret that would have been written. What kinds, and in which lines; never the secret."""


@dataclass
class Cassette:
    """One cassette, open. Made by `cassette(...)` and by the plugin."""

    path: Path
    mode: Mode = "none"
    scrubber: Scrubber = field(default_factory=Scrubber)
    pieces: Pieces = "random"
    seed: int = 0
    command: str = "open it with mode='all'"
    note: str = ""
    prompts: tuple[re.Pattern[str], ...] = ()
    """If there are any, what may be written of what people say: texts that are one of these, from end to end."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: Recording | None = None
        try:
            self._loaded = read_cassette(self.path)
        except FileNotFoundError:
            pass
        kept = self._loaded if self._loaded is not None and self.mode != "all" else Recording()
        # One slot for each interaction, in the order of the file; None: it is not answered yet.
        self._slots: list[Interaction | None] = [*kept.interactions]
        self._old = len(self._slots)
        self._played: set[int] = set()
        self._left: dict[Key, deque[int]] = {}
        self._misses: list[CassetteMiss] = []
        self.rewind()

    # ------------------------------------------------------------ how it stands

    @property
    def replaying(self) -> bool:
        """Whether nothing is recorded, and nothing may go out."""
        return self.mode == "none" or (self.mode == "once" and self._loaded is not None)

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Those of the file, and those recorded by now."""
        with self._lock:
            return tuple(one for one in self._slots if one is not None)

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """Those of the file that nobody has asked for."""
        with self._lock:
            return tuple(
                one for index, one in enumerate(self._slots[: self._old]) if one and index not in self._played
            )

    @property
    def played(self) -> int:
        """How many interactions of the file have been asked for."""
        with self._lock:
            return len(self._played)

    @property
    def misses(self) -> tuple[CassetteMiss, ...]:
        """The requests that were not recorded."""
        with self._lock:
            return tuple(self._misses)

    # ------------------------------------------------------------ what the transport does with it

    def rewind(self) -> None:
        """Play all from the beginning again, also what has just been recorded."""
        with self._lock:
            self._left = {}
            for index, one in enumerate(self._slots):
                if one is not None:
                    # Files of others hold what this would have scrubbed, and are compared as if it had.
                    key = key_of(self.scrubber.request(one.request))
                    self._left.setdefault(key, deque()).append(index)

    def has(self, asked: Request) -> bool:
        """Whether there is an interaction left for a request."""
        with self._lock:
            return bool(self._left.get(key_of(asked)))

    def take(self, asked: Request) -> Interaction | None:
        """The next interaction for a request that is scrubbed as it would be recorded."""
        with self._lock:
            left = self._left.get(key_of(asked))
            if not left:
                return None
            index = left.popleft()
            self._played.add(index)
            return self._slots[index]

    def miss(self, asked: Request) -> CassetteMiss:
        """What to say of a request that nothing was left for; it is remembered."""
        missed = miss_of(
            asked,
            [one.request for one in self.interactions],
            self.path,
            self.command,
            exists=self._loaded is not None,
        )
        with self._lock:
            self._misses.append(missed)
        return missed

    def reserve(self) -> int:
        """A place for what is going to be recorded."""
        with self._lock:
            self._slots.append(None)
            return len(self._slots) - 1

    def fill(self, place: int, interaction: Interaction) -> None:
        with self._lock:
            self._slots[place] = interaction

    def know(self, secrets: Iterable[str]) -> None:
        """Secrets that an exchange had: they are taken out wherever they turn up."""
        with self._lock:
            self.scrubber = self.scrubber.knowing(secrets)

    # ------------------------------------------------------------ the end

    def save(self) -> bool:
        """Write what was recorded; whether there was anything. Raises `Leak` and `OSError`."""
        if self.replaying or (self.mode != "all" and len(self._slots) == self._old):
            return False
        kept = tuple(self.scrubber.interaction(one) for one in self.interactions)
        if not kept:
            self.path.unlink(missing_ok=True)  # recorded anew, and nothing was asked
            return True
        header = Header(SCHEMA, datetime.now(UTC).date().isoformat(), dict(_versions()), self.note)
        strange = strangers(kept, self.prompts) if self.prompts else ()
        if strange:
            raise Leak(
                f"{self.path} is not written: {len(strange)} prompts are not on the list of those that may be"
            )
        text = text_of(Recording(kept, header))
        found = {f"a {kind} in line {line}" for kind, line in shapes_in(text, self.scrubber)}
        for said in strings_of(kept):
            found.update(f"a {kind} in a body" for kind, _ in shapes_in(said, self.scrubber))
        if found:
            raise Leak(f"{self.path} is not written: it would hold {', '.join(sorted(found))}")
        replace_file(self.path, text.encode())
        return True


def _versions() -> Iterable[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            pass
