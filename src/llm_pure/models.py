"""What each model allows: a dated table, plain data, for a caller to extend.

Law: a model that the table does not know gets traits with which nothing is lost and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["ModelTraits", "traits_of"]


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What a model allows, as far as a request depends on it."""

    sampling: bool = True
    """`temperature`, `top_p`, `top_k` may be sent."""
    prefill: bool = False
    """A last assistant message is continued, not answered."""
    max_output_tokens: int | None = None
    """The largest `max_tokens`; also what is filled in where the wire demands one."""


def traits_of(model: str | None, table: Mapping[str, ModelTraits] | None = None) -> ModelTraits:
    """The traits of a model: the entry with the longest prefix of its name."""
    return ModelTraits()
