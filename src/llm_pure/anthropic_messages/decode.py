"""From a payload to a completion.

Law: writing the completion gives the payload back. A field that no part of a completion says exactly stays in
`provider_options`, verbatim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from returns.result import Failure, Success

from llm_pure.anthropic_messages.attached import with_own
from llm_pure.anthropic_messages.blocks import MESSAGE, SYSTEM, text_or_parts
from llm_pure.anthropic_messages.ids import CallIds
from llm_pure.anthropic_messages.places import is_prefill, unfit
from llm_pure.anthropic_messages.reasoning import Beside, has_samples, read_output, read_reasoning
from llm_pure.anthropic_messages.tables import EFFORTS, FIELDS, PROVIDER
from llm_pure.anthropic_messages.tools import read_choice, read_tool
from llm_pure.completion import Completion, ReasoningSetting
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, PlainJson
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.models import ModelTraits, traits_of
from llm_pure.outputs import AnyOutput
from llm_pure.parts import BrokenToolCall, Part, ToolCall, ToolResult
from llm_pure.reading import (
    PlainObject,
    array,
    as_object,
    bad_request,
    each,
    extras_of,
    integer_or_none,
    number_or_none,
    owned_object,
    string,
    string_or_none,
    within,
    wrong,
)
from llm_pure.tools import ToolChoice

if TYPE_CHECKING:
    from llm_pure.outcome import Outcome

__all__ = ["decode_request"]


def decode_request(payload: Mapping[str, JsonInput]) -> Outcome[Completion]:
    """The completion that a payload asks for. `stream` is left out: it says how to answer, not what is asked."""
    try:
        return Success(_completion(owned_object(payload)))
    except JsonError as error:
        return Failure(bad_request(error))


def _completion(data: PlainObject) -> Completion:
    options: PlainObject = {
        key: value for key, value in data.items() if key not in FIELDS and key != "stream"
    }
    model = string_or_none(data, "model")
    traits = traits_of(model)
    return Completion(
        _messages(data, traits),
        model=model,
        system=text_or_parts(data, "system", SYSTEM),
        max_tokens=integer_or_none(data, "max_tokens"),
        temperature=number_or_none(data, "temperature"),
        top_p=number_or_none(data, "top_p"),
        top_k=integer_or_none(data, "top_k"),
        stop_sequences=_strings(data, "stop_sequences"),
        tools=each(data, "tools", read_tool) if data.get("tools") is not None else (),
        tool_choice=_choice(data, options),
        reasoning=_reasoning(data, options, traits),
        output=_output(data, options),
        provider_options=JsonObject.wrap({PROVIDER: options}) if options else EMPTY,
    )


def _strings(data: PlainObject, key: str) -> list[str]:
    def one(value: PlainJson) -> str:
        if isinstance(value, str):
            return value
        raise wrong(value, "a string", "")

    return each(data, key, one) if data.get(key) is not None else []


# ---------------------------------------------------------------- messages

_MESSAGE: Final = frozenset({"role", "content"})


def _messages(data: PlainObject, traits: ModelTraits) -> list[Message]:
    """The messages; one that would be written otherwise if nothing were said is marked with its role."""
    given = array(data, "messages")
    items: list[PlainObject] = []
    found: list[Message] = []
    ids = CallIds()
    try:
        for item in given:
            items.append(as_object(item))
            found.append(_message(items[-1], ids))
    except JsonError as error:
        raise within(error, f".messages[{len(found)}]") from None
    stands = set(unfit(items, traits))
    for index, message in enumerate(found):
        if not isinstance(message, SystemMessage):
            break
        stands.add(index)  # else it would open the conversation, in `system`
    for index in stands:
        role = cast("str", items[index]["role"])
        found[index] = replace(found[index], extras=with_own(found[index].extras, "role", role))
    return found


def _message(data: PlainObject, ids: CallIds) -> Message:
    role = data.get("role")
    extras = EMPTY if data.keys() == _MESSAGE else extras_of(PROVIDER, data, _MESSAGE)
    if role == "user":
        return UserMessage(_allotted(data, text_or_parts(data, "content", MESSAGE), ids), extras)
    if role == "assistant":
        return AssistantMessage(_allotted(data, text_or_parts(data, "content", MESSAGE), ids), extras)
    if role == "system":
        return SystemMessage(text_or_parts(data, "content", SYSTEM), extras)
    raise wrong(role, "the role user, assistant or system", ".role")


def _allotted(data: PlainObject, parts: tuple[Part, ...], ids: CallIds) -> tuple[Part, ...]:
    """The parts, with the ids of calls and results in their extras where we would give them others."""
    blocks = data.get("content")
    if not isinstance(blocks, list):
        return parts
    found: list[Part] = []
    for block, part in zip(blocks, parts, strict=True):
        own = part
        if isinstance(part, ToolCall | BrokenToolCall | ToolResult) and isinstance(block, dict):
            field = "tool_use_id" if isinstance(part, ToolResult) else "id"
            stood = string(block, field)
            given = ids.result(part.call_id) if isinstance(part, ToolResult) else ids.call(part.id, stood)
            if part.extras or given != stood:
                extras = with_own(part.extras, field, stood if given != stood else None)
                own = replace(part, extras=extras)
        found.append(own)
    return tuple(found)


# ---------------------------------------------------------------- settings


def _choice(data: PlainObject, options: PlainObject) -> ToolChoice | None:
    raw = data.get("tool_choice")
    if raw is None:
        return None
    choice = read_choice(raw) if isinstance(raw, dict) else None
    if choice is None:
        options["tool_choice"] = raw
    return choice


def _reasoning(data: PlainObject, options: PlainObject, traits: ModelTraits) -> ReasoningSetting | None:
    thinking, effort = data.get("thinking"), _config(data).get("effort")
    if thinking is not None and not isinstance(thinking, dict):
        options["thinking"] = thinking
        thinking = None
    known = isinstance(effort, str) and effort in EFFORTS
    if thinking is None and not known:
        return None
    choice = data.get("tool_choice")
    samples = number_or_none(data, "temperature"), number_or_none(data, "top_p")
    beside = Beside(
        traits,
        integer_or_none(data, "max_tokens"),
        forced=isinstance(choice, dict) and choice.get("type") in ("any", "tool"),
        prefilled=is_prefill([message for message in array(data, "messages") if isinstance(message, dict)]),
        sampled=traits.sampling and has_samples(*samples, integer_or_none(data, "top_k")),
    )
    return read_reasoning(thinking, effort, beside)


def _output(data: PlainObject, options: PlainObject) -> AnyOutput | None:
    """The output format. What else `output_config` holds goes to the options."""
    raw = data.get("output_config")
    if raw is None:
        return None
    if not isinstance(raw, dict):
        options["output_config"] = raw
        return None
    form = raw.get("format")
    output = read_output(form) if isinstance(form, dict) else None
    rest = dict(raw)
    if output is not None:
        del rest["format"]
    if isinstance(effort := raw.get("effort"), str) and effort in EFFORTS:
        del rest["effort"]
    if rest or not raw:
        options["output_config"] = rest
    return output


def _config(data: PlainObject) -> PlainObject:
    config = data.get("output_config")
    return config if isinstance(config, dict) else {}
