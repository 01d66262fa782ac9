"""The conversation of a request, in both directions: items on the wire, messages in a completion.

Law: reading what was written gives the normal form of the messages, or a loss says why not. The usual messages are
known to keep the law; every other one is read back once it is written, and compared.

    on the wire                               in a completion
    ----------------------------------------  ---------------------------------------------------------------
    a message of `user`                       a `UserMessage`
    a message of `system`, `developer`        a `SystemMessage`; the role `developer` stands in its extras
    `function_call_output`,                   a `ToolResult` in a `UserMessage`, joined with what follows in the
      `custom_tool_call_output`                 turn; a type that is not its call's stands in its extras
    what else only a program says             a `UserMessage` of one `Opaque`, verbatim
      (`mcp_approval_response`, other roles)
    all others, in a row                      one `AssistantMessage`; another begins where two messages without
                                                fields of their own would become one
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from llm_pure.call_ids import Row
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, thaw
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.normal import normal_content, normal_messages
from llm_pure.openai_responses.calls import CALLS, id_of
from llm_pure.openai_responses.items import comes_back, in_message, read_item, write_items
from llm_pure.openai_responses.media import read_content, short, write_content, write_part
from llm_pure.openai_responses.shape import (
    PROVIDER,
    Losses,
    attach,
    extras_with,
    noted,
    own,
    plain,
    unsaid,
)
from llm_pure.parts import Opaque, Part, Refusal, Text, ToolResult
from llm_pure.reading import PlainObject, as_object, within, wrong
from llm_pure.typed import check_typed, is_evident

if TYPE_CHECKING:
    from openai.types.responses import EasyInputMessageParam
    from openai.types.responses.response_input_param import FunctionCallOutput

__all__ = ["read_messages", "write_instructions", "write_messages"]


# ---------------------------------------------------------------- reading

_OUTPUTS: Final = ("function_call_output", "custom_tool_call_output")
_PROGRAM: Final = (
    "computer_call_output",
    "local_shell_call_output",
    "apply_patch_call_output",
    "mcp_approval_response",
)


def read_messages(values: Iterable[PlainJson], texts: Iterable[str] = ()) -> list[Message]:
    """The messages, results not joined yet. Raises `JsonError` with the path below the list. Takes `values` over.

    `texts` are the ids of the calls before them that were made with plain text.
    """
    found: list[Message] = []
    custom = set(texts)
    open_: list[Part] = []
    after_result = False
    for index, value in enumerate(values):
        try:
            item = as_object(value)
            note_call(item, custom)
            message = _said_by_us(item, custom, after_result=after_result)
            said = read_item(item) if message is None else []
        except JsonError as error:
            raise within(error, f"[{index}]") from None
        after_result = message is not None and item.get("type") in _OUTPUTS
        if open_ and (message is not None or not said or (_is_bare(said[0]) and in_message(open_[-1]))):
            found.append(AssistantMessage(tuple(open_)))
            open_ = []
        if message is None and not said:
            message = AssistantMessage(())
        if message is not None:
            found.append(message)
        open_ += said
    if open_:
        found.append(AssistantMessage(tuple(open_)))
    return found


def _is_bare(part: Part) -> bool:
    """Whether a message that begins with this part has no fields of its own."""
    if isinstance(part, Text | Refusal):
        return noted(part.extras, "$item") is None
    return in_message(part) and isinstance(part, Opaque) and len(part.raw) == 1


def note_call(item: PlainJson, custom: set[str]) -> None:
    """Remember whether a call's result is one of a call with plain text."""
    if isinstance(item, dict) and isinstance(id_ := id_of(item), str):
        if item.get("type") == "custom_tool_call":
            custom.add(id_)
        elif item.get("type") == "function_call":
            custom.discard(id_)


def _said_by_us(item: PlainObject, custom: set[str], *, after_result: bool) -> Message | None:
    """The message that an item is which no model says; None for those that one does."""
    role = item.get("role")
    kind = item.get("type", "message" if role is not None else None)
    if kind == "message":
        if role == "assistant":
            return None
        if role == "user" and not (after_result and not item.get("content")):
            content = read_content(item.get("content"), "content")
            for index, part in enumerate(content):
                if isinstance(part, Opaque) and _is_item(part.raw):
                    raise JsonError("an item is no content of a message", f".content[{index}]")
            return UserMessage(content, _extras(item, "user"))
        if role in ("system", "developer"):
            return SystemMessage(read_content(item.get("content"), "content"), _extras(item, "system"))
        if not isinstance(role, str):
            raise wrong(role, "a string", ".role")
        # Of no known role; or empty, after results: their turn would swallow it, and it was sent.
    elif kind in _OUTPUTS:
        result = _result(item, custom)
        if result is not None:
            return UserMessage((result,))
    elif kind is None and "content" in item:
        raise wrong(role, "a string", ".role")
    elif not (
        kind in _PROGRAM
        or role is not None
        or (kind == "tool_search_output" and item.get("execution") == "client")
        or (kind == "shell_call_output" and not item.get("id"))
    ):
        return None
    return UserMessage((Opaque(PROVIDER, JsonObject.wrap(item)),))


