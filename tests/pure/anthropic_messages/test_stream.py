"""The stream, event by event: what is said when, and what an order without meaning comes to."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest

from llm_pure import BrokenToolCall, LlmError, Opaque, Reasoning, Text, ToolCall
from llm_pure.anthropic_messages import decode_stream, stream_ended, stream_result, stream_start, stream_step
from llm_pure.errors import Incomplete, Malformed, OutOfOrder, Overloaded
from llm_pure.events import (
    PartDone,
    ReasoningDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.json import JsonObject
from llm_pure.response import Usage

START = {
    "type": "message_start",
    "message": {"id": "m", "model": "x", "usage": {"input_tokens": 5, "output_tokens": 1}},
}
STOP = {"type": "message_stop"}
END = {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 9}}


def begin(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: Any, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def close(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def wire(*events: Any) -> list[bytes]:
    return [
        b"data: " + (event if isinstance(event, bytes) else json.dumps(event).encode()) + b"\n\n"
        for event in events
    ]


def part_of(*events: Any) -> Any:
    """The only part of an answer with these events in its middle."""
    (part,) = decode_stream(wire(START, *events, END, STOP)).unwrap().message.content
    return part


TEXT = begin(0, type="text", text="")
CALL = begin(0, type="tool_use", id="t", name="f", input={})


def test_events_come_in_order_with_the_parts_place() -> None:
    state = stream_start()
    found: list[StreamEvent] = []
    for chunk in wire(
        START,
        {"type": "ping"},
        begin(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="hm"),
        delta(0, "signature_delta", signature="s1"),
        delta(0, "signature_delta", signature="s2"),
        close(0),
        begin(1, type="text", text="a"),
        delta(1, "text_delta", text="b"),
        close(1),
        begin(2, type="tool_use", id="t", name="f", input={}),
        delta(2, "input_json_delta", partial_json=""),
        delta(2, "input_json_delta", partial_json='{"x": '),
        delta(2, "input_json_delta", partial_json="1}"),
        close(2),
        {"type": "unheard_of"},
        END,
        STOP,
    ):
        assert not stream_ended(state)
        state, events = stream_step(state, chunk)
        found += events
    call = ToolCall("t", "f", JsonObject({"x": 1}))
    assert found == [
        Started("m", "x"),
        ReasoningDelta(0, "hm"),
        PartDone(0, Reasoning("hm", "s2")),
        TextDelta(1, "a"),
        TextDelta(1, "b"),
        PartDone(1, Text("ab")),
        ToolCallStarted(2, "t", "f"),
        ToolCallDelta(2, '{"x": '),
        ToolCallDelta(2, "1}"),
        PartDone(2, call),
    ]
    response = stream_result(state).unwrap()
    assert response.message.content == (Reasoning("hm", "s2"), Text("ab"), call)
    assert response.tool_calls[0].arguments.text == '{"x": 1}'
    assert (response.usage, response.stop_reason) == (Usage(5, 9), "max_tokens")
    assert stream_step(state, wire(START)[0]) == (state, ())


def test_the_counts_of_the_end_replace_those_of_the_start_where_they_say_anything() -> None:
    counted = {
        "input_tokens": 5,
        "cache_read_input_tokens": 7,
        "output_tokens": 1,
        "service_tier": "standard",
    }
    start = {"type": "message_start", "message": {"id": "m", "model": "x", "usage": counted}}
    told = {"input_tokens": None, "cache_read_input_tokens": None, "output_tokens": 9, "service_tier": None}
    response = decode_stream(wire(start, {**END, "usage": told}, STOP)).unwrap()
    assert response.usage == Usage(12, 9, 7)
    assert response.extras == JsonObject({"anthropic": {"usage": {"service_tier": "standard"}}})


@pytest.mark.parametrize("text", ['{"path": "X", "mode": "del', "[1]", "null", '"x"', "NaN", "{}{}"])
def test_a_call_whose_input_is_cut_or_no_object_is_broken_and_keeps_its_text(text: str) -> None:
    assert part_of(CALL, delta(0, "input_json_delta", partial_json=text), close(0)) == BrokenToolCall(
        "t", "f", text
    )


@pytest.mark.parametrize("pieces", [[], [""], ["{", "}"]])
def test_a_call_without_arguments_is_done_when_it_is_known_whether_it_was_cut_off(pieces: list[str]) -> None:
    said = [delta(0, "input_json_delta", partial_json=piece) for piece in pieces]
    whole, broken = ToolCall("t", "f"), BrokenToolCall("t", "f", "")

    def done(*events: Any) -> list[Any]:
        state, found = stream_start(), []
        for chunk in wire(START, CALL, *said, *events):
            state, more = stream_step(state, chunk)
            found += [event.part for event in more if isinstance(event, PartDone)]
        outcome = stream_result(state)
        if stream_ended(state):
            assert list(outcome.unwrap().message.content) == found
        else:
            partial = outcome.failure().partial
            assert partial is not None
            assert partial.message.content == (broken,)
        return found

    ended = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}
    assert done(close(0)) == []
    assert done(close(0), END, STOP) == [broken]
    assert done(END, STOP) == [broken]
    assert done(close(0), ended, STOP) == [whole]
    text = begin(1, type="text", text="a")
    assert done(close(0), text, close(1), END, STOP) == [whole, Text("a")]


def test_an_unknown_delta_says_nothing_of_what_we_model() -> None:
    fancy = delta(0, "fancy_delta", text="B", type_of="x", mood="calm")
    events = (TEXT, delta(0, "text_delta", text="A"), fancy, delta(0, "text_delta", text="C"), close(0))
    assert part_of(*events) == Text("AC", JsonObject({"anthropic": {"type_of": "x", "mood": "calm"}}))
    renamed = delta(0, "fancy_delta", id="t2", name="g", input={"x": 1})
    ended = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}
    answer = decode_stream(wire(START, CALL, renamed, close(0), ended, STOP)).unwrap()
    assert answer.message.content == (ToolCall("t", "f"),)


def test_citations_cost_the_same_however_many_there_are() -> None:
    def seconds(many: int) -> float:
        cited = wire(*[delta(0, "citations_delta", citation={"n": 1})] * many)
        best = 9.0
        for _ in range(3):
            start = process_time()
            decode_stream([*wire(START, TEXT), *cited, *wire(close(0), STOP)]).unwrap()
            best = min(best, process_time() - start)
        return best

    assert seconds(16_000) < 8 * seconds(4000)


def test_citations_and_unknown_deltas_are_kept() -> None:
    cited = [delta(0, "citations_delta", citation={"n": n}) for n in (1, 2)]
    assert part_of(TEXT, *cited, delta(0, "text_delta", text="a"), close(0)) == Text(
        "a", JsonObject({"anthropic": {"citations": [{"n": 1}, {"n": 2}]}})
    )
    later = [delta(0, "later_delta", mood=mood) for mood in ("so ", "so")]
    assert part_of(TEXT, *later, close(0)) == Text("", JsonObject({"anthropic": {"mood": "so so"}}))


def test_a_block_that_nobody_models_is_put_together_too() -> None:
    server = begin(0, type="server_tool_use", id="s", name="n", input={})
    pieces = [delta(0, "input_json_delta", partial_json=piece) for piece in ('{"q"', ": 1}")]
    raw: dict[str, Any] = {"type": "server_tool_use", "id": "s", "name": "n", "input": {"q": 1}}
    assert part_of(server, *pieces, close(0)) == Opaque("anthropic", JsonObject(raw))
    compaction = begin(0, type="compaction", content=None)
    raw = {"type": "compaction", "content": "all"}
    assert part_of(compaction, delta(0, "compaction_delta", content="all"), close(0)) == Opaque(
        "anthropic", JsonObject(raw)
    )
    nameless: dict[str, Any] = {**delta(0, ""), "delta": {"type": "", "": "a", "b": 2}}
    assert part_of(begin(0, type="later"), nameless, close(0)) == Opaque(
        "anthropic", JsonObject({"type": "later", "": "a", "b": 2})
    )


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (TEXT, delta(0, "text_delta", text="a")),
        (begin(0, type="thinking", thinking=""), delta(0, "thinking_delta", thinking="a")),
        (CALL, delta(0, "input_json_delta", partial_json="{}")),
    ],
)
def test_a_delta_that_says_more_is_read_the_same_and_to_its_last_number(start: Any, piece: Any) -> None:
    said = stream_step(stream_start(), b"".join(wire(START, start, piece, piece)))[1]
    within = {**piece, "delta": {**piece["delta"], "more": 1}}
    for fuller in ({**piece, "more": 1}, within):
        state, events = stream_step(stream_start(), b"".join(wire(START, start, fuller, piece)))
        assert events == said
        large = wire(fuller)[0].replace(b": 1", b": 1e999")
        assert isinstance(stream_result(stream_step(state, large)[0]).failure(), Malformed)


def test_blocks_may_overlap() -> None:
    events = [
        TEXT,
        begin(1, type="text", text=""),
        delta(0, "text_delta", text="a"),
        delta(1, "text_delta", text="b"),
    ]
    assert decode_stream(wire(START, *events, close(1), close(0), STOP)).unwrap().message.content == (
        Text("a"),
        Text("b"),
    )


@pytest.mark.parametrize(
    ("events", "kind", "path"),
    [
        ([START, delta(0, "text_delta", text="a")], OutOfOrder, "$.index"),
        ([START, delta(-1, "text_delta", text="a")], OutOfOrder, "$.index"),
        ([START, TEXT, delta(-1, "text_delta", text="a")], OutOfOrder, "$.index"),
        ([START, begin(1, type="text", text="")], OutOfOrder, "$.index"),
        ([START, begin(-1, type="text", text="")], OutOfOrder, "$.index"),
        ([START, TEXT, TEXT], OutOfOrder, "$.index"),
        ([START, TEXT, close(0), delta(0, "text_delta", text="a")], OutOfOrder, "$.index"),
        ([START, TEXT, close(0), close(1)], OutOfOrder, "$.index"),
        ([START, TEXT, close(-1)], OutOfOrder, "$.index"),
        ([START, {"type": "message_start", "message": {"id": "n"}}], OutOfOrder, "$.type"),
        ([TEXT], Malformed, "$.type"),
        ([STOP], Malformed, "$.type"),
        ([END], Malformed, "$.type"),
        ([START, TEXT, delta(True, "text_delta", text="a")], Malformed, "$.index"),
        ([START, TEXT, delta(0, "text_delta", text=1)], Malformed, "$.delta.text"),
        ([START, TEXT, delta(0, "input_json_delta", partial_json="{}")], Malformed, "$.delta.type"),
        ([START, begin(0, type="tool_use", name="f")], Malformed, "$.content_block.id"),
        ([{"type": "message_start"}], Malformed, "$.message"),
        ([START, b"{", STOP], Malformed, "$"),
        ([START, b"\xff", STOP], Malformed, "$"),
        ([START, b"[]", STOP], Malformed, "$"),
        (
            [START, {"type": "message_delta", "delta": {}, "usage": {"output_tokens": -1}}, STOP],
            Malformed,
            "$.usage.output_tokens",
        ),
    ],
)
def test_an_order_without_meaning_is_an_error(events: list[Any], kind: type[LlmError], path: str) -> None:
    error = decode_stream(wire(*events)).failure()
    assert type(error) is kind
    assert error.path == path


@pytest.mark.parametrize("block", [TEXT, CALL])
def test_what_is_said_twice_says_nothing(block: dict[str, Any]) -> None:
    """As proxies say where an answer begins, and that a block is closed."""
    once = wire(START, block, close(0), begin(1, type="text", text="a"), close(1), END, STOP)
    twice = wire(START, START, block, close(0), close(0), begin(1, type="text", text="a"), close(0), START)
    twice += wire(close(1), close(1), close(0), END, STOP)
    assert decode_stream(twice) == decode_stream(once)
    said = [stream_step(stream_start(), b"".join(events))[1] for events in (once, twice)]
    assert said[0] == said[1]


def test_no_bytes_are_malformed_and_some_are_incomplete() -> None:
    assert isinstance(decode_stream([]).failure(), Malformed)
    assert isinstance(decode_stream([b""]).failure(), Malformed)
    assert isinstance(decode_stream([b"event: mess"]).failure(), Incomplete)


def test_what_was_read_before_the_cut_is_kept_and_nothing_in_it_is_taken_for_whole() -> None:
    def partial(*events: Any) -> tuple[Any, ...]:
        error = decode_stream(wire(START, *events)).failure()
        assert isinstance(error, Incomplete)
        assert error.partial is not None
        assert error.usage == Usage(5, 1)
        return error.partial.message.content

    assert partial(TEXT, delta(0, "text_delta", text="a")) == (Text("a"),)
    assert partial(TEXT) == ()
    assert partial(CALL, delta(0, "input_json_delta", partial_json="{}")) == (BrokenToolCall("t", "f", "{}"),)
    thinking = begin(0, type="thinking", thinking="", signature="")
    assert partial(thinking, delta(0, "thinking_delta", thinking="hm")) == (Reasoning("hm"),)


def test_an_error_event_is_the_error_it_names_with_what_was_read() -> None:
    event = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    first = decode_stream(wire(event)).failure()
    assert first == Overloaded(message="busy", status=200, type="overloaded_error")
    assert decode_stream(wire({"error": event["error"]})).failure() == first
    later = decode_stream(wire(START, TEXT, delta(0, "text_delta", text="a"), event, STOP)).failure()
    assert isinstance(later, Overloaded)
    assert later.partial is not None
    assert later.partial.text == "a"


def test_a_body_that_is_no_stream_is_read_as_a_whole() -> None:
    assert (
        decode_stream([b'{"type":"message","content":', b'[{"type":"text","text":"a"}]}']).unwrap().text
        == "a"
    )
    error = decode_stream(
        [b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}']
    ).failure()
    assert isinstance(error, Overloaded)
    assert isinstance(decode_stream([b"<html>busy</html>"]).failure(), Malformed)


def test_a_step_costs_the_same_however_much_was_said() -> None:
    state = stream_start()
    for chunk in wire(START, TEXT, *[delta(0, "text_delta", text="x")] * 20_000, close(0), STOP):
        state, _ = stream_step(state, chunk)
    assert stream_result(state).unwrap().text == "x" * 20_000
    assert len(repr(state)) < 100
