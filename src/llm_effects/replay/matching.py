"""Which recorded request a request is.

Law: two requests are the same when their method, path, query and body are, the body compared as JSON, to the type (1 is
neither true nor 1.0), blind to the order of keys; scheme, host, port and headers do not matter. What is not JSON is
compared by its bytes, a form with files without the boundary that each request draws anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from llm_effects.replay.bodies import indented, json_of
from llm_effects.replay.interactions import Request
from llm_pure.json import JsonError, PlainJson, canonical_json, dump_json

__all__ = ["Key", "difference", "key_of", "nearest"]

Key = tuple[str, str, tuple[tuple[str, str], ...], bytes]

_BOUNDARY: Final = re.compile(r"multipart/.*boundary=\"?([^\";]+)", re.IGNORECASE)


def key_of(request: Request) -> Key:
    """What two requests share exactly when they are the same."""
    return request.method.upper(), request.path, _query(request), _content(request)


def _query(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(parse_qsl(request.query, keep_blank_values=True)))


def _content(request: Request) -> bytes:
    value = json_of(request.body)
    if not isinstance(value, JsonError):
        return b"json " + canonical_json(value)
    boundary = _BOUNDARY.match(request.header("content-type"))
    body = request.body
    if boundary is not None:
        body = body.replace(boundary[1].encode("latin-1", "replace"), b"boundary")
    return b"raw " + body


# ---------------------------------------------------------------- what is nearest, and what differs


def nearest(asked: Request, recorded: Sequence[Request]) -> int | None:
    """The place of the recorded request that has most in common with the one asked; None, if none has its path."""
    leaves = _counted(asked.body)
    best: tuple[int, int] | None = None
    for index, request in enumerate(recorded):
        if (request.method.upper(), request.path) == (asked.method.upper(), asked.path):
            score = (_counted(request.body) & leaves).total()
            if best is None or score > best[0]:
                best = score, index
    return None if best is None else best[1]


@lru_cache(maxsize=2000)  # of a test that asks hundreds of things, hundreds may be missed
def _counted(body: bytes) -> Counter[tuple[str, bytes]]:
    return Counter(_leaves(json_of(body)))


def _leaves(value: PlainJson | JsonError, path: str = "$") -> Iterator[tuple[str, bytes]]:
    if isinstance(value, JsonError):
        return
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, dump_json(value)
        if isinstance(value, str):
            # Of two prompts that both differ, the one with more of the words is nearer.
            words = value.split(None, _WORDS)[:_WORDS]
            yield from ((path, word.encode("utf-8", "replace")) for word in words)


_WORDS: Final = 1000
_LINES: Final = 80
_LONGEST: Final = 300


def difference(asked: Request, recorded: Request) -> str:
    """What differs, as a diff from the recorded request to the one asked: at most 80 lines of 300 characters."""
    return diff(_lines(recorded), _lines(asked), "recorded", "asked")


def diff(old: Sequence[str], new: Sequence[str], old_name: str, new_name: str) -> str:
    lines = list(unified_diff(old, new, old_name, new_name, n=2, lineterm=""))
    shown = [line if len(line) <= _LONGEST else _cut(line) for line in lines[:_LINES]]
    if len(lines) > _LINES:
        shown.append(f"… {len(lines) - _LINES} more lines")
    return "\n".join(shown)


def _cut(line: str) -> str:
    return f"{line[: _LONGEST - 20]}… {len(line)} characters"


def _lines(request: Request) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in _query(request))
    head = f"{request.method.upper()} {request.path}{'?' if query else ''}{query}"
    value = json_of(request.body)
    if not isinstance(value, JsonError):
        # Keys in one order: in which they came is no difference.
        return [head, *indented(_sorted(value)).splitlines()]
    return [head, *request.body.decode("utf-8", "backslashreplace").splitlines()]


def _sorted(value: PlainJson) -> PlainJson:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value
