"""A completion as the payload of a request, and back.

Law: `decode_request` after `encode_request` gives the normal form, exactly when there are no losses; `encode_request`
after `decode_request` gives the payload back. A field that is not of the shape that we model is an option, verbatim.

    in a completion          on the wire
    -----------------------  -------------------------------------------------------------------------------
    `model`, `temperature`, `top_p`, `top_k`, `seed`, `frequency_penalty`, `presence_penalty`: the same
    `max_tokens`             `max_completion_tokens` or `max_tokens`: what the model's entry in the table says, for
                             no model the former; the option `$max_tokens` remembers another spelling
    `system`                 the first message, a `system` one; the option `$system` remembers a `developer` one
    `stop_sequences`         `stop`
    `output`                 `response_format` of type `json_schema`; the other types are options
    `reasoning`              `reasoning_effort`; there is no word for a budget
    `tool_choice`            `tool_choice` and `parallel_tool_calls`
    `provider_options`       everything else but `stream` and `stream_options`, about which whoever sends decides
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from returns.result import Failure, Success

from llm_pure.call_ids import fitted
from llm_pure.completion import EFFORTS, Completion, ReasoningSetting
from llm_pure.effort import effort_for, nearest
from llm_pure.errors import BadRequest, Loss
from llm_pure.formats import Format
from llm_pure.json import JsonError, JsonInput, JsonObject, PlainJson
from llm_pure.losses import proven
from llm_pure.messages import Message, SystemMessage
from llm_pure.models import traits_of
from llm_pure.normal import normal, normal_content
from llm_pure.openai_chat.shape import MIRROR, OPTIONS, Losses, extras_with, plain, unsaid
from llm_pure.openai_chat.tools import read_choice, read_tool, write_choice, write_tool
from llm_pure.openai_chat.turns import read_messages, write_messages, write_system
from llm_pure.options import add_options
from llm_pure.outcome import Outcome
from llm_pure.outputs import AnyOutput
from llm_pure.reading import PlainObject, array, bad_request, owned_object, within
from llm_pure.sampling import sampled
from llm_pure.taking import take_choice, take_integer, take_number, take_text, take_tools
from llm_pure.typed import MISTYPED, check_fields, refused
from llm_pure.wire import Encoded, OnLoss, encoded

if TYPE_CHECKING:
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
    from openai.types.shared_params import ResponseFormatJSONSchema

    from llm_pure.dialects import Dialect
    from llm_pure.models import ModelTraits

__all__ = ["decode_request", "encode_request"]

_FORMAT: Final = Format(MIRROR, "json_schema")
_STREAM: Final = ("stream", "stream_options")
_LIMIT, _OLD_LIMIT = "max_completion_tokens", "max_tokens"
_SPELLING: Final = "$max_tokens"
_ROLE: Final = "$system"
_IDS: Final = "$ids"
_MODELLED: Final = frozenset(
    {
        *("model", "messages", _LIMIT, _OLD_LIMIT, "stop", "seed", "frequency_penalty", "presence_penalty"),
        *("temperature", "top_p", "top_k", "tools", "tool_choice", "parallel_tool_calls"),
        *("response_format", "reasoning_effort"),
    }
)
"""The fields that a completion has words for."""
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    _SPELLING: (_LIMIT, _OLD_LIMIT),
    _ROLE: ("system", "developer"),
}
"""Options that are notes about a spelling, and what they may say."""


# ---------------------------------------------------------------- writing


def encode_request(
    completion: Completion, *, on_loss: OnLoss = "report", dialect: Dialect | None = None
) -> Outcome[Encoded]:
    """The completion as a request, in the dialect of a server; what it cannot say is in `losses`."""
    losses: Losses = []
    try:
        if dialect is not None:
            completion = dialect.spelt(completion)
        payload = _payload(completion, losses, dialect)
        losses = proven(completion, payload, losses, decode_request)
    except MISTYPED as error:
        return Failure(refused(completion, Completion, error))
    return encoded(payload, {}, losses, on_loss)


def _payload(completion: Completion, losses: Losses, dialect: Dialect | None) -> PlainObject:
    check_fields(completion)
    options = completion.options_for(*OPTIONS)
    traits = traits_of(completion.model)
    said = _sampling(completion, traits, losses)
    if completion.stop_sequences and not traits.stop_sequences:
        losses.append(Loss("$.stop_sequences", "this model refuses stop sequences"))
    elif completion.stop_sequences:
        said["stop"] = _stops(completion.stop_sequences, traits, losses)
    if completion.max_tokens is not None:
        if options.get(_SPELLING, _limit_name(completion.model)) == _OLD_LIMIT:
            said["max_tokens"] = completion.max_tokens
        else:
            said["max_completion_tokens"] = completion.max_tokens
    if completion.output is not None:
        said["response_format"] = cast("ResponseFormatJSONSchema", _FORMAT.write(completion.output, losses))
    if completion.reasoning is not None:
        effort = effort_for(completion.reasoning, traits, losses, "Chat Completions")
        if effort is not None:
            said["reasoning_effort"] = effort
        unsaid(completion.reasoning.extras, losses, "$.reasoning")
    payload = plain(said)
    # From here on, what the SDK's types have no words for.
    if completion.model is None:
        del payload["model"]
    if completion.top_k is not None and not traits.top_k:
        losses.append(Loss("$.top_k", "this model knows no top_k"))
    elif (rank := sampled("top_k", completion.top_k, completion, traits, losses)) is not None:
        payload["top_k"] = rank
    role = "developer" if options.get(_ROLE) == "developer" else "system"
    said_first = write_system(completion.system, losses)
    asked = options.get(_IDS)
    ids = asked if isinstance(asked, str) else traits.tool_id_pattern
    messages = fitted(completion.messages, ids, losses)
    said_then = write_messages(messages, losses, opens=not said_first, ids=ids)
    if not said_first and _opens_as_developer(completion.messages):
        losses.append(Loss("$.messages[0]", "instructions that open a request are the completion's `system`"))
    payload["messages"] = said_first + said_then
    opening = said_first or said_then[:1]
    if (
        role == "developer"
        and opening
        and isinstance(block := opening[0], dict)
        and block["role"] == "system"
        # What says nothing, or holds more, is read as a message, never as the completion's `system`.
        and block["content"]
        and block.keys() == {"role", "content"}
    ):
        block["role"] = role
    if completion.tools:
        payload["tools"] = [
            write_tool(tool, losses, f"$.tools[{index}]") for index, tool in enumerate(completion.tools)
        ]
    if completion.tool_choice is not None:
        payload.update(write_choice(completion.tool_choice, losses))
    if completion.provider_options:
        _add_options(payload, completion.provider_options, losses, dialect)
    return payload


def _sampling(
    completion: Completion, traits: ModelTraits, losses: Losses
) -> CompletionCreateParamsNonStreaming:
    said: CompletionCreateParamsNonStreaming = {"model": completion.model or "", "messages": []}
    heat = sampled("temperature", completion.temperature, completion, traits, losses)
    if heat is not None:
        said["temperature"] = heat
    mass = sampled("top_p", completion.top_p, completion, traits, losses)
    if mass is not None:
        said["top_p"] = mass
    if completion.seed is not None:
        said["seed"] = completion.seed
    often = sampled("frequency_penalty", completion.frequency_penalty, completion, traits, losses)
    if often is not None:
        said["frequency_penalty"] = often
    present = sampled("presence_penalty", completion.presence_penalty, completion, traits, losses)
    if present is not None:
        said["presence_penalty"] = present
    return said


def _limit_name(model: str | None) -> str:
    return _LIMIT if model is None else traits_of(model).max_tokens_name


def _stops(stops: tuple[str, ...], traits: ModelTraits, losses: Losses) -> list[str]:
    """The stop sequences, as many as may be sent: OpenAI's own models, who alone want the new limit, take four."""
    most = _MOST_STOPS if traits.max_tokens_name == _LIMIT else len(stops)
    losses += [
        Loss(f"$.stop_sequences[{index}]", "this model takes four stop sequences")
        for index in range(most, len(stops))
    ]
    return list(stops[:most])


