"""Which prompts may be written.

Law: where a project lists its prompts, a recording holds no other: every text of instructions and of users, in a
request that some codec reads, is one of the list, from end to end. A request that none reads is on no list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from returns.result import Failure

from llm_effects.replay.bodies import json_of
from llm_effects.replay.interactions import Interaction
from llm_pure.completion import Completion
from llm_pure.messages import AssistantMessage
from llm_pure.parts import Text
from llm_pure.target import codec_of, wire_of

__all__ = ["strangers"]


def strangers(interactions: Iterable[Interaction], allowed: tuple[re.Pattern[str], ...]) -> tuple[str, ...]:
    """The prompts that are not on the list, each once."""
    found = {
        prompt: None
        for interaction in interactions
        for prompt in _prompts(interaction)
        if not any(pattern.fullmatch(prompt) for pattern in allowed)
    }
    return tuple(found)


def _prompts(interaction: Interaction) -> Iterator[str]:
    request = interaction.request
    wire, payload = wire_of(request.path), json_of(request.body)
    if wire is None or not isinstance(payload, dict):
        if request.body:
            yield request.body.decode("utf-8", "replace")
        return
    decoded = codec_of(wire).decode_request(payload)
    if isinstance(decoded, Failure):
        yield request.body.decode("utf-8", "replace")
    else:
        yield from _texts(decoded.unwrap())


def _texts(completion: Completion) -> Iterator[str]:
    asked = [message for message in completion.messages if not isinstance(message, AssistantMessage)]
    for part in (*completion.system, *(part for message in asked for part in message.content)):
        if isinstance(part, Text):
            yield part.text
