"""From a completion to a payload.

Law: reading the payload gives the completion's normal form back, with `max_tokens` filled in, exactly when there are
no losses. Nothing is moved that a reader gave: what it gave goes back where it stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from returns.result import Failure

from llm_pure.anthropic_messages.blocks import SYSTEM
from llm_pure.anthropic_messages.content import (
    block_of,
    is_plain,
    lose_extras,
    moved,
    own_extras,
    text_block_of,
)
from llm_pure.anthropic_messages.decode import reads_as_option
from llm_pure.anthropic_messages.reasoning import write_output, write_reasoning
from llm_pure.anthropic_messages.tables import FIELDS, MISTYPED, PROVIDER, SAMPLING, SAMPLING_VERSION
from llm_pure.anthropic_messages.tools import write_choice, write_tool
from llm_pure.errors import BadRequest, Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.models import ModelTraits, traits_of
from llm_pure.parts import Part, Text, ToolResult
from llm_pure.reading import PlainObject, bad_request, within
from llm_pure.wire import Encoded, OnLoss, encoded

if TYPE_CHECKING:
    from anthropic.types import (
        ContentBlockParam,
        MessageParam,
        OutputConfigParam,
        TextBlockParam,
        ToolUnionParam,
    )
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    from llm_pure.completion import Completion
    from llm_pure.outcome import Outcome

__all__ = ["encode_request"]


def encode_request(completion: Completion, *, on_loss: OnLoss = "report") -> Outcome[Encoded]:
    """The payload of a completion, the headers that it needs, and what it could not say.

    Fills: `max_tokens` from the model table where the completion has none, and an object schema for a tool without
    parameters. Call ids that the wire refuses are escaped, in calls and results alike, and `decode_request` undoes it.
    A Failure is a value that is no completion, or, under `on_loss="refuse"`, a loss.
    """
    losses: list[Loss] = []
    try:
        payload = _payload(completion, losses)
    except JsonError as error:
        return Failure(bad_request(error))
    except MISTYPED as error:
        return Failure(BadRequest(message=f"not a completion as its types want it: {type(error).__name__}"))
    samples = any(name in payload for name in SAMPLING)
    return encoded(payload, {"anthropic-version": SAMPLING_VERSION} if samples else {}, losses, on_loss)


def _payload(completion: Completion, losses: list[Loss]) -> PlainObject:
    traits = traits_of(completion.model)
    system: list[TextBlockParam] = []
    _instructions(completion.system, system, "$.system", losses)
    messages = _messages(completion.messages, traits, system, losses)
    limit = completion.max_tokens
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
        params["stop_sequences"] = list(completion.stop_sequences)
    if completion.tools:
        tools: list[ToolUnionParam] = []
        for index, tool in enumerate(completion.tools):
            with _at(losses, f"$.tools[{index}]") as found:
                tools.append(write_tool(tool, found))
        params["tools"] = tools
    if completion.tool_choice is not None:
        with _at(losses, "$.tool_choice") as found:
            choice = write_choice(completion.tool_choice, found)
        if choice is not None:
            params["tool_choice"] = choice
    config: OutputConfigParam = {}
    if completion.reasoning is not None:
        with _at(losses, "$.reasoning") as found:
            thinking, effort = write_reasoning(completion.reasoning, traits, limit, found)
        if thinking is not None:
            params["thinking"] = thinking
            if limit is None and thinking["type"] == "enabled":  # the wire wants more than the budget
                params["max_tokens"] = max(params["max_tokens"], thinking["budget_tokens"] + _ANSWER)
        if effort is not None:
            config["effort"] = effort
    if completion.output is not None:
        with _at(losses, "$.output") as found:
            config["format"] = write_output(completion.output, found)
    if config:
        params["output_config"] = config
    payload = cast("PlainObject", params)
    if completion.model is None:
        del payload["model"]
    return _merged(payload, completion, traits, losses)


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


def _merged(
    payload: PlainObject, completion: Completion, traits: ModelTraits, losses: list[Loss]
) -> PlainObject:
    """What the SDK's parameters do not say, in one place: sampling, and the caller's options, verbatim."""
    for name in SAMPLING:
        value = getattr(completion, name)
        if value is not None:
            if traits.sampling:
                payload[name] = value
            else:
                losses.append(Loss(f"$.{name}", _SAMPLES))
    losses += [
        Loss(f"$.{name}", _UNKNOWN)
        for name in ("seed", "frequency_penalty", "presence_penalty")
        if getattr(completion, name) is not None
    ]
    options = completion.provider_options.get(PROVIDER)
    if options is None or options == EMPTY:
        return payload
    if not isinstance(options, JsonObject):
        losses.append(Loss(f"$.provider_options.{PROVIDER}", "is no object of fields"))
        return payload
    for name, value in options.thaw().items():
        if name == "stream":
            losses.append(
                Loss(f"$.provider_options.{PROVIDER}.stream", "whether to stream is decided where it is sent")
            )
        elif name in FIELDS:
            _override(payload, name, value, losses)
        else:
            payload[name] = value
    return payload


def _override(payload: PlainObject, name: str, value: PlainJson, losses: list[Loss]) -> None:
    """An option that names a field of the completion's own goes out, and comes back as that field."""
    standing = payload.get(name)
    if name == "output_config" and isinstance(standing, dict) and isinstance(value, dict):
        if standing.keys() & value.keys() or not reads_as_option(name, value):
            losses.append(
                Loss(f"$.provider_options.{PROVIDER}.{name}", "says what the completion's own fields say")
            )
        payload[name] = {**standing, **value}
        return
    if (name in payload and name != "max_tokens") or not reads_as_option(name, value):
        losses.append(
            Loss(f"$.provider_options.{PROVIDER}.{name}", "the completion has fields of its own for this")
        )
    elif name in payload:
        losses.append(Loss("$.max_tokens", "`provider_options` say otherwise"))
    payload[name] = value


