"""Hypothesis strategies for our values and for what comes over the wire. Needs the extra `llm-pure[testing]`.

Law: the values drawn are valid by type and otherwise as odd as the type allows; nothing here knows what a codec does
with them. `values` has our own values, `raw` JSON and bytes, and a module per provider its payloads and answers.
"""

from llm_pure.strategies.anthropic import anthropic_answers, anthropic_payloads
from llm_pure.strategies.raw import (
    chunkings,
    hostile_bytes,
    hostile_json,
    json_objects,
    json_values,
    plain_objects,
    texts,
)
from llm_pure.strategies.values import (
    assistant_messages,
    assistant_parts,
    completions,
    dialects,
    extras,
    messages,
    outputs,
    parts,
    reasoning_settings,
    responses,
    sources,
    system_messages,
    tool_choices,
    tools,
    usages,
    user_messages,
    user_parts,
)

__all__ = [
    "anthropic_answers",
    "anthropic_payloads",
    "assistant_messages",
    "assistant_parts",
    "chunkings",
    "completions",
    "dialects",
    "extras",
    "hostile_bytes",
    "hostile_json",
    "json_objects",
    "json_values",
    "messages",
    "outputs",
    "parts",
    "plain_objects",
    "reasoning_settings",
    "responses",
    "sources",
    "system_messages",
    "texts",
    "tool_choices",
    "tools",
    "usages",
    "user_messages",
    "user_parts",
]
