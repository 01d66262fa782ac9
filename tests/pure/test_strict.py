"""Schemas in strict form: the table's rows, and the SDKs' own transforms as the reference."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from anthropic import transform_schema
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, ConfigDict, Field

from llm_pure import (
    ANTHROPIC_STRICT,
    ANTHROPIC_STRICT_OUTPUT,
    OPENAI_STRICT,
    JsonInput,
    JsonObject,
    StrictRules,
    from_strict,
    strict_schema,
)

T = TypeVar("T")
RULES = (OPENAI_STRICT, ANTHROPIC_STRICT, ANTHROPIC_STRICT_OUTPUT)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    number: int | None


class Person(BaseModel):
    name: str
    colour: Colour
    address: Address
    former: list[Address]
    nick: str | None = None
    kind: Literal["person"] = Field(default=...)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Pets(BaseModel):
    pets: list[Cat | Dog]
    first: Cat | Dog


class Node(BaseModel):
    value: int
    children: list[Node]


class Page(BaseModel, Generic[T]):
    items: list[T]
    more: bool


class Described(BaseModel):
    home: Address = Field(description="The first one.")


PLAIN_MODELS: list[type[BaseModel]] = [Address, Person, Pets, Page[int], Page[Address]]


def of(schema: dict[str, Any], rules: StrictRules = OPENAI_STRICT) -> dict[str, Any]:
    made = strict_schema(JsonObject(schema), rules)
    assert made.obstacle is None
    return made.schema.thaw()


@pytest.mark.parametrize("model", [*PLAIN_MODELS, Node, Described])
def test_openais_form_is_the_sdks(model: type[BaseModel]) -> None:
    assert JsonObject(of(model.model_json_schema())) == JsonObject(to_strict_json_schema(model))


@pytest.mark.parametrize("model", PLAIN_MODELS)
@pytest.mark.parametrize("rules", [ANTHROPIC_STRICT, ANTHROPIC_STRICT_OUTPUT])
def test_anthropics_form_is_the_sdks(model: type[BaseModel], rules: StrictRules) -> None:
    assert JsonObject(_comparable(of(model.model_json_schema(), rules))) == JsonObject(
        _comparable(transform_schema(model))
    )


def _comparable(value: Any) -> Any:
    """Without the types of enums and constants, which the SDK leaves out, and without defaults of null in words."""
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _comparable(item) for key, item in value.items()}
    if "enum" in found or "const" in found:
        found.pop("type", None)
    if found.get("description") == "{default: None}":
        del found["description"]
    return found


@pytest.mark.parametrize(
    "field",
    [
        {"type": "integer", "minimum": 1, "maximum": 10, "description": "How many."},
        {"type": "string", "minLength": 2, "pattern": "^a"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"type": "array", "items": {"type": "string"}, "minItems": 2},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "binary"},
    ],
)
def test_what_anthropic_has_no_keyword_for_is_said_as_the_sdk_says_it(
    field: dict[str, Any],
) -> None:
    schema = {"type": "object", "properties": {"x": field}, "required": ["x"], "additionalProperties": False}
    assert of(schema, ANTHROPIC_STRICT) == transform_schema(schema)


def test_a_property_that_may_be_left_out_has_to_be_there_or_null() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"type": "integer", "default": 1}, "b": {"type": "null"}},
    }
    made = strict_schema(JsonObject(schema), OPENAI_STRICT)
    assert made.schema == {
        "type": "object",
        "properties": {
            "a": {"anyOf": [{"type": "integer", "description": "{default: 1}"}, {"type": "null"}]},
            "b": {"type": "null"},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert [change.path for change in made.changes] == [
        "$.properties.a",
        "$.additionalProperties",
        "$.required",
    ]
    assert from_strict({"a": None, "b": None}, JsonObject(schema)) == {"b": None}


def test_a_map_is_an_array_of_keys_and_values_and_is_read_back() -> None:
    schema: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}
    pair = {
        "type": "object",
        "properties": {"key": {"type": "string"}, "value": {"type": "integer"}},
        "required": ["key", "value"],
        "additionalProperties": False,
    }
    assert of(schema, ANTHROPIC_STRICT_OUTPUT) == {"type": "array", "items": pair}
    for rules in (OPENAI_STRICT, ANTHROPIC_STRICT):
        assert of(schema, rules)["properties"] == {"_value": {"type": "array", "items": pair}}
    pairs: list[JsonInput] = [{"key": "a", "value": 1}]
    assert from_strict(pairs, JsonObject(schema)) == {"a": 1}
    assert from_strict({"_value": pairs}, JsonObject(schema)) == {"a": 1}
    assert from_strict({"a": 1}, JsonObject(schema)) == {"a": 1}


@pytest.mark.parametrize("schema", [{"type": "array", "items": {"type": "integer"}}, {"enum": ["a", "b"]}])
def test_a_root_that_is_no_object_is_the_value_of_one(schema: dict[str, Any]) -> None:
    for rules in (OPENAI_STRICT, ANTHROPIC_STRICT):
        made = strict_schema(JsonObject(schema), rules)
        assert made.schema["type"] == "object"
        assert made.schema["required"] == ("_value",)
        assert [change.path for change in made.changes] == ["$"]
    assert from_strict({"_value": [1]}, JsonObject(schema)) == (1,)
    assert strict_schema(JsonObject({**schema}), ANTHROPIC_STRICT_OUTPUT).schema == schema


def test_unions_tuples_and_intersections_are_said_in_what_there_is() -> None:
    assert of({"oneOf": [{"type": "integer"}, {"type": "string"}]}, ANTHROPIC_STRICT_OUTPUT) == {
        "anyOf": [{"type": "integer"}, {"type": "string"}]
    }
    pair = {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "maxItems": 2}
    assert of(pair)["properties"]["_value"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    a, b = ({"type": "object", "properties": {n: {"type": "integer"}}, "required": [n]} for n in "ab")
    assert of({"allOf": [a, b]}) == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }


def test_several_types_are_a_union_where_the_provider_wants_one() -> None:
    schema = {
        "type": "object",
        "properties": {"x": {"type": ["string", "null"], "minLength": 1}},
        "required": ["x"],
    }
    assert of(schema)["properties"]["x"] == {"type": ["string", "null"], "description": "{minLength: 1}"}
    assert of(schema, ANTHROPIC_STRICT)["properties"]["x"] == {
        "anyOf": [{"type": "string", "description": "{minLength: 1}"}, {"type": "null"}]
    }


def test_what_keeps_to_the_rules_stays_as_it_is() -> None:
    schema = JsonObject(to_strict_json_schema(Person))
    made = strict_schema(schema, OPENAI_STRICT)
    assert (made.schema, made.changes, made.obstacle) == (schema, (), None)
    closed = Page[int].model_json_schema() | {"additionalProperties": False}
    assert strict_schema(JsonObject(closed), ANTHROPIC_STRICT).changes == ()


@pytest.mark.parametrize(
    ("schema", "rules", "obstacle"),
    [
        (Node.model_json_schema(), ANTHROPIC_STRICT, "no schema may refer to itself"),
        (
            {"$ref": "https://example.org/s.json"},
            OPENAI_STRICT,
            "https://example.org/s.json points to nothing",
        ),
        (
            {"properties": {str(n): {"type": "integer"} for n in range(25)}},
            ANTHROPIC_STRICT,
            "there are at most 24 properties that may be left out, and here are 25",
        ),
        (
            {"properties": {"x": {"enum": list(range(1001))}}},
            OPENAI_STRICT,
            "there are at most 1000 values of enums, and here are 1001",
        ),
    ],
)
def test_what_has_no_strict_form_says_why_and_stays_as_it_is(
    schema: dict[str, Any], rules: StrictRules, obstacle: str
) -> None:
    made = strict_schema(JsonObject(schema), rules)
    assert (made.schema, made.changes, made.obstacle) == (JsonObject(schema), (), obstacle)


def test_objects_nested_too_deeply_have_no_strict_form() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(11):
        schema = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    assert strict_schema(JsonObject(schema), OPENAI_STRICT).obstacle == "objects are nested at most 10 deep"


def test_a_recursive_property_with_words_of_its_own_is_a_mere_reference() -> None:
    class Chain(BaseModel):
        next: Annotated[Chain | None, Field(description="The next one.")]

    assert of(Chain.model_json_schema())["properties"]["next"] == {
        "anyOf": [{"$ref": "#/$defs/Chain"}, {"type": "null"}],
        "description": "The next one.",
    }


def test_an_object_that_may_hold_more_is_closed_and_says_so() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        x: int

    made = strict_schema(JsonObject(Open.model_json_schema()), ANTHROPIC_STRICT)
    assert [(c.path, c.reason) for c in made.changes] == [("$.additionalProperties", "objects are closed")]
