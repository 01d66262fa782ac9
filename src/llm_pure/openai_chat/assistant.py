"""The assistant's message, in both directions: of a request's history, of an answer, of a stream that was put together.

Law: reading puts the parts in the one order that the wire can say,

    reasoning · content · refusal · audio · function_call (the old form) · tool_calls

and writing reports what stood otherwise. An `Opaque` of ours is a content part, or a piece of the message itself
(`{"function_call": {...}}`, `{"tool_calls": [...]}`, `{"audio": {...}}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, dump_json
from llm_pure.messages import AssistantMessage
from llm_pure.openai_chat.calls import listed_calls, read_call, write_call
from llm_pure.openai_chat.media import short, write_text
from llm_pure.openai_chat.reasoning import fields_of, read_reasoning, read_thinking, thinking_of
from llm_pure.openai_chat.shape import PROVIDER, Losses, attach, extras_with, own, plain
from llm_pure.parts import (
    Audio,
    BrokenToolCall,
    FileId,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from llm_pure.reading import PlainObject, within, wrong

if TYPE_CHECKING:
    from openai.types.chat import (
        ChatCompletionAssistantMessageParam,
        ChatCompletionMessageFunctionToolCallParam,
    )
    from openai.types.chat.chat_completion_message_function_tool_call_param import Function

__all__ = ["read_assistant", "write_assistant", "write_usual"]


# ---------------------------------------------------------------- reading


def read_assistant(
    message: PlainObject, *, cut: bool = False, answer_id: str | None = None, read: tuple[ToolCall, ...] = ()
) -> AssistantMessage:
    """The message. Raises `JsonError` where it has no meaning. Takes `message` over, and takes it apart.

    An answer gives its id, from which calls without an id get one; what says nothing in it (`null`, an empty list of
    annotations, a function call without a name) is left out. `cut`: see `read_call`. `read` are its
    calls, if they have been taken out and read already.
    """
    message.pop("role", None)
    content = message.pop("content", None)
    refusal = message.pop("refusal", None)
    calls = message.pop("tool_calls", None)
    # Few messages have more than these; most of the rest is null.
    found: list[Part] = []
    extras = EMPTY
    beside: list[Part] = []
    if answer_id is not None and message.get("annotations") == []:
        del message["annotations"]
    if message:
        found += read_reasoning(message)
        beside = _beside(message, whole=answer_id is None)
        rest: PlainObject = {key: value for key, value in message.items() if value is not None}
        extras = extras_with(rest)
    if isinstance(content, str):
        if content:
            found.append(Text(content))
    elif content is not None:
        found += _content(content, answered=answer_id is not None)
    if isinstance(refusal, str):
        if refusal:
            found.append(Refusal(refusal))
    elif refusal or (refusal is not None and answer_id is None):  # what is empty says nothing in an answer
        raise wrong(refusal, "a string", ".refusal")
    found += beside
    found += read
    if calls is not None:
        if answer_id is not None:
            calls = listed_calls(calls, ".tool_calls")
        if not isinstance(calls, list):
            raise wrong(calls, "an array", ".tool_calls")
        for place, call in enumerate(calls):
            try:
                found.append(
                    read_call(call, cut=cut, last=place == len(calls) - 1, answer_id=answer_id, place=place)
                )
            except JsonError as error:
                raise within(error, f".tool_calls[{place}]") from None
    return AssistantMessage(tuple(found), extras)


_NO_WORDS: Final[PlainObject] = {"type": "text", "text": ""}


def _content(content: PlainJson, *, answered: bool) -> list[Part]:
    if answered and not isinstance(content, list):  # the JSON itself: a word that is a number, a JSON mode
        return [Text(dump_json(content).decode())]
    if not isinstance(content, list):
        raise wrong(content, "a string or an array", ".content")
    found: list[Part] = []
    for index, value in enumerate(content):
        if answered and isinstance(value, str):  # some list words as they are
            found += [Text(value)] if value else []
        elif not isinstance(value, dict):
            raise wrong(value, "an object", f".content[{index}]")
        elif value != _NO_WORDS:
            found.append(_block(value))
    return found


def _block(block: PlainObject) -> Part:
    text, kind = block.get("text"), block.get("type")
    if kind == "text" and isinstance(text, str):
        return Text(
            text, extras_with({key: value for key, value in block.items() if key not in ("type", "text")})
        )
    if kind == "refusal" and isinstance(text := block.get("refusal"), str):
        return Refusal(text, extras_with({key: value for key, value in block.items() if key != "refusal"}))
    return read_thinking(block) or Opaque(PROVIDER, JsonObject.wrap(block))


def _beside(message: PlainObject, *, whole: bool) -> list[Part]:
    """The audio and the old form of a call, taken out of `message`. In an answer, one that says nothing is no part."""
    found: list[Part] = []
    for key in ("audio", "function_call"):
        value = message.get(key)
        if not isinstance(value, dict):
            continue
        del message[key]
        if whole or any(value.values()):
            found.append(
                (_audio(value) if key == "audio" else None) or Opaque(PROVIDER, JsonObject.wrap({key: value}))
            )
    return found


def _audio(audio: PlainObject) -> Audio | None:
    id_, transcript = audio.get("id"), audio.get("transcript")
    if not isinstance(id_, str) or not isinstance(transcript, str | None):
        return None
    rest = {key: value for key, value in audio.items() if key not in ("id", "transcript")}
    return Audio(FileId(id_), transcript, extras_with(rest))


# ---------------------------------------------------------------- writing


def write_usual(message: AssistantMessage) -> PlainObject | None:
    """The message, if it is one text and whole calls, nothing attached: most are. None otherwise."""
    content: str | None = None
    calls: list[PlainJson] = []
    if message.extras is not EMPTY:
        return None
    for part in message.content:
        if isinstance(part, ToolCall) and part.name and part.extras is EMPTY and not part.free_text:
            if type(part.id) is not str or type(part.name) is not str:
                return None
            try:
                function: Function = {"name": part.name, "arguments": part.arguments.text}
            except (JsonError, AttributeError):
                return None
            call: ChatCompletionMessageFunctionToolCallParam = {
                "id": part.id,
                "type": "function",
                "function": function,
            }
            calls.append(plain(call))
        elif isinstance(part, Text) and part.text and part.extras is EMPTY and content is None and not calls:
            if type(part.text) is not str:
                return None
            content = part.text
        else:
            return None
    return {"role": "assistant", "content": content, "tool_calls": calls} if calls else None


_RANKS: Final[Mapping[type[Part], int]] = {
    Reasoning: 0,
    Text: 1,
    Refusal: 2,
    Audio: 3,
    Opaque: 4,
    ToolCall: 5,
    BrokenToolCall: 5,
}


def write_assistant(
    message: AssistantMessage, losses: Losses, path: str, *, answer: bool = False
) -> PlainObject:
    """The message. In an `answer` foreign reasoning finds words too, and audio goes whole. Raises `JsonError`."""
    fields: PlainObject = {}
    content: list[PlainJson] = []
    calls: list[PlainJson] = []
    highest = 0
    for index, part in enumerate(message.content):
        where = f"{path}.content[{index}]"
        rank = _RANKS.get(type(part), 0)
        if isinstance(part, Text):
            blocks = write_text(part, losses, where)
            if not blocks:
                continue
            content += blocks
        elif isinstance(part, ToolCall | BrokenToolCall):
            calls.append(write_call(part, losses, where))
        elif isinstance(part, Reasoning):
            if (block := thinking_of(part)) is not None:
                content.append(block)
                rank = 1
            else:
                _reasoning(part, fields, losses, where, invent=answer)
        elif isinstance(part, Refusal):
            if own(part.extras).get("type") == "refusal" or "refusal" in fields:
                refused = attach({"refusal": part.text}, part.extras, losses, where)
                refused.setdefault("type", "refusal")
                content.append(refused)
                rank = 1
            else:
                attach({}, part.extras, losses, where)
                if part.text:
                    fields["refusal"] = part.text
        elif isinstance(part, Opaque) and part.provider == PROVIDER:
            rank = _write_opaque(part.raw.thaw(), content, fields, calls)
        elif isinstance(part, Audio) and isinstance(part.source, FileId) and "audio" not in fields:
            fields["audio"] = _write_audio(part, part.source, losses, where, answer=answer)
        else:
            losses.append(Loss(where, _NOT_HERE + type(part).__name__))
            continue
        if rank < highest:
            losses.append(Loss(where, "Chat Completions has a fixed order of what an answer is made of"))
        highest = max(highest, rank)
    said: ChatCompletionAssistantMessageParam = {"role": "assistant"}
    block = plain(said)
    block["content"] = None if not content and (fields or calls) else short(content)
    block.update(fields)
    if calls:
        block["tool_calls"] = calls
    return attach(block, message.extras, losses, path)


def _write_opaque(
    raw: PlainObject, content: list[PlainJson], fields: PlainObject, calls: list[PlainJson]
) -> int:
    """Put the piece where it belongs; its rank."""
    more = raw.get("tool_calls")
    if len(raw) == 1 and isinstance(more, list):
        calls += more
        return _RANKS[ToolCall]
    if raw and raw.keys() <= {"audio", "function_call"} and not raw.keys() & fields.keys():
        fields.update(raw)
        return _RANKS[Audio if "audio" in raw else Opaque]
    content.append(raw)
    return _RANKS[Text]


_NOT_HERE = "an assistant message of Chat Completions cannot hold this "


def _reasoning(part: Reasoning, fields: PlainObject, losses: Losses, path: str, *, invent: bool) -> None:
    said = fields_of(part, invent=invent)
    if not said:
        losses.append(Loss(path, "reasoning goes back only to where it came from"))
        return
    for name in part.extras:
        if name != PROVIDER:
            losses.append(Loss(f"{path}.extras.{name}", f"only {name} understands this"))
    for key, new in said.items():
        there = fields.get(key)
        if there is not None:
            losses.append(Loss(path, "Chat Completions has one piece of reasoning in a message"))
        if isinstance(there, str) and isinstance(new, str):
            fields[key] = there + new
        elif isinstance(there, list) and isinstance(new, list):
            fields[key] = [*there, *new]
        else:
            fields[key] = new


def _write_audio(part: Audio, source: FileId, losses: Losses, path: str, *, answer: bool) -> PlainObject:
    audio: PlainObject = {"id": source.id}
    if answer:
        if part.transcript is not None:
            audio["transcript"] = part.transcript
        return attach(audio, part.extras, losses, path)
    if part.transcript is not None or part.extras:
        losses.append(Loss(path, "the provider keeps what was said under the audio's id"))
    return audio
