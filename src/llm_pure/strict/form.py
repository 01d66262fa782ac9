"""What a JSON Schema says, as far as strict forms depend on it.

Law: total over any JSON that calls itself a schema; what makes no sense says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from llm_pure.json import PlainJson

__all__ = [
    "NAMED",
    "NUMERIC",
    "TELLING",
    "WRAPPED",
    "Plain",
    "admits_null",
    "are_pairs",
    "branches_of",
    "followed",
    "is_map",
    "kind_of",
    "pointed",
    "references",
    "subschemas",
    "types_of",
    "value_of",
]

Plain: TypeAlias = dict[str, PlainJson]

NUMERIC: Final = frozenset({"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"})
WRAPPED: Final = "_value"
"""The property that holds an answer which is no object. No type that has a property of this name comes near."""


def types_of(schema: Plain) -> list[str]:
    """The types that a schema names, or that its keywords give away; none: anything."""
    named = schema.get("type")
    found = [one for one in (named if isinstance(named, list) else [named]) if one in _TYPES]
    if found:
        return [str(one) for one in found]
    for kind, keywords in TELLING.items():
        if not keywords.isdisjoint(schema):
            return [kind]
    return []


_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
TELLING: Final = {
    "object": frozenset({"properties", "additionalProperties", "patternProperties"}),
    "array": frozenset({"items", "prefixItems"}),
    "string": frozenset({"pattern", "format", "minLength", "maxLength"}),
    "number": NUMERIC,
}


def is_map(schema: Plain) -> bool:
    """Whether an object has any keys and values of one form."""
    named = schema.get("properties")
    return (
        not isinstance(named, dict)
        and schema.get("additionalProperties") is not False
        and "const" not in schema
        and "enum" not in schema
    )


def value_of(schema: Plain) -> PlainJson:
    """The form of a map's values."""
    patterns = schema.get("patternProperties")
    found = schema.get("additionalProperties")
    if isinstance(found, dict):
        return found
    return next(iter(patterns.values()), True) if isinstance(patterns, dict) else True


def pointed(root: Plain, ref: str) -> PlainJson:
    """What a reference within the schema points to; None: nothing."""
    if ref == "#":
        return root
    found: PlainJson = root if ref.startswith("#/") else None
    for step in ref[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found


def branches_of(schema: Plain) -> list[PlainJson]:
    for key in ("anyOf", "oneOf"):
        found = schema.get(key)
        if isinstance(found, list) and found:
            return found
    return []


def subschemas(schema: Plain) -> Iterator[PlainJson]:
    for key, value in schema.items():
        if key in NAMED and isinstance(value, dict):
            yield from value.values()
        elif key in _LISTED and isinstance(value, list):
            yield from value
        elif key in _NESTED:
            yield value


NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_LISTED: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NESTED: Final = frozenset({"items", "additionalProperties"})


def followed(schema: PlainJson, root: Plain) -> Plain:
    """The schema, its reference followed and a single `allOf` merged."""
    for _ in range(20):  # as far as definitions may name one another
        if not isinstance(schema, dict):
            return {}
        parts = schema.get("allOf")
        if isinstance(ref := schema.get("$ref"), str):
            target = pointed(root, ref)
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **rest} if isinstance(target, dict) else rest
        elif isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], dict):
            schema = {**parts[0], **{key: value for key, value in schema.items() if key != "allOf"}}
        else:
            return schema
    return {}


def admits_null(schema: PlainJson, root: Plain, depth: int = 0) -> bool:
    """Whether null is one of the values."""
    own = followed(schema, root)
    branches = branches_of(own)
    if branches:
        return depth < 20 and any(admits_null(each, root, depth + 1) for each in branches)
    values = own.get("enum")
    if isinstance(values, list):
        return None in values
    if "const" in own:
        return own["const"] is None
    kinds = types_of(own)
    return not kinds or "null" in kinds


def are_pairs(value: list[PlainJson]) -> bool:
    return all(
        isinstance(pair, dict) and pair.keys() == {"key", "value"} and isinstance(pair["key"], str)
        for pair in value
    )


def references(schema: PlainJson) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if isinstance(ref := schema.get("$ref"), str):
        yield ref
    for each in subschemas(schema):
        yield from references(each)


def kind_of(value: PlainJson) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "number"
