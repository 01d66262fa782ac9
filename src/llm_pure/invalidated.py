"""Which thinking an edited history invalidates.

Law: a history to which only something new is appended invalidates nothing; a change invalidates the signed thinking
behind it, and none before it. Some models (`ModelTraits.bound_reasoning`) check each signed block that comes back
against the instructions, the tools and all messages before it, and answer a changed conversation with a 400 or without
what they thought: platform.claude.com build-with-claude/preserved-thinking. Cache breakpoints are no part of what is
checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TypeAlias

from llm_pure.completion import Completion
from llm_pure.json import EMPTY, JsonInput, JsonObject
from llm_pure.messages import AssistantMessage, Message
from llm_pure.models import ModelTraits, traits_of
from llm_pure.normal import normal, places
from llm_pure.parts import Document, Opaque, Part, Reasoning, ToolResult

__all__ = ["invalidated"]


def invalidated(
    before: Completion, after: Completion, table: Mapping[str, ModelTraits] | None = None
) -> tuple[str, ...]:
    """The paths of signed reasoning in `after` that was made under another beginning of the conversation.

    `before` is a completion as it was asked and answered (`with_response`), `after` the same one edited, for `after`'s
    model. Empty for models that bind no thinking, and for blocks that `before` does not hold: those are new.
    `table` is the model table, if not the library's own.
    """
    if not traits_of(after.model, table).bound_reasoning:
        return ()
    edited = _unmarked(after)
    old, new = normal(_unmarked(before)), normal(edited)
    made: dict[Reasoning, set[_Place]] = {}
    for place, block in _signed(old):
        made.setdefault(block, set()).add(place)
    held, stood = _held(old, new), places(edited)
    found: list[str] = []
    for place, block in _signed(new):
        there = made.get(block)
        if there is not None and (found or place not in there or place > held):
            message, part = place
            found.append(stood[f"$.messages[{message}].content[{part}]"])  # behind one that is lost, all are
    return tuple(found)


_Place: TypeAlias = tuple[int, int]
"""A message, and one of its parts."""


def _signed(completion: Completion) -> Iterator[tuple[_Place, Reasoning]]:
    for index, message in enumerate(completion.messages):
        if isinstance(message, AssistantMessage):
            for place, part in enumerate(message.content):
                if isinstance(part, Reasoning) and (part.signature is not None or part.encrypted is not None):
                    yield (index, place), part


def _held(old: Completion, new: Completion) -> _Place:
    """The last place before which both, in normal form, say the same."""
    if (old.system, old.tools) != (new.system, new.tools):
        return -1, -1
    message = _common(old.messages, new.messages)
    begun = [completion.messages[message : message + 1] for completion in (old, new)]
    if not all(begun) or begun[0][0].extras != begun[1][0].extras:
        return message, -1
    return message, _common(begun[0][0].content, begun[1][0].content)


def _common(one: Sequence[object], other: Sequence[object]) -> int:
    """How many items both begin with."""
    same = takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False))
    return sum(1 for _ in same)


# ---------------------------------------------------------------- without cache breakpoints


def _unmarked(completion: Completion) -> Completion:
    return completion.replace(
        messages=[_message(message) for message in completion.messages],
        system=[_part(part) for part in completion.system],
        tools=[replace(tool, extras=_extras(tool.extras)) for tool in completion.tools],
    )


def _message(message: Message) -> Message:
    return type(message)(tuple([_part(part) for part in message.content]), message.extras)


def _part(part: Part) -> Part:
    if isinstance(part, Opaque):
        raw = {key: value for key, value in part.raw.items() if key != _MARK}
        return part if len(raw) == len(part.raw) else Opaque(part.provider, JsonObject(raw))
    if isinstance(part, ToolResult):
        part = replace(part, content=tuple(map(_part, part.content)))
    elif isinstance(part, Document) and isinstance(part.source, tuple):
        part = replace(part, source=tuple(map(_part, part.source)))
    return part if part.extras is EMPTY else replace(part, extras=_extras(part.extras))


_MARK = "cache_control"


def _extras(extras: JsonObject) -> JsonObject:
    own = extras.get("anthropic")
    if not isinstance(own, JsonObject) or _MARK not in own:
        return extras
    rest = {key: value for key, value in own.items() if key != _MARK}
    others: dict[str, JsonInput] = {name: fields for name, fields in extras.items() if name != "anthropic"}
    return JsonObject({**others, "anthropic": rest} if rest else others)
