"""What the Messages API calls things, and what we call them.

Law: each table is read in both directions from one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llm_pure.response import StopReason

__all__ = [
    "CUT",
    "EFFORTS",
    "FIELDS",
    "IMAGES",
    "INVALID_JSON",
    "PATH",
    "PDF",
    "PROVIDER",
    "SAMPLING",
    "SAMPLING_VERSION",
    "STOP_REASONS",
    "STOP_WORDS",
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

EFFORTS: Final = frozenset({"low", "medium", "high", "xhigh", "max"})

SAMPLING: Final = ("temperature", "top_p", "top_k")
SAMPLING_VERSION: Final = "2023-06-01"
"""The last `anthropic-version` that takes sampling parameters; what today's SDK sends by itself refuses them."""

INVALID_JSON: Final = "INVALID_JSON"
"""The key under which a call's arguments go back if they are no JSON object: the wire takes nothing but objects."""

IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""The media types that pictures can have, as the SDK's types list them."""
PDF: Final = "application/pdf"
"""The media type of a document in base64; text is sent as text."""

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
