"""The turns that most conversations are made of, written in one step.

Law: what is written here is what `turns` would write, without a loss; it is plain JSON, all of it; and it may stand
wherever turns of its role may (see `places`). Whatever is not known to be so is not usual, and `turns` sees to it.

    user        one text; or results of one text each, and nothing beside them
    assistant   texts and calls
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from llm_pure.anthropic_messages.ids import CallIds
from llm_pure.anthropic_messages.tables import INVALID_JSON
from llm_pure.json import EMPTY, JsonObject
from llm_pure.messages import AssistantMessage, Message, UserMessage
from llm_pure.parts import Part, Text, ToolCall, ToolResult

if TYPE_CHECKING:
    from anthropic.types import ContentBlockParam, MessageParam, ToolResultBlockParam, ToolUseBlockParam

__all__ = ["usual_text", "write_usual"]


def write_usual(
    messages: tuple[Message, ...], begin: int, ids: CallIds, found: list[MessageParam]
) -> tuple[int, list[ContentBlockParam] | None]:
    """Append the turns of the messages from `begin` on, up to the first that is not usual.

    Gives the place of that one, and the blocks of the last turn written if they are results: what a user says next
    belongs to them.
    """
    results: list[ContentBlockParam] | None = None
    for index in range(begin, len(messages)):
        message = messages[index]
        kind = type(message)
        if kind is AssistantMessage:
            said = _usual_content(message, ids, _said)
            if not said:
                return index, results
            found.append({"role": "assistant", "content": said})
            results = None
        elif kind is UserMessage and results is None:
            said = _usual_content(message, ids, _results)
            if not said:
                return index, results
            found.append({"role": "user", "content": said})
            results = said if type(said) is list else None
        else:
            return index, results
    return len(messages), results


def _usual_content(
    message: Message,
    ids: CallIds,
    blocks_of: Callable[[tuple[Part, ...], CallIds], list[ContentBlockParam] | None],
) -> str | list[ContentBlockParam] | None:
    content = message.content
    if message.extras is not EMPTY or type(content) is not tuple:
        return None
    only = content[0] if len(content) == 1 else None
    if type(only) is Text:
        return only.text if only.extras is EMPTY and type(only.text) is str else None
    return blocks_of(content, ids)


def usual_text(part: object) -> str | None:
    """The text of a part that is nothing but a text, and says something."""
    if type(part) is Text and part.extras is EMPTY and type(part.text) is str and part.text:
        return part.text
    return None


def _results(content: tuple[Part, ...], ids: CallIds) -> list[ContentBlockParam] | None:
    blocks: list[ToolResultBlockParam] = []
    for part in content:
        if not (type(part) is ToolResult and part.extras is EMPTY and type(part.call_id) is str):
            return None
        if type(part.content) is not tuple or len(part.content) != 1 or type(part.is_error) is not bool:
            return None
        text = usual_text(part.content[0])
        if text is None:
            return None
        block: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": part.call_id, "content": text}
        if part.is_error:
            block["is_error"] = True
        blocks.append(block)
    for block in blocks:
        block["tool_use_id"] = ids.result(block["tool_use_id"])
    return cast("list[ContentBlockParam]", blocks)


def _said(content: tuple[Part, ...], ids: CallIds) -> list[ContentBlockParam] | None:
    blocks: list[ContentBlockParam] = []
    calls: list[ToolUseBlockParam] = []
    for part in content:
        if type(part) is Text:
            if part.extras is not EMPTY or type(part.text) is not str or not part.text:
                return None
            blocks.append({"type": "text", "text": part.text})
            continue
        if not (type(part) is ToolCall and part.extras is EMPTY and type(part.arguments) is JsonObject):
            return None
        if type(part.id) is not str or type(part.name) is not str or INVALID_JSON in part.arguments:
            return None
        arguments = part.arguments.plain_copy()
        if arguments is None:
            return None
        call: ToolUseBlockParam = {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
        blocks.append(call)
        calls.append(call)
    for call in calls:
        call["id"] = ids.call(call["id"])
    return blocks
