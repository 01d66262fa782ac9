"""The items that a model says, in both directions: of a request's history, of an answer, of a stream.

Law: an item goes back as it came. A part of a message remembers the message's own fields in `$item` where it is the
first; a call, reasoning and what we do not model are items of their own.

    on the wire                            as parts
    -------------------------------------  -----------------------------------------------------------------------
    `message` of an assistant              for each content part a `Text`, a `Refusal`, or an `Opaque` of a message
                                           with this part alone, and without a type
        without content                    an `Opaque`, whole; nothing, if it has no fields either
    `function_call`, `custom_tool_call`    see `calls`
    `reasoning`                            see `reasoning`
    any other                              an `Opaque`, verbatim
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson
from llm_pure.openai_responses.calls import read_call, read_text_call, write_call
from llm_pure.openai_responses.reasoning import read_reasoning, reasoning_text, write_reasoning
from llm_pure.openai_responses.shape import PROVIDER, Losses, attach, beside, extras_with, noted, own, plain
from llm_pure.parts import BrokenToolCall, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from llm_pure.reading import PlainObject, as_object, within, wrong

if TYPE_CHECKING:
    from openai.types.responses import (
        ResponseOutputRefusalParam,
        ResponseOutputTextParam,
    )

__all__ = [
    "comes_back",
    "in_message",
    "is_slice",
    "read_item",
    "read_output",
    "write_items",
]


# ---------------------------------------------------------------- reading


def read_output(items: list[PlainJson], *, cut: bool = False) -> tuple[Part, ...]:
    """The parts of an answer. Raises `JsonError` with the path below the list. Takes `items` over."""
    found: list[Part] = []
    for index, value in enumerate(items):
        try:
            found += read_item(as_object(value), cut=cut, last=index == len(items) - 1)
        except JsonError as error:
            raise within(error, f"[{index}]") from None
    return tuple(found)


def read_item(item: PlainObject, *, cut: bool = False, last: bool = True) -> list[Part]:
    """The parts of one item. Raises `JsonError` where it has no meaning. `cut`: the answer broke off; `last`: in it."""
    kind = item.get("type", "message" if "role" in item else None)
    part: Part | None = None
    if kind == "message":
        if item.get("role", "assistant") == "assistant":
            return _message(item)
    elif kind == "function_call":
        part = read_call(item, cut=cut)
    elif kind == "custom_tool_call":
        part = read_text_call(item, cut=cut and last)
    elif kind == "reasoning":
        part = read_reasoning(item)
    return [part if part is not None else _verbatim(item)]


def _verbatim(item: PlainObject) -> Opaque:
    return Opaque(PROVIDER, JsonObject.wrap(item if "role" not in item else {"type": "message", **item}))


_MESSAGE: Final = frozenset({"type", "role", "content"})
_UNNAMED: Final = re.compile(r"msg_unnamed_\d+_\d+")
"""The id of a message that has none: the SDK's types demand one wherever the content is more than a text."""


def _message(item: PlainObject) -> list[Part]:
    content = item.get("content")
    if isinstance(content, str):
        block: PlainObject = {"type": "output_text", "text": content}
        content = [block] if content else []
    elif content is None:
        content = []
    elif not isinstance(content, list):
        raise wrong(content, "a string or an array", ".content")
    fields = beside(item, _MESSAGE)
    if isinstance(id_ := fields.get("id"), str) and _UNNAMED.fullmatch(id_) is not None:
        del fields["id"]
    if not content:
        return [_verbatim(item)] if fields else []
    found: list[Part] = []
    own_fields = fields if fields or ("id" not in item and not _is_short(content)) else None
    for index, value in enumerate(content):
        if not isinstance(value, dict):
            raise wrong(value, "an object", f".content[{index}]")
        found.append(_block(value, own_fields))
        own_fields = None
    return found


