"""The messages of a request, in both directions.

Law: reading what was written gives the normal form of the messages, or a loss says why not. The usual messages are
known to keep the law; every other one is read back once it is written, and compared.

    on the wire                            in a completion
    -------------------------------------  ------------------------------------------------------------------
    `system`, `developer`, the first,      `Completion.system`; the option `$system` remembers the role `developer`
      with nothing but words
    `system`, `developer`                  a `SystemMessage`; the role `developer` stands in its extras
    `user`                                 a `UserMessage`
    `assistant`                            an `AssistantMessage`
    `tool`                                 a `ToolResult` in a `UserMessage`, joined with what follows in the turn
    any other role (`function`)            a `UserMessage` of one `Opaque`, whose `raw` has a `role`: a whole message
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from llm_pure.call_ids import Row
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, thaw
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.normal import normal_content, normal_messages
from llm_pure.openai_chat.assistant import read_assistant, write_assistant, write_usual
from llm_pure.openai_chat.media import read_part, short, write_part, write_text
from llm_pure.openai_chat.shape import NOTES, PROVIDER, Losses, attach, extras_with, noted, own, plain, unsaid
from llm_pure.openai_chat.usual import is_usual, write_usual_result
from llm_pure.parts import Opaque, Part, Text, ToolResult
from llm_pure.reading import PlainObject, as_object, string, within, wrong
from llm_pure.typed import check_typed

if TYPE_CHECKING:
    from openai.types.chat import (
        ChatCompletionSystemMessageParam,
        ChatCompletionToolMessageParam,
        ChatCompletionUserMessageParam,
    )

__all__ = ["read_messages", "write_messages", "write_system"]


# ---------------------------------------------------------------- reading


def read_messages(values: Iterable[PlainJson]) -> list[Message]:
    """The messages, unjoined. Raises `JsonError` with the path below the list. Takes `values` over."""
    found: list[Message] = []
    after_result = False
    for index, value in enumerate(values):
        try:
            message = as_object(value)
            role = message.get("role")
            if role == "tool":
                found.append(UserMessage((_result(message),)))
            elif after_result and _is_bare(message):
                # A turn of results swallows such a message, and this one was sent.
                found.append(UserMessage((Opaque(PROVIDER, JsonObject.wrap(message)),)))
            else:
                found.append(_message(message))
        except JsonError as error:
            raise within(error, f"[{index}]") from None
        after_result = role == "tool"
    return found


def _is_bare(message: PlainObject) -> bool:
    """Whether this is a user's message that says nothing at all."""
    return (
        message.get("role") == "user"
        and not message.get("content")
        and all(value is None for key, value in message.items() if key not in {"role", "content"})
    )


def _message(message: PlainObject) -> Message:
    role = message.get("role")
    if role == "assistant":
        return read_assistant(message)
    if role == "user":
        content = _parts(message)
        for index, part in enumerate(content):
            if isinstance(part, Opaque) and "role" in part.raw:
                raise JsonError("a message is no content of a message", f".content[{index}]")
        return UserMessage(content, _extras(message, "role")) if len(message) > 1 else UserMessage(content)
    if role in ("system", "developer"):
        content = tuple([p if isinstance(p, Text) else _verbatim(v) for p, v in _words(message)])
        return SystemMessage(content, _extras(message, "role" if role == "system" else ""))
    if not isinstance(role, str):
        raise wrong(role, "a string", ".role")
    return UserMessage((Opaque(PROVIDER, JsonObject.wrap(message)),))


def _extras(message: PlainObject, known: str) -> JsonObject:
    return extras_with({key: value for key, value in message.items() if key != known and value is not None})


def _parts(message: PlainObject) -> tuple[Part, ...]:
    """The content, taken out of `message`."""
    content = message.pop("content", None)
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if content is None:
        return ()
    if not isinstance(content, list):
        raise wrong(content, "a string or an array", ".content")
    found: list[Part] = []
    try:
        for value in content:
            found.append(read_part(value))  # noqa: PERF401 - how many have been read is the path
    except JsonError as error:
        raise within(error, f".content[{len(found)}]") from None
    return tuple(found)


