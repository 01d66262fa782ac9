"""What a message says, as the content of a turn, whatever stands around it.

Law: what is not among the blocks is a Loss. Tool results come first, as the wire wants them, unless the message came
otherwise (`marked`, see `places`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from llm_pure.anthropic_messages.attached import moved, own_extras
from llm_pure.anthropic_messages.blocks import SYSTEM
from llm_pure.anthropic_messages.content import write_part
from llm_pure.anthropic_messages.ids import CallIds
from llm_pure.anthropic_messages.inner import NO_TEXT, is_bare, write_instruction
from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.anthropic_messages.usual import usual_text
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError
from llm_pure.messages import Message, UserMessage
from llm_pure.parts import BrokenToolCall, Document, Image, Part, Reasoning, Text, ToolCall, ToolResult
from llm_pure.reading import PlainObject, within
from llm_pure.typed import unlike

if TYPE_CHECKING:
    from anthropic.types import ContentBlockParam, MessageParam, TextBlockParam

__all__ = ["has_results", "only_results", "with_extras", "write_content", "write_instructions"]


def write_instructions(
    parts: tuple[Part, ...], found: list[TextBlockParam], path: str, losses: list[Loss]
) -> None:
    """The blocks of instructions, appended to `found`."""
    for index, part in enumerate(parts):
        if (text := usual_text(part)) is not None:
            found.append({"type": "text", "text": text})
            continue
        before = len(losses)
        if part == NO_TEXT:
            continue
        try:
            block = write_instruction(part, losses, SYSTEM)
        except JsonError as error:
            raise within(error, f"{path}[{index}]".removeprefix("$")) from None
        if block is not None:
            found.append(block)
        if len(losses) != before:
            moved(losses, before, f"{path}[{index}]")


_MISPLACED: Final[Mapping[str, tuple[tuple[type[Part], ...], str]]] = {
    "user": ((ToolCall, BrokenToolCall, Reasoning), "users neither call tools nor think here"),
    "assistant": ((Image, Document, ToolResult), "no assistant message can hold this"),
}
_MESSAGE: Final = frozenset({"role", "content"})


def has_results(content: str | list[ContentBlockParam]) -> bool:
    """Whether content that says something begins with tool results."""
    return not isinstance(content, str) and content[0].get("type") == "tool_result"


def only_results(message: UserMessage) -> bool:
    """Whether the message says tool results, and nothing beside them."""
    some = False
    for part in message.content:
        if isinstance(part, ToolResult):
            some = True
        elif not is_bare(part) or part != NO_TEXT:
            return False
    return some


def write_content(
    parts: tuple[Part, ...], role: str, marked: bool, ids: CallIds, losses: list[Loss]
) -> str | list[ContentBlockParam]:
    """The content of a user's or an assistant's turn: a text, or blocks; nothing, if it says nothing."""
    only = parts[0] if len(parts) == 1 else None
    if type(only) is Text and (only.extras is EMPTY or not only.extras):
        if not isinstance(only.text, str):
            raise unlike(only.text, "a string", ".content[0].text")
        return only.text or []
    misplaced, reason = _MISPLACED[role]
    blocks: list[ContentBlockParam] = []
    results = 0
    index = 0
    try:
        for index, part in enumerate(parts):
            before = len(losses)
            if not marked and isinstance(part, misplaced):
                losses.append(Loss(f".content[{index}]", reason))
                continue
            block = write_part(part, losses, ids)
            if block is not None and not (type(part) is Text and not part.text and is_bare(part)):
                if isinstance(part, ToolResult) and not marked:
                    if results < len(blocks):
                        losses.append(Loss("", "tool results come before all else: moved there"))
                    blocks.insert(results, block)
                    results += 1
                else:
                    blocks.append(block)
            if len(losses) != before:
                moved(losses, before, f".content[{index}]")
    except JsonError as error:
        raise within(error, f".content[{index}]") from None
    return blocks


def with_extras(made: MessageParam, message: Message, losses: list[Loss]) -> MessageParam:
    """The turn with the fields that the provider attached to the message."""
    own = own_extras(message.extras, losses)
    if not _MESSAGE.isdisjoint(own) and {name: own[name] for name in own.keys() & _MESSAGE} != {
        "role": made["role"]
    }:
        losses.append(Loss(f".extras.{PROVIDER}", "contradicts the message's own fields"))
        own = {name: value for name, value in own.items() if name not in _MESSAGE}
    cast("PlainObject", made).update(own)
    return made
