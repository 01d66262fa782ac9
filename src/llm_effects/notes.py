"""What a run tells about itself: one frozen value per decision.

Law: a note says what was done and why, in numbers and names; never a prompt, an answer or a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from llm_pure import Loss

__all__ = [
    "Attempted",
    "CacheHit",
    "CacheMissed",
    "CacheStored",
    "Continued",
    "GaveUp",
    "Lost",
    "Note",
    "OtherModel",
    "Repaired",
    "Retried",
    "Skipped",
    "StoreFailed",
    "Waited",
]


@dataclass(frozen=True, slots=True)
class Attempted:
    """A request goes out."""

    provider: str
    model: str | None
    stream: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The request could not say all of the completion."""

    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class OtherModel:
    """Another model answered than was asked. A longer name of the same, as with a date, is none."""

    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many events of the answer's stream were of no kind that we know, and were passed over."""

    events: int


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt failed with this kind of error, and is repeated after `delay` seconds."""

    error: str
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class GaveUp:
    """An attempt failed with this kind of error, and is not repeated."""

    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class Continued:
    """The answer stopped early, and is continued in this way."""

    round: int
    how: Literal["prefill", "nudge", "resume", "enlarge"]


@dataclass(frozen=True, slots=True)
class Repaired:
    """The answer did not fit, with this kind of error first at `path`, and is asked for again."""

    round: int
    error: str
    path: str


@dataclass(frozen=True, slots=True)
class CacheHit:
    """The answer was found in the store."""

    key: str


@dataclass(frozen=True, slots=True)
class CacheMissed:
    """The answer was not in the store."""

    key: str


@dataclass(frozen=True, slots=True)
class CacheStored:
    """The answer was put into the store."""

    key: str


@dataclass(frozen=True, slots=True)
class Waited:
    """Somebody else was computing the same answer: theirs was taken."""

    key: str


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """A store did not do what it should; the run went on without it.

    The first failure of a store in a run says so; an entry that cannot be read is told whenever it is met.
    """

    operation: Literal["load", "save", "read"]
    reason: str


Note: TypeAlias = (
    Attempted
    | Lost
    | OtherModel
    | Skipped
    | Retried
    | GaveUp
    | Continued
    | Repaired
    | CacheHit
    | CacheMissed
    | CacheStored
    | Waited
    | StoreFailed
)
