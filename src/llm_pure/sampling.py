"""Which sampling parameters go out to one of OpenAI's models.

Law: a parameter that the model refuses is a loss, unless it is the model's default, which it takes all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from llm_pure.completion import Completion
from llm_pure.errors import Loss
from llm_pure.models import ModelTraits

__all__ = ["sampled"]

_DEFAULTS: Final[Mapping[str, float]] = MappingProxyType(
    {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
)


def sampled(
    name: str, value: float | None, completion: Completion, traits: ModelTraits, losses: list[Loss]
) -> float | None:
    """The parameter as it is sent; None where there is none, or the model refuses it."""
    if value is None or _is_sampled(completion, traits) or value == _DEFAULTS.get(name):
        return value
    losses.append(Loss(f"$.{name}", "this model refuses sampling parameters"))
    return None


def _is_sampled(completion: Completion, traits: ModelTraits) -> bool:
    """Whether the model takes sampling parameters. What an effort decides that nobody names is not ours to say."""
    if traits.sampling or not traits.sampling_unreasoned:
        return traits.sampling
    effort = completion.reasoning.effort if completion.reasoning is not None else None
    return effort in (None, "none")