def _is_short(content: Sequence[PlainJson]) -> bool:
    """Whether the content is one text with nothing beside it, which could be a string."""
    block = content[0]
    return (
        len(content) == 1
        and isinstance(block, dict)
        and block.get("type") == "output_text"
        and isinstance(text := block.get("text"), str)
        and text != ""
        and all(_is_nothing(name, value) for name, value in block.items() if name not in ("type", "text"))
    )


def _is_nothing(name: str, value: PlainJson) -> bool:
    """Whether a field of a text says as much as if it were not there."""
    return value is None or (value == [] and name in ("annotations", "logprobs"))


def _block(block: PlainObject, fields: PlainObject | None) -> Part:
    kind = block.get("type")
    key = _WORDS.get(kind) if isinstance(kind, str) else None
    if key is not None and isinstance(text := block.get(key), str):
        rest: PlainObject = {} if fields is None else {"$item": fields}
        for name, value in block.items():
            if name not in ("type", key) and not _is_nothing(name, value):
                rest[name] = value
        if key == "refusal":
            return Refusal(text, extras_with(rest))
        return Text(text, extras_with(rest if text or rest else {"$empty": True}))
    return Opaque(PROVIDER, JsonObject.wrap({**(fields or {}), "content": [block]}))


_WORDS: Final = {"output_text": "text", "refusal": "refusal"}

# ---------------------------------------------------------------- writing


def comes_back(part: Part) -> bool:
    """Whether the part is one of those that are read as they were written: most of what an answer is made of.

    False says nothing: whoever asks then has to write the part and read it.
    """
    if isinstance(part, Opaque):
        kind = part.raw.get("type")
        return (
            part.provider == PROVIDER
            and isinstance(kind, str)
            and kind.endswith("_call")
            and kind != "function_call"
            and "role" not in part.raw
        )
    if part.extras is EMPTY:
        return (isinstance(part, Text) and bool(part.text)) or (
            isinstance(part, ToolCall) and bool(part.name)
        )
    mine = own(part.extras)
    if len(part.extras) != 1 or not mine:
        return False
    if isinstance(part, Text):
        note = mine.get("$item")
        return (
            bool(part.text)
            and mine.keys() <= _OF_TEXT
            and (
                note is None
                or (isinstance(note, JsonObject) and bool(note) and _are_words(note, _OF_MESSAGE))
            )
            and all(isinstance(value, tuple) and value for key, value in mine.items() if key != "$item")
        )
    if isinstance(part, ToolCall):
        return bool(part.name) and _are_words(mine, _OF_CALL)
    return (
        isinstance(part, Reasoning)
        and part.signature is None
        and mine.keys() <= _OF_REASONING
        and isinstance(mine.get("id", ""), str)
        and isinstance(mine.get("summary"), tuple)
        and isinstance(mine.get("content", ()), tuple)
        and reasoning_text(mine.thaw()) == part.text
    )


_OF_TEXT: Final = frozenset({"$item", "annotations", "logprobs"})
_OF_MESSAGE: Final = frozenset({"id", "phase"})
_OF_CALL: Final = frozenset({"id", "namespace"})
_OF_REASONING: Final = frozenset({"id", "summary", "content"})


def _are_words(fields: JsonObject, known: frozenset[str]) -> bool:
    return fields.keys() <= known and all(isinstance(value, str) for value in fields.values())


def in_message(part: Part) -> bool:
    """Whether the part stands within a message, and is no item of its own."""
    return isinstance(part, Text | Refusal) or (isinstance(part, Opaque) and is_slice(part))


def is_slice(part: Opaque) -> bool:
    """Whether this is one content part of a message, with the message's fields if it is the first."""
    content = part.raw.get("content")
    # An item without a type may have any number, and anything.
    one = isinstance(content, tuple) and len(content) == 1 and isinstance(content[0], JsonObject)
    return part.provider == PROVIDER and "type" not in part.raw and one


