"""Tools and the choice among them, both directions side by side.

Law: what `read_…` gives, `write_…` writes as it stood. What a reader cannot say exactly stands in `extras`; a kind of
choice that it does not know at all is None, and stays with `provider_options`.

The wire demands an object schema of each tool. A tool without parameters gets one that no generator spells so, and
that is read back as none. A strict schema goes out in Anthropic's strict form; one that came in another form stands in
`extras` as well, and goes back as it stood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from llm_pure.anthropic_messages.attached import own_extras
from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, thaw
from llm_pure.reading import (
    PlainObject,
    as_object,
    extras_of,
    flag_or_none,
    object_at,
    string,
    string_or_none,
)
from llm_pure.strict import ANTHROPIC_STRICT, Sent, goes_as_it_stands, sent
from llm_pure.tools import INPUT, AnyTool, FreeText, Tool, ToolChoice

if TYPE_CHECKING:
    from anthropic.types import ToolChoiceParam, ToolParam, ToolUnionParam

__all__ = ["read_choice", "read_tool", "write_choice", "write_tool"]

_CONTRADICTION: Final = "its extras contradict its own fields, and have been sent instead"

# ---------------------------------------------------------------- tools

_TOOL: Final = frozenset({"type", "name", "description", "input_schema", "strict"})


def read_tool(value: PlainJson) -> AnyTool:
    """A tool. One that the provider brings along (it has a type) holds all but its name in `extras`."""
    data = as_object(value)
    if data.get("type") not in (None, "custom"):
        name = data.get("name")
        if isinstance(name, str) and name:
            return Tool(name, extras=extras_of(PROVIDER, data, {"name"}))
        return Tool("", extras=extras_of(PROVIDER, data, frozenset()))
    schema = object_at(data, "input_schema")
    strict = flag_or_none(data, "strict")
    parameters = EMPTY if schema == _no_parameters(strict) else JsonObject.wrap(schema)
    stands = bool(schema) and (not parameters or goes_as_it_stands(parameters, strict, ANTHROPIC_STRICT))
    return Tool(
        string(data, "name"),
        string_or_none(data, "description"),
        parameters,
        strict,
        extras_of(PROVIDER, data, _TOOL if stands else _TOOL - {"input_schema"}),
    )


def _no_parameters(strict: bool | None) -> dict[str, object]:
    return {"type": "object", "required": [], **({"additionalProperties": False} if strict is True else {})}


def write_tool(tool: AnyTool, losses: list[Loss]) -> ToolUnionParam:
    """The tool on the wire. `losses` begins empty."""
    own = own_extras(tool.extras, losses) if tool.extras else {}
    if own.get("type") not in (None, "custom"):
        return _provided(tool, own, losses)
    going = Sent(tool.parameters, tool.strict)
    if tool.free_text is not None:
        going = Sent(_one_text(tool.free_text), tool.strict)
        losses += [Loss(f".{field}", "tools take no plain text: one in an object") for field in _TEXT_FIELDS]
    elif tool.strict is True and tool.parameters and "input_schema" not in own:
        going = sent("parameters", tool.parameters, tool.strict, ANTHROPIC_STRICT)
        losses += going.losses
    schema = cast("dict[str, object]", thaw(going.schema)) if going.schema else _no_parameters(going.strict)
    made: ToolParam = {"name": tool.name, "input_schema": schema}
    if tool.description:
        made["description"] = tool.description
    if going.strict is not None:
        made["strict"] = going.strict
    cast("PlainObject", made).update(own)
    if not _TOOL.isdisjoint(own):
        _check(made, tool, losses)
    return made


_TEXT_FIELDS: Final = ("free_text", "parameters")


def _one_text(free_text: FreeText) -> JsonObject:
    """The schema of an object that holds one text."""
    said = "The whole input, as plain text."
    if free_text.syntax is not None:
        said = f"{said} It has to match this {free_text.syntax} grammar:\n{free_text.definition}"
    return JsonObject(
        {
            "type": "object",
            "properties": {INPUT: {"type": "string", "description": said}},
            "required": [INPUT],
            "additionalProperties": False,
        }
    )


def _provided(tool: AnyTool, own: PlainObject, losses: list[Loss]) -> ToolUnionParam:
    made: PlainObject = {"name": tool.name, **own} if tool.name else own
    said = {
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict is not None,
        "free_text": tool.free_text is not None,
    }
    losses.extend(
        Loss(f".{field}", "the provider's own tools describe themselves") for field in said if said[field]
    )
    _check(cast("ToolUnionParam", made), tool, losses)
    return cast("ToolUnionParam", made)  # whichever of the provider's tools it is


def _check(made: ToolUnionParam, tool: AnyTool, losses: list[Loss]) -> None:
    """Extras that name the tool's own fields must not say otherwise."""
    try:
        same = read_tool(cast("PlainJson", made)) == replace(tool, description=tool.description or None)
    except JsonError:
        same = False
    if not same and not losses:
        losses.append(Loss("", _CONTRADICTION))


# ---------------------------------------------------------------- tool choice

_CHOICE: Final = frozenset({"type", "name", "disable_parallel_tool_use"})


def read_choice(data: PlainObject) -> ToolChoice | None:
    """The tool choice; None if it is of a kind that we do not know."""
    kind, name, single = data.get("type"), data.get("name"), data.get("disable_parallel_tool_use")
    known = set(_CHOICE)
    parallel: bool | None = None
    if isinstance(single, bool) and kind != "none":
        parallel = not single
    elif single is not None:
        known.discard("disable_parallel_tool_use")
    if kind == "tool" and isinstance(name, str):
        return ToolChoice("required", name, parallel, extras_of(PROVIDER, data, known))
    known.discard("name")
    if kind == "any":
        return ToolChoice("required", None, parallel, extras_of(PROVIDER, data, known))
    if kind == "auto":
        return ToolChoice("auto", None, parallel, extras_of(PROVIDER, data, known))
    if kind == "none":
        return ToolChoice("none", None, parallel, extras_of(PROVIDER, data, known))
    return None


def write_choice(choice: ToolChoice, losses: list[Loss]) -> ToolChoiceParam | None:
    """The choice on the wire; None for what is so anyway. `losses` begins empty."""
    made: ToolChoiceParam
    if choice.mode == "auto":
        made = {"type": "auto"}
    elif choice.mode == "none":
        made = {"type": "none"}
    elif choice.name is not None:
        made = {"type": "tool", "name": choice.name}
    else:
        made = {"type": "any"}
    if choice.name is not None and choice.mode != "required":
        losses.append(Loss(".name", "naming a tool is requiring it: the mode has to be `required`"))
    if choice.allowed:
        losses.append(Loss(".allowed", "there is no choice among tools: no others are sent"))
    if choice.parallel is False:
        if made["type"] == "none":
            losses.append(
                Loss(".parallel", "where no tool may be called there is nothing to call in parallel")
            )
        else:
            made["disable_parallel_tool_use"] = True
    own = own_extras(choice.extras, losses) if choice.extras else {}
    data = cast("PlainObject", made)
    data.update(own)
    if not losses and not _CHOICE.isdisjoint(own):
        normal = replace(choice, parallel=None) if choice.parallel else choice
        if read_choice(data) != normal:
            losses.append(Loss("", _CONTRADICTION))
    return made if own or choice.mode != "auto" or choice.parallel is False else None
