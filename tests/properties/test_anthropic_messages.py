"""Laws of the Messages codec: nothing is lost in silence, nothing raises, a stream is its body."""

from __future__ import annotations

import copy
import json
from typing import Any, get_args

from hypothesis import example, given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import Completion, LlmError, Response, anthropic_messages, normal
from llm_pure import strategies as our
from llm_pure.errors import ERRORS, Incomplete, Malformed, OutOfOrder
from llm_pure.events import PartDone, StreamEvent, TextDelta
from llm_pure.json import EMPTY, JsonObject, PlainJson, same_json
from llm_pure.messages import UserMessage
from llm_pure.parts import Opaque, Text
from llm_pure.tools import ToolChoice
from llm_pure.wire import Codec
from tests.many import many

codec: Codec[anthropic_messages.StreamState] = anthropic_messages
Body = dict[str, PlainJson]


# ---------------------------------------------------------------- requests


def wire_normal(payload: dict[str, Any]) -> dict[str, Any]:
    """What is the same request to the server: defaults and nulls left out, strings as blocks, turns merged."""
    found = copy.deepcopy(payload)
    found.pop("stream", None)
    _drop(found, tools=[], stop_sequences=[])
    if "system" in found:
        found["system"] = [block for block in _blocks(found["system"]) if block.get("text") != ""]
        for block in found["system"]:
            _drop(block, citations=[])
        if not found["system"]:
            del found["system"]
    if "tool_choice" in found:
        _drop(found["tool_choice"], disable_parallel_tool_use=False)
        if found["tool_choice"] == {"type": "auto"}:
            del found["tool_choice"]
    for tool in found.get("tools", []):
        _drop(tool, type="custom", description="")
    merged: list[dict[str, Any]] = []
    for message in found["messages"]:
        content = []
        for block in _blocks(message["content"]):
            _drop(block, is_error=False, citations=[])
            if block.get("type") == "text" and block["text"] == "":
                continue
            if block.get("type") == "tool_result":
                inner = _blocks(block.get("content"))
                block["content"] = [one for one in inner if one != {"type": "text", "text": ""}]
            content.append(block)
        last = merged[-1] if merged else {}
        if last.get("role") == message["role"] and set(message) == {"role", "content"} == set(last):
            last["content"] += content
        else:
            merged.append({**message, "content": content})
    found["messages"] = merged
    return found


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content or []


def _drop(fields: dict[str, Any], **defaults: Any) -> None:
    for key in list(fields):
        if fields[key] is None or (key in defaults and fields[key] == defaults[key]):
            del fields[key]


@many
@given(our.anthropic_payloads())
def test_a_payload_goes_back_as_it_came(payload: dict[str, PlainJson]) -> None:
    decoded = codec.decode_request(payload)
    assert isinstance(decoded, Success), decoded
    encoded = codec.encode_request(decoded.unwrap()).unwrap()
    assert encoded.losses == ()
    assert same_json(wire_normal(encoded.payload), wire_normal(payload)), encoded.payload


@many
@given(our.completions())
def test_what_comes_back_is_the_normal_form_exactly_when_nothing_is_lost(completion: Completion) -> None:
    encoded = codec.encode_request(completion).unwrap()
    decoded = codec.decode_request(encoded.payload)
    if isinstance(decoded, Failure):  # extras that make no request
        assert encoded.losses
        return
    back = decoded.unwrap()
    own = completion.provider_options.get("anthropic")
    sent = normal(completion).replace(
        max_tokens=encoded.payload["max_tokens"] if completion.max_tokens is None else completion.max_tokens,  # type: ignore[arg-type]  # a number
        provider_options={"anthropic": own} if own else EMPTY,
    )
    assert (back == sent) == (encoded.losses == ()), encoded.losses


@example(Completion([], tool_choice=ToolChoice(extras=JsonObject({"anthropic": {"type": []}}))))
@given(our.completions())
def test_losses_name_places_of_the_completion_or_refuse_it(completion: Completion) -> None:
    losses = codec.encode_request(completion).unwrap().losses
    assert all(loss.path.startswith("$.") and loss.reason for loss in losses)
    refused = codec.encode_request(completion, on_loss="refuse")
    assert isinstance(refused, Failure) == bool(losses)


