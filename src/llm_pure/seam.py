"""Where one segment of an answer meets the next: what the second repeats of the first is taken away, once.

Law: a seam is decided once, from left to right, by the texts on both sides alone; fed in any pieces it gives the text
that it gives for the whole. It only ever takes from the beginning of `next`; what was said before is never changed.

    the model was                 what it repeats                           what is taken
    ----------------------------  ----------------------------------------  -----------------------------------------
    given its text to continue    the white space that was cut off          the longest overlap with that white space
    (a prefill)                   for the prefill
    asked for the rest (a nudge)  the end of what it had said, or all       the longest overlap, if it is credible
                                  of it, from its beginning
                                  all of it again, and cut short again      everything, if it is long enough
                                  the word that was cut in two              the word's first half

An overlap is credible from 12 characters on, if it does not consist of a repeated pattern and does not repeat what
stood right before it: in a table or a list the next row often begins like the last one ended. A word's half is taken
from 3 letters on, and only where letters follow it, as in "Par" and "Paris is".

What this cannot see: a repetition in other words; one shorter than this; white space that the model left out at the
seam; two equal lines that are meant, cut apart right between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from llm_pure.brief import Brief

__all__ = ["SeamState", "seam", "seam_end", "seam_feed", "seam_start", "seam_whole"]


@dataclass(frozen=True, slots=True, repr=False)
class SeamState(Brief):
    """A seam that is being decided. `held` is text that is held back until then; afterwards everything flows."""

    text: str = ""
    kind: Literal["nudge", "prefill", "decided"] = "decided"
    held: str = ""
    at: int = 0
    """The first place in `text` that `held` may be repeating; -1: there is none."""


_DECIDED = SeamState()
_CREDIBLE = 12
_WORD = 3


def seam_start(text_so_far: str, *, cut: str | None = None) -> SeamState:
    """The seam after `text_so_far`. `cut` is the white space at its end that was not sent along as a prefill; None: the
    text was not sent to be continued, but the rest was asked for."""
    kind: Literal["nudge", "prefill"] = "nudge" if cut is None else "prefill"
    text = text_so_far if cut is None else cut
    return SeamState(text, kind) if text else _DECIDED


def seam(text_so_far: str, next: str, *, cut: str | None = None) -> str:  # noqa: A002 - it is the next text
    """What of `next` is to be appended to `text_so_far`."""
    return seam_whole(seam_start(text_so_far, cut=cut), next)


def seam_whole(state: SeamState, text: str) -> str:
    """All that a text gives at a seam."""
    state, out = seam_feed(state, text)
    return out + seam_end(state)[1]


def seam_feed(state: SeamState, delta: str) -> tuple[SeamState, str]:
    """More text; the answer is what may go on."""
    if state.kind == "decided" or not delta:
        return state, delta
    held = state.held + delta
    # As long as the text held is found before the last place, it may go on until the end, and be an overlap.
    at = state.at
    if not (
        at >= 0 and state.text.startswith(delta, at + len(state.held)) and at + len(held) < len(state.text)
    ):
        at = state.text.find(held, at, len(state.text) - 1) if at >= 0 else -1
    if at >= 0 or (state.kind == "nudge" and held == _cut_word(state.text)):
        return replace(state, held=held, at=at), ""
    return _DECIDED, held[_repeated(state, held) :]


def seam_end(state: SeamState) -> tuple[SeamState, str]:
    """The text has ended; the answer is what was held and is no repetition."""
    if state.kind == "nudge" and len(state.held) >= _CREDIBLE and state.text.startswith(state.held):
        return _DECIDED, ""
    return _DECIDED, state.held[_repeated(state, state.held) :]


def _repeated(state: SeamState, text: str) -> int:
    """How many characters of `text` repeat what was said."""
    said = state.text
    if state.kind == "prefill":
        return _overlap(said, text, 1)
    overlap = _overlap(said, text, _CREDIBLE)
    if overlap and not _is_pattern(repeated := text[:overlap]) and not said.endswith(repeated, 0, -overlap):
        return overlap
    word = _cut_word(said)
    if word and text.startswith(word) and text[len(word) : len(word) + 1].isalpha() and not _is_pattern(word):
        return len(word)
    return 0


def _overlap(said: str, text: str, least: int) -> int:
    """The length of the longest end of `said` that `text` begins with, 0 if it is less than `least`."""
    for at in _places(said, text[:least], max(0, len(said) - len(text))) if len(text) >= least else ():
        if text.startswith(said[at:]):
            return len(said) - at
    return 0


def _is_pattern(text: str) -> bool:
    """Whether the text is something shorter, repeated at least twice, the last time perhaps not whole."""
    periods = _places(text, text[: min(_WORD, len(text) // 2)], 1)
    return any(2 * period <= len(text) and text.startswith(text[period:]) for period in periods)


def _places(text: str, piece: str, start: int) -> Iterator[int]:
    while (start := text.find(piece, start)) >= 0:
        yield start
        start += 1


def _cut_word(said: str) -> str:
    """The letters at the end of `said`, if they are enough to be recognised."""
    start = len(said)
    while start and said[start - 1].isalpha():
        start -= 1
    return said[start:] if len(said) - start >= _WORD else ""
