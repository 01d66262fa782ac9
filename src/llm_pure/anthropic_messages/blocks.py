"""From content blocks to parts.

Law: a reader takes what it models and keeps every other field in `extras`; a block that it cannot say exactly stays
whole, as an `Opaque`. What a part's own fields could not give back stands in `extras` under the wire's own name.

    block               part                    where it may stand
    ------------------  ----------------------  ------------------------------------------
    text                Text                    everywhere
    image, document     Image, Document         messages, tool results
    thinking            Reasoning(signature)    messages
    redacted_thinking   Reasoning(encrypted)    messages
    tool_use            ToolCall, or            messages
                        BrokenToolCall          (an input that is no object)
    tool_result         ToolResult              messages
    anything else       Opaque                  everywhere
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from llm_pure.anthropic_messages.ids import own_id
from llm_pure.anthropic_messages.tables import IMAGES, INVALID_JSON, PDF, PROVIDER
from llm_pure.json import EMPTY, JsonObject, PlainJson, dump_json
from llm_pure.parts import (
    Base64,
    BrokenToolCall,
    Document,
    FileId,
    Image,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
    made_call,
)
from llm_pure.reading import PlainObject, each, extras_of, object_at, string, wrong

__all__ = [
    "ANSWER",
    "MESSAGE",
    "MODELLED",
    "RESULT",
    "SYSTEM",
    "Readers",
    "contents",
    "read_block",
    "text_or_parts",
]

Readers: TypeAlias = Mapping[str, Callable[[PlainObject], Part]]


def read_block(value: PlainJson, readers: Readers) -> Part:
    """A block as the part that it is among `readers`."""
    if not isinstance(value, dict):
        raise wrong(value, "an object", "")
    kind = value.get("type")
    reader = readers.get(kind) if isinstance(kind, str) else None
    return reader(value) if reader is not None else _opaque(value)


def contents(data: PlainObject, key: str, readers: Readers) -> tuple[Part, ...]:
    """The array of blocks at `key`."""
    return tuple(each(data, key, lambda item: read_block(item, readers)))


def text_or_parts(data: PlainObject, key: str, readers: Readers) -> tuple[Part, ...]:
    """What stands at `key`, be it a string, blocks, or nothing."""
    value = data.get(key)
    if isinstance(value, str):
        return (Text(value),) if value else ()
    return () if value is None else contents(data, key, readers)


def _opaque(block: PlainObject) -> Opaque:
    return Opaque(PROVIDER, JsonObject.wrap(block))


# ---------------------------------------------------------------- text and media

_TEXT: Final = frozenset({"type", "text"})


def _text(block: PlainObject) -> Text:
    text = block.get("text")
    if not isinstance(text, str):
        raise wrong(text, "a string", ".text")
    return Text(text) if len(block) == len(_TEXT) else Text(text, extras_of(PROVIDER, block, _TEXT))


def _answered_text(block: PlainObject) -> Text:
    if "citations" in block and not block["citations"]:  # null or none: nothing is cited
        block = {key: value for key, value in block.items() if key != "citations"}
    return _text(block)


_MEDIUM: Final = frozenset({"type", "source"})
_SOURCES: Final[Mapping[str, frozenset[str]]] = {
    "base64": frozenset({"type", "media_type", "data"}),
    "url": frozenset({"type", "url"}),
    "file": frozenset({"type", "file_id"}),
    "text": frozenset({"type", "media_type", "data"}),
    "content": frozenset({"type", "content"}),
}


def _source(source: PlainObject, media_types: tuple[str, ...]) -> Source | None:
    """The source, if it is said exactly by one of ours; base64 of other types than these is not."""
    kind = source.get("type")
    if not isinstance(kind, str) or source.keys() != _SOURCES.get(kind):
        return None
    if kind == "base64":
        media_type = string(source, "media_type")
        return Base64(string(source, "data"), media_type) if media_type in media_types else None
    if kind == "url":
        return Url(string(source, "url"))
    return FileId(string(source, "file_id")) if kind == "file" else None


def _image(block: PlainObject) -> Part:
    raw = object_at(block, "source")
    source = _source(raw, IMAGES)
    return _opaque(block) if source is None else Image(source, None, extras_of(PROVIDER, block, _MEDIUM))


def _document(block: PlainObject) -> Part:
    raw = object_at(block, "source")
    kind = raw.get("type")
    known = set(_MEDIUM)
    source: Source | Text | tuple[Part, ...] | None = _source(raw, (PDF,))
    if source is None and isinstance(kind, str) and raw.keys() == _SOURCES.get(kind):
        if kind == "text" and raw["media_type"] == "text/plain":
            source = Text(string(raw, "data"))
        elif kind == "content":
            source = text_or_parts(raw, "content", RESULT)
            if not isinstance(raw["content"], list) or Text("") in source:
                known.discard("source")  # our parts mean the same, and are written otherwise
    if source is None:
        return _opaque(block)
    title, context, citations = block.get("title"), block.get("context"), block.get("citations")
    if isinstance(title, str):
        known.add("title")
    if isinstance(context, str):
        known.add("context")
    enabled = citations.get("enabled") if isinstance(citations, dict) and len(citations) == 1 else None
    if isinstance(enabled, bool):
        known.add("citations")
    return Document(
        source,
        title if isinstance(title, str) else None,
        context if isinstance(context, str) else None,
        enabled if isinstance(enabled, bool) else None,
        extras_of(PROVIDER, block, known),
    )


# ---------------------------------------------------------------- thinking

_THINKING: Final = frozenset({"type", "thinking", "signature"})
_REDACTED: Final = frozenset({"type", "data"})


def _thinking(block: PlainObject) -> Reasoning:
    signature = block.get("signature")
    if signature is None:  # some servers sign nothing; the type says that the block goes back all the same
        return Reasoning(string(block, "thinking"), extras=extras_of(PROVIDER, block, {"thinking"}))
    return Reasoning(
        string(block, "thinking"), string(block, "signature"), None, extras_of(PROVIDER, block, _THINKING)
    )


def _redacted(block: PlainObject) -> Reasoning:
    return Reasoning("", None, string(block, "data"), extras_of(PROVIDER, block, _REDACTED))


# ---------------------------------------------------------------- tools

_CALL: Final = frozenset({"type", "id", "name", "input"})
_RESULT: Final = frozenset({"type", "tool_use_id", "content", "is_error"})


def _answered_call(block: PlainObject) -> ToolCall | BrokenToolCall:
    """A call as the model made it: an input that is no object keeps its JSON text, a string is that text."""
    arguments = block.get("input")
    extras = EMPTY if len(block) == len(_CALL) else extras_of(PROVIDER, block, _CALL)
    if isinstance(arguments, dict):
        return made_call(string(block, "id"), string(block, "name"), JsonObject.wrap(arguments), extras)
    text = (
        ""
        if "input" not in block
        else arguments
        if isinstance(arguments, str)
        else dump_json(arguments).decode()
    )
    return BrokenToolCall(string(block, "id"), string(block, "name"), text, extras)


def _call(block: PlainObject) -> ToolCall | BrokenToolCall:
    """A call in a history: its id unescaped, broken arguments taken out of their wrapping."""
    call = _answered_call(block)
    known = set(_CALL)
    own = own_id(call.id)
    if own is None:
        known.discard("id")
    if isinstance(call, ToolCall):
        broken = call.arguments.get(INVALID_JSON) if len(call.arguments) == 1 else None
        if own == call.id and not isinstance(broken, str):
            return call
        extras = extras_of(PROVIDER, block, known)
        if isinstance(broken, str):
            return BrokenToolCall(call.id if own is None else own, call.name, broken, extras)
        return ToolCall(call.id if own is None else own, call.name, call.arguments, extras)
    if "input" not in block:
        raise wrong(None, "an object", ".input")
    known.discard("input")
    return BrokenToolCall(
        call.id if own is None else own, call.name, call.text, extras_of(PROVIDER, block, known)
    )


def _result(block: PlainObject) -> ToolResult:
    known = _RESULT
    call_id = string(block, "tool_use_id")
    own = own_id(call_id)
    if own is None:
        known = _RESULT - {"tool_use_id"}
    is_error = block.get("is_error")
    if is_error is not None and not isinstance(is_error, bool):
        raise wrong(is_error, "true or false", ".is_error")
    content = text_or_parts(block, "content", RESULT)
    return ToolResult(
        call_id if own is None else own, content, is_error is True, extras_of(PROVIDER, block, known)
    )


SYSTEM: Final[Readers] = {"text": _text}
RESULT: Final[Readers] = {"text": _text, "image": _image, "document": _document}
MESSAGE: Final[Readers] = {
    **RESULT,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _call,
    "tool_result": _result,
}
ANSWER: Final[Readers] = {**MESSAGE, "text": _answered_text, "tool_use": _answered_call}

MODELLED: Final[Mapping[str, frozenset[str]]] = {
    "text": _TEXT,
    "image": _MEDIUM,
    "document": _MEDIUM | {"title", "context", "citations"},
    "thinking": _THINKING,
    "redacted_thinking": _REDACTED,
    "tool_use": _CALL,
    "tool_result": _RESULT,
}
"""Per block, the fields that a reader may take; a caller's `extras` that name one of these are looked at twice."""
