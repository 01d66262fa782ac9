"""The schema of an answer, `text.format` of type `json_schema`, in both directions.

Law: a schema goes out as OpenAI takes it: its root an object, and where `strict` is asked for in strict form. One that
came in another form is noted as `$verbatim`, and goes back as it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonObject, PlainJson, thaw
from llm_pure.openai_responses.shape import Losses, attach, extras_with, noted, plain
from llm_pure.outputs import AnyOutput, Output, name_of
from llm_pure.reading import PlainObject
from llm_pure.strict import OPENAI_STRICT, Sent, goes_as_it_stands, sent

if TYPE_CHECKING:
    from openai.types.responses import ResponseFormatTextJSONSchemaConfigParam

__all__ = ["read_output", "write_output"]


def write_output(output: AnyOutput, losses: Losses) -> PlainObject:
    """The format that asks for an answer of this schema."""
    going = Sent(output.schema, output.strict)
    if noted(output.extras, "$verbatim") is not True:
        going = sent("schema", output.schema, output.strict, OPENAI_STRICT, rooted=True)
        losses += [Loss("$.output" + loss.path, loss.reason) for loss in going.losses]
    said: ResponseFormatTextJSONSchemaConfigParam = {
        "type": "json_schema",
        "name": name_of(output),
        "schema": {**going.schema.thaw()},
    }
    if output.description is not None:
        said["description"] = output.description
    if going.strict is not None:
        said["strict"] = going.strict
    block = plain(said)
    if output.extras is not EMPTY:
        before = len(losses)
        attach(block, output.extras, losses, "$.output")
        back = read_output(thaw(block))
        if len(losses) == before and not going.losses and (back is None or back.extras != output.extras):
            losses.append(Loss("$.output.extras", "Responses reads this schema as another one"))
    return block


_OUTPUT: Final = frozenset({"type", "name", "schema"})


def read_output(value: PlainJson) -> AnyOutput | None:
    """The schema; None if this asks for something else. Takes `value` over."""
    if not isinstance(value, dict) or value.get("type") != "json_schema":
        return None
    name, schema = value.get("name"), value.get("schema")
    if not isinstance(name, str) or not isinstance(schema, dict):
        return None
    rest = {key: item for key, item in value.items() if key not in _OUTPUT}
    description, strict = rest.get("description"), rest.get("strict")
    if isinstance(description, str):
        del rest["description"]
    if isinstance(strict, bool):
        del rest["strict"]
    if not goes_as_it_stands(form := JsonObject.wrap(schema), strict is True, OPENAI_STRICT, rooted=True):
        rest["$verbatim"] = True
    return Output(
        form,
        name,
        description if isinstance(description, str) else None,
        strict if isinstance(strict, bool) else None,
        extras_with(rest),
    )
