"""Tools and the choice among them, as far as both of OpenAI's wires have them alike.

Law: what a wire reads as another tool, or another choice, than was written is a loss. A tool or a choice that we do not
model goes back verbatim, out of the note `$raw`; a strict schema goes out in OpenAI's strict form, unless the note
`$verbatim` says that it came in another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonObject, PlainJson, thaw
from llm_pure.mirror import Losses, Mirror
from llm_pure.reading import PlainObject
from llm_pure.strict import OPENAI_STRICT, Sent, sent
from llm_pure.tools import AnyTool, FreeText, ToolChoice

__all__ = ["Offered", "allowed_names", "read_grammar", "write_grammar"]


@final
@dataclass(frozen=True, slots=True)
class Offered:
    """What one of the wires has of its own: how it reads, and the forms of what is written."""

    mirror: Mirror
    read_tool: Callable[[PlainJson], AnyTool]
    read_choice: Callable[[PlainJson, bool | None], ToolChoice | None]
    function: Callable[[AnyTool, Sent], PlainObject]
    custom: Callable[[AnyTool], PlainObject]
    named: Callable[[str], PlainObject]
    among: Callable[[ToolChoice], PlainObject]

    def write_tool(self, tool: AnyTool, losses: Losses, path: str) -> PlainObject:
        """The tool as an item of `tools`."""
        raw = self.mirror.noted(tool.extras, "$raw")
        if isinstance(raw, JsonObject):
            if self.read_tool(raw.thaw()) != tool:
                losses.append(Loss(path, "the tool is sent as the provider wrote it, and was changed since"))
            return raw.thaw()
        before = len(losses)
        if tool.free_text is not None:
            block = self.custom(tool)
        else:
            going = Sent(tool.parameters, tool.strict)
            if tool.strict is True and tool.parameters:
                if self.mirror.noted(tool.extras, "$verbatim") is not True:
                    going = sent("parameters", tool.parameters, tool.strict, OPENAI_STRICT)
                losses += [Loss(path + loss.path, loss.reason) for loss in going.losses]
            block = self.function(tool, going)
            if tool.extras is EMPTY and tool.name:
                return block
        self.mirror.attach(block, tool.extras, losses, path)
        if len(losses) == before and self.read_tool(thaw(block)) != _without_empty_words(tool):
            losses.append(Loss(path, f"{self.mirror.called} reads this tool as another one"))
        return block

    def write_choice(self, choice: ToolChoice, losses: Losses) -> PlainObject:
        """The request's fields that say this choice."""
        path = "$.tool_choice"
        said: PlainObject = {}
        raw = self.mirror.noted(choice.extras, "$raw")
        if isinstance(raw, JsonObject | str):
            said["tool_choice"] = thaw(raw)
            if self.read_choice(thaw(raw), choice.parallel) != choice:
                losses.append(
                    Loss(path, "the choice is sent as the provider wrote it, and was changed since")
                )
        else:
            self.mirror.unsaid(choice.extras, losses, path)
            if choice.allowed and (choice.name is not None or choice.mode == "none"):
                losses.append(
                    Loss(f"{path}.allowed", "where one tool or none may be called, no others are allowed")
                )
            if choice.name is not None:
                if choice.mode != "required":
                    losses.append(Loss(f"{path}.mode", "a tool that is named has to be called"))
                said["tool_choice"] = self.named(choice.name)
            elif choice.allowed and choice.mode != "none":
                said["tool_choice"] = self.among(choice)
            elif choice.mode != "auto":
                said["tool_choice"] = choice.mode
        if choice.parallel is False:
            said["parallel_tool_calls"] = False
        return said


def _without_empty_words(tool: AnyTool) -> AnyTool:
    """A description that says nothing is none."""
    return replace(tool, description=None) if tool.description == "" else tool


# ---------------------------------------------------------------- what stands in them


def allowed_names(choice: PlainObject, within: str | None) -> tuple[str, ...] | None:
    """The tools that a choice allows, if it has a mode and all of them are functions with names; `within` is where a
    function's fields stand, None: beside its type."""
    tools = choice.get("tools")
    if choice.get("mode") not in ("auto", "required") or not isinstance(tools, list) or not tools:
        return None
    found: list[str] = []
    for tool in tools:
        if not isinstance(tool, dict) or tool.get("type") != "function":
            return None
        inner = tool if within is None else tool.get(within)
        name = inner.get("name") if isinstance(inner, dict) else None
        if not isinstance(name, str):
            return None
        found.append(name)
    return tuple(found)


def read_grammar(grammar: PlainObject) -> FreeText:
    """The text that a custom tool takes: of this grammar, or any."""
    syntax, definition = grammar.get("syntax"), grammar.get("definition")
    if syntax in ("lark", "regex") and isinstance(definition, str):
        return FreeText("lark" if syntax == "lark" else "regex", definition)
    return FreeText()


def write_grammar(text: FreeText | None) -> PlainObject:
    """The fields of the grammar; none for any text."""
    return (
        {} if text is None or text.syntax is None else {"syntax": text.syntax, "definition": text.definition}
    )
