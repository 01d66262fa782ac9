"""Types of the caller's as JSON Schema, and JSON as values of those types: the only place that touches pydantic.

Law: a type that pydantic can take gives a schema and a validator; what does not fit is an `Invalid`, never an
exception. Validation is strict about nothing that JSON cannot say: "3" for an int follows pydantic's own rules.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast, get_type_hints

from llm_pure.json import Json, JsonObject, PlainJson, dump_json, thaw

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

__all__ = ["Invalid", "description_of", "name_of", "schema_of", "validate"]


@dataclass(frozen=True, slots=True)
class Invalid:
    """What does not fit, in words, and where, as a path without its root (`.city.name`)."""

    message: str
    path: str


def name_of(source: Callable[..., object]) -> str:
    """The tool's name for a class or function: its own, in the characters that providers allow."""
    name = getattr(source, "__name__", type(source).__name__)
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in name)[:64] or "_"


def description_of(source: Callable[..., object]) -> str | None:
    """The docstring, if it is the type's own."""
    text = source.__doc__
    return inspect.cleandoc(text) if text and not _is_borrowed(source, text) else None


def _is_borrowed(source: object, text: str) -> bool:
    """Whether the docstring speaks of something else: a base class, a builtin, what an alias stands for."""
    if isinstance(source, type):
        return source.__module__ == "builtins" or any(text == base.__doc__ for base in source.__bases__)
    return not _is_function(source)


def schema_of(source: object) -> JsonObject:
    """The JSON Schema of a type, or of a function's arguments."""
    schema: dict[str, PlainJson] = _adapter(source).json_schema()
    schema.pop("description", None)  # the tool's own field says it
    return JsonObject.wrap(schema)


def validate(source: object, value: Json) -> object:
    """`value` as the type `source`, or as keyword arguments of the function `source`; or an `Invalid`."""
    from pydantic import ValidationError

    try:
        # In JSON mode, since that is what came: dates are strings there, and tuples arrays.
        checked = _adapter(source).validate_json(dump_json(thaw(value)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)
        where = ["".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in e["loc"]) for e in first]
        return Invalid("; ".join(f"${at}: {e['msg']}" for at, e in zip(where, first, strict=True)), where[0])
    if _is_function(source):
        model = cast("BaseModel", checked)
        return {name: getattr(model, name) for name in type(model).model_fields}
    return checked


def _is_function(source: object) -> bool:
    return callable(source) and not isinstance(source, type) and hasattr(source, "__code__")


@lru_cache(maxsize=256)
def _adapter(source: object) -> TypeAdapter[object]:
    from pydantic import TypeAdapter

    form = _arguments_model(cast("Callable[..., object]", source)) if _is_function(source) else source
    return TypeAdapter(cast("type[object]", form))  # pydantic itself refuses what is no type


def _arguments_model(function: Callable[..., object]) -> type[BaseModel]:
    from pydantic import ConfigDict, create_model

    hints = get_type_hints(function, include_extras=True)
    fields = {
        name: (hints.get(name, object), ... if p.default is inspect.Parameter.empty else p.default)
        for name, p in inspect.signature(function).parameters.items()
        if p.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    }
    # create_model's fields are a **kwargs of Any, which mypy cannot match with its other keywords.
    make = cast("Callable[..., type[BaseModel]]", create_model)
    return make(name_of(function), __config__=ConfigDict(extra="forbid"), **fields)
