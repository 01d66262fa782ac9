"""What streams of Responses say, where a law alone would not say it."""

from collections.abc import Callable
from typing import Any

import pytest
from returns.result import Failure

from llm_pure import (
    BrokenToolCall,
    Incomplete,
    JsonObject,
    Malformed,
    OutOfOrder,
    Overloaded,
    Quota,
    Text,
    ToolCall,
    Usage,
)
from llm_pure.events import (
    PartDone,
    ReasoningDelta,
    Restarted,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.json import PlainJson, dump_json
from llm_pure.openai_responses import (
    decode_stream,
    encode_error,
    stream_ended,
    stream_result,
    stream_start,
    stream_step,
)
from tests.growth import growth

Event = dict[str, PlainJson]
CREATED: Event = {
    "type": "response.created",
    "response": {"id": "resp_1", "model": "m", "status": "in_progress"},
}


def sse(*events: Event) -> bytes:
    return b"".join([b"data: " + dump_json(event) + b"\n\n" for event in events])


def added(index: int, **item: PlainJson) -> Event:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, **item: PlainJson) -> Event:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(kind: str, index: int, text: str, **where: PlainJson) -> Event:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": text, **where}


def message(*texts: str) -> Event:
    content: list[PlainJson] = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def completed(*output: PlainJson, **fields: PlainJson) -> Event:
    body: Event = {"id": "resp_1", "model": "m", "status": "completed", "output": [*output], **fields}
    return {"type": "response.completed", "response": body}


def told(*events: Event) -> list[StreamEvent]:
    return list(stream_step(stream_start(), sse(*events))[1])


THOUGHT: Event = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}],
}
CALL: Event = {
    "type": "function_call",
    "call_id": "c",
    "name": "f",
    "arguments": '{"a":1}',
    "status": "completed",
}
WHOLE: tuple[Event, ...] = (
    CREATED,
    added(0, type="reasoning", id="rs_1", summary=[]),
    delta("reasoning_summary_text", 0, "One.", summary_index=0),
    delta("reasoning_summary_text", 0, "Two.", summary_index=1),
    done(0, **THOUGHT),
    added(1, type="message", id="msg_1", role="assistant", status="in_progress", content=[]),
    delta("output_text", 1, "Let ", content_index=0),
    delta("output_text", 1, "me.", content_index=0),
    done(1, **message("Let me.")),
    added(2, type="function_call", call_id="c", name="f", arguments="", status="in_progress"),
    delta("function_call_arguments", 2, '{"a":1}'),
    done(2, **CALL),
    completed(THOUGHT, message("Let me."), CALL),
)


def test_what_is_told() -> None:
    response = decode_stream([sse(*WHOLE)]).unwrap()
    reasoning, text, call = response.message.content
    assert told(*WHOLE) == [
        Started("resp_1", "m"),
        ReasoningDelta(0, "One."),
        ReasoningDelta(0, "\n\nTwo."),
        PartDone(0, reasoning),
        TextDelta(1, "Let "),
        TextDelta(1, "me."),
        PartDone(1, text),
        ToolCallStarted(2, "c", "f"),
        ToolCallDelta(2, '{"a":1}'),
        PartDone(2, call),
    ]
    assert isinstance(text, Text)
    assert call == ToolCall("c", "f", JsonObject({"a": 1}))
    assert response.stop_reason == "tool_call"


def test_the_terminal_event_counts() -> None:
    """Were it to say another thing than what was told, that is taken back."""
    events = told(*WHOLE[:9], completed(THOUGHT, message("Another.")))
    assert events[7:9] == [Restarted(1), TextDelta(1, "Another.")]
    assert isinstance(events[9], PartDone)
    assert (
        decode_stream([sse(*WHOLE[:9], completed(THOUGHT, message("Another.")))]).unwrap().text == "Another."
    )


