"""What the Messages API calls things, and what we call them.

Law: each table is read in both directions from one place; `wire_id` is injective, and `own_id` undoes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llm_pure.response import StopReason

__all__ = [
    "CUT",
    "EFFORTS",
    "FIELDS",
    "INVALID_JSON",
    "MISTYPED",
    "PATH",
    "PROVIDER",
    "SAMPLING",
    "SAMPLING_VERSION",
    "STOP_REASONS",
    "STOP_WORDS",
    "own_id",
    "wire_id",
]

PROVIDER = "anthropic"
PATH = "/v1/messages"

STOP_REASONS: Final[Mapping[str, StopReason]] = {
    "end_turn": "end",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_call",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
}
CUT: Final = frozenset({"max_tokens", "model_context_window_exceeded"})
"""The words for an answer that had to stop where it was."""
STOP_WORDS: Final[Mapping[StopReason, str]] = {reason: word for word, reason in STOP_REASONS.items()}

MISTYPED: Final = (AttributeError, TypeError, ValueError, RecursionError)
"""What a value raises whose field holds something that its type forbids. Nobody checks types at run time, so a writer
may meet it; it answers with a Failure."""

EFFORTS: Final = frozenset({"low", "medium", "high", "xhigh", "max"})

SAMPLING: Final = ("temperature", "top_p", "top_k")
SAMPLING_VERSION: Final = "2023-06-01"
"""The last `anthropic-version` that takes sampling parameters; what today's SDK sends by itself refuses them."""

INVALID_JSON: Final = "INVALID_JSON"
"""The key under which a call's arguments go back if they are no JSON object: the wire takes nothing but objects."""

FIELDS: Final = frozenset(
    {
        "model",
        "max_tokens",
        "messages",
        "system",
        "stop_sequences",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        *SAMPLING,
    }
)
"""The payload's fields that a completion has fields for."""

# ---------------------------------------------------------------- tool call ids

_FITS = re.compile(r"[a-zA-Z0-9_-]+")
_ESCAPED: Final = "hex_"


@lru_cache  # a conversation is sent again and again
def wire_id(own: str) -> str:
    """An id that fits the wire's pattern `[a-zA-Z0-9_-]+`: itself, or escaped if it does not fit or looks escaped."""
    if not own.startswith(_ESCAPED) and _FITS.fullmatch(own) is not None:
        return own
    return _ESCAPED + own.encode("utf-8", "surrogatepass").hex()


def own_id(wire: str) -> str | None:
    """The id that `wire_id` made this of; None if it made it of none."""
    if wire.startswith(_ESCAPED):
        try:
            own = bytes.fromhex(wire[len(_ESCAPED) :]).decode("utf-8", "surrogatepass")
        except ValueError:
            return None
        return own if wire_id(own) == wire else None
    return wire if _FITS.fullmatch(wire) is not None else None
