"""How a schema becomes strict: node by node, from the root.

Law: what comes out has only the keywords of the rules. What is dropped and tells a model something is said in words.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from llm_pure.json import PlainJson, dump_json, same_json
from llm_pure.strict.form import (
    NAMED,
    TELLING,
    WRAPPED,
    Plain,
    admits_null,
    branches_of,
    is_map,
    kind_of,
    pointed,
    references,
    types_of,
    value_of,
)
from llm_pure.strict.rules import Obstacle, StrictRules

__all__ = ["made_of"]

_SCALARS: Final = ("string", "number", "boolean", "null")
_MOST_NODES: Final = 20_000
_DROPPED: Final = frozenset(
    {"$schema", "$id", "$defs", "definitions", "discriminator", "$ref", "type", "properties", "required"}
    | {"additionalProperties", "patternProperties", "items", "prefixItems", "anyOf", "oneOf", "allOf"}
)
"""Keywords that have been dealt with, or that say nothing to a model."""


def made_of(schema: Plain, rules: StrictRules) -> Plain:
    """The schema as `rules` have it, but for their limits. Raises Obstacle where there is no such schema."""
    return _Maker(schema, rules).made()


class _Maker:
    def __init__(self, root: Plain, rules: StrictRules) -> None:
        self.root, self.rules = root, rules
        self.nodes = 0

    def made(self) -> Plain:
        root = self.root
        ref = root.get("$ref")
        if isinstance(ref, str) and ref in self.recursive:  # the root itself cannot be a mere reference
            target = pointed(root, ref)
            root = (
                {**target, **{key: root[key] for key in root if key != "$ref"}}
                if isinstance(target, dict)
                else {}
            )
        made = self.node(root)
        defs: Plain = {}
        for key in ("$defs", "definitions"):
            found = self.root.get(key)
            if isinstance(found, dict):
                defs[key] = {name: self.node(each) for name, each in found.items()}
        if self.recursive and not self.rules.recursive:
            raise Obstacle("no schema may refer to itself")
        if self.rules.object_root and made.get("type") != "object":
            if "#" in self.recursive:
                raise Obstacle("the root is no object, and refers to itself")
            made = {**_object({WRAPPED: made}), **defs}
        else:
            made.update(defs)
        return made

    @cached_property
    def recursive(self) -> frozenset[str]:
        """The references that lead to themselves."""
        reached: dict[str, set[str]] = {}
        waiting = list(references(self.root))
        while waiting:
            ref = waiting.pop()
            if ref not in reached:
                reached[ref] = set(references(pointed(self.root, ref)))
                waiting += reached[ref]
        return frozenset(ref for ref in reached if _reaches(reached, ref))

    def node(self, schema: PlainJson) -> Plain:
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise Obstacle("written out, the schema is too large")
        if not isinstance(schema, dict):
            return self.anything({})
        if isinstance(ref := schema.get("$ref"), str):
            return self.reference(ref, schema)
        parts = schema.get("allOf")
        if isinstance(parts, list) and parts:
            return self.node(self.merged(schema, parts))
        branches = branches_of(schema)
        if branches:
            return self.finished({"anyOf": [self.node(each) for each in branches]}, schema, frozenset())
        kinds = types_of(schema)
        literals = self.literals(schema, kinds)
        if literals is not None:
            return self.finished(literals, schema, frozenset({"enum", "const"}))
        if not kinds:
            return self.anything(schema)
        if len(kinds) > 1 and (not self.rules.type_lists or ("object" in kinds and is_map(schema))):
            inner = {
                key: value for key, value in schema.items() if key not in ("title", "description", "default")
            }
            return self.finished(
                {"anyOf": [self.node(_of_type(inner, kind)) for kind in kinds]}, schema, frozenset(schema)
            )
        return self.typed(schema, kinds)

    def anything(self, schema: Plain) -> Plain:
        return self.finished({"anyOf": [{"type": kind} for kind in _SCALARS]}, schema, frozenset())

    def reference(self, ref: str, schema: Plain) -> Plain:
        target = pointed(self.root, ref)
        if not isinstance(target, dict):
            raise Obstacle(f"{ref} points to nothing")
        rest = {key: value for key, value in schema.items() if key not in ("$ref", "$defs", "definitions")}
        named = ref == "#" or ref.startswith(("#/$defs/", "#/definitions/"))
        if ref in self.recursive and not named:
            raise Obstacle(f"{ref} is no definition, and refers to itself")
        if ref in self.recursive or (named and not rest):
            return {"$ref": ref}
        return self.node({**target, **rest})

    def merged(self, schema: Plain, parts: list[PlainJson]) -> Plain:
        """The schema with all that `allOf` says."""
        found: Plain = {}
        for part in [*parts, {key: value for key, value in schema.items() if key != "allOf"}]:
            each = part
            while isinstance(each, dict) and isinstance(ref := each.get("$ref"), str):
                if ref in self.recursive:
                    raise Obstacle(f"{ref} refers to itself, and is one of several")
                target = pointed(self.root, ref)
                more = {key: value for key, value in each.items() if key != "$ref"}
                each = {**target, **more} if isinstance(target, dict) else more
            for key, value in each.items() if isinstance(each, dict) else ():
                there = found.get(key)
                if key in NAMED and isinstance(there, dict) and isinstance(value, dict):
                    found[key] = {**there, **value}
                elif key in ("required", "allOf") and isinstance(there, list) and isinstance(value, list):
                    found[key] = [*there, *(name for name in value if name not in there)]
                else:
                    found[key] = value
        return found

    def literals(self, schema: Plain, kinds: list[str]) -> Plain | None:
        """An enum or a constant of plain values."""
        made: Plain = {}
        found: list[PlainJson] = []
        values = schema.get("enum")
        if isinstance(values, list) and values and all(map(_is_scalar, values)):
            made["enum"] = found = values
        if "const" in schema and _is_scalar(schema["const"]):
            made["const"] = schema["const"]
            found = [schema["const"]]
        if not found:
            return None
        named = schema.get("type")
        if (isinstance(named, str) and named in kinds) or (
            self.rules.type_lists and isinstance(named, list) and named == kinds
        ):
            made["type"] = named
        elif self.rules.type_lists:  # whoever takes several types wants the type to be said
            known = list(dict.fromkeys(kind_of(value) for value in found))
            made["type"] = known[0] if len(known) == 1 else [*known]
        return made

    def typed(self, schema: Plain, kinds: list[str]) -> Plain:
        made: Plain = {"type": kinds[0] if len(kinds) == 1 else [*kinds]}
        said = {"type"}
        if "object" in kinds:
            if is_map(schema):
                pair = _object({"key": {"type": "string"}, "value": self.node(value_of(schema))})
                return self.finished({"type": "array", "items": pair}, schema, frozenset())
            made.update(self.properties(schema))
        if "array" in kinds:
            made["items"] = self.items(schema)
        for key in self.rules.keywords & schema.keys():
            value = schema[key]
            most = self.rules.most_min_items
            if key == "minItems" and most is not None and not (isinstance(value, int) and value <= most):
                continue
            made[key] = value
            said.add(key)
        form = schema.get("format")
        if isinstance(form, str) and form in self.rules.formats and "string" in kinds:
            made["format"] = form
            said.add("format")
        return self.finished(made, schema, frozenset(said))

    def properties(self, schema: Plain) -> Plain:
        named = schema.get("properties")
        found = {name: self.node(each) for name, each in named.items()} if isinstance(named, dict) else {}
        said = schema.get("required")
        names = said if isinstance(said, list) else []
        required = [name for name in names if isinstance(name, str) and name in found]
        if self.rules.all_required:
            for name in found.keys() - set(required):
                found[name] = self.nullable(found[name])
            if sorted(required) != sorted(found):
                required = list(found)
        made: Plain = {"additionalProperties": False}
        if isinstance(named, dict):
            made["properties"] = {**found}
        if required or isinstance(said, list):
            made["required"] = [*required]
        return made

    def items(self, schema: Plain) -> PlainJson:
        for key in ("prefixItems", "items"):
            listed = schema.get(key)
            if isinstance(listed, list) and listed:
                each = [self.node(item) for item in listed]
                several: list[PlainJson] = []
                for one in each:
                    if not any(same_json(one, other) for other in several):
                        several.append(one)
                return several[0] if len(several) == 1 else {"anyOf": several}
        return self.node(schema.get("items", True))

    def nullable(self, schema: Plain) -> Plain:
        if admits_null(schema, self.root):
            return schema
        branches = schema.get("anyOf")
        if isinstance(branches, list):
            return {**schema, "anyOf": [*branches, {"type": "null"}]}
        return {"anyOf": [schema, {"type": "null"}]}

    def finished(self, made: Plain, schema: Plain, said: frozenset[str]) -> Plain:
        """The schema made, with its title and description; what it has no keyword for is said there in words."""
        words = [
            f"{key}: {value if isinstance(value, str) else dump_json(value).decode()}"
            for key, value in schema.items()
            if key not in said
            and key not in _DROPPED
            and key not in ("title", "description")
            and not (key == "default" and value is None)
        ]
        title, text = schema.get("title"), schema.get("description")
        if isinstance(title, str):
            made["title"] = title
        told = [text] if isinstance(text, str) else []
        if words:
            told.append("{" + ", ".join(words) + "}")
        if told:
            made["description"] = "\n\n".join(told)
        return made


def _object(properties: Plain) -> Plain:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _of_type(schema: Plain, kind: str) -> Plain:
    """What a schema of several types says of this one."""
    foreign: frozenset[str] = frozenset().union(*(words for of, words in _OWN.items() if of != kind))
    return {**{key: value for key, value in schema.items() if key not in foreign}, "type": kind}


_OWN: Final = {
    "object": TELLING["object"] | {"required", "propertyNames", "minProperties", "maxProperties"},
    "array": TELLING["array"] | {"minItems", "maxItems", "uniqueItems", "contains"},
    "string": TELLING["string"],
}


def _is_scalar(value: PlainJson) -> bool:
    return not isinstance(value, dict | list)


def _reaches(reached: dict[str, set[str]], start: str) -> bool:
    seen: set[str] = set()
    waiting = list(reached[start])
    while waiting:
        ref = waiting.pop()
        if ref == start:
            return True
        if ref not in seen:
            seen.add(ref)
            waiting += reached[ref]
    return False
