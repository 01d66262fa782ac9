"""Fields taken out of a request while it is decoded.

Law: a field is taken when it says what a completion can hold. Any other value stays where it is, for the options, which
go back verbatim; so nothing is refused for being unusual, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable

from llm_pure.json import JsonError, PlainJson
from llm_pure.reading import PlainObject, within
from llm_pure.tools import AnyTool, ToolChoice

__all__ = [
    "take_choice",
    "take_integer",
    "take_name",
    "take_number",
    "take_text",
    "take_tools",
]


def take_name(data: PlainObject, key: str) -> str | None:
    """An id or a model. An empty one is none."""
    value = data.get(key)
    if isinstance(value, str):
        del data[key]
        return value or None
    return None


def take_text(data: PlainObject, key: str) -> str | None:
    """A string."""
    value = data.get(key)
    if value is None or isinstance(value, str):
        data.pop(key, None)
        return value
    return None


def take_number(data: PlainObject, key: str) -> float | None:
    """A number."""
    value = data.get(key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        data.pop(key, None)
        return value
    return None


def take_integer(data: PlainObject, key: str) -> int | None:
    """A whole number."""
    value = data.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        data.pop(key, None)
        return value
    return None


def take_tools(data: PlainObject, read_tool: Callable[[PlainJson], AnyTool]) -> list[AnyTool]:
    """The tools, each read by the codec; an error says which of them it was."""
    value = data.get("tools")
    if value is not None and not isinstance(value, list):
        return []
    data.pop("tools", None)
    tools: list[AnyTool] = []
    try:
        for item in value or []:
            tools.append(read_tool(item))  # noqa: PERF401 - how many have been read is the path
    except JsonError as error:
        raise within(error, f".tools[{len(tools)}]") from None
    return tools


def take_choice(
    data: PlainObject, read_choice: Callable[[PlainJson, bool | None], ToolChoice | None]
) -> ToolChoice | None:
    """The tool choice, read by the codec, together with whether calls may be parallel."""
    value, parallel = data.get("tool_choice"), data.get("parallel_tool_calls")
    if isinstance(parallel, bool | None):
        data.pop("parallel_tool_calls", None)
    else:
        parallel = None
    choice = read_choice("auto" if value is None else value, parallel)
    if choice is None:
        # Nothing that we know: it stays an option, and so does what goes with it.
        if parallel is not None:
            data["parallel_tool_calls"] = parallel
        return None
    data.pop("tool_choice", None)
    return choice
