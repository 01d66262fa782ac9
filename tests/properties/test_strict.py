"""Laws of strict schemas: of any schema, and of types that pydantic can take."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, create_model
from returns.result import Success

from llm_pure import (
    ANTHROPIC_STRICT,
    ANTHROPIC_STRICT_OUTPUT,
    OPENAI_STRICT,
    AssistantMessage,
    Json,
    JsonObject,
    Output,
    Response,
    StrictRules,
    Text,
    Tool,
    ToolCall,
    from_strict,
    parse_output,
    parse_tool_call,
    strict_schema,
)
from llm_pure.strategies import json_objects, json_values
from tests.many import many

RULES = st.sampled_from([OPENAI_STRICT, ANTHROPIC_STRICT, ANTHROPIC_STRICT_OUTPUT])

# ---------------------------------------------------------------- any schema

_WORDS = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "enum",
]
_WORDS += [
    "const",
    "$ref",
    "$defs",
    "prefixItems",
    "default",
    "minimum",
    "minItems",
    "format",
    "description",
    "title",
]
_TYPES = ["object", "array", "string", "integer", "null", ["string", "null"], ["object", "array"], "x", 3]


def schemas() -> st.SearchStrategy[JsonObject]:
    """Objects of the words of JSON Schema, in and out of place."""
    plain: st.SearchStrategy[Any] = st.sampled_from(_TYPES) | st.sampled_from(
        ["#", "#/$defs/a", "#/nowhere", True, False, None, 1, "date", "a", ["a"], ["a", "b"]]
    )

    def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        node = st.dictionaries(st.sampled_from(_WORDS), inner | plain, max_size=4)
        typed = st.builds(lambda kind, rest: {**rest, "type": kind}, st.sampled_from(_TYPES), node)
        return (
            node
            | typed
            | st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        )

    return (
        st.recursive(plain, around, max_leaves=12)
        .filter(lambda found: isinstance(found, dict))
        .map(JsonObject)
    )


def at(value: Json, path: str) -> object:
    """What stands at a path; a marker of its own where there is nothing."""
    for name in path.replace("[", ".").replace("]", "").split(".")[1:]:
        if isinstance(value, tuple) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, JsonObject) and name in value:
            value = value[name]
        else:
            return "nothing here"
    return value


def without(value: Any, path: str) -> None:
    steps = path.replace("[", ".").replace("]", "").split(".")[1:]
    for name in steps[:-1]:
        value = value[int(name)] if isinstance(value, list) else value[name]
    if isinstance(value, list):
        value[int(steps[-1])] = None
    else:
        value.pop(steps[-1], None)


@many
@given(schemas() | json_objects(), RULES)
def test_changes_name_every_place_that_differs_and_no_other(schema: JsonObject, rules: StrictRules) -> None:
    made = strict_schema(schema, rules)
    paths = [change.path for change in made.changes]
    assert (made.schema == schema) == (paths == [])
    if "$" in paths:
        return
    assert [path for path in paths if at(schema, path) == at(made.schema, path)] == []
    before, after = schema.thaw(), made.schema.thaw()
    for path in reversed(paths):
        without(before, path)
        without(after, path)
    assert JsonObject(before) == JsonObject(after)


@many
@given(schemas(), RULES)
def test_what_is_strict_stays_as_it_is(schema: JsonObject, rules: StrictRules) -> None:
    made = strict_schema(schema, rules)
    again = strict_schema(made.schema, rules)
    assert (again.schema, again.changes) == (made.schema, ())


@many
@given(json_values(), schemas())
def test_any_value_is_read_by_any_schema(value: Json, schema: JsonObject) -> None:
    from_strict(value, schema)


# ---------------------------------------------------------------- types

Say = Callable[[Any, StrictRules], Any]
"""A value of the type, as a model that is held to the strict form says it."""


@dataclass(frozen=True)
class Kind:
    """A type, its values, and what a model says for each."""

    type: Any
    values: st.SearchStrategy[Any]
    say: Say
    nullable: bool = False


def _as_is(value: Any, rules: StrictRules) -> Any:
    return value


_INT = Kind(int, st.integers(-9, 9), _as_is)
SCALARS = [
    _INT,
    Kind(str, st.sampled_from(["", "a", "null"]), _as_is),
    Kind(bool, st.booleans(), _as_is),
    Kind(Literal["a", "b"], st.sampled_from(["a", "b"]), _as_is),
    Kind(date, st.just(date(2026, 1, 2)), lambda value, rules: value.isoformat()),
    Kind(int | None, st.integers(0, 3) | st.none(), _as_is, nullable=True),
]


def lists(of: Kind) -> Kind:
    return Kind(list[of.type], st.lists(of.values, max_size=2), lambda v, r: [of.say(one, r) for one in v])  # type: ignore[name-defined]  # a type that is drawn


def maps(of: Kind) -> Kind:
    def say(value: Any, rules: StrictRules) -> Any:
        return [{"key": key, "value": of.say(one, rules)} for key, one in value.items()]

    return Kind(dict[str, of.type], st.dictionaries(st.sampled_from("xyz"), of.values, max_size=2), say)  # type: ignore[name-defined]  # a type that is drawn


def maybe(of: Kind) -> Kind:
    def say(value: Any, rules: StrictRules) -> Any:
        return None if value is None else of.say(value, rules)

    return Kind(of.type | None, st.none() | of.values, say, nullable=True)


def pairs(a: Kind, b: Kind) -> Kind:
    values = st.tuples(a.values, b.values)
    return Kind(tuple[a.type, b.type], values, lambda v, r: [a.say(v[0], r), b.say(v[1], r)])  # type: ignore[name-defined]  # types that are drawn


def models(fields: list[tuple[Kind, bool]], tag: str | None = None) -> Kind:
    """A model; of each field whether it may be left out. One that may has a default that nobody draws."""
    left_out = [f"f{n}" for n, (kind, optional) in enumerate(fields) if optional and not kind.nullable]
    given_types: dict[str, Any] = {
        f"f{n}": (
            kind.type | str if optional and not kind.nullable else kind.type,
            "left out" if optional else ...,
        )
        for n, (kind, optional) in enumerate(fields)
    }
    if tag is not None:
        given_types["kind"] = (Literal[tag], ...)
    model: type[BaseModel] = create_model("Drawn", **given_types)

    def say(value: Any, rules: StrictRules) -> Any:
        said: dict[str, Any] = {} if tag is None else {"kind": tag}
        for n, (kind, _) in enumerate(fields):
            own = getattr(value, f"f{n}")
            if f"f{n}" in left_out and own == "left out":
                if rules.all_required:
                    said[f"f{n}"] = None
            else:
                said[f"f{n}"] = kind.say(own, rules)
        return said

    values = st.builds(
        model,
        **{
            f"f{n}": kind.values | st.just("left out") if f"f{n}" in left_out else kind.values
            for n, (kind, _) in enumerate(fields)
        },
        **({} if tag is None else {"kind": st.just(tag)}),
    )
    return Kind(model, values, say)


def unions(a: Kind, b: Kind) -> Kind:
    tagged = models([(a, False)], "a"), models([(b, True)], "b")
    form = tagged[0].type | tagged[1].type
    holder: Any = create_model("Holder", held=(form, Field(discriminator="kind")))

    def say(value: Any, rules: StrictRules) -> Any:
        return tagged["ab".index(value.kind)].say(value, rules)

    return Kind(
        holder,
        st.builds(lambda held: holder(held=held), tagged[0].values | tagged[1].values),
        lambda value, rules: {"held": say(value.held, rules)},
    )


def kinds() -> st.SearchStrategy[Kind]:
    def around(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
        fields = st.lists(st.tuples(inner, st.booleans()), max_size=3)
        return (
            inner.map(lists)
            | inner.map(maps)
            | inner.map(maybe)
            | st.builds(pairs, inner, inner)
            | fields.map(models)
            | st.builds(unions, inner, inner)
        )

    return st.recursive(st.sampled_from(SCALARS), around, max_leaves=5)


@many
@given(st.data(), RULES)
def test_a_value_said_in_strict_form_is_read_as_the_type_has_it(
    data: st.DataObject, rules: StrictRules
) -> None:
    kind = data.draw(kinds())
    value = data.draw(kind.values)
    made = strict_schema(Output.of(kind.type).schema, rules)
    if made.obstacle is not None:
        return
    said = kind.say(value, rules)
    if made.schema.get("type") == "object" and not (
        isinstance(kind.type, type) and issubclass(kind.type, BaseModel)
    ):
        said = {"_value": said}
    Draft202012Validator(made.schema.thaw()).validate(said)
    answer = Response(AssistantMessage((Text(json.dumps(said)),)), stop_reason="end")
    assert parse_output(answer, kind.type) == Success(value)
    assert parse_output(answer, Output.of(kind.type, strict=True)) == Success(value)


@many
@given(st.data(), st.sampled_from([OPENAI_STRICT, ANTHROPIC_STRICT]))
def test_arguments_said_in_strict_form_are_read_as_the_model(data: st.DataObject, rules: StrictRules) -> None:
    kind = data.draw(st.lists(st.tuples(kinds(), st.booleans()), max_size=3).map(models))
    value = data.draw(kind.values)
    tool = Tool.of(kind.type, strict=True)
    if strict_schema(tool.parameters, rules).obstacle is None:
        call = ToolCall("1", tool.name, JsonObject(kind.say(value, rules)))
        assert parse_tool_call(call, tool) == Success(value)
