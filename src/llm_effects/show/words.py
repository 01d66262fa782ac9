"""Messages and their parts in words, and words that are safe to show.

Law: nothing that is shown controls a terminal or turns text around: such characters are made visible. What is long by
nature, as the bytes of a picture, is told and not shown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from llm_pure import (
    Audio,
    Base64,
    BrokenToolCall,
    Completion,
    Document,
    FileId,
    Image,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from llm_pure.compiled import kind_of
from llm_pure.json import JsonError, PlainJson, parse_json

__all__ = ["NOTABLE", "Shown", "Turn", "pretty", "seconds", "shown", "turn_of", "turns_of", "visible"]

NOTABLE: Final = 0.001
"""Seconds from which on it matters how long something took."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of a message. `title` says what it is, where that is not plain text."""

    kind: Literal["text", "reasoning", "refusal", "call", "result", "media", "json"]
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message: who speaks, and what is said."""

    role: str
    parts: tuple[Shown, ...]


# ---------------------------------------------------------------- messages


def turns_of(completion: Completion) -> tuple[Turn, ...]:
    system = (Turn("system", tuple(map(shown, completion.system))),) if completion.system else ()
    return (*system, *map(turn_of, completion.messages))


def turn_of(message: Message) -> Turn:
    return Turn(kind_of(type(message)).removesuffix("_message"), tuple(map(shown, message.content)))


def shown(part: Part) -> Shown:
    """A part of a message, for people."""
    match part:
        case Text(text):
            return Shown("text", visible(text))
        case Reasoning(text):
            return Shown("reasoning", visible(text or "(sealed)"), "reasoning")
        case Refusal(text):
            return Shown("refusal", visible(text), "refusal")
        case ToolCall(id_, name, arguments):
            return Shown("call", pretty(arguments.thaw()), visible(f"calls {name} ({id_})"))
        case BrokenToolCall(id_, name, text):
            return Shown("call", visible(text), visible(f"broken call of {name} ({id_})"))
        case ToolResult(call_id, content, is_error):
            said = "\n".join([shown(inner).text for inner in content])
            return Shown("result", said, visible(f"{'error' if is_error else 'result'} of {call_id}"))
        case Image(source):
            return Shown("media", _source(source), "image")
        case Audio(source, transcript):
            return Shown("media", _source(source) + visible(f"\n{transcript}" if transcript else ""), "audio")
        case Document(source, title):
            own = source if not isinstance(source, Text | tuple) else None
            told = _source(own) if own is not None else "text of its own"
            return Shown("media", told, visible(f"document {title}" if title else "document"))
        case Opaque(provider, raw):
            return Shown("json", pretty(raw.thaw()), visible(f"a block of {provider}"))
        case _:
            assert_never(part)


def _source(source: Source) -> str:
    match source:
        case Base64(data, media_type):
            return visible(f"{media_type}, {len(data) * 3 // 4} bytes")
        case Url(url):
            return visible(url if len(url) <= 200 else url[:199] + "…")
        case FileId(id_):
            return visible(id_)
        case _:
            assert_never(source)


# ---------------------------------------------------------------- texts


def pretty(value: bytes | PlainJson) -> str:
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        try:
            value = parse_json(text)
        except JsonError:
            return visible(text)
    return visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2))


_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # the direction of text, and its lines
    "\ud800-\udfff]"  # halves of characters
)


def visible(text: str) -> str:
    """The text with what would steer a terminal, or turn text around, made visible: a model may write anything."""
    return _UNSEEN.sub(_picture, text.replace("\r\n", "\n"))


def _picture(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def seconds(amount: float) -> str:
    """A time, as short as it can be said without losing what matters."""
    if amount >= 100:
        return f"{amount:.0f} s"
    if amount >= 1:
        return f"{amount:.1f}".removesuffix(".0") + " s"
    return f"{amount * 1000:.0f} ms" if amount >= NOTABLE or not amount else f"{amount * 1000:.2g} ms"
