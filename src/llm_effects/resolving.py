"""Completions that are not whole yet: parts may be paths, or functions, sync or async, that give parts.

Law: `resolve` is data; an interpreter reads the files and calls the functions when the run begins, in the order in
which they stand. What fails is a Failure that names the place, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from returns.result import Failure

from llm_effects.media import FilePiece, read_part
from llm_effects.operations import Call, Program, ask
from llm_pure import (
    AssistantMessage,
    BadRequest,
    Completion,
    Message,
    Misconfigured,
    Outcome,
    Part,
    Response,
    SystemMessage,
    UserMessage,
)
from llm_pure.messages import parts

if TYPE_CHECKING:
    from llm_effects.runner import Runner

__all__ = ["Asked", "Draft", "Piece", "Resolvable", "Unresolved", "asking", "resolve"]

Piece: TypeAlias = str | Part | None
Resolvable: TypeAlias = (
    Piece
    | PurePath
    | FilePiece
    | Callable[[], "Piece | Iterable[Piece] | Awaitable[Piece | Iterable[Piece]]"]
)
"""A piece of a message, or a path to read it from (`image_from_path` and the like say what has to be there), or a
function that gives one or several."""

Role: TypeAlias = Literal["user", "assistant", "system"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message whose pieces may still have to be fetched."""

    role: Role
    pieces: tuple[Resolvable, ...]

    @classmethod
    def user(cls, *pieces: Resolvable) -> Draft:
        """A user message in the making; see `llm_pure.user`."""
        return cls("user", pieces)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A completion, and the messages that follow it once they are fetched. Interpreters take it like a completion."""

    completion: Completion
    messages: tuple[Message | Draft, ...]


Asked: TypeAlias = Completion | Unresolved
"""What an interpreter takes."""


def resolve(completion: Completion, *messages: Message | Draft) -> Unresolved:
    """The completion with these messages after its own, whose pieces may be paths and functions.

    run(runner, resolve(completion, Draft.user("What is on this picture?", Path("cat.png"), latest_note)))
    """
    return Unresolved(completion.replace(messages=()), (*completion.messages, *messages))


def asking(runner: Runner, asked: Asked) -> Program[Outcome[Response]]:
    """The program that resolves what is asked, and runs it. Raises TypeError for what is neither, or no runner."""
    if not callable(runner):
        raise TypeError(
            f"a runner is needed first, as anthropic_runner() gives one, not {type(runner).__name__}"
        )
    if not isinstance(asked, Completion | Unresolved):
        raise TypeError(f"a Completion is needed, or what resolve() gives, not {type(asked).__name__}")
    return runner(asked) if isinstance(asked, Completion) else _resolving(runner, asked)


def _resolving(runner: Runner, asked: Unresolved) -> Program[Outcome[Response]]:
    resolved: list[Message] = []
    for index, message in enumerate(asked.messages):
        if not isinstance(message, Draft):
            resolved.append(message)
            continue
        pieces: list[Piece] = []
        for at, piece in enumerate(message.pieces):
            fetched = yield from _fetched(piece)
            if isinstance(fetched, Misconfigured):
                return Failure(BadRequest(message=fetched.message, path=f"$.messages[{index}].content[{at}]"))
            pieces.extend(fetched)
        resolved.append(_MESSAGE[message.role](parts(*pieces)))
    return (yield from runner(asked.completion.replace(messages=resolved)))


_MESSAGE: dict[Role, Callable[[tuple[Part, ...]], Message]] = {
    "user": UserMessage,
    "assistant": AssistantMessage,
    "system": SystemMessage,
}


def _fetched(piece: Resolvable) -> Program[tuple[Piece, ...] | Misconfigured]:
    if isinstance(piece, PurePath):
        answer = yield from ask(Call(partial(read_part, Path(piece)), blocking=True))
    elif isinstance(piece, FilePiece):
        answer = yield from ask(Call(piece.read, blocking=True))
    elif callable(piece):
        answer = yield from ask(Call(piece))
    else:
        return (piece,)
    if isinstance(answer, Misconfigured):
        return answer
    # To go through what it gave may raise, too: a generator runs only now.
    pieces = yield from ask(Call(partial(_pieces, answer)))
    return pieces if isinstance(pieces, Misconfigured) else cast("tuple[Piece, ...]", pieces)


def _pieces(answer: object) -> tuple[Piece, ...]:
    """The piece, or the several pieces, that a function gave. Raises TypeError for anything else."""
    single = answer is None or isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable)
    several = (answer,) if single else tuple(cast("Iterable[object]", answer))
    found = [item for item in several if item is None or isinstance(item, str | Part)]
    if len(found) < len(several):
        raise TypeError(f"{type(answer).__name__} is no part of a message, nor several")
    return tuple(found)
