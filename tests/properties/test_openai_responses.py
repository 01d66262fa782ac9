"""The laws of the Responses codec, over generated completions, payloads, answers, streams and garbage."""

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import Completion, Message, Response, Usage, openai_responses
from llm_pure.errors import ERRORS, Incomplete, Lossy, Malformed, OutOfOrder
from llm_pure.events import PartDone, Restarted, StreamEvent, TextDelta
from llm_pure.json import JsonObject, PlainJson, dump_json
from llm_pure.normal import normal
from llm_pure.openai_responses.stream import State
from llm_pure.outputs import name_of
from llm_pure.parts import Text
from llm_pure.strategies import (
    assistant_parts,
    chunkings,
    completions,
    hostile_bytes,
    hostile_json,
    messages,
    responses,
    texts,
)
from llm_pure.strategies.openai_responses import responses_answers, responses_payloads
from llm_pure.strategies.streams import named_sse, responses_events
from llm_pure.wire import Codec
from tests.many import many

Plain = dict[str, PlainJson]

codec: Codec[State] = openai_responses


# ---------------------------------------------------------------- requests


def as_sent(completion: Completion) -> Completion:
    """What of a completion is on this wire: its normal form, with options for us only, and a name for its schema."""
    options = completion.options_for("openai", "openai_responses")
    output = completion.output
    if output is not None and output.name is None:
        output = replace(output, name=name_of(output))
    return normal(
        completion.replace(
            usage=Usage(),
            stop_reason=None,
            output=output,
            provider_options=JsonObject({"openai_responses": JsonObject(options)}),
        )
    )


@many
@given(completions())
def test_decode_after_encode_is_normal_exactly_when_nothing_is_lost(completion: Completion) -> None:
    encoded = codec.encode_request(completion).unwrap()
    back = codec.decode_request(encoded.payload)
    assert (back == Success(as_sent(completion))) == (encoded.losses == ()), (encoded.losses, back)


@many
@example(Completion((), provider_options=JsonObject({"openai": {"tools": [None]}})))
@given(completions())
def test_what_was_lost_is_lost_once(completion: Completion) -> None:
    encoded = codec.encode_request(completion).unwrap()
    left = codec.decode_request(encoded.payload)
    if isinstance(left, Failure):  # an option has made it no request, and is reported
        assert any(loss.path.startswith("$.provider_options") for loss in encoded.losses)
        return
    again = codec.encode_request(left.unwrap()).unwrap()
    assert again.losses == ()
    assert codec.decode_request(again.payload) == left


@many
@given(completions())
def test_refusing_losses_refuses_exactly_what_would_lose(completion: Completion) -> None:
    encoded = codec.encode_request(completion).unwrap()
    refused = codec.encode_request(completion, on_loss="refuse")
    if encoded.losses:
        assert isinstance(refused, Failure)
        assert isinstance(error := refused.failure(), Lossy)
        assert error.losses == encoded.losses
    else:
        assert refused == Success(encoded)


def wire_normal(payload: Plain) -> Any:
    """A payload without what makes no difference to a server: spellings, defaults, nulls."""
    p: dict[str, Any] = copy.deepcopy(payload)
    p.pop("stream", None)
    _drop(p, tool_choice="auto", parallel_tool_calls=True, tools=[], instructions="")
    for tool in p.get("tools", []):
        _drop(tool, description="")
    items = p.get("input", [])
    p["input"] = [
        _item_normal(it) for it in ([{"role": "user", "content": items}] if isinstance(items, str) else items)
    ]
    return _exact(p)


def _item_normal(item: dict[str, Any]) -> dict[str, Any]:
    _drop(item)
    item.pop("status", None)
    if item.get("type", "message") == "message" and "role" in item:
        item.pop("type", None)
        kind = "output_text" if item["role"] == "assistant" else "input_text"
        item["content"] = _texts(item.get("content"), kind)
        for block in item["content"]:
            _drop(block, annotations=[], logprobs=[], detail="auto")
    elif (
        item.get("type") == "function_call"
        and isinstance(item.get("arguments", ""), str)
        and item.get("name")
    ):
        item["arguments"] = item.get("arguments") or "{}"
    elif item.get("type") in ("function_call_output", "custom_tool_call_output"):
        item["output"] = _texts(item["output"], "input_text") or [{"type": "input_text", "text": ""}]
        for block in item["output"]:
            _drop(block, detail="auto")
    elif item.get("type") == "reasoning":
        _drop(item, content=[], summary=[])
    return item


