"""The normal form of a completion: what is the same question, told the same way.

Law: `normal` is idempotent, knows no codec, and changes nothing that a model could notice.

    what                                                          normal form
    ------------------------------------------------------------  -------------------------------------------------
    an empty text without extras                                  dropped, wherever it stands
    no `system`, and the first message is instructions            those are `system` (if they say anything and carry
                                                                  no extras)
    a user message of tool results only, then a user message      one user message (one turn; neither with extras)
    a picture of detail `auto`                                    of no detail: that is for the provider to say
    a tool choice of auto, parallel on or unsaid                  no tool choice; parallel on is unsaid
    a reasoning setting that says nothing                         none
    a tool described by ""                                        not described
    options that are empty, or for a provider and empty           dropped
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llm_pure.completion import Completion, ReasoningSetting
from llm_pure.json import EMPTY, JsonObject
from llm_pure.messages import Message, SystemMessage, UserMessage
from llm_pure.parts import BrokenToolCall, Document, Image, Opaque, Part, Text, ToolCall, ToolResult
from llm_pure.response import Response
from llm_pure.tools import AnyTool, ToolChoice

__all__ = ["essence", "normal", "normal_content", "normal_messages", "places"]


def normal(completion: Completion) -> Completion:
    """The normal form, by the table above.

    Raises `RecursionError` if JSON or results are nested several hundred levels deep: no codec reads or sends such.
    """
    messages = tuple(normal_messages(completion.messages))
    system = normal_content(completion.system)
    if _opens(system, messages):
        system, messages = messages[0].content, messages[1:]
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


def _opens(system: tuple[Part, ...], messages: Sequence[Message]) -> bool:
    """Whether the first message is what stands in `system` in normal form."""
    first = messages[0] if messages and not system else None
    return isinstance(first, SystemMessage) and bool(first.content) and not first.extras


def normal_messages(messages: tuple[Message, ...]) -> list[Message]:
    """The messages in normal form, tool results joined with the rest of their turn."""
    contents = [normal_content(message.content) for message in messages]
    return [
        type(messages[turn[0]])(contents[turn[0]], messages[turn[0]].extras)
        if len(turn) == 1
        else UserMessage(tuple([part for index in turn for part in contents[index]]))
        for turn in _turns(messages, contents)
    ]


def _turns(messages: tuple[Message, ...], contents: list[tuple[Part, ...]]) -> list[list[int]]:
    """Which messages are one in normal form: results only, as long as results only follow, and what ends the turn."""
    found: list[list[int]] = []
    growing = False
    for index, (message, content) in enumerate(zip(messages, contents, strict=True)):
        may_join = isinstance(message, UserMessage) and not message.extras
        if growing and may_join:
            found[-1].append(index)
            growing = not content or _only_results(content)
        else:
            found.append([index])
            growing = may_join and _only_results(content)
    return found


def places(completion: Completion) -> dict[str, str]:
    """Where the parts and messages of the normal form stood before: paths as a `Loss` has them."""
    contents = [normal_content(message.content) for message in completion.messages]
    turns = _turns(completion.messages, contents)
    found: dict[str, str] = {}
    for index, stood in enumerate(_kept(completion.system)):
        _place(completion.system[stood], f"$.system[{index}]", f"$.system[{stood}]", found)
    first = normal_messages(completion.messages[:1])
    shift = 1 if _opens(normal_content(completion.system), first) else 0
    for number, turn in enumerate(turns):
        path = "$.system" if number < shift else f"$.messages[{number - shift}].content"
        if number >= shift:
            found[path.removesuffix(".content")] = f"$.messages[{turn[0]}]"
        index = 0
        for message in turn:
            content = completion.messages[message].content
            for stood in _kept(content):
                _place(content[stood], f"{path}[{index}]", f"$.messages[{message}].content[{stood}]", found)
                index += 1
    return found


def _place(part: Part, path: str, stood: str, found: dict[str, str]) -> None:
    found[path] = stood
    inner: tuple[Part, ...] = ()
    field = ".content"
    if isinstance(part, ToolResult):
        inner = part.content
    elif isinstance(part, Document) and isinstance(part.source, tuple):
        inner, field = part.source, ".source"
    for index, place in enumerate(_kept(inner)):
        _place(inner[place], f"{path}{field}[{index}]", f"{stood}{field}[{place}]", found)


def _only_results(content: tuple[Part, ...]) -> bool:
    return bool(content) and all(isinstance(part, ToolResult) for part in content)


def normal_content(content: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts in normal form."""
    return tuple([_part(part) for part in content if not _says_nothing(part)])


def _kept(content: tuple[Part, ...]) -> list[int]:
    return [index for index, part in enumerate(content) if not _says_nothing(part)]


def _says_nothing(part: Part) -> bool:
    return isinstance(part, Text) and not part.text and not part.extras


def _part(part: Part) -> Part:
    if isinstance(part, ToolResult):
        return replace(part, content=normal_content(part.content))
    if isinstance(part, Document) and isinstance(part.source, tuple):
        return replace(part, source=normal_content(part.source))
    if isinstance(part, Image) and part.detail == "auto":
        return replace(part, detail=None)
    return part


def _tool(tool: AnyTool) -> AnyTool:
    return replace(tool, description=None) if tool.description == "" else tool


def _choice(choice: ToolChoice | None) -> ToolChoice | None:
    if choice is not None and choice.parallel is True:
        choice = replace(choice, parallel=None)
    return None if choice == ToolChoice() else choice


# ---------------------------------------------------------------- answers


def essence(answer: Response) -> object:
    """What of an answer must not change on the way to another provider: everything but provider, ids and extras."""
    parts = [_bare(part) for part in normal_content(answer.message.content)]
    others = [essence(other) for other in answer.alternatives]
    return parts, answer.usage, answer.stop_reason, answer.stop_sequence, others


def _bare(part: Part) -> Part:
    if isinstance(part, Opaque):
        return part
    if isinstance(part, ToolCall | BrokenToolCall):
        return replace(part, id="", extras=EMPTY)
    return replace(part, extras=EMPTY)