# ---------------------------------------------------------------- instructions


def _instructions(
    parts: tuple[Part, ...], found: list[TextBlockParam], path: str, losses: list[Loss]
) -> None:
    for index, part in enumerate(parts):
        before = len(losses)
        if is_plain(part) and not cast("Text", part).text:
            continue
        try:
            block = text_block_of(part, losses, SYSTEM)
        except JsonError as error:
            raise within(error, f"{path}[{index}]".removeprefix("$")) from None
        if block is not None:
            found.append(block)
        if len(losses) != before:
            moved(losses, before, f"{path}[{index}]")


# ---------------------------------------------------------------- messages


def _messages(
    messages: tuple[Message, ...], traits: ModelTraits, system: list[TextBlockParam], losses: list[Loss]
) -> list[MessageParam]:
    found: list[MessageParam] = []
    results: list[ContentBlockParam] | None = (
        None  # the last message's blocks, if those are tool results only
    )
    leading = True
    for index, message in enumerate(messages):
        before = len(losses)
        try:
            if isinstance(message, UserMessage):
                content = _content(message.content, losses)
                bare = message.extras is EMPTY or not message.extras
                if results is not None and bare:
                    results.extend(
                        [{"type": "text", "text": content}] if isinstance(content, str) else content
                    )
                    results = results if _only_results(message) else None
                else:
                    said_by_user: MessageParam = {"role": "user", "content": content}
                    found.append(said_by_user if bare else _with_extras(said_by_user, message, losses))
                    only = bare and not isinstance(content, str) and _only_results(message)
                    results = cast("list[ContentBlockParam]", content) if content and only else None
                leading = False
            elif isinstance(message, AssistantMessage):
                content = _content(message.content, losses)
                answer: MessageParam = {"role": "assistant", "content": content}
                found.append(answer if message.extras is EMPTY else _with_extras(answer, message, losses))
                leading, results = False, None
            elif isinstance(message, SystemMessage):
                said = _system_message(message, traits, system if leading else None, index, losses)
                if said is not None:
                    found.append(said)
                    results = None
            else:
                raise JsonError(f"{type(message).__name__} is no message", "")
        except JsonError as error:
            raise within(error, f".messages[{index}]") from None
        if len(losses) != before:
            moved(losses, before, f"$.messages[{index}]")
    return found


def _only_results(message: UserMessage) -> bool:
    """Whether the message says nothing beside tool results."""
    content = message.content
    if len(content) == 1:
        return isinstance(content[0], ToolResult) or content[0] == _EMPTY
    return all(isinstance(part, ToolResult) or (is_plain(part) and part == _EMPTY) for part in content)


_EMPTY: Final = Text("")


def _content(parts: tuple[Part, ...], losses: list[Loss]) -> str | list[ContentBlockParam]:
    only = parts[0] if len(parts) == 1 else None
    if type(only) is Text and (only.extras is EMPTY or not only.extras):
        return only.text or []
    blocks: list[ContentBlockParam] = []
    index = 0
    try:
        for index, part in enumerate(parts):
            before = len(losses)
            block = block_of(part, losses)
            if block is not None and not (type(part) is Text and not part.text and is_plain(part)):
                blocks.append(block)
            if len(losses) != before:
                moved(losses, before, f".content[{index}]")
    except JsonError as error:
        raise within(error, f".content[{index}]") from None
    return blocks


def _with_extras(made: MessageParam, message: Message, losses: list[Loss]) -> MessageParam:
    if message.extras is EMPTY or not message.extras:
        return made
    own = own_extras(message.extras, losses)
    if not _MESSAGE.isdisjoint(own) and {name: own[name] for name in own.keys() & _MESSAGE} != {
        "role": made["role"]
    }:
        losses.append(Loss(f".extras.{PROVIDER}", "contradicts the message's own fields"))
        own = {name: value for name, value in own.items() if name not in _MESSAGE}
    cast("PlainObject", made).update(own)
    return made


_MESSAGE: Final = frozenset({"role", "content"})


def _system_message(
    message: SystemMessage,
    traits: ModelTraits,
    system: list[TextBlockParam] | None,
    index: int,
    losses: list[Loss],
) -> MessageParam | None:
    """Instructions among the messages. `system` is where they go if nothing but instructions stood before them."""
    blocks: list[TextBlockParam] = []
    _instructions(message.content, blocks, ".content", losses)
    own = message.extras.get(PROVIDER)
    stood_here = isinstance(own, JsonObject) and own.get("role") == "system"
    if stood_here and traits.system_in_conversation and (system is None or not blocks):
        losses.append(Loss(f".extras.{PROVIDER}.role", "it stands here anyway"))
    if not stood_here and system is not None and blocks:
        if system or message.extras or index:
            losses.append(Loss("", "instructions that open the conversation stand together, in `system`"))
        lose_extras(message.extras, losses)
        system += blocks
        return None
    if not stood_here and not traits.system_in_conversation:
        losses.append(Loss("", "this model takes no instructions in mid-conversation: said by the user"))
        return {"role": "user", "content": blocks}
    return _with_extras({"role": "system", "content": blocks}, message, losses)
