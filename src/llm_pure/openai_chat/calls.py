"""Tools, the choice among them, and calls of them, in both directions.

Law: a call is a `ToolCall` only if its arguments are one whole JSON object; the text that they came as is
remembered, and goes back. What we do not model is kept: a tool or a choice as the note `$raw` in its extras, a call
as an `Opaque` that holds the piece of the message it stood in, `{"tool_calls": [...]}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, parse_json, thaw
from llm_pure.openai_chat.shape import PROVIDER, Losses, attach, extras_with, noted, own, plain, unsaid
from llm_pure.parts import BrokenToolCall, Opaque, ToolCall
from llm_pure.reading import PlainObject, as_object, within
from llm_pure.tools import AnyTool, Tool, ToolChoice

if TYPE_CHECKING:
    from openai.types.chat import (
        ChatCompletionFunctionToolParam,
        ChatCompletionMessageFunctionToolCallParam,
        ChatCompletionNamedToolChoiceParam,
    )
    from openai.types.shared_params import FunctionDefinition

__all__ = ["given_id", "read_call", "read_choice", "read_tool", "say_call", "say_choice", "say_tool"]


# ---------------------------------------------------------------- calls


def read_call(
    value: PlainJson, *, cut: bool = False, answer_id: str | None = None, place: int = 0
) -> ToolCall | BrokenToolCall | Opaque:
    """A call of a message. Raises `JsonError` if it is no object. Takes `value` over.

    `cut` says that the answer broke off, so that no arguments are not yet the empty arguments. In an answer a call
    without an id is named after the answer and its `place`, so that its result can be.
    """
    call = as_object(value)
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(name := function.get("name"), str) or not name:
        return Opaque(PROVIDER, JsonObject.wrap({"tool_calls": [call]}))
    id_, kind, text = call.get("id"), call.get("type"), function.get("arguments")
    extras = EMPTY
    usual = kind == "function" and len(call) == 3 and len(function) == 2
    if not (usual and isinstance(id_, str) and id_ and isinstance(text, str)):
        if not (isinstance(id_, str | None) and isinstance(text, str | dict | None)):
            return Opaque(PROVIDER, JsonObject.wrap({"tool_calls": [call]}))
        extras = _call_extras(call, function, answer_id is None)
        id_ = id_ or ("" if answer_id is None else given_id(answer_id, place))
    if isinstance(text, dict):
        return ToolCall(id_, name, JsonObject.wrap(text), extras)
    if not text:
        return BrokenToolCall(id_, name, "", extras) if cut else ToolCall(id_, name, EMPTY, extras)
    try:
        arguments = parse_json(text)
    except JsonError:
        return BrokenToolCall(id_, name, text, extras)
    if not isinstance(arguments, dict):
        return BrokenToolCall(id_, name, text, extras)
    return ToolCall(id_, name, JsonObject.wrap(arguments, text), extras)


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
    if nameless and call.get("id") is None:
        rest["$id"] = False
    return extras_with(rest)


def say_call(part: ToolCall | BrokenToolCall, losses: Losses, path: str) -> PlainObject:
    """The call as an item of `tool_calls`. Raises `JsonError` if the arguments are no JSON."""
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
    if mine.get("$id") is False and not part.id:
        del block["id"]
    if mine.get("$object") is True and isinstance(part, ToolCall):
        block["function"] = {"name": part.name, "arguments": part.arguments.thaw()}
    return attach(block, part.extras, losses, path)


# ---------------------------------------------------------------- tools


def read_tool(value: PlainJson) -> AnyTool:
    """A tool that is offered. Raises `JsonError` if it is no object. Takes `value` over."""
    tool = as_object(value)
    function = tool.get("function")
    if isinstance(function, dict) and tool.get("type", "function") == "function":
        name = function.get("name")
        if isinstance(name, str) and name:
            return _function_tool(name, tool, function)
    return _raw_tool(tool)


def _function_tool(name: str, tool: PlainObject, function: PlainObject) -> AnyTool:
    deeper: PlainObject = {k: value for k, value in function.items() if k != "name" and value is not None}
    description = function.get("description")
    if isinstance(description, str):
        del deeper["description"]
    strict = function.get("strict")
    if isinstance(strict, bool):
        del deeper["strict"]
    parameters = EMPTY
    schema = function.get("parameters")
    if isinstance(schema, dict) and schema:
        parameters = JsonObject.wrap(schema)
        del deeper["parameters"]
    rest = {key: value for key, value in tool.items() if key not in ("type", "function")}
    if "type" not in tool:
        rest["$type"] = False
    return Tool(
        name,
        description if isinstance(description, str) else None,
        parameters,
        strict if isinstance(strict, bool) else None,
        extras_with({**rest, "function": deeper} if deeper else rest),
    )


def _raw_tool(tool: PlainObject) -> AnyTool:
    """A tool of another kind: named by its definition, or else by its kind."""
    kind = tool.get("type")
    inner = tool.get(kind) if isinstance(kind, str) else None
    named = inner if isinstance(inner, dict) else tool
    name, description = named.get("name"), named.get("description")
    return Tool(
        name if isinstance(name, str) else kind if isinstance(kind, str) else "",
        description if isinstance(description, str) and description else None,
        extras=extras_with({"$raw": tool}),
    )


def say_tool(tool: AnyTool, losses: Losses, path: str) -> PlainObject:
    """The tool as an item of `tools`."""
    raw = noted(tool.extras, "$raw")
    if isinstance(raw, JsonObject):
        if read_tool(raw.thaw()) != tool:
            losses.append(Loss(path, "the tool is sent as the provider wrote it, and was changed since"))
        return raw.thaw()
    function: FunctionDefinition = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters:
        # An object of JSON is what the SDK calls dict[str, object].
        function["parameters"] = {**tool.parameters.thaw()}
    if tool.strict is not None:
        function["strict"] = tool.strict
    said: ChatCompletionFunctionToolParam = {"type": "function", "function": function}
    block = plain(said)
    if tool.extras is EMPTY and tool.name:
        return block
    if noted(tool.extras, "$type") is False:
        del block["type"]
    before = len(losses)
    attach(block, tool.extras, losses, path)
    if len(losses) == before and read_tool(thaw(block)) != tool:
        losses.append(Loss(path, "Chat Completions reads this tool as another one"))
    return block


# ---------------------------------------------------------------- the choice

_Mode = Literal["auto", "none", "required"]
_MODES: Final[dict[str, _Mode]] = {"auto": "auto", "none": "none", "required": "required"}
_LIKE_REQUIRED: Final = frozenset({"any"})
"""Words of imitators."""


def read_choice(value: PlainJson, parallel: bool | None) -> ToolChoice | None:
    """`tool_choice` and `parallel_tool_calls`; None if the former is nothing that we know."""
    if isinstance(value, str):
        if value in _MODES:
            return ToolChoice(_MODES[value], parallel=parallel)
        return ToolChoice("required", None, parallel, _raw(value)) if value in _LIKE_REQUIRED else None
    if not isinstance(value, dict):
        return None
    kind = value.get("type")
    inner = value.get(kind if isinstance(kind, str) else "function")
    if not isinstance(inner, dict):
        return None
    name, mode = inner.get("name"), inner.get("mode")
    if isinstance(name, str):
        exact = value == {"type": "function", "function": {"name": name}}
        return ToolChoice("required", name, parallel, EMPTY if exact else _raw(value))
    if isinstance(mode, str) and mode in _MODES:
        return ToolChoice(_MODES[mode], None, parallel, _raw(value))
    return None


def _raw(value: PlainJson) -> JsonObject:
    return JsonObject.wrap({PROVIDER: {"$raw": value}})


def say_choice(choice: ToolChoice, losses: Losses) -> PlainObject:
    """The request's fields that say this choice."""
    path = "$.tool_choice"
    said: PlainObject = {}
    raw = noted(choice.extras, "$raw")
    if raw is not None:
        value = raw.thaw() if isinstance(raw, JsonObject) else raw if isinstance(raw, str) else None
        if value is None or read_choice(thaw(value), choice.parallel) != choice:
            losses.append(Loss(path, "the choice is sent as the provider wrote it, and was changed since"))
        said["tool_choice"] = value
    else:
        unsaid(choice.extras, losses, path)
        if choice.name is not None:
            if choice.mode != "required":
                losses.append(Loss(f"{path}.mode", "a tool that is named has to be called"))
            named: ChatCompletionNamedToolChoiceParam = {
                "type": "function",
                "function": {"name": choice.name},
            }
            said["tool_choice"] = plain(named)
        elif choice.mode != "auto":
            said["tool_choice"] = choice.mode
    if choice.parallel is False:
        said["parallel_tool_calls"] = False
    return said
