"""Whether a value is what its type says, all the way down: nobody checks types at run time, and a writer may meet any.

Law: `check_typed` returns, or raises a `JsonError` with the path of the first thing that is of another type. What is
looked at are the annotations of our own dataclasses; JSON is looked at by whoever writes it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from llm_pure.json import JsonError
from llm_pure.reading import wrong

__all__ = ["MISTYPED", "blamed", "check_typed", "is_a"]

MISTYPED: Final = (AttributeError, TypeError, ValueError, KeyError, IndexError)
"""What a writer raises that meets a value of another type."""

_WORDS: Final[Mapping[object, str]] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def is_a(kind: type, *values: object) -> bool:
    """Whether all of them are of this type: a question to which a checker knows the answer, and nobody else."""
    return all(isinstance(value, kind) for value in values)


def check_typed(value: object, hint: object, path: str = "") -> None:
    """Raise `JsonError` at the first thing in `value` that is not what `hint` wants."""
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        arms = get_args(hint)
        fitting = next((arm for arm in arms if _fits(value, arm)), None)
        if fitting is None:
            raise wrong(value, _name(arms[0]), path)
        check_typed(value, fitting, path)
        return
    if not _fits(value, hint):
        raise wrong(value, _name(hint), path)
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            check_typed(item, get_args(hint)[0], f"{path}[{index}]")
    elif is_dataclass(value):
        hints = _hints(cast("object", type(value)))
        for field in fields(value):
            if field.name in hints:
                check_typed(getattr(value, field.name, None), hints[field.name], f"{path}.{field.name}")


def _fits(value: object, hint: object) -> bool:
    """Whether the value itself is of this type, whatever is in it."""
    origin = get_origin(hint)
    if origin is Literal:
        return any(value is arm or (isinstance(value, str) and value == arm) for arm in get_args(hint))
    if origin is Union or origin is types.UnionType:
        return any(_fits(value, arm) for arm in get_args(hint))
    kind = origin if origin is not None else hint
    if kind is None or kind is type(None):
        return value is None
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(kind, type) or isinstance(hint, TypeVar) or kind is type:
        return True  # a callable, a type variable: nothing that is written
    return isinstance(value, kind)


def _name(hint: object) -> str:
    origin = get_origin(hint)
    if origin is tuple:
        return "a tuple"
    if origin is Literal:
        return " or ".join([repr(arm) for arm in get_args(hint)])
    kind = origin if origin is not None else hint
    return _WORDS.get(kind, f"a value of {kind.__name__}" if isinstance(kind, type) else "another type")


@cache
def _hints(kind: object) -> Mapping[str, object]:
    try:
        return get_type_hints(kind)
    except NameError:  # a type that only checkers import
        return {}


def blamed(value: object, hint: object, error: Exception) -> JsonError:
    """What is wrong with the value over which a writer stumbled."""
    try:
        check_typed(value, hint)
    except JsonError as found:
        return found
    return JsonError(f"not as its types want it: {type(error).__name__}", "")
