"""A whole conversation of one provider, said to the others and back: handmade, and as it was recorded."""

import json
from typing import Any

import pytest

from llm_pure import (
    AssistantMessage,
    Base64,
    BrokenToolCall,
    Completion,
    Document,
    Image,
    JsonObject,
    Opaque,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Url,
    UserMessage,
    WireFormat,
    anthropic_messages,
    codec_of,
    user,
)
from tests.reported import as_sent, wrongly_reported
from tests.test_corpus import CORPUS

OPENAI: tuple[WireFormat, ...] = ("openai_chat", "openai_responses")
CACHED = JsonObject({"anthropic": {"cache_control": {"type": "ephemeral"}}})

HANDMADE = Completion(
    [
        user(
            "What does the map show?",
            Image(Url("https://example.org/map.png")),
            Document(Text("Legend"), "L"),
        ),
        AssistantMessage(
            (
                Reasoning("I should look closer.", "c2lnbmVk"),
                Reasoning("", "ZW1wdHk="),
                Reasoning(encrypted="c2VhbGVk"),
                Text("Let me look.", CACHED),
                ToolCall("toolu_1", "zoom", JsonObject({"x": 1})),
                BrokenToolCall("toolu_2", "zoom", '{"x": '),
                Opaque("anthropic", JsonObject({"type": "server_tool_use", "id": "srvtoolu_1", "input": {}})),
            )
        ),
        UserMessage(
            (
                ToolResult("toolu_1", (Text("see"), Image(Base64("aGk=", "image/png")))),
                ToolResult("toolu_2", (Text("cut off"),), is_error=True),
                Text("Go on."),
            )
        ),
        AssistantMessage((Reasoning("", "bGFzdA=="), Text("A river."))),
        user("Where to?"),
    ],
    model="claude-sonnet-4-5",
    system="You read maps.",
    tools=[
        Tool("zoom", "Look closer.", JsonObject({"type": "object", "properties": {"x": {"type": "integer"}}}))
    ],
    reasoning=4000,
    max_tokens=9000,
)


def said_elsewhere(asked: Completion, wire: WireFormat) -> Completion:
    """The conversation as the other provider reads it, its losses held to what differs."""
    encoded = codec_of(wire).encode_request(asked).unwrap()
    read = as_sent(codec_of(wire).decode_request(encoded.payload).unwrap())
    assert wrongly_reported(asked, read, encoded.losses) == []
    return read


@pytest.mark.parametrize("wire", OPENAI)
def test_a_conversation_with_tools_pictures_and_thinking_is_said_to_openai_and_back(wire: WireFormat) -> None:
    asked = as_sent(HANDMADE)
    read = said_elsewhere(asked, wire)
    back = anthropic_messages.encode_request(read).unwrap()
    again = as_sent(anthropic_messages.decode_request(back.payload).unwrap())
    assert wrongly_reported(read, again, back.losses) == []
    assert [part.name for part in again.messages[1].content if isinstance(part, ToolCall)] == ["zoom"]


def test_thinking_goes_back_to_its_own_provider_byte_for_byte() -> None:
    sent = anthropic_messages.encode_request(HANDMADE).unwrap()
    assert sent.losses == ()
    messages: Any = sent.payload["messages"]
    assert messages[1]["content"][:3] == [
        {"type": "thinking", "thinking": "I should look closer.", "signature": "c2lnbmVk"},
        {"type": "thinking", "thinking": "", "signature": "ZW1wdHk="},
        {"type": "redacted_thinking", "data": "c2VhbGVk"},
    ]
    assert messages[3]["content"][0] == {"type": "thinking", "thinking": "", "signature": "bGFzdA=="}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings are not at hand (../shared/corpus)")
@pytest.mark.parametrize("wire", OPENAI)
def test_recorded_conversations_with_tools_and_thinking_or_pictures_are_said_to_openai_and_back(
    wire: WireFormat,
) -> None:
    tried = 0
    for path in sorted((CORPUS / "anthropic").glob("*.json")):
        text = path.read_text(encoding="utf-8")
        if '"tool_result"' not in text or not ('"signature"' in text or '"image"' in text):
            continue
        body = (json.loads(text)["request"] or {}).get("body")
        if not isinstance(body, dict) or "messages" not in body:
            continue
        asked = as_sent(anthropic_messages.decode_request(body).unwrap())
        parts = [part for message in asked.messages for part in message.content]
        if any(isinstance(part, ToolCall) for part in parts) and any(
            isinstance(part, Reasoning | Image | ToolResult) for part in parts
        ):
            read = said_elsewhere(asked, wire)
            back = anthropic_messages.encode_request(read).unwrap()
            again = as_sent(anthropic_messages.decode_request(back.payload).unwrap())
            assert wrongly_reported(read, again, back.losses) == [], path.name
            tried += 1
    assert tried > 20
