"""Types of the caller's as JSON Schema, and JSON as values of those types: the only place that touches pydantic.

Law: a type that pydantic can take gives a schema and a validator; what does not fit is an `Invalid`, and a type that
cannot be checked (a name that it refers to is not there, ...) an `Unusable`, never an exception. Making a schema of
such a type raises, where the program is written. Validation is strict about nothing that JSON cannot say: "3" for an
int follows pydantic's own rules.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast, get_type_hints

from llm_pure.errors import Violation
from llm_pure.json import JsonError, JsonInput, JsonObject, PlainJson, dump_json, same_json, thaw
from llm_pure.strict import closed_schema, from_strict, unwrapped
from llm_pure.strict.form import WRAPPED
from llm_pure.tools import fit_name

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

__all__ = ["Invalid", "Unusable", "description_of", "name_of", "schema_of", "validate"]


@dataclass(frozen=True, slots=True)
class Invalid:
    """What does not fit: at least one violation."""

    violations: tuple[Violation, ...]

    @property
    def message(self) -> str:
        """All of it, in words."""
        return "; ".join([f"{found.path}: {found.message}" for found in self.violations])


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why nothing can be checked against a type."""

    message: str


def name_of(source: object) -> str:
    """The tool's name for a class or function: its own, in the characters that providers allow."""
    name: str = getattr(source, "__name__", type(source).__name__)
    return fit_name(name)


def description_of(source: Callable[..., object]) -> str | None:
    """The docstring, if it is the type's own."""
    text = source.__doc__
    return inspect.cleandoc(text) if text and not _is_borrowed(source, text) else None


def _is_borrowed(source: object, text: str) -> bool:
    """Whether the docstring speaks of something else: a base class, a builtin, what an alias stands for."""
    if isinstance(source, type):
        return source.__module__ == "builtins" or any(text == base.__doc__ for base in source.__bases__)
    return not _is_function(source)


def schema_of(source: object, *, closed: bool = False) -> JsonObject:
    """The JSON Schema of a type, or of a function's arguments; `closed`: to properties that the type does not know."""
    schema: dict[str, PlainJson] = _adapter(source).json_schema()
    return closed_schema(JsonObject.wrap(schema)) if closed else JsonObject.wrap(schema)


def validate(source: object, value: JsonInput) -> object:
    """`value` as the type `source`, or as keyword arguments of the function `source`; an `Invalid`, or an `Unusable`.

    A value in the type's strict form (a null where nothing had to be said, ...) is read as what it stands for.
    """
    try:
        adapter = _adapter(source)
        if isinstance(value, Mapping) and value.keys() == {WRAPPED}:
            value = unwrapped(value, schema_of(source))
        checked = _validated(adapter, source, value)
        if not isinstance(checked, Invalid):
            return checked
        meant = from_strict(value, schema_of(source))
    except Exception as error:  # noqa: BLE001  # pydantic has no one base for what it says of a type
        return Unusable(f"the type cannot be checked: {_words(error)}")
    if same_json(meant, value):
        return checked
    again = _validated(adapter, source, meant)
    return again if not isinstance(again, Invalid) else checked


def _validated(adapter: TypeAdapter[object], source: object, value: JsonInput) -> object:
    from pydantic import PydanticUserError, ValidationError

    try:
        # In JSON mode, since that is what came: dates are strings there, and tuples arrays.
        checked = adapter.validate_json(dump_json(thaw(value)))
    except JsonError as error:
        return Invalid((Violation(error.path, error.reason),))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return Invalid(tuple([Violation(_path(e["loc"]), e["msg"], e["type"]) for e in found]))
    except PydanticUserError as error:
        return Unusable(f"the type cannot be checked: {_words(error)}")
    except Exception as error:  # noqa: BLE001  # a validator of the caller's, which may raise anything
        return Invalid((Violation("$", f"a validator raised {_words(error)}", "raised"),))
    if _is_function(source):
        model = cast("BaseModel", checked)
        return {_argument(name): getattr(model, name) for name in type(model).model_fields}
    return checked


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def _path(loc: tuple[int | str, ...]) -> str:
    return "$" + "".join([f"[{at}]" if isinstance(at, int) else f".{at}" for at in loc])


def _is_function(source: object) -> bool:
    return callable(source) and not isinstance(source, type) and hasattr(source, "__code__")


def _adapter(source: object) -> TypeAdapter[object]:
    try:
        return _kept_adapter(source)
    except TypeError:  # what is annotated with something that cannot be hashed, or no type at all
        return _new_adapter(source)


def _new_adapter(source: object) -> TypeAdapter[object]:
    from pydantic import TypeAdapter

    form = _arguments_model(cast("Callable[..., object]", source)) if _is_function(source) else source
    return TypeAdapter(cast("type[object]", form))  # pydantic itself refuses what is no type


_kept_adapter = lru_cache(maxsize=256)(_new_adapter)


def _arguments_model(function: Callable[..., object]) -> type[BaseModel]:
    from pydantic import ConfigDict, create_model

    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        if parameter.kind in _UNNAMED:
            raise TypeError(
                f"{name_of(function)}: `{_UNNAMED[parameter.kind]}{name}` cannot be given by its name, "
                "as a tool's arguments are"
            )
    fields = {
        (_ASIDE + name if _is_taken(name) else name): (
            hints.get(name, object),
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for name, parameter in parameters.items()
    }
    # create_model's fields are a **kwargs of Any, which mypy cannot match with its other keywords.
    make = cast("Callable[..., type[BaseModel]]", create_model)
    config = ConfigDict(extra="forbid", alias_generator=_argument, protected_namespaces=())
    return make(name_of(function), __config__=config, **fields)


_UNNAMED: Final[Mapping[object, str]] = {
    inspect.Parameter.POSITIONAL_ONLY: "",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
_ASIDE: Final = "$"
"""Before the name of a field that pydantic would not take under its own; no argument's name begins with it."""


def _is_taken(name: str) -> bool:
    from pydantic import BaseModel

    return name.startswith("_") or name in dir(BaseModel)


def _argument(field: str) -> str:
    return field.removeprefix(_ASIDE)
