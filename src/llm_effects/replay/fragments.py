"""Texts that several events of a stream make.

Law: strings that stand at the same place of their events, by the fields that number blocks and items, are one text in
the order of the stream. A cut is given in places of the text as it was, and made in the events.
"""

from __future__ import annotations

from typing import Final

from llm_pure.json import PlainJson

__all__ = ["Fragment", "fragments_of"]

_FRAGMENTS: Final = frozenset(
    (
        "arguments",
        "content",
        "delta",
        "input",
        "partial_json",
        "reasoning",
        "reasoning_content",
        "reasoning_text",
        "refusal",
        "text",
        "thinking",
    )
)
"""Fields of which one text is made over several events."""


class Fragment:
    """A string within an event. Cuts are given in places of the text as it was."""

    __slots__ = ("_cuts", "_key", "_within", "length", "text")

    def __init__(self, within: dict[str, PlainJson], key: str, text: str) -> None:
        self._within: Final = within
        self._key: Final = key
        self._cuts: list[tuple[int, int, str]] = []
        self.text: Final = text
        self.length: Final = len(text)

    def cut(self, start: int, end: int, mark: str) -> None:
        """Put a mark in the place of a part of it, after those that were cut before."""
        self._cuts.append((start, end, mark))
        text = self.text
        for first, last, instead in reversed(self._cuts):
            text = text[:first] + instead + text[last:]
        self._within[self._key] = text


def fragments_of(events: list[PlainJson]) -> dict[tuple[str, ...], list[Fragment]]:
    """The strings that make one text, by where they stand."""
    found: dict[tuple[str, ...], list[Fragment]] = {}

    def look(value: PlainJson, path: tuple[str, ...]) -> None:
        if isinstance(value, list):
            for item in value:
                look(item, path)
        elif isinstance(value, dict):
            where = path + tuple(
                f"{key}={value[key]}"
                for key in ("type", "index", "output_index", "content_index")
                if key in value
            )
            for key, item in value.items():
                if isinstance(item, str) and key in _FRAGMENTS:
                    found.setdefault((*where, key), []).append(Fragment(value, key, item))
                else:
                    look(item, (*where, key))

    for event in events:
        look(event, ())
    return found
