"""A dialect's spelling, written down where the codec of Chat Completions finds it, and read off again.

Law: `spell` decides what nobody has spelt yet, in extras and options, and nothing else; spelling twice is spelling
once. `unspell`, for what has just been decoded, is the way back: what is spelt as the dialect spells it has no spelling
of its own any more, and what is spelt otherwise keeps it. So what was spelt one way is spelt that way again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from llm_pure.completion import EFFORTS, Completion, ReasoningSetting
from llm_pure.json import Json, JsonObject
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.models import traits_of
from llm_pure.normal import normal_content
from llm_pure.parts import (
    Audio,
    Base64,
    BrokenToolCall,
    Document,
    FileId,
    Image,
    Opaque,
    Part,
    Reasoning,
    ToolCall,
    ToolResult,
)

if TYPE_CHECKING:
    from llm_pure.dialects import Dialect

__all__ = ["spell", "unspell"]

_WIRE: Final = "openai_chat"
"""The name under which extras and options reach the codec of Chat Completions."""


def spell(dialect: Dialect, completion: Completion) -> Completion:
    """The completion with this dialect's spelling noted wherever it has none of its own.

    One that holds values of wrong types is left to the codec, which says where they stand.
    """
    try:
        return _spelt(dialect, completion)
    except (AttributeError, TypeError, ValueError):
        return completion


def _spelt(dialect: Dialect, completion: Completion) -> Completion:
    options = completion.options_for("openai", _WIRE)
    chosen = _options(dialect, completion, options)
    messages = tuple(
        [
            message if place == 0 and _is_opening(completion) else _message(dialect, message)
            for place, message in enumerate(completion.messages)
        ]
    )
    if not chosen and messages == completion.messages:
        return completion
    mine = completion.provider_options.get(_WIRE)
    own = {**(mine if isinstance(mine, JsonObject) else {}), **chosen}
    return completion.replace(
        messages=messages,
        seed=None if dialect.seed in chosen else completion.seed,
        reasoning=_unsaid(completion.reasoning, chosen),
        provider_options={**completion.provider_options, _WIRE: own} if own else completion.provider_options,
    )


def unspell(dialect: Dialect, completion: Completion) -> Completion:
    """What has just been decoded, without the spelling that is this dialect's own, and with any other noted."""
    options = dict(completion.options_for("openai", _WIRE))
    seed, setting = _read_seed(dialect, completion, options), _read_setting(dialect, completion, options)
    limit = _usual_limit(completion.model)
    if completion.max_tokens is not None and dialect.max_tokens not in (None, limit):
        _flip(options, "$max_tokens", str(dialect.max_tokens), limit)
    if dialect.instructions == "developer" and completion.system:
        _flip(options, "$system", "developer", "system")
    return completion.replace(
        seed=seed,
        reasoning=setting,
        provider_options={_WIRE: options} if options else {},
    )


# ---------------------------------------------------------------- options


def _options(dialect: Dialect, completion: Completion, options: Mapping[str, Json]) -> dict[str, Json]:
    """The options that say it the dialect's way; none that the caller has set already."""
    chosen: dict[str, Json] = {}
    if completion.max_tokens is not None and dialect.max_tokens not in (None, _usual_limit(completion.model)):
        chosen["$max_tokens"] = dialect.max_tokens
    if dialect.instructions == "developer" and (normal_content(completion.system) or _is_opening(completion)):
        chosen["$system"] = dialect.instructions
    if dialect.tool_id_pattern is not None and any(map(_has_ids, completion.messages)):
        chosen["$ids"] = dialect.tool_id_pattern
    if dialect.seed != "seed" and completion.seed is not None:
        chosen[dialect.seed] = completion.seed
    setting = completion.reasoning
    both = setting is not None and setting.effort is not None and setting.budget_tokens is not None
    if (
        setting is not None and not setting.extras and not both
    ):  # of both, the codec says one and reports the other
        if dialect.reasoning == "reasoning" and setting.effort is not None:
            chosen["reasoning"] = JsonObject({"effort": setting.effort})
        elif dialect.reasoning == "reasoning" and setting.budget_tokens is not None:
            chosen["reasoning"] = JsonObject({"max_tokens": setting.budget_tokens})
        elif dialect.reasoning == "thinking" and setting.effort == "none":
            chosen["thinking"] = JsonObject({"type": "disabled"})
    return {name: value for name, value in chosen.items() if name not in options}


