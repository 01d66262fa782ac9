"""Bytes that are almost right: a seed, changed where its format has joints.

Law: the same seed and the same chance give the same mutant. JSON stays JSON, mostly: a value becomes another that
stands elsewhere or that nobody expects, a key goes, comes twice or gets another's name. A stream's events go, double,
change places. Any bytes are cut, turned, doubled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, cast

from llm_pure.json import PlainJson

__all__ = ["mutant"]

# fmt: off
_ODD: Final[tuple[str, ...]] = (
    "null", "true", "false", "0", "-1", "1", "-0.0", "0.5", "1e308", "1e999", "-1e999", "NaN", "Infinity",
    "9007199254740993", "9" * 30, "9" * 400, "9" * 5000, '""', '" "', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"',
    '"\\u2028"', '"{}"', '"["', '"x"', '"end_turn"', '"tool_use"', '"text"', '"stop"', '"length"', '"completed"',
    '"error"', '"thinking"', '"image"', '"message"', "[]", "{}", "[[]]", "[{}]", '{"type": "text"}',
    '{"type": "text", "text": null}', '{"": {"": ""}}', '{"type": {}}', '{"a": 1, "a": 2}', "[" * 150 + "]" * 150,
    "[" * 3000 + "]" * 3000, '{"a":' * 300 + "1" + "}" * 300, "[1,]", "'x'", "",
)
# fmt: on
"""What may stand anywhere, as JSON text: some of it is none."""
_TEXTS: Final = ("", "\ud800", "\x00", '"', "é", "\r\n", "data: ", "sk-abcdefgh", "x" * 600)
_LINES: Final = (
    b": ping",
    b"event: unknown\ndata: {}",
    b"data: [DONE]",
    b"data:",
    b"\xff",
    b"id: 7",
    b"event: error",
)
_PLACE: Final = "\x01place\x01"


def mutant(seeds: Sequence[bytes], chance: Random) -> bytes:
    """One of the seeds, changed once to four times."""
    data = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 2, 4))):
        data = chance.choice(_WAYS)(data, seeds, chance)
    return data


def _json(data: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    try:
        value: PlainJson = json.loads(data)
    except (ValueError, RecursionError):
        return _events(data, seeds, chance)
    places = list(_places(value))
    if not places:
        return chance.choice(_ODD).encode()
    return _changed(value, places, chance).encode("utf-8", "surrogatepass")


Place = tuple[dict[str | int, PlainJson], str | int]
"""What holds a value, and under which key; a list is one whose keys are numbers."""


def _places(value: PlainJson) -> list[Place]:
    """Each place in a document."""
    found: list[Place] = []
    left = [value]
    while left:
        here = left.pop()
        if isinstance(here, dict | list):
            holder = cast("dict[str | int, PlainJson]", here)
            keys: list[str | int] = [*here] if isinstance(here, dict) else [*range(len(here))]
            found += [(holder, key) for key in keys]
            left += [holder[key] for key in keys]
    return found


def _changed(value: PlainJson, places: list[Place], chance: Random) -> str:
    holder, key = chance.choice(places)
    old, new, how = holder[key], chance.choice(_ODD), chance.randrange(6)
    planted = new
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(key, str):
        holder[str(chance.choice(places)[1])] = holder.pop(key)
    elif how == 2:
        other, there = chance.choice(places)
        # A copy, or a place inside itself would never end.
        holder[key] = json.loads(json.dumps(other[there]))
    elif how == 3 and isinstance(old, str):
        at = chance.randrange(len(old) + 1)
        holder[key] = old[:at] + chance.choice(_TEXTS) + old[at + 1 :]
        return json.dumps(value, ensure_ascii=chance.random() < 0.5)
    else:
        holder[key] = _PLACE
        if how == 4 and isinstance(key, str):
            planted = f"{new or 0}, {json.dumps(key)}: {new or 0}"
    return json.dumps(value).replace(json.dumps(_PLACE), planted, 1)


def _events(data: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """Of a stream, or of lines: parts go, come twice, change places, end otherwise, or change inside."""
    between = chance.choice((b"\n\n", b"\n"))
    parts = data.split(between)
    at, there = chance.randrange(len(parts)), chance.randrange(len(parts))
    how = chance.randrange(7)
    if how == 0:
        del parts[at]
    elif how == 1:
        parts.insert(there, parts[at])
    elif how == 2:
        parts[at], parts[there] = parts[there], parts[at]
    elif how == 3:
        parts[at] = chance.choice(
            (
                b": ping",
                b"event: unknown\ndata: {}",
                b"data: [DONE]",
                b"data:",
                b"\xff",
                b"id: 7",
                b"event: error",
            )
        )
    elif how == 4:
        return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n")))
    else:
        head, mark, body = parts[at].partition(b"data: ")
        if not mark:
            head, body = b"", parts[at]
        try:
            value: PlainJson = json.loads(body)
        except (ValueError, RecursionError):
            return _bytes(data, seeds, chance)
        places = _places(value)
        if places:
            parts[at] = head + mark + _changed(value, places, chance).encode("utf-8", "surrogatepass")
    return between.join(parts)


def _bytes(data: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    at, there = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    other = chance.choice(seeds)
    some = bytes(
        chance.choices(b'\x00\xff"{}[],:\\\n\r \xed\xa0\x80\xef\xbb\xbf9-e', k=chance.randrange(1, 5))
    )
    return chance.choice(
        (
            data[:at],
            data[at:],
            data[:at] + data[there:],
            data[:there] + data[at:],
            data[:at] + some + data[at:],
            data[:at] + some + data[at + len(some) :],
            data[:at] + other[len(other) * at // (len(data) + 1) :],
            data[: at - 1] + bytes([data[at - 1] ^ (1 << chance.randrange(8))]) + data[at:] if at else some,
        )
    )


_WAYS: Final[tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...]] = (
    _json,
    _json,
    _json,
    _events,
    _bytes,
)
