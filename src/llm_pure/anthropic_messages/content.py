"""From parts to content blocks.

Law: reading what is written here gives the parts back, or a `Loss` names the one that does not come back; nothing
is left out in silence. Typed by the SDK's own parameters; `extras` are merged at the end, in `attach` alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from llm_pure.anthropic_messages.attached import CONTRADICTION, attach, moved, with_own
from llm_pure.anthropic_messages.blocks import MESSAGE
from llm_pure.anthropic_messages.ids import CallIds, own_id, wire_id
from llm_pure.anthropic_messages.inner import (
    foreign,
    is_bare,
    write_as_text,
    write_document,
    write_image,
    write_inner,
    write_opaque,
    write_text,
)
from llm_pure.anthropic_messages.tables import INVALID_JSON, PROVIDER
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, check_json, thaw
from llm_pure.parts import (
    Audio,
    BrokenToolCall,
    Document,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from llm_pure.reading import within
from llm_pure.typed import check_own, unlike

if TYPE_CHECKING:
    from anthropic.types import (
        ContentBlockParam,
        RedactedThinkingBlockParam,
        ThinkingBlockParam,
        ToolResultBlockParam,
        ToolUseBlockParam,
    )

__all__ = ["write_part"]

Called = TypeVar("Called", bound=ToolCall | BrokenToolCall | ToolResult)


# ---------------------------------------------------------------- thinking


def _write_reasoning(
    part: Reasoning, losses: list[Loss]
) -> ThinkingBlockParam | RedactedThinkingBlockParam | None:
    own = part.extras.get(PROVIDER)
    if part.extras and own is None:
        losses.append(Loss("", "another provider's reasoning means nothing here"))
        return None
    if part.encrypted is not None:
        redacted: RedactedThinkingBlockParam = {"type": "redacted_thinking", "data": part.encrypted}
        if part.text or part.signature is not None:
            losses.append(Loss(".text", "encrypted reasoning goes without its text"))
        return attach(redacted, part, losses)
    if part.signature is not None:
        signed: ThinkingBlockParam = {"type": "thinking", "thinking": part.text, "signature": part.signature}
        return attach(signed, part, losses)
    if (
        isinstance(own, JsonObject) and own.get("type") == "thinking"
    ):  # it came so, and its server wants it so
        unsigned = cast("ThinkingBlockParam", {"type": "thinking", "thinking": part.text})
        return attach(unsigned, part, losses)
    losses.append(Loss("", "reasoning goes back signed or not at all"))
    return None


# ---------------------------------------------------------------- tools


def _write_call(part: ToolCall | BrokenToolCall, losses: list[Loss], ids: CallIds) -> ToolUseBlockParam:
    if part.free_text:
        losses.append(Loss(".free_text", "a call holds an object here: one with the text"))
    arguments: dict[str, object] = {INVALID_JSON: part.text} if isinstance(part, BrokenToolCall) else {}
    if isinstance(part, ToolCall):
        arguments = cast("dict[str, object]", thaw(part.arguments))
        check_json(arguments, ".arguments")
        if len(arguments) == 1 and isinstance(arguments.get(INVALID_JSON), str):
            losses.append(Loss(".arguments", f"{INVALID_JSON} alone comes back as a broken call"))
    block: ToolUseBlockParam = {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
    if part.extras is EMPTY or (stood := _stood(part, "id")) is None:
        block["id"] = ids.call(part.id)
        return block if part.extras is EMPTY else attach(block, part, losses)
    block["id"] = wire_id(part.id)
    block = attach(block, _without(part, "id"), losses)
    _check_id(stood, ids.call(part.id, stood), part.id, losses)
    block["id"] = stood
    return block


def _stood(part: ToolCall | BrokenToolCall | ToolResult, field: str) -> str | None:
    """The id that the call, or the result, had on the wire, if that is not the one that we would give it."""
    own = part.extras.get(PROVIDER)
    stood = own.get(field) if isinstance(own, JsonObject) else None
    return stood if isinstance(stood, str) else None


def _without(part: Called, field: str) -> Called:
    return replace(part, extras=with_own(part.extras, field, None))


def _check_id(stood: str, given: str, own: str, losses: list[Loss]) -> None:
    read = own_id(stood)
    if (stood if read is None else read) != own:
        losses.append(Loss("", CONTRADICTION))
    elif stood == given:
        losses.append(Loss(f".extras.{PROVIDER}", "it has this id anyway"))


def _write_result(part: ToolResult, losses: list[Loss], ids: CallIds) -> ToolResultBlockParam:
    given = ids.result(part.call_id)
    stood = None if part.extras is EMPTY else _stood(part, "tool_use_id")
    block = _write_bare_result(part if stood is None else _without(part, "tool_use_id"), losses)
    if stood is not None:
        _check_id(stood, given, part.call_id, losses)
    block["tool_use_id"] = given if stood is None else stood
    return block


def _write_bare_result(part: ToolResult, losses: list[Loss]) -> ToolResultBlockParam:
    block: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": wire_id(part.call_id)}
    content = part.content
    if len(content) == 1 and is_bare(content[0]):
        text = cast("Text", content[0]).text
        if not isinstance(text, str):
            raise unlike(text, "a string", ".content[0].text")
        if text:
            block["content"] = text
    elif content:
        before = len(losses)
        try:
            block["content"] = write_inner(content, losses)
        except JsonError as error:
            raise within(error, ".content") from None
        if len(losses) != before:
            moved(losses, before, ".content")
    if part.is_error:
        block["is_error"] = True
    return block if part.extras is EMPTY else attach(block, part, losses)


# ---------------------------------------------------------------- any part


def write_part(part: Part, losses: list[Loss], ids: CallIds) -> ContentBlockParam | None:
    """The block of a part in a message, whoever says it; None if the wire has none, which is a loss."""
    check_own(part)
    match part:
        case Text():
            return write_text(part, losses)
        case ToolCall() | BrokenToolCall():
            return _write_call(part, losses, ids)
        case ToolResult():
            return _write_result(part, losses, ids)
        case Reasoning():
            return _write_reasoning(part, losses)
        case Image():
            return write_image(part, losses)
        case Document():
            return write_document(part, losses)
        case Opaque():
            return write_opaque(part, losses, MESSAGE)
        case Refusal(text):
            return write_as_text(text, "refusals have no block of their own: said as text", losses)
        case Audio(_, transcript):
            return write_as_text(transcript or "", "sound cannot be sent; a transcript goes as text", losses)
        case _:
            raise foreign(part)
