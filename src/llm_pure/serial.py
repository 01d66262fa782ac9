"""Values as JSON text, and back.

Law: loading what was written gives the same value, in this version and in every later one; any other bytes give a
`Malformed` that names the place. What no JSON in UTF-8 can say is written all the same, and does not come back: NaN and
infinity as null, and a lone surrogate as its escape, at which reading says `Malformed`. What is written is plain JSON:

    {"schema": "llm_pure/1", "kind": "completion", "messages": [{"kind": "user_message", "content": [...]}], ...}

How a value's fields are written stands in `llm_pure.compiled`: by their own names and types, but for defaults. So a
field that is added with a default is readable by version 1 on; whatever else changes needs a new version, and an
upgrade from this one. A tool's `source`, a class or function of the caller's, is no data and is left out.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Final, TypeAlias, TypeVar, get_args

from returns.result import Failure, Success

from llm_pure.compiled import read_tagged, tagged
from llm_pure.completion import Completion, ReasoningSetting
from llm_pure.errors import LlmError, Loss, Malformed
from llm_pure.events import StreamEvent
from llm_pure.json import JsonError, PlainJson, dump_json, parse_json
from llm_pure.messages import Message
from llm_pure.outcome import Outcome
from llm_pure.parts import Part, Source
from llm_pure.reading import malformed, wrong
from llm_pure.response import Response, Usage
from llm_pure.tools import Tool, ToolChoice

__all__ = [
    "SCHEMA",
    "Value",
    "compact",
    "completion_from_json",
    "error_from_json",
    "event_from_json",
    "from_json",
    "message_from_json",
    "response_from_json",
    "to_json",
    "usage_from_json",
]

SCHEMA: Final = "llm_pure/1"

Value: TypeAlias = (
    Completion
    | Response
    | Usage
    | Message
    | Part
    | Source
    | Tool[object]
    | ToolChoice
    | ReasoningSetting
    | StreamEvent
    | LlmError
    | Loss
)
"""What can be written."""

T = TypeVar("T")

# ---------------------------------------------------------------- the public functions


def to_json(value: Value) -> str:
    """A value as JSON text.

    Raises `RecursionError` if it is nested several hundred levels deep: no text of more than 200 could be read again.
    """
    return to_bytes(value).decode()


def to_bytes(value: Value) -> bytes:
    """A value as JSON text in UTF-8: what `to_json` gives, for who keeps bytes."""
    plain: dict[str, PlainJson] = {"schema": SCHEMA, **tagged(value)}
    try:
        return dump_json(plain)
    except JsonError:  # a lone surrogate: escaped, it can at least be kept
        return compact(plain).encode()


def compact(plain: PlainJson) -> str:
    """Plain data as JSON text on one line."""
    try:
        text = _ENCODER.encode(plain)
    except ValueError:
        plain = _finite(plain)
        text = _ENCODER.encode(plain)
    # A lone surrogate is no UTF-8; escaped, the text can at least be kept.
    return text if text.isascii() or _is_utf8(text) else json.dumps(plain, separators=(",", ":"))


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(value: PlainJson) -> PlainJson:
    """The value with null for every number that JSON has not."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(text: str | bytes) -> Outcome[Value]:
    """Any value that `to_json` wrote."""
    return _of(get_args(Value), text)


def completion_from_json(text: str | bytes) -> Outcome[Completion]:
    """The completion that `to_json` wrote."""
    return _of((Completion,), text)


def response_from_json(text: str | bytes) -> Outcome[Response]:
    """The response that `to_json` wrote."""
    return _of((Response,), text)


def usage_from_json(text: str | bytes) -> Outcome[Usage]:
    """The usage that `to_json` wrote."""
    return _of((Usage,), text)


def message_from_json(text: str | bytes) -> Outcome[Message]:
    """The message that `to_json` wrote."""
    return _of(get_args(Message), text)


def error_from_json(text: str | bytes) -> Outcome[LlmError]:
    """The error that `to_json` wrote."""
    return _of(get_args(LlmError), text)


def event_from_json(text: str | bytes) -> Outcome[StreamEvent]:
    """The event that `to_json` wrote."""
    return _of(get_args(StreamEvent), text)


def _of(wanted: tuple[type[T], ...], text: str | bytes) -> Outcome[T]:
    try:
        data = parse_json(text)
        if not isinstance(data, dict):
            raise wrong(data, "an object", "")
        if data.get("schema") != SCHEMA:
            raise JsonError(f"the schema must be {SCHEMA}", ".schema")
        del data["schema"]
        return Success(read_tagged(wanted, data))
    except JsonError as error:
        return Failure(replace(malformed(error), retryable=False))
    except RecursionError:
        return Failure(Malformed(message="nested too deeply", path="$", retryable=False))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