def _has_ids(message: Message) -> bool:
    return isinstance(message, AssistantMessage | UserMessage) and any(
        isinstance(part, ToolCall | BrokenToolCall | ToolResult) for part in message.content
    )


def _is_opening(completion: Completion) -> bool:
    """Whether the first message is what `system` would be, were it said there."""
    first = completion.messages[0] if completion.messages else None
    return (
        isinstance(first, SystemMessage)
        and not first.extras
        and bool(normal_content(first.content))
        and not normal_content(completion.system)
    )


def _usual_limit(model: str | None) -> str:
    return "max_completion_tokens" if model is None else traits_of(model).max_tokens_name


def _unsaid(setting: ReasoningSetting | None, chosen: Mapping[str, Json]) -> ReasoningSetting | None:
    """The setting, if no option says it."""
    return None if {"reasoning", "thinking"} & chosen.keys() else setting


def _flip(options: dict[str, Json], note: str, ours: str, usual: str) -> None:
    """Where nothing was noted it was spelt the usual way, and now that has to be noted; and the other way round."""
    if options.setdefault(note, usual) == ours:
        del options[note]


def _read_seed(dialect: Dialect, completion: Completion, options: dict[str, Json]) -> int | None:
    if dialect.seed == "seed":
        return completion.seed
    if completion.seed is not None:
        options["seed"] = completion.seed
    elif type(seed := options.get(dialect.seed)) is int:
        del options[dialect.seed]
        return seed
    return None


def _read_setting(
    dialect: Dialect, completion: Completion, options: dict[str, Json]
) -> ReasoningSetting | None:
    setting = completion.reasoning
    if dialect.reasoning == "reasoning_effort" or (
        dialect.reasoning == "thinking" and setting is not None and setting.effort != "none"
    ):
        return setting
    if setting is not None:
        options["reasoning_effort"] = setting.effort
        return None
    match options.get(dialect.reasoning):
        case JsonObject() as said if (
            said == JsonObject({"type": "disabled"}) and dialect.reasoning == "thinking"
        ):
            found = ReasoningSetting("none")
        case JsonObject() as said if len(said) == 1 and (effort := said.get("effort")) in EFFORTS:
            found = ReasoningSetting(EFFORTS[str(effort)])
        case JsonObject() as said if len(said) == 1 and type(budget := said.get("max_tokens")) is int:
            found = ReasoningSetting(budget_tokens=budget)
        case _:
            return None
    del options[dialect.reasoning]
    return found


# ---------------------------------------------------------------- messages


def _message(dialect: Dialect, message: Message) -> Message:
    match message:
        case SystemMessage():
            if dialect.instructions == "developer" and message.content and _WIRE not in message.extras:
                return replace(message, extras=_noted(message.extras, "role", note="developer"))
        case AssistantMessage():
            if dialect.reasoning_field is not None:
                return _changed(message, tuple([_reasoning(part, dialect) for part in message.content]))
        case UserMessage():
            if dialect.result_media:
                return _changed(message, tuple([_result(part) for part in message.content]))
    return message


def _changed(message: Message, content: tuple[Part, ...]) -> Message:
    return message if content == message.content else replace(message, content=content)


def _reasoning(part: Part, dialect: Dialect) -> Part:
    """The part with the field it goes out in. Signed reasoning, and what came spelt, stays as it is."""
    if not isinstance(part, Reasoning) or not part.text or _WIRE in part.extras:
        return part
    if part.signature is not None or part.encrypted is not None:
        return part
    if dialect.reasoning_field == "thinking":
        return replace(part, extras=_noted(part.extras, "type", note="thinking"))
    return replace(part, extras=_noted(part.extras, str(dialect.reasoning_field), note=True))


def _result(part: Part) -> Part:
    """A result, allowed to hold pictures and files if it does."""
    if isinstance(part, ToolResult) and any(map(_is_medium, part.content)):
        return replace(part, extras=_noted(part.extras, "$media", note=True))
    return part


def _is_medium(part: Part) -> bool:
    """Whether this is no text, and Chat Completions has a word for it."""
    match part:
        case Image(source):
            return not isinstance(source, FileId)
        case Document(source):
            return isinstance(source, Base64 | FileId)
        case Audio(source):
            return isinstance(source, Base64)
        case Opaque(provider):
            return provider == _WIRE
        case _:
            return False


def _noted(extras: JsonObject, name: str, *, note: Json) -> JsonObject:
    mine = extras.get(_WIRE)
    return JsonObject({**extras, _WIRE: {**(mine if isinstance(mine, JsonObject) else {}), name: note}})
