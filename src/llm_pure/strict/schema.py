"""A schema in strict form, and what had to be changed for it.

Law: total. A schema without a strict form is given back as it is, with the obstacle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from llm_pure.brief import Brief
from llm_pure.errors import Loss
from llm_pure.json import JsonError, JsonObject, dump_json, parse_json
from llm_pure.strict.changes import compare
from llm_pure.strict.form import Plain, subschemas
from llm_pure.strict.making import made_of
from llm_pure.strict.rules import Obstacle, StrictRules, check_limits

__all__ = [
    "StrictSchema",
    "closed_schema",
    "strict_schema",
]


@dataclass(frozen=True, slots=True, repr=False)
class StrictSchema(Brief):
    """A schema in strict form, and where it differs from what it was made of. `obstacle` says why there is none: the
    schema is then the one that was given."""

    schema: JsonObject
    changes: tuple[Loss, ...] = ()
    obstacle: str | None = None


def strict_schema(schema: JsonObject, rules: StrictRules) -> StrictSchema:
    """The schema as `rules` have it. Paths of changes begin at the schema (`$.properties.days`)."""
    try:
        text = dump_json(schema.thaw())
        return _of_text(text, rules) if len(text) <= _KEPT else _strict(schema, rules)
    except JsonError:
        return _strict(schema, rules)


_KEPT: Final = 100_000


# Kept by the text, in which the order of keys counts: models write their answers in that order. A tool's schema is the
# same in every request, and to make its strict form costs many times what the rest of the tool does.
@lru_cache(maxsize=128)
def _of_text(text: bytes, rules: StrictRules) -> StrictSchema:
    schema = parse_json(text)
    return _strict(JsonObject.wrap(schema if isinstance(schema, dict) else {}), rules)


def _strict(schema: JsonObject, rules: StrictRules) -> StrictSchema:
    before = schema.thaw()
    try:
        after = made_of(before, rules)
        check_limits(after, rules)
        changes: list[Loss] = []
        compare(before, after, "$", changes)
    except Obstacle as error:
        return StrictSchema(schema, obstacle=str(error))
    except RecursionError:
        return StrictSchema(schema, obstacle="nested too deeply")
    return StrictSchema(JsonObject.wrap(after), tuple(changes)) if changes else StrictSchema(schema)


def closed_schema(schema: JsonObject) -> JsonObject:
    """The schema, every object that names its properties closed to others, unless it says otherwise."""
    return JsonObject.wrap(_closed(schema.thaw()))


def _closed(schema: Plain) -> Plain:
    for each in subschemas(schema):
        if isinstance(each, dict):
            _closed(each)
    if isinstance(schema.get("properties"), dict):
        schema.setdefault("additionalProperties", False)
    return schema
