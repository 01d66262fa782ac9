"""Two pieces of JSON data side by side, for people.

Law: equal data has no difference; different data has one that shows every line that differs, and some around it.
"""

from __future__ import annotations

import json
from difflib import unified_diff

from llm_pure import PlainJson
from llm_pure.json import JsonError, parse_json

__all__ = ["difference", "readable"]


def difference(recorded: PlainJson, now: PlainJson) -> str:
    """A unified diff of both, a value a line; bodies that are JSON are shown as such."""
    lines = unified_diff(_lines(recorded), _lines(now), "recorded", "now", lineterm="", n=3)
    return "\n".join(lines)


def _lines(value: PlainJson) -> list[str]:
    if value is None:
        return []
    text = json.dumps(readable(value), ensure_ascii=False, indent=2, sort_keys=True)
    # Without commas: the last item of a list would differ from itself once another follows.
    return [line.removesuffix(",") for line in text.splitlines()]


def readable(value: PlainJson) -> PlainJson:
    """The data with every text that is a JSON object or array opened, and other texts as their lines."""
    if isinstance(value, dict):
        return {name: readable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if not isinstance(value, str):
        return value
    if value[:1] in {"{", "["}:
        try:
            return parse_json(value)
        except JsonError:
            pass
    if "\n" not in value:
        return value
    return [*value.splitlines(keepends=True)]
