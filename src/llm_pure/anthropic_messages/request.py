"""From a completion to a payload.

Law: reading the payload gives the completion's normal form back, with `max_tokens` filled in, exactly when there are
no losses. Nothing is moved that a reader gave: what it gave goes back where it stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from returns.result import Failure

from llm_pure.anthropic_messages.attached import moved
from llm_pure.anthropic_messages.decode import decode_request
from llm_pure.anthropic_messages.reasoning import Beside, has_samples, write_output, write_reasoning
from llm_pure.anthropic_messages.said import write_instructions
from llm_pure.anthropic_messages.tables import (
    FIELDS,
    PROVIDER,
    SAMPLING,
    SAMPLING_VERSION,
)
from llm_pure.anthropic_messages.tools import write_choice, write_tool
from llm_pure.anthropic_messages.turns import Turns, write_messages
from llm_pure.completion import Completion
from llm_pure.errors import Loss
from llm_pure.json import JsonError
from llm_pure.losses import only_settings, proven
from llm_pure.models import ModelTraits, traits_of
from llm_pure.options import add_options
from llm_pure.reading import PlainObject, within
from llm_pure.tools import Tool, ToolChoice
from llm_pure.typed import MISTYPED, check_own, refused, unlike
from llm_pure.wire import Encoded, OnLoss, encoded

if TYPE_CHECKING:
    from anthropic.types import (
        MessageParam,
        OutputConfigParam,
        TextBlockParam,
        ThinkingConfigParam,
        ToolUnionParam,
    )
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    from llm_pure.outcome import Outcome

__all__ = ["encode_request"]


def encode_request(completion: Completion, *, on_loss: OnLoss = "report") -> Outcome[Encoded]:
    """The payload of a completion, the headers that it needs, and what it could not say.

    Fills: `max_tokens` from the model table where the completion has none, and an object schema for a tool without
    parameters. Call ids that the wire refuses, for their form or because they are taken, are escaped, in calls and
    results alike, and `decode_request` undoes it.
    A Failure is a value that is no completion, or, under `on_loss="refuse"`, a loss.
    """
    losses: list[Loss] = []
    try:
        payload, messages = _payload(completion, losses)
        if losses:
            sent = payload if only_settings(losses) else Encoded(payload, {}, (), messages).seen()
            losses = proven(completion, sent, losses, decode_request)
    except MISTYPED as error:
        return Failure(refused(completion, Completion, error))
    samples = any(name in payload for name in SAMPLING)
    headers = {"anthropic-version": SAMPLING_VERSION} if samples else {}
    return encoded(payload, headers, losses, on_loss, messages)


def _payload(completion: Completion, losses: list[Loss]) -> tuple[PlainObject, Turns | None]:
    """The payload, and its messages, unless it holds others."""
    check_own(completion, Completion)
    traits = traits_of(completion.model)
    system: list[TextBlockParam] = []
    write_instructions(completion.system, system, "$.system", losses)
    turns = write_messages(completion.messages, traits, system, losses)
    limit = completion.max_tokens
    messages: list[MessageParam] = []  # those of `turns`, once somebody looks
    params: MessageCreateParamsNonStreaming = {
        "model": completion.model or "",
        "max_tokens": traits.filled_max_tokens if limit is None else limit,
        "messages": messages,
    }
    if len(system) == 1 and system[0] == {"type": "text", "text": system[0].get("text")}:
        params["system"] = system[0]["text"]
    elif system:
        params["system"] = system
    if completion.stop_sequences:
        params["stop_sequences"] = _words(completion.stop_sequences)
    if completion.tools:
        params["tools"] = _tools(completion, losses)
    forced = False
    if completion.tool_choice is not None:
        with _at(losses, "$.tool_choice") as found:
            check_own(completion.tool_choice)
            choice = write_choice(completion.tool_choice, found)
        if choice is not None:
            params["tool_choice"] = choice
            forced = choice["type"] in ("any", "tool")  # no set: extras may put anything here
    config: OutputConfigParam = {}
    thinking: ThinkingConfigParam | None = None
    if completion.reasoning is not None:
        beside = Beside(
            traits,
            limit,
            forced=forced,
            prefilled=turns.are_prefill(),
            sampled=traits.sampling
            and has_samples(completion.temperature, completion.top_p, completion.top_k),
        )
        with _at(losses, "$.reasoning") as found:
            check_own(completion.reasoning)
            thinking, effort = write_reasoning(completion.reasoning, beside, found)
        if thinking is not None:
            params["thinking"] = thinking
            if limit is None and thinking["type"] == "enabled" and "budget_tokens" in thinking:
                params["max_tokens"] = _filled(thinking["budget_tokens"], traits)
        if effort is not None:
            config["effort"] = effort
    if completion.output is not None:
        with _at(losses, "$.output") as found:
            check_own(completion.output)
            form = write_output(completion.output, found)
        if form is not None:
            config["format"] = form
    if config:
        params["output_config"] = config
    payload = cast("PlainObject", params)
    if completion.model is None:
        del payload["model"]
    _merge(payload, completion, traits, losses)
    return payload, turns if payload["messages"] is messages else None


def _tools(completion: Completion, losses: list[Loss]) -> list[ToolUnionParam]:
    """The tools that are offered: where some of them are allowed alone, only those."""
    tools: list[ToolUnionParam] = []
    allowed = _allowed(completion.tool_choice)
    for index, tool in enumerate(completion.tools):
        with _at(losses, f"$.tools[{index}]") as found:
            check_own(tool, Tool)
            if allowed is None or tool.name in allowed:
                tools.append(write_tool(tool, found))
            else:
                found.append(Loss("", "may not be called, and is not sent"))
    return tools


def _allowed(choice: ToolChoice | None) -> tuple[str, ...] | None:
    """The tools that alone may be called; None: all."""
    if not isinstance(choice, ToolChoice) or choice.name is not None or choice.mode == "none":
        return None
    return choice.allowed or None


def _words(stop_sequences: tuple[str, ...]) -> list[str]:
    for index, word in enumerate(stop_sequences):
        if not isinstance(word, str):
            raise unlike(word, "a string", f".stop_sequences[{index}]")
    return list(stop_sequences)


def _filled(budget: int, traits: ModelTraits) -> int:
    """The limit that is filled in beside a thinking budget: the wire wants more than the budget."""
    limit = max(traits.filled_max_tokens, budget + _ANSWER)
    return (
        limit if traits.max_output_tokens is None else max(min(limit, traits.max_output_tokens), budget + 1)
    )


@contextmanager
def _at(losses: list[Loss], path: str) -> Iterator[list[Loss]]:
    """A list for the losses of one field; they, and an error, get the field's path."""
    found: list[Loss] = []
    try:
        yield found
    except JsonError as error:
        raise within(error, path.removeprefix("$")) from None
    moved(found, 0, path)
    losses += found


