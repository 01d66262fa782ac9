"""Tools and the choice among them, in both directions.

Law: a tool of type `function` is a `Tool`; a tool of any other kind is one too, its definition verbatim in the note
`$raw`, so that it keeps its place. So does a choice that we do not model. A strict schema goes out in OpenAI's strict
form; one that came in another form is noted as `$verbatim`, and goes back as it stood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from llm_pure.json import EMPTY, JsonObject, PlainJson
from llm_pure.offered import Offered, allowed_names, read_grammar, write_grammar
from llm_pure.openai_chat.shape import MIRROR, PROVIDER, extras_with, noted, plain
from llm_pure.reading import PlainObject, as_object
from llm_pure.strict import OPENAI_STRICT, Sent, goes_as_it_stands
from llm_pure.tools import AnyTool, Tool, ToolChoice

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionNamedToolChoiceParam
    from openai.types.shared_params import FunctionDefinition

__all__ = ["read_choice", "read_tool", "write_choice", "write_tool"]


# ---------------------------------------------------------------- tools


def read_tool(value: PlainJson) -> AnyTool:
    """A tool that is offered. Raises `JsonError` if it is no object. Takes `value` over."""
    tool = as_object(value)
    function = tool.get("function")
    if isinstance(function, dict) and tool.get("type", "function") == "function":
        name = function.get("name")
        if isinstance(name, str) and name:
            return _function_tool(name, tool, function)
    custom = tool.get("custom")
    if tool.get("type") == "custom" and isinstance(custom, dict):
        text = _text_tool(custom)
        if text is not None and _custom(text) == tool:
            return text
    return _raw_tool(tool)


def _text_tool(custom: PlainObject) -> AnyTool | None:
    """A tool that takes plain text, as far as its definition is one of ours."""
    name, description, form = custom.get("name"), custom.get("description"), custom.get("format")
    if not isinstance(name, str) or not name or not isinstance(description, str | None):
        return None
    grammar = form.get("grammar") if isinstance(form, dict) else None
    grammar = grammar if isinstance(grammar, dict) else {}
    return Tool(name, description, free_text=read_grammar(grammar))


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
    if strict is True and parameters and not goes_as_it_stands(parameters, strict, OPENAI_STRICT):
        rest["$verbatim"] = True
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


def _function(tool: AnyTool, going: Sent) -> PlainObject:
    function: FunctionDefinition = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if going.schema:
        # An object of JSON is what the SDK calls dict[str, object].
        function["parameters"] = {**going.schema.thaw()}
    if going.strict is not None:
        function["strict"] = going.strict
    said: ChatCompletionFunctionToolParam = {"type": "function", "function": function}
    block = plain(said)
    if noted(tool.extras, "$type") is False:
        del block["type"]
    return block


def _custom(tool: AnyTool) -> PlainObject:
    custom: PlainObject = {"name": tool.name}
    if tool.description:
        custom["description"] = tool.description
    grammar = write_grammar(tool.free_text)
    if grammar:
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return {"type": "custom", "custom": custom}


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
    if kind == "allowed_tools" and (names := allowed_names(inner, "function")) is not None:
        among = ToolChoice(_MODES[str(inner["mode"])], None, parallel, allowed=names)
        return among if value == _among(among) else replace(among, extras=_raw(value))
    name, mode = inner.get("name"), inner.get("mode")
    if isinstance(name, str):
        exact = value == {"type": "function", "function": {"name": name}}
        return ToolChoice("required", name, parallel, EMPTY if exact else _raw(value))
    if isinstance(mode, str) and mode in _MODES:
        return ToolChoice(_MODES[mode], None, parallel, _raw(value))
    return None


def _raw(value: PlainJson) -> JsonObject:
    return JsonObject.wrap({PROVIDER: {"$raw": value}})


def _among(choice: ToolChoice) -> PlainObject:
    tools: list[PlainJson] = [{"type": "function", "function": {"name": name}} for name in choice.allowed]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}


def _named(name: str) -> PlainObject:
    said: ChatCompletionNamedToolChoiceParam = {"type": "function", "function": {"name": name}}
    return plain(said)


_OFFERED: Final = Offered(MIRROR, read_tool, read_choice, _function, _custom, _named, _among)
write_tool = _OFFERED.write_tool
write_choice = _OFFERED.write_choice
