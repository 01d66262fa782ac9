"""What providers take in a strict schema: plain data.

Law: a schema that `check_limits` lets pass, in the keywords of the rules, is one that the provider takes. Limits that
Anthropic has for all tools of a request are held for each schema alone.

Sources: OpenAI's guide to structured outputs (supported schemas), Anthropic's page on structured outputs (JSON Schema
limitations).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from llm_pure.brief import Brief
from llm_pure.json import PlainJson
from llm_pure.strict.form import NUMERIC, Plain, subschemas

__all__ = [
    "ANTHROPIC_STRICT",
    "ANTHROPIC_STRICT_OUTPUT",
    "OPENAI_STRICT",
    "Obstacle",
    "StrictRules",
    "check_limits",
]


@dataclass(frozen=True, slots=True, repr=False)
class StrictRules(Brief):
    """What a provider takes in a strict schema."""

    keywords: frozenset[str]
    """The keywords beyond those that all take that may be sent."""
    formats: frozenset[str]
    """The formats of a string that may be sent."""
    all_required: bool
    """Every property has to be required."""
    object_root: bool
    """The root has to be an object."""
    type_lists: bool
    """`type` may be several."""
    recursive: bool
    """A schema may refer to itself."""
    most_min_items: int | None = None
    """The largest `minItems`; None: any."""
    most_properties: int | None = None
    """How many properties all objects together may have."""
    most_levels: int | None = None
    """How deep objects may be nested."""
    most_enum_values: int | None = None
    """How many values all enums together may have."""
    most_optional: int | None = None
    """How many properties may be left out."""
    most_unions: int | None = None
    """How many properties may be unions."""


_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)

OPENAI_STRICT: Final = StrictRules(
    keywords=NUMERIC | {"pattern", "minItems", "maxItems"},
    formats=_FORMATS,
    all_required=True,
    object_root=True,
    type_lists=True,
    recursive=True,
    most_properties=5000,
    most_levels=10,
    most_enum_values=1000,
)
ANTHROPIC_STRICT_OUTPUT: Final = StrictRules(
    keywords=frozenset({"minItems"}),
    formats=_FORMATS | {"uri"},
    all_required=False,
    object_root=False,
    type_lists=False,
    recursive=False,
    most_min_items=1,
    most_optional=24,
    most_unions=16,
)
ANTHROPIC_STRICT: Final = replace(ANTHROPIC_STRICT_OUTPUT, object_root=True)


class Obstacle(Exception):
    """Why a schema has no strict form."""


def check_limits(schema: Plain, rules: StrictRules) -> None:
    """Raise `Obstacle` where the schema is more than the provider takes."""
    properties = optional = unions = values = 0
    waiting: list[tuple[PlainJson, int]] = [(schema, 0)]
    while waiting:
        each, level = waiting.pop()
        if not isinstance(each, dict):
            continue
        named = each.get("properties")
        if isinstance(named, dict):
            level += 1
            properties += len(named)
            required = each.get("required")
            optional += len(named.keys() - set(map(str, required if isinstance(required, list) else [])))
            unions += sum(isinstance(one, dict) and "anyOf" in one for one in named.values())
        enum = each.get("enum")
        values += len(enum) if isinstance(enum, list) else 0
        if rules.most_levels is not None and level > rules.most_levels:
            raise Obstacle(f"objects are nested at most {rules.most_levels} deep")
        waiting += [(inner, level) for inner in subschemas(each)]
    for count, most, what in (
        (properties, rules.most_properties, "properties"),
        (values, rules.most_enum_values, "values of enums"),
        (optional, rules.most_optional, "properties that may be left out"),
        (unions, rules.most_unions, "properties that are unions"),
    ):
        if most is not None and count > most:
            raise Obstacle(f"there are at most {most} {what}, and here are {count}")
