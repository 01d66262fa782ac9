"""What may stand where among the messages of a request.

Law: `unfit` looks at the wire alone, so that both directions mean the same. The reader marks each message that it
names, with the message's own role in `extras`, and a marked message goes back as it stood; the writer puts right what
is not marked, with a Loss, and names as a Loss what it could not put right.

    message     refused
    ----------  --------------------------------------------------------------------------------------------------
    any         without content
    user        calls or thinking; tool results after anything else
    assistant   tool results, images, documents; as the last (a prefill): text that ends in white space, and any
                for a model that is known to continue none
    system      for a model that takes none here; before a user message; right after an assistant's, unless that one
                ends in a block of the provider's own tools

Of these: Anthropic's pages on tool use, on prefill, and on mid-conversation system messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.models import ModelTraits

if TYPE_CHECKING:
    from llm_pure.json import JsonObject, PlainJson

__all__ = ["blocks_of", "is_marked", "is_prefill", "unfit"]

_ASKED: Final = frozenset({"tool_use", "thinking", "redacted_thinking"})
_GIVEN: Final = frozenset({"tool_result", "image", "document"})
_OWN: Final = _ASKED | {"text"}
"""What an assistant message holds beside blocks of the provider's own tools."""
_NOTHING_KNOWN: Final = ModelTraits()


def is_marked(extras: JsonObject, role: str) -> bool:
    """Whether the message goes out as it stands, since it came so."""
    if not extras:
        return False
    own = extras.get(PROVIDER)
    return isinstance(own, Mapping) and own.get("role") == role


def blocks_of(message: Mapping[str, object]) -> Sequence[PlainJson]:
    """The blocks of a message on the wire, without those that say nothing."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        return []
    return [block for block in content if block != {"type": "text", "text": ""}]


def _kind(block: PlainJson) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    return kind if isinstance(kind, str) else None


def is_prefill(messages: Sequence[Mapping[str, object]]) -> bool:
    """Whether the last message is an answer that the model shall continue, and not a pause that it shall end."""
    if not messages or messages[-1].get("role") != "assistant":
        return False
    blocks = blocks_of(messages[-1])
    return bool(blocks) and all(_kind(block) in _OWN for block in blocks)


def unfit(
    messages: Sequence[Mapping[str, object]], traits: ModelTraits, among: Iterable[int] | None = None
) -> dict[int, str]:
    """Which messages the provider refuses where they stand, and why.

    `among`: only these are in doubt, and the last, which may be a prefill.
    """
    found: dict[int, str] = {}
    for index in range(len(messages)) if among is None else among:
        message = messages[index]
        role = message.get("role")
        reason = _content(role, message.get("content"))
        if reason is None and role == "system":
            reason = _instructions(messages, index, traits)
        if reason is not None:
            found[index] = reason
    last = len(messages) - 1
    if last not in found and is_prefill(messages):
        final = blocks_of(messages[last])[-1]
        text = final.get("text") if isinstance(final, dict) else None
        if not traits.prefill and traits != _NOTHING_KNOWN:
            found[last] = "this model continues no message of its own, and refuses one as the last"
        elif isinstance(text, str) and text != text.rstrip():
            found[last] = "a message that shall be continued must not end in white space"
    return found


def _content(role: object, content: object) -> str | None:
    if isinstance(content, str):
        return None if content else _EMPTY
    some = behind = False
    for block in content if isinstance(content, list) else ():
        kind = _kind(block)
        if kind == "text" and block == {"type": "text", "text": ""}:
            continue
        some = True
        if role == "assistant":
            if kind in _GIVEN:
                return f"no {kind} can stand in an assistant message"
        elif role == "user":
            if kind in _ASKED:
                return f"no {kind} can stand in a user message"
            if kind != "tool_result":
                behind = True
            elif behind:
                return "tool results come before all else"
    return None if some else _EMPTY


_EMPTY: Final = "a message without content is refused"


def _instructions(messages: Sequence[Mapping[str, object]], index: int, traits: ModelTraits) -> str | None:
    if not traits.system_in_conversation:
        return "this model takes no instructions in mid-conversation"
    after = index + 1
    while after < len(messages) and messages[after].get("role") == "system":
        after += 1
    if after < len(messages) and messages[after].get("role") == "user":
        return "instructions come after the user's messages, not between them"
    before = messages[index - 1] if index else {}
    if before.get("role") == "assistant":
        blocks = blocks_of(before)
        if not blocks or _kind(blocks[-1]) in _OWN:
            return "instructions cannot follow right after an assistant message"
    return None
