"""Every kind of content, on every wire format: it comes back as it was, or a loss names it.

The table says which formats carry what. A block that no part models goes back to its own provider verbatim, at its
place.
"""

from __future__ import annotations

import json

import pytest

from llm_pure import (
    AssistantMessage,
    Audio,
    Base64,
    BrokenToolCall,
    Completion,
    Document,
    FileId,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    PlainJson,
    Reasoning,
    Refusal,
    SystemMessage,
    Text,
    ToolCall,
    ToolResult,
    Url,
    UserMessage,
    WireFormat,
    codec_of,
    normal,
    user,
)
from llm_pure.json import same_json

A: WireFormat = "anthropic_messages"
C: WireFormat = "openai_chat"
R: WireFormat = "openai_responses"
ALL: tuple[WireFormat, ...] = (A, C, R)

PNG = Base64("iVBORw0KGgo=", "image/png")
PDF = Base64("JVBERi0=", "application/pdf")
HELLO = Text("Hello.")


def asked(*parts: Part) -> list[Message]:
    return [UserMessage((HELLO, *parts))]


def answered(*parts: Part) -> list[Message]:
    return [user("Go."), AssistantMessage(parts), user("And?")]


def resulted(*parts: Part, is_error: bool = False) -> list[Message]:
    call = AssistantMessage((ToolCall("toolu_1", "look"),))
    return [user("Go."), call, UserMessage((ToolResult("toolu_1", parts, is_error),))]


def attached(provider: str, **fields: PlainJson) -> JsonObject:
    return JsonObject({provider: fields})


def opaque(provider: str, kind: str, **fields: PlainJson) -> Opaque:
    return Opaque(provider, JsonObject({"type": kind, **fields}))


FELL_BACK = Opaque(
    "anthropic", JsonObject({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}})
)


QUOTED: list[PlainJson] = [{"type": "char_location", "cited_text": "a", "document_index": 0}]
NOTED: list[PlainJson] = [{"type": "url_citation", "url": "https://example.com", "start_index": 0}]
HOUR = attached("anthropic", cache_control={"type": "ephemeral", "ttl": "1h"})

CONTENT: dict[str, tuple[list[Message], tuple[WireFormat, ...]]] = {
    # pictures
    "a picture as bytes": (asked(Image(PNG)), ALL),
    "a picture by its address": (asked(Image(Url("https://example.com/a.png"))), ALL),
    "a picture by its id": (asked(Image(FileId("file_1"))), (A, R)),
    "a picture in detail": (asked(Image(PNG, "high")), (C, R)),
    # documents
    "a PDF as bytes": (asked(Document(PDF, "a.pdf")), ALL),
    "a PDF by its address": (asked(Document(Url("https://example.com/a.pdf"))), (A, R)),
    "a PDF by its id": (asked(Document(FileId("file_1"))), ALL),
    "a document of text": (asked(Document(Text("words"), "Title")), (A,)),
    "a document of blocks": (asked(Document((Text("words"), Image(PNG)), context="why")), (A,)),
    "a document to be cited": (asked(Document(PDF, "a.pdf", citations=True)), (A,)),
    # sound
    "sound as bytes": (asked(Audio(Base64("UklGRg==", "audio/wav"))), (C,)),
    "sound that was answered": (answered(Audio(FileId("audio_1"))), (C,)),
    # results
    "a result of words": (resulted(Text("42")), ALL),
    "a result of several texts": (resulted(Text("4"), Text("2")), ALL),
    "a result with a picture": (resulted(HELLO, Image(PNG)), (A, R)),
    "a result with a document": (resulted(Document(PDF, "a.pdf")), (A, R)),
    "a result that is an error": (resulted(Text("no"), is_error=True), (A,)),
    # what a model says
    "a refusal": (answered(Refusal("No.")), (C, R)),
    "signed reasoning": (answered(Reasoning("hm", signature="c2ln"), HELLO), (A,)),
    "signed reasoning that shows nothing": (answered(Reasoning("", signature="c2ln"), HELLO), (A,)),
    "redacted reasoning": (answered(Reasoning(encrypted="c2ln"), HELLO), (A,)),
    "citations": (answered(Text("a", attached("anthropic", citations=QUOTED))), (A,)),
    "annotations of Responses": (answered(Text("a", attached("openai_responses", annotations=NOTED))), (R,)),
    # instructions and caches
    "instructions in conversation": ([user("Go."), SystemMessage((Text("Be brief."),)), user("On.")], (C, R)),
    "a cache breakpoint with its time": ([UserMessage((Text("Hello.", HOUR),))], (A,)),
    # blocks that no part models
    "a server tool's call": (
        answered(opaque("anthropic", "server_tool_use", id="srvtoolu_1", name="web_search", input={}), HELLO),
        (A,),
    ),
    "a server tool's result": (
        answered(opaque("anthropic", "web_search_tool_result", tool_use_id="srvtoolu_1", content=[]), HELLO),
        (A,),
    ),
    "a file for a container": (asked(opaque("anthropic", "container_upload", file_id="file_1")), (A,)),
    "compaction by Anthropic": (answered(opaque("anthropic", "compaction", content="so far"), HELLO), (A,)),
    "a fallback": (answered(FELL_BACK, HELLO), (A,)),
    "a search result": (
        asked(opaque("anthropic", "search_result", source="s", title="t", content=[])),
        (A,),
    ),
    "a video": (asked(opaque("openai_chat", "video_url", video_url={"url": "https://example.com/a"})), (C,)),
    "a hosted tool's call": (
        answered(opaque("openai_responses", "web_search_call", id="ws_1", status="completed"), HELLO),
        (R,),
    ),
    "compaction by OpenAI": (
        answered(opaque("openai_responses", "compaction", id="cmp_1", encrypted_content="Z0F"), HELLO),
        (R,),
    ),
    "a remote tool's call": (
        answered(opaque("openai_responses", "mcp_call", id="mcp_1", name="f", arguments="{}"), HELLO),
        (R,),
    ),
}


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize("kind", list(CONTENT))
def test_content_comes_back_as_it_was_or_a_loss_names_it(kind: str, wire: WireFormat) -> None:
    messages, carriers = CONTENT[kind]
    completion = Completion(messages, model="m", max_tokens=100)
    codec = codec_of(wire)
    encoded = codec.encode_request(completion).unwrap()
    if wire in carriers:
        assert encoded.losses == ()
        assert normal(codec.decode_request(encoded.payload).unwrap()) == normal(completion)
    else:
        assert encoded.losses
        assert all(loss.path.startswith("$.messages[") for loss in encoded.losses), encoded.losses


