"""JSON as a value: immutable, and compared as JSON compares. How it is read and written stands in `jsontext`.

Law: a `JsonObject` never changes and never shares anything that can; `thaw` gives the caller plain data of their own.

Freezing is lazy. A parsed body is wrapped, not copied, and a nested object or array is wrapped when
somebody looks at it, since most of what providers send is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast, final

from typing_extensions import override

from llm_pure.jsontext import (
    JsonError,
    PlainJson,
    canonical_json,
    check_json,
    dump_json,
    is_plain,
    parse_json,
    parse_json_prefix,
    parse_objects,
    parse_plain,
    plain_copy,
    prove,
    unproven_json,
)

__all__ = [
    "EMPTY",
    "Json",
    "JsonError",
    "JsonInput",
    "JsonObject",
    "PlainJson",
    "as_object",
    "canonical_json",
    "check_json",
    "dump_json",
    "freeze",
    "is_plain",
    "parse_json",
    "parse_json_prefix",
    "parse_objects",
    "parse_plain",
    "prove",
    "same_json",
    "thaw",
    "unproven_json",
]

Json: TypeAlias = "bool | int | float | str | tuple[Json, ...] | JsonObject | None"
"""Frozen JSON: what our values hold."""

JsonInput: TypeAlias = "Json | Sequence[JsonInput] | Mapping[str, JsonInput]"
"""What may be frozen."""


_new = object.__new__


@final
class JsonObject(Mapping[str, Json]):
    """An immutable JSON object. Equality is JSON's own: key order does not matter, 1 is 1.0, 1 is not true.

    Its methods recurse: one that is nested several hundred levels deep, which no text is read as, raises
    `RecursionError`. The codecs answer it with a `BadRequest`.
    """

    # Nothing public can be set. What it holds is private, and guarded by nothing else: answers make dozens of these.
    __slots__ = ("_raw", "_text")
    _raw: dict[str, PlainJson]
    _text: str | None

    def __init__(self, items: Mapping[str, JsonInput] | None = None, /) -> None:
        """Copy `items` deeply; later changes to it are not seen."""
        self._raw = {key: thaw(value) for key, value in items.items()} if items else {}
        self._text = None

    @classmethod
    def wrap(cls, raw: dict[str, PlainJson], text: str | None = None) -> JsonObject:
        """Take over `raw` without copying: only for data that nobody else holds, as a parsed body.

        `text`, where given, is the JSON text that `raw` was read from.
        """
        self = _new(cls)
        self._raw = raw
        self._text = text
        return self

    @property
    def text(self) -> str:
        """This object as JSON text: in the spelling it was read from, where it was read from a text of its own.

        Raises `JsonError` if the object was made from something that is no JSON.
        """
        return self._text if self._text is not None else dump_json(self._raw).decode()

    @property
    def spelling(self) -> str | None:
        """The text that this object was read from, where it was read from a text of its own."""
        return self._text

    @override
    def __getitem__(self, key: str) -> Json:
        return _look(self._raw[key])

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    @override
    def __len__(self) -> int:
        return len(self._raw)

    @override
    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def __bool__(self) -> bool:
        return bool(self._raw)

    @override
    def __eq__(self, other: object) -> bool:
        if isinstance(other, JsonObject):
            return self is other or same_json(self._raw, other._raw)
        if isinstance(other, Mapping):
            return same_json(self._raw, other)
        return NotImplemented

    @override
    def __hash__(self) -> int:
        # Equal objects may differ in key order and in how numbers are spelt: the keys alone decide.
        return hash(frozenset(self._raw))

    @override
    def __repr__(self) -> str:
        return f"JsonObject({_brief(self._raw)})"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return JsonObject.wrap, (self._raw, self._text)

    def thaw(self) -> dict[str, PlainJson]:
        """A deep copy as plain data, owned by the caller."""
        return {key: value if type(value) is str else _copy(value) for key, value in self._raw.items()}

    def plain_copy(self) -> dict[str, object] | None:
        """What `thaw` gives, if all of that is plain (see `is_plain`), wherever it is put; None if not."""
        return plain_copy(self._raw)

    def set(self, **items: JsonInput) -> JsonObject:
        """This object with some keys replaced."""
        return JsonObject.wrap({**self._raw, **{key: thaw(value) for key, value in items.items()}})


EMPTY: Final = JsonObject()
"""The object without keys."""


def as_object(value: Mapping[str, JsonInput]) -> JsonObject:
    """The mapping frozen; what is none, whatever a checker would have said, stays as it is and is refused when sent."""
    given = cast("object", value)
    return (
        JsonObject(value)
        if isinstance(given, Mapping) and not isinstance(given, JsonObject)
        else cast("JsonObject", given)
    )


def _look(value: PlainJson) -> Json:
    if isinstance(value, dict):
        return JsonObject.wrap(value)
    if isinstance(value, list):
        return tuple([_look(item) for item in value])
    return value


def _copy(value: PlainJson) -> PlainJson:
    if isinstance(value, dict):
        return {key: item if type(item) is str else _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def freeze(value: JsonInput) -> Json:
    """Frozen JSON equal to `value`, sharing nothing with it."""
    return _look(thaw(value))


def thaw(value: JsonInput) -> PlainJson:
    """Plain JSON equal to `value`, sharing nothing with it.

    What is no JSON at all is kept as it is, and found, with its path, by `dump_json`.
    """
    if isinstance(value, JsonObject):
        return value.thaw()
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return cast("PlainJson", value)


_LEAVES: Final = frozenset((str, int, float, bool, type(None)))


def same_json(a: object, b: object) -> bool:
    """Equality as JSON has it: `1 == 1.0`, `1 != true`, arrays by order, objects by key."""
    if type(a) is type(b) and type(a) in _LEAVES:
        return a == b
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, Mapping):
        return (
            isinstance(b, Mapping)
            and len(a) == len(b)
            and all(k in b and same_json(v, b[k]) for k, v in a.items())
        )
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(same_json, a, b))
    return a == b


_LONG = 120


def _brief(value: object) -> str:
    """`repr` without long strings: those are base64 or whole documents, and nobody reads them in a log."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_brief(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_brief, value)) + "]"
    if isinstance(value, str) and len(value) > _LONG:
        return f"<{len(value)} characters>"
    return repr(value)
