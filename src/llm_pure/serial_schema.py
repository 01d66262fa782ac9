"""The JSON Schema of the serial form, read off the same fields and types that `llm_pure.serial` writes and reads.

Law: what `to_json` writes is valid, and what is not valid `from_json` refuses. Published as
`docs/serial-1.schema.json`, for readers in other languages; a test holds the file to what is said here.

Two things that a schema cannot say, and a reader finds: an object may stand as the text of one (a tool call's arguments
in their own spelling), which then has to be JSON; and `1.0` is no whole number.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import fields, is_dataclass
from inspect import Parameter, cleandoc, signature
from types import NoneType, UnionType
from typing import Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from llm_pure.compiled import kind_of
from llm_pure.errors import LlmError
from llm_pure.events import StreamEvent
from llm_pure.json import JsonObject, PlainJson
from llm_pure.messages import Message
from llm_pure.parts import Part, Source
from llm_pure.serial import SCHEMA, Value

__all__ = ["line_schema", "serial_schema"]

_Plain = dict[str, PlainJson]

_ID: Final = "urn:llm_pure:serial:1"

_NAMED: Final[Mapping[object, str]] = {
    Source: "a_source",
    Part: "a_part",
    Message: "a_message",
    StreamEvent: "an_event",
    LlmError: "an_error",
}
"""Unions that have a name of their own."""

_SCALARS: Final[Mapping[object, _Plain]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bytes: {"type": "string"},
    JsonObject: {"type": ["object", "string"], "description": "A JSON object, or the text of one."},
}


def serial_schema() -> dict[str, PlainJson]:
    """The schema, as plain JSON of the caller's own."""
    found: dict[str, _Plain] = {}
    values = [_class(form) for form in get_args(Value)]
    top: _Plain = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": f"Values of llm-pure, as `to_json` writes them ({SCHEMA})",
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA},
            "kind": {"enum": [kind_of(cls) for cls in values]},
        },
        "required": ["schema", "kind"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind_of(cls)}}, "required": ["kind"]},
                "then": {"$ref": _of_class(cls, found)},
            }
            for cls in values
        ],
        "unevaluatedProperties": False,
    }
    for union, name in _NAMED.items():
        found[name] = _tagged(get_args(union), found)
    return {**top, "$defs": {name: found[name] for name in sorted(found)}}


def line_schema(name: str, title: str, lines: Mapping[type, Mapping[str, PlainJson]]) -> dict[str, PlainJson]:
    """The schema of a line of a larger format (`llm_pure.serial.tagged`): its classes, and what more each must have.

    What the serial form has a schema of is referred to there (`urn:llm_pure:serial:1`).
    """
    found: dict[str, _Plain] = {}
    top: _Plain = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": name,
        "title": title,
        "type": "object",
        "properties": {"kind": {"enum": [kind_of(cls) for cls in lines]}},
        "required": ["kind"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind_of(cls)}}, "required": ["kind"]},
                "then": {"$ref": _of_class(cls, found), "properties": dict(more), "required": [*more]},
            }
            for cls, more in lines.items()
        ],
        "unevaluatedProperties": False,
    }
    known = serial_schema()["$defs"]
    there = frozenset(known) if isinstance(known, dict) else frozenset[str]()
    own = {named: _referring(found[named], there) for named in sorted(found) if named not in there}
    return {**top, "$defs": own}


def _referring(schema: PlainJson, there: Container[str]) -> PlainJson:
    """The schema with what it has of the serial form referred to where it stands."""
    if isinstance(schema, list):
        return [_referring(item, there) for item in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _referring(item, there) for key, item in schema.items()}
    ref = told.get("$ref")
    if isinstance(ref, str) and ref.rpartition("/")[2] in there:
        told["$ref"] = f"{_ID}{ref}"
    return told


def _class(form: object) -> type:
    return cast("type", get_origin(form) or form)


def _of_class(cls: type, found: dict[str, _Plain]) -> str:
    """Where the schema of a class's fields stands. What else its JSON may hold is for the place that it stands at."""
    name = kind_of(cls)
    if name not in found:
        found[name] = {}  # it may hold values of its own kind
        types: Mapping[str, object] = get_type_hints(cls)
        parameters = signature(cls).parameters
        properties: _Plain = {}
        required: list[PlainJson] = []
        for field in fields(cls):
            if not field.compare:
                continue
            default: object = parameters[field.name].default
            said = _of_type(types[field.name], found)
            if default is Parameter.empty:
                required.append(field.name)
            elif default is None or isinstance(default, bool | int | float | str):
                said = {**said, "default": default}
            properties[field.name] = said
        found[name] = {"type": "object", "description": cleandoc(cls.__doc__ or ""), "properties": properties}
        if required:
            found[name]["required"] = required
    return f"#/$defs/{name}"


def _tagged(forms: tuple[object, ...], found: dict[str, _Plain]) -> _Plain:
    """One of several classes, which says by its `kind` which it is."""
    classes = [_class(form) for form in forms]
    return {
        "type": "object",
        "properties": {"kind": {"enum": [kind_of(cls) for cls in classes]}},
        "required": ["kind"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind_of(cls)}}, "required": ["kind"]},
                "then": {"$ref": _of_class(cls, found)},
            }
            for cls in classes
        ],
        "unevaluatedProperties": False,
    }


def _of_type(form: object, found: dict[str, _Plain]) -> _Plain:
    if form in _SCALARS:
        return dict(_SCALARS[form])
    if form in _NAMED:
        return {"$ref": f"#/$defs/{_NAMED[form]}"}
    origin: object = get_origin(form)
    if origin is Literal:
        return {"enum": list(get_args(form))}
    if origin is tuple:
        return {"type": "array", "items": _of_type(get_args(form)[0], found)}
    if origin in {Union, UnionType}:
        return _of_union(get_args(form), found)
    return {"$ref": _of_class(_class(form), found), "unevaluatedProperties": False}


def _of_union(forms: tuple[object, ...], found: dict[str, _Plain]) -> _Plain:
    if NoneType in forms:
        rest = tuple([form for form in forms if form is not NoneType])
        said = _of_type(rest[0] if len(rest) == 1 else Union[rest], found)  # noqa: UP007 - made of a tuple
        return {"anyOf": [said, {"type": "null"}]}
    tuples = [form for form in forms if get_origin(form) is tuple]
    classes = tuple([form for form in forms if is_dataclass(_class(form))])
    return {"anyOf": [_tagged(classes, found), *(_of_type(form, found) for form in tuples)]}