def _texts(content: Any, kind: str) -> Any:
    if isinstance(content, str):
        return [{"type": kind, "text": content}] if content else []
    return content or []


def _drop(found: dict[str, Any], **defaults: object) -> None:
    for key in list(found):
        if found[key] is None or (key in defaults and found[key] == defaults[key]):
            del found[key]


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return (value,) if isinstance(value, bool) else value


@many
@given(responses_payloads())
def test_encode_after_decode_gives_the_payload_back(payload: Plain) -> None:
    before = copy.deepcopy(payload)
    completion = codec.decode_request(payload).unwrap()
    assert payload == before
    encoded = codec.encode_request(completion).unwrap()
    assert encoded.losses == ()
    assert wire_normal(encoded.payload) == wire_normal(payload)
    assert isinstance(encoded.body(), Success)


@many
@given(completions(), messages())
def test_a_turn_appended_leaves_the_encoded_prefix(completion: Completion, message: Message) -> None:
    before = codec.encode_request(completion).unwrap().payload.get("input", [])
    after = codec.encode_request(completion.add_messages(message)).unwrap().payload.get("input", [])
    assert isinstance(before, list)
    assert isinstance(after, list)
    # A turn that begins with tool results goes on after them, so that an empty message there is not sent.
    if not completion.messages:
        return  # instructions may still come first
    assert after[: len(before)] == before


# ---------------------------------------------------------------- answers


@many
@given(responses_answers())
def test_an_own_answer_survives(body: Plain) -> None:
    response = codec.decode_response(dump_json(body)).unwrap()
    assert codec.decode_response(body) == Success(response)
    back = codec.encode_response(response)
    assert codec.decode_response(back.unwrap()) == Success(response)


@many
@given(responses(part=assistant_parts()))
def test_a_foreign_answer_survives_or_is_refused(response: Response) -> None:
    encoded = codec.encode_response(response)
    if isinstance(encoded, Failure):
        assert isinstance(encoded.failure(), Lossy)
        return
    back = codec.decode_response(encoded.unwrap()).unwrap()
    assert (back.text, back.usage, back.stop_reason) == (response.text, response.usage, response.stop_reason)
    assert [(c.name, c.arguments) for c in back.tool_calls] == [
        (c.name, c.arguments) for c in response.tool_calls
    ]
    assert [c.text for c in back.broken_tool_calls] == [c.text for c in response.broken_tool_calls]
    assert codec.decode_response(codec.encode_response(back).unwrap()) == Success(back)


@many
@given(responses_answers())
def test_an_answer_goes_back_into_history_as_the_items_it_came_as(body: Plain) -> None:
    response = codec.decode_response(body).unwrap()
    encoded = codec.encode_request(Completion([]).with_response(response)).unwrap()
    assert encoded.losses == ()
    output = body["output"]
    assert isinstance(output, list)
    assert _said(encoded.payload.get("input", [])) == _said(output)


def _said(items: Any) -> Any:
    found = [_item_normal(copy.deepcopy(item)) for item in items]
    return _exact([item for item in found if item != {"role": "assistant", "content": []}])


# ---------------------------------------------------------------- streams


def fold(chunks: list[bytes]) -> tuple[State, list[StreamEvent]]:
    state = codec.stream_start()
    events: list[StreamEvent] = []
    for chunk in chunks:
        before = state
        state, more = codec.stream_step(before, chunk)
        assert codec.stream_step(before, chunk) == (state, more)
        events += more
    return state, events


