"""The schema of an answer, a format of type `json_schema`, in both directions, for both of OpenAI's wires.

Law: a schema goes out as OpenAI takes it: its root an object, and where `strict` is asked for in strict form. One that
came in another form is noted as `$verbatim`, and goes back as it stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonObject, PlainJson, thaw
from llm_pure.mirror import Losses, Mirror
from llm_pure.outputs import AnyOutput, Output, name_of
from llm_pure.reading import PlainObject
from llm_pure.strict import OPENAI_STRICT, Sent, goes_as_it_stands, sent

__all__ = ["Format"]

_TYPE: Final = "json_schema"


@final
@dataclass(frozen=True, slots=True)
class Format:
    """How one of the wires has it: the fields stand under the key `within`, or, if that is None, beside the type."""

    mirror: Mirror
    within: str | None

    def write(self, output: AnyOutput, losses: Losses) -> PlainObject:
        """The format that asks for an answer of this schema."""
        going = Sent(output.schema, output.strict)
        if self.mirror.noted(output.extras, "$verbatim") is not True:
            going = sent("schema", output.schema, output.strict, OPENAI_STRICT, rooted=True)
            losses += [Loss("$.output" + loss.path, loss.reason) for loss in going.losses]
        fields: PlainObject = {"name": name_of(output), "schema": going.schema.thaw()}
        if output.description is not None:
            fields["description"] = output.description
        if going.strict is not None:
            fields["strict"] = going.strict
        block: PlainObject = {"type": _TYPE, **(fields if self.within is None else {self.within: fields})}
        if output.extras is not EMPTY:
            before = len(losses)
            self.mirror.attach(block, output.extras, losses, "$.output")
            back = self.read(thaw(block))
            if len(losses) == before and not going.losses and (back is None or back.extras != output.extras):
                losses.append(
                    Loss("$.output.extras", f"{self.mirror.called} reads this schema as another one")
                )
        return block

    def read(self, value: PlainJson) -> AnyOutput | None:
        """The schema; None if this asks for something else. Takes `value` over."""
        if not isinstance(value, dict) or value.get("type") != _TYPE:
            return None
        beside = {key: item for key, item in value.items() if key not in ("type", self.within)}
        fields = beside if self.within is None else value.get(self.within)
        if not isinstance(fields, dict):
            return None
        name, schema = fields.get("name"), fields.get("schema")
        if not isinstance(name, str) or not isinstance(schema, dict):
            return None
        rest = {key: item for key, item in fields.items() if key not in ("name", "schema")}
        description, strict = rest.get("description"), rest.get("strict")
        if isinstance(description, str):
            del rest["description"]
        if isinstance(strict, bool):
            del rest["strict"]
        if self.within is not None:
            rest = {**beside, self.within: rest} if rest else beside
        form = JsonObject.wrap(schema)
        if not goes_as_it_stands(form, strict is True, OPENAI_STRICT, rooted=True):
            rest["$verbatim"] = True
        return Output(
            form,
            name,
            description if isinstance(description, str) else None,
            strict if isinstance(strict, bool) else None,
            self.mirror.extras(rest),
        )
