"""The steps of a run: each operation together with its answer, in the past tense, as plain frozen values.

Law: a step holds data only. A door, a store, a cell, a function of the caller's: what is live stands in no step, and
neither does a header that is not on the list. What was changed in a cell is told by the answer alone. What is
asked and answered stands in the bodies as it is, since without it there would be nothing to run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from llm_effects.flights import Landing
from llm_effects.notes import Note
from llm_pure import JsonObject, LlmError, Response, StreamEvent

__all__ = [
    "STEPS",
    "Called",
    "Changed",
    "Claimed",
    "Clock",
    "Closed",
    "Connected",
    "Drew",
    "Emitted",
    "Handed",
    "Head",
    "Loaded",
    "Noted",
    "Read",
    "Replied",
    "Request",
    "Saved",
    "Sent",
    "Slept",
    "Step",
    "Watched",
]


# ---------------------------------------------------------------- talking to a provider


@dataclass(frozen=True, slots=True)
class Request:
    """What went out."""

    path: str
    headers: JsonObject
    body: bytes
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Replied:
    """A whole answer."""

    status: int
    headers: JsonObject
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer, whose bytes are read under this number."""

    handle: int
    status: int
    headers: JsonObject


@dataclass(frozen=True, slots=True)
class Sent:
    """`Send`."""

    request: Request
    answer: Replied | LlmError


@dataclass(frozen=True, slots=True)
class Connected:
    """`Open`."""

    request: Request
    answer: Head | LlmError


@dataclass(frozen=True, slots=True)
class Read:
    """`Next`. Neither data nor an error: the answer had ended."""

    handle: int
    data: bytes | None = None
    error: LlmError | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """`Close`."""

    handle: int


# ---------------------------------------------------------------- time, chance and state


@dataclass(frozen=True, slots=True)
class Slept:
    """`Sleep`: how long was asked for; how long it took stands beside the step."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Clock:
    """`Now`."""

    now: float


@dataclass(frozen=True, slots=True)
class Drew:
    """`Draw`."""

    number: float


@dataclass(frozen=True, slots=True)
class Changed:
    """`Change`. `answer` holds, as `value`, what the function answered; see `taking.value_of`."""

    cell: str
    scope: Literal["run", "process"]
    answer: JsonObject


# ---------------------------------------------------------------- stores, and calls in flight


@dataclass(frozen=True, slots=True)
class Loaded:
    """`Load`. Stores are numbered as they come up in the run."""

    store: int
    key: str
    value: bytes | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """`Save`, and whether the value was there afterwards."""

    store: int
    key: str
    value: bytes
    kept: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """`Claim`."""

    key: str
    landing: Landing


@dataclass(frozen=True, slots=True)
class Handed:
    """`Land`: the outcome that others waited for."""

    key: str
    response: Response | None = None
    error: LlmError | None = None


# ---------------------------------------------------------------- the caller


@dataclass(frozen=True, slots=True)
class Called:
    """`Call`. `answer` holds, as `value`, what the caller's function gave; see `taking.value_of`."""

    answer: JsonObject


@dataclass(frozen=True, slots=True)
class Watched:
    """`Observed`."""

    observed: bool


@dataclass(frozen=True, slots=True)
class Emitted:
    """`Emit`, in a run whose events somebody looked at."""

    event: StreamEvent


@dataclass(frozen=True, slots=True)
class Noted:
    """`Tell`."""

    note: Note


Step: TypeAlias = (
    Sent
    | Connected
    | Read
    | Closed
    | Slept
    | Clock
    | Drew
    | Changed
    | Loaded
    | Saved
    | Claimed
    | Handed
    | Called
    | Watched
    | Emitted
    | Noted
)

STEPS: Final[tuple[type[Step], ...]] = get_args(Step)
