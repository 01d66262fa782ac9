"""Messages, and builders that make them from strings and parts.

Law: a builder is the only place where text is tidied (dedent, trim, empty pieces dropped); a decoded
message is never touched. A string becomes a `Text` and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import TypeAlias

from llm_pure.brief import Brief
from llm_pure.json import EMPTY, JsonObject
from llm_pure.parts import Part, Text

__all__ = [
    "AssistantMessage",
    "Message",
    "SystemMessage",
    "UserMessage",
    "assistant",
    "parts",
    "system",
    "user",
]


class Remembering:
    """Room for what a codec has worked out of a message, so that it does so once for all requests that hold it.

    No field: nothing that is compared, shown, written, copied or pickled. Whoever writes it writes what the message
    alone decides, so that it does not matter who was last.
    """

    __slots__ = ("memo",)
    memo: object


@dataclass(frozen=True, slots=True, repr=False)
class UserMessage(Brief, Remembering):
    """What the user, or the user's program, says. Tool results stand here, before anything else."""

    content: tuple[Part, ...]
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False)
class AssistantMessage(Brief, Remembering):
    """What the model said. As the last message of a completion it is a prefill, where the model allows one."""

    content: tuple[Part, ...]
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False)
class SystemMessage(Brief, Remembering):
    """Instructions in mid-conversation. Those that open it belong into `Completion.system`."""

    content: tuple[Part, ...]
    extras: JsonObject = EMPTY


Message: TypeAlias = UserMessage | AssistantMessage | SystemMessage


def parts(*pieces: str | Part | None) -> tuple[Part, ...]:
    """Strings and parts interleaved, as parts.

    Text is dedented and trimmed, as a triple-quoted template wants it; adjacent strings are joined by a
    newline; `None` and blank strings vanish, so that `extra if wanted else None` can stand in a list.
    """
    found: list[Part] = []
    open_text: list[str] = []

    def close() -> None:
        if open_text:
            found.append(Text("\n".join(open_text)))
            open_text.clear()

    for piece in pieces:
        if isinstance(piece, str):
            if text := dedent(piece).strip():
                open_text.append(text)
        elif piece is not None:
            close()
            found.append(piece)
    close()
    return tuple(found)


def user(*pieces: str | Part | None) -> UserMessage:
    """A user message of strings and parts; see `parts`."""
    return UserMessage(parts(*pieces))


def assistant(*pieces: str | Part | None) -> AssistantMessage:
    """An assistant message of strings and parts; see `parts`."""
    return AssistantMessage(parts(*pieces))


def system(*pieces: str | Part | None) -> SystemMessage:
    """Instructions in mid-conversation, of strings and parts; see `parts`."""
    return SystemMessage(parts(*pieces))
