"""The ids of tool calls.

Law: on the wire each call has an id of its own that fits the pattern `[a-zA-Z0-9_-]+`, and its result has the same.
`wire_id` is injective, and `own_id` undoes it. A conversation may hold an id twice (some servers count anew in each
answer): the calls are told apart by their turn, and results belong to them in order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["CallIds", "own_id", "wire_id"]

_FITS = re.compile(r"[a-zA-Z0-9_-]+")
_ESCAPED: Final = "hex_"


@lru_cache(maxsize=1024)
def wire_id(own: str, turn: int = 1) -> str:
    """An id that fits: itself, or escaped if it does not fit, or looks escaped, or is not the first of its kind."""
    if turn == 1 and not own.startswith(_ESCAPED) and _FITS.fullmatch(own) is not None:
        return own
    escaped = _ESCAPED + own.encode("utf-8", "surrogatepass").hex()
    return escaped if turn == 1 else f"{escaped}_{turn}"


def own_id(wire: str) -> str | None:
    """The id that `wire_id` made this of; None if it made it of none."""
    if wire.startswith(_ESCAPED):
        escaped, _, turn = wire[len(_ESCAPED) :].partition("_")
        try:
            own = bytes.fromhex(escaped).decode("utf-8", "surrogatepass")
            return own if wire_id(own, int(turn or "1")) == wire else None
        except ValueError:
            return None
    return wire if _FITS.fullmatch(wire) is not None else None


class CallIds:
    """The ids that a conversation has given so far, from its beginning on."""

    __slots__ = ("_answered", "_given", "_turns", "_used")

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._used: set[str] = set()
        self._given: dict[str, list[str]] = {}
        self._answered: dict[str, int] = {}

    def call(self, own: str, stood: str | None = None) -> str:
        """The id for one more call. `stood` is what the wire has instead, if it has something else."""
        turn = self._turns.get(own, 1)
        while (wire := wire_id(own, turn)) in self._used:
            turn += 1
        if turn > 1:
            self._turns[own] = turn
        given = wire if stood is None else stood
        self._used.add(given)
        self._given.setdefault(own, []).append(given)
        return wire

    def result(self, own: str) -> str:
        """The id of the call that the next result with this id answers: the first without one, or else the last."""
        given = self._given.get(own)
        if given is None:
            return wire_id(own)
        answered = self._answered.get(own, 0)
        if answered == len(given):
            return given[-1]
        self._answered[own] = answered + 1
        return given[answered]

    def keep(self, calls: tuple[str, ...], results: tuple[str, ...]) -> bool:
        """Whether all of these can have their own ids, which then are given. They fit, and each is named once."""
        if not self._used.isdisjoint(calls):
            return False
        for own in results:
            given = self._given.get(own)
            if given is not None and given[min(self._answered.get(own, 0), len(given) - 1)] != own:
                return False
        self._used.update(calls)
        for own in calls:
            self._given.setdefault(own, []).append(own)
        for own in results:
            self.result(own)
        return True