@pytest.mark.parametrize("item", [THOUGHT, message("Let me."), CALL])
def test_an_item_that_is_not_said_before_it_is_done(item: Event) -> None:
    """As some gateways do. What its deltas told is taken back, once the end says what it is."""
    begun: Event = {"type": "response.output_item.added", "output_index": 0, "item": None}
    events = (CREATED, begun, delta("output_text", 0, "Let ", content_index=0), done(0, **item))
    whole = completed(item)
    response = decode_stream([sse(*events, whole)]).unwrap()
    assert response == decode_stream([sse(CREATED, whole)]).unwrap()
    assert told(*events, whole)[1:] == [
        TextDelta(0, "Let "),
        Restarted(0),
        *told(CREATED, whole)[1:],
    ]


@pytest.mark.parametrize("after", range(1, len(WHOLE)))
def test_a_stream_that_was_resumed_says_all_at_its_end(after: int) -> None:
    assert decode_stream([sse(*WHOLE[after:])]) == decode_stream([sse(*WHOLE)])
    assert isinstance(decode_stream([sse(*WHOLE[after:-1])]), Failure)
    parts = [event for event in told(*WHOLE[after:]) if isinstance(event, PartDone)]
    assert parts[-3:] == [event for event in told(*WHOLE) if isinstance(event, PartDone)]


@pytest.mark.parametrize("keep", [9, 8])
def test_a_terminal_event_without_output_ends_what_was_accumulated(keep: int) -> None:
    response = decode_stream([sse(*WHOLE[:keep], completed())]).unwrap()
    assert response.text == "Let me."
    assert response.stop_reason == "end"


def test_a_stream_that_is_cut_keeps_what_was_read() -> None:
    error = decode_stream([sse(*WHOLE[:11])]).failure()
    assert isinstance(error, Incomplete)
    assert error.partial is not None
    assert error.partial.id == "resp_1"
    assert error.partial.text == "Let me."
    last = error.partial.message.content[-1]
    assert isinstance(last, ToolCall)  # all of it had come
    cut = decode_stream([sse(*WHOLE[:10])]).failure().partial
    assert cut is not None
    assert isinstance(cut.message.content[-1], BrokenToolCall)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "insufficient_quota", "message": "no"}, Quota),
        ({"type": "error", "error": {"code": "insufficient_quota", "message": "no"}}, Quota),
        (
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "insufficient_quota"}},
            },
            Quota,
        ),
    ],
)
def test_errors_in_a_stream(event: Event, kind: type[Any]) -> None:
    error = decode_stream([sse(*WHOLE[:9], event)]).failure()
    assert isinstance(error, kind)
    assert error.partial is not None
    assert error.partial.text == "Let me."


def test_an_error_of_a_server_by_the_name_of_its_event() -> None:
    body = encode_error(Overloaded(message="no room", code="overloaded")).body
    error = decode_stream([sse(CREATED), b"event: error\ndata: " + body + b"\n\n"]).failure()
    assert error.message == "no room"


@pytest.mark.parametrize(
    "events",
    [
        (delta("output_text", 0, "a", content_index=0),),
        (added(1, type="message", role="assistant", content=[]),),
        (added(-1, type="message", role="assistant", content=[]),),
        (added(0, type="message", content=[]), added(0, type="message", content=[])),
        (added(0, type="message", content=[]), delta("output_text", 0, "a", content_index=1)),
        (added(0, type="message", content=[]), delta("output_text", 0, "a", content_index=-1)),
        (added(0, type="message", content=[]), delta("function_call_arguments", 0, "a")),
        (done(1, type="message", content=[]),),
        (*WHOLE[5:9], delta("output_text", 1, "a", content_index=0)),
    ],
)
def test_events_out_of_order(events: tuple[Event, ...]) -> None:
    assert isinstance(decode_stream([sse(CREATED, *events)]).failure(), OutOfOrder)
    error = decode_stream(
        [sse(CREATED, *events, completed(message("All."), usage={"input_tokens": 3}))]
    ).failure()
    assert isinstance(error, OutOfOrder)
    assert error.partial is not None
    assert (error.partial.text, error.partial.stop_reason) == ("All.", "end")
    assert error.usage == error.partial.usage == Usage(3)