def write_items(
    parts: tuple[Part, ...], losses: Losses, path: str, *, answer: bool = False, ids: str | None = None
) -> list[PlainJson]:
    """The parts as items. In an `answer` all is spelt out, and foreign reasoning finds words too; `ids` is what the
    items are named after that have no id. Raises `JsonError`."""
    items: list[PlainObject] = []
    verbatim: set[int] = set()
    unnamed: set[int] = set()
    content: list[PlainJson] | None = None
    for index, part in enumerate(parts):
        where = f"{path}[{index}]"
        if not in_message(part):
            item = _write_own_item(part, losses, where, answer=answer)
            if item is not None:
                if isinstance(part, Opaque):
                    verbatim.add(len(items))
                items.append(item)
                content = None
            continue
        if isinstance(part, Text) and not part.text and not own(part.extras):
            if part.extras:
                attach({}, part.extras, losses, where)
                losses.append(Loss(where, "an empty text, with nothing that Responses understands"))
            continue
        fields = _item_fields(part)
        if content is None or fields is not None:
            content = []
            if fields is None and not isinstance(part, Opaque):
                unnamed.add(len(items))
            items.append({**(fields or {}), "role": "assistant", "content": content})
        _write_block(part, content, losses, where)
    found: list[PlainJson] = []
    for number, item in enumerate(items):
        if number not in verbatim and "type" not in item:
            _finish_message(item, None if number not in unnamed else f"msg_{ids}_{number}", answer=answer)
        if answer and number not in verbatim:
            _complete(item, None if ids is None else f"{ids}_{number}")
        found.append(item)
    return found


def _item_fields(part: Part) -> PlainObject | None:
    """The fields of the message that a part begins; None if it does not say so."""
    if isinstance(part, Opaque):
        fields = part.raw.thaw()
        del fields["content"]
        return fields or None
    note = noted(part.extras, "$item") if isinstance(part, Text | Refusal) else None
    return note.thaw() if isinstance(note, JsonObject) else None


def _write_block(part: Part, content: list[PlainJson], losses: Losses, path: str) -> None:
    if isinstance(part, Text):
        text: ResponseOutputTextParam = {"type": "output_text", "text": part.text, "annotations": []}
        block = plain(text)
        if "annotations" in own(part.extras):
            del block["annotations"]
        content.append(attach(block, part.extras, losses, path))
    elif isinstance(part, Refusal):
        refusal: ResponseOutputRefusalParam = {"type": "refusal", "refusal": part.text}
        content.append(attach(plain(refusal), part.extras, losses, path))
    elif isinstance(part, Opaque):
        blocks = part.raw.thaw()["content"]
        content += blocks if isinstance(blocks, list) else []


def _finish_message(item: PlainObject, unnamed: str | None, *, answer: bool) -> None:
    """The message as the wire wants it: an answer's in full, others as short as they can be.

    `unnamed` is the id of one that has none, if nobody has said that it goes without.
    """
    content = item["content"]
    if answer or "id" in item:
        item["type"] = "message"
        item.setdefault("status", "completed")
    elif (
        isinstance(content, list) and content and _is_short(content) and isinstance(block := content[0], dict)
    ):
        item["content"] = block["text"]
    elif unnamed is not None and content:
        item.update({"type": "message", "id": unnamed, "status": "completed"})


def _complete(item: PlainObject, id_: str | None) -> None:
    """What every item of an answer has."""
    prefix = _PREFIXES.get(str(item.get("type")))
    if prefix is not None and id_ is not None:
        item.setdefault("id", f"{prefix}{id_}")
    if item.get("type") == "function_call":
        item.setdefault("status", "completed")


_PREFIXES: Final = {"message": "msg_", "function_call": "fc_", "reasoning": "rs_"}


def _write_own_item(part: Part, losses: Losses, path: str, *, answer: bool) -> PlainObject | None:
    if isinstance(part, ToolCall | BrokenToolCall):
        return write_call(part, losses, path, answer=answer)
    if isinstance(part, Reasoning):
        return write_reasoning(part, losses, path, answer=answer)
    if isinstance(part, Opaque) and part.provider == PROVIDER:
        return part.raw.thaw()
    losses.append(Loss(path, f"an answer of Responses cannot hold this {type(part).__name__}"))
    return None
