"""A second look at what is going to be written.

Law: it looks at the text as it stands, at every string in it, and at the texts that the events of a stream make; for
the shapes of secrets, and for those that the exchange had in other spellings. It changes nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote

from llm_effects.replay.bodies import json_of
from llm_effects.replay.fragments import fragments_of
from llm_effects.replay.interactions import Interaction
from llm_effects.replay.secrets import Scrubber
from llm_pure.json import JsonError, PlainJson

__all__ = ["shapes_in", "strings_of"]


@cache
def _spellings(value: str) -> tuple[str, ...]:
    """A secret as it may stand in a file: as it is, in a URL, in base64."""
    return tuple({value, quote(value, safe=""), b64encode(value.encode("utf-8", "surrogatepass")).decode()})


def shapes_in(text: str, scrubber: Scrubber) -> Iterator[tuple[str, int]]:
    """The kinds of secrets that a text holds, and the lines in which they begin, from 1."""
    for one in scrubber.found(text):
        yield one.kind, text.count("\n", 0, one.start) + 1
    for value in scrubber.known:
        for spelling in _spellings(value):
            if spelling != value and spelling in text:
                yield "secret", text.count("\n", 0, text.index(spelling)) + 1


def strings_of(interactions: Iterable[Interaction]) -> Iterator[str]:
    """Every text that interactions hold: bodies by their strings, and the texts that the events of a stream make."""
    for interaction in interactions:
        yield interaction.request.uri
        answer = interaction.answer
        bodies = [interaction.request.body] if answer is None else [interaction.request.body, answer.body]
        for body in bodies:
            yield body.decode("utf-8", "replace")
            yield from _strings(json_of(body))
        if answer is not None and answer.streams:
            data = [
                json_of(line[5:].strip()) for line in answer.body.split(b"\n") if line.startswith(b"data:")
            ]
            events = [event for event in data if not isinstance(event, JsonError)]
            yield from (text for event in events for text in _strings(event))
            for fragments in fragments_of(events).values():
                yield "".join(fragment.text for fragment in fragments)


def _strings(value: PlainJson | JsonError) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
