"""What our folds make of a stream is what the official clients' own accumulators make of it.

Over streams as the stub sends them, generated streams, and recorded ones where those are at hand. The accumulators are
the reference for texts, reasoning, calls, refusals and usage. Where they guess we do not: arguments that are cut off
are parsed by Anthropic's as far as they go, and are a broken call here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import example, given
from hypothesis import strategies as st
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Done,
    JsonObject,
    PartDone,
    Reasoning,
    Refusal,
    Response,
    Started,
    StreamEvent,
    Text,
    TextDelta,
    ToolCall,
    WireFormat,
    codec_of,
)
from llm_pure.strategies import anthropic_streams, assistant_parts, chat_streams, responses, responses_streams
from tests.many import many
from tests.test_corpus import CORPUS, SHARDS, WIRES, recordings

pytestmark = pytest.mark.filterwarnings(
    "ignore:Pydantic serializer warnings"
)  # content in a list, news in a block

Plain = dict[str, Any]


def data_of(stream: bytes) -> Iterator[Plain]:
    """The JSON of the events: the plainest reader that there is."""
    for line in stream.decode().replace("\r\n", "\n").split("\n"):
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            yield json.loads(line[5:])


# ---------------------------------------------------------------- the reference


def anthropics(events: Iterable[Plain]) -> Plain:
    """The message as `MessageStream` accumulates it."""
    snapshot: Message | None = None
    buffers: dict[int, bytes] = {}
    for event in events:
        if event["type"] != "ping":
            made = construct_type(type_=RawMessageStreamEvent, value=event)
            snapshot = accumulate_event(event=made, current_snapshot=snapshot, json_bufs=buffers)  # type: ignore[arg-type] # constructed, as the client does
    assert snapshot is not None
    return snapshot.to_dict(mode="json", warnings=False)


def chats(events: Iterable[Plain]) -> Plain:
    """The completion as `ChatCompletionStreamState` accumulates it."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for event in events:
        chunk = construct_type(type_=ChatCompletionChunk, value=event)
        assert isinstance(chunk, ChatCompletionChunk)
        state.handle_chunk(chunk)
    return state.current_completion_snapshot.to_dict(mode="json", warnings=False)


def responses_of(events: Iterable[Plain]) -> Plain:
    """The response as `ResponseStream` ends with it: its last event carries it whole."""
    ends = [event for event in events if event["type"] in {"response.completed", "response.incomplete"}]
    found: Plain = ends[-1]["response"]
    return found


REFERENCES = {"anthropic_messages": anthropics, "openai_chat": chats, "openai_responses": responses_of}


def reading(response: Response) -> Plain:
    """What both have to agree on."""
    content = response.message.content
    return {
        "text": response.text,
        "refusal": "".join(part.text for part in content if isinstance(part, Refusal)),
        "reasoning": [(p.text, p.signature, p.encrypted) for p in content if isinstance(p, Reasoning)],
        "calls": [(part.id, part.name, part.arguments) for part in content if isinstance(part, ToolCall)],
        "stop": response.raw_stop_reason,
        "usage": response.usage,
        "id": response.id,
        "model": response.model,
    }


def differences(wire: WireFormat, stream: bytes) -> Plain:
    """Where our fold and the official accumulator disagree: what we read, and what they read."""
    codec = codec_of(wire)
    ours = reading(codec.decode_stream([stream]).unwrap())
    theirs = reading(codec.decode_response(REFERENCES[wire](data_of(stream))).unwrap())
    return {key: (value, theirs[key]) for key, value in ours.items() if value != theirs[key]}


# ---------------------------------------------------------------- streams of the stub, and generated ones

SAID = assistant_parts().filter(lambda part: isinstance(part, Text | ToolCall | Reasoning))