@pytest.mark.parametrize("keep", [0, 1])
def test_what_is_said_again_when_the_item_is_done_says_nothing(keep: int) -> None:
    late: Event = {
        "type": "response.output_text.done",
        "output_index": 1,
        "content_index": 0,
        "text": "Let me.",
    }
    again = (*WHOLE[:9], late, *WHOLE[8 : 9 + 3], WHOLE[11], *(WHOLE[12:], [completed()])[keep])
    assert decode_stream([sse(*again)]) == decode_stream([sse(*WHOLE)])
    assert told(*again) == told(*WHOLE)


def test_an_item_that_comes_whole_begins_and_ends() -> None:
    items = (done(0, **THOUGHT), done(1, **message("Let me.")), done(2, **CALL))
    for end in (WHOLE[-1], completed()):
        assert decode_stream([sse(CREATED, *items, end)]) == decode_stream([sse(*WHOLE)])
        assert told(CREATED, *items, end) == told(CREATED, WHOLE[-1])


def test_a_call_without_a_call_id_begins_by_its_own() -> None:
    item: Event = {"type": "function_call", "id": "fc_1", "name": "f", "arguments": '{"a":1}'}
    events = (CREATED, added(0, **{**item, "arguments": ""}), delta("function_call_arguments", 0, '{"a":1}'))
    for end in (completed(item), completed()):
        (call,) = decode_stream([sse(*events, done(0, **item), end)]).unwrap().calls
        assert told(*events, done(0, **item), end)[1:] == [
            ToolCallStarted(0, "fc_1", "f"),
            ToolCallDelta(0, '{"a":1}'),
            PartDone(0, call),
        ]


def test_an_item_goes_by_its_id_where_there_is_no_index() -> None:
    ids = ["rs_1", "msg_1", "fc_1"]

    def bare(event: Event) -> Event:
        index, item = event.get("output_index"), event.get("item")
        if not isinstance(index, int):
            return event
        rest = {key: value for key, value in event.items() if not key.endswith("_index")}
        named = {"item": {**item, "id": ids[index]}} if isinstance(item, dict) else {"item_id": ids[index]}
        return {**rest, **named}

    numbered = [event for event in WHOLE if event.get("summary_index") != 1]  # which is not told by an id
    answer = decode_stream([sse(*WHOLE)]).unwrap()
    found = decode_stream([sse(*map(bare, numbered))]).unwrap()
    assert found == answer


def test_a_block_without_a_number_is_the_first_until_the_item_says_more() -> None:
    two = message("One.", "Two.")
    events = (
        CREATED,
        added(0, type="message", id="msg_1", role="assistant", content=[]),
        delta("output_text", 0, "One."),
        delta("output_text", 0, "Two."),
        done(0, **two),
    )
    for end in (completed(two), completed()):
        answer = decode_stream([sse(*events, end)]).unwrap()
        assert answer == decode_stream([sse(CREATED, completed(two))]).unwrap()
        parts = [TextDelta(0, "One."), PartDone(0, answer.message.content[0])]
        assert told(*events, end)[-5:-2] == [Restarted(0), *parts]


def test_what_is_no_stream() -> None:
    assert isinstance(decode_stream([]).failure(), Malformed)
    assert isinstance(decode_stream([b"<html>"]).failure(), Malformed)
    body = dump_json({"status": "completed", "output": [message("a")]})
    assert decode_stream([body]).unwrap().text == "a"


def test_the_last_of_two_answers_counts() -> None:
    stream = sse(CREATED, completed(message("One.")), *WHOLE)
    state, events = stream_step(stream_start(), stream)
    assert Restarted(0) in events
    assert stream_ended(state)
    assert stream_result(state).unwrap().text == "Let me."
    assert isinstance(decode_stream([sse(CREATED, completed(message("One.")), *WHOLE[:5])]), Failure)


def test_a_delta_costs_what_it_is_long() -> None:
    def prepared(deltas: int) -> Callable[[], object]:
        events = [delta("output_text", 0, "word ", content_index=0)] * deltas
        chunks = [sse(CREATED, added(0, type="message", content=[])), *[sse(event) for event in events]]

        def fold() -> None:
            state = stream_start()
            for chunk in chunks:
                state, _ = stream_step(state, chunk)

        return fold

    assert growth(prepared, 500, 4000) < 4