_ANSWER: Final = 4096
"""What is left for the answer where only a thinking budget is given."""
_SAMPLES: Final = "this model takes no sampling parameters"
_UNKNOWN: Final = "the Messages API has no such parameter"


def _merge(payload: PlainObject, completion: Completion, traits: ModelTraits, losses: list[Loss]) -> None:
    """What the SDK's parameters do not say, in one place: sampling, and the caller's options, verbatim."""
    for name in SAMPLING:
        value = getattr(completion, name)
        if value is not None:
            reason = _unsampled(name, value, payload, completion, traits)
            if reason is None:
                payload[name] = value
            else:
                losses.append(Loss(f"$.{name}", reason))
    losses += [
        Loss(f"$.{name}", _UNKNOWN)
        for name in ("seed", "frequency_penalty", "presence_penalty")
        if getattr(completion, name) is not None
    ]
    if completion.provider_options:
        add_options(
            payload,
            completion.provider_options,
            losses,
            names=(PROVIDER,),
            modelled=FIELDS,
            streaming=("stream",),
            yielding=("max_tokens",) if completion.max_tokens is None else (),
            noted=lambda *_: False,
            decode=decode_request,
        )


def _unsampled(
    name: str, value: float, payload: PlainObject, completion: Completion, traits: ModelTraits
) -> str | None:
    """Why a sampling parameter cannot be sent."""
    if not traits.sampling:
        return _SAMPLES
    thinking = payload.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") not in ("enabled", "adaptive"):
        return None
    if completion.reasoning is not None and completion.reasoning.extras.get(PROVIDER):
        return None  # it stood so
    heat, mass = (value if name == one else None for one in ("temperature", "top_p"))
    return "does not go with thinking" if has_samples(heat, mass, 1 if name == "top_k" else None) else None
