"""Thinking, effort and output format, both directions side by side.

Law: what `read_…` gives, `write_…` writes as it stood: a reader uses our own fields where the writer makes the same
of them, and keeps the field as it stood in `extras` where not.

    our setting         on the wire
    ------------------  ----------------------------------------------------------------------------
    effort `none`       thinking: disabled
    effort              output_config.effort; and thinking: adaptive, where the model has it
    budget_tokens       thinking: enabled
    anything else       extras: {"anthropic": {"thinking": …}}, as it stood; None where none stood

What the provider refuses is not written: a budget below 1024 or not below `max_tokens`; a budget beside a forced tool
call or a prefill; beside any thinking, other sampling than the default. Where it was read, it goes back as it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast

from llm_pure.anthropic_messages.attached import own_extras
from llm_pure.anthropic_messages.tables import EFFORTS, PROVIDER
from llm_pure.completion import Effort, ReasoningSetting
from llm_pure.effort import BUDGETS, effort_of, nearest
from llm_pure.errors import Loss
from llm_pure.json import JsonObject, PlainJson, thaw
from llm_pure.models import ModelTraits
from llm_pure.outputs import AnyOutput, Output
from llm_pure.reading import PlainObject, extras_of
from llm_pure.strict import ANTHROPIC_STRICT_OUTPUT, Sent, goes_as_it_stands, sent

if TYPE_CHECKING:
    from anthropic.types import JSONOutputFormatParam, ThinkingConfigParam

    Asked: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]
    Thought: TypeAlias = tuple[ThinkingConfigParam | None, Asked | None]

__all__ = ["Beside", "has_samples", "read_output", "read_reasoning", "write_output", "write_reasoning"]


class Beside(NamedTuple):
    """What stands beside the setting in a request, and bears on it."""

    traits: ModelTraits
    max_tokens: int | None = None
    forced: bool = False
    """A tool has to be called."""
    prefilled: bool = False
    """The last message is one that the model shall continue."""
    sampled: bool = False
    """Other sampling than the default is asked for."""


_LEAST_TOP_P: Final = 0.95


def has_samples(temperature: float | None, top_p: float | None, top_k: int | None) -> bool:
    """Whether sampling is asked for that does not go with thinking."""
    return (
        (temperature is not None and temperature != 1)
        or (top_p is not None and not _LEAST_TOP_P <= top_p <= 1)
        or top_k is not None
    )


# ---------------------------------------------------------------- output

_FORMAT: Final = frozenset({"type", "schema"})


def read_output(data: PlainObject) -> AnyOutput | None:
    """The output format; None if it is of a kind that we do not know."""
    schema = data.get("schema")
    if data.get("type") != "json_schema" or not isinstance(schema, dict):
        return None
    form = JsonObject.wrap(schema)
    stands = goes_as_it_stands(form, True, ANTHROPIC_STRICT_OUTPUT)
    return Output(form, extras=extras_of(PROVIDER, data, _FORMAT if stands else _FORMAT - {"schema"}))


def write_output(output: AnyOutput, losses: list[Loss]) -> JSONOutputFormatParam | None:
    """The format on the wire, always strict; None where the schema has no strict form. `losses` begins empty."""
    own = own_extras(output.extras, losses) if output.extras else {}
    going = Sent(output.schema, None)
    if "schema" not in own:
        going = sent("schema", output.schema, True, ANTHROPIC_STRICT_OUTPUT)
        if going.strict is None:
            losses[:] = [Loss("", loss.reason) for loss in going.losses]
            return None
        losses += going.losses
    made: JSONOutputFormatParam = {
        "type": "json_schema",
        "schema": cast("dict[str, object]", thaw(going.schema)),
    }
    for field, value in (
        ("name", output.name),
        ("description", output.description),
        ("strict", output.strict),
    ):
        if value is not None:
            losses.append(Loss(f".{field}", "the format holds nothing but the schema"))
    data = cast("PlainObject", made)
    data.update(own)
    if not losses and not _FORMAT.isdisjoint(own) and read_output(data) != output:
        losses.append(Loss("", "its extras contradict the schema beside them, and have been sent instead"))
    return made


# ---------------------------------------------------------------- reasoning


def read_reasoning(thinking: PlainObject | None, effort: PlainJson, beside: Beside) -> ReasoningSetting:
    """The setting that writes these two."""
    kind = thinking.get("type") if thinking is not None else None
    budget = thinking.get("budget_tokens") if thinking is not None and kind == "enabled" else None
    number = budget if isinstance(budget, int) and not isinstance(budget, bool) else None
    asked = cast("Effort", effort) if isinstance(effort, str) and effort in EFFORTS else None
    plain = ReasoningSetting("none" if kind == "disabled" and asked is None else asked, number)
    losses: list[Loss] = []
    written = write_reasoning(plain, beside, losses)
    if written == (thinking, asked) and not losses and not (beside.sampled and _thinks(written[0])):
        return plain
    rest: PlainJson = None
    if thinking is not None:
        rest = {key: value for key, value in thinking.items() if key != "budget_tokens" or number is None}
    return ReasoningSetting(asked, number, JsonObject.wrap({PROVIDER: {"thinking": rest}}))


def _thinks(thinking: ThinkingConfigParam | None) -> bool:
    return thinking is not None and thinking["type"] in ("enabled", "adaptive")


def write_reasoning(setting: ReasoningSetting, beside: Beside, losses: list[Loss]) -> Thought:
    """`thinking` and `output_config.effort`. `losses` begins empty."""
    own = own_extras(setting.extras, losses) if setting.extras else {}
    if own:
        found = _as_it_stood(setting, own, losses)
        thinking = cast("PlainObject | None", found[0])
        if not losses and read_reasoning(thinking, found[1], beside) != setting:
            losses.append(Loss("", "its extras contradict the fields beside them, or say what they can say"))
        return found
    traits = beside.traits
    if setting.effort == "none":
        return _off(setting, traits, losses)
    if setting.budget_tokens is not None:
        effort = _effort(setting.effort, traits, losses) if setting.effort is not None else None
        if traits.thinking_budget:
            return _budget(setting.budget_tokens, beside, losses), effort
        if setting.effort is not None:
            losses.append(Loss(".budget_tokens", "this model takes no budget for its thinking"))
        elif (effort := _asked(effort_of(setting.budget_tokens, _allowed(traits)))) is not None:
            losses.append(Loss("", f"this model knows efforts only: {effort!r} is asked for"))
        else:
            losses.append(Loss("", "this model does not think"))
        return _adaptive(traits), effort
    if setting.effort is None:
        return None, None
    if traits.efforts == ():
        return _as_budget(setting.effort, beside, losses), None
    return _adaptive(traits), _effort(setting.effort, traits, losses)


def _as_it_stood(setting: ReasoningSetting, own: PlainObject, losses: list[Loss]) -> Thought:
    stood = own.pop("thinking", None)
    losses.extend(Loss(f".extras.{PROVIDER}.{key}", "there is no place for it") for key in own)
    thinking = dict(stood) if isinstance(stood, dict) else None
    if thinking is not None and setting.budget_tokens is not None:
        thinking["budget_tokens"] = setting.budget_tokens
    effort = cast("Asked", setting.effort) if setting.effort in EFFORTS else None
    return cast("ThinkingConfigParam | None", thinking), effort  # as it stood, whatever it is


def _off(setting: ReasoningSetting, traits: ModelTraits, losses: list[Loss]) -> Thought:
    if setting.budget_tokens is not None:
        losses.append(Loss(".budget_tokens", "thinking is off"))
    if traits.thinking_off:
        return {"type": "disabled"}, None
    losses.append(Loss(".effort", "this model cannot leave off thinking"))
    return None, None


def _adaptive(traits: ModelTraits) -> ThinkingConfigParam | None:
    return {"type": "adaptive"} if traits.adaptive_thinking else None


_ASKED: Final[tuple[Asked, ...]] = ("low", "medium", "high", "xhigh", "max")


def _effort(effort: Effort, traits: ModelTraits, losses: list[Loss]) -> Asked | None:
    """The effort; or else the next lower that the model has, or its lowest."""
    found = _asked(nearest(effort, _allowed(traits)))
    if found != effort:
        instead = f"; {found!r} is asked for" if found is not None else ""
        losses.append(Loss(".effort", f"this model has no effort {effort!r}{instead}"))
    return found


def _allowed(traits: ModelTraits) -> list[Asked]:
    return [one for one in _ASKED if traits.efforts is None or one in traits.efforts]


def _asked(effort: Effort | None) -> Asked | None:
    return next((one for one in _ASKED if one == effort), None)


_SMALLEST_BUDGET: Final = 1024


def _unthinkable(beside: Beside) -> str | None:
    """Why no budget can be given."""
    if beside.forced:
        return "a budget for thinking does not go with a forced tool call"
    return "a budget for thinking does not go with a prefill" if beside.prefilled else None


def _budget(budget: int, beside: Beside, losses: list[Loss]) -> ThinkingConfigParam | None:
    """The budget; or else the nearest that this request can have."""
    if (reason := _unthinkable(beside)) is not None:
        losses.append(Loss(".budget_tokens", f"{reason}: no thinking is asked for"))
        return None
    limit = beside.max_tokens if beside.max_tokens is not None else beside.traits.max_output_tokens
    if limit is not None and limit <= _SMALLEST_BUDGET:
        losses.append(Loss(".budget_tokens", "the limit leaves no room for thinking: none is asked for"))
        return None
    most = budget if limit is None or budget < limit else max(limit // 2, _SMALLEST_BUDGET)
    asked = max(most, _SMALLEST_BUDGET)
    if asked != budget:
        losses.append(
            Loss(
                ".budget_tokens",
                f"has to be at least {_SMALLEST_BUDGET}, and below the limit: {asked} are asked for",
            )
        )
    return {"type": "enabled", "budget_tokens": asked}


def _as_budget(effort: Effort, beside: Beside, losses: list[Loss]) -> ThinkingConfigParam | None:
    """A budget in place of an effort, at most half of the answer."""
    traits, limit = beside.traits, beside.max_tokens
    room = (limit if limit is not None else traits.filled_max_tokens) // 2
    budget = min(BUDGETS.get(effort, 0), room)
    if not traits.thinking_budget or budget < _SMALLEST_BUDGET:
        losses.append(Loss(".effort", "this model, or this limit, has no room for thinking"))
        return None
    if (reason := _unthinkable(beside)) is not None:
        losses.append(Loss(".effort", f"{reason}: no thinking is asked for"))
        return None
    losses.append(Loss("", f"this model knows budgets only: {budget} tokens are asked for"))
    return {"type": "enabled", "budget_tokens": budget}