def test_a_broken_call_is_a_call_of_its_text_on_the_wires_that_carry_text() -> None:
    completion = Completion(answered(BrokenToolCall("call_1", "look", '{"a": ')), model="m", max_tokens=9)
    for wire in (C, R):
        assert '{\\"a\\": ' in json.dumps(codec_of(wire).encode_request(completion).unwrap().payload)


# ---------------------------------------------------------------- answers: nothing of a body is dropped

BODIES: dict[str, tuple[WireFormat, dict[str, PlainJson]]] = {
    "Messages": (
        A,
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5",
            "content": [
                {"type": "compaction", "content": "so far"},
                {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
                {"type": "thinking", "thinking": "", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "c2ln"},
                {
                    "type": "server_tool_use",
                    "id": "srvtoolu_1",
                    "name": "web_search",
                    "input": {"query": "a"},
                },
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "text", "text": "a", "citations": QUOTED},
            ],
            "stop_reason": "pause_turn",
            "stop_sequence": None,
            "container": {"id": "container_1", "expires_at": "2026-11-25T00:00:00Z"},
            "usage": {"input_tokens": 1, "output_tokens": 2, "server_tool_use": {"web_search_requests": 1}},
        },
    ),
    "Chat": (
        C,
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "a", "annotations": NOTED},
                    "logprobs": {"content": [{"token": "a", "logprob": -0.1, "top_logprobs": []}]},
                    "finish_reason": "stop",
                },
                {
                    "index": 1,
                    "message": {"role": "assistant", "content": None, "refusal": "No."},
                    "finish_reason": "stop",
                },
                {
                    "index": 2,
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "audio": {"id": "audio_1", "transcript": "a", "data": "aGk=", "expires_at": 1},
                    },
                    "finish_reason": "stop",
                },
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
            "system_fingerprint": "fp_1",
        },
    ),
    "Responses": (
        R,
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "gpt-5.1",
            "output": [
                {"type": "compaction", "id": "cmp_1", "encrypted_content": "Z0F"},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "Z0F"},
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "status": "completed",
                    "phase": "final_answer",
                    "content": [
                        {
                            "type": "output_text",
                            "text": "a",
                            "annotations": NOTED,
                            "logprobs": [{"token": "a", "logprob": -0.1}],
                        },
                        {"type": "refusal", "refusal": "No."},
                    ],
                },
            ],
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        },
    ),
}


def said(value: PlainJson) -> PlainJson:
    """A body without what is null."""
    if isinstance(value, dict):
        return {key: said(item) for key, item in value.items() if item is not None}
    return [said(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", list(BODIES))
def test_an_answer_is_given_again_with_all_that_it_held(name: str) -> None:
    wire, body = BODIES[name]
    codec = codec_of(wire)
    response = codec.decode_response(body).unwrap()
    again = codec.encode_response(response).unwrap()
    assert same_json(said(again), said(body)), again
    assert codec.decode_stream(codec.encode_stream(response).unwrap()).unwrap() == response


def test_further_choices_are_answers_of_their_own() -> None:
    response = codec_of(C).decode_response(BODIES["Chat"][1]).unwrap()
    refused, spoken = response.alternatives
    assert (response.text, refused.message.content) == ("a", (Refusal("No."),))
    [sound] = spoken.message.content
    assert isinstance(sound, Audio)
    assert (sound.source, sound.transcript) == (FileId("audio_1"), "a")
