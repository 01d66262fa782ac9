"""Token counts, in both directions.

Law: a count that was not reported is None; one that is negative, or no whole number, is malformed. Input includes what
was cached, output what was thought, as in our own counts. What we do not count stays under `usage` in the extras.
"""

from __future__ import annotations

from typing import Final

from llm_pure.json import JsonError
from llm_pure.reading import PlainObject, count_or_none, count_within, within
from llm_pure.response import NO_USAGE, Usage

__all__ = ["take_usage", "write_usage"]

_IN: Final = "input_tokens_details"
_OUT: Final = "output_tokens_details"


def take_usage(body: PlainObject) -> Usage:
    """The usage of an answer, taken out of `body`. Raises `JsonError`, and then has changed nothing."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        if usage is None:
            body.pop("usage", None)
        return NO_USAGE
    inner, outer = usage.get(_IN), usage.get(_OUT)
    try:
        given, made = count_or_none(usage, "input_tokens"), count_or_none(usage, "output_tokens")
        read = written = thought = None
        if isinstance(inner, dict):
            read = count_within(inner, "cached_tokens", _IN)
            written = count_within(inner, "cache_write_tokens", _IN)
        if isinstance(outer, dict):
            thought = count_within(outer, "reasoning_tokens", _OUT)
    except JsonError as error:
        raise within(error, ".usage") from None
    # Nothing is wrong with it: now it may be taken apart.
    if given is not None and made is not None and usage.get("total_tokens") == given + made:
        del usage["total_tokens"]
    _drop(usage, "input_tokens", "output_tokens")
    if isinstance(inner, dict):
        _drop(inner, "cached_tokens", "cache_write_tokens")
        if not inner:
            del usage[_IN]
    if isinstance(outer, dict):
        _drop(outer, "reasoning_tokens")
        if not outer:
            del usage[_OUT]
    if not usage:
        del body["usage"]
    return Usage(given, made, read, written, thought)


def _drop(data: PlainObject, *keys: str) -> None:
    for key in keys:
        data.pop(key, None)


def write_usage(usage: Usage, body: PlainObject) -> None:
    """Write the usage into `body`, which holds what `take_usage` had left of it."""
    there = body.get("usage")
    if usage == NO_USAGE and not isinstance(there, dict):
        return
    said: PlainObject = {}
    counts = (
        ("input_tokens", usage.input_tokens, None),
        ("cached_tokens", usage.cache_read_tokens, _IN),
        ("cache_write_tokens", usage.cache_write_tokens, _IN),
        ("output_tokens", usage.output_tokens, None),
        ("reasoning_tokens", usage.reasoning_tokens, _OUT),
    )
    for key, value, under in counts:
        if value is None:
            continue
        if under is None:
            said[key] = value
            continue
        details = said.setdefault(under, {})
        if isinstance(details, dict):
            details[key] = value
    if usage.input_tokens is not None and usage.output_tokens is not None:
        said["total_tokens"] = usage.input_tokens + usage.output_tokens
    for key, item in there.items() if isinstance(there, dict) else ():
        mine = said.get(key)
        said[key] = {**mine, **item} if isinstance(mine, dict) and isinstance(item, dict) else item
    body["usage"] = said
