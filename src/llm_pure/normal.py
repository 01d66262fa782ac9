"""The normal form of a completion: what is the same question, told the same way.

Law: `normal` is idempotent, knows no codec, and changes nothing that a model could notice.

    what                                                          normal form
    ------------------------------------------------------------  -------------------------------------------------
    an empty text without extras                                  dropped, wherever it stands
    no `system`, and the first message is instructions            those are `system` (if they say anything and carry
                                                                  no extras)
    a user message of tool results only, then a user message      one user message (one turn; neither with extras)
    a tool choice of auto, parallel on or unsaid                  no tool choice; parallel on is unsaid
    a reasoning setting that says nothing                         none
    a tool described by ""                                        not described
    options that are empty, or for a provider and empty           dropped
"""

from __future__ import annotations

from dataclasses import replace

from llm_pure.completion import Completion, ReasoningSetting
from llm_pure.json import JsonObject
from llm_pure.messages import Message, SystemMessage, UserMessage
from llm_pure.parts import Document, Part, Text, ToolResult
from llm_pure.tools import AnyTool, ToolChoice

__all__ = ["normal", "normal_content", "normal_messages"]


def normal(completion: Completion) -> Completion:
    """The normal form, by the table above."""
    messages = tuple(normal_messages(completion.messages))
    system = normal_content(completion.system)
    if not system and messages and isinstance(messages[0], SystemMessage):
        first = messages[0]
        if first.content and not first.extras:
            system, messages = first.content, messages[1:]
    return completion.replace(
        messages=messages,
        system=system,
        tools=[_tool(tool) for tool in completion.tools],
        tool_choice=_choice(completion.tool_choice),
        reasoning=None if completion.reasoning == ReasoningSetting() else completion.reasoning,
        provider_options=JsonObject(
            {name: options for name, options in completion.provider_options.items() if options}
        ),
    )


def normal_messages(messages: tuple[Message, ...]) -> list[Message]:
    """The messages in normal form, tool results joined with the rest of their turn."""
    found: list[Message] = []
    turn: list[Part] | None = None  # a user message of tool results only, as long as it may grow
    for message in messages:
        content = normal_content(message.content)
        may_join = isinstance(message, UserMessage) and not message.extras
        if turn is not None and may_join:
            turn.extend(content)
            if content and not _only_results(content):
                found.append(UserMessage(tuple(turn)))
                turn = None
            continue
        if turn is not None:
            found.append(UserMessage(tuple(turn)))
            turn = None
        if may_join and _only_results(content):
            turn = list(content)
        else:
            found.append(type(message)(content, message.extras))
    return found if turn is None else [*found, UserMessage(tuple(turn))]


def _only_results(content: tuple[Part, ...]) -> bool:
    return bool(content) and all(isinstance(part, ToolResult) for part in content)


def normal_content(content: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts in normal form."""
    return tuple(
        [
            _part(part)
            for part in content
            if not (isinstance(part, Text) and not part.text and not part.extras)
        ]
    )


def _part(part: Part) -> Part:
    if isinstance(part, ToolResult):
        return replace(part, content=normal_content(part.content))
    if isinstance(part, Document) and isinstance(part.source, tuple):
        return replace(part, source=normal_content(part.source))
    return part


def _tool(tool: AnyTool) -> AnyTool:
    return replace(tool, description=None) if tool.description == "" else tool


def _choice(choice: ToolChoice | None) -> ToolChoice | None:
    if choice is not None and choice.parallel is True:
        choice = replace(choice, parallel=None)
    return None if choice == ToolChoice() else choice
