"""Token counts, in both directions.

Law: a count that was not reported is None. The first place that has a number counts; what stands at other places
is kept where it was, and goes back there. A count that is negative, or no whole number, is malformed; it stays where
it was, and every other one counts.
"""

from __future__ import annotations

from typing import Final

from llm_pure.json import JsonError, PlainJson
from llm_pure.reading import PlainObject, take_count, within
from llm_pure.response import NO_USAGE, Usage

__all__ = ["take_usage", "write_usage"]

_IN: Final = "prompt_tokens_details"
_OUT: Final = "completion_tokens_details"

_CACHE_READ: Final = (
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "num_cached_tokens",
)
_CACHE_WRITE: Final = ("cache_creation_input_tokens",)
_REASONING: Final = ("reasoning_tokens",)
"""Where imitators report what OpenAI reports in the details."""


def take_usage(body: PlainObject) -> tuple[Usage, JsonError | None]:
    """The usage of an answer, and what is wrong with it. What it says is taken out of `body`; counters that we do not
    model stay under `usage`.
    """
    problems: list[JsonError] = []
    usage = body.get("usage")
    found = _take(usage, problems) if isinstance(usage, dict) else NO_USAGE
    if not usage:
        body.pop("usage", None)
    if found == NO_USAGE and not (usage and isinstance(usage, dict)):
        elsewhere = _elsewhere(body)
        found = NO_USAGE if elsewhere is None else _take(_copy(elsewhere), problems)
    return found, within(problems[0], ".usage") if problems else None


def _elsewhere(body: PlainObject) -> PlainObject | None:
    """Usage at the places where only some servers have it. It stays there."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    for holder in (body.get("x_groq"), choice):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict):
            return usage
    return None


def _take(usage: PlainObject, problems: list[JsonError]) -> Usage:
    given = take_count(usage, "prompt_tokens", problems)
    made = take_count(usage, "completion_tokens", problems)
    if given is not None and made is not None and usage.get("total_tokens") == given + made:
        del usage["total_tokens"]
    inner, outer = usage.get(_IN), usage.get(_OUT)
    read = written = thought = None
    if isinstance(inner, dict):
        read = take_count(inner, "cached_tokens", problems, "." + _IN)
        written = take_count(inner, "cache_write_tokens", problems, "." + _IN)
        if not inner:
            del usage[_IN]
    if isinstance(outer, dict):
        thought = take_count(outer, "reasoning_tokens", problems, "." + _OUT)
        if not outer:
            del usage[_OUT]
    return Usage(
        given,
        made,
        read if read is not None else _first(usage, _CACHE_READ),
        written if written is not None else _first(usage, _CACHE_WRITE),
        thought if thought is not None else _first(usage, _REASONING),
    )


def _first(usage: PlainObject, names: tuple[str, ...]) -> int | None:
    for name in names:
        value = usage.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def write_usage(usage: Usage, body: PlainObject) -> None:
    """Write the usage into `body`, which holds what `take_usage` had left of it."""
    there = body.get("usage")
    elsewhere = None if isinstance(there, dict) else _elsewhere(body)
    if elsewhere is not None and _take(_copy(elsewhere), []) == usage:
        return
    if usage == NO_USAGE and not isinstance(there, dict):
        return
    said: PlainObject = {}
    if usage.input_tokens is not None:
        said["prompt_tokens"] = usage.input_tokens
    if usage.output_tokens is not None:
        said["completion_tokens"] = usage.output_tokens
    if usage.input_tokens is not None and usage.output_tokens is not None:
        said["total_tokens"] = usage.input_tokens + usage.output_tokens
    rest = there if isinstance(there, dict) else {}
    said.update(rest)
    if usage.cache_read_tokens != _first(rest, _CACHE_READ):
        _detailed(said, _IN, "cached_tokens", usage.cache_read_tokens)
    if usage.cache_write_tokens != _first(rest, _CACHE_WRITE):
        _detailed(said, _IN, "cache_write_tokens", usage.cache_write_tokens)
    if usage.reasoning_tokens != _first(rest, _REASONING):
        _detailed(said, _OUT, "reasoning_tokens", usage.reasoning_tokens)
    body["usage"] = said


def _detailed(usage: PlainObject, under: str, key: str, value: int | None) -> None:
    details = usage.get(under)
    usage[under] = {key: value, **(details if isinstance(details, dict) else {})}


def _copy(usage: PlainObject) -> PlainObject:
    """Deep enough that taking it apart changes nothing."""
    found: PlainObject = {}
    for key, value in usage.items():
        item: PlainJson = {**value} if isinstance(value, dict) else value
        found[key] = item
    return found
