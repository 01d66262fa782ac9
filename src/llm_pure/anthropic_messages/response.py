"""Answers, both directions.

Law: reading what `encode_response` writes of an answer of ours gives that answer. What the answer does not say is None;
fields that nobody models stand in `extras`, those of the usage in `extras` under `usage`. Where the answer was cut off,
a last call without arguments is broken: nobody can tell whether they had been said. What ends with a call waits for its
result, also where a gateway says `end_turn`.

    ours                on the wire
    ------------------  -------------------------------------------------------------------------------
    input_tokens        input_tokens + cache_creation_input_tokens + cache_read_input_tokens
    cache_read_tokens   cache_read_input_tokens
    cache_write_tokens  cache_creation_input_tokens
    reasoning_tokens    output_tokens_details.thinking_tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from returns.result import Failure, Success

from llm_pure.anthropic_messages.answer import Unsaid, write_answer
from llm_pure.anthropic_messages.blocks import ANSWER, read_block
from llm_pure.anthropic_messages.errors import error_in
from llm_pure.anthropic_messages.tables import CUT, PROVIDER, STOP_REASONS, STOP_WORDS
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, PlainJson
from llm_pure.messages import AssistantMessage
from llm_pure.outcome import Outcome
from llm_pure.parts import BrokenToolCall, Part, ToolCall
from llm_pure.reading import (
    PlainObject,
    body_object,
    malformed,
    object_or_none,
    string_or_none,
    take_count,
    within,
    wrong,
)
from llm_pure.response import NO_USAGE, Response, StopReason, Usage
from llm_pure.typed import MISTYPED, check_own, refused

__all__ = ["cut_short", "decode_response", "encode_response", "read_answer", "write_message", "write_usage"]


def decode_response(body: bytes | str | Mapping[str, JsonInput]) -> Outcome[Response]:
    """The answer in a body, whatever its status said. A body that is an error gives the error it names."""
    try:
        data = body_object(body)
        kind = data.get("type")
        if data.get("error") or kind == "error":
            return Failure(error_in(data, 200, {}))
        if kind is not None and kind != "message":
            raise wrong(kind, "an answer of type message", ".type")
        if (role := data.get("role")) is not None and role != "assistant":
            raise wrong(role, "the role assistant", ".role")
        parts = _parts(data)
    except JsonError as error:
        return Failure(malformed(error))
    return read_answer(data, parts)


def _parts(data: PlainObject) -> tuple[Part, ...]:
    items = data.get("content")
    if not isinstance(items, list):
        if items is None and data.get("type") == "message" and "content" in data:
            return ()
        raise wrong(items, "an array", ".content")
    found: list[Part] = []
    try:
        for item in items:
            found.append(read_block(item, ANSWER))  # noqa: PERF401 - how many have been read is the path
    except JsonError as error:
        raise within(error, f".content[{len(found)}]") from None
    return tuple(found)


_ANSWER: Final = frozenset(
    {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"}
)


def read_answer(data: PlainObject, parts: tuple[Part, ...]) -> Outcome[Response]:
    """The answer whose content has been read already. If the rest is malformed, the error carries what was read."""
    message = AssistantMessage(parts)
    try:
        raw = string_or_none(data, "stop_reason")
        if raw in CUT:
            message = AssistantMessage(cut_short(parts, raw))
        sequence, id_, model = (
            string_or_none(data, "stop_sequence"),
            string_or_none(data, "id"),
            string_or_none(data, "model"),
        )
        reason = _stop_reason(raw, message)
        counts = object_or_none(data, "usage")
        problems: list[JsonError] = []
        usage, rest = _read_usage(counts, problems) if counts is not None else (NO_USAGE, None)
    except JsonError as error:
        return Failure(malformed(error, Response(message, provider=PROVIDER)))
    more: PlainObject = {
        key: value for key, value in data.items() if key not in _ANSWER and value is not None
    }
    if rest:
        more["usage"] = rest
    extras = JsonObject.wrap({PROVIDER: more}) if more else EMPTY
    response = Response(message, usage, reason, raw, sequence, id_, model, PROVIDER, extras=extras)
    if problems:
        return Failure(malformed(within(problems[0], ".usage"), response))
    return Success(response)


def _stop_reason(raw: str | None, message: AssistantMessage) -> StopReason:
    reason: StopReason = STOP_REASONS.get(raw, "other") if raw is not None else "other"
    # A call that code of the provider's has made, and had answered, stands before what was said then.
    waits = message.content and isinstance(message.content[-1], ToolCall | BrokenToolCall)
    return "tool_call" if reason == "end" and waits else reason


def cut_short(parts: tuple[Part, ...], stop_reason: object) -> tuple[Part, ...]:
    """The parts of an answer that stopped so: a call at which it was cut off cannot be run.

    A call begins with no arguments, and servers close it so if the limit comes before the first of them.
    """
    if not isinstance(stop_reason, str) or stop_reason not in CUT or not parts:
        return parts
    last = parts[-1]
    if not isinstance(last, ToolCall) or last.arguments:
        return parts
    return (*parts[:-1], BrokenToolCall(last.id, last.name, "", last.extras))


# ---------------------------------------------------------------- usage


def _read_usage(data: PlainObject, problems: list[JsonError]) -> tuple[Usage, PlainObject]:
    """The usage, and what else is counted, or is no count."""
    rest: PlainObject = {key: value for key, value in data.items() if value is not None}
    fresh = take_count(rest, "input_tokens", problems)
    written = take_count(rest, "cache_creation_input_tokens", problems)
    read = take_count(rest, "cache_read_input_tokens", problems)
    output = take_count(rest, "output_tokens", problems)
    details, thought = rest.get("output_tokens_details"), None
    if isinstance(details, dict):
        details = {**details}
        thought = take_count(details, "thinking_tokens", problems, ".output_tokens_details")
        rest["output_tokens_details"] = details
        if not details:
            del rest["output_tokens_details"]
    elif details is not None:
        problems.append(wrong(details, "an object", ".output_tokens_details"))
    whole = fresh + (written or 0) + (read or 0) if fresh is not None else None
    return Usage(whole, output, read, written, thought), rest


def write_usage(response: Response) -> PlainObject:
    """The usage on the wire. Raises `JsonError` if its parts exceed the whole of the input, which no wire can say."""
    usage = response.usage
    try:
        check_own(usage, Usage)
    except JsonError as error:
        raise within(error, ".usage") from None
    counts: PlainObject = {}
    if usage.input_tokens is not None:
        fresh = usage.input_tokens - (usage.cache_write_tokens or 0) - (usage.cache_read_tokens or 0)
        if fresh < 0:
            raise JsonError("more tokens were cached than there were", ".usage.input_tokens")
        counts["input_tokens"] = fresh
    if usage.cache_write_tokens is not None:
        counts["cache_creation_input_tokens"] = usage.cache_write_tokens
    if usage.cache_read_tokens is not None:
        counts["cache_read_input_tokens"] = usage.cache_read_tokens
    if usage.output_tokens is not None:
        counts["output_tokens"] = usage.output_tokens
    own = _own(response).get("usage")
    if isinstance(own, JsonObject):
        counts.update({key: value for key, value in own.thaw().items() if key not in counts})
    if usage.reasoning_tokens is not None:
        details = counts.get("output_tokens_details")
        more = details if isinstance(details, dict) else {}
        counts["output_tokens_details"] = {**more, "thinking_tokens": usage.reasoning_tokens}
    return counts


# ---------------------------------------------------------------- the provider's side


def encode_response(response: Response) -> Outcome[dict[str, PlainJson]]:
    """The body in which this provider gives the answer; an answer of another provider is told in its words.

    A refusal's words become text, as here they are. What no block can say (sound, further choices, another provider's
    own blocks, reasoning both encrypted and as text) is a Failure with its path, and one said in part a `Lossy`.
    `turns`, the history of a continuation, is no part of an answer and is left out.
    """
    try:
        message = write_message(response)
        message["content"] = write_answer(response, message["stop_reason"])
        message["usage"] = write_usage(response)
    except Unsaid as error:
        return Failure(error.value())
    except MISTYPED as error:
        return Failure(refused(response, Response, error))
    return Success(message)


def write_message(response: Response) -> PlainObject:
    """The answer without its content and usage."""
    check_own(response, Response)
    if response.alternatives:
        raise JsonError("a message holds one choice", ".alternatives")
    message: PlainObject = {"type": "message", "role": "assistant"}
    for key, value in (("id", response.id), ("model", response.model)):
        if value is not None:
            message[key] = value
    raw, reason = response.raw_stop_reason, response.stop_reason
    if raw is None or _stop_reason(raw, response.message) != reason:
        raw = STOP_WORDS.get(reason)
        if raw is not None and _stop_reason(raw, response.message) != reason:
            raise JsonError("what ends with a call waits for its result", ".stop_reason")
    message.update(stop_reason=raw, stop_sequence=response.stop_sequence)
    own = _own(response).thaw()
    return {**{key: value for key, value in own.items() if key not in _ANSWER}, **message}


def _own(response: Response) -> JsonObject:
    own = response.extras.get(PROVIDER)
    return own if isinstance(own, JsonObject) else EMPTY
