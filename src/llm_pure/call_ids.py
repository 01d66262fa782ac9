"""Ids of calls in the form that a provider takes, and no two alike where they could be mistaken.

Law: an id that has the form stays as it is; one that has not gets one of its own that no other call has, the same in
the call and in its results, and the same whatever follows. Of the calls of one row each has an id of its own, and a
result follows its call. What was changed is a loss.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, final

from llm_pure.errors import Loss
from llm_pure.messages import Message
from llm_pure.parts import BrokenToolCall, Part, Text, ToolCall, ToolResult
from llm_pure.reading import PlainObject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

__all__ = ["Row", "fitted"]


# ---------------------------------------------------------------- in the form


def fitted(messages: tuple[Message, ...], pattern: str | None, losses: list[Loss]) -> tuple[Message, ...]:
    """The messages, every id of a call such that it fits the pattern. None: any id does."""
    if pattern is None:
        return messages
    fits = _compiled(pattern).fullmatch
    taken: set[str] = set()
    for message in messages:
        for part in message.content:
            if type(part) is not Text and (own := _id_of(part)) is not None:  # most parts are text
                taken.add(own)
    if all(map(fits, taken)):
        return messages
    given: dict[str, str] = {}
    found: list[Message] = []
    for index, message in enumerate(messages):
        content: list[Part] = []
        for place, part in enumerate(message.content):
            own = _id_of(part)
            if own is None or fits(own) is not None:
                content.append(part)
                continue
            if own not in given:
                given[own] = _fitted_id(own, pattern, taken)
                taken.add(given[own])
            if given[own] != own:
                field = "call_id" if isinstance(part, ToolResult) else "id"
                path = f"$.messages[{index}].content[{place}].{field}"
                losses.append(Loss(path, f"this form of an id is refused: {given[own]!r} is sent"))
            content.append(_with_id(part, given[own]))
        found.append(replace(message, content=tuple(content)))
    return tuple(found)


def _fitted_id(own: str, pattern: str | None, taken: AbstractSet[str]) -> str:
    """The id, or one made of it that fits and is not taken; the id itself where no form of ours fits."""
    if pattern is None or _compiled(pattern).fullmatch(own) is not None:
        return own
    fits = _compiled(pattern).fullmatch
    return next((new for new in _candidates(own) if fits(new) and new not in taken), own)


def _id_of(part: Part) -> str | None:
    own = (
        part.id
        if isinstance(part, ToolCall | BrokenToolCall)
        else part.call_id
        if isinstance(part, ToolResult)
        else None
    )
    return own if isinstance(own, str) else None  # what is no string is named by whoever writes it


def _with_id(part: Part, own: str) -> Part:
    if isinstance(part, ToolCall | BrokenToolCall):
        return replace(part, id=own)
    return replace(part, call_id=own) if isinstance(part, ToolResult) else part


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _candidates(own: str) -> Iterator[str]:
    """Ids made of this one, of several forms."""
    from hashlib import sha256  # OpenSSL is not light

    for salt in range(100):
        digest = sha256(f"{salt}{own}".encode("utf-8", "surrogatepass")).hexdigest()
        yield from (f"call_{digest[:32]}", digest[:9], digest)


# ---------------------------------------------------------------- told apart


@final
class Row:
    """The calls that stand together on the wire, renamed in place where no server could tell them apart.

    No server takes an id that is empty, or that two calls of one row share. The results that come before the next row
    follow their calls: the first result the first call of its id, and so on.
    """

    __slots__ = ("_losses", "_named", "_over", "_pattern", "_taken")

    def __init__(self, pattern: str | None, losses: list[Loss]) -> None:
        self._pattern: Final = pattern
        self._losses: Final = losses
        self._named: dict[str, list[str]] = {}
        self._taken: set[str] = set()
        self._over = False

    def over(self) -> None:
        """The next call begins another row."""
        self._over = True

    def call(self, call: PlainObject, key: str, path: str, beside: AbstractSet[str] = frozenset()) -> None:
        """One more call, whose id stands under `key`. What it is renamed to is none of those `beside` it."""
        if self._over:
            self._named, self._taken, self._over = {}, set(), False
        own = call.get(key)
        if not isinstance(own, str):
            return
        new = own
        if not own or own in self._taken:
            taken = self._taken | beside
            numbers = itertools.count(len(self._named.get(own, ())) + 1)
            names = (_fitted_id(f"{own or 'call'}_{number}", self._pattern, taken) for number in numbers)
            call[key] = new = next(name for name in names if name not in taken)
            self._losses.append(Loss(path, f"an id is empty, or another call's: it is sent as {new!r}"))
        self._taken.add(new)
        self._named.setdefault(own, []).append(new)

    def result(self, result: PlainObject, key: str, path: str) -> None:
        """A result, which has its call's id under `key`."""
        own = result.get(key)
        ids = self._named.get(own) if isinstance(own, str) else None
        if ids and (new := ids.pop(0) if len(ids) > 1 else ids[0]) != own:
            result[key] = new
            self._losses.append(Loss(path, f"the id of this result's call is sent as {new!r}"))
