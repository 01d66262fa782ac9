"""JSON that no parser gives, and values that no wire carries."""

from __future__ import annotations

import pytest

from llm_pure import Completion, JsonObject, Text, ToolCall, assistant, user
from llm_pure.json import JsonError, PlainJson, check_json, dump_json, freeze
from llm_pure.reading import array_or_none, flag_or_none, number_or_none, owned_object


def test_what_is_frozen_is_equal_and_immutable() -> None:
    assert freeze([{"a": [1]}]) == (JsonObject({"a": [1]}),)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {1: 2}}, "$.a"),
        ({"a": ["\ud800"]}, "$.a[0]"),
        ({"a": float("inf")}, "$.a"),
        ({"a": {"b": b"bytes"}}, "$.a.b"),
        ([1, {2}], "$[1]"),
    ],
)
def test_what_cannot_be_sent_is_found(value: PlainJson, path: str) -> None:
    with pytest.raises(JsonError) as caught:
        dump_json(value)
    assert caught.value.path == path
    with pytest.raises(JsonError) as again:
        check_json(value)
    assert again.value.path == path


def test_nesting_has_an_end() -> None:
    deep: PlainJson = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(JsonError):
        dump_json(deep)
    with pytest.raises(JsonError):
        owned_object({"a": deep})


def test_readers_say_what_stands_there_instead() -> None:
    for read, path in ((flag_or_none, ".a"), (number_or_none, ".a"), (array_or_none, ".a")):
        assert read({}, "a") is None
        with pytest.raises(JsonError) as caught:
            read({"a": "text"}, "a")
        assert caught.value.path == path


def test_owned_data_is_checked_on_the_way() -> None:
    assert owned_object({"a": JsonObject({"b": (1, 2)})}) == {"a": {"b": [1, 2]}}
    for wrong in ({1: 2}, {"a": {1: 2}}, {"a": 10**5000}, {"a": object()}, [1]):
        with pytest.raises(JsonError):
            owned_object(wrong)


def test_what_the_last_message_holds() -> None:
    call = ToolCall("1", "f")
    completion = Completion([user("x"), assistant("a", call)], system=Text("be"))
    assert (completion.last_text, completion.last_tool_calls, completion.system) == (
        "a",
        (call,),
        (Text("be"),),
    )
    assert (Completion([]).last_text, Completion([]).last_tool_calls) == ("", ())
    options = Completion([], provider_options={"a": {"x": 1, "y": 1}, "b": {"x": 2}}).options_for(
        "a", "b", "c"
    )
    assert options == {"x": 2, "y": 1}
