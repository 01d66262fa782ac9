"""A schema and its `strict` as they go out.

Law: what goes out is what the provider takes, and a loss names every place where that is another schema. What a
provider's own payload says goes back as it stood: a reader asks `goes_as_it_stands`, and where the answer is no, marks
what it has read.
"""

from __future__ import annotations

from typing import NamedTuple

from llm_pure.errors import Loss
from llm_pure.json import JsonObject
from llm_pure.strict.form import WRAPPED, Plain, branches_of, followed, types_of
from llm_pure.strict.rules import StrictRules
from llm_pure.strict.schema import strict_schema

__all__ = ["Sent", "goes_as_it_stands", "sent"]


class Sent(NamedTuple):
    """What goes out, and what was lost on the way; paths begin below the tool or output."""

    schema: JsonObject
    strict: bool | None
    losses: tuple[Loss, ...] = ()


def sent(
    field: str, schema: JsonObject, strict: bool | None, rules: StrictRules, *, rooted: bool = False
) -> Sent:
    """The schema that stands at `field`. One without a strict form is sent as it is, and nobody is held to it.

    `rooted`: its root has to be an object, strict or not.
    """
    losses: tuple[Loss, ...] = ()
    if strict is True:
        made = strict_schema(schema, rules)
        if made.obstacle is None:
            changes = [Loss(f".{field}{change.path[1:]}", change.reason) for change in made.changes]
            return Sent(made.schema, strict, tuple(changes))
        losses = (Loss(".strict", f"the schema has no strict form: {made.obstacle}"),)
        strict = None
    if rooted and not _has_object_root(schema):
        losses = (*losses, Loss(f".{field}", f"the root is an object: the answer is its `{WRAPPED}`"))
        schema = _rooted(schema)
    return Sent(schema, strict, losses)


def goes_as_it_stands(
    schema: JsonObject, strict: bool | None, rules: StrictRules, *, rooted: bool = False
) -> bool:
    """Whether a schema that was read goes out again as it stands."""
    return (strict is not True and not rooted) or not sent("", schema, strict, rules, rooted=rooted).losses


def _has_object_root(schema: JsonObject) -> bool:
    """Whether the root is an object, or does not say what it is."""
    root = schema.thaw()
    own = followed(root, root)
    kinds = types_of(own)
    return kinds == ["object"] or not (kinds or branches_of(own) or "enum" in own or "const" in own)


def _rooted(schema: JsonObject) -> JsonObject:
    root = schema.thaw()
    defs: Plain = {key: root.pop(key) for key in ("$defs", "definitions") if key in root}
    return JsonObject.wrap(
        {
            "type": "object",
            "properties": {WRAPPED: root},
            "required": [WRAPPED],
            "additionalProperties": False,
            **defs,
        }
    )