@pytest.mark.parametrize("wire", sorted(REFERENCES))
@given(response=responses(part=SAID))
@example(
    response=Response(
        AssistantMessage((Text("0", JsonObject({"openai_chat": {"x": 1}})),)), stop_reason="end"
    )
)
def test_a_stream_of_the_stub_is_read_alike(wire: WireFormat, response: Response) -> None:
    told = codec_of(wire).encode_stream(response)
    texts = [part for part in response.message.content if isinstance(part, Text)]
    # OpenAI's content is one text without fields: other content is a list, which its accumulator does not know.
    one_text = len(texts) < 2 and all("openai_chat" not in text.extras for text in texts)
    if isinstance(told, Success) and (wire != "openai_chat" or one_text):
        stream = b"".join(told.unwrap())
        content = codec_of(wire).decode_stream([stream]).unwrap().message.content
        if not any(isinstance(part, BrokenToolCall) for part in content):
            assert differences(wire, stream) == {}


def is_plain(body: Plain) -> bool:
    """Whether an accumulator can be the reference: all has a field there, and arguments are objects."""
    outcome = codec_of("openai_chat").decode_response(body)
    return isinstance(outcome, Success) and all(
        isinstance(part, Text | ToolCall | Refusal) for part in outcome.unwrap().message.content
    )


@given(anthropic_streams())
def test_a_generated_stream_of_messages_is_read_alike(drawn: tuple[Plain, bytes]) -> None:
    known = {"text", "thinking", "redacted_thinking", "tool_use"}
    blocks = drawn[0]["content"]
    if all(b["type"] in known and isinstance(b.get("input", {}), dict) and "x_new" not in b for b in blocks):
        assert differences("anthropic_messages", drawn[1]) == {}


@given(responses_streams())
def test_a_generated_stream_of_responses_is_read_as_its_last_event_says(drawn: tuple[Plain, bytes]) -> None:
    if list(data_of(drawn[1]))[-1]["response"]["output"]:
        assert differences("openai_responses", drawn[1]) == {}


@many
@given(chat_streams())
def test_a_generated_stream_of_chat_is_read_alike(drawn: tuple[Plain, bytes]) -> None:
    if len(drawn[0]["choices"]) == 1 and is_plain(drawn[0]):
        found = differences("openai_chat", drawn[1])
        assert found.keys() <= {"usage"}  # ours counts what imitators tell elsewhere


# ---------------------------------------------------------------- the events, part by part


@pytest.mark.parametrize("wire", sorted(REFERENCES))
@given(response=responses(part=SAID), data=st.data())
def test_events_say_each_part_once_in_its_place_and_nothing_else(
    wire: WireFormat, response: Response, data: st.DataObject
) -> None:
    codec = codec_of(wire)
    told = codec.encode_stream(response)
    if isinstance(told, Failure):
        return
    state = codec.stream_start()
    events: list[StreamEvent] = []
    for chunk in told.unwrap():
        state, more = codec.stream_step(state, chunk)
        events += more
    content = codec.stream_result(state).unwrap().message.content
    done = [event for event in events if isinstance(event, PartDone)]
    assert [(event.index, event.part) for event in done] == list(enumerate(content))
    for index, part in enumerate(content):
        if isinstance(part, Text):
            pieces = [e.text for e in events if isinstance(e, TextDelta) and e.index == index]
            assert "".join(pieces) == part.text
    said = [event for event in events if not isinstance(event, Started | Done)]
    assert {event.index for event in said} == set(range(len(content)))
    for index in range(len(content)):  # nothing is said of a part once it is whole
        assert isinstance([event for event in said if event.index == index][-1], PartDone)


# ---------------------------------------------------------------- recorded streams


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings are not at hand (../shared/corpus)")
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("folder", ["anthropic", "openai_chat", "openai_responses"])
def test_a_recorded_stream_is_read_alike(folder: str, shard: int) -> None:
    found, tried = {}, 0
    for recorded in recordings(folder, shard):
        if recorded.sse is None or recorded.status >= 400:
            continue
        stream = recorded.sse.encode()
        if isinstance(codec_of(WIRES[folder]).decode_stream([stream]), Success):
            tried += 1
            if different := differences(WIRES[folder], stream):
                found[recorded.name] = different
    assert found == {}
    assert tried > 20
