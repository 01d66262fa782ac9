"""Calls are recognised whatever the stop reason says, and are broken unless their arguments are one whole object."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Completion,
    JsonObject,
    Malformed,
    Part,
    Response,
    Text,
    ToolCall,
    ToolResult,
    UserMessage,
    WireFormat,
    codec_of,
    user,
)
from llm_pure.json import JsonError, PlainJson, dump_json, parse_json
from llm_pure.parts import made_call
from llm_pure.strategies import json_objects
from tests.many import many

Plain = dict[str, Any]

STOPS: dict[WireFormat, list[Any]] = {
    "anthropic_messages": ["end_turn", "max_tokens", "tool_use", "refusal", "pause_turn", "new_word", None],
    "openai_chat": ["stop", "length", "tool_calls", "content_filter", "function_call", "new_word"],
    "openai_responses": [None, "max_output_tokens", "content_filter", "new_word"],
}
WHOLE = ['{"a": 1}', "{}", ' {"a": {"b": [1, 2]}} ', '{"a": "\\u00e9"}']
BROKEN = ['{"a": 1', '{"a": "b', "[1]", '"text"', "3", "null", "nul", '{"a": NaN}', "{} {}", "{'a': 1}"]
ARGUMENTS = (
    st.sampled_from(WHOLE) | st.sampled_from(BROKEN) | st.text(max_size=6).filter(lambda text: text.strip())
)


def expected(text: str) -> Part:
    try:
        value = parse_json(text)
    except JsonError:
        return BrokenToolCall("c1", "f", text)
    return (
        ToolCall("c1", "f", JsonObject(value)) if isinstance(value, dict) else BrokenToolCall("c1", "f", text)
    )


def body(wire: WireFormat, text: str, stop: Any) -> Plain:
    if wire == "openai_chat":
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {"id": "x", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": stop}]}
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": text}
    cut = (
        {"status": "incomplete", "incomplete_details": {"reason": stop}} if stop else {"status": "completed"}
    )
    return {"id": "x", "model": "m", "output": [{**item, "status": "completed"}], **cut}


def streamed(wire: WireFormat, text: str, stop: Any, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(bounds) if a < b]
    events: list[Plain] = []
    if wire == "anthropic_messages":
        start = {"id": "x", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": {}}
        block = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
        events.append({"type": "message_start", "message": start})
        events.append({"type": "content_block_start", "index": 0, "content_block": block})
        events += [
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": one},
            }
            for one in pieces
        ]
        events.append({"type": "content_block_stop", "index": 0})
        events.append(
            {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 1}}
        )
        events.append({"type": "message_stop"})
        return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]
    if wire == "openai_chat":
        first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
        deltas = [first, *[{"index": 0, "function": {"arguments": one}} for one in pieces]]
        events += [
            {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [d]}}]} for d in deltas
        ]
        events.append(
            {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": stop}]}
        )
        return [f"data: {json.dumps(e)}\n\n".encode() for e in events]
    whole = body(wire, text, stop)
    item = whole["output"][0]
    begun = {**item, "arguments": "", "status": "in_progress"}
    events.append({"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}})
    events.append({"type": "response.output_item.added", "output_index": 0, "item": begun})
    at = {"output_index": 0, "item_id": "fc_1"}
    events += [{"type": "response.function_call_arguments.delta", **at, "delta": one} for one in pieces]
    events.append({"type": "response.function_call_arguments.done", **at, "arguments": text})
    events.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [
        f"event: {e['type']}\ndata: {json.dumps({**e, 'sequence_number': n})}\n\n".encode()
        for n, e in enumerate(events)
    ]


def without_extras(part: Part) -> Part:
    if isinstance(part, ToolCall):
        return ToolCall(part.id, part.name, part.arguments)
    return BrokenToolCall(part.id, part.name, part.text) if isinstance(part, BrokenToolCall) else part


@many
@given(st.data(), ARGUMENTS, st.lists(st.integers(0, 9), max_size=3))
def test_a_call_is_whole_or_broken_by_its_arguments_alone(
    data: st.DataObject, text: str, cuts: list[int]
) -> None:
    for wire, stops in STOPS.items():
        stop = data.draw(st.sampled_from(stops))
        codec, wanted = codec_of(wire), expected(text)
        if wire == "anthropic_messages" and stop == "max_tokens" and wanted == ToolCall("c1", "f"):
            wanted = BrokenToolCall(
                "c1", "f", ""
            )  # cut off before its first argument, a call says that it has none
        found = [codec.decode_stream(streamed(wire, text, stop, cuts)).unwrap()]
        if wire != "anthropic_messages":
            found.append(codec.decode_response(dump_json(body(wire, text, stop))).unwrap())
        for response in found:
            assert [without_extras(part) for part in response.message.content] == [wanted]
            if isinstance(wanted, ToolCall):
                assert response.tool_calls[0].arguments.text == text or wire == "anthropic_messages"
            assert len(response.tool_calls) + len(response.broken_tool_calls) == 1


@many
@given(st.sampled_from(STOPS["anthropic_messages"]), st.sampled_from([{"a": 1}, {}, [1], "x", 3, None, True]))
def test_an_input_that_is_no_object_is_a_broken_call(stop: Any, value: PlainJson) -> None:
    block = {"type": "tool_use", "id": "c1", "name": "f", "input": value}
    message: Plain = {"id": "x", "type": "message", "role": "assistant", "model": "m", "content": [block]}
    response = (
        codec_of("anthropic_messages").decode_response({**message, "stop_reason": stop, "usage": {}}).unwrap()
    )
    (part,) = response.message.content
    assert isinstance(part, ToolCall) == (isinstance(value, dict) and (value != {} or stop != "max_tokens"))


# ---------------------------------------------------------------- results

IDS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True)


def result_ids(wire: WireFormat, payload: Plain) -> list[Any]:
    """What follows the calls on the wire: the ids of results, in order; None for anything else."""
    if wire == "openai_responses":
        items = payload["input"]
        return [item["call_id"] if item.get("type") == "function_call_output" else None for item in items]
    if wire == "openai_chat":
        return [message.get("tool_call_id") for message in payload["messages"]]
    (content,) = [message["content"] for message in payload["messages"][2:]]
    return [block.get("tool_use_id") for block in content]


@many
@given(st.data(), IDS, st.booleans(), st.booleans())
def test_the_results_of_a_turn_are_sent_together_and_first_and_in_call_order(
    data: st.DataObject, ids: list[str], split: bool, words: bool
) -> None:
    calls = AssistantMessage(tuple(ToolCall(one, "f") for one in ids))
    results = [ToolResult(one, (Text(one),)) for one in data.draw(st.permutations(ids))]
    asked = Completion([user("go")]).with_response(Response(calls, stop_reason="tool_call"))
    said = [Text("and then?")] if words else []
    asked = asked.with_results(*results, *said)
    if split:
        asked = asked.replace(
            messages=[*asked.messages[:2], *(UserMessage((part,)) for part in asked.messages[2].content)]
        )
    for wire in STOPS:
        encoded = codec_of(wire).encode_request(asked.replace(max_tokens=1)).unwrap()
        assert encoded.losses == ()
        found = result_ids(wire, encoded.payload)
        start = next(n for n, one in enumerate(found) if one is not None)
        assert found[start : start + len(ids)] == ids
        assert found[start + len(ids) :] == [None] * len(said)


def test_results_without_a_call_come_last_and_repeated_ids_go_to_the_calls_in_order() -> None:
    calls = AssistantMessage((ToolCall("a", "f"), ToolCall("b", "f"), ToolCall("a", "f")))
    results = [
        ToolResult(one, (Text(said),)) for one, said in (("x", "0"), ("b", "1"), ("a", "2"), ("a", "3"))
    ]
    asked = Completion([calls]).with_results(*results)
    (turn,) = asked.messages[1:]
    assert [part.content[0] for part in turn.content if isinstance(part, ToolResult)] == [
        Text("2"),
        Text("1"),
        Text("3"),
        Text("0"),
    ]


def _call(id_: Any, name: Any, arguments: Any, more: Plain, deeper: Plain) -> Plain:
    return {
        "id": id_,
        "type": "function",
        "function": {"name": name, "arguments": arguments, **deeper},
        **more,
    }


MORE = st.sampled_from(
    [{}, {}, {"index": 0}, {"type": "custom"}, {"type": None}, {"function": None}, {"x": 1}]
)
CALLS = st.builds(
    _call,
    st.sampled_from(["c1", "c2", "", None, 3]),
    st.sampled_from(["f", "f", "", None, []]),
    ARGUMENTS
    | st.sampled_from(
        ["", None, {}, {"a": 1}, '{"a": 1e400}', '{"a": [-1e999]}', "\ufeff{}", "\ufeff\ufeff{}"]
    ),
    MORE,
    MORE,
)


@given(st.text(), st.text(), json_objects(), json_objects())
def test_a_call_that_is_made_is_one_like_any_other(
    id_: str, name: str, arguments: JsonObject, extras: JsonObject
) -> None:
    made = made_call(id_, name, arguments, extras)
    assert (type(made), made) == (ToolCall, ToolCall(id_, name, arguments, extras))
    with pytest.raises(FrozenInstanceError):
        made.id = "other"  # type: ignore[misc]


@many
@given(
    st.lists(CALLS | st.sampled_from([None, "call", []]), max_size=3), st.sampled_from(STOPS["openai_chat"])
)
def test_calls_are_read_one_way_from_text_and_from_data(calls: list[Any], stop: Any) -> None:
    whole = body("openai_chat", "{}", stop)
    whole["choices"][0]["message"]["tool_calls"] = calls
    codec = codec_of("openai_chat")
    assert codec.decode_response(dump_json(whole)) == codec.decode_response(whole)


@given(st.lists(st.sampled_from(WHOLE), max_size=3), st.sampled_from(["1e400", "-1e999", '[{"a": 1e999}]']))
def test_beside_whole_calls_a_number_that_is_too_large_is_still_found(texts: list[str], number: str) -> None:
    whole = body("openai_chat", "{}", "tool_calls")
    message = whole["choices"][0]["message"]
    message["tool_calls"] = [_call("c1", "f", text, {}, {}) for text in texts]
    for holder in (message, whole["choices"][0], whole):
        holder["more"] = "$"
        text = json.dumps(whole).replace('"$"', number)
        failure = codec_of("openai_chat").decode_response(text).failure()
        assert isinstance(failure, Malformed)
        assert "more" in (failure.path or "")
        del holder["more"]