@given(our.completions(), our.messages())
def test_a_turn_more_leaves_what_stands_before_it(completion: Completion, turn: Any) -> None:
    before = codec.encode_request(completion).unwrap().payload["messages"]
    after = codec.encode_request(completion.add_messages(turn)).unwrap().payload["messages"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    stays = _role(before) == "user" or (_role(before) == "system" and not isinstance(turn, UserMessage))
    if len(after) > len(before) and stays:
        assert same_json(after[: len(before)], before)
    while (
        _role(before) == "system"
    ):  # they stand last, or before an answer: before a user they are said by that one
        before.pop()
    assert same_json(after[: max(0, len(before) - 1)], before[:-1])


def _role(turns: Any) -> Any:
    return turns[-1]["role"] if turns else None


@many
@given(our.hostile_json())
def test_any_json_gives_an_outcome(value: Any) -> None:
    found = [
        codec.decode_request(value if isinstance(value, dict) else {"messages": value}),
        codec.decode_request(
            {"messages": [{"role": "user", "content": value}], "tools": value, "thinking": value}
        ),
        codec.decode_request(
            {"messages": [], "tool_choice": value, "output_config": value, "system": [value]}
        ),
        codec.decode_response({"type": "message", "content": value, "usage": value}),
        codec.decode_response(
            {"type": "message", "content": [value], "usage": {"output_tokens_details": value}}
        ),
    ]
    for outcome in found:
        if isinstance(outcome, Failure):
            assert outcome.failure().path is not None
        elif isinstance(decoded := outcome.unwrap(), Completion):
            assert isinstance(codec.encode_request(decoded), Success)
        else:
            assert codec.decode_response(codec.encode_response(decoded).unwrap()) == outcome
    body = json.dumps(value).encode()
    event = b"data: " + body + b"\n\n"
    start = b'data: {"type":"message_start","message":{}}\n\n'
    assert isinstance(codec.decode_response(body), Success | Failure)
    assert isinstance(codec.decode_stream([start, event, event]), Success | Failure)
    assert isinstance(codec.decode_error(500, {}, body), get_args(LlmError))


# ---------------------------------------------------------------- answers


@many
@given(our.anthropic_answers())
def test_an_answer_of_ours_is_read_as_it_was_written(body: dict[str, PlainJson]) -> None:
    response = codec.decode_response(json.dumps(body).encode()).unwrap()
    assert codec.decode_response(body).unwrap() == response
    assert codec.decode_response(codec.encode_response(response).unwrap()).unwrap() == response
    assert codec.decode_stream(codec.encode_stream(response).unwrap()).unwrap() == response


def _shared(response: Response) -> tuple[object, ...]:
    parts = [
        (
            type(part).__name__,
            getattr(part, "text", None),
            getattr(part, "name", None),
            getattr(part, "arguments", None),
        )
        for part in response.message.content
        if not isinstance(part, Opaque)
    ]
    return parts, response.usage, response.stop_reason, response.stop_sequence


@given(our.responses(part=st.builds(Text, st.text()) | our.assistant_parts()))
def test_another_providers_answer_is_told_in_this_ones_words(response: Response) -> None:
    encoded = codec.encode_response(response)
    if isinstance(encoded, Failure):
        path = encoded.failure().path
        assert path is not None
        assert path in {"$.usage.input_tokens", "$.stop_reason"} or path.startswith("$.message.content[")
        return
    if any(JsonObject(part.extras).get("anthropic") for part in response.message.content):  # type: ignore[union-attr]
        return  # extras may name fields
    back = codec.decode_response(encoded.unwrap()).unwrap()
    assert _shared(back) == _shared(response)
    assert back.provider == "anthropic"


@given(our.responses(part=our.parts()))
def test_any_response_gives_an_outcome(response: Response) -> None:
    assert isinstance(codec.encode_response(response), Success | Failure)
    chunks = codec.encode_stream(response)
    if isinstance(chunks, Success):
        assert isinstance(codec.decode_stream(chunks.unwrap()), Success | Failure)


# ---------------------------------------------------------------- streams


@many
@given(our.anthropic_streams(), st.data())
def test_a_stream_gives_what_the_whole_body_gives(drawn: tuple[Body, bytes], data: st.DataObject) -> None:
    body, stream = drawn
    assert codec.decode_stream(data.draw(our.chunkings(stream))) == codec.decode_response(body)


@many
@given(our.anthropic_answers(), st.data())
def test_any_chunking_is_the_same_stream(body: dict[str, PlainJson], data: st.DataObject) -> None:
    response = codec.decode_response(body).unwrap()
    whole = b"".join(codec.encode_stream(response).unwrap())
    ends = data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    stream = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf", b": ping\n\n"])) + whole
    state = codec.stream_start()
    events: list[StreamEvent] = []
    for chunk in data.draw(our.chunkings(stream.replace(b"\n", ends))):
        again = codec.stream_step(state, chunk)
        state, more = codec.stream_step(state, chunk)
        assert again == (state, more)
        events += more
    assert codec.stream_ended(state)
    assert codec.stream_result(state).unwrap() == response
    done = [event for event in events if isinstance(event, PartDone)]
    assert tuple(event.part for event in done) == response.message.content
    assert [event.index for event in done] == list(range(len(done)))
    for event in done:
        if isinstance(event.part, Text):
            said = [one.text for one in events if isinstance(one, TextDelta) and one.index == event.index]
            assert "".join(said) == event.part.text


@many
@given(our.anthropic_answers(), st.data())
def test_a_stream_that_was_cut_is_incomplete_and_gives_what_was_read(
    body: dict[str, PlainJson], data: st.DataObject
) -> None:
    response = codec.decode_response(body).unwrap()
    chunks = codec.encode_stream(response).unwrap()
    stream = b"".join(chunks)
    cut = data.draw(st.integers(1, len(stream.rstrip()) - 1))  # the last event counts without its blank line
    error = codec.decode_stream([stream[:cut]]).failure()
    assert isinstance(error, Incomplete)
    if cut < len(chunks[0]):
        assert error.partial is None
        return
    assert error.partial is not None
    assert response.text.startswith(error.partial.text)
    assert len(error.partial.message.content) <= len(response.message.content)
    for part, whole in zip(error.partial.message.content[:-1], response.message.content, strict=False):
        assert part == whole


@many
@given(our.anthropic_answers(), st.data())
def test_events_out_of_order_are_errors_and_never_raise(
    body: dict[str, PlainJson], data: st.DataObject
) -> None:
    chunks = list(codec.encode_stream(codec.decode_response(body).unwrap()).unwrap())
    outcome = codec.decode_stream(data.draw(st.permutations(chunks)))
    if isinstance(outcome, Failure):
        assert isinstance(outcome.failure(), OutOfOrder | Malformed | Incomplete)


@given(our.anthropic_answers(), st.data())
def test_any_bytes_give_an_outcome(body: dict[str, PlainJson], data: st.DataObject) -> None:
    response = codec.decode_response(body).unwrap()
    stream = b"".join(codec.encode_stream(response).unwrap())
    raw = data.draw(our.hostile_bytes(stream, json.dumps(body).encode()))
    assert isinstance(codec.decode_stream([raw]), Success | Failure)
    assert isinstance(codec.decode_response(raw), Success | Failure)
    assert isinstance(codec.decode_error(data.draw(st.integers(0, 999)), {}, raw), get_args(LlmError))


# ---------------------------------------------------------------- errors


@given(
    st.sampled_from(ERRORS),
    st.text(max_size=20),
    st.none() | st.sampled_from([200, 400, 401, 403, 404, 429, 500, 529]),
    st.none() | st.sampled_from(["invalid_request_error", "api_error", "overloaded_error", "new_error"]),
    st.none() | st.floats(0, 1000).map(lambda seconds: round(seconds, 3)),
)
def test_an_error_is_read_as_what_it_was(
    kind: type[LlmError], message: str, status: int | None, name: str | None, wait: float | None
) -> None:
    error = kind(message=message, status=status, type=name, retry_after=wait, request_id="req_1")
    answer = codec.encode_error(error)
    back = codec.decode_error(answer.status, answer.headers, answer.body)
    assert back.retryable == error.retryable
    assert (back.request_id, back.retry_after) == ("req_1", wait)
    if kind in {
        type(codec.decode_error(number, {}, b"")) for number in (400, 401, 402, 409, 413, 429, 500, 529)
    }:
        assert type(back) is kind