_MOST_STOPS: Final = 4


def _add_options(payload: PlainObject, options: JsonObject, losses: Losses, dialect: Dialect | None) -> None:
    def noted(key: str, value: PlainJson, path: str) -> bool:
        if key in _SPELLINGS and value not in _SPELLINGS[key]:
            losses.append(Loss(path, f"this is `{'` or `'.join(_SPELLINGS[key])}`"))
        return key in _SPELLINGS or (key == _IDS and isinstance(value, str))

    add_options(
        payload,
        options,
        losses,
        names=OPTIONS,
        modelled=_MODELLED,
        streaming=_STREAM,
        noted=noted,
        decode=lambda payload: decode_request(payload, dialect=dialect),
    )


# ---------------------------------------------------------------- reading


def decode_request(
    payload: Mapping[str, JsonInput], *, dialect: Dialect | None = None
) -> Outcome[Completion]:
    """The completion that a payload asks for, in the dialect of a server."""
    try:
        asked = _completion(owned_object(payload))
        return Success(asked if dialect is None else dialect.read(asked))
    except JsonError as error:
        return Failure(bad_request(error))
    except RecursionError:
        return Failure(BadRequest(message="nested too deeply"))


def _completion(data: PlainObject) -> Completion:
    """What the payload says: each field that is modelled is taken out, and what is left are options."""
    try:
        messages = read_messages(array(data, "messages"))
    except JsonError as error:
        raise (within(error, ".messages") if error.path.startswith("[") else error) from None
    for name in (_SPELLINGS.keys() | {_IDS}) & data.keys():
        raise JsonError("a name that no request has", f".{name}")
    for name in ("messages", *_STREAM):
        data.pop(name, None)
    model = take_text(data, "model")
    limit, name = take_integer(data, _LIMIT), _LIMIT
    if limit is None:
        limit, name = take_integer(data, _OLD_LIMIT), _OLD_LIMIT
    elif data.get(_OLD_LIMIT) is None:
        data.pop(_OLD_LIMIT, None)
    if limit is not None and name != _limit_name(model):
        data[_SPELLING] = name
    if _opens_as_developer(messages):
        messages[0] = SystemMessage(messages[0].content)
        data[_ROLE] = "developer"
    completion = Completion(
        messages,
        model=model,
        max_tokens=limit,
        temperature=take_number(data, "temperature"),
        top_p=take_number(data, "top_p"),
        top_k=take_integer(data, "top_k"),
        seed=take_integer(data, "seed"),
        frequency_penalty=take_number(data, "frequency_penalty"),
        presence_penalty=take_number(data, "presence_penalty"),
        stop_sequences=_take_stop(data),
        tools=take_tools(data, read_tool),
        tool_choice=take_choice(data, read_choice),
        output=_take_output(data),
        reasoning=_take_effort(data, traits_of(model)),
        provider_options=extras_with(data),
    )
    return normal(completion)