@many
@given(responses_events(), st.data())
def test_a_stream_ends_as_the_whole_body(drawn: tuple[Plain, list[Plain]], data: st.DataObject) -> None:
    body, events = drawn
    stream = named_sse(events)
    expected = codec.decode_response(body)
    assert codec.decode_stream([stream]) == expected
    assert codec.decode_stream(data.draw(chunkings(stream))) == expected


@many
@given(responses_events(), st.data())
def test_events_do_not_depend_on_chunks_and_tell_the_answer(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    stream = named_sse(drawn[1])
    state, events = fold([stream])
    assert fold(data.draw(chunkings(stream))) == (state, events)
    response = codec.stream_result(state).unwrap()
    told: dict[int, object] = {}
    text: dict[int, str] = {}
    for event in events:
        match event:
            case Restarted(index):
                told = {at: part for at, part in told.items() if at < index}
                text = {at: said for at, said in text.items() if at < index}
            case TextDelta(index, more):
                text[index] = text.get(index, "") + more
            case PartDone(index, part):
                told[index] = part
            case _:
                pass
    assert tuple(told[index] for index in sorted(told)) == response.message.content
    assert sorted(told) == list(range(len(told)))
    assert text == {
        index: part.text
        for index, part in enumerate(response.message.content)
        if isinstance(part, Text) and (part.text or index in text)
    }


@many
@given(responses_events(), st.data())
def test_a_stream_that_is_cut_is_a_failure_with_the_part_read(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    body, events = drawn
    stream = named_sse(events)
    cut = data.draw(st.integers(0, len(stream.rstrip()) - 1))  # the last event counts without its blank line
    found = codec.decode_stream([stream[:cut]])
    assert isinstance(found, Failure)
    error = found.failure()
    assert isinstance(error, Incomplete | Malformed)
    whole = codec.decode_response(body).unwrap()
    assert whole.text.startswith(error.partial.text if error.partial is not None else "")


@many
@given(responses_events(), st.data())
def test_what_breaks_a_stream_is_named_and_the_part_read_is_kept(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    events = drawn[1]
    at = data.draw(st.integers(0, len(events) - 1))
    broken = data.draw(
        st.sampled_from(
            [
                b"{",
                b"\xff",
                b"[]",
                b"null",
                b'{"type": "response.completed"}',
                b'{"type": "response.output_item.added"}',
            ]
        )
    )
    found = codec.decode_stream(
        [named_sse(events[:at]), b"data: " + broken + b"\n\n", named_sse(events[at:])]
    )
    assert isinstance(found, Failure)
    assert isinstance(error := found.failure(), Malformed)
    assert (error.partial is None) == (at == 0)


@many
@given(responses_events(), st.data())
def test_events_out_of_order_are_found(drawn: tuple[Plain, list[Plain]], data: st.DataObject) -> None:
    events = drawn[1]
    places = [at for at, event in enumerate(events) if str(event["type"]).startswith("response.output_item")]
    if not places:
        return
    gone = data.draw(st.sampled_from(places))
    left = [event for at, event in enumerate(events) if at != gone]
    found = codec.decode_stream([named_sse(left)])
    bare = events[gone + 1]["type"] == "response.new.event"  # the next that says anything is that it is done
    if events[gone]["type"] == "response.output_item.added" and not bare:
        assert isinstance(found, Failure)
        assert isinstance(error := found.failure(), OutOfOrder)
        assert error.partial == codec.decode_stream([named_sse(events)]).unwrap()
    else:
        assert isinstance(found, Success)


@many
@given(responses_answers())
def test_an_own_answer_can_be_streamed(body: Plain) -> None:
    response = codec.decode_response(body).unwrap()
    chunks = codec.encode_stream(response)
    if body["status"] in {"queued", "in_progress"}:
        assert isinstance(chunks, Failure)  # no stream ends so
        return
    assert codec.decode_stream(chunks.unwrap()) == Success(response)
    assert all(chunk.endswith(b"\n\n") and chunk.count(b"\n\n") == 1 for chunk in chunks.unwrap())


# ---------------------------------------------------------------- errors


@many
@given(st.integers(-1, 700), st.dictionaries(texts(), texts()), hostile_json() | texts(), st.booleans())
def test_any_error_answer_is_an_error(
    status: int, headers: dict[str, str], body: PlainJson, named: bool
) -> None:
    said = json.dumps({"error": body} if named else body)
    assert isinstance(codec.decode_error(status, headers, said), ERRORS)


@many
@given(st.sampled_from([400, 401, 402, 403, 404, 408, 409, 413, 429, 500, 502, 503, 529]), st.data())
def test_an_error_survives_its_encoding(status: int, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from([None, "insufficient_quota", "model_not_found", "rate_limit_exceeded"]))
    wait = data.draw(
        st.sampled_from([{}, {"retry-after": "3"}, {"x-should-retry": "false", "x-request-id": "r"}])
    )
    body = json.dumps({"error": {"message": "no", "type": "some_error", "code": code, "param": "model"}})
    error = codec.decode_error(status, wait, body)
    said = codec.encode_error(error)
    assert codec.decode_error(said.status, said.headers, said.body) == error


@many
@given(st.sampled_from(ERRORS))
def test_every_error_can_be_said(kind: Any) -> None:
    said = codec.encode_error(kind(message="no"))
    assert said.status >= 400
    assert isinstance(codec.decode_error(said.status, said.headers, said.body), ERRORS)


# ---------------------------------------------------------------- whatever comes


def _around(value: PlainJson) -> list[Plain]:
    """Places where a codec looks."""
    message: Plain = {"type": "message", "role": "assistant", "content": value}
    block: Plain = {"type": "message", "role": "assistant", "id": value, "content": [value]}
    call: Plain = {"type": "function_call", "call_id": "x", "name": "f", "arguments": value, "status": value}
    reasoning: Plain = {"type": "reasoning", "summary": value, "content": [value], "encrypted_content": value}
    text: Plain = {**message, "content": [{"type": "output_text", "text": value, "annotations": value}]}
    items: list[Plain] = [message, block, call, reasoning, text]
    wrapped: list[Plain] = [{"input": [item], "output": [item], "status": "completed"} for item in items]
    return [
        *wrapped,
        {"input": value, "output": value, "type": "response.completed", "response": value},
        {
            "input": [{"role": "user", "content": [value]}],
            "output": [],
            "incomplete_details": value,
            "status": "incomplete",
        },
        {
            "input": [{"type": "function_call_output", "call_id": "x", "output": value}],
            "output": [],
            "status": value,
        },
        {"tools": [value], "tool_choice": value, "text": value, "reasoning": value, "output": [value]},
        {"text": {"format": value}, "output": [], "usage": value},
        {"output": [], "usage": {"input_tokens": value, "input_tokens_details": {"cached_tokens": value}}},
        {"type": "response.output_item.added", "output_index": 0, "item": value},
        {"type": "response.output_text.delta", "output_index": value, "content_index": value, "delta": value},
    ]


@many
@given(hostile_json(), st.integers(0, 12))
@example({"content": []}, 8)
@example({"content": [{}, {}]}, 8)
def test_any_json_gives_an_outcome(value: PlainJson, place: int) -> None:
    data = value if isinstance(value, dict) and place == 0 else _around(value)[place]
    request = codec.decode_request(data)
    if isinstance(request, Success):
        assert isinstance(codec.encode_request(request.unwrap()), Success)
    answer = codec.decode_response(data)
    if isinstance(answer, Success):
        assert codec.decode_response(codec.encode_response(answer.unwrap()).unwrap()) == answer
    line = b"data: " + json.dumps(data).encode() + b"\n\n"
    assert isinstance(codec.decode_stream([line, line, b"data: [DONE]\n\n"]), Success | Failure)


@many
@given(
    hostile_bytes(
        b'{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}'
    )
)
def test_any_bytes_give_an_outcome(body: bytes) -> None:
    assert isinstance(codec.decode_response(body), Success | Failure)
    assert isinstance(codec.decode_stream([body]), Success | Failure)
    assert isinstance(codec.decode_stream([b"data: " + body + b"\n\n"]), Success | Failure)
    assert isinstance(codec.decode_error(500, {}, body), ERRORS)
