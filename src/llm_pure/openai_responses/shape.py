"""What this wire format is called, and how what only it says travels in our values.

Law: the extras under `openai_responses` mirror the wire (see `llm_pure.mirror`): those of a part are the fields of its
content part, or of its item where it is an item of its own (a call, a result, reasoning). The notes are

    $item    on the first part of an assistant's message: the message's own fields (`id`, `phase`, a `status` that is
             not `completed`)
    $raw     a tool or a tool choice that we do not model, verbatim
    $strict  on a tool: `false` where nothing was said of it (then the server is strict where it can be, as it is not
             where null is said)
    $id      on a call: false where it came without a `call_id`
    $object  on a call: true where its arguments came as an object, not as its text
    $empty   a text without words, or a result without parts, that stood in a list
    $verbatim  on a tool or an output: its schema goes out as it stands
    $input   in `provider_options`, true: `Completion.system` goes out as the first item, not as `instructions`
"""

from __future__ import annotations

from typing import Final

from llm_pure.mirror import Losses, Mirror, plain
from llm_pure.reading import PlainObject

__all__ = [
    "IN_INPUT",
    "MIRROR",
    "OPTIONS",
    "PATH",
    "PROVIDER",
    "Losses",
    "attach",
    "beside",
    "extras_with",
    "noted",
    "own",
    "plain",
    "unsaid",
]

PROVIDER: Final = "openai_responses"
PATH: Final = "/responses"
OPTIONS: Final = ("openai", "openai_responses")
"""The names under which `provider_options` are read, the later one winning."""
IN_INPUT: Final = "$input"

MIRROR: Final = Mirror(
    PROVIDER, "Responses", frozenset({"$item", "$raw", "$empty", "$verbatim", "$strict", "$object", "$id"})
)

own = MIRROR.own
noted = MIRROR.noted
extras_with = MIRROR.extras
attach = MIRROR.attach
unsaid = MIRROR.unsaid


def beside(item: PlainObject, known: frozenset[str]) -> PlainObject:
    """What an item says besides what is `known`: no nulls, and not that it is complete."""
    return {
        key: value
        for key, value in item.items()
        if key not in known and value is not None and not (key == "status" and value == "completed")
    }
