"""P: what a provider says, and what it cannot have meant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_effects import Runner, run, with_continuation, with_retry
from llm_effects.notes import OtherModel, Skipped
from llm_pure import (
    AssistantMessage,
    Completion,
    ContinuationPolicy,
    Incomplete,
    JsonObject,
    Malformed,
    Message,
    Opaque,
    Outcome,
    OutOfOrder,
    Overloaded,
    Reasoning,
    Response,
    ServerFault,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
    WireFormat,
    user,
)
from llm_pure.json import PlainJson, thaw
from llm_pure.target import codec_of
from tests.effects.scripted import COLOURS, QUESTION, Colour, Flow, answer, failed, leaf
from tests.faults.checks import AT_ONCE, text
from tests.faults.conftest import Meet
from tests.faults.peer import Server
from tests.faults.words import BY_WIRE, Object, Said, Words, answers, sse
from tests.providers import ANTHROPIC, OPENAI, PROVIDERS, RESPONSES, Provider

WATCHING: Final = ("stream", "astream")
UNWATCHED: Final = (COLOURS["run"], COLOURS["arun"])
ONLY: Final = {
    provider: pytest.mark.parametrize("provider", [provider], indirect=True, ids=lambda it: it.name)
    for provider in PROVIDERS
}


@pytest.fixture
def words(provider: Provider) -> Words:
    return BY_WIRE[provider.wire]


def decoded(wire: WireFormat, said: Said) -> tuple[Outcome[Response], Outcome[Response]]:
    """The answer by both ways."""
    codec = codec_of(wire)
    return codec.decode_response(said.body), codec.decode_stream([said.stream])


def bare(outcome: Outcome[Response]) -> Response:
    """An answer without what its form alone says of it."""
    return replace(outcome.unwrap(), extras=JsonObject())


# ---------------------------------------------------------------- words that nobody knows

HOLOGRAM: Final[Object] = {"type": "hologram", "beam": {"angle": 30}}
UNKNOWN: Final[Mapping[WireFormat, Said]] = {
    "anthropic_messages": Said(
        {
            "type": "message",
            "role": "assistant",
            "id": "a",
            "model": "m",
            "content": [HOLOGRAM],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 3, "output_tokens": 2},
        },
        (
            {
                "type": "message_start",
                "message": {"id": "a", "model": "m", "usage": {"input_tokens": 3, "output_tokens": 2}},
            },
            {"type": "content_block_start", "index": 0, "content_block": HOLOGRAM},
            {"type": "content_block_stop", "index": 0},
        ),
        (
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ),
    ),
    "openai_responses": Said(
        {"id": "a", "model": "m", "status": "completed", "output": [HOLOGRAM]},
        (
            {"type": "response.created", "response": {"id": "a", "model": "m", "status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": HOLOGRAM},
            {"type": "response.output_item.done", "output_index": 0, "item": HOLOGRAM},
        ),
        (
            {
                "type": "response.completed",
                "response": {"id": "a", "model": "m", "status": "completed", "output": [HOLOGRAM]},
            },
        ),
    ),
}


@pytest.mark.parametrize("provider", [ANTHROPIC, RESPONSES], indirect=True, ids=lambda it: it.name)
def test_P1_an_unknown_block_is_kept_and_goes_back_as_it_came(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(answers(UNKNOWN[provider.wire]))
    message = colour(runner, provider.question).outcome.unwrap().message
    (part,) = message.content
    assert isinstance(part, Opaque)
    assert part.raw == HOLOGRAM
    again = Completion([user("Hi"), message, user("Go on")], model=provider.model, max_tokens=9)
    payload = codec_of(provider.wire).encode_request(again).unwrap().payload
    assert json.dumps(HOLOGRAM) in json.dumps(payload)


@ONLY[OPENAI]
def test_P1_unknown_fields_of_a_message_are_kept(provider: Provider, meet: Meet, colour: Colour) -> None:
    said = BY_WIRE[provider.wire].said()
    message: Object = {"role": "assistant", "content": "Hello", "hologram": HOLOGRAM}
    choices: list[PlainJson] = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = json.dumps({**said.whole, "choices": choices}).encode()
    delta: Object = {"id": "a", "choices": [{"index": 0, "delta": message}]}
    _, runner = meet(answers((body, sse(delta, *said.end))))
    outcome = colour(runner, provider.question).outcome
    payload = codec_of(provider.wire).encode_response(outcome.unwrap()).unwrap()
    assert json.dumps(HOLOGRAM) in json.dumps(payload)


def test_P2_an_unknown_event_is_skipped_and_counted(provider: Provider, words: Words, meet: Meet) -> None:
    said = words.said()
    strange: list[Object | bytes] = []
    for it in (*said.events, *said.end):
        strange += [{"type": "hologram.appeared", "beam": 3, "index": 0, "object": "hologram"}, it]
    if provider is OPENAI:  # whose events have no type: one that has no choices says nothing
        strange = [it for at, it in enumerate(strange) if at % 2 or at]
    counted = len(strange) - len(said.events) - len(said.end)
    for name in WATCHING:
        _, runner = meet(answers((b"", sse(*strange)), said))
        for notes in [Skipped(counted)], []:
            told = COLOURS[name](runner, provider.question)
            assert text(told.outcome) == "Hello"
            assert [it for it in told.notes if isinstance(it, Skipped)] == notes


@ONLY[ANTHROPIC]
def test_P3_an_unknown_delta_is_never_text_and_is_kept(provider: Provider, meet: Meet) -> None:
    said = BY_WIRE[provider.wire].said()
    beam: Object = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "hologram_delta", "beam": "3"},
    }
    strange = sse(*said.events[:2], beam, *said.events[2:], *said.end)
    _, runner = meet(answers((b"", strange)))
    for name in WATCHING:
        outcome = COLOURS[name](runner, provider.question).outcome
        assert text(outcome) == "Hello"
        assert _plain(outcome.unwrap()) == {"anthropic": {"beam": "3"}}


def _plain(response: Response) -> PlainJson:
    (part,) = response.message.content
    assert isinstance(part, Text)
    return thaw(part.extras)


def test_P4_an_unknown_stop_reason_is_other_and_never_an_end(
    provider: Provider, words: Words, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(answers(words.said(stop="hologram")))
    response = colour(runner, provider.question).outcome.unwrap()
    assert (response.stop_reason, response.raw_stop_reason, response.text) == ("other", "hologram", "Hello")


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.text(min_size=1))
def test_P4_no_word_but_the_providers_own_is_an_end(wire: WireFormat, word: str) -> None:
    for outcome in decoded(wire, BY_WIRE[wire].said(stop=word)):
        if isinstance(outcome, Success) and word not in {"end_turn", "stop", "completed"}:
            assert outcome.unwrap().stop_reason != "end"


# ---------------------------------------------------------------- what is missing, and what cannot be


def test_P5_usage_that_is_missing_is_unknown_and_not_zero(
    provider: Provider, words: Words, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(answers(words.said(usage={})))
    response = colour(runner, provider.question).outcome.unwrap()
    assert (response.text, response.usage) == ("Hello", Usage())
    assert response.usage.input_tokens is None


EMPTY: Final[Mapping[str, tuple[Provider, Object]]] = {
    "content null": (ANTHROPIC, {"content": None}),
    "content empty": (ANTHROPIC, {"content": []}),
    "message null": (
        OPENAI,
        {"choices": [{"index": 0, "message": {"content": None}, "finish_reason": "stop"}]},
    ),
    "choices empty": (OPENAI, {"choices": []}),
    "output empty": (RESPONSES, {"output": []}),
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("way", ["run", "arun"])
def test_P6_an_answer_without_content_is_empty(name: str, way: str) -> None:
    provider, change = EMPTY[name]
    said = BY_WIRE[provider.wire].said()
    with Server(provider.wire, answers((json.dumps({**said.whole, **change}).encode(), b""))) as server:
        response = COLOURS[way](provider.with_clients(server.url), provider.question).outcome.unwrap()
    assert (response.text, response.message.content) == ("", ())


@ONLY[OPENAI]
def test_P6_a_first_chunk_without_choices_is_no_end(provider: Provider, meet: Meet) -> None:
    said = BY_WIRE[provider.wire].said()
    first: Object = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    _, runner = meet(answers((b"", sse(first, *said.events, *said.end))))
    for name in WATCHING:
        assert text(COLOURS[name](runner, provider.question).outcome) == "Hello"


COUNTS: Final[Mapping[WireFormat, tuple[str, str]]] = {
    "anthropic_messages": ("input_tokens", "output_tokens"),
    "openai_chat": ("prompt_tokens", "completion_tokens"),
    "openai_responses": ("input_tokens", "output_tokens"),
}


@pytest.mark.parametrize(
    "count", [-1, 1.5, 10**400, 2**60, "3", True, [], -(10**30)], ids=lambda it: str(it)[:9]
)
def test_P7_a_count_that_is_none_is_malformed_with_its_place_and_the_answer_is_kept(
    provider: Provider, words: Words, meet: Meet, colour: Colour, count: PlainJson
) -> None:
    incoming, outgoing = COUNTS[provider.wire]
    said = words.said(usage={incoming: 3, outgoing: count})
    _, runner = meet(answers(said))
    error = failed(colour(runner, provider.question).outcome)
    assert type(error) is Malformed
    assert error.path is not None
    assert error.path.endswith(f"usage.{outgoing}")
    if colour in UNWATCHED:
        assert error.partial is not None
        assert error.partial.text == "Hello"


def test_P7_parts_that_exceed_their_whole_are_real_traffic(
    provider: Provider, words: Words, meet: Meet, colour: Colour
) -> None:
    usages: dict[WireFormat, Object] = {
        "anthropic_messages": {
            "input_tokens": 3,
            "output_tokens": 2,
            "output_tokens_details": {"thinking_tokens": 9},
        },
        "openai_chat": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "completion_tokens_details": {"reasoning_tokens": 9},
        },
        "openai_responses": {
            "input_tokens": 3,
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 9},
        },
    }
    _, runner = meet(answers(words.said(usage=usages[provider.wire])))
    found = colour(runner, provider.question).outcome.unwrap().usage
    assert (found.output_tokens, found.reasoning_tokens) == (2, 9)


# ---------------------------------------------------------------- calls


@pytest.mark.parametrize("arguments", ["[1]", '"x"', "3", "null", "true"])
def test_P8_arguments_that_are_no_object_are_a_broken_call_with_its_text(
    provider: Provider, words: Words, meet: Meet, colour: Colour, arguments: str
) -> None:
    server, runner = meet(answers(words.said(None, ("t", "f", arguments), stop=words.call)))
    response = colour(with_retry(AT_ONCE)(runner), provider.question).outcome.unwrap()
    assert response.tool_calls == ()
    (broken,) = response.broken_tool_calls
    assert (broken.id, broken.name) == ("t", "f")
    assert broken.text == arguments or (colour in UNWATCHED and broken.text == json.loads(arguments))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "arguments", ['{"a": ', "{'a': 1}", "{}{}", "NaN", '{"a": NaN}', "rm -rf /", '{"a": 1e400}']
)
def test_P9_arguments_that_are_no_json_are_a_broken_call_with_its_text(
    provider: Provider, words: Words, meet: Meet, colour: Colour, arguments: str
) -> None:
    said = words.said(None, ("t", "f", arguments), stop=words.call)
    if provider is ANTHROPIC:  # whose whole answers hold values, and no text that could be wrong
        said = replace(said, whole={**said.whole, "content": [{**_call(said), "input": arguments}]})
    server, runner = meet(answers(said))
    response = colour(with_retry(AT_ONCE)(runner), provider.question).outcome.unwrap()
    assert response.tool_calls == ()
    (broken,) = response.broken_tool_calls
    assert (broken.id, broken.name) == ("t", "f")
    assert broken.text in {arguments, json.dumps(arguments)}
    assert len(server.requests) == 1


def _call(said: Said) -> Object:
    content = said.whole["content"]
    assert isinstance(content, list)
    call = content[-1]
    assert isinstance(call, dict)
    return call


@pytest.mark.parametrize("arguments", ['{"path": "X", "mode": "del', '{"path"', "{", "", '{"path": "X'])
def test_P10_a_call_cut_off_by_the_limit_is_broken_and_never_a_call(
    provider: Provider, words: Words, meet: Meet, colour: Colour, arguments: str
) -> None:
    said = words.said("Let me.", ("t", "f", arguments), stop=words.cut)
    if provider is ANTHROPIC:  # which says of a call that was cut that it has no arguments
        content: list[PlainJson] = [{"type": "text", "text": "Let me."}, {**_call(said), "input": {}}]
        said = replace(said, whole={**said.whole, "content": content})
    server, runner = meet(answers(said))
    response = colour(with_retry(AT_ONCE)(runner), provider.question).outcome.unwrap()
    assert (response.tool_calls, response.stop_reason) == ((), "max_tokens")
    assert [(it.id, it.name) for it in response.broken_tool_calls] == [("t", "f")]
    assert len(server.requests) == 1


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P10_a_call_cut_anywhere_is_never_run(wire: WireFormat, data: st.DataObject) -> None:
    whole = '{"path": "X", "mode": "delete", "deep": {"a": [1, 2]}}'
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    words = BY_WIRE[wire]
    said = words.said(None, ("t", "f", cut), stop=words.cut)
    assert codec_of(wire).decode_stream([said.stream]).unwrap().tool_calls == ()


COLLIDING: Final = [("t", "t"), ("", ""), ("t", ""), ("a b", "ü"), ("x" * 200, "x" * 200)]


def _sent_ids(provider: Provider, turns: list[Message]) -> tuple[list[str], list[str], int]:
    """The ids of calls and of results as they go out, and how many losses are told."""
    asked = Completion(turns, model=provider.model, max_tokens=9)
    encoded = codec_of(provider.wire).encode_request(asked).unwrap()
    found = list(_ids(encoded.payload))
    calls = [id_ for what, id_ in found if what == "call"]
    return calls, [id_ for what, id_ in found if what == "result"], len(encoded.losses)


def _called(*ids: str) -> list[Message]:
    calls = tuple(ToolCall(id_, "f", JsonObject({"n": n})) for n, id_ in enumerate(ids))
    results = tuple(ToolResult(id_, (Text(f"result {n}"),)) for n, id_ in enumerate(ids))
    return [user("Call"), AssistantMessage(calls), UserMessage(results)]


@pytest.mark.parametrize("ids", COLLIDING)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda it: it.name)
def test_P11_calls_of_one_turn_are_told_apart_and_so_are_their_results(
    provider: Provider, ids: tuple[str, str]
) -> None:
    calls, results, losses = _sent_ids(provider, _called(*ids))
    assert len(set(calls)) == 2
    assert all(calls)
    assert results == calls
    assert (losses > 0) == (calls != list(ids) and provider is not ANTHROPIC)


@pytest.mark.parametrize("ids", COLLIDING)
def test_P11_over_turns_messages_tell_calls_apart_and_read_them_back(ids: tuple[str, str]) -> None:
    turns = [*_called(ids[0]), *_called(ids[1])]
    calls, results, _ = _sent_ids(ANTHROPIC, turns)
    assert len(set(calls)) == 2
    assert results == calls
    codec = codec_of(ANTHROPIC.wire)
    asked = Completion(turns, model=ANTHROPIC.model, max_tokens=9)
    again = codec.decode_request(codec.encode_request(asked).unwrap().payload).unwrap()
    named = [part.id for message in again.messages for part in message.content if isinstance(part, ToolCall)]
    assert named == list(ids)


@pytest.mark.parametrize("ids", COLLIDING)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda it: it.name)
def test_P11_over_turns_each_result_has_the_id_of_the_call_before_it(
    provider: Provider, ids: tuple[str, str]
) -> None:
    """An id that was answered may come again: servers that count anew in each answer give it so, a result belongs to
    the last call of its id, and a payload that was recorded so has to go back as it was."""
    calls, results, _ = _sent_ids(provider, [*_called(ids[0]), *_called(ids[1])])
    assert results == calls


def _ids(value: PlainJson) -> Iterator[tuple[str, str]]:
    """The ids of calls and results in a payload, in order."""
    if isinstance(value, dict):
        kind = value.get("type")
        if kind == "tool_use" or (kind == "function" and "id" in value):
            yield "call", str(value["id"])
        elif kind == "function_call":
            yield "call", str(value["call_id"])
        elif kind == "tool_result":
            yield "result", str(value["tool_use_id"])
        elif kind == "function_call_output":
            yield "result", str(value["call_id"])
        elif value.get("role") == "tool":
            yield "result", str(value["tool_call_id"])
        for item in value.values():
            yield from _ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)


# ---------------------------------------------------------------- the order of events


def _block(index: int) -> Object:
    return {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}


def _words(index: int) -> Object:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": "a"}}


def _item(index: int) -> Object:
    return {
        "type": "response.output_item.added",
        "output_index": index,
        "item": {"type": "message", "role": "assistant", "content": []},
    }


def _more(index: int, part: int = 0) -> Object:
    return {"type": "response.output_text.delta", "output_index": index, "content_index": part, "delta": "a"}


ORDERS: Final[Mapping[str, tuple[Provider, tuple[Object, ...]]]] = {
    "P12 messages": (ANTHROPIC, (_words(0),)),
    "P12 messages, of a block that is closed": (
        ANTHROPIC,
        (_block(0), {"type": "content_block_stop", "index": 0}, _words(0)),
    ),
    "P12 responses": (RESPONSES, (_more(0),)),
    "P13 messages, negative": (ANTHROPIC, (_block(0), _words(-1))),
    "P13 messages, a block": (ANTHROPIC, (_block(-1),)),
    "P13 messages, skipping": (ANTHROPIC, (_block(0), _words(0), _block(7))),
    "P13 responses, negative": (RESPONSES, (_item(-1),)),
    "P13 responses, skipping": (RESPONSES, (_item(3),)),
    "P13 responses, a part": (RESPONSES, (_item(0), _more(0, -1))),
    "P14 messages": (ANTHROPIC, (_block(0), _words(0), _block(0))),
    "P14 responses": (RESPONSES, (_item(0), _item(0))),
}


def out_of_order(name: str, way: str) -> None:
    """The stream with these events is out of order, tried once more if nothing was seen, and keeps what was read."""
    provider, events = ORDERS[name]
    said = BY_WIRE[provider.wire].said()
    with Server(provider.wire, answers((b"", sse(said.events[0], *events, *said.end)))) as server:
        told = COLOURS[way](with_retry(AT_ONCE)(provider.with_clients(server.url)), provider.question)
        error = failed(told.outcome)
        assert type(error) is OutOfOrder
        assert len(server.requests) == (1 if told.events else 2)
        said_text = "".join(it.text for it in told.events if isinstance(it, TextDelta))
        assert not said_text or (error.partial is not None and error.partial.text == said_text)
        if provider is RESPONSES:  # its last event says all
            assert error.partial is not None
            assert (error.partial.text, error.usage) == ("Hello", Usage(3, 2))


@pytest.mark.parametrize("name", [name for name in ORDERS if name.startswith("P12")])
@pytest.mark.parametrize("way", WATCHING)
def test_P12_a_delta_before_its_block_is_out_of_order(name: str, way: str) -> None:
    out_of_order(name, way)


@pytest.mark.parametrize("name", [name for name in ORDERS if name.startswith("P13")])
@pytest.mark.parametrize("way", WATCHING)
def test_P13_an_index_below_zero_or_too_high_is_out_of_order(name: str, way: str) -> None:
    out_of_order(name, way)


@pytest.mark.parametrize("change", [{"index": -1}, {"index": 1.5}, {"index": "-1"}])
def test_P13_a_choice_or_call_below_zero_is_malformed(change: Object) -> None:
    choice: Object = {"index": 0, "delta": {"content": "a"}}
    call: Object = {"index": 0, "delta": {"tool_calls": [{"id": "t", "function": {"name": "f"}, **change}]}}
    for wrong in ({**choice, **change}, call):
        body = sse({"id": "a", "model": "m", "choices": [choice]}, {"id": "a", "choices": [wrong]})
        error = failed(codec_of("openai_chat").decode_stream([body]))
        assert type(error) in {Malformed, OutOfOrder}
        assert error.partial is not None
        assert error.partial.text == "a"


@pytest.mark.parametrize("name", [name for name in ORDERS if name.startswith("P14")])
@pytest.mark.parametrize("way", WATCHING)
def test_P14_a_place_opened_twice_is_out_of_order(name: str, way: str) -> None:
    out_of_order(name, way)


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P14_any_order_of_events_gives_an_outcome_and_no_text_from_nowhere(
    wire: WireFormat, data: st.DataObject
) -> None:
    said = BY_WIRE[wire].said("Hello", ("t", "f", "{}"))
    events = data.draw(st.lists(st.sampled_from([*said.events, *said.end]), max_size=12))
    outcome = codec_of(wire).decode_stream([sse(*events)])
    response = outcome.unwrap() if isinstance(outcome, Success) else outcome.failure().partial
    assert response is None or response.text.replace("Hello", "") == ""


# ---------------------------------------------------------------- beginnings and ends


@pytest.mark.parametrize("way", WATCHING)
def test_P15_a_stream_that_does_not_begin_is_malformed_and_tried_once_more(
    provider: Provider, words: Words, meet: Meet, way: str
) -> None:
    said = words.said()
    beginnings: list[bytes] = [b""]
    if provider is ANTHROPIC:  # chunks of Chat have none, and the last event of Responses says all
        beginnings.append(sse(*said.end))
    for body in beginnings:
        server, runner = meet(answers((b"", body)))
        error = failed(COLOURS[way](with_retry(AT_ONCE)(runner), provider.question).outcome)
        assert type(error) in (
            {Malformed} if provider is not RESPONSES or not body else {Malformed, OutOfOrder}
        )
        assert len(server.requests) == 2


ERRORS: Final[Mapping[WireFormat, bytes]] = {
    "anthropic_messages": b"event: error\n"
    b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}\n\n',
    "openai_chat": b'data: {"error": {"message": "busy", "type": "server_error", "code": "server_error"}}\n\n',
    "openai_responses": b'event: error\ndata: {"type": "error", "code": "server_error", "message": "busy"}\n\n',
}


@pytest.mark.parametrize("way", WATCHING)
def test_P16_an_error_event_first_is_that_error_and_tried_again(
    provider: Provider, words: Words, meet: Meet, way: str
) -> None:
    server, runner = meet(answers((b"", ERRORS[provider.wire])))
    error = failed(COLOURS[way](with_retry(AT_ONCE)(runner), provider.question).outcome)
    assert type(error) in {Overloaded, ServerFault}
    assert (error.message, len(server.requests)) == ("busy", 4)
    server, runner = meet(answers((b"", ERRORS[provider.wire]), words.said()))
    assert text(COLOURS[way](with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"


@pytest.mark.parametrize("way", WATCHING)
def test_P17_an_error_event_after_text_is_that_error_with_the_text_and_not_tried_again(
    provider: Provider, words: Words, meet: Meet, way: str
) -> None:
    body = sse(*words.said().events) + ERRORS[provider.wire]
    server, runner = meet(answers((b"", body)))
    error = failed(COLOURS[way](with_retry(AT_ONCE)(runner), provider.question).outcome)
    assert type(error) in {Overloaded, ServerFault}
    assert error.partial is not None
    assert (error.message, error.partial.text, len(server.requests)) == ("busy", "Hello", 1)


@pytest.mark.parametrize("way", WATCHING)
def test_P18_without_its_closing_event_a_stream_is_incomplete(
    provider: Provider, words: Words, meet: Meet, way: str
) -> None:
    said = words.said()
    body = sse(*said.events, *(said.end[:1] if provider is ANTHROPIC else ()))
    _, runner = meet(answers((b"", body)))
    error = failed(COLOURS[way](runner, provider.question).outcome)
    assert type(error) is Incomplete
    assert error.partial is not None
    assert error.partial.text == "Hello"


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("way", WATCHING)
def test_P18_an_event_that_lacks_its_blank_line_counts_if_it_is_the_closing_one(
    provider: Provider, words: Words, meet: Meet, way: str, end: bytes
) -> None:
    stream = words.said().stream
    _, runner = meet(answers((b"", stream), (b"", stream.rstrip(b"\n") + end)))
    whole, short = (COLOURS[way](runner, provider.question) for _ in range(2))
    assert text(short.outcome) == "Hello"
    assert (short.outcome, short.events) == (whole.outcome, whole.events)


@pytest.mark.parametrize("way", WATCHING)
def test_P18_so_does_an_error(provider: Provider, words: Words, meet: Meet, way: str) -> None:
    stream = sse(*words.said().events) + ERRORS[provider.wire].rstrip(b"\n")
    _, runner = meet(answers((b"", stream)))
    error = failed(COLOURS[way](runner, provider.question).outcome)
    assert "busy" in error.message
    assert error.partial is not None
    assert error.partial.text == "Hello"


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P18_an_event_that_is_cut_says_nothing(wire: WireFormat, data: st.DataObject) -> None:
    said = BY_WIRE[wire].said("Hello")
    begun, last = sse(*said.events), sse(said.end[-1] if wire != "openai_chat" else said.end[0]).rstrip(b"\n")
    at = data.draw(st.integers(0, len(last) - 1))
    codec = codec_of(wire)
    assert failed(codec.decode_stream([begun, last[:at]])) == failed(codec.decode_stream([begun]))


@ONLY[OPENAI]
@pytest.mark.parametrize("way", WATCHING)
def test_P19_without_done_a_stream_is_whole_if_a_finish_reason_came(
    provider: Provider, words: Words, meet: Meet, way: str
) -> None:
    said = words.said()
    _, runner = meet(answers((b"", sse(*said.events, *said.end[:-1])), (b"", sse(*said.events))))
    outcome = COLOURS[way](runner, provider.question).outcome
    assert (text(outcome), outcome.unwrap().stop_reason) == ("Hello", "end")
    assert outcome.unwrap().usage.output_tokens == 2
    _, runner = meet(answers((b"", sse(*said.events))))
    assert type(failed(COLOURS[way](runner, provider.question).outcome)) is Incomplete


# ---------------------------------------------------------------- how events are written

WRITTEN: Final = "Grüße, 世界 🌍"


def cuts(data: st.DataObject, body: bytes) -> list[bytes]:
    """The same bytes in chunks."""
    places = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=30)) | {0, len(body)})
    return [body[a:b] for a, b in pairwise(places)]


def same(wire: WireFormat, body: bytes, data: st.DataObject) -> None:
    codec, said = codec_of(wire), BY_WIRE[wire].said(WRITTEN, ("t", "f", '{"a": "ß"}'))
    expected = codec.decode_stream([said.stream]).unwrap()
    assert expected.text == WRITTEN
    assert codec.decode_stream(cuts(data, body)).unwrap() == expected
    assert codec.decode_stream([body[at : at + 1] for at in range(len(body))]).unwrap() == expected


def written(wire: WireFormat) -> bytes:
    said = BY_WIRE[wire].said(WRITTEN, ("t", "f", '{"a": "ß"}'))
    return sse(
        *(it if isinstance(it, bytes) else json.dumps(it, ensure_ascii=False).encode() for it in said.events),
        *(it if isinstance(it, bytes) else json.dumps(it, ensure_ascii=False).encode() for it in said.end),
    )


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P20_line_ends_of_every_kind_make_the_same_events(wire: WireFormat, data: st.DataObject) -> None:
    pieces = written(wire).split(b"\n")
    kinds = data.draw(
        st.sampled_from([[b"\r\n"], [b"\r"], [b"\n"], [b"\n", b"\r\n"], [b"\r", b"\n", b"\r\n"]])
    )
    ends = [kinds[at % len(kinds)] for at in range(len(pieces))]
    # Where CR is followed by LF the two would be one end: there stands a LF instead.
    ends = [
        b"\n" if end == b"\r" and following == b"\n" else end for end, following in pairwise([*ends, b""])
    ]
    same(wire, b"".join(piece + end for piece, end in zip(pieces[:-1], ends, strict=False)), data)


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P21_comments_pings_and_empty_events_say_nothing(wire: WireFormat, data: st.DataObject) -> None:
    noise = [b": keep-alive\n\n", b":\n\n", b"\n", b"\n\n", b"event: ping\n\n", b"id: 7\nretry: 10\n\n"]
    if wire == "anthropic_messages":
        noise.append(b'event: ping\ndata: {"type": "ping"}\n\n')
    body = b""
    for piece in written(wire).split(b"\n\n")[:-1]:
        body += b"".join(data.draw(st.lists(st.sampled_from(noise), max_size=3))) + piece + b"\n\n"
    same(wire, body, data)


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P21_so_do_blank_lines_that_are_not_there(wire: WireFormat, data: st.DataObject) -> None:
    """Between events of JSON objects, as some servers leave them out; at the end of all a stream is over anyway."""
    pieces = written(wire).split(b"\n\n")[:-1]
    ends = data.draw(st.lists(st.sampled_from([b"\n", b"\n\n"]), min_size=len(pieces), max_size=len(pieces)))
    same(wire, b"".join(piece + end for piece, end in zip(pieces, ends, strict=True)), data)


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P22_data_over_several_lines_is_joined(wire: WireFormat, data: st.DataObject) -> None:
    same(wire, written(wire).replace(b', "', b',\ndata: "'), data)


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P23_letters_split_over_chunks_are_whole(wire: WireFormat, data: st.DataObject) -> None:
    same(wire, written(wire), data)


@pytest.mark.parametrize("wire", BY_WIRE)
@given(st.data())
def test_P24_a_byte_order_mark_before_a_stream_is_skipped(wire: WireFormat, data: st.DataObject) -> None:
    same(wire, b"\xef\xbb\xbf" + written(wire), data)


@pytest.mark.parametrize("way", WATCHING)
def test_P24_so_it_is_through_an_sdk(provider: Provider, words: Words, meet: Meet, way: str) -> None:
    _, runner = meet(answers((b"", b"\xef\xbb\xbf" + words.said().stream)))
    assert text(COLOURS[way](runner, provider.question).outcome) == "Hello"


@pytest.mark.parametrize("wrong", [b"\xff", b"{", b"[1]", b'{"a": "\xff"}', b"null", b"3", b'{"a": NaN}'])
@pytest.mark.parametrize("way", WATCHING)
def test_P25_an_event_that_is_no_json_is_malformed_with_the_part_read(
    provider: Provider, words: Words, meet: Meet, way: str, wrong: bytes
) -> None:
    said = words.said()
    first = 1 if provider is OPENAI else 2
    server, runner = meet(
        answers((b"", sse(*said.events[: first + 1], wrong, *said.events[first + 1 :], *said.end)))
    )
    error = failed(COLOURS[way](with_retry(AT_ONCE)(runner), provider.question).outcome)
    assert type(error) is Malformed
    assert error.partial is not None
    assert (error.partial.text, len(server.requests)) == ("Hello", 1)


@pytest.mark.parametrize("escaped", ["\\ud800", "\\udfff", "a\\udc00b"])
def test_P26_a_lone_surrogate_coming_in_is_malformed(
    provider: Provider, words: Words, meet: Meet, colour: Colour, escaped: str
) -> None:
    said = words.said("LONE")
    whole, streamed = (it.replace(b"LONE", escaped.encode()) for it in (said.body, said.stream))
    _, runner = meet(answers((whole, streamed)))
    assert type(failed(colour(runner, provider.question).outcome)) is Malformed


def test_P26_a_pair_of_surrogates_is_a_letter(
    provider: Provider, words: Words, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(answers(words.said("\U0001f30d")))
    assert text(colour(runner, provider.question).outcome) == "\U0001f30d"


# ---------------------------------------------------------------- several at once


def test_P27_two_calls_come_in_order(provider: Provider, words: Words, meet: Meet, colour: Colour) -> None:
    calls = ("t1", "f", '{"a": 1}'), ("t2", "g", '{"b": 2}')
    _, runner = meet(answers(words.said(None, *calls, stop=words.call)))
    found = colour(runner, provider.question).outcome.unwrap().tool_calls
    assert [(it.id, it.name, it.arguments.thaw()) for it in found] == [
        ("t1", "f", {"a": 1}),
        ("t2", "g", {"b": 2}),
    ]


@ONLY[OPENAI]
@pytest.mark.parametrize("way", WATCHING)
def test_P27_two_answers_and_two_calls_interleaved_are_all_kept(
    provider: Provider, meet: Meet, way: str
) -> None:
    def chunk(index: int, finish: str | None = None, **delta: PlainJson) -> Object:
        choice: Object = {"index": index, "delta": delta, "finish_reason": finish}
        return {"id": "a", "model": "m", "choices": [choice]}

    def piece(index: int, arguments: str, **more: PlainJson) -> PlainJson:
        return {
            "index": index,
            "function": {"arguments": arguments, **more},
            **({"id": f"t{index}"} if more else {}),
        }

    body = sse(
        chunk(0, content="One"),
        chunk(1, content="Two"),
        chunk(0, tool_calls=[piece(0, "", name="f"), piece(1, "", name="g")]),
        chunk(0, tool_calls=[piece(1, '{"b"')]),
        chunk(0, tool_calls=[piece(0, '{"a"')]),
        chunk(1, content=" more"),
        chunk(0, tool_calls=[piece(1, ": 2}"), piece(0, ": 1}")]),
        chunk(1, "stop"),
        chunk(0, "tool_calls"),
        b"[DONE]",
    )
    _, runner = meet(answers((b"", body)))
    response = COLOURS[way](runner, provider.question).outcome.unwrap()
    assert response.text == "One"
    assert [(it.id, it.name, it.arguments.thaw()) for it in response.tool_calls] == [
        ("t0", "f", {"a": 1}),
        ("t1", "g", {"b": 2}),
    ]
    assert [it.text for it in response.alternatives] == ["Two more"]


# ---------------------------------------------------------------- going on


def test_P28_a_prefill_that_ends_in_space_is_trimmed_and_joined_without_loss(flow: Flow) -> None:
    script = [answer("One two ", "max_tokens"), answer("three", "end")]
    told = flow(with_continuation(ContinuationPolicy()), QUESTION, script)
    assert text(told.outcome) == "One two three"


@given(st.text(st.sampled_from("ab \n\t"), min_size=1), st.text(st.sampled_from("ab \n\t"), min_size=1))
def test_P28_no_request_ends_in_space_and_no_space_is_lost(first: str, rest: str) -> None:
    runner = leaf(answer(first, "max_tokens"), answer(rest, "end"))
    outcome = run(with_continuation(ContinuationPolicy())(runner), QUESTION)
    for sent in runner.door.requests:  # type: ignore[attr-defined]  # a scripted door
        last = json.loads(sent.body)["messages"][-1]
        said = last["content"] if isinstance(last["content"], str) else last["content"][-1].get("text", "")
        assert last["role"] == "user" or said == said.rstrip()
    if isinstance(outcome, Success):
        assert "".join(outcome.unwrap().text.split()).startswith("".join(first.split())[:1])


def test_P28_a_model_that_refuses_a_prefill_is_asked_in_a_turn(flow: Flow) -> None:
    asked = QUESTION.replace(model="claude-sonnet-5")
    script = [answer("One two", "max_tokens"), answer(" three", "end")]
    assert text(flow(with_continuation(ContinuationPolicy()), asked, script).outcome) == "One two three"


def test_P29_a_continuation_without_an_end_is_bounded_and_gives_what_it_has(flow: Flow) -> None:
    script = [answer(f"part {number} ", "max_tokens") for number in range(50)]
    told = flow(with_continuation(ContinuationPolicy(max_rounds=3)), QUESTION, script)
    response = told.outcome.unwrap()
    assert (response.stop_reason, response.text.count("part")) == ("max_tokens", 4)


def test_P29_a_continuation_that_repeats_itself_ends(flow: Flow) -> None:
    script = [answer("The same words again and again.", "max_tokens") for _ in range(50)]
    told = flow(with_continuation(ContinuationPolicy(max_rounds=40)), QUESTION, script)
    assert told.outcome.unwrap().stop_reason == "max_tokens"
    assert len([it for it in told.notes if type(it).__name__ == "Attempted"]) <= 41


STOPS: Final[Mapping[WireFormat, Mapping[str, str]]] = {
    "anthropic_messages": {
        "refusal": "refusal",
        "pause_turn": "pause",
        "model_context_window_exceeded": "context_window",
        "stop_sequence": "stop_sequence",
        "max_tokens": "max_tokens",
    },
    "openai_chat": {"content_filter": "refusal", "length": "max_tokens"},
    "openai_responses": {"content_filter": "refusal", "max_output_tokens": "max_tokens"},
}


def test_P30_no_refusal_filter_or_pause_is_an_end(
    provider: Provider, words: Words, meet: Meet, colour: Colour
) -> None:
    stops = STOPS[provider.wire]
    _, runner = meet(answers(*(words.said(stop=word) for word in stops)))
    found = {word: colour_of(runner, provider, colour).stop_reason for word in stops}
    assert found == stops


def colour_of(runner: Runner, provider: Provider, colour: Colour) -> Response:
    return colour(runner, provider.question).outcome.unwrap()


SIGNED: Final[Object] = {"type": "thinking", "thinking": "hm  \n", "signature": "c2ln/+=="}


@pytest.mark.parametrize("change", [{}, {"thinking": ""}, {"signature": "x" * 9000}])
def test_P31_signed_reasoning_goes_back_byte_for_byte(change: Object) -> None:
    block: Object = {**SIGNED, **change}
    said = BY_WIRE["anthropic_messages"].said()
    content: list[PlainJson] = [block, {"type": "text", "text": "Hi"}]
    codec = codec_of("anthropic_messages")
    response = codec.decode_response(json.dumps({**said.whole, "content": content})).unwrap()
    asked = Completion([user("Hi"), response.message, user("Go on")], model="claude-opus-4-5", max_tokens=9)
    payload = codec.encode_request(asked).unwrap().payload
    assert json.dumps(block) in json.dumps(payload)


def test_P31_reasoning_that_was_cut_before_its_signature_is_dropped_whole() -> None:
    said = BY_WIRE["anthropic_messages"].said()
    cut = sse(
        said.events[0],
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "half"}},
    )
    codec = codec_of("anthropic_messages")
    partial = failed(codec.decode_stream([cut])).partial
    assert partial is not None
    assert partial.message.content == (Reasoning("half"),)
    asked = Completion([user("Hi"), partial.message, user("Go on")], model="claude-opus-4-5", max_tokens=9)
    encoded = codec.encode_request(asked)
    assert isinstance(encoded, Failure) or "half" not in json.dumps(
        [it for it in _blocks(encoded.unwrap().payload) if it.get("type") == "thinking"]
    )


def _blocks(value: PlainJson) -> Iterator[Object]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _blocks(item)
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item)


def test_P32_another_model_than_was_asked_is_noted(
    provider: Provider, words: Words, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(answers(words.said(model="another"), words.said(model=f"{provider.model}-2026-01-01")))
    told = colour(runner, provider.question)
    assert told.outcome.unwrap().model == "another"
    assert OtherModel(provider.model, "another") in told.notes
    told = colour(runner, provider.question)  # a dated name of the same
    assert [it for it in told.notes if isinstance(it, OtherModel)] == []
