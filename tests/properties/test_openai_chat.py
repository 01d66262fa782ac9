"""The laws of the Chat Completions codec, over generated completions, payloads, answers, streams and garbage."""

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import (
    Base64,
    Completion,
    Document,
    Image,
    Message,
    Opaque,
    Response,
    ToolResult,
    Url,
    Usage,
    openai_chat,
    user,
)
from llm_pure.errors import ERRORS, Incomplete, Lossy, Malformed
from llm_pure.events import (
    PartDone,
    ReasoningDelta,
    RefusalDelta,
    Restarted,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallStarted,
)
from llm_pure.json import JsonObject, PlainJson, dump_json
from llm_pure.normal import normal, normal_messages
from llm_pure.openai_chat.stream import State
from llm_pure.outputs import name_of
from llm_pure.parts import BrokenToolCall, Part, Reasoning, Refusal, Text, ToolCall
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
from llm_pure.strategies.openai_chat import chat_answers, chat_payloads
from llm_pure.strategies.streams import chat_chunks, chat_sse
from llm_pure.wire import Codec
from tests.many import many

Plain = dict[str, PlainJson]

codec: Codec[State] = openai_chat


# ---------------------------------------------------------------- requests


def as_sent(completion: Completion) -> Completion:
    """What of a completion is on this wire: its normal form, with options for us only, and a name for its schema."""
    options = completion.options_for("openai", "openai_chat")
    options.pop("$ids", None)  # it asks for a form of ids, and says nothing
    output = completion.output
    if output is not None and output.name is None:
        output = replace(output, name=name_of(output))
    return normal(
        completion.replace(
            usage=Usage(),
            stop_reason=None,
            output=output,
            provider_options=JsonObject({"openai_chat": JsonObject(options)}),
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
    if p.get("max_completion_tokens") is None and "max_tokens" in p:
        p["max_completion_tokens"] = p.pop("max_tokens")
    if isinstance(p.get("stop"), str):
        p["stop"] = [p["stop"]]
    _drop(
        p, tool_choice="auto", parallel_tool_calls=True, response_format={"type": "text"}, tools=[], stop=[]
    )
    for tool in p.get("tools", []):
        if isinstance(tool.get("function"), dict):
            _drop(tool["function"], strict=False, description="")
    for message in p["messages"]:
        _drop(message)
        content = message.get("content", [])
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        message["content"] = [block for block in blocks if block != {"type": "text", "text": ""}]
        for block in message["content"]:
            if isinstance(picture := block.get("image_url"), dict):
                _drop(picture, detail="auto")
        for call in message.get("tool_calls", []):
            if "function" in call:
                call["function"]["arguments"] = call["function"]["arguments"] or "{}"
    return _exact(p)


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
@given(chat_payloads())
def test_encode_after_decode_gives_the_payload_back(payload: Plain) -> None:
    before = copy.deepcopy(payload)
    completion = codec.decode_request(payload).unwrap()
    assert payload == before
    encoded = codec.encode_request(completion).unwrap()
    assert encoded.losses == ()
    assert wire_normal(encoded.payload) == wire_normal(payload)
    assert isinstance(encoded.body(), Success)


SHOWN = ToolResult("call_1", (Image(Base64("aGk=", "image/png")),))


@many
@given(completions(), messages())
@example(Completion([user(SHOWN, Document(Url("https://x/a.pdf")))]), user("Why?"))
@example(Completion([user(SHOWN, Opaque("openai", JsonObject({"role": "function"})))]), user("Why?"))
@example(Completion([user(SHOWN)]), user("Why?"))
def test_a_turn_appended_leaves_the_encoded_prefix(completion: Completion, message: Message) -> None:
    before = codec.encode_request(completion).unwrap().payload["messages"]
    after = codec.encode_request(completion.add_messages(message)).unwrap().payload["messages"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    # A turn that begins with tool results goes on after them: an empty message there is not sent, and pictures of
    # results follow the last of these.
    joined = len(normal_messages((*completion.messages, message))) == len(
        normal_messages(completion.messages)
    )
    kept = before[:-1] if joined and before and after[: len(before)] != before else before
    assert after[: len(kept)] == kept


# ---------------------------------------------------------------- answers


@many
@given(chat_answers())
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
@given(chat_answers())
def test_an_answer_goes_back_into_history_whole(body: Plain) -> None:
    response = codec.decode_response(body).unwrap()
    completion = Completion([]).with_response(response)
    losses = codec.encode_request(completion).unwrap().losses
    assert not [
        loss
        for loss in losses
        if not any(said in loss.reason for said in ("audio", "reads this message", "read as something else"))
    ]


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
@given(chat_chunks(), st.data())
def test_a_stream_ends_as_the_whole_body(drawn: tuple[Plain, list[Plain]], data: st.DataObject) -> None:
    body, chunks = drawn
    stream = chat_sse(chunks, done=data.draw(st.booleans()))
    expected = codec.decode_response(body)
    assert codec.decode_stream([stream]) == expected
    assert codec.decode_stream(data.draw(chunkings(stream))) == expected


@many
@given(chat_chunks(), st.data())
def test_events_do_not_depend_on_chunks_and_tell_the_answer(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    stream = chat_sse(drawn[1])
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


_PIECES: list[Plain] = [
    {"content": "a"},
    {"content": "b"},
    {"content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]},
    {"reasoning": "r"},
    {"reasoning_content": "s"},
    {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "t"}]},
    {"refusal": "no"},
    {"audio": {"id": "a", "transcript": "x"}},
    {"function_call": {"name": "f", "arguments": "{"}},
    {"annotations": [{"type": "url_citation"}]},
    {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
    {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]},
    {"tool_calls": [{"index": 0, "id": "late"}]},
    {"tool_calls": [{"id": "c", "function": {"name": "h"}}]},
    {"tool_calls": [{"index": 2, "type": "custom", "custom": {"name": "k"}}]},
    {"content": {"a": 1}},
    {},
]


@many
@given(
    st.lists(
        st.tuples(
            st.sampled_from(_PIECES), st.sampled_from([None, None, None, "stop", "length"]), st.booleans()
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_what_events_tell_adds_up_whatever_comes_after_what(
    pieces: list[tuple[Plain, str | None, bool]], done: bool
) -> None:
    chunks: list[Plain] = [
        {**({"id": "x"} if named else {}), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        for delta, finish, named in pieces
    ]
    state, events = fold([chat_sse([chunk], done=False) for chunk in chunks] + [b"data: [DONE]\n\n"] * done)
    result = codec.stream_result(state)
    if isinstance(result, Failure):
        return
    content = result.unwrap().message.content
    told: dict[int, Part] = {}
    said: dict[int, str] = {}
    ids: dict[int, str] = {}
    texts: list[str] = []
    for event in events:
        match event:
            case Started():
                pass
            case Restarted():
                told, said, ids, texts = {}, {}, {}, []
            case PartDone(index, part):
                told[index] = part
            case ToolCallStarted(index, id_):
                ids[index] = id_
            case TextDelta(index, more) | ReasoningDelta(index, more) | RefusalDelta(index, more):
                said[index] = said.get(index, "") + more
                texts += [more] if isinstance(event, TextDelta) else []
            case _:
                pass
    if done or told or Restarted(0) not in events:
        assert told == dict(enumerate(content))
        assert ids == {
            at: part.id for at, part in enumerate(content) if isinstance(part, ToolCall | BrokenToolCall)
        }
        words = [part.text for part in content if isinstance(part, Text | Reasoning | Refusal) and part.text]
        assert [said[at] for at in sorted(said)] == words
    else:  # who went on after an end is believed when the stream has ended, and tells in its own order until then
        assert sorted("".join(texts)) == sorted(result.unwrap().text)


@many
@given(chat_chunks(), st.data())
def test_a_stream_that_is_cut_is_a_failure_with_the_part_read(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    body, chunks = drawn
    stream = chat_sse(chunks)
    cut = data.draw(st.integers(1, len(stream) - 1))
    seen, _, rest = stream[:cut].rpartition(b"\n\n")
    # A last event that lacks no more than its blank line counts if it ends the answer, and has a test of its own.
    assume(rest.rstrip() not in filter(None, stream.split(b"\n\n")))
    found = codec.decode_stream([stream[:cut]])
    finished, begun = seen.count(b'"finish_reason": "'), _begun(seen)
    if begun and finished == begun:
        assert isinstance(found, Success)
    else:
        assert isinstance(found, Failure)
        assert isinstance(error := found.failure(), Incomplete)
        whole = codec.decode_response(body).unwrap()
        assert whole.text.startswith(error.partial.text if error.partial is not None else "")


def _begun(seen: bytes) -> int:
    events = [json.loads(event[6:]) for event in seen.split(b"\n\n") if event.startswith(b"data: {")]
    return len({choice["index"] for event in events for choice in event["choices"]})


@many
@given(chat_chunks(), st.data())
def test_what_breaks_a_stream_is_named_and_the_part_read_is_kept(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    chunks = drawn[1]
    at = data.draw(st.integers(0, len(chunks)))
    broken = data.draw(
        st.sampled_from([b"{", b"\xff", b"[]", b"null", b'{"choices": 5}', b'{"choices": [5]}'])
    )
    found = codec.decode_stream(
        [chat_sse(chunks[:at], done=False), b"data: " + broken + b"\n\n", chat_sse(chunks[at:])]
    )
    assert isinstance(found, Failure)
    assert isinstance(error := found.failure(), Malformed)
    assert (error.partial is None) == (at == 0)


@many
@given(chat_answers())
def test_an_own_answer_can_be_streamed(body: Plain) -> None:
    response = codec.decode_response(body).unwrap()
    chunks = codec.encode_stream(response)
    assert codec.decode_stream(chunks.unwrap()) == Success(response)
    assert all(chunk.endswith(b"\n\n") and chunk.count(b"\n\n") == 1 for chunk in chunks.unwrap())
    assert chunks.unwrap()[-1] == b"data: [DONE]\n\n"


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
    message: Plain = {"role": "assistant", "content": value, "tool_calls": [value], "refusal": value}
    call: Plain = {"id": value, "type": "function", "function": {"name": "f", "arguments": value}}
    return [
        {"messages": value, "choices": value},
        {"messages": [value], "choices": [value], "usage": value},
        {"messages": [message], "choices": [{"message": message, "finish_reason": value}]},
        {"messages": [{**message, "tool_calls": [call]}], "choices": [{"message": {"tool_calls": [call]}}]},
        {"messages": [{"role": "user", "content": [value]}], "choices": [{"message": {"audio": value}}]},
        {
            "messages": [{"role": "tool", "content": value, "tool_call_id": "x"}],
            "choices": [{"delta": message}],
        },
        {"messages": [], "tools": [value], "choices": [{"delta": {"tool_calls": [value]}}], "stop": value},
        {
            "messages": [],
            "tool_choice": value,
            "choices": [{"delta": {"content": value}}],
            "max_tokens": value,
        },
        {"messages": [], "response_format": value, "choices": [], "usage": {"prompt_tokens": value}},
    ]


@many
@given(hostile_json(), st.integers(0, 8))
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
@given(hostile_bytes(b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}'))
def test_any_bytes_give_an_outcome(body: bytes) -> None:
    assert isinstance(codec.decode_response(body), Success | Failure)
    assert isinstance(codec.decode_stream([body]), Success | Failure)
    assert isinstance(codec.decode_stream([b"data: " + body + b"\n\n"]), Success | Failure)
    assert isinstance(codec.decode_error(500, {}, body), ERRORS)
