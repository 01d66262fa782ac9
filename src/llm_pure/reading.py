"""Typed reading of JSON: a value of the type asked for, or a `JsonError` that says what stands there instead.

Law: a reader gives exactly what stands in the data, never a guess. Paths cost nothing until something is
wrong: a reader names its own key, and each level that the error passes (`each`, `within`) puts its step in front.
So paths are relative (`.content[2].input`) until `malformed` or `bad_request`, at a public function's edge,
makes the error a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias, TypeVar

from llm_pure.errors import BadRequest, Malformed, snippet
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, PlainJson, parse_json
from llm_pure.response import Response

__all__ = [
    "PlainObject",
    "array",
    "array_or_none",
    "as_object",
    "bad_request",
    "body_object",
    "each",
    "extras_of",
    "flag_or_none",
    "integer_or_none",
    "malformed",
    "number_or_none",
    "object_at",
    "object_or_none",
    "owned_object",
    "string",
    "string_or_none",
    "take_count",
    "within",
    "wrong",
]

T = TypeVar("T")

PlainObject: TypeAlias = dict[str, PlainJson]


# ---------------------------------------------------------------- what is wrong, and where


def wrong(value: object, wanted: str, path: str) -> JsonError:
    """The error for a value that is not what was wanted. `path` is relative: `.text`, `[2]`, or empty."""
    return JsonError(f"expected {wanted}, not {_kind(value)}", path)


def within(error: JsonError, step: str) -> JsonError:
    """The same error, seen from one level further out."""
    return JsonError(error.reason, step + error.path.removeprefix("$"))


def malformed(error: JsonError, partial: Response | None = None) -> Malformed:
    """The error as a value: an answer is not what its format says."""
    usage = partial.usage if partial is not None else None
    return Malformed(
        message=snippet(error.reason), path="$" + error.path.removeprefix("$"), partial=partial, usage=usage
    )


def bad_request(error: JsonError) -> BadRequest:
    """The error as a value: a request is not what it has to be."""
    return BadRequest(message=snippet(error.reason), path="$" + error.path.removeprefix("$"))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "an object"
    return "an array" if isinstance(value, list | tuple) else type(value).__name__


# ---------------------------------------------------------------- readers: an absent key is null


def string(data: PlainObject, key: str) -> str:
    value = data.get(key)
    if isinstance(value, str):
        return value
    raise wrong(value, "a string", "." + key)


def string_or_none(data: PlainObject, key: str) -> str | None:
    value = data.get(key)
    if value is None or isinstance(value, str):
        return value
    raise wrong(value, "a string", "." + key)


def flag_or_none(data: PlainObject, key: str) -> bool | None:
    value = data.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise wrong(value, "true or false", "." + key)


def number_or_none(data: PlainObject, key: str) -> float | None:
    value = data.get(key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise wrong(value, "a number", "." + key)


def integer_or_none(data: PlainObject, key: str) -> int | None:
    """A whole number; `8.0` is one."""
    value = data.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise wrong(value, "a whole number", "." + key)


def _count_or_none(data: PlainObject, key: str) -> int | None:
    """A whole number that can be a count: not negative, and within what JSON numbers carry exactly."""
    value = data.get(key)
    if type(value) is not int:
        value = integer_or_none(data, key)
    if value is None or 0 <= value <= _MOST:
        return value
    raise JsonError("no count: negative, or beyond 2**53", "." + key)


def take_count(data: PlainObject, key: str, problems: list[JsonError], under: str = "") -> int | None:
    """The same, taken out. What is none stays where it is, and is one of the `problems`; `under`: the way to `data`."""
    try:
        count = _count_or_none(data, key)
    except JsonError as error:
        problems.append(within(error, under))
        return None
    data.pop(key, None)
    return count


_MOST: Final = 2**53


def object_at(data: PlainObject, key: str) -> PlainObject:
    value = data.get(key)
    if isinstance(value, dict):
        return value
    raise wrong(value, "an object", "." + key)


def object_or_none(data: PlainObject, key: str) -> PlainObject | None:
    value = data.get(key)
    if value is None or isinstance(value, dict):
        return value
    raise wrong(value, "an object", "." + key)


def array(data: PlainObject, key: str) -> list[PlainJson]:
    value = data.get(key)
    if isinstance(value, list):
        return value
    raise wrong(value, "an array", "." + key)


def array_or_none(data: PlainObject, key: str) -> list[PlainJson] | None:
    value = data.get(key)
    if value is None or isinstance(value, list):
        return value
    raise wrong(value, "an array", "." + key)


def as_object(value: PlainJson) -> PlainObject:
    if isinstance(value, dict):
        return value
    raise wrong(value, "an object", "")


def each(data: PlainObject, key: str, read: Callable[[PlainJson], T]) -> list[T]:
    """Every item of the array at `key`, read; an error gets the item's place in front."""
    found: list[T] = []
    items = array(data, key)
    try:
        for item in items:
            found.append(read(item))  # noqa: PERF401 - how many have been read is the path
    except JsonError as error:
        raise within(error, f".{key}[{len(found)}]") from None
    return found


