"""Tools and the choice among them, in both directions.

Law: a tool of type `function` is a `Tool`; a tool of any other kind (hosted, custom, a namespace) is one too, its
definition verbatim in the note `$raw`, so that it keeps its place. So does a choice that we do not model. A strict
schema goes out in OpenAI's strict form; one that came in another form is noted as `$verbatim`, and goes back as it
stood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from llm_pure.json import EMPTY, JsonObject, PlainJson
from llm_pure.offered import Offered, allowed_names, read_grammar, write_grammar
from llm_pure.openai_responses.shape import MIRROR, PROVIDER, extras_with, own, plain
from llm_pure.reading import PlainObject, as_object
from llm_pure.strict import OPENAI_STRICT, Sent, goes_as_it_stands
from llm_pure.tools import AnyTool, Tool, ToolChoice

if TYPE_CHECKING:
    from openai.types.responses import FunctionToolParam, ToolChoiceFunctionParam

__all__ = ["read_choice", "read_tool", "write_choice", "write_tool"]


# ---------------------------------------------------------------- tools


def read_tool(value: PlainJson) -> AnyTool:
    """A tool that is offered. Raises `JsonError` if it is no object. Takes `value` over."""
    tool = as_object(value)
    kind, name, description = tool.get("type"), tool.get("name"), tool.get("description")
    said = description if isinstance(description, str) else None
    if kind == "custom" and isinstance(name, str) and name:
        form = tool.get("format")
        text: AnyTool = Tool(name, said, free_text=read_grammar(form if isinstance(form, dict) else {}))
        if _custom(text) == tool:
            return text
    if kind != "function" or not isinstance(name, str) or not name:
        known = name if isinstance(name, str) else kind if isinstance(kind, str) else ""
        return Tool(known, said, extras=extras_with({"$raw": tool}))
    rest: PlainObject = {
        key: item for key, item in tool.items() if key not in ("type", "name") and item is not None
    }
    if said is not None:
        del rest["description"]
    strict = tool.get("strict")
    if isinstance(strict, bool):
        del rest["strict"]
    parameters = EMPTY
    schema = tool.get("parameters")
    if isinstance(schema, dict) and schema:
        parameters = JsonObject.wrap(schema)
        del rest["parameters"]
    if "strict" not in tool:
        rest["$strict"] = False
    if strict is True and parameters and not goes_as_it_stands(parameters, strict, OPENAI_STRICT):
        rest["$verbatim"] = True
    return Tool(name, said, parameters, strict if isinstance(strict, bool) else None, extras_with(rest))


def _function(tool: AnyTool, going: Sent) -> PlainObject:
    said: FunctionToolParam = {
        "type": "function",
        "name": tool.name,
        "parameters": {**going.schema.thaw()} if tool.parameters else None,
        "strict": going.strict,
    }
    block = plain(said)
    if tool.description:
        block["description"] = tool.description
    mine = own(tool.extras)
    if going.strict is None and (mine.get("$strict") is False or "strict" in mine):
        del block["strict"]
    if not tool.parameters and "parameters" in mine:
        del block["parameters"]
    return block


def _custom(tool: AnyTool) -> PlainObject:
    said: PlainObject = {"type": "custom", "name": tool.name}
    if tool.description:
        said["description"] = tool.description
    grammar = write_grammar(tool.free_text)
    if grammar:
        said["format"] = {"type": "grammar", **grammar}
    return said


# ---------------------------------------------------------------- the choice

_Mode = Literal["auto", "none", "required"]
_MODES: Final[dict[str, _Mode]] = {"auto": "auto", "none": "none", "required": "required"}


def read_choice(value: PlainJson, parallel: bool | None) -> ToolChoice | None:
    """`tool_choice` and `parallel_tool_calls`; None if the former is nothing that we know.

    `allowed_tools` of functions is `allowed`, of others its mode alone; any other type demands the tool of this type,
    or of this name.
    """
    if isinstance(value, str):
        return ToolChoice(_MODES[value], parallel=parallel) if value in _MODES else None
    if not isinstance(value, dict):
        return None
    kind, name, mode = value.get("type"), value.get("name"), value.get("mode")
    if not isinstance(kind, str):
        return None
    raw = JsonObject.wrap({PROVIDER: {"$raw": value}})
    if kind == "allowed_tools":
        if (names := allowed_names(value, None)) is not None:
            among = ToolChoice(_MODES[str(mode)], None, parallel, allowed=names)
            return among if value == _among(among) else replace(among, extras=raw)
        return (
            ToolChoice(_MODES[mode], None, parallel, raw)
            if isinstance(mode, str) and mode in _MODES
            else None
        )
    if kind == "function" and isinstance(name, str) and len(value) == 2:
        return ToolChoice("required", name, parallel)
    return ToolChoice("required", name if isinstance(name, str) else None, parallel, raw)


def _among(choice: ToolChoice) -> PlainObject:
    tools: list[PlainJson] = [{"type": "function", "name": name} for name in choice.allowed]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": tools}


def _named(name: str) -> PlainObject:
    said: ToolChoiceFunctionParam = {"type": "function", "name": name}
    return plain(said)


_OFFERED: Final = Offered(MIRROR, read_tool, read_choice, _function, _custom, _named, _among)
write_tool = _OFFERED.write_tool
write_choice = _OFFERED.write_choice
