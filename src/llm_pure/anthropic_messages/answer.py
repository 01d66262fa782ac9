"""From an answer's parts to the blocks of a response.

Law: reading the blocks as an answer gives the parts back; of another provider's parts, up to what only that provider
attached.
"""

from __future__ import annotations

from typing import Final, cast

from llm_pure.anthropic_messages.attached import moved
from llm_pure.anthropic_messages.content import write_part
from llm_pure.anthropic_messages.ids import CallIds
from llm_pure.anthropic_messages.tables import CUT, PROVIDER
from llm_pure.errors import Loss, Lossy
from llm_pure.json import JsonError, JsonObject, PlainJson, dump_json, parse_json, thaw
from llm_pure.parts import Audio, BrokenToolCall, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from llm_pure.reading import PlainObject, within
from llm_pure.response import Response
from llm_pure.typed import check_own

__all__ = ["Unsaid", "write_answer"]


class Unsaid(JsonError):
    """Blocks say a part, but not all of it: what they leave out is in `losses`."""

    def __init__(self, losses: tuple[Loss, ...]) -> None:
        super().__init__(losses[0].reason, losses[0].path)
        self.losses: Final = losses

    def value(self) -> Lossy:
        """The error as a value."""
        return Lossy(message=f"{self.path}: {self.reason}", path=self.path, losses=self.losses)


def write_answer(response: Response, stop_reason: PlainJson) -> list[PlainJson]:
    """The content of a response's body that stopped so. Raises `JsonError` at a part that no block says."""
    content = response.message.content
    if not isinstance(content, tuple):
        raise JsonError("expected parts", ".message.content")
    last = len(content) - 1 if stop_reason in CUT else -1
    found: list[PlainJson] = []
    losses: list[Loss] = []
    index = 0
    try:
        for index, part in enumerate(content):
            check_own(part)
            before = len(losses)
            found.append(_write_cut(part, losses) if index == last else _write_part(part, losses))
            moved(losses, before, f"$.message.content[{index}]")
    except JsonError as error:
        raise within(error, f".message.content[{index}]") from None
    lost = tuple([loss for loss in losses if ".extras." not in loss.path])
    if lost:
        raise Unsaid(lost)
    return found


def _write_part(part: Part, losses: list[Loss]) -> PlainJson:
    match part:
        case Text(text):
            return {"type": "text", "text": text, **_own(part.extras)}
        case ToolCall() | BrokenToolCall():
            return _write_call(part)
        case Reasoning():
            return _write_reasoning(part)
        case Refusal(text):
            return {"type": "text", "text": text}
        case Audio():
            raise JsonError("no block holds sound", "")
        case Opaque():
            if part.provider != PROVIDER:
                raise JsonError(f"only {part.provider} understands this block", "")
            return thaw(part.raw)
        case _:
            return cast("PlainObject | None", write_part(part, losses, CallIds()))


def _write_cut(part: Part, losses: list[Loss]) -> PlainJson:
    """The last block of an answer that was cut off. A call without arguments means one that was cut off before them."""
    if isinstance(part, ToolCall) and not part.arguments:
        raise JsonError("a whole call without arguments cannot end an answer that was cut off", "")
    block = _write_part(part, losses)
    if isinstance(part, BrokenToolCall) and not part.text and isinstance(block, dict):
        block["input"] = {}
    return block


def _own(extras: JsonObject) -> PlainObject:
    own = extras.get(PROVIDER)
    return own.thaw() if isinstance(own, JsonObject) else {}


def _write_call(part: ToolCall | BrokenToolCall) -> PlainObject:
    """A call. A broken one holds its text: as the JSON that it is, or else as a string."""
    if part.free_text:
        raise JsonError("a block holds a call with an object, and none with plain text", "")
    arguments = part.arguments.thaw() if isinstance(part, ToolCall) else _said(part.text)
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments, **_own(part.extras)}


def _said(text: str) -> PlainJson:
    try:
        value = parse_json(text)
    except JsonError:
        return text
    # Only what is read back as this very text: an object is no broken call, and a string is its own text.
    return text if isinstance(value, dict | str) or dump_json(value).decode() != text else value


def _write_reasoning(part: Reasoning) -> PlainJson:
    own = _own(part.extras)
    if part.encrypted is not None:
        if part.text or part.signature is not None:
            raise JsonError("a block holds reasoning encrypted or as text, never both", "")
        return {"type": "redacted_thinking", "data": part.encrypted, **own}
    signature: PlainObject = {} if part.signature is None else {"signature": part.signature}
    return {"type": "thinking", "thinking": part.text, **signature, **own}
