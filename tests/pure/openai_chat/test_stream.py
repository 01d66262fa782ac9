"""Streams of Chat Completions and of its imitators, as their servers really send them."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    JsonObject,
    Reasoning,
    Response,
    Text,
    ToolCall,
    Usage,
)
from llm_pure.errors import BadRequest, Incomplete, Malformed, Overloaded, ServerFault
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
from llm_pure.json import JsonInput, PlainJson
from llm_pure.openai_chat import (
    decode_response,
    decode_stream,
    encode_response,
    encode_stream,
    stream_ended,
    stream_result,
    stream_start,
    stream_step,
)

DONE = b"data: [DONE]\n\n"


def own(**fields: JsonInput) -> JsonObject:
    return JsonObject({"openai_chat": fields})


def event(**fields: PlainJson) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def delta(finish: str | None = None, index: int = 0, **fields: PlainJson) -> bytes:
    choice: dict[str, PlainJson] = {"index": index, "delta": fields, "finish_reason": finish}
    return event(id="x", model="m", choices=[choice])


def piece(**fields: PlainJson) -> bytes:
    return delta(tool_calls=[fields])


def run(*chunks: bytes) -> tuple[list[StreamEvent], Response]:
    state, events = stream_start(), list[StreamEvent]()
    for chunk in chunks:
        state, more = stream_step(state, chunk)
        events += more
    return events, stream_result(state).unwrap()


def test_text_and_two_calls_interleaved() -> None:
    """Indexes are places in the message; parts are done when their choice is; the usage comes last."""
    events, response = run(
        delta(role="assistant", content=""),
        delta(content="Let me "),
        delta(content="look."),
        piece(index=0, id="a", type="function", function={"name": "f", "arguments": ""}),
        piece(index=1, id="b", type="function", function={"name": "g", "arguments": "{"}),
        piece(index=0, function={"arguments": '{"x":1}'}),
        piece(index=1, function={"arguments": "}"}),
        delta("tool_calls"),
        event(id="x", choices=[], usage={"prompt_tokens": 3, "completion_tokens": 4}),
        DONE,
    )
    one, two = ToolCall("a", "f", JsonObject({"x": 1})), ToolCall("b", "g")
    assert events == [
        Started("x", "m"),
        TextDelta(0, "Let me "),
        TextDelta(0, "look."),
        ToolCallStarted(1, "a", "f"),
        ToolCallStarted(2, "b", "g"),
        ToolCallDelta(2, "{"),
        ToolCallDelta(1, '{"x":1}'),
        ToolCallDelta(2, "}"),
        PartDone(0, Text("Let me look.")),
        PartDone(1, one),
        PartDone(2, two),
    ]
    message = AssistantMessage((Text("Let me look."), one, two))
    assert response == Response(
        message, Usage(3, 4), "tool_call", "tool_calls", None, "x", "m", "openai_chat"
    )


def test_it_has_ended_when_the_server_says_so_not_when_the_model_stops() -> None:
    """The usage comes after the finish reason."""
    state, _ = stream_step(stream_start(), delta("stop", content="x"))
    assert not stream_ended(state)
    assert isinstance(stream_result(state), Success)
    state, _ = stream_step(state, DONE)
    assert stream_ended(state)
    assert stream_step(state, delta(content="more")) == (state, ())


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        # no index, one call in each piece
        (
            [
                {"id": "a", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "function": {"name": "g"}},
            ],
            (ToolCall("a", "f"), ToolCall("b", "g")),
        ),
        # neither index nor id
        (
            [
                {"function": {"name": "f", "arguments": "{"}},
                {"function": {"arguments": "}"}},
                {"function": {"name": "g"}},
            ],
            (ToolCall("call_x_0", "f"), ToolCall("call_x_1", "g")),
        ),
        # the same index for another call
        (
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
                {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}},
            ],
            (ToolCall("a", "f"), ToolCall("b", "g")),
        ),
        # the same index for all calls, whose pieces are told apart by their ids
        (
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
                {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{"}},
                {"index": 0, "id": "a", "function": {"arguments": "}"}},
                {"index": 0, "id": "b", "function": {"arguments": "}"}},
            ],
            (ToolCall("a", "f"), ToolCall("b", "g")),
        ),
        # id and name said again with every piece
        (
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "}"}},
            ],
            (ToolCall("a", "f"),),
        ),
        # every piece with an id of its own, the name on the first alone
        (
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
                {"index": 0, "id": "b", "function": {"name": None, "arguments": '{"x"'}},
                {"index": 0, "id": "c", "function": {"arguments": ": 1}"}},
                {"index": 0, "id": "d", "function": {"name": "g", "arguments": "{}"}},
            ],
            (ToolCall("a", "f", JsonObject({"x": 1})), ToolCall("d", "g")),
        ),
        # an id, and later the name that says whose it is
        (
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
                {"index": 0, "id": "b", "function": {"arguments": ""}},
                {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}},
            ],
            (ToolCall("a", "f"), ToolCall("b", "g")),
        ),
        # the arguments at another place than the call
        (
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
                {"index": 1, "function": {"arguments": '{"x"'}},
                {"index": 1, "function": {"arguments": ": 1}"}},
            ],
            (ToolCall("a", "f", JsonObject({"x": 1})),),
        ),
        # places as texts, ids as numbers
        (
            [
                {"index": "0", "id": 0, "function": {"name": "f", "arguments": "{"}},
                {"index": "1", "id": 1, "function": {"name": "g", "arguments": "{"}},
                {"index": "0", "id": 0, "function": {"arguments": "}"}},
                {"index": "1", "function": {"arguments": "}"}},
            ],
            (ToolCall("0", "f", extras=own(**{"$id": 0})), ToolCall("1", "g", extras=own(**{"$id": 1}))),
        ),
        # a name in pieces
        (
            [
                {"index": 0, "id": "a", "function": {"name": "get_"}},
                {"index": 0, "function": {"name": "weather", "arguments": "{}"}},
            ],
            (ToolCall("a", "get_weather"),),
        ),
        # arguments that are an object
        (
            [{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}}],
            (ToolCall("a", "f", JsonObject({"x": 1})),),
        ),
        # a signature that has to go back
        (
            [{"index": 0, "id": "a", "function": {"name": "f"}, "extra_content": {"signature": "s"}}],
            (ToolCall("a", "f", extras=own(extra_content={"signature": "s"})),),
        ),
    ],
)
def test_pieces_of_calls(pieces: list[dict[str, PlainJson]], calls: tuple[ToolCall, ...]) -> None:
    _, response = run(*[piece(**one) for one in pieces], delta("tool_calls"))
    assert response.tool_calls == calls


def test_calls_that_were_cut_are_not_runnable() -> None:
    start = piece(index=0, id="a", function={"name": "f", "arguments": ""})
    outcome = decode_stream([start])
    assert isinstance(outcome, Failure)
    partial = outcome.failure().partial
    assert partial is not None
    assert partial.message.content == (BrokenToolCall("a", "f", ""),)
    for finish in ("length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"):
        events, response = run(start, delta(finish))
        assert response.message.content == (BrokenToolCall("a", "f", ""),)
        assert events[-1] == PartDone(0, BrokenToolCall("a", "f", ""))


def test_reasoning_beside_details() -> None:
    """Fragments of details are one detail in the end, and what they say is told once."""
    fragment: dict[str, PlainJson] = {"type": "reasoning.text", "index": 0, "format": "f"}
    events, response = run(
        delta(reasoning="h", reasoning_details=[{**fragment, "text": "h"}]),
        delta(reasoning="m", reasoning_details=[{**fragment, "text": "m", "signature": "s"}]),
        delta("stop", content="a"),
    )
    details: JsonInput = [{**fragment, "text": "hm", "signature": "s"}]
    reasoning = Reasoning("hm", "s", extras=own(reasoning=True, reasoning_details=details))
    assert response.message.content == (reasoning, Text("a"))
    assert events[1:] == [
        ReasoningDelta(0, "h"),
        ReasoningDelta(0, "m"),
        TextDelta(1, "a"),
        PartDone(0, reasoning),
        PartDone(1, Text("a")),
    ]


def test_parts_out_of_order_are_told_again() -> None:
    """Sealed reasoning after the text: a message has it before, so that indexes were wrong."""
    sealed: PlainJson = {"type": "reasoning.encrypted", "data": "x"}
    events, response = run(delta(content="a"), delta("stop", reasoning_details=[sealed]))
    reasoning = Reasoning("", None, "x", own(reasoning_details=[sealed]))
    assert response.message.content == (reasoning, Text("a"))
    assert events[1:] == [
        TextDelta(0, "a"),
        Restarted(0),
        PartDone(0, reasoning),
        TextDelta(1, "a"),
        PartDone(1, Text("a")),
    ]


def test_words_after_the_finish_reason_count() -> None:
    events, response = run(delta("stop", content="a"), delta(content="b"), DONE)
    assert response.text == "ab"
    assert events[-3:] == [Restarted(0), TextDelta(0, "ab"), PartDone(0, Text("ab"))]


def test_reasoning_as_text_and_what_seals_it() -> None:
    events, response = run(
        delta(reasoning_text="Hm, "),
        delta(reasoning_text="yes."),
        delta(reasoning_opaque="c2Vh"),
        delta("stop", content="a"),
    )
    assert ReasoningDelta(0, "Hm, ") in events
    assert response.message == AssistantMessage(
        (Reasoning("Hm, yes.", extras=own(reasoning_text=True)), Text("a")),
        own(reasoning_opaque="c2Vh"),
    )


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["One ", "two."], "One two."),
        (["a", "b", "ab", "", "b"], "ababb"),
        (["", "One", " two"], "One two"),
        (["\n", "\n", "One"], "\n\nOne"),
        (["final"] * 5, "final"),
        (["draft", "draft", "draft", "final"], "final"),
        ([""], ""),
    ],
)
def test_a_text_that_nobody_knows_goes_on_and_a_name_is_repeated(pieces: list[str], text: str) -> None:
    _, response = run(*[delta(content="a", new=piece) for piece in pieces], delta("stop"))
    assert response.message.extras == own(new=text)


@pytest.mark.parametrize("end", [b"data: DONE\n\n", b'data: "[DONE]"\n\n', b"data:  [DONE] \n\n"])
def test_an_end_mark_that_is_spelt_in_another_way(end: bytes) -> None:
    assert decode_stream([delta("stop", content="a"), end]).unwrap().text == "a"
    assert stream_ended(stream_step(stream_start(), end)[0])


def test_thinking_as_content() -> None:
    def thinking(text: str) -> PlainJson:
        return [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]

    events, response = run(
        delta(content=thinking("h")), delta(content=thinking("m")), delta("stop", content="a")
    )
    assert response.message.content == (Reasoning("hm", extras=own(type="thinking")), Text("a"))
    assert events[1:4] == [ReasoningDelta(0, "h"), ReasoningDelta(0, "m"), TextDelta(1, "a")]


def summary(text: str, **more: PlainJson) -> PlainJson:
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": text, **more}]}


def test_reasoning_as_content_that_is_signed_in_the_end() -> None:
    events, response = run(
        delta(content=[summary("Hm, ", signature="")]),
        delta(content=[summary("yes.", signature="")]),
        delta(content=[summary("", signature="c2Vh")]),
        delta(content=[summary("More.", x=1)]),
        delta(content=[summary("No.")]),
        delta("stop", content="a"),
    )
    assert [event for event in events if isinstance(event, ReasoningDelta)] == [
        ReasoningDelta(0, "Hm, "),
        ReasoningDelta(0, "yes."),
        ReasoningDelta(1, "More."),
        ReasoningDelta(2, "No."),
    ]
    content: list[PlainJson] = [
        summary("Hm, yes.", signature="c2Vh"),
        summary("More.", x=1),
        summary("No."),
        {"type": "text", "text": "a"},
    ]
    body: PlainJson = {
        "id": "x",
        "model": "m",
        "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
    }
    assert decode_response(json.dumps(body)) == Success(response)
    signed, more, plain = [part for part in response.message.content if isinstance(part, Reasoning)]
    assert (signed.text, signed.signature) == ("Hm, yes.", "c2Vh")
    assert (more.text, plain) == ("More.", Reasoning("No.", extras=own(type="reasoning")))
    back = encode_response(response).unwrap()
    assert cast("Any", back)["choices"][0]["message"]["content"] == content


def test_thinking_that_refers_to_something_keeps_it() -> None:
    words: PlainJson = {"type": "text", "text": "h"}
    mark: PlainJson = {"type": "reference", "reference_ids": [1]}
    events, response = run(
        delta(content=[{"type": "thinking", "thinking": [words]}]),
        delta(content=[{"type": "thinking", "thinking": [words, mark]}]),
        delta("stop", content=[{"type": "thinking", "thinking": [words]}]),
    )
    plain = Reasoning("h", extras=own(type="thinking"))
    assert response.message.content == (
        plain,
        Reasoning("h", extras=own(type="thinking", thinking=[words, mark])),
        plain,
    )
    assert events[1:4] == [ReasoningDelta(place, "h") for place in range(3)]


def test_reasoning_that_comes_in_objects() -> None:
    """As a gateway hands on what Bedrock says."""
    events, response = run(
        delta(reasoning_content={"text": "h"}),
        delta(reasoning_content={"text": "m"}),
        delta(reasoning_content={"signature": "s"}),
        delta("stop", content="a"),
    )
    said = {"text": "hm", "signature": "s"}
    assert response.message.content == (Reasoning("hm", extras=own(reasoning_content=said)), Text("a"))
    assert events[1:4] == [ReasoningDelta(0, "h"), ReasoningDelta(0, "m"), TextDelta(1, "a")]


def test_a_word_that_is_a_number_comes_as_one() -> None:
    """Of Workers AI, whose `[1]` comes as three words."""
    events, response = run(delta(content="["), delta(content=1), delta(content="]"), delta("stop"))
    assert response.text == "[1]"
    assert events[2] == TextDelta(0, "1")


def test_a_call_that_stands_alone_and_a_delta_that_is_an_empty_array() -> None:
    _, response = run(
        delta(tool_calls={"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}),
        delta(tool_calls={"index": 0, "function": {"arguments": "}"}}),
        event(id="x", model="m", choices=[{"index": 0, "delta": [], "finish_reason": "tool_calls"}]),
    )
    assert response.message.content == (ToolCall("a", "f"),)


def test_what_is_said_of_a_choice_goes_on() -> None:
    """Arrays grow, also beside log probabilities; of counts that come twice the later ones that say something count."""

    def chunk(at: int, **usage: PlainJson) -> bytes:
        logs: PlainJson = {"content": [{"token": "a"}], "refusal": None, "at": at}
        choice: PlainJson = {"index": 0, "delta": {"content": "a"}, "token_ids": [at], "logprobs": logs}
        return event(id="x", choices=[choice], usage={**usage})

    _, response = run(
        chunk(1, prompt_tokens=3, completion_tokens=1), chunk(2, completion_tokens=2), chunk(3), DONE
    )
    assert response.usage == Usage(3, 2)
    logs: PlainJson = {"content": [{"token": "a"}, {"token": "a"}, {"token": "a"}], "at": 3}
    assert response.extras == own(choices=[{"token_ids": [1, 2, 3], "logprobs": logs}])


def test_further_choices_are_alternatives_and_silent() -> None:
    events, response = run(
        delta(content="a"), delta(index=1, content="b"), delta("length", index=1), delta("stop"), DONE
    )
    assert [other.text for other in response.alternatives] == ["b"]
    assert [other.stop_reason for other in response.alternatives] == ["max_tokens"]
    assert events[1:] == [TextDelta(0, "a"), PartDone(0, Text("a"))]


def test_every_choice_begun_has_to_end() -> None:
    chunks = [delta(content="a"), delta(index=1, content="b"), delta("stop")]
    assert isinstance(decode_stream(chunks), Failure)
    assert isinstance(decode_stream([*chunks, delta("stop", index=1)]), Success)
    assert isinstance(decode_stream([*chunks, DONE]), Success)


def test_what_stands_around_the_events_is_skipped() -> None:
    """Comments, pings, empty data, filters before the first choice, usage at odd places."""
    events, response = run(
        b": OPENROUTER PROCESSING\n\n",
        b"data: : OPENROUTER PROCESSING\n\n",
        b"data: \n\n",
        event(id="", model="", choices=[], prompt_filter_results=[{"prompt_index": 0}]),
        delta("stop", content="a"),
        event(id="x", choices=[], x_groq={"id": "r", "usage": {"prompt_tokens": 3}}),
        DONE,
    )
    assert events[0] == Started("x", "m")
    assert response == Response(
        AssistantMessage((Text("a"),)),
        Usage(3),
        "end",
        "stop",
        None,
        "x",
        "m",
        "openai_chat",
        extras=own(
            prompt_filter_results=[{"prompt_index": 0}], x_groq={"id": "r", "usage": {"prompt_tokens": 3}}
        ),
    )


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (event(error={"message": "no", "type": "overloaded_error"}), Overloaded),
        (event(error={"message": "no", "code": 503}, choices=[]), Overloaded),
        (b'event: error\ndata: {"error": {"message": "no", "status_code": 400}}\n\n', BadRequest),
        (b'event: error\ndata: {"message": "no", "code": 503}\n\n', Overloaded),
        (b'data: [{"error": {"message": "no", "code": 503}}]\n\n', Overloaded),
        (b'data: {"choices": null, "base_resp": {"status_code": 1013}}\n\n', ServerFault),
        (b'error: {"message": "no", "code": 503, "type": "server_error"}\n\ndata: [DONE]\n\n', Overloaded),
        (b'error: {"message": "no", "code": 400}\n\n' + delta("stop") + DONE, BadRequest),
        (b"error: no\n\n" + DONE, Malformed),
        (b"data: {\n\n", Malformed),
        (b"data: [1]\n\n", Malformed),
        (b"data: \xff\n\n", Malformed),
        (event(choices=[{"index": -1, "delta": {}}]), Malformed),
        (event(choices=[{"index": 0, "delta": {"tool_calls": [{"index": -1}]}}]), Malformed),
    ],
)
def test_an_error_in_the_stream_carries_what_was_read(broken: bytes, kind: type[object]) -> None:
    state, _ = stream_step(stream_start(), delta(content="a") + broken)
    assert stream_ended(state)
    outcome = stream_result(state)
    assert isinstance(outcome, Failure)
    assert type(outcome.failure()) is kind
    assert outcome.failure().partial == Response(
        AssistantMessage((Text("a"),)), id="x", model="m", provider="openai_chat"
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", Malformed),
        (b"d", Incomplete),
        (b"\n", Incomplete),
        (b": keep-alive\n\n", Incomplete),
        (DONE, Malformed),
        (b'error: {"code": 503}\n\n' + DONE, Overloaded),
        (b"<html>", Malformed),
        (b'{"error": {"message": "no", "code": 503}}', Overloaded),
        (b'[{"error": {"message": "no", "code": 503}}]', Overloaded),
        (b'{"choices": [{"mess', Malformed),
    ],
)
def test_what_is_no_stream(body: bytes, kind: type[object]) -> None:
    outcome = decode_stream([body])
    assert isinstance(outcome, Failure)
    assert type(outcome.failure()) is kind


def test_what_only_looks_like_an_error_is_none() -> None:
    """A message of another kind, and an error whose fields say nothing beside an answer."""
    empty: dict[str, PlainJson] = {"message": "", "type": "", "code": None}
    queue = event(type="status", message="in a queue")
    said = event(id="x", choices=[{"index": 0, "delta": {"content": "a"}}], error=empty)
    assert run(queue, said, delta("stop"), event(id="x", choices=[], error=empty), DONE)[1].text == "a"


def test_a_server_that_does_not_stream_has_answered_all_the_same() -> None:
    body = b'{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}\n'
    assert decode_stream([body[:9], body[9:]]).unwrap().text == "a"


def test_what_a_stub_sends() -> None:
    """One event in each chunk, texts in pieces, then the usage and the end mark."""
    _, response = run(delta("stop", content="a" * 30), event(id="x", choices=[], usage={"prompt_tokens": 3}))
    chunks = encode_stream(response).unwrap()
    assert [json.loads(chunk[6:])["choices"][:1] for chunk in chunks[:-1]] == [
        [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "a" * 24}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "a" * 6}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        [],
    ]
    assert chunks[-1] == DONE
    changed = replace(response, message=AssistantMessage((Text("a"), Text("b"))))
    assert decode_stream(encode_stream(changed).unwrap()) == Success(changed)


def test_long_streams_cost_what_they_are_long() -> None:
    def seconds(count: int) -> float:
        chunk = delta(content="hello ")
        best = 9.0
        for _ in range(3):
            state = stream_start()
            start = time.process_time()
            for _ in range(count):
                state, _ = stream_step(state, chunk)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(10_000) < 40 * seconds(1000)


def test_nothing_is_read_after_the_end() -> None:
    def chunks() -> Iterator[bytes]:
        yield delta("stop", content="a")
        yield DONE
        raise AssertionError("the answer is whole")

    assert decode_stream(chunks()).unwrap().text == "a"


def test_a_call_without_an_id_has_the_same_one_from_the_start() -> None:
    nameless = piece(index=0, function={"name": "f", "arguments": "{}"})
    events, response = run(nameless, delta("tool_calls"))
    assert events == [
        Started("x", "m"),
        ToolCallStarted(0, "call_x_0", "f"),
        ToolCallDelta(0, "{}"),
        PartDone(0, ToolCall("call_x_0", "f")),
    ]
    assert response.tool_calls == (ToolCall("call_x_0", "f"),)


def test_what_goes_on_after_its_finish_reason_takes_back_what_was_done() -> None:
    chunks = (delta("stop", content="a"), delta(content="b"), delta("stop", content="c"))
    events, response = run(*chunks, DONE)
    told: list[StreamEvent] = [
        Started("x", "m"),
        TextDelta(0, "a"),
        PartDone(0, Text("a")),
        Restarted(0),
        TextDelta(0, "ab"),
        TextDelta(0, "c"),
    ]
    assert (events, response.text) == ([*told, PartDone(0, Text("abc"))], "abc")
    state, cut = stream_start(), list[StreamEvent]()
    for chunk in chunks:
        state, more = stream_step(state, chunk)
        cut += more
    assert (cut, stream_result(state).unwrap().text) == (told, "abc")


@pytest.mark.parametrize(
    ("chunk", "start"),
    [
        (lambda at: delta(audio={"data": "A" * 1024}), delta(audio={"id": "a"})),
        (lambda at: delta(annotations=[{"n": at}]), delta(content="a")),
        (lambda at: piece(index=at, id=f"c{at}", function={"name": "f", "arguments": "{}"}), b""),
        (lambda at: piece(index=at % 2, function={"arguments": " "}), piece(index=0, id="a")),
        (lambda at: delta(function_call={"arguments": "x" * 99}), b""),
        (lambda at: event(choices=[{"index": 0, "token_ids": [at]}]), b""),
    ],
    ids=["audio", "lists", "calls", "pieces", "old call", "lists of a choice"],
)
def test_what_grows_costs_what_it_is_long(chunk: Callable[[int], bytes], start: bytes) -> None:
    def seconds(count: int) -> float:
        chunks = [start, *map(chunk, range(count))]
        before = time.process_time()
        state = stream_start()
        for one in chunks:
            state, _ = stream_step(state, one)
        return time.process_time() - before

    once = min(seconds(500) for _ in range(3))
    assert min(seconds(4000) for _ in range(2)) < 8 * once * 4
