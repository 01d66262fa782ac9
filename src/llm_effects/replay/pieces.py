"""In which pieces a replayed stream is handed over.

Law: the pieces joined are the body, none is empty, and the same seed gives the same pieces. Borders fall anywhere, in
the midst of a line or of a character, as they do on a network.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal, TypeAlias

from llm_effects.replay.interactions import Answer

__all__ = ["Pieces", "pieces_of"]

Pieces: TypeAlias = Literal["random", "recorded", "whole"]

_SIZES = (1, 2, 3, 7, 30, 150, 600)
"""Upper bounds of sizes, each as likely as the others: single bytes and several events at once."""


def pieces_of(answer: Answer, how: Pieces, seed: str) -> Iterator[bytes]:
    """The body in pieces. Only a stream comes in several, or whatever has recorded ones."""
    if how == "random" and answer.streams:
        chance = random.Random(seed)
        sizes = iter(lambda: chance.randint(1, chance.choice(_SIZES)), 0)
    elif how == "recorded" and answer.pieces:
        sizes = iter(answer.pieces)
    else:
        sizes = iter((len(answer.body) or 1,))
    at = 0
    for size in sizes:
        if at >= len(answer.body):
            return
        yield answer.body[at : at + size]
        at += size