def _extras(item: PlainObject, role: str) -> JsonObject:
    if item.keys() == {"role", "content"} and item["role"] == role:
        return EMPTY
    return extras_with(
        {
            key: value
            for key, value in item.items()
            if key not in ("type", "content") and value is not None and not (key == "role" and value == role)
        }
    )


def _result(item: PlainObject, custom: set[str]) -> ToolResult | None:
    call_id, output, kind = item.get("call_id"), item.get("output"), item.get("type")
    if not isinstance(call_id, str) or not isinstance(output, str | list):
        return None
    rest: PlainObject = {
        key: value
        for key, value in item.items()
        if key not in ("call_id", "output", "type") and value is not None
    }
    if kind != _OUTPUTS[call_id in custom]:
        rest["type"] = kind
    if output == []:
        rest["$empty"] = True
    return ToolResult(call_id, read_content(output, "output"), extras=extras_with(rest))


# ---------------------------------------------------------------- writing


def write_instructions(parts: tuple[Part, ...], losses: Losses, path: str) -> list[PlainJson]:
    """`Completion.system` as the first item; nothing if it says nothing."""
    check_typed(parts, tuple[Part, ...], path.removeprefix("$"))
    if not normal_content(parts):
        return []
    message = SystemMessage(parts)
    before = len(losses)
    block = _write_words("system", message, losses, path, path)
    if not block["content"]:
        return []
    if len(losses) == before and not _is_usual(message):
        _check(message, [block], losses, path)
    return [block]


_ROLES: Final[dict[type[Message], str]] = {
    UserMessage: "user",
    AssistantMessage: "assistant",
    SystemMessage: "system",
}


def write_messages(
    messages: tuple[Message, ...], losses: Losses, *, start: int = 0, ids: str | None = None
) -> list[PlainJson]:
    """The messages from number `start` on, in order; `ids` says what form the ids of calls have.

    Raises `JsonError` if something is no message, or no JSON.
    """
    out: list[PlainJson] = []
    row = Row(ids, losses)
    previous: Message | None = None
    custom: set[str] = set()
    """The ids of the calls that were made with plain text."""
    for index, message in enumerate(messages[start:], start):
        role = _ROLES.get(type(message))
        if role is None:
            raise wrong(message, "a message", f".messages[{index}]")
        content = message.content
        path = f"$.messages[{index}]"
        if not is_evident(message):
            check_typed(message, type(message), path[1:])
        follows = isinstance(message, AssistantMessage) and isinstance(previous, AssistantMessage)
        if follows and previous is not None and not _apart(previous.content, content):
            losses.append(Loss(path, "Responses takes this for a part of the message before"))
        previous = message
        if len(content) == 1 and message.extras is EMPTY:
            part = content[0]
            # By far the most messages are one text.
            if type(part) is Text and part.extras is EMPTY and type(part.text) is str and part.text:
                out.append({"role": role, "content": part.text})
                if role == "user":
                    row.over()
                continue
        count, place = len(losses), len(out)
        if isinstance(message, UserMessage):
            _write_user(message, out, custom, losses, path)
        elif isinstance(message, AssistantMessage):
            out += write_items(content, losses, f"{path}.content", ids=f"unnamed_{index}") or [
                {"role": "assistant", "content": ""}
            ]
            unsaid(message.extras, losses, path)
        else:
            out.append(_write_words("system", message, losses, path, f"{path}.content"))
        if len(losses) == count and not _is_usual(message):
            _check(message, out[place:], losses, path, custom)
        for item in out[place:]:
            if isinstance(message, AssistantMessage):
                note_call(item, custom)
            if isinstance(item, dict):
                _tell_apart(item, row, path)
    return out


