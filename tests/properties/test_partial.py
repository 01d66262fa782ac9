"""Laws of JSON that is still being written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_effects import arun, astream, run, stream, with_repair
from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Completion,
    Json,
    JsonObject,
    PartDone,
    PartialJson,
    Reasoning,
    ReasoningDelta,
    Response,
    Restarted,
    Started,
    StreamEvent,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    apartials,
    events_of,
    partial_start,
    partial_step,
    partials,
)
from llm_pure.json import parse_json
from llm_pure.strategies import json_values, texts
from tests.effects.scripted import QUESTION, answer, leaf
from tests.many import many


def written() -> st.SearchStrategy[str]:
    """JSON texts: of any value, in any spelling."""
    spelled = st.builds(
        lambda value, indent, escaped: json.dumps(value, indent=indent, ensure_ascii=escaped),
        json_values(),
        st.sampled_from([None, 1]),
        st.booleans(),
    )
    odd = [
        '{"a": -1.5e+30, "b": [true, null, 12]}',
        '["\\ud83d\\ude00\\n", "12", "-"]',
        " [ ] ",
        "12",
        '"a"',
        "true",
    ]
    return spelled | st.sampled_from(odd)


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = draw(st.lists(st.integers(0, len(text)), max_size=12)) if draw(st.booleans()) else range(len(text))
    return [text[a:b] for a, b in pairwise([0, *sorted(cuts), len(text)])]


def as_text(said: list[str]) -> list[StreamEvent]:
    return [Started(), *[TextDelta(0, one) for one in said], PartDone(0, Text("".join(said)))]


def begins(a: Json, b: Json, *, growing: bool) -> bool:
    """Whether `a` is `b` as far as it has come."""
    if isinstance(a, JsonObject) and isinstance(b, JsonObject):
        return a.keys() <= b.keys() and all(begins(a[key], b[key], growing=growing) for key in a)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) <= len(b) and all(begins(x, y, growing=growing) for x, y in zip(a, b, strict=False))
    if growing and isinstance(a, str) and isinstance(b, str):
        return b.startswith(a)
    return type(a) is type(b) and a == b


def open_leaves(a: Json, b: Json) -> int:
    """How many containers and strings of `a` are not yet what they are in `b`; what is within another counts once."""
    if a == b:
        return 0
    if isinstance(a, JsonObject) and isinstance(b, JsonObject):
        return max(1, sum(open_leaves(a[key], b[key]) for key in a))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return max(1, sum(open_leaves(x, y) for x, y in zip(a, b, strict=False)))
    return 1


@many
@given(st.data(), written(), st.booleans())
def test_every_value_is_a_beginning_of_the_next_and_the_last_is_the_whole(
    data: st.DataObject, text: str, growing: bool
) -> None:
    value = JsonObject({"": parse_json(text)})[""]
    found = list(partials(as_text(data.draw(pieces(text))), growing=growing))
    assert found[-1] == PartialJson(0, value, whole=True)
    assert not any(partial.whole for partial in found[:-1])
    for a, b in pairwise(found):
        assert begins(a.value, b.value, growing=growing)
        assert open_leaves(a.value, value) <= 1
    seen = [partial.value for partial in found[:-1]]
    assert all(a != b for a, b in pairwise(seen))


@many
@given(st.data(), st.dictionaries(texts(), json_values(), min_size=1))
def test_arguments_grow_as_texts_do(data: st.DataObject, fields: dict[str, Any]) -> None:
    arguments = JsonObject(fields)
    said = data.draw(pieces(arguments.text))
    call = ToolCall("c", "f", arguments)
    deltas = [ToolCallDelta(1, one) for one in said]
    events: list[StreamEvent] = [ToolCallStarted(1, "c", "f"), *deltas, PartDone(1, call)]
    found = list(partials(events))
    assert [(p.value, p.whole) for p in found] == [(p.value, p.whole) for p in partials(as_text(said))]
    assert found[-1] == PartialJson(1, arguments, whole=True)


@many
@given(st.data(), texts() | written())
def test_any_text_and_any_event_give_values_or_nothing(data: st.DataObject, text: str) -> None:
    events: list[StreamEvent] = [*as_text(data.draw(pieces(text))), Restarted(0)]
    state = partial_start()
    for event in data.draw(st.permutations(events)):
        before = state
        state, found = partial_step(before, event)
        assert partial_step(before, event) == (state, found)


def shown(text: str, *, growing: bool = False) -> list[Json]:
    return [partial.value for partial in partials(as_text(list(text)), growing=growing)]


def test_no_number_and_no_string_is_shown_before_it_is_whole() -> None:
    assert shown('{"a": 12, "b": "xy"}') == [{}, {"a": 12}, {"a": 12, "b": "xy"}, {"a": 12, "b": "xy"}]
    assert shown("[12]") == [(), (12,), (12,)]
    assert shown("12") == [12]
    assert shown('"ab"') == ["ab"]


def test_a_string_grows_if_asked_and_never_shows_half_an_escape() -> None:
    assert shown('["a\\n\\ud83d\\ude00"]', growing=True) == [
        (),
        ("",),
        ("a",),
        ("a\n",),
        ("a\n😀",),
        ("a\n😀",),
    ]


def test_a_number_that_is_no_json_shows_nothing_more() -> None:
    assert shown("[1, 1e999, 2]") == [(), (1,)]
    assert shown("[" + "9" * 400 + ".0, 2]") == [()]


def test_what_is_no_json_has_no_last_value() -> None:
    assert shown("I think so: [1]") == []
    assert shown("[1] and more") == [(), (1,)]
    broken = BrokenToolCall("c", "f", '{"a": 1, "b')
    events: list[StreamEvent] = [ToolCallDelta(0, broken.text), PartDone(0, broken)]
    assert list(partials(events)) == [PartialJson(0, JsonObject({"a": 1}))]


def test_what_begins_anew_begins_with_nothing_and_parts_do_not_mix() -> None:
    events: list[StreamEvent] = [
        ReasoningDelta(0, "[1"),
        PartDone(0, Reasoning("[1")),
        TextDelta(1, "[1, 2"),
        ToolCallDelta(2, '{"a": 1,'),
        Restarted(1),
        TextDelta(1, "[3,"),
        PartDone(1, Text("[3,4]")),
    ]
    assert [(p.index, p.value) for p in partials(events)] == [
        (1, (1,)),
        (2, {"a": 1}),
        (1, (3,)),
        (1, (3, 4)),
    ]


def test_an_answer_that_came_whole_shows_its_value() -> None:
    whole = Response(AssistantMessage((Text('{"a": [1]}'),)))
    assert list(partials(events_of(whole)))[-1] == PartialJson(0, JsonObject({"a": [1]}), whole=True)


ASKED: Completion = QUESTION.replace(output=dict[str, int])
SAID = '{"a": 1, "b": 22}'


def test_a_stream_of_any_colour_can_be_followed() -> None:
    async def of(runner: Any) -> list[PartialJson]:
        async with astream(runner, ASKED) as events:
            found: AsyncIterator[PartialJson] = apartials(events)
            return [partial async for partial in found]

    with stream(leaf(answer(SAID)), ASKED) as events:
        blocking = list(partials(events))
    assert blocking[-1] == PartialJson(0, JsonObject({"a": 1, "b": 22}), whole=True)
    assert asyncio.run(of(leaf(answer(SAID)))) == blocking
    assert run(leaf(answer(SAID)), ASKED) == asyncio.run(arun(leaf(answer(SAID)), ASKED))


def test_a_repaired_answer_begins_anew() -> None:
    with stream(with_repair()(leaf(answer('{"a": "x"}'), answer(SAID))), ASKED) as events:
        found = list(partials(events))
    assert PartialJson(0, JsonObject({"a": "x"})) in found
    assert [partial.value for partial in found if partial.whole] == [{"a": 1, "b": 22}]
