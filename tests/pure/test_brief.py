"""What a `repr` shows of our values: what differs from the defaults, and nothing long."""

from dataclasses import is_dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import llm_pure
from llm_pure import (
    Audio,
    Base64,
    Completion,
    ContinuationPolicy,
    Encoded,
    Image,
    JsonObject,
    Opaque,
    RateLimited,
    Reasoning,
    Response,
    RetryPolicy,
    Text,
    Timeout,
    Tool,
    ToolCall,
    Url,
    Usage,
    assistant,
    user,
)
from llm_pure.brief import Brief, brief
from llm_pure.serial import Value
from llm_pure.strategies import completions, messages, parts, responses, tool_choices, usages


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Text("hi"), "Text('hi')"),
        (Completion([user("hi")], max_tokens=3), "Completion((UserMessage((Text('hi'),)),), max_tokens=3)"),
        (
            Response(assistant("hi"), Usage(1)),
            "Response(AssistantMessage((Text('hi'),)), usage=Usage(input_tokens=1))",
        ),
        (RateLimited(retry_after=3.0), "RateLimited(retry_after=3.0)"),
        (Timeout(), "Timeout()"),
        (RetryPolicy(max_attempts=5), "RetryPolicy(max_attempts=5)"),
        (ContinuationPolicy(), "ContinuationPolicy()"),
        (ToolCall("1", "f", JsonObject({"a": 1})), "ToolCall('1', 'f', arguments=JsonObject({'a': 1}))"),
        (Tool("f", source=print), "Tool('f')"),
        (Text("x" * 300), f"Text(<300 characters: '{'x' * 40}'…>)"),
        (
            Encoded({"a": ["b" * 300, {"c": None}]}, {}, ()),
            "Encoded({'a': [<300 characters>, {'c': None}]}, {}, ())",
        ),
    ],
)
def test_what_is_shown(value: object, shown: str) -> None:
    assert repr(value) == shown


def test_bytes_are_cut_too() -> None:
    assert brief((b"a" * 201, b"b")) == "(<201 bytes>, b'b')"


@given(st.one_of(completions(), responses(), messages(), parts(), usages(), tool_choices()))
def test_what_is_short_can_be_read_back(value: Value) -> None:
    assume("characters" not in repr(value))
    assert eval(repr(value), vars(llm_pure).copy()) == value


@pytest.mark.parametrize(
    "value",
    [
        Image(Base64("SECRET" * 50, "image/png")),
        Audio(Base64("SECRET", "audio/wav")),
        Image(Url("data:image/png;base64," + "SECRET" * 50)),
        Reasoning("", signature="SECRET", encrypted="SECRET"),
        Opaque("anthropic", JsonObject({"source": {"data": "SECRET" * 50}})),
        ToolCall("1", "f", JsonObject({"data": "SECRET" * 50})),
        Encoded({"messages": [{"source": {"data": "SECRET" * 50}}]}, {}, ()),
    ],
)
def test_what_is_sealed_or_may_be_base64_is_not_shown(value: object) -> None:
    assert "SECRET" not in repr(value)
    assert "SECRET" not in repr((value,))


def test_all_values_at_the_door_show_themselves_so() -> None:
    own = {"Base64", "Url", "Reasoning"}
    classes = [getattr(llm_pure, name) for name in llm_pure.__all__]
    plain = {
        c.__name__
        for c in classes
        if isinstance(c, type) and is_dataclass(c) and c.__repr__ is not Brief.__repr__
    }
    assert plain == own