def _tell_apart(item: PlainObject, row: Row, path: str) -> None:
    """Calls between which stand neither a result nor words of the user are a row.

    After a result an id may stand again: what a server that counts anew in each answer gave goes back as it was.
    """
    kind = item.get("type")
    if kind in CALLS:
        row.call(item, "call_id", path)
    elif item.get("role") == "user" or (isinstance(kind, str) and kind.endswith("_output")):
        row.over()
        row.result(item, "call_id", path)


def _apart(a: tuple[Part, ...], b: tuple[Part, ...]) -> bool:
    """Whether one assistant's message is seen to end and another to begin."""
    a, b = normal_content(a), normal_content(b)
    return not a or not b or (in_message(a[-1]) and _is_bare(b[0]))


def _is_usual(message: Message) -> bool:
    """Whether the message is one of those that need no proof: words, whole calls, results in words."""
    if message.extras is not EMPTY:
        return False
    if isinstance(message, AssistantMessage):
        return all(map(comes_back, message.content))
    for part in message.content:
        if isinstance(part, ToolResult):
            if part.extras is not EMPTY or not all(
                isinstance(p, Text) and p.extras is EMPTY for p in part.content
            ):
                return False
        elif not isinstance(part, Text) or part.extras is not EMPTY:
            return False
    return True


def _check(
    message: Message, wire: list[PlainJson], losses: Losses, path: str, texts: Iterable[str] = ()
) -> None:
    """Read back what was written."""
    try:
        back = read_messages([thaw(value) for value in wire], texts)
    except JsonError as error:
        losses.append(Loss(path, f"Responses cannot read this message: {error.reason}"))
        return
    if normal_messages(tuple(back)) != normal_messages((message,)):
        losses.append(Loss(path, "Responses reads this message as another one"))


def _write_words(role: str, message: Message, losses: Losses, path: str, content_path: str) -> PlainObject:
    """A message of instructions, or what a user says."""
    said: EasyInputMessageParam = {"role": "user", "content": ""}
    block = plain(said)
    developer = role == "system" and own(message.extras).get("role") == "developer"
    block["role"] = "developer" if developer else role
    block["content"] = write_content(message.content, losses, content_path)
    return attach(block, message.extras, losses, path, {"role"} if developer else frozenset())


def _write_user(
    message: UserMessage, out: list[PlainJson], custom: set[str], losses: Losses, path: str
) -> None:
    """An item for each result, then one for the rest."""
    content: list[PlainJson] = []
    wholes: list[PlainJson] = []
    results = 0
    for index, part in enumerate(message.content):
        where = f"{path}.content[{index}]"
        if type(part) is ToolResult:
            if content or wholes:
                losses.append(Loss(where, "tool results stand before everything else"))
            out.append(_write_result(part, custom, losses, where))
            results += 1
        elif isinstance(part, Opaque) and part.provider == PROVIDER and _is_item(part.raw):
            wholes.append(part.raw.thaw())
        else:
            content += write_part(part, losses, where)
    out += wholes
    if not content and (results or wholes):
        unsaid(message.extras, losses, path)
        return
    if not content and not own(message.extras) and _is_result(out):
        if message.extras:
            unsaid(message.extras, losses, path)
            losses.append(Loss(path, "an empty message after results is part of their turn"))
        return
    said: EasyInputMessageParam = {"role": "user", "content": ""}
    block = plain(said)
    block["content"] = short(content)
    out.append(attach(block, message.extras, losses, path))


def _is_item(raw: JsonObject) -> bool:
    kind = raw.get("type")
    return "role" in raw or kind in _PROGRAM or (isinstance(kind, str) and kind.endswith("_output"))


def _is_result(out: list[PlainJson]) -> bool:
    last = out[-1] if out else None
    return isinstance(last, dict) and last.get("type") in _OUTPUTS


def _write_result(part: ToolResult, custom: set[str], losses: Losses, path: str) -> PlainObject:
    said: FunctionCallOutput = {"type": "function_call_output", "call_id": part.call_id, "output": ""}
    block = plain(said)
    usual = _OUTPUTS[part.call_id in custom]
    block["type"] = usual
    block["output"] = write_content(part.content, losses, f"{path}.content")
    if part.is_error:
        losses.append(Loss(f"{path}.is_error", "Responses does not say whether a tool has failed"))
    if part.extras is EMPTY:
        return block
    mine = own(part.extras)
    if mine.get("$empty") is True and not block["output"]:
        block["output"] = []
    if mine.get("type") == _OUTPUTS[part.call_id not in custom]:
        block["type"] = _OUTPUTS[part.call_id not in custom]
        return attach(block, part.extras, losses, path, {"type"})
    return attach(block, part.extras, losses, path)