def _words(message: PlainObject) -> list[tuple[Part, PlainJson]]:
    """Content where there should be words only, each part with what it was read from."""
    content = message.get("content")
    blocks = list(content) if isinstance(content, list) else [None]
    return list(zip(_parts(message), blocks, strict=False))


def _verbatim(value: PlainJson) -> Opaque:
    return Opaque(PROVIDER, JsonObject.wrap(as_object(value)))


def _result(message: PlainObject) -> ToolResult:
    call_id = string(message, "tool_call_id")
    content = _parts(message)
    rest: PlainObject = {
        key: value
        for key, value in message.items()
        if key not in {"role", "tool_call_id"} and value is not None
    }
    if any(not isinstance(part, Text) for part in content):
        rest["$media"] = True
    return ToolResult(call_id, content, extras=extras_with(rest))


# ---------------------------------------------------------------- writing


def write_system(parts: tuple[Part, ...], losses: Losses) -> list[PlainJson]:
    """`Completion.system` as the first message; nothing if it says nothing."""
    if not parts:
        return []
    before = len(losses)
    message = SystemMessage(parts)
    if not is_usual(message):
        check_typed(parts, tuple[Part, ...], ".system")
    block = _write_system(message, losses, "$.system", "$.system")
    if not block["content"]:
        return []
    if len(losses) == before and not is_usual(message):
        _check(message, [block], losses, "$.system")
    return [block]


def write_messages(
    messages: tuple[Message, ...], losses: Losses, *, opens: bool, ids: str | None = None
) -> list[PlainJson]:
    """The messages, in order; `opens` says whether nothing stands before them, `ids` what form the ids of calls have.

    Raises `JsonError` if something is no message, or holds what is no JSON.
    """
    out: list[PlainJson] = []
    late: list[PlainJson] = []
    """What results hold that is no text: it follows once all results of the turn are said."""
    row = Row(ids, losses)
    for index, message in enumerate(messages):
        if late and (message.extras is not EMPTY or not isinstance(message, UserMessage)):
            _write_late(late, out)
        role = _ROLES.get(type(message))
        if role is None:
            raise wrong(message, "a message", f".messages[{index}]")
        content = message.content
        if len(content) == 1 and message.extras is EMPTY and not late:
            part = content[0]
            # By far the most messages are one text.
            if type(part) is Text and part.extras is EMPTY and part.text and type(part.text) is str:
                out.append({"role": role, "content": part.text})
                continue
        usual = write_usual(message) if isinstance(message, AssistantMessage) else write_usual_result(message)
        path = f"$.messages[{index}]"
        if usual is not None:
            out.append(usual)
            _tell_apart(usual, row, path)
            continue
        before, start = len(losses) if not late else -1, len(out)
        if not (usually := is_usual(message)):
            check_typed(message, type(message), path[1:])
        if isinstance(message, UserMessage):
            _write_user(message, out, late, losses, path)
        elif isinstance(message, AssistantMessage):
            out.append(write_assistant(message, losses, path))
        else:
            out.append(_write_system(message, losses, path, f"{path}.content"))
            if opens and not index and message.extras:
                _report_opening(out, losses)
        if len(losses) == before and not usually:
            _check(message, out[start:], losses, path)
        for block in out[start:]:
            if isinstance(block, dict):
                _tell_apart(block, row, path)
    if late:
        _write_late(late, out)
    return out


def _tell_apart(message: PlainObject, row: Row, path: str) -> None:
    """The calls of one message are a row."""
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        row.over()
        named = [call for call in calls if isinstance(call, dict)]
        ids = {id_ for call in named if isinstance(id_ := call.get("id"), str)}
        for call in named:
            row.call(call, "id", path, ids)
    else:
        row.result(message, "tool_call_id", path)


def _report_opening(out: list[PlainJson], losses: Losses) -> None:
    """Say that instructions have become the completion's `system`, if nothing is left of what told them from it."""
    if (
        isinstance(block := out[0], dict)
        and block.keys() == {"role", "content"}
        and block["role"] == "system"
    ):
        losses.append(Loss("$.messages[0]", "instructions that open a request are the completion's `system`"))


def _write_late(late: list[PlainJson], out: list[PlainJson]) -> None:
    said: ChatCompletionUserMessageParam = {"role": "user", "content": ""}
    block = plain(said)
    block["content"] = short(late.copy())
    late.clear()
    out.append(block)


