"""Where a strict schema differs from the one that it was made of, and why.

Law: the places named are those that differ: without them both schemas are equal, and none of them is equal in both.
"""

from __future__ import annotations

from typing import Final

from llm_pure.errors import Loss
from llm_pure.json import PlainJson, same_json
from llm_pure.strict.form import NAMED, WRAPPED, Plain, types_of

__all__ = ["compare"]

_WHY: Final = {
    "additionalProperties": "objects are closed",
    "required": "every property has to be there, or null in its place",
    "description": "what has no keyword is said in words",
    "anyOf": "null stands for what is left out",
    "oneOf": "one of several is any of them",
    "enum": "values are plain",
}
_UNKNOWN: Final = "no keyword in strict mode: said in words"


def compare(before: PlainJson, after: PlainJson, path: str, changes: list[Loss]) -> None:
    if same_json(before, after):
        return
    if not isinstance(before, dict) or not isinstance(after, dict) or _shape(before) != _shape(after):
        changes.append(Loss(path, _reason(before, after)))
        return
    for key in dict.fromkeys([*before, *after]):
        a, b = before.get(key), after.get(key)
        where = f"{path}.{key}"
        if key in before and key in after and same_json(a, b):
            continue
        if key in NAMED and isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            for name in a:
                compare(a[name], b[name], f"{where}.{name}", changes)
        elif key == "anyOf" and isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for index, (one, other) in enumerate(zip(a, b, strict=True)):
                compare(one, other, f"{where}[{index}]", changes)
        elif key == "items" and isinstance(a, dict) and isinstance(b, dict):
            compare(a, b, where, changes)
        else:
            changes.append(Loss(where, _WHY.get(key, _UNKNOWN)))


def _shape(schema: Plain) -> tuple[object, ...]:
    return (
        str(schema.get("type")),
        isinstance(named := schema.get("properties"), dict) and WRAPPED in named,
        *(key in schema for key in ("$ref", "anyOf", "oneOf", "allOf", "prefixItems")),
    )


def _reason(before: PlainJson, after: PlainJson) -> str:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return "in strict mode the form has to be said"
    if "$ref" in before and "$ref" not in after:
        return "a reference has nothing beside it: written out"
    if before.get("type") == "object" and after.get("type") == "array":
        return "a map is an array of keys and values"
    if WRAPPED in str(after.get("properties")) and WRAPPED not in str(before.get("properties")):
        return "the root is an object: the answer is its `_value`"
    if "anyOf" in after and "anyOf" not in before:
        if not types_of(before) and "enum" not in before and "const" not in before:
            return "anything at all is a string, a number, true or false, or null"
        return "has to be there: null stands for what is left out"
    return "written in the keywords of strict mode"
