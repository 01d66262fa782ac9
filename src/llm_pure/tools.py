"""Tools that a model may call, and what it called them with.

Law: a `Tool` is data (name, description, JSON Schema). `parse_tool_call` gives typed arguments or says what
does not fit; it never guesses, and it never runs anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar, overload

from returns.result import Failure, Success

from llm_pure.brief import Brief
from llm_pure.errors import BadToolInput, Misconfigured, snippet
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, as_object
from llm_pure.parts import BrokenToolCall, ToolCall

if TYPE_CHECKING:
    from pydantic import BaseModel

    from llm_pure.outcome import Outcome

__all__ = ["AnyTool", "FreeText", "Tool", "ToolChoice", "fit_name", "free_text_of", "parse_tool_call"]

T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound="BaseModel")


@dataclass(frozen=True, slots=True, repr=False)
class FreeText(Brief):
    """What a tool takes that is called with plain text, and not with JSON: any text, or text of a grammar.

    `syntax` says how the grammar in `definition` is written; None: there is none.
    """

    syntax: Literal["lark", "regex"] | None = None
    definition: str = ""


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Tool(Brief, Generic[T_co]):
    """A tool: `parameters` is the JSON Schema of its arguments, an object schema.

    `Tool.of` makes one from a pydantic model or from a function; `parse_tool_call` then gives the model's instance,
    or the function's keyword arguments: one that cannot be called by keywords alone is a TypeError. A tool made by hand
    has plain JSON arguments.
    `strict` asks the provider to hold the model to the schema, brought into the provider's strict form
    (`llm_pure.strict`), every change of which is a loss of the request. None leaves it to the provider.
    """

    name: str
    description: str | None = None
    parameters: JsonObject = EMPTY
    strict: bool | None = None
    extras: JsonObject = EMPTY
    free_text: FreeText | None = None
    """The tool is called with plain text: OpenAI's custom tools. `parameters` says nothing then."""
    source: object = field(default=None, compare=False, repr=False)
    """The model or function that `of` was given; no part of the value."""

    def __init__(
        self,
        name: str,
        description: str | None = None,
        parameters: Mapping[str, JsonInput] = EMPTY,
        strict: bool | None = None,
        extras: JsonObject = EMPTY,
        free_text: FreeText | None = None,
        source: object = None,
    ) -> None:
        """`parameters` may be any mapping: a `JsonObject` is kept, another one is copied."""
        put = object.__setattr__
        put(self, "name", name)
        put(self, "description", description)
        put(self, "parameters", as_object(parameters))
        put(self, "strict", strict)
        put(self, "extras", extras)
        put(self, "free_text", free_text)
        put(self, "source", source)

    @staticmethod
    def text(
        name: str, description: str | None = None, *, lark: str | None = None, regex: str | None = None
    ) -> Tool[str]:
        """A tool that is called with plain text; of a grammar, if one is given.

        Where a provider has no such tools it takes an object with one text, and `parse_tool_call` gives that text.
        """
        syntax: Literal["lark", "regex"] | None = (
            "lark" if lark is not None else "regex" if regex is not None else None
        )
        return Tool(name, description, free_text=FreeText(syntax, lark or regex or ""))

    # A model class is a callable too; the first overload that fits wins, so the overlap is meant.
    @overload
    @staticmethod
    def of(  # type: ignore[overload-overlap]  # see above
        source: type[M],
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> Tool[M]: ...

    @overload
    @staticmethod
    def of(
        source: Callable[..., object],
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> Tool[dict[str, object]]: ...

    @staticmethod
    def of(
        source: Callable[..., object],
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> Tool[object]:
        """A tool for a pydantic model or a function: name, docstring and schema are taken from it.

        The schema of a strict one is closed to properties that the source does not know, as all providers want it.
        """
        from llm_pure import schemas

        return Tool(
            name=name if name is not None else schemas.name_of(source),
            description=description if description is not None else schemas.description_of(source),
            parameters=_undescribed(schemas.schema_of(source, closed=strict is True)),
            strict=strict,
            source=source,
        )


def fit_name(name: str) -> str:
    """The name in the characters, and at the length, that all providers allow."""
    return "".join([c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in name])[:64] or "_"


def _undescribed(schema: JsonObject) -> JsonObject:
    """The schema without what the tool's own field says."""
    return JsonObject({key: value for key, value in schema.items() if key != "description"})


AnyTool: TypeAlias = Tool[object]
"""Any tool: what a completion holds."""


@dataclass(frozen=True, slots=True, repr=False)
class ToolChoice(Brief):
    """Whether the model calls a tool: as it likes, not at all, at least one, or the one named.

    `name` asks for that tool and needs mode `required`. `allowed` names the tools that may be called; none: all that
    are offered. `parallel=False` allows one call at a time; None leaves it to the provider.
    """

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None
    parallel: bool | None = None
    extras: JsonObject = EMPTY
    allowed: tuple[str, ...] = ()

    @classmethod
    def among(
        cls, *names: str, mode: Literal["auto", "required"] = "auto", parallel: bool | None = None
    ) -> ToolChoice:
        """The model may call these tools alone, and must call one if `mode` says so."""
        return cls(mode, None, parallel, allowed=names)

    @classmethod
    def named(cls, name: str, *, parallel: bool | None = None) -> ToolChoice:
        """The model has to call this tool."""
        return cls("required", name, parallel)


@overload
def parse_tool_call(call: ToolCall | BrokenToolCall, tool: Tool[M]) -> Outcome[M]: ...


@overload
def parse_tool_call(
    call: ToolCall | BrokenToolCall, tool: Tool[dict[str, object]]
) -> Outcome[dict[str, object]]: ...


@overload
def parse_tool_call(call: ToolCall | BrokenToolCall, tool: Tool[str]) -> Outcome[str]: ...


@overload
def parse_tool_call(call: ToolCall | BrokenToolCall, tool: Tool[object]) -> Outcome[object]: ...


def parse_tool_call(call: ToolCall | BrokenToolCall, tool: Tool[object]) -> Outcome[object]:
    """The arguments of `call` as `tool`'s type, or a `BadToolInput` that says what does not fit, and where.

    A type that nothing can be checked against (it refers to a name that is not there) is a `Misconfigured`.
    """
    if call.name != tool.name:
        message = f"the call is for {call.name!r}, not for {tool.name!r}"
        return Failure(BadToolInput(message=snippet(message), path="$.name", text=_text(call)))
    if isinstance(call, BrokenToolCall):
        return Failure(
            BadToolInput(
                message="the arguments are cut off or no JSON object", path="$.arguments", text=call.text
            )
        )
    if tool.free_text is not None:
        text = free_text_of(call)
        if text is not None:
            return Success(text)
        message = f"expected one text, as {INPUT!r}"
        return Failure(BadToolInput(message=message, path="$.arguments", text=_text(call)))
    if tool.source is None:
        return Success(call.arguments.thaw())
    from llm_pure import schemas

    checked = schemas.validate(tool.source, call.arguments)
    if isinstance(checked, schemas.Unusable):
        return Failure(Misconfigured(message=snippet(checked.message), path="$.source"))
    if isinstance(checked, schemas.Invalid):
        found = tuple([replace(v, path=f"$.arguments{v.path[1:]}") for v in checked.violations])
        message = snippet(schemas.Invalid(found).message)
        return Failure(BadToolInput(message=message, path=found[0].path, text=_text(call), violations=found))
    return Success(checked)


INPUT: Final = "input"
"""The one argument of a call with plain text."""


def free_text_of(call: ToolCall) -> str | None:
    """The plain text that a tool was called with, None if the call has other arguments."""
    text = call.arguments.get(INPUT) if len(call.arguments) == 1 else None
    return text if isinstance(text, str) else None


def _text(call: ToolCall | BrokenToolCall) -> str:
    if isinstance(call, BrokenToolCall):
        return call.text
    try:
        return call.arguments.text
    except JsonError:  # made of something that is no JSON, so that no model wrote it
        return repr(call.arguments)
