"""A frozen dataclass as plain data, and back.

Law: reading what was written gives the same value; anything else raises `JsonError` with the place of what is wrong.

The table of what is written is the dataclasses' own fields and types, compiled when a class is first met. `kind` is the
class's name in snake case: it stands at the top, and where a field may hold values of several classes. Fields that hold
their defaults are left out, and so are those that are not compared. An object that was read from a text of its own (a
tool call's arguments) is written as that text, and bytes as the text that they are in UTF-8, or else in base64.
"""

from __future__ import annotations

import math
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Final, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from llm_pure.brief import brief
from llm_pure.json import JsonError, JsonObject, PlainJson, parse_json
from llm_pure.reading import within, wrong

__all__ = ["kind_of", "read_tagged", "tagged"]

T = TypeVar("T")

_Read: TypeAlias = Callable[[PlainJson], object]
_Write: TypeAlias = Callable[[object], PlainJson]


def tagged(value: object) -> dict[str, PlainJson]:
    """A frozen dataclass made of what can be written, as plain data with its `kind`: a line of a larger format."""
    return {"kind": kind_of(type(value)), **_class(type(value)).write(value)}


def read_tagged(wanted: tuple[type[T], ...], data: PlainJson) -> T:
    """What `tagged` gave, one of the classes `wanted`. Raises `JsonError` with the place of what is wrong."""
    return cast("T", _tagged(_by_kind(wanted))(data))


# ---------------------------------------------------------------- classes

_WORD_START: Final = re.compile(r"(?<!^)(?=[A-Z])")


def kind_of(cls: type) -> str:
    """`tool_call` for `ToolCall`."""
    return _snake_case(cls.__name__)


@cache
def _snake_case(name: str) -> str:
    return _WORD_START.sub("_", name).lower()


class _Class:
    """How the values of one class are written and read. Its fields are looked at when they are first needed."""

    __slots__ = ("_fields", "cls")

    def __init__(self, cls: type) -> None:
        self.cls: Final = cls
        self._fields: Mapping[str, tuple[_Read, _Write, object]] | None = None

    @property
    def fields(self) -> Mapping[str, tuple[_Read, _Write, object]]:
        """By name: reader, writer, and the default (`Parameter.empty`: none)."""
        if self._fields is None:
            types: Mapping[str, object] = get_type_hints(self.cls)
            parameters = signature(self.cls).parameters
            self._fields = {
                field.name: (*_of_type(types[field.name]), parameters[field.name].default)
                for field in fields(self.cls)
                if field.compare
            }
        return self._fields

    def read(self, data: PlainJson) -> object:
        return self._read(data, None)

    def read_tagged(self, data: PlainJson) -> object:
        return self._read(data, "kind")

    def _read(self, data: PlainJson, tag: str | None) -> object:
        if not isinstance(data, dict):
            raise wrong(data, "an object", "")
        known = self._fields or self.fields
        found: dict[str, object] = {}
        name = ""
        try:
            for name, value in data.items():
                if name in known:
                    found[name] = known[name][0](value)
                elif name != tag:
                    raise JsonError("no such field", "")
        except JsonError as error:
            raise within(error, "." + name) from None
        for name, (_, _, default) in known.items():
            if default is Parameter.empty and name not in found:
                raise JsonError("the field is missing", "." + name)
        return self.cls(**found)

    def write(self, value: object) -> dict[str, PlainJson]:
        found: dict[str, PlainJson] = {}
        for name, (_, write, default) in (self._fields or self.fields).items():
            own: object = getattr(value, name)
            if own is default:
                continue
            if default is Parameter.empty or own != default or _is_spelt(own):
                found[name] = write(own)
        return found


def _is_spelt(value: object) -> bool:
    return isinstance(value, JsonObject) and value.spelling is not None


def _class(cls: object) -> _Class:
    return _made(cls)


@cache
def _made(cls: object) -> _Class:
    return _Class(cast("type", cls))


@cache
def _by_kind(classes: tuple[object, ...]) -> Mapping[str, _Class]:
    found = [cast("type", get_origin(cls) or cls) for cls in classes]
    return {kind_of(cls): _class(cls) for cls in found}


def _tagged(classes: Mapping[str, _Class]) -> _Read:
    def read(data: PlainJson) -> object:
        if not isinstance(data, dict):
            raise wrong(data, "an object", "")
        kind = data.get("kind")
        if not isinstance(kind, str):
            raise wrong(kind, "a kind", ".kind")
        if kind not in classes:
            raise JsonError(f"no such kind here: {brief(kind)}", ".kind")
        return classes[kind].read_tagged(data)

    return read


# ---------------------------------------------------------------- types


@cache
def _of_type(form: object) -> tuple[_Read, _Write]:
    """Reader and writer for a field's type."""
    if get_origin(form) in {Union, UnionType}:
        return _union(get_args(form))
    return _SCALARS[form] if form in _SCALARS else _compound(form)


