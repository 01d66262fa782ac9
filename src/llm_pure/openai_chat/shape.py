"""What this wire format is called, and how what only it says travels in our values.

Law: the extras under `openai_chat` mirror the wire: a key there is a key of the part's, message's or tool's own JSON,
and an object among them is merged with the one that we write (`{"image_url": {"format": ...}}`). What we model wins,
and what had to yield is a loss.

A few keys begin with `$`. They are notes of this codec to itself about a spelling, and never reach the wire:

    $raw     a tool or a tool choice that we do not model, verbatim
    $media   on a tool result: pictures and files may stand in it (OpenAI takes text only, others take more)
    $id      on a tool call: `false` where it came without an id
    $object  on a tool call: the arguments came as an object, not as text
    $type    on a tool: `false` where it came without a type
    $max_tokens  in `provider_options`: the name under which `max_tokens` goes out
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final, cast

from llm_pure.errors import Loss
from llm_pure.json import EMPTY, Json, JsonObject
from llm_pure.reading import PlainObject

__all__ = [
    "NOTES",
    "OPTIONS",
    "PATH",
    "PROVIDER",
    "Losses",
    "attach",
    "extras_with",
    "noted",
    "own",
    "plain",
    "unsaid",
]

PROVIDER: Final = "openai_chat"
PATH: Final = "/chat/completions"
OPTIONS: Final = ("openai", "openai_chat")
"""The names under which `provider_options` are read, the later one winning."""

NOTES: Final = frozenset({"$raw", "$media", "$id", "$object", "$type"})

Losses = list[Loss]


def own(extras: JsonObject) -> JsonObject:
    """What the extras hold for this wire format."""
    if extras is EMPTY:
        return EMPTY
    found = extras.get(PROVIDER)
    return found if isinstance(found, JsonObject) else EMPTY


def noted(extras: JsonObject, note: str) -> Json:
    """What a note of ours says, None if there is none."""
    return None if extras is EMPTY else own(extras).get(note)


def extras_with(rest: PlainObject) -> JsonObject:
    """Fields that nobody has read, as extras. Takes `rest` over."""
    return JsonObject.wrap({PROVIDER: rest}) if rest else EMPTY


def plain(block: object) -> PlainObject:
    """What was built as one of the SDK's TypedDicts, as the plain JSON that it is."""
    return cast("PlainObject", block)


def attach(
    block: PlainObject, extras: JsonObject, losses: Losses, path: str, said: AbstractSet[str] = NOTES
) -> PlainObject:
    """Merge into `block` what the extras hold for us, and report what they hold for others. `said` is said already."""
    if extras is EMPTY:
        return block
    for name, value in extras.items():
        if name != PROVIDER or not isinstance(value, JsonObject):
            losses.append(Loss(f"{path}.extras.{name}", f"only {name} understands this"))
            continue
        for key, item in value.thaw().items():
            if key in said:
                continue
            there = block.get(key)
            if key not in block:
                block[key] = item
            elif isinstance(there, dict) and isinstance(item, dict) and not there.keys() & item.keys():
                there.update(item)
            else:
                losses.append(Loss(f"{path}.extras.{name}.{key}", "the value itself says what stands here"))
    return block


def unsaid(extras: JsonObject, losses: Losses, path: str) -> None:
    """Report extras for which there is no place at all."""
    losses.extend(
        [Loss(f"{path}.extras.{name}", "Chat Completions has no place for this") for name in extras]
    )
