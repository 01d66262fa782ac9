"""Calls of tools, items of their own, in both directions.

Law: a call is a `ToolCall` only if its arguments are one whole JSON object, or plain text; the text that they came as
is remembered, and goes back, and so does an object that came as one.

    `function_call`       a `ToolCall` or `BrokenToolCall`; its `id` is the `call_id`, or without one the item's
                          own id, so that its result can name it
    `custom_tool_call`    the same, with plain text as its one argument
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson
from llm_pure.openai_responses.shape import Losses, attach, beside, extras_with, noted, plain
from llm_pure.parts import BrokenToolCall, Part, ToolCall, call_of_text
from llm_pure.reading import PlainObject, within
from llm_pure.tools import INPUT, free_text_of

if TYPE_CHECKING:
    from openai.types.responses import ResponseCustomToolCallParam, ResponseFunctionToolCallParam

__all__ = ["CALLS", "id_of", "read_call", "read_text_call", "write_call"]


CALLS: Final = ("function_call", "custom_tool_call")


# ---------------------------------------------------------------- reading


def id_of(item: PlainObject) -> PlainJson:
    """What a result of the call names."""
    id_ = item.get("call_id")
    return id_ if id_ is not None else item.get("id")


_CALL: Final = frozenset({"type", "call_id", "name", "arguments"})
_UNFINISHED: Final = ("incomplete", "in_progress")


def read_call(item: PlainObject, *, cut: bool) -> Part | None:
    id_, name, text = id_of(item), item.get("name"), item.get("arguments")
    if (
        not isinstance(id_, str)
        or not isinstance(name, str)
        or not name
        or not isinstance(text, str | dict | None)
    ):
        return None
    rest = beside(item, _CALL)
    if item.get("call_id") is None:
        rest["$id"] = False
    if isinstance(text, dict):
        rest["$object"] = True
        return ToolCall(id_, name, JsonObject.wrap(text), extras_with(rest))
    if not text:
        status = item.get("status")
        if (
            cut and status is None
        ):  # what the answer says of all is kept for the item, which may go back alone
            rest["status"] = "incomplete"
        cut = status in _UNFINISHED or (cut and status is None)
        extras = extras_with(rest)
        return BrokenToolCall(id_, name, "", extras) if cut else ToolCall(id_, name, EMPTY, extras)
    return call_of_text(id_, name, text, extras_with(rest))


_TEXT_CALL: Final = frozenset({"type", "call_id", "name", "input"})


def read_text_call(item: PlainObject, *, cut: bool) -> Part | None:
    """A call with plain text, which is its one argument; `cut`: the answer broke off in it."""
    id_, name, text = id_of(item), item.get("name"), item.get("input")
    if not isinstance(id_, str) or not isinstance(name, str) or not name or not isinstance(text, str):
        return None
    rest: PlainObject = {
        key: value for key, value in item.items() if key not in _TEXT_CALL and value is not None
    }
    if item.get("call_id") is None:
        rest["$id"] = False
    if cut:  # what the answer says of all is kept for the item, which may go back alone
        rest.setdefault("status", "incomplete")
    if rest.get("status") in _UNFINISHED:
        return BrokenToolCall(id_, name, text, extras_with(rest), free_text=True)
    return ToolCall(id_, name, JsonObject.wrap({INPUT: text}), extras_with(rest), free_text=True)


# ---------------------------------------------------------------- writing


def _attached(block: PlainObject, part: ToolCall | BrokenToolCall, losses: Losses, path: str) -> PlainObject:
    """The call with what its extras hold, and as nameless as it came."""
    attach(block, part.extras, losses, path)
    if noted(part.extras, "$id") is False and block.get("id") == part.id:
        del block["call_id"]
    return block


def _write_text_call(
    part: ToolCall | BrokenToolCall, text: str, losses: Losses, path: str, *, answer: bool
) -> PlainObject:
    said: ResponseCustomToolCallParam = {
        "type": "custom_tool_call",
        "call_id": part.id,
        "name": part.name,
        "input": text,
    }
    block = _attached(plain(said), part, losses, path)
    if answer and isinstance(part, BrokenToolCall):  # a request has no word of its own for it
        block.setdefault("status", "incomplete")
    return block


def write_call(part: ToolCall | BrokenToolCall, losses: Losses, path: str, *, answer: bool) -> PlainObject:
    if part.free_text:
        written = part.text if isinstance(part, BrokenToolCall) else free_text_of(part)
        if written is not None:
            return _write_text_call(part, written, losses, path, answer=answer)
        losses.append(Loss(f"{path}.free_text", "the arguments are no plain text"))
    try:
        text = part.text if isinstance(part, BrokenToolCall) else part.arguments.text
    except JsonError as error:
        raise within(error, f"{path[1:]}.arguments") from None
    call: ResponseFunctionToolCallParam = {
        "type": "function_call",
        "call_id": part.id,
        "name": part.name,
        "arguments": text,
    }
    block = plain(call)
    if part.extras is not EMPTY:
        if noted(part.extras, "$object") is True and isinstance(part, ToolCall):
            block["arguments"] = part.arguments.thaw()
        _attached(block, part, losses, path)
    if isinstance(part, BrokenToolCall) and not text:
        block.setdefault("status", "incomplete")
    elif "id" in block:
        block.setdefault("status", "completed")
    return block
