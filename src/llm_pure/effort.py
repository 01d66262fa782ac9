"""Efforts and budgets of thinking, and what stands for what where a model knows one of them only.

Law: what is asked for instead is never more than what was asked, unless the model has nothing so small.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from llm_pure.completion import EFFORTS, Effort, ReasoningSetting
from llm_pure.errors import Loss
from llm_pure.models import ModelTraits

__all__ = ["BUDGETS", "ORDER", "effort_for", "effort_of", "nearest"]

BUDGETS: Final[Mapping[Effort, int]] = MappingProxyType(
    {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_000, "max": 48_000}
)
"""The budget, in tokens, that stands for an effort."""
ORDER: Final[tuple[Effort, ...]] = tuple(EFFORTS.values())
"""The efforts, from none to most."""


def nearest(effort: Effort, allowed: Collection[Effort] | None) -> Effort | None:
    """The effort if it is allowed (None: all are); else the next lower one, or the lowest. None where none is."""
    if allowed is None or effort in allowed:
        return effort
    rank = ORDER.index(effort) if effort in ORDER else 0
    known: list[Effort] = [one for one in ORDER if one in allowed]
    lower: list[Effort] = [one for one in known if ORDER.index(one) < rank]
    return next(iter(lower[-1:] or known), None)


def effort_of(budget: int, allowed: Collection[Effort] | None) -> Effort | None:
    """The allowed effort that thinks no more than the budget, or the lowest that thinks. None where none does."""
    thinking: list[Effort] = [one for one in BUDGETS if allowed is None or one in allowed]
    fitting: list[Effort] = [one for one in thinking if BUDGETS[one] <= budget]
    return next(iter(fitting[-1:] or thinking), None)


def effort_for(
    setting: ReasoningSetting, traits: ModelTraits, losses: list[Loss], called: str
) -> Effort | None:
    """The effort that says the setting to a model, for a wire format (`called` so) that knows efforts only."""
    asked, budget = setting.effort, setting.budget_tokens
    if asked is not None:
        if budget is not None:
            losses.append(Loss("$.reasoning.budget_tokens", f"{called} knows efforts, no budget of tokens"))
        found = nearest(asked, traits.efforts)
        if found != asked:
            instead = f"; {found!r} is asked for" if found is not None else ""
            losses.append(Loss("$.reasoning.effort", f"this model has no effort {asked!r}{instead}"))
        return found
    if budget is None:
        return None
    # Of a model that nobody knows nothing is guessed.
    found = effort_of(budget, traits.efforts) if traits.efforts is not None else None
    if found is None:
        losses.append(Loss("$.reasoning.budget_tokens", f"{called} knows efforts, no budget of tokens"))
    else:
        losses.append(
            Loss("$.reasoning", f"{called} knows efforts, no budget of tokens: {found!r} is asked for")
        )
    return found