_ROLES: Final[dict[type[Message], str]] = {
    UserMessage: "user",
    AssistantMessage: "assistant",
    SystemMessage: "system",
}


def _check(message: Message, wire: list[PlainJson], losses: Losses, path: str) -> None:
    """Read back what was written."""
    try:
        back = read_messages([thaw(value) for value in wire])
    except JsonError as error:
        losses.append(Loss(path, f"Chat Completions cannot read this message: {error.reason}"))
        return
    if normal_messages(tuple(back)) != normal_messages((message,)):
        losses.append(Loss(path, "Chat Completions reads this message as another one"))


def _write_system(message: SystemMessage, losses: Losses, path: str, content_path: str) -> PlainObject:
    content: list[PlainJson] = []
    for index, part in enumerate(message.content):
        where = f"{content_path}[{index}]"
        if isinstance(part, Text):
            content += write_text(part, losses, where)
        elif isinstance(part, Opaque) and part.provider == PROVIDER:
            content.append(part.raw.thaw())
        else:
            losses.append(Loss(where, "instructions are text in Chat Completions"))
    developer = own(message.extras).get("role") == "developer"
    said: ChatCompletionSystemMessageParam = {"role": "system", "content": ""}
    block = plain(said)
    block["content"] = short(content)
    if developer:
        block["role"] = "developer"
    return attach(block, message.extras, losses, path, {"role"} if developer else NOTES)


def _write_user(
    message: UserMessage, out: list[PlainJson], late: list[PlainJson], losses: Losses, path: str
) -> None:
    """One message for each result, then one for the rest; if there is none, the turn may go on with more results."""
    content: list[PlainJson] = []
    wholes: list[PlainJson] = []
    results = 0
    for index, part in enumerate(message.content):
        if type(part) is ToolResult:
            if content or wholes:
                losses.append(Loss(f"{path}.content[{index}]", "tool results stand before everything else"))
            out.append(_write_result(part, late, losses, f"{path}.content[{index}]"))
            results += 1
        elif isinstance(part, Opaque) and part.provider == PROVIDER and "role" in part.raw:
            wholes.append(part.raw.thaw())
        else:
            content += write_part(part, losses, f"{path}.content[{index}]")
    out += wholes
    if not content and (results or wholes):
        if late and (message.extras or len(normal_content(message.content)) > results):
            _write_late(late, out)  # its turn does not go on: it had more than results, be that said or lost
        unsaid(message.extras, losses, path)
        return
    content = late + content
    late.clear()
    said: ChatCompletionUserMessageParam = {"role": "user", "content": ""}
    block = plain(said)
    block["content"] = short(content)
    attach(block, message.extras, losses, path)
    if not (_is_result(out) and _is_bare(block)):
        out.append(block)
    elif message.extras:
        losses.append(Loss(path, "an empty message after results is part of their turn"))


def _is_result(out: list[PlainJson]) -> bool:
    last = out[-1] if out else None
    return isinstance(last, dict) and last.get("role") == "tool"


def _write_result(part: ToolResult, late: list[PlainJson], losses: Losses, path: str) -> PlainObject:
    """The result's message. What is no text follows in the user's words, unless the provider is known to take it."""
    said: ChatCompletionToolMessageParam = {"role": "tool", "tool_call_id": part.call_id, "content": ""}
    block = plain(said)
    content: list[PlainJson] = []
    media = noted(part.extras, "$media") is True
    for index, inner in enumerate(part.content):
        where = f"{path}.content[{index}]"
        if isinstance(inner, Text):
            content += write_text(inner, losses, where)
            continue
        before = len(losses)
        blocks = write_part(inner, losses, where)
        if media:
            content += blocks
            continue
        late += blocks
        if len(losses) == before:
            losses.append(
                Loss(where, "a tool result is text in Chat Completions; this follows in the user's message")
            )
    block["content"] = short(content)
    if part.is_error:
        losses.append(Loss(f"{path}.is_error", "Chat Completions does not say whether a tool has failed"))
    return block if part.extras is EMPTY else attach(block, part.extras, losses, path)
