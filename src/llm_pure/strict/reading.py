"""Values in the strict form of a type, read as what they stand for.

Law: what `llm_pure.strict` makes of a schema changes how a value is said: null where nothing had to be said, an array
of keys and values for a map, an object around what is none. `from_strict` undoes that, and gives back anything else as
it is. It never fails; whether what it gives fits the type is for the type to say.
"""

from __future__ import annotations

from collections.abc import Mapping

from llm_pure.json import Json, JsonInput, JsonObject, PlainJson, same_json, thaw
from llm_pure.strict.form import (
    WRAPPED,
    Plain,
    admits_null,
    are_pairs,
    branches_of,
    followed,
    is_map,
    kind_of,
    types_of,
    value_of,
)

__all__ = ["from_strict", "unwrapped"]


def from_strict(value: JsonInput, schema: JsonObject) -> Json:
    """What a value in the strict form of `schema` stands for. Anything else is given back as it is.

    So is what a schema asks for that refers to itself without end.
    """
    root = schema.thaw()
    data = thaw(unwrapped(value, schema))
    try:
        data = _meant(data, root, root)
    except RecursionError:
        pass
    return JsonObject.wrap({"": data})[""]


def unwrapped(value: JsonInput, schema: JsonObject) -> JsonInput:
    """What was asked for, where the root of the strict form had to be an object around it."""
    root = schema.thaw()
    own = followed(root, root)
    is_object = types_of(own) == ["object"] and not is_map(own)
    return (
        value[WRAPPED]
        if not is_object and isinstance(value, Mapping) and value.keys() == {WRAPPED}
        else value
    )


def _meant(value: PlainJson, schema: PlainJson, root: Plain) -> PlainJson:
    own = followed(schema, root)
    branches = branches_of(own)
    if branches:
        for branch in branches:
            if _fits(value, branch, root):
                return _meant(value, branch, root)
        return value
    kinds = types_of(own)
    if "object" in kinds and is_map(own):
        form = value_of(own)
        if isinstance(value, list) and are_pairs(value):
            return {
                str(pair["key"]): _meant(pair["value"], form, root)
                for pair in value
                if isinstance(pair, dict)
            }
        if isinstance(value, dict):
            return {key: _meant(item, form, root) for key, item in value.items()}
    elif isinstance(value, dict) and "object" in kinds:
        named = own.get("properties")
        known = named if isinstance(named, dict) else {}
        return {
            key: _meant(item, known.get(key), root)
            for key, item in value.items()
            if not (item is None and _may_go(key, own, root))
        }
    elif isinstance(value, list) and "array" in kinds:
        firsts = own.get("prefixItems")
        forms = firsts if isinstance(firsts, list) else []
        rest = own.get("items")
        return [_meant(item, forms[at] if at < len(forms) else rest, root) for at, item in enumerate(value)]
    return value


def _may_go(key: str, schema: Plain, root: Plain) -> bool:
    """Whether a null for this property stands for nothing said."""
    named, required = schema.get("properties"), schema.get("required")
    if not isinstance(named, dict) or key not in named or (isinstance(required, list) and key in required):
        return False
    return not admits_null(named[key], root)


def _fits(value: PlainJson, schema: PlainJson, root: Plain) -> bool:
    """Whether a value has the strict form of a schema, as far as that tells one branch of a union from another."""
    own = followed(schema, root)
    branches = branches_of(own)
    if branches:
        return any(_fits(value, branch, root) for branch in branches)
    values = own.get("enum")
    if isinstance(values, list) and not any(same_json(value, one) for one in values):
        return False
    if "const" in own and not same_json(value, own["const"]):
        return False
    kinds = types_of(own)
    if not kinds:
        return True
    if "object" in kinds and is_map(own) and isinstance(value, list):
        form = value_of(own)
        return are_pairs(value) and all(
            _fits(pair["value"], form, root) for pair in value if isinstance(pair, dict)
        )
    if isinstance(value, dict):
        return "object" in kinds and _fits_object(value, own, root)
    if isinstance(value, list):
        return "array" in kinds and all(_fits(item, own.get("items", True), root) for item in value)
    kind = kind_of(value)
    return kind in kinds or (kind == "integer" and "number" in kinds) or _is_whole(value, kinds)


def _is_whole(value: PlainJson, kinds: list[str]) -> bool:
    return isinstance(value, float) and value.is_integer() and "integer" in kinds


def _fits_object(value: Plain, own: Plain, root: Plain) -> bool:
    if is_map(own):
        form = value_of(own)
        return all(_fits(item, form, root) for item in value.values())
    named, required = own.get("properties"), own.get("required")
    known = named if isinstance(named, dict) else {}
    if isinstance(required, list) and any(name not in value for name in required):
        return False
    return all(
        (key in known and ((item is None and _may_go(key, own, root)) or _fits(item, known[key], root)))
        or (key not in known and own.get("additionalProperties") not in (None, False))
        for key, item in value.items()
    )
