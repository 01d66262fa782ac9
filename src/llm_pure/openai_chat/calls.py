"""Calls of tools, in both directions.

Law: a call is a `ToolCall` only if its arguments are one whole JSON object; the text that they came as is
remembered, and goes back. A call that we do not model is kept as an `Opaque` that holds the piece of the message it
stood in, `{"tool_calls": [...]}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, parse_objects
from llm_pure.openai_chat.shape import PROVIDER, Losses, attach, extras_with, own, plain
from llm_pure.parts import BrokenToolCall, Opaque, ToolCall, call_of_text, made_call
from llm_pure.reading import PlainObject, as_object, within, wrong
from llm_pure.tools import INPUT, free_text_of

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageFunctionToolCallParam

__all__ = ["given_id", "listed_calls", "read_call", "usual_calls", "write_call"]


# ---------------------------------------------------------------- calls


def read_call(
    value: PlainJson, *, cut: bool = False, last: bool = True, answer_id: str | None = None, place: int = 0
) -> ToolCall | BrokenToolCall | Opaque:
    """A call of a message. Raises `JsonError` if it is no object. Takes `value` over.

    `cut` says that the answer broke off, so that no arguments are not yet the empty arguments. In an answer a call
    without an id is named after the answer and its `place`, so that its result can be. A call with plain text holds it
    as its one argument; `last`: it is this call's text that was broken off.
    """
    call = as_object(value)
    function = call.get("function")
    custom = call.get("custom")
    if call.get("type") == "custom" and isinstance(custom, dict) and function is None:
        return _text_call(call, custom, cut=cut and last, answer_id=answer_id, place=place)
    if not isinstance(function, dict) or not isinstance(name := function.get("name"), str) or not name:
        return Opaque(PROVIDER, JsonObject.wrap({"tool_calls": [call]}))
    id_, kind, text = call.get("id"), call.get("type"), function.get("arguments")
    extras = EMPTY
    usual = kind == "function" and len(call) == 3 and len(function) == 2
    if not (usual and isinstance(id_, str) and id_ and isinstance(text, str)):
        id_ = str(id_) if type(id_) is int else id_
        if not (isinstance(id_, str | None) and isinstance(text, str | dict | None)):
            return Opaque(PROVIDER, JsonObject.wrap({"tool_calls": [call]}))
        extras = _call_extras(call, function, answer_id is None)
        id_ = id_ or ("" if answer_id is None else given_id(answer_id, place))
    if isinstance(text, dict):
        return ToolCall(id_, name, JsonObject.wrap(text), extras)
    if not text:
        return BrokenToolCall(id_, name, "", extras) if cut else ToolCall(id_, name, EMPTY, extras)
    return call_of_text(id_, name, text, extras)


def listed_calls(calls: PlainJson, path: str) -> list[PlainJson]:
    """The calls of an answer: one may stand alone, and what is empty says none. Raises `JsonError`."""
    if isinstance(calls, list):
        return calls
    if calls and not isinstance(calls, dict):
        raise wrong(calls, "an array", path)
    return [calls] if calls else []


def usual_calls(calls: PlainJson) -> tuple[ToolCall, ...] | None:
    """The calls as `read_call` would read them, if all are of functions, whole, and say nothing else; None if not.

    They are nothing but texts then, and proven to be JSON.
    """
    if not isinstance(calls, list):
        return None
    ids: list[str] = []
    names: list[str] = []
    texts: list[str] = []
    try:
        for call in calls:
            if type(call) is not dict or len(call) != 3 or call["type"] != "function":
                return None
            id_, function = call["id"], call["function"]
            if not (type(id_) is str and id_ and type(function) is dict and len(function) == 2):
                return None
            name, text = function["name"], function["arguments"]
            if not (type(name) is str and name and type(text) is str):
                return None
            ids.append(id_)
            names.append(name)
            texts.append(text)
    except KeyError:
        return None
    arguments = parse_objects(texts)
    if arguments is None:
        return None
    return tuple(map(made_call, ids, names, map(JsonObject.wrap, arguments, texts)))


def _text_call(
    call: PlainObject, custom: PlainObject, *, cut: bool, answer_id: str | None, place: int
) -> ToolCall | BrokenToolCall | Opaque:
    id_, name, text = call.get("id"), custom.get("name"), custom.get("input")
    if not (isinstance(name, str) and name and isinstance(text, str) and isinstance(id_, str | None)):
        return Opaque(PROVIDER, JsonObject.wrap({"tool_calls": [call]}))
    rest = {key: item for key, item in call.items() if key not in ("id", "type", "custom", "index")}
    deeper = {key: item for key, item in custom.items() if key not in ("name", "input")}
    if deeper:
        rest["custom"] = deeper
    if answer_id is None and id_ is None:
        rest["$id"] = False
    id_ = id_ or ("" if answer_id is None else given_id(answer_id, place))
    if cut:
        return BrokenToolCall(id_, name, text, extras_with(rest), free_text=True)
    return ToolCall(id_, name, JsonObject.wrap({INPUT: text}), extras_with(rest), free_text=True)


def given_id(answer_id: str, place: int) -> str:
    """The id of an answer's call that came without one."""
    return f"call_{answer_id}_{place}"


def _call_extras(call: PlainObject, function: PlainObject, nameless: bool) -> JsonObject:
    rest = {
        key: value
        for key, value in call.items()
        if key not in ("id", "function", "index") and not (key == "type" and value in ("function", None))
    }
    deeper = {key: value for key, value in function.items() if key not in {"name", "arguments"}}
    if deeper:
        rest["function"] = deeper
    if isinstance(function.get("arguments"), dict):
        rest["$object"] = True
    id_ = call.get("id")
    if type(id_) is int:
        rest["$id"] = id_
    elif nameless and id_ is None:
        rest["$id"] = False
    return extras_with(rest)


def write_call(part: ToolCall | BrokenToolCall, losses: Losses, path: str) -> PlainObject:
    """The call as an item of `tool_calls`. Raises `JsonError` if the arguments are no JSON."""
    if part.free_text:
        written = part.text if isinstance(part, BrokenToolCall) else free_text_of(part)
        if written is not None:
            said: PlainObject = {
                "id": part.id,
                "type": "custom",
                "custom": {"name": part.name, "input": written},
            }
            if own(part.extras).get("$id") is False and not part.id:
                del said["id"]
            return attach(said, part.extras, losses, path)
        losses.append(Loss(f"{path}.free_text", "the arguments are no plain text"))
    try:
        text = part.text if isinstance(part, BrokenToolCall) else part.arguments.text
    except JsonError as error:
        raise within(error, f"{path[1:]}.arguments") from None
    call: ChatCompletionMessageFunctionToolCallParam = {
        "id": part.id,
        "type": "function",
        "function": {"name": part.name, "arguments": text},
    }
    block = plain(call)
    if part.extras is EMPTY:
        return block
    mine = own(part.extras)
    if "type" in mine:
        del block["type"]
    noted = mine.get("$id")
    if noted is False and not part.id:
        del block["id"]
    elif type(noted) is int and str(noted) == part.id:
        block["id"] = noted
    if mine.get("$object") is True and isinstance(part, ToolCall):
        block["function"] = {"name": part.name, "arguments": part.arguments.thaw()}
    return attach(block, part.extras, losses, path)
