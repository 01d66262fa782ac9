"""`Outcome[T]`: a `returns` Result that a type checker narrows in `match`.

`Result[T, E]` matched with `case Success(value)` gives `value: Any` under mypy and is never exhaustive. The
union of its two classes narrows and is; it is a `Result` all the same, with every method and every law of one.
The methods fall back to `Result`, so `mapped`, `then` and `outcome` give an `Outcome` back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar, cast

from returns.result import Failure, Result, Success

from llm_pure.errors import LlmError

__all__ = ["Outcome", "mapped", "outcome", "then"]

T = TypeVar("T")
U = TypeVar("U")

Outcome: TypeAlias = Success[T] | Failure[LlmError]


def mapped(value: Outcome[T], function: Callable[[T], U]) -> Outcome[U]:
    """`function` applied to what succeeded."""
    if isinstance(value, Success):
        return Success(function(value.unwrap()))
    return value


def then(value: Outcome[T], function: Callable[[T], Outcome[U]]) -> Outcome[U]:
    """`function`, which may itself fail, applied to what succeeded."""
    if isinstance(value, Success):
        return function(value.unwrap())
    return value


def outcome(result: Result[T, LlmError]) -> Outcome[T]:
    """The same value, typed so that `match` narrows."""
    return cast("Outcome[T]", result)  # a Result is always one of its two classes
