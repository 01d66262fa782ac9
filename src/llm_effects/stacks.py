"""Stacks of wrappers, in an order that makes sense.

Law: what a stack does is read off its list, innermost first. An order that could only be a mistake is a ValueError
where the stack is written down, long before a request is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from llm_effects.ports import Store
from llm_effects.runner import Runner
from llm_effects.wrappers.cache import with_cache
from llm_effects.wrappers.continuation import with_continuation
from llm_effects.wrappers.retry import with_retry
from llm_pure import ContinuationPolicy, RetryPolicy

__all__ = ["Wrapper", "compose", "standard"]

Wrapper: TypeAlias = Callable[[Runner], Runner]

_NEVER: Final[tuple[tuple[str, str, str], ...]] = (
    # inner          around it       why not
    ("retry", "retry", "retries would multiply"),
    ("continuation", "continuation", "rounds would multiply"),
    ("stop_sequence", "stop_sequence", "the stop sequence would be appended twice"),
    ("prefill_echo", "prefill_echo", "the prefill would be echoed twice"),
    ("continuation", "retry", "a failed segment would repeat all segments before it"),
    ("prefill_echo", "continuation", "every segment would echo the ones before it"),
    ("stop_sequence", "continuation", "a stop sequence would stand in the middle of the answer"),
    ("cache", "continuation", "segments would be looked up, and whole answers never stored"),
    ("cache", "retry", "the store would be asked again for every attempt"),
    ("repair", "repair", "rounds would multiply"),
    ("repair", "retry", "a failed round would repeat all rounds before it"),
    ("repair", "continuation", "an answer would be judged before it is whole"),
    ("repair", "prefill_echo", "the echo would stand before an answer that was given anew"),
    ("cache", "repair", "answers that do not fit would be stored"),
)


def compose(leaf: Runner, *wrappers: Wrapper) -> Runner:
    """The leaf in its wrappers, innermost first: `compose(leaf, with_retry(), with_continuation(), with_cache(store))`.

    Raises ValueError for an order that makes no sense.
    """
    runner = leaf
    for wrapper in wrappers:
        runner = wrapper(runner)
    layers = runner.layers
    for inner, outer, reason in _NEVER:
        if inner in layers and outer in layers[layers.index(inner) + 1 :]:
            raise ValueError(f"{outer} around {inner}: {reason}")
    return runner


def standard(
    leaf: Runner,
    *,
    retries: int = 0,
    retry_backoff: float = 1.0,
    continues: int = 0,
    cache: Store | None = None,
) -> Runner:
    """The usual stack, in the right order: `retries` further attempts, the first after about `retry_backoff` seconds;
    `continues` rounds for an answer that was cut off; and a cache around both."""
    if retries < 0 or continues < 0:
        raise ValueError(f"retries and continues are counts, not {retries} and {continues}")
    wrappers: list[Wrapper] = []
    if retries:
        wrappers.append(with_retry(RetryPolicy(max_attempts=retries + 1, base_delay=retry_backoff)))
    if continues:
        wrappers.append(with_continuation(ContinuationPolicy(max_rounds=continues)))
    if cache is not None:
        wrappers.append(with_cache(cache))
    return compose(leaf, *wrappers)
