"""The schema of an answer, `response_format` of type `json_schema`, in both directions.

Law: a schema goes out as OpenAI takes it: its root an object, and where `strict` is asked for in strict form. One that
came in another form is noted as `$verbatim`, and goes back as it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonObject, PlainJson, thaw
from llm_pure.openai_chat.shape import Losses, attach, extras_with, noted, plain
from llm_pure.outputs import AnyOutput, Output, name_of
from llm_pure.reading import PlainObject
from llm_pure.strict import OPENAI_STRICT, Sent, goes_as_it_stands, sent

if TYPE_CHECKING:
    from openai.types.shared_params import ResponseFormatJSONSchema
    from openai.types.shared_params.response_format_json_schema import JSONSchema

__all__ = ["read_output", "write_output"]


def write_output(output: AnyOutput, losses: Losses) -> ResponseFormatJSONSchema:
    """The format that asks for an answer of this schema."""
    going = Sent(output.schema, output.strict)
    if noted(output.extras, "$verbatim") is not True:
        going = sent("schema", output.schema, output.strict, OPENAI_STRICT, rooted=True)
        losses += [Loss("$.output" + loss.path, loss.reason) for loss in going.losses]
    inner: JSONSchema = {"name": name_of(output)}
    inner["schema"] = {**going.schema.thaw()}
    if output.description is not None:
        inner["description"] = output.description
    if going.strict is not None:
        inner["strict"] = going.strict
    said: ResponseFormatJSONSchema = {"type": "json_schema", "json_schema": inner}
    if output.extras is not EMPTY:
        before = len(losses)
        block = attach(plain(said), output.extras, losses, "$.output")
        back = read_output(thaw(block))
        if len(losses) == before and not going.losses and (back is None or back.extras != output.extras):
            losses.append(Loss("$.output.extras", "Chat Completions reads this schema as another one"))
    return said


def read_output(value: PlainJson) -> AnyOutput | None:
    """The schema; None if this asks for something else. Takes `value` over."""
    if not isinstance(value, dict) or value.get("type") != "json_schema":
        return None
    inner = value.get("json_schema")
    if not isinstance(inner, dict):
        return None
    name, schema = inner.pop("name", None), inner.pop("schema", None)
    if not isinstance(name, str) or not isinstance(schema, dict):
        inner.update({key: item for key, item in (("name", name), ("schema", schema)) if item is not None})
        return None
    description, strict = inner.get("description"), inner.get("strict")
    if isinstance(description, str):
        del inner["description"]
    if isinstance(strict, bool):
        del inner["strict"]
    rest: PlainObject = {key: item for key, item in value.items() if key not in ("type", "json_schema")}
    if not goes_as_it_stands(form := JsonObject.wrap(schema), strict is True, OPENAI_STRICT, rooted=True):
        rest["$verbatim"] = True
    return Output(
        form,
        name,
        description if isinstance(description, str) else None,
        strict if isinstance(strict, bool) else None,
        extras_with({**rest, "json_schema": inner} if inner else rest),
    )
