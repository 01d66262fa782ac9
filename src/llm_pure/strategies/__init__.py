"""Hypothesis strategies for our values and for what comes over the wire. Needs the extra `llm-pure[testing]`.

Law: the values drawn are valid by type and otherwise as odd as the type allows; nothing here knows what a codec does
with them. `parts`, `values` and `told` have our own values, `raw` JSON and bytes, a module per provider its payloads
and answers, `streams` the streams of all three. `docs/strategies.md` shows how to test a codec or a tool with them.
"""

from llm_pure.strategies.anthropic import anthropic_answers, anthropic_payloads
from llm_pure.strategies.openai_chat import chat_answers, chat_payloads
from llm_pure.strategies.openai_responses import responses_answers, responses_payloads
from llm_pure.strategies.parts import assistant_parts, extras, parts, sources, user_parts
from llm_pure.strategies.raw import (
    chunkings,
    hostile_bytes,
    hostile_json,
    json_objects,
    json_values,
    plain_objects,
    texts,
)
from llm_pure.strategies.streams import anthropic_streams, chat_streams, responses_streams
from llm_pure.strategies.told import errors, events, joined_responses, responses, usages
from llm_pure.strategies.values import (
    assistant_messages,
    completions,
    dialects,
    messages,
    outputs,
    reasoning_settings,
    system_messages,
    tool_choices,
    tools,
    user_messages,
)

__all__ = [
    "anthropic_answers",
    "anthropic_payloads",
    "anthropic_streams",
    "assistant_messages",
    "assistant_parts",
    "chat_answers",
    "chat_payloads",
    "chat_streams",
    "chunkings",
    "completions",
    "dialects",
    "errors",
    "events",
    "extras",
    "hostile_bytes",
    "hostile_json",
    "joined_responses",
    "json_objects",
    "json_values",
    "messages",
    "outputs",
    "parts",
    "plain_objects",
    "reasoning_settings",
    "responses",
    "responses_answers",
    "responses_payloads",
    "responses_streams",
    "sources",
    "system_messages",
    "texts",
    "tool_choices",
    "tools",
    "usages",
    "user_messages",
    "user_parts",
]