def extras_of(provider: str, data: PlainObject, known: AbstractSet[str]) -> JsonObject:
    """The fields that nobody has read, as `extras` under the provider's name; `EMPTY` if there are none."""
    if data.keys() <= known:
        return EMPTY
    return JsonObject.wrap({provider: {key: value for key, value in data.items() if key not in known}})


# ---------------------------------------------------------------- data from outside


def body_object(body: bytes | str | Mapping[str, JsonInput]) -> PlainObject:
    """The object that a body holds: parsed, or, if it is parsed already, checked and copied. Raises `JsonError`."""
    if isinstance(body, Mapping):
        return owned_object(body)
    value = parse_json(body)
    if isinstance(value, dict):
        return value
    raise wrong(value, "an object", "")


def owned_object(value: object) -> PlainObject:
    """A mapping as plain JSON that nobody else holds, checked on the way: only what JSON on a UTF-8 wire can carry.

    Raises `JsonError`.
    """
    owned = _owned(value, 0)
    if isinstance(owned, dict):
        return owned
    raise wrong(owned, "an object", "")


_DEEPEST = 200
"""As `parse_json` has it; far below the recursion limit, so that no later walk can hit that."""


def _owned(value: object, depth: int) -> PlainJson:
    if isinstance(value, str | int | float) or value is None:
        return _scalar(value)
    if isinstance(value, JsonObject):
        value = value.thaw()
    if depth > _DEEPEST:
        raise JsonError("nested too deeply", "")
    step = ""
    try:
        if isinstance(value, dict | Mapping):
            found: PlainObject = {}
            for key, item in value.items():
                step = ""
                name = _scalar(key)
                if not isinstance(name, str):
                    raise JsonError(f"a key must be a string, not {_kind(key)}", "")
                step = "." + name
                found[name] = _owned(item, depth + 1)
            return found
        if isinstance(value, list | tuple):
            items: list[PlainJson] = []
            for item in value:
                step = f"[{len(items)}]"
                items.append(_owned(item, depth + 1))
            return items
    except JsonError as error:
        raise within(error, step) from None
    except RecursionError:
        raise JsonError("nested too deeply", step) from None
    return _scalar(value)


_LARGEST = 10**4000
"""What Python writes as text, and reads again, without being told to."""


def _scalar(value: object) -> PlainJson:
    if isinstance(value, str):
        try:
            if not value.isascii():
                value.encode()
        except UnicodeEncodeError:
            raise JsonError("a lone surrogate cannot be sent as UTF-8", "") from None
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise JsonError("the number is too large", "")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise JsonError(f"{value} is no JSON number", "")
        return value
    raise JsonError(f"{type(value).__name__} is no JSON", "")
