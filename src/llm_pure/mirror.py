"""Extras that mirror a wire format: what only one provider says, kept as it said it.

Law: under the provider's name, a key of a value's extras is a key of its JSON, and an object among them is merged with
the one that is written. What we model wins, and what had to yield is a loss. Keys that begin with `$` are notes of a
codec to itself about a spelling, and never reach the wire.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import cast

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, Json, JsonObject
from llm_pure.reading import PlainObject

__all__ = ["Losses", "Mirror", "plain"]

Losses = list[Loss]


def plain(block: object) -> PlainObject:
    """What was built as one of an SDK's TypedDicts, as the plain JSON that it is."""
    return cast("PlainObject", block)


@dataclass(frozen=True, slots=True)
class Mirror:
    """The extras of one wire format: their name, what the format is called, and the codec's notes."""

    provider: str
    called: str
    notes: frozenset[str]

    def own(self, extras: JsonObject) -> JsonObject:
        """What the extras hold for this wire format."""
        if extras is EMPTY:
            return EMPTY
        found = extras.get(self.provider)
        return found if isinstance(found, JsonObject) else EMPTY

    def noted(self, extras: JsonObject, note: str) -> Json:
        """What a note says, None if there is none."""
        return None if extras is EMPTY else self.own(extras).get(note)

    def extras(self, rest: PlainObject) -> JsonObject:
        """Fields that nobody has read, as extras. Takes `rest` over."""
        return JsonObject.wrap({self.provider: rest}) if rest else EMPTY

    def attach(
        self,
        block: PlainObject,
        extras: JsonObject,
        losses: Losses,
        path: str,
        said: AbstractSet[str] = frozenset(),
    ) -> PlainObject:
        """Merge into `block` what the extras hold for us, and report what is for others. `said` is dealt with."""
        if extras is EMPTY:
            return block
        for name, value in extras.items():
            if name != self.provider or not isinstance(value, JsonObject):
                losses.append(Loss(f"{path}.extras.{name}", f"only {name} understands this"))
                continue
            for key, item in value.thaw().items():
                if key in said or key in self.notes:
                    continue
                there = block.get(key)
                if key not in block:
                    block[key] = item
                elif isinstance(there, dict) and isinstance(item, dict) and not there.keys() & item.keys():
                    there.update(item)
                else:
                    losses.append(
                        Loss(f"{path}.extras.{name}.{key}", "the value itself says what stands here")
                    )
        return block

    def unsaid(self, extras: JsonObject, losses: Losses, path: str) -> None:
        """Report extras for which there is no place at all."""
        losses.extend(
            [Loss(f"{path}.extras.{name}", f"{self.called} has no place for this") for name in extras]
        )
