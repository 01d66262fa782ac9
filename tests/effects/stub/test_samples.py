"""Samples fit the schemas they are made for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from llm_effects.stub.samples import sample


class Inner(BaseModel):
    n: int = Field(ge=3)
    share: float = Field(gt=0, le=1)


class Node(BaseModel):
    name: str
    children: "list[Node]" = []


class Everything(BaseModel):
    name: str = Field(min_length=12)
    short: str = Field(max_length=2)
    inner: Inner
    many: list[Inner] = Field(min_length=2)
    maybe: str | None
    flag: bool
    pair: dict[str, str]
    tree: Node


@pytest.mark.parametrize("model", [Inner, Node, Everything])
def test_a_sample_fits_its_schema(model: type[BaseModel]) -> None:
    value = sample(model.model_json_schema(), ("whales", "sea"))
    if model is Inner:
        assert value == {"n": 3, "share": 1}
    model.model_validate(value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-5, 5)
        | st.sampled_from(["object", "array", "string", "#", "#/a/b"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "properties",
                        "items",
                        "anyOf",
                        "$ref",
                        "enum",
                        "minItems",
                        "minLength",
                        "required",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_any_schema_gives_some_json(schema: Any) -> None:
    if isinstance(schema, dict):
        sample(schema, ("word",))
