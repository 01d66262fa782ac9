"""What goes out is what the official clients' own parameter types want, at run time too.

Of everything that we model: opaque pieces, extras and options are the provider's own words, and sampling parameters
are not in all of today's types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import example, given
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

import llm_pure.strategies as made
from llm_pure import (
    AssistantMessage,
    Completion,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Text,
    ToolCall,
    ToolResult,
    Url,
    UserMessage,
    WireFormat,
    codec_of,
)
from llm_pure.json import EMPTY, JsonObject
from tests.many import many

PARAMS: Mapping[WireFormat, Any] = {
    "anthropic_messages": MessageCreateParamsNonStreaming,
    "openai_chat": CompletionCreateParamsNonStreaming,
    "openai_responses": ResponseCreateParamsNonStreaming,
}


@cache
def adapter(wire: WireFormat) -> TypeAdapter[Any]:
    return TypeAdapter(PARAMS[wire])


def forced(value: Any) -> Any:
    """The value with everything lazy walked through: an `Iterable` is validated only when somebody looks at it."""
    if isinstance(value, dict):
        return {key: forced(item) for key, item in value.items()}
    return (
        value if isinstance(value, str | bytes) or not isinstance(value, Iterable) else [*map(forced, value)]
    )


def modelled(completion: Completion) -> Completion:
    """The completion without what the provider alone understands, and without sampling parameters."""
    return completion.replace(
        model=completion.model or "a model",
        messages=[_message(message) for message in completion.messages],
        system=_parts(completion.system),
        tools=[replace(tool, extras=EMPTY) for tool in completion.tools],
        tool_choice=_bare(completion.tool_choice),
        output=_bare(completion.output),
        reasoning=_bare(completion.reasoning),
        provider_options={},
        temperature=None,
        top_p=None,
        top_k=None,
    )


def _bare(value: Any) -> Any:
    return None if value is None else replace(value, extras=EMPTY)


def _message(message: Message) -> Message:
    return type(message)(_parts(message.content))


def _parts(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple([_part(part) for part in parts if not isinstance(part, Opaque)])


def _part(part: Part) -> Part:
    if isinstance(part, Opaque):
        return part
    part = replace(part, extras=EMPTY)
    if isinstance(part, ToolResult):
        return replace(part, content=_parts(part.content))
    if isinstance(part, Document) and isinstance(part.source, tuple):
        return replace(part, source=_parts(part.source))
    if isinstance(part, Document) and isinstance(part.source, Text):
        return replace(part, source=Text(part.source.text))
    return part


SHOWN_BY_A_CUSTOM_TOOL = Completion(
    [
        AssistantMessage((ToolCall("a", "draw", JsonObject({"input": "a dot"}), free_text=True),)),
        UserMessage((ToolResult("a", (Image(Url("https://example.org/a.png")),)),)),
    ]
)


@pytest.mark.parametrize("wire", PARAMS)
@many
@example(completion=SHOWN_BY_A_CUSTOM_TOOL)
@given(completion=made.completions())
def test_a_payload_is_of_the_official_clients_type_and_nothing_of_it_is_unknown_there(
    wire: WireFormat, completion: Completion
) -> None:
    payload = codec_of(wire).encode_request(modelled(completion)).unwrap().payload
    assert forced(adapter(wire).validate_python(payload)) == payload
