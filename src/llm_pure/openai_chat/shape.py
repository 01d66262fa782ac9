"""What this wire format is called, and how what only it says travels in our values.

Law: the extras under `openai_chat` mirror the wire: a key there is a key of the part's, message's or tool's own JSON,
and an object among them is merged with the one that we write (`{"image_url": {"format": ...}}`). What we model wins,
and what had to yield is a loss.

A few keys begin with `$`. They are notes of this codec to itself about a spelling, and never reach the wire:

    $raw     a tool or a tool choice that we do not model, verbatim
    $media   on a tool result: pictures and files may stand in it (OpenAI takes text only, others take more)
    $url     on a document: its address may stand where bytes should (OpenAI takes bytes only, others take more)
    $filename  on a document: `false` where bytes came without a file's name
    $id      on a tool call: `false` where it came without an id, the number where it came as one
    $object  on a tool call: the arguments came as an object, not as text
    $type    on a tool: `false` where it came without a type
    $verbatim  on a tool or an output: its schema goes out as it stands
    $max_tokens  in `provider_options`: the name under which `max_tokens` goes out
    $system  in `provider_options`: the role, `system` or `developer`, under which `Completion.system` goes out
    $ids  in `provider_options`: the form that the ids of calls must have, where it is not what the model wants
"""

from __future__ import annotations

from typing import Final

from llm_pure.mirror import Losses, Mirror, plain

__all__ = [
    "MIRROR",
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

NOTES: Final = frozenset({"$raw", "$media", "$id", "$object", "$type", "$url", "$filename", "$verbatim"})

MIRROR: Final = Mirror(PROVIDER, "Chat Completions", NOTES)

own = MIRROR.own
noted = MIRROR.noted
extras_with = MIRROR.extras
attach = MIRROR.attach
unsaid = MIRROR.unsaid
