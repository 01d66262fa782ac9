"""From an answer's parts to the blocks of a response.

Law: reading the blocks as an answer gives the parts back; of another provider's parts, up to what only that provider
attached.
"""

from __future__ import annotations

from typing import cast

from llm_pure.anthropic_messages.content import block_of
from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.errors import Loss
from llm_pure.json import JsonError, JsonObject, PlainJson, dump_json, parse_json, thaw
from llm_pure.parts import Audio, BrokenToolCall, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from llm_pure.reading import PlainObject, within
from llm_pure.response import Response

__all__ = ["answer_blocks", "call_block"]


def answer_blocks(response: Response) -> list[PlainJson]:
    """The content of a response's body."""
    found: list[PlainJson] = []
    for index, part in enumerate(response.message.content):
        try:
            found += _blocks(part)
        except JsonError as error:
            raise within(error, f".message.content[{index}]") from None
    return found


def _blocks(part: Part) -> list[PlainJson]:
    match part:
        case Text(text):
            return [{"type": "text", "text": text, **_own(part.extras)}]
        case ToolCall() | BrokenToolCall():
            return [call_block(part)]
        case Reasoning():
            return _reasoning(part)
        case Refusal(text) | Audio(_, str(text)):
            return [{"type": "text", "text": text}]
        case Audio():
            raise JsonError("no block holds sound", "")
        case Opaque():
            return [thaw(part.raw)]
        case _:
            return _other(part)


def _own(extras: JsonObject) -> PlainObject:
    own = extras.get(PROVIDER)
    return own.thaw() if isinstance(own, JsonObject) else {}


def call_block(part: ToolCall | BrokenToolCall) -> PlainObject:
    """A call. A broken one holds its text: as the JSON that it is, or else as a string."""
    arguments = part.arguments.thaw() if isinstance(part, ToolCall) else _said(part.text)
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments, **_own(part.extras)}


def _said(text: str) -> PlainJson:
    try:
        value = parse_json(text)
    except JsonError:
        return text
    # Only what is read back as this very text: an object is no broken call, and a string is its own text.
    return text if isinstance(value, dict | str) or dump_json(value).decode() != text else value


def _reasoning(part: Reasoning) -> list[PlainJson]:
    own = _own(part.extras)
    if part.encrypted is not None:
        redacted: PlainObject = {"type": "redacted_thinking", "data": part.encrypted, **own}
        if not part.text and part.signature is None:
            return [redacted]
        return [{"type": "thinking", "thinking": part.text, **_signature(part)}, redacted]
    return [{"type": "thinking", "thinking": part.text, **_signature(part), **own}]


def _signature(part: Reasoning) -> PlainObject:
    return {} if part.signature is None else {"signature": part.signature}


def _other(part: Part) -> list[PlainJson]:
    losses: list[Loss] = []
    block = block_of(part, losses)
    return [] if block is None else [cast("PlainObject", block)]
