"""What is asked, once in our values and once in each SDK's own arguments, saying the same."""

from __future__ import annotations

import json
from typing import Any, Literal, TypeAlias

from benchmarks.provider import prose
from llm_pure import (
    AssistantMessage,
    Completion,
    JsonObject,
    Message,
    Text,
    ToolCall,
    ToolResult,
    UserMessage,
)

__all__ = ["MODEL", "Provider", "conversation", "sdk_arguments"]

Provider: TypeAlias = Literal["anthropic", "openai"]

MODEL = {"anthropic": "claude-haiku-4-5", "openai": "gpt-4.1"}
MAX_TOKENS = 1024
SYSTEM = "You are careful. " + prose(180)


def _input(number: int) -> dict[str, Any]:
    return {"path": f"src/{number}.py", "pattern": prose(140), "limit": number}


def conversation(provider: Provider, length: int, *, note: str = "") -> Completion:
    """`length` messages of about 200 characters, the instructions counted as one: user, assistant with a tool call,
    tool result, assistant, and again. `note` makes one completion differ from the next."""
    messages: list[Message] = []
    for n in range(length - 1):
        match n % 4:
            case 0:
                messages.append(UserMessage((Text(f"Question {n}{note}: " + prose(185)),)))
            case 1:
                # As decoded answers have them: read from a text of their own on OpenAI, from the body on Anthropic.
                text = json.dumps(_input(n)) if provider == "openai" else None
                call = ToolCall(f"call_{n}", f"tool_{n % 5}", JsonObject.wrap(_input(n), text))
                messages.append(AssistantMessage((Text("Let me look."), call)))
            case 2:
                messages.append(
                    UserMessage((ToolResult(f"call_{n - 1}", (Text(f"Result {n}: " + prose(188)),)),))
                )
            case _:
                messages.append(AssistantMessage((Text(f"Answer {n}: " + prose(187)),)))
    return Completion(messages, model=MODEL[provider], system=SYSTEM, max_tokens=MAX_TOKENS)


def sdk_arguments(provider: Provider, length: int, *, note: str = "") -> dict[str, Any]:
    """The same, as the SDK's `create` takes it."""
    return _anthropic(length, note) if provider == "anthropic" else _openai(length, note)


def _anthropic(length: int, note: str) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for n in range(length - 1):
        match n % 4:
            case 0:
                messages.append({"role": "user", "content": f"Question {n}{note}: " + prose(185)})
            case 1:
                use = {"type": "tool_use", "id": f"call_{n}", "name": f"tool_{n % 5}", "input": _input(n)}
                said = {"type": "text", "text": "Let me look."}
                messages.append({"role": "assistant", "content": [said, use]})
            case 2:
                result = f"Result {n}: " + prose(188)
                block = {"type": "tool_result", "tool_use_id": f"call_{n - 1}", "content": result}
                messages.append({"role": "user", "content": [block]})
            case _:
                messages.append({"role": "assistant", "content": f"Answer {n}: " + prose(187)})
    return {"model": MODEL["anthropic"], "max_tokens": MAX_TOKENS, "system": SYSTEM, "messages": messages}


def _openai(length: int, note: str) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}]
    for n in range(length - 1):
        match n % 4:
            case 0:
                messages.append({"role": "user", "content": f"Question {n}{note}: " + prose(185)})
            case 1:
                function = {"name": f"tool_{n % 5}", "arguments": json.dumps(_input(n))}
                call = {"id": f"call_{n}", "type": "function", "function": function}
                messages.append({"role": "assistant", "content": "Let me look.", "tool_calls": [call]})
            case 2:
                result = f"Result {n}: " + prose(188)
                messages.append({"role": "tool", "tool_call_id": f"call_{n - 1}", "content": result})
            case _:
                messages.append({"role": "assistant", "content": f"Answer {n}: " + prose(187)})
    return {"model": MODEL["openai"], "max_completion_tokens": MAX_TOKENS, "messages": messages}
