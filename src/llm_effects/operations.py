"""What a program may ask for: the closed union of effects.

Law: an operation is a frozen value and performs nothing. Its answer is data: a connection is a number, a failure
is a value. A program yields operations and is sent answers; `ask` ties the answer's type to the operation, and
is the only place that believes it. A program cleans nothing up and never yields in `finally`: whoever interprets
it owns what is open, and closes it however the run ends.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from llm_effects.entries import Entry
from llm_effects.flights import Flights, Landing
from llm_pure import LlmError, Outcome, Response, StreamEvent

if TYPE_CHECKING:
    from llm_effects.cells import Cell
    from llm_effects.notes import Note
    from llm_effects.ports import Door, Store

__all__ = [
    "Call",
    "Change",
    "Claim",
    "Close",
    "Draw",
    "Emit",
    "HttpRequest",
    "Land",
    "Load",
    "Next",
    "Now",
    "Observed",
    "Op",
    "Open",
    "Opened",
    "Operation",
    "Program",
    "Prompt",
    "Reply",
    "Save",
    "Send",
    "Sleep",
    "Tell",
    "ask",
]

A = TypeVar("A")
S = TypeVar("S")
R = TypeVar("R")


class Op(Generic[A]):
    """An operation whose answer is an `A`."""

    __slots__ = ()


class Prompt(Op[A]):
    """An operation that is answered at once: nothing is waited for."""

    __slots__ = ()


# ---------------------------------------------------------------- talking to a provider


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What goes out. `body` is not shown: it holds the prompt.

    `max_silence` is how many seconds may pass without any byte of the answer, and how long one that is no stream may
    take from its headers to its end.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    stream: bool = False
    max_silence: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer that has begun; `handle` is its number in this run."""

    handle: int
    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Send(Op[Reply | LlmError]):
    """Send a request, wait for the whole answer."""

    door: Door
    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Open(Op[Opened | LlmError]):
    """Send a request, wait for the answer's headers."""

    door: Door
    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Next(Op[bytes | LlmError | None]):
    """The next bytes of an opened answer; None when it has ended."""

    handle: int


@dataclass(frozen=True, slots=True)
class Close(Op[None]):
    """Nothing more will be read."""

    handle: int


# ---------------------------------------------------------------- time and chance


@dataclass(frozen=True, slots=True)
class Sleep(Op[None]):
    """Wait, at most to the run's deadline."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now(Prompt[float]):
    """Seconds on a clock that never jumps; only differences mean anything."""


@dataclass(frozen=True, slots=True)
class Draw(Prompt[float]):
    """A number drawn evenly from [0, 1)."""


# ---------------------------------------------------------------- state


@dataclass(frozen=True, slots=True)
class Change(Prompt[A], Generic[S, A]):
    """Apply a pure function to a cell, atomically: old state to new state and an answer."""

    cell: Cell[S]
    function: Callable[[S], tuple[S, A]]


# ---------------------------------------------------------------- stores, and calls in flight


@dataclass(frozen=True, slots=True)
class Load(Op[Entry | bytes | None]):
    """What a store has under a key. A store that fails, or takes longer than `within` seconds, has nothing."""

    store: Store
    key: str
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Save(Op[bool]):
    """Put an entry into a store, and say whether it is there. A store that fails costs nothing else, nor does one
    that takes longer than `within` seconds: it may have the entry later."""

    store: Store
    key: str
    entry: Entry
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Claim(Op[Landing]):
    """Ask to be the one who computes `key`; where somebody else is at it, wait for them, at most to the deadline."""

    flights: Flights
    key: str


@dataclass(frozen=True, slots=True)
class Land(Prompt[None]):
    """Hand the outcome to everybody who waits for it."""

    flights: Flights
    key: str
    outcome: Outcome[Response]


# ---------------------------------------------------------------- the caller's own


@dataclass(frozen=True, slots=True)
class Call(Op[object]):
    """The answer of the caller's own function, or the `Misconfigured` that tells what it raised.

    One that is `blocking` waits for a disk, say: an event loop hands it to a thread.
    """

    function: Callable[[], object]
    blocking: bool = False


# ---------------------------------------------------------------- being watched


@dataclass(frozen=True, slots=True)
class Observed(Prompt[bool]):
    """Whether anybody looks at the events of this run."""


@dataclass(frozen=True, slots=True)
class Emit(Op[None]):
    """Hand an event to whoever iterates."""

    event: StreamEvent


@dataclass(frozen=True, slots=True)
class Tell(Prompt[None]):
    """Leave a note of what was decided."""

    note: Note


Operation: TypeAlias = (
    Next
    | Emit
    | Send
    | Open
    | Close
    | Sleep
    | Now
    | Draw
    | Change[object, object]
    | Load
    | Save
    | Claim
    | Land
    | Observed
    | Tell
    | Call
)

Program: TypeAlias = Generator[Operation, object, R]


def ask(operation: Op[A]) -> Program[A]:
    """Yield an operation and give its answer, typed. One that is answered by nothing is simply yielded."""
    # As types these two would be casts, and those cost a call each at run time, for every operation.
    return (yield operation)  # type: ignore[misc, return-value]  # the belief that the docstring above states
