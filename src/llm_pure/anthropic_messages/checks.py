"""Whether a value's fields hold what their types say. Nobody checks that at run time, so a writer may meet anything.

Law: `check` raises `JsonError` with the field's name, and raises nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from llm_pure.completion import Completion, ReasoningSetting
from llm_pure.json import JsonObject, check_json
from llm_pure.outputs import Output
from llm_pure.parts import (
    Audio,
    Base64,
    BrokenToolCall,
    Document,
    FileId,
    Image,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from llm_pure.response import Response, Usage
from llm_pure.tools import FreeText, Tool, ToolChoice
from llm_pure.typed import unlike

__all__ = ["check"]

_Wanted: TypeAlias = tuple[str, tuple[type, ...], str]

_NONE: Final = type(None)


def _wanted(kinds: tuple[type, ...], what: str, *names: str) -> tuple[_Wanted, ...]:
    return tuple([(name, kinds, what) for name in names])


def _text(*names: str) -> tuple[_Wanted, ...]:
    return _wanted((str,), "a string", *names)


def _text_or_none(*names: str) -> tuple[_Wanted, ...]:
    return _wanted((str, _NONE), "a string", *names)


def _whole_or_none(*names: str) -> tuple[_Wanted, ...]:
    return _wanted((int, _NONE), "a whole number", *names)


def _number_or_none(*names: str) -> tuple[_Wanted, ...]:
    return _wanted((int, float, _NONE), "a number", *names)


_FLAG: Final = ((bool, _NONE), "true or false")
_EXTRAS: Final = _wanted((JsonObject,), "a JsonObject", "extras")

_FIELDS: Final[Mapping[type, tuple[_Wanted, ...]]] = {
    Text: (*_text("text"), *_EXTRAS),
    Refusal: (*_text("text"), *_EXTRAS),
    Reasoning: (*_text("text"), *_text_or_none("signature", "encrypted"), *_EXTRAS),
    Image: (*_text_or_none("detail"), *_EXTRAS),
    Audio: (*_text_or_none("transcript"), *_EXTRAS),
    Document: (*_text_or_none("title", "context"), *_wanted(*_FLAG, "citations"), *_EXTRAS),
    ToolCall: (
        *_text("id", "name"),
        *_wanted((JsonObject,), "a JsonObject", "arguments"),
        *_wanted((bool,), "true or false", "free_text"),
        *_EXTRAS,
    ),
    BrokenToolCall: (*_text("id", "name", "text"), *_wanted((bool,), "true or false", "free_text"), *_EXTRAS),
    ToolResult: (
        *_text("call_id"),
        *_wanted((tuple,), "parts", "content"),
        *_wanted((bool,), "true or false", "is_error"),
        *_EXTRAS,
    ),
    Opaque: (*_text("provider"), *_wanted((JsonObject,), "a JsonObject", "raw")),
    Base64: _text("data", "media_type"),
    Url: _text("url"),
    FileId: _text("id"),
    Tool: (
        *_text("name"),
        *_text_or_none("description"),
        *_wanted((JsonObject,), "a JsonObject", "parameters"),
        *_wanted(*_FLAG, "strict"),
        *_wanted((FreeText, _NONE), "a FreeText", "free_text"),
        *_EXTRAS,
    ),
    FreeText: (*_text_or_none("syntax"), *_text("definition")),
    ToolChoice: (
        *_text("mode"),
        *_text_or_none("name"),
        *_wanted(*_FLAG, "parallel"),
        *_wanted((tuple,), "names", "allowed"),
        *_EXTRAS,
    ),
    ReasoningSetting: (*_text_or_none("effort"), *_whole_or_none("budget_tokens"), *_EXTRAS),
    Output: (
        *_wanted((JsonObject,), "a JsonObject", "schema"),
        *_text_or_none("name", "description"),
        *_wanted(*_FLAG, "strict"),
        *_EXTRAS,
    ),
    Completion: (
        *_text_or_none("model"),
        *_whole_or_none("max_tokens", "top_k", "seed"),
        *_number_or_none("temperature", "top_p", "frequency_penalty", "presence_penalty"),
        *_wanted((Output, _NONE), "an Output", "output"),
        *_wanted((ToolChoice, _NONE), "a ToolChoice", "tool_choice"),
        *_wanted((ReasoningSetting, _NONE), "a ReasoningSetting", "reasoning"),
        *_wanted((JsonObject,), "a JsonObject", "provider_options"),
    ),
    Response: (
        *_text("stop_reason"),
        *_text_or_none("raw_stop_reason", "stop_sequence", "id", "model", "provider"),
        *_EXTRAS,
    ),
    Usage: _whole_or_none(
        "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"
    ),
}


def check(value: object, wanted: type | None = None) -> None:
    """Raises `JsonError` if `value` is no `wanted`, or if one of its fields holds what its type forbids."""
    kind = type(value)
    if wanted is not None and kind is not wanted:
        raise unlike(value, f"a {wanted.__name__}", "")
    for name, kinds, what in _FIELDS.get(kind, ()):
        found = getattr(value, name)
        if not isinstance(found, kinds) or (found.__class__ is bool and bool not in kinds):
            raise unlike(found, what, "." + name)
        if found.__class__ is float:
            check_json(found, "." + name)