def _opens_as_developer(messages: Sequence[Message]) -> bool:
    """Whether the first message is `developer` instructions and nothing else: the completion's `system`, respelt."""
    first = messages[0] if messages else None
    return (
        isinstance(first, SystemMessage)
        and first.extras == _DEVELOPER
        and bool(normal_content(first.content))
    )


_DEVELOPER: Final = extras_with({"role": "developer"})


def _take_stop(data: PlainObject) -> list[str]:
    value = data.get("stop")
    words = value if isinstance(value, list) else [] if value is None else [value]
    stops = [word for word in words if isinstance(word, str)]
    if len(stops) < len(words):
        return []
    data.pop("stop", None)
    return stops


def _take_output(data: PlainObject) -> AnyOutput | None:
    value = data.get("response_format")
    output = _FORMAT.read(value)
    if value is None or output is not None:
        data.pop("response_format", None)
    return output


def _take_effort(data: PlainObject, traits: ModelTraits) -> ReasoningSetting | None:
    """The effort; one that the model is known to refuse stays as it stood."""
    value = data.get("reasoning_effort")
    effort = EFFORTS.get(value) if isinstance(value, str) else None
    if value is not None and (effort is None or nearest(effort, traits.efforts) is not effort):
        return None
    data.pop("reasoning_effort", None)
    return None if effort is None else ReasoningSetting(effort)
