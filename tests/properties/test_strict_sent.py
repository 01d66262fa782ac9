"""Strict tools and outputs through the codecs: what goes out keeps to the provider's rules, or a loss says why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from llm_pure import (
    ANTHROPIC_STRICT,
    ANTHROPIC_STRICT_OUTPUT,
    OPENAI_STRICT,
    AnyTool,
    Completion,
    JsonObject,
    Loss,
    Output,
    PlainJson,
    StrictRules,
    Tool,
    WireFormat,
    codec_of,
    strict_schema,
)
from tests.many import many
from tests.properties.test_strict import schemas

WIRES: dict[WireFormat, tuple[StrictRules, StrictRules]] = {
    "anthropic_messages": (ANTHROPIC_STRICT, ANTHROPIC_STRICT_OUTPUT),
    "openai_chat": (OPENAI_STRICT, OPENAI_STRICT),
    "openai_responses": (OPENAI_STRICT, OPENAI_STRICT),
}


class Leg(BaseModel):
    model_config = ConfigDict(extra="forbid")
    to: str
    nights: int = 1


class Trip(BaseModel):
    """A trip."""

    legs: list[Leg]
    notes: dict[str, str]


class Node(BaseModel):
    children: list[Node]


def tool_said(wire: WireFormat, payload: dict[str, Any]) -> tuple[Any, Any]:
    tool = payload["tools"][0]
    inner = tool["function"] if wire == "openai_chat" else tool
    return inner.get("input_schema" if wire == "anthropic_messages" else "parameters"), inner.get("strict")


def output_said(wire: WireFormat, payload: dict[str, Any]) -> tuple[Any, Any]:
    if wire == "anthropic_messages":
        return payload.get("output_config", {}).get("format", {}).get("schema"), True
    inner = payload["response_format"]["json_schema"] if wire == "openai_chat" else payload["text"]["format"]
    return inner["schema"], inner.get("strict")


def field_of(completion: Completion, path: str) -> object:
    found: object = completion
    for name in path.replace("[", ".").replace("]", "").split(".")[1:]:
        if isinstance(found, tuple):
            found = found[int(name)] if int(name) < len(found) else None
        elif isinstance(found, JsonObject):
            found = found.get(name, "nothing here")
        else:
            found = getattr(found, name)
    return found


@many
@given(schemas(), st.booleans(), st.sampled_from(sorted(WIRES)))
def test_what_goes_out_is_strict_and_losses_name_what_differs(
    schema: JsonObject, as_output: bool, wire: WireFormat
) -> None:
    tool: AnyTool = Tool("t", parameters=schema, strict=True)
    asked = (
        Completion([], output=Output(schema, "o", strict=True)) if as_output else Completion([], tools=[tool])
    )
    encoded = codec_of(wire).encode_request(asked).unwrap()
    rules = WIRES[wire][as_output]
    find = output_said if as_output else tool_said
    said, strict = find(wire, encoded.payload)
    if said is not None and strict and schema:
        made = strict_schema(JsonObject(said), rules)
        assert (made.changes, made.obstacle) == ((), None)
    back = codec_of(wire).decode_request(encoded.payload).unwrap()
    for loss in encoded.losses:
        path = loss.path
        if back.output is not None or not path.startswith("$.output"):
            assert field_of(asked, path) != field_of(back, path), loss


@many
@given(schemas(), st.booleans(), st.sampled_from(sorted(WIRES)))
def test_a_payload_goes_back_as_it_stood_whatever_its_schema(
    schema: JsonObject, as_output: bool, wire: WireFormat
) -> None:
    form: PlainJson = schema.thaw()
    payload: dict[str, PlainJson] = {"model": "m", "messages": [], "max_tokens": 1}
    if wire == "anthropic_messages":
        tool: PlainJson = {"name": "t", "input_schema": form, "strict": True}
        more: PlainJson = {"format": {"type": "json_schema", "schema": form}}
        payload.update({"output_config": more} if as_output else {"tools": [tool]})
    elif wire == "openai_chat":
        inner: PlainJson = {"name": "t", "parameters": form, "strict": True}
        more = {"type": "json_schema", "json_schema": {"name": "o", "schema": form, "strict": True}}
        payload.update(
            {"response_format": more} if as_output else {"tools": [{"type": "function", "function": inner}]}
        )
    else:
        payload = {"model": "m", "input": "hi"}
        more = {"format": {"type": "json_schema", "name": "o", "schema": form, "strict": True}}
        flat: PlainJson = {"type": "function", "name": "t", "parameters": form, "strict": True}
        payload.update({"text": more} if as_output else {"tools": [flat]})
    codec = codec_of(wire)
    again = codec.encode_request(codec.decode_request(payload).unwrap()).unwrap()
    assert again.losses == ()
    if as_output:
        assert output_said(wire, again.payload) == (form, True)
    elif form or wire == "anthropic_messages":
        assert tool_said(wire, again.payload) == (form, True)


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_a_type_whose_schema_is_strict_already_loses_nothing(wire: WireFormat) -> None:
    class Point(BaseModel):
        x: int
        y: int | None

    tools = [Tool.of(Point, strict=True)]
    output = Output.of(Point, strict=None if wire == "anthropic_messages" else True)
    encoded = (
        codec_of(wire).encode_request(Completion([], tools=tools, output=output), on_loss="refuse").unwrap()
    )
    assert encoded.losses == ()


def test_each_change_of_a_strict_tool_is_a_loss_with_its_path() -> None:
    asked = Completion([], tools=[Tool.of(Trip, strict=True)])
    found = {wire: codec_of(wire).encode_request(asked).unwrap().losses for wire in WIRES}
    leg = "$.tools[0].parameters.$defs.Leg"
    a_map = Loss("$.tools[0].parameters.properties.notes", "a map is an array of keys and values")
    assert found["openai_chat"] == (
        Loss(
            f"{leg}.properties.nights",
            "has to be there: null stands for what is left out",
        ),
        Loss(f"{leg}.required", "every property has to be there, or null in its place"),
        a_map,
    )
    assert found["openai_responses"] == found["openai_chat"]
    assert found["anthropic_messages"] == (
        Loss(f"{leg}.properties.nights.default", "no keyword in strict mode: said in words"),
        Loss(f"{leg}.properties.nights.description", "what has no keyword is said in words"),
        a_map,
    )


def test_what_has_no_strict_form_is_sent_as_it_is_and_nobody_is_held_to_it() -> None:
    asked = Completion([], tools=[Tool.of(Node, strict=True)], output=Output.of(Node))
    encoded = codec_of("anthropic_messages").encode_request(asked).unwrap()
    assert tool_said("anthropic_messages", encoded.payload) == (asked.tools[0].parameters.thaw(), None)
    assert "output_config" not in encoded.payload
    reason = "the schema has no strict form: no schema may refer to itself"
    assert encoded.losses == (Loss("$.tools[0].strict", reason), Loss("$.output", reason))
    (loss,) = codec_of("openai_chat").encode_request(asked).unwrap().losses
    assert loss == Loss("$.tools[0].parameters", "a reference has nothing beside it: written out")


@pytest.mark.parametrize("wire", ["openai_chat", "openai_responses"])
@pytest.mark.parametrize("strict", [None, True])
def test_openai_is_asked_for_an_object_around_what_is_none(wire: WireFormat, strict: bool | None) -> None:
    encoded = (
        codec_of(wire).encode_request(Completion([], output=Output.of(list[int], strict=strict))).unwrap()
    )
    assert output_said(wire, encoded.payload)[0] == {
        "type": "object",
        "properties": {"_value": {"type": "array", "items": {"type": "integer"}}},
        "required": ["_value"],
        "additionalProperties": False,
    }
    assert encoded.losses == (Loss("$.output.schema", "the root is an object: the answer is its `_value`"),)
