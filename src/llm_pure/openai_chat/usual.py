"""Messages that need no proof: those that are known to come back as they went, and are most of all.

Law: what is usual here is read as it was written. Every other message is read back once it is written, and compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llm_pure.json import EMPTY, JsonObject
from llm_pure.messages import Message, UserMessage
from llm_pure.openai_chat.reasoning import DETAILS, FIELDS
from llm_pure.openai_chat.shape import NOTES, own, plain
from llm_pure.parts import Text, ToolCall, ToolResult
from llm_pure.reading import PlainObject
from llm_pure.typed import is_a

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionToolMessageParam

__all__ = ["is_usual", "write_usual_result"]


def write_usual_result(message: Message) -> PlainObject | None:
    """The message, if it is the result of one tool in one text, nothing attached but what the wire has room for."""
    content = message.content
    if len(content) != 1 or message.extras is not EMPTY or not isinstance(message, UserMessage):
        return None
    result = content[0]
    if not isinstance(result, ToolResult) or result.is_error or len(result.content) != 1:
        return None
    text = result.content[0]
    if not isinstance(text, Text) or text.extras is not EMPTY or not text.text:
        return None
    if not is_a(str, text.text, result.call_id):
        return None
    said: ChatCompletionToolMessageParam = {
        "role": "tool",
        "tool_call_id": result.call_id,
        "content": text.text,
    }
    if result.extras is EMPTY:
        return plain(said)
    return {**plain(said), **own(result.extras).thaw()} if _fits(result.extras) else None


_MODELLED: Final = frozenset(
    {"role", "content", "tool_call_id", "type", "text", "refusal", "tool_calls", "function_call", "audio"}
    | {*FIELDS, DETAILS}
)


def _fits(extras: JsonObject) -> bool:
    """Whether the extras are plain fields of ours beside those that we model, so that they come back as they went."""
    mine = own(extras)
    return (
        len(extras) == 1
        and bool(mine)
        and all(
            isinstance(value, str) and key not in _MODELLED and key not in NOTES
            for key, value in mine.items()
        )
    )


def is_usual(message: Message) -> bool:
    """Whether the message is one of those that need no proof: words, whole calls, results in words."""
    if message.extras is not EMPTY:
        return False
    for part in message.content:
        if isinstance(part, ToolResult):
            if part.extras is not EMPTY or not all(
                isinstance(p, Text) and p.extras is EMPTY and is_a(str, p.text) for p in part.content
            ):
                return False
            if not is_a(str, part.call_id) or not is_a(bool, part.is_error):
                return False
        elif isinstance(part, ToolCall):
            if part.extras is not EMPTY or not part.name or not _is_call(part):
                return False
        elif not isinstance(part, Text) or part.extras is not EMPTY or not is_a(str, part.text):
            return False
    return True


def _is_call(part: ToolCall) -> bool:
    """Whether the call holds what its type says."""
    return is_a(str, part.id, part.name) and is_a(JsonObject, part.arguments)
