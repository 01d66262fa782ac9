"""A completion as the payload of a request, and back.

Law: `decode_request` after `encode_request` gives the normal form, exactly when there are no losses; the other way
round the payload comes back. A field that is not of the shape that we model is an option, verbatim.

    in a completion          on the wire
    -----------------------  -------------------------------------------------------------------------------
    `model`, `temperature`, `top_p`: the same
    `system`                 `instructions`, if it is one plain text and the option `$input` does not say otherwise;
                             else the first item of `input`, a message of the role `system`
    `messages`               `input`; a string there is a user's message
    `max_tokens`             `max_output_tokens`
    `output`                 `text.format` of type `json_schema`; the other types, and `text.verbosity`, are options
    `reasoning`              `reasoning`: `effort`, and the rest in its extras; there is no word for a budget
    `tool_choice`            `tool_choice` and `parallel_tool_calls`
    `stop_sequences`, `seed`, `top_k`, `frequency_penalty`, `presence_penalty`: no words
    `provider_options`       everything else (`store`, `include`, `previous_response_id`, ...) but `stream` and
                             `stream_options`, about which whoever sends decides
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from returns.result import Failure, Success

from llm_pure.call_ids import fitted
from llm_pure.completion import EFFORTS, Completion, ReasoningSetting
from llm_pure.effort import effort_for, nearest
from llm_pure.errors import BadRequest, Loss
from llm_pure.formats import Format
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, PlainJson
from llm_pure.losses import proven
from llm_pure.messages import Message, SystemMessage
from llm_pure.models import traits_of
from llm_pure.normal import normal, normal_content
from llm_pure.openai_responses.shape import (
    IN_INPUT,
    MIRROR,
    OPTIONS,
    Losses,
    attach,
    extras_with,
    own,
    plain,
    unsaid,
)
from llm_pure.openai_responses.tools import read_choice, read_tool, write_choice, write_tool
from llm_pure.openai_responses.turns import read_messages, write_instructions, write_messages
from llm_pure.options import add_options
from llm_pure.outcome import Outcome
from llm_pure.outputs import AnyOutput
from llm_pure.parts import Part, Text
from llm_pure.reading import PlainObject, bad_request, owned_object, within, wrong
from llm_pure.sampling import sampled
from llm_pure.taking import take_choice, take_integer, take_number, take_text, take_tools
from llm_pure.typed import MISTYPED, check_fields, refused
from llm_pure.wire import Encoded, OnLoss, encoded

if TYPE_CHECKING:
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

    from llm_pure.models import ModelTraits

__all__ = ["decode_request", "encode_request"]

_FORMAT: Final = Format(MIRROR, None)
_STREAM: Final = ("stream", "stream_options")
_MODELLED: Final = frozenset(
    {
        *("model", "instructions", "input", "max_output_tokens", "temperature", "top_p"),
        *("tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"),
    }
)
"""The fields that a completion has words for."""


# ---------------------------------------------------------------- writing


def encode_request(completion: Completion, *, on_loss: OnLoss = "report") -> Outcome[Encoded]:
    """The completion as a request; what it cannot say is in `losses`."""
    losses: Losses = []
    try:
        payload = _payload(completion, losses)
        losses = proven(completion, payload, losses, decode_request)
    except MISTYPED as error:
        return Failure(refused(completion, Completion, error))
    return encoded(payload, {}, losses, on_loss)


def _payload(completion: Completion, losses: Losses) -> PlainObject:
    check_fields(completion)
    traits = traits_of(completion.model)
    said: ResponseCreateParamsNonStreaming = {}
    if completion.model is not None:
        said["model"] = completion.model
    heat = sampled("temperature", completion.temperature, completion, traits, losses)
    if heat is not None:
        said["temperature"] = heat
    mass = sampled("top_p", completion.top_p, completion, traits, losses)
    if mass is not None:
        said["top_p"] = mass
    if completion.max_tokens is not None:
        said["max_output_tokens"] = completion.max_tokens
    payload = plain(said)
    # From here on, what is put together elsewhere, or the SDK's types have no words for.
    options = completion.options_for(*OPTIONS)
    in_input = options.get(IN_INPUT) is True
    plain_text = _add_conversation(payload, completion, losses, in_input=in_input)
    if completion.output is not None:
        payload["text"] = {"format": _FORMAT.write(completion.output, losses)}
    if completion.reasoning is not None:
        reasoning = _write_reasoning(completion.reasoning, traits, losses)
        if reasoning:
            payload["reasoning"] = reasoning
    if completion.tools:
        payload["tools"] = [
            write_tool(tool, losses, f"$.tools[{index}]") for index, tool in enumerate(completion.tools)
        ]
    if completion.tool_choice is not None:
        payload.update(write_choice(completion.tool_choice, losses))
    _report_wordless(completion, losses)
    if completion.provider_options:
        _add_options(payload, completion.provider_options, losses, plain_text=plain_text)
    return payload


def _report_wordless(completion: Completion, losses: Losses) -> None:
    if completion.stop_sequences:
        losses.append(Loss("$.stop_sequences", "Responses has no stop sequences"))
    wordless = (
        ("top_k", completion.top_k),
        ("seed", completion.seed),
        ("frequency_penalty", completion.frequency_penalty),
        ("presence_penalty", completion.presence_penalty),
    )
    losses.extend(
        [Loss(f"$.{name}", f"Responses has no {name}") for name, value in wordless if value is not None]
    )


def _add_conversation(
    payload: PlainObject, completion: Completion, losses: Losses, *, in_input: bool
) -> bool:
    """Add `instructions` and `input`. Whether the instructions are one plain text, and so could be either."""
    items = write_instructions(completion.system, losses, "$.system")
    start = 0
    first = completion.messages[0] if completion.messages and not items else None
    if isinstance(first, SystemMessage) and not own(first.extras) and normal_content(first.content):
        items, start = write_instructions(first.content, losses, "$.messages[0].content"), 1
        if first.extras:
            unsaid(first.extras, losses, "$.messages[0]")
        if first.extras or completion.system:
            losses.append(
                Loss("$.messages[0]", "instructions that open a request are the completion's `system`")
            )
    text = _plain_text(items)
    if text is not None and not in_input:
        payload["instructions"] = text
        items = []
    pattern = traits_of(completion.model).tool_id_pattern
    items += write_messages(fitted(completion.messages, pattern, losses), losses, start=start, ids=pattern)
    if items:
        payload["input"] = items
    return text is not None


def _plain_text(items: list[PlainJson]) -> str | None:
    """The text, if the instructions are one without anything beside it."""
    block = items[0] if items else None
    content = block.get("content") if isinstance(block, dict) else None
    return content if isinstance(content, str) else None


def _add_options(payload: PlainObject, options: JsonObject, losses: Losses, *, plain_text: bool) -> None:
    def noted(key: str, value: PlainJson, path: str) -> bool:
        if key == IN_INPUT and not (value is True and plain_text):
            losses.append(Loss(path, "this is true, and for instructions that are one plain text"))
        return key == IN_INPUT

    add_options(
        payload,
        options,
        losses,
        names=OPTIONS,
        modelled=_MODELLED,
        streaming=_STREAM,
        noted=noted,
        decode=decode_request,
    )


def _write_reasoning(setting: ReasoningSetting, traits: ModelTraits, losses: Losses) -> PlainObject:
    block: PlainObject = {}
    start = len(losses)
    effort = effort_for(setting, traits, losses, "Responses")
    if effort is not None:
        block["effort"] = effort
    attach(block, setting.extras, losses, "$.reasoning")
    if setting.extras and len(losses) == start and _read_reasoning(block) != setting:
        losses.append(Loss("$.reasoning.extras", "Responses reads this as another setting"))
    return block


# ---------------------------------------------------------------- reading


def decode_request(payload: Mapping[str, JsonInput]) -> Outcome[Completion]:
    """The completion that a payload asks for."""
    try:
        data = owned_object(payload)
        return Success(_completion(data))
    except JsonError as error:
        return Failure(bad_request(error))
    except RecursionError:
        return Failure(BadRequest(message="nested too deeply"))


def _completion(data: PlainObject) -> Completion:
    """What the payload says: each field that is modelled is taken out, and what is left are options."""
    if IN_INPUT in data:
        raise JsonError("a name that no request has", f".{IN_INPUT}")
    messages = _take_input(data)
    for name in _STREAM:
        data.pop(name, None)
    instructions = take_text(data, "instructions")
    first = messages[0] if messages and not instructions else None
    if isinstance(first, SystemMessage) and not first.extras and _is_plain_text(first.content):
        data[IN_INPUT] = True
    model = take_text(data, "model")
    completion = Completion(
        messages,
        system=(Text(instructions),) if instructions else (),
        model=model,
        max_tokens=take_integer(data, "max_output_tokens"),
        temperature=take_number(data, "temperature"),
        top_p=take_number(data, "top_p"),
        tools=take_tools(data, read_tool),
        tool_choice=take_choice(data, read_choice),
        output=_take_output(data),
        reasoning=_take_reasoning(data, traits_of(model)),
        provider_options=extras_with(data),
    )
    return normal(completion)


def _is_plain_text(parts: tuple[Part, ...]) -> bool:
    parts = normal_content(parts)
    part = parts[0] if len(parts) == 1 else None
    return isinstance(part, Text) and part.extras is EMPTY


def _take_input(data: PlainObject) -> list[Message]:
    value = data.get("input")
    if value == []:
        return []  # not the same as no input at all: it stays an option
    data.pop("input", None)
    if value is None:
        return []
    if isinstance(value, str):
        message: PlainObject = {"role": "user", "content": value}
        value = [message]
    if not isinstance(value, list):
        raise wrong(value, "a string or an array", ".input")
    try:
        return read_messages(value)
    except JsonError as error:
        raise within(error, ".input") from None


def _take_output(data: PlainObject) -> AnyOutput | None:
    """The schema in `text`; the rest of `text` stays."""
    text = data.get("text")
    if not isinstance(text, dict):
        return None
    output = _FORMAT.read(text.get("format"))
    if output is not None:
        del text["format"]
        if not text:
            del data["text"]
    return output


def _take_reasoning(data: PlainObject, traits: ModelTraits) -> ReasoningSetting | None:
    """The setting; one with an effort that the model is known to refuse stays as it stood."""
    setting = _read_reasoning(data.get("reasoning"))
    if setting is None or (
        setting.effort is not None and nearest(setting.effort, traits.efforts) is not setting.effort
    ):
        return None
    del data["reasoning"]
    return setting


def _read_reasoning(value: PlainJson) -> ReasoningSetting | None:
    """The setting; None if it says nothing, or an effort that we do not know."""
    if not isinstance(value, dict) or not value:
        return None
    effort = value.get("effort")
    if effort is not None and (not isinstance(effort, str) or effort not in EFFORTS):
        return None
    rest = {key: item for key, item in value.items() if key != "effort" or item is None}
    return ReasoningSetting(None if effort is None else EFFORTS[effort], extras=extras_with(rest))
