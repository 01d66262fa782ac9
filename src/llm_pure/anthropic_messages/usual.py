"""The turns that most conversations are made of, written once for every request that holds them.

Law: what is written here is what `turns` would write, without a loss, whatever stands around it; it is plain JSON, all
of it; and it may stand wherever turns of its role may (see `places`). What is not known to be so is not usual, and
`turns` sees to it. A message remembers its turn, which is the message's alone: types are checked to the last value, so
that all of it is known to be immutable.

    user        one text; or results of one text each, and nothing beside them
    assistant   texts and calls
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from llm_pure.anthropic_messages.ids import wire_id
from llm_pure.anthropic_messages.tables import INVALID_JSON
from llm_pure.json import EMPTY, JsonError, JsonObject, canonical_json, dump_json, parse_plain
from llm_pure.messages import AssistantMessage, Message, UserMessage
from llm_pure.parts import Part, Text, ToolCall, ToolResult
from llm_pure.reading import PlainObject

if TYPE_CHECKING:
    from anthropic.types import (
        ContentBlockParam,
        MessageParam,
        ToolResultBlockParam,
        ToolUseBlockParam,
    )

__all__ = ["UsualTurn", "canonical_turn", "usual_text", "usual_turn"]


class UsualTurn(NamedTuple):
    """A turn, as data or as JSON text, and the ids that it names: they have to be given as they are.

    `canonical` is its text with the keys sorted, once a cache has asked for it.
    """

    role: Literal["user", "assistant"]
    said: PlainObject | bytes
    calls: tuple[str, ...]
    results: tuple[str, ...]
    canonical: bytes | None = None


_SENT: Final = object()
"""What a message remembers that has been sent once: most are never sent again, or very often."""


def usual_turn(message: object, memo: object) -> UsualTurn | None:
    """The turn of a message, if that is a usual one, whose `memo` is not the turn already.

    The second time it is written, and from then on remembered.
    """
    kind = type(message)
    if kind is not UserMessage and kind is not AssistantMessage:
        return None
    made = _made(cast("UserMessage | AssistantMessage", message))
    if made is not None:
        if memo is _SENT:
            made = _written(made)
        object.__setattr__(message, "memo", _SENT if memo is None else made)
    return made


def canonical_turn(message: Message, said: bytes) -> bytes:
    """The canonical text of a turn that a message remembers as `said`; from now on it remembers both."""
    memo: object = getattr(message, "memo", None)
    if isinstance(memo, UsualTurn) and memo.canonical is not None:
        return memo.canonical
    canonical = canonical_json(parse_plain(said))
    if isinstance(memo, UsualTurn):
        object.__setattr__(message, "memo", memo._replace(canonical=canonical))
    return canonical


def usual_text(part: object) -> str | None:
    """The text of a part that is nothing but a text, and says something."""
    if type(part) is Text and part.extras is EMPTY and type(part.text) is str and part.text:
        return part.text
    return None


def _made(message: UserMessage | AssistantMessage) -> UsualTurn | None:
    content = message.content
    if message.extras is not EMPTY or type(content) is not tuple:
        return None
    ids: list[str] = []
    said: str | list[ContentBlockParam] | None = usual_text(content[0]) if len(content) == 1 else None
    turn: MessageParam
    if type(message) is UserMessage:
        said = said or _results(content, ids)
        turn = {"role": "user", "content": said or ""}
    else:
        said = said or _said(content, ids)
        turn = {"role": "assistant", "content": said or ""}
    if not said or (ids and not _fit(ids)):
        return None
    named = tuple(ids) if ids else ()
    return (
        UsualTurn("user", cast("PlainObject", turn), (), named)
        if turn["role"] == "user"
        else UsualTurn("assistant", cast("PlainObject", turn), named, ())
    )


def _written(made: UsualTurn) -> UsualTurn | None:
    try:
        return made._replace(said=dump_json(cast("PlainObject", made.said), proven=True))
    except JsonError:  # a lone surrogate
        return None


def _fit(ids: list[str]) -> bool:
    """Whether each can go out as it is, if nothing else has it."""
    for own in ids:
        if wire_id(own) != own:
            return False
    return len(ids) < 2 or len(set(ids)) == len(ids)


def _results(content: tuple[Part, ...], ids: list[str]) -> list[ContentBlockParam] | None:
    blocks: list[ContentBlockParam] = []
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
        ids.append(part.call_id)
    return blocks


def _said(content: tuple[Part, ...], ids: list[str]) -> list[ContentBlockParam] | None:
    blocks: list[ContentBlockParam] = []
    for part in content:
        if (text := usual_text(part)) is not None:
            blocks.append({"type": "text", "text": text})
            continue
        if not (
            type(part) is ToolCall
            and part.extras is EMPTY
            and part.free_text is False
            and type(part.arguments) is JsonObject
        ):
            return None
        if type(part.id) is not str or type(part.name) is not str or INVALID_JSON in part.arguments:
            return None
        arguments = part.arguments.plain_copy()
        if arguments is None:
            return None
        call: ToolUseBlockParam = {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
        blocks.append(call)
        ids.append(part.id)
    return blocks