def _compound(form: object) -> tuple[_Read, _Write]:
    origin: object = get_origin(form)
    if origin is Literal:
        return _one_of(frozenset(get_args(form))), _as_is
    if origin is tuple:
        return _items(*_of_type(get_args(form)[0]))
    cls = _class(origin or form)
    return cls.read, cls.write


def _union(forms: tuple[object, ...]) -> tuple[_Read, _Write]:
    classes = {kind_of(c): _class(c) for c in (_dataclass(form) for form in forms) if c is not None}
    others = tuple([form for form in forms if form is not NoneType and _dataclass(form) is None])
    if NoneType in forms:
        rest = tuple([form for form in forms if form is not NoneType])
        read, write = _of_type(rest[0] if len(rest) == 1 else Union[rest])  # noqa: UP007 - made of a tuple
        return (
            lambda data: None if data is None else read(data),
            lambda value: None if value is None else write(value),
        )
    tagged, kinds = _tagged(classes), {each.cls: kind for kind, each in classes.items()}

    def write_tagged(value: object) -> PlainJson:
        return {"kind": kinds[type(value)], **_class(type(value)).write(value)}

    if not others:
        return tagged, write_tagged
    read_items, write_items = _of_type(others[0])  # the only other: a tuple
    return (
        lambda data: read_items(data) if isinstance(data, list) else tagged(data),
        lambda value: write_items(value) if isinstance(value, tuple) else write_tagged(value),
    )


def _dataclass(form: object) -> type | None:
    cls: object = get_origin(form) or form
    return cls if isinstance(cls, type) and is_dataclass(cls) else None


def _items(read: _Read, write: _Write) -> tuple[_Read, _Write]:
    def read_items(data: PlainJson) -> object:
        if not isinstance(data, list):
            raise wrong(data, "an array", "")
        found: list[object] = []
        try:
            for item in data:
                found.append(read(item))  # noqa: PERF401 - how many have been read is the path
        except JsonError as error:
            raise within(error, f"[{len(found)}]") from None
        return tuple(found)

    def write_items(value: object) -> PlainJson:
        return [write(item) for item in cast("tuple[object, ...]", value)]

    return read_items, write_items


def _one_of(allowed: frozenset[object]) -> _Read:
    def read(data: PlainJson) -> object:
        if not isinstance(data, str) or data not in allowed:
            raise JsonError(f"expected one of {', '.join(sorted(map(str, allowed)))}", "")
        return data

    return read


def _string(data: PlainJson) -> object:
    if isinstance(data, str):
        return data
    raise wrong(data, "a string", "")


def _flag(data: PlainJson) -> object:
    if isinstance(data, bool):
        return data
    raise wrong(data, "true or false", "")


def _integer(data: PlainJson) -> object:
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    raise wrong(data, "a whole number", "")


def _number(data: PlainJson) -> object:
    if isinstance(data, float) and math.isfinite(data):
        return data
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    raise wrong(data, "a number", "")


def _object(data: PlainJson) -> object:
    if isinstance(data, dict):
        return JsonObject.wrap(data)
    if not isinstance(data, str):
        raise wrong(data, "an object", "")
    parsed = parse_json(data)
    if not isinstance(parsed, dict):
        raise wrong(parsed, "the text of an object", "")
    return JsonObject.wrap(parsed, data)


def _write_object(value: object) -> PlainJson:
    own = cast("JsonObject", value)
    return own.thaw() if own.spelling is None else own.spelling


def _as_is(value: object) -> PlainJson:
    return cast("PlainJson", value)


_NO_TEXT: Final = "base64:"


def _bytes(data: PlainJson) -> object:
    """Bytes stand as the text that they are in UTF-8; what is no such text, or begins like this mark, after it."""
    if not isinstance(data, str):
        raise wrong(data, "a string", "")
    try:
        if data.startswith(_NO_TEXT):
            return a2b_base64(data.removeprefix(_NO_TEXT), strict_mode=True)
        return data.encode()
    except ValueError:
        raise JsonError("neither UTF-8 nor base64", "") from None


def _write_bytes(value: object) -> PlainJson:
    own = cast("bytes", value)
    try:
        text = own.decode()
    except UnicodeDecodeError:
        text = _NO_TEXT
    return _NO_TEXT + b2a_base64(own, newline=False).decode() if text.startswith(_NO_TEXT) else text


_SCALARS: Final[Mapping[object, tuple[_Read, _Write]]] = {
    str: (_string, _as_is),
    bool: (_flag, _as_is),
    int: (_integer, _as_is),
    float: (_number, _as_is),
    bytes: (_bytes, _write_bytes),
    JsonObject: (_object, _write_object),
}
