"""JSON that fits a schema, always the same for the same schema.

Law: total; what a schema says that is not understood here is passed over. Recursion ends with the smallest value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from llm_pure.json import PlainJson

__all__ = ["sample"]

Schema = Mapping[str, PlainJson]

_DEEPEST: Final = 6
_BY_FORMAT: Final[Mapping[str, str]] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "somebody@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: Schema, words: tuple[str, ...]) -> PlainJson:
    """A value that fits `schema`; its strings are made of `words`, of which there is at least one."""
    return _value(schema, schema, words, 0)


def _value(schema: PlainJson | Schema, root: Schema, words: tuple[str, ...], depth: int) -> PlainJson:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "const" in schema:
        return schema["const"]
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return enum[0]
    for name in ("anyOf", "oneOf", "allOf"):
        options = schema.get(name)
        if isinstance(options, list) and options:
            return _value(options[0], root, words, depth + 1)
    if isinstance(schema.get("$ref"), str):
        return _value(_resolved(str(schema["$ref"]), root), root, words, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if kind == "object" or (kind is None and "properties" in schema):
        return _object(schema, root, words, depth)
    if kind == "array":
        least = schema.get("minItems")
        count = least if isinstance(least, int) else 1
        if depth >= _DEEPEST - 1 and not least:
            return []
        return [
            _value(schema.get("items"), root, words[n % len(words) :], depth + 1)
            for n in range(min(count, 20))
        ]
    if kind == "string":
        return _string(schema, words)
    if kind in ("integer", "number"):  # it may be anything, also what no set can hold
        return _number(schema)
    return True if kind == "boolean" else None


def _object(schema: Schema, root: Schema, words: tuple[str, ...], depth: int) -> dict[str, PlainJson]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    required = schema.get("required")
    deep = depth >= _DEEPEST - 2
    return {
        name: _value(inner, root, words[n % len(words) :], depth + 1)
        for n, (name, inner) in enumerate(properties.items())
        if not deep or (isinstance(required, list) and name in required)
    }


def _string(schema: Schema, words: tuple[str, ...]) -> str:
    known = _BY_FORMAT.get(str(schema.get("format")))
    if known is not None:
        return known
    least, most = schema.get("minLength"), schema.get("maxLength")
    text = words[0]
    if isinstance(least, int):
        least = min(least, 10_000)
        text = (text * (least // len(text) + 1))[: max(least, len(text))]
    return text[:most] if isinstance(most, int) else text


def _number(schema: Schema) -> int | float:
    least, most = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if isinstance(above, int | float):
        return above + 1
    if isinstance(least, int | float) and least > 1:
        return least
    return most if isinstance(most, int | float) and most < 1 else 1


def _resolved(reference: str, root: Schema) -> PlainJson | Schema:
    """What a reference within the document (`#/$defs/Name`) points to."""
    found: PlainJson | Schema = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if step else found
    return found
