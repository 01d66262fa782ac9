"""Whether a value is what its type says, all the way down: nobody checks types at run time, and a writer may meet any.

Law: `check_typed` returns, or raises a `JsonError` with the path of the first thing that is of another type. What is
looked at are the annotations of our own dataclasses; JSON is looked at by whoever writes it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import chain
from typing import Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from llm_pure.brief import brief
from llm_pure.completion import Completion
from llm_pure.errors import BadRequest
from llm_pure.json import EMPTY, JsonError, JsonObject, check_json
from llm_pure.messages import Message
from llm_pure.parts import Text, ToolCall, ToolResult
from llm_pure.reading import bad_request
from llm_pure.tools import Tool

__all__ = ["MISTYPED", "check_fields", "check_own", "check_typed", "is_a", "is_evident", "refused", "unlike"]

MISTYPED: Final = (AttributeError, TypeError, ValueError, KeyError, IndexError, RecursionError)
"""What a writer raises that meets a value of another type, or one that is nested too deeply: `JsonError` among them."""

_WORDS: Final[Mapping[object, str]] = {
    JsonObject: "a JsonObject",
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def is_a(kind: type, *values: object) -> bool:
    """Whether all of them are of this type: a question to which a checker knows the answer, and nobody else."""
    for value in values:  # noqa: SIM110 - twice as fast as a generator
        if not isinstance(value, kind):
            return False
    return True


def unlike(value: object, wanted: str, path: str, *, word: bool = False) -> JsonError:
    """The error for a value of ours that is not of the type that was wanted: what came is said in Python's words.

    `word`: one of a few was wanted, so that another is a slip to be shown, and no text that is nobody's business.
    """
    shown = value is None or isinstance(value, bool | float) or (word and isinstance(value, str))
    return JsonError(f"expected {wanted}, not {brief(value) if shown else type(value).__name__}", path)


def check_typed(value: object, hint: object, path: str = "") -> None:
    """Raise `JsonError` at the first thing in `value` that is not what `hint` wants."""
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        arms = get_args(hint)
        fitting = next((arm for arm in arms if _fits(value, arm)), None)
        if fitting is None:
            raise unlike(value, _name(hint), path, word=get_origin(arms[0]) is Literal)
        check_typed(value, fitting, path)
        return
    if not _fits(value, hint):
        raise unlike(value, _name(hint), path, word=origin is Literal)
    if isinstance(value, tuple) and origin is tuple:
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
    if origin is Union or origin is types.UnionType:
        return " or ".join([_name(arm) for arm in get_args(hint) if arm is not types.NoneType])
    kind = origin if origin is not None else hint
    if not isinstance(kind, type):
        return "another type"
    return _WORDS.get(kind, f"{'an' if kind.__name__[0] in 'AEIO' else 'a'} {kind.__name__}")


@cache
def _hints(kind: object) -> Mapping[str, object]:
    try:
        return get_type_hints(kind)
    except NameError:  # a type that only checkers import
        return {}


def refused(value: object, hint: object, error: Exception) -> BadRequest:
    """What is wrong with the value over which a writer stumbled."""
    if isinstance(error, RecursionError):
        return BadRequest(message="nested too deeply")
    if not isinstance(error, JsonError):
        error = _blamed(value, hint, error)
    return bad_request(error)


def _blamed(value: object, hint: object, error: Exception) -> JsonError:
    try:
        check_typed(value, hint)
    except JsonError as found:
        return found
    return JsonError(f"not as its types want it: {type(error).__name__}", "")


# ---------------------------------------------------------------- what can be seen without going down


def check_own(value: object, wanted: type | None = None) -> None:
    """The same of a value's own fields alone, whatever is in them; and that a number is one that JSON has."""
    kind = type(value)
    if wanted is not None and kind is not wanted:
        raise unlike(value, _name(wanted), "")
    for name, kinds, hint in _own(cast("object", kind)):
        found: object = getattr(value, name)
        if not isinstance(found, kinds) or (found.__class__ is bool and bool not in kinds):
            raise unlike(found, _name(hint), "." + name)
        if found.__class__ is float:
            check_json(found, "." + name)


@cache
def _own(kind: object) -> tuple[tuple[str, tuple[type, ...], object], ...]:
    """Of a dataclass of ours: each field, what it may be, and what it should."""
    hints = _hints(kind) if hasattr(kind, "__dataclass_fields__") else {}
    return tuple([(name, _kinds(hint), hint) for name, hint in hints.items() if hint is not object])


def _kinds(hint: object) -> tuple[type, ...]:
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        return tuple(chain.from_iterable(map(_kinds, get_args(hint))))
    if origin is Literal:
        return tuple({type(arm) for arm in get_args(hint)})
    if hint is float:
        return (int, float)
    kind = origin if origin is not None else hint
    return (kind if isinstance(kind, type) else object,)


def check_fields(completion: Completion) -> None:
    """Raise `JsonError` where a field beside the conversation holds another type, or a number that JSON has not."""
    check_own(completion)
    for index, word in enumerate(completion.stop_sequences):
        check_typed(word, str, f".stop_sequences[{index}]")
    for name in ("tool_choice", "output", "reasoning"):
        value: object = getattr(completion, name)
        check_typed(value, type(value), f".{name}")
    for index, tool in enumerate(completion.tools):
        if (
            not is_a(Tool, tool)
            or not is_a(str, tool.name, "" if tool.description is None else tool.description)
            or not is_a(JsonObject, tool.parameters)
            or tool.extras is not EMPTY
        ):
            check_typed(tool, Tool, f".tools[{index}]")


def is_evident(message: Message) -> bool:
    """Whether a message is seen to hold what its type says: most do, of texts, calls, and results in texts."""
    content: object = message.content
    return isinstance(content, tuple) and is_a(JsonObject, message.extras) and all(map(_is_evident, content))


def _is_evident(part: object) -> bool:
    if isinstance(part, Text):
        return is_a(str, part.text) and is_a(JsonObject, part.extras)
    if isinstance(part, ToolCall):
        named = is_a(str, part.id, part.name) and is_a(bool, part.free_text)
        return named and is_a(JsonObject, part.arguments, part.extras)
    if isinstance(part, ToolResult):
        content: object = part.content
        named = is_a(str, part.call_id) and is_a(bool, part.is_error) and is_a(JsonObject, part.extras)
        return named and isinstance(content, tuple) and all(map(_is_evident, content))
    return False
