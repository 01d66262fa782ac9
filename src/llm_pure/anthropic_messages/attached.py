"""What a provider attached to a value: its own fields, which go back as they came.

Law: what the extras hold for others is a `Loss`. What they hold for us is merged into the block that is written, and
where that says otherwise than the value's own fields, it is a `Loss` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar, cast

from llm_pure.anthropic_messages.blocks import MESSAGE, MODELLED, Readers, read_block
from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, thaw
from llm_pure.normal import normal_content
from llm_pure.parts import Opaque, Part
from llm_pure.reading import PlainObject

__all__ = ["CONTRADICTION", "attach", "comes_back", "lose_extras", "moved", "own_extras", "with_own"]

B = TypeVar("B")


def moved(losses: list[Loss], since: int, step: str) -> None:
    """Put `step` in front of the paths of the losses from `since` on: they were noted one level further in."""
    losses[since:] = [Loss(step + loss.path, loss.reason) for loss in losses[since:]]


def own_extras(extras: JsonObject, losses: list[Loss]) -> PlainObject:
    """A copy of our own fields among the extras; those of other providers are lost."""
    own: PlainObject = {}
    for provider, fields in cast("Mapping[str, JsonInput]", extras).items():
        if provider != PROVIDER:
            if fields != EMPTY:
                losses.append(Loss(f".extras.{provider}", "only that provider understands it"))
        elif isinstance(fields, Mapping):
            own = cast("PlainObject", thaw(fields))
        else:
            losses.append(Loss(f".extras.{provider}", "is no object of fields"))
    return own


def with_own(extras: JsonObject, field: str, value: str | None) -> JsonObject:
    """The extras with this field of ours; without it if it is None."""
    own = extras.get(PROVIDER)
    fields: dict[str, JsonInput] = dict(own) if isinstance(own, JsonObject) else {}
    fields.pop(field, None)
    if value is not None:
        fields[field] = value
    rest: dict[str, JsonInput] = {key: fields for key, fields in extras.items() if key != PROVIDER}
    if fields:
        rest[PROVIDER] = fields
    return JsonObject(rest) if rest else EMPTY


def lose_extras(extras: JsonObject, losses: list[Loss]) -> None:
    """All extras are lost: there is no place for them."""
    losses.extend(
        Loss(f".extras.{provider}", "there is no place for it") for provider in extras if extras[provider]
    )


def attach(block: B, part: Part, losses: list[Loss], readers: Readers = MESSAGE) -> B:
    """The block with our own extras merged in.

    An extra may say what the part's fields say in other words (a document's text as a string). So one that names
    such a field goes out, and then reading must give the part back: else it has changed what the part says.
    """
    if isinstance(part, Opaque) or (extras := part.extras) is EMPTY or not extras:
        return block
    before = len(losses)
    own = own_extras(extras, losses)
    data = cast("PlainObject", block)
    kind = data.get("type")
    modelled = MODELLED.get(kind, frozenset()) if isinstance(kind, str) else frozenset()
    data.update(own)
    if not modelled.isdisjoint(own) and len(losses) == before and not comes_back(data, part, readers):
        losses.append(Loss("", CONTRADICTION))
    return block


CONTRADICTION: Final = "its extras contradict its own fields, and have been sent instead"


def comes_back(block: PlainObject, part: Part, readers: Readers) -> bool:
    try:
        return (read_block(block, readers),) == normal_content((part,))
    except JsonError:
        return False
