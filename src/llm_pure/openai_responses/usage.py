"""Token counts, in both directions.

Law: a count that was not reported is None; one that is negative, or no whole number, is malformed, and every other one
counts. Input includes what was cached, output what was thought, as in our own counts. What we do not count stays under
`usage` in the extras.
"""

from __future__ import annotations

from typing import Final

from llm_pure.json import JsonError
from llm_pure.reading import PlainObject, take_count, within
from llm_pure.response import NO_USAGE, Usage

__all__ = ["take_usage", "write_usage"]

_IN: Final = "input_tokens_details"
_OUT: Final = "output_tokens_details"


def take_usage(body: PlainObject) -> tuple[Usage, JsonError | None]:
    """The usage of an answer, taken out of `body`, and what is wrong with it."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        if usage is None:
            body.pop("usage", None)
        return NO_USAGE, None
    problems: list[JsonError] = []
    given, made = take_count(usage, "input_tokens", problems), take_count(usage, "output_tokens", problems)
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
    if not usage:
        del body["usage"]
    problem = within(problems[0], ".usage") if problems else None
    return Usage(given, made, read, written, thought), problem


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
