"""Why an answer ended: `finish_reason`, in both directions.

Law: a word that the table does not know is `"other"`, never `"end"`. OpenAI's own `stop`, and what imitators say for
it, says less than we do: with a refusal it is a refusal, with calls it is a call, and some servers name the stop string
beside it. Gateways hand on other providers' words, which therefore stand in the table, and are unambiguous.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from llm_pure.parts import BrokenToolCall, Opaque, Part, Refusal, ToolCall
from llm_pure.response import StopReason

__all__ = ["FINISH", "is_cut", "stop_reason_of", "write_finish"]

_ENDED: Final = "end_turn"
"""The end of a turn that neither calls nor refuses."""

FINISH: Final[Mapping[str, StopReason]] = {
    "stop": "end",
    "length": "max_tokens",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "content_filter": "refusal",
    # imitators
    "eos": "end",
    "eos_token": "end",
    "complete": "end",
    "completed": "end",
    "end": "end",
    "normal": "end",
    "STOP": "end",
    "COMPLETE": "end",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "ERROR_TOXIC": "refusal",
    "content_filtered": "refusal",
    "guardrail_intervened": "refusal",
    "sensitive": "refusal",
    "tool_call": "tool_call",
    "model_length": "context_window",
    # other providers, through gateways
    _ENDED: "end",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "tool_use": "tool_call",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context_window",
}

_WORDS: Final[Mapping[StopReason, tuple[str | None, ...]]] = {
    "end": ("stop", _ENDED),
    "max_tokens": ("length",),
    "tool_call": ("tool_calls",),
    "stop_sequence": ("stop", "stop_sequence"),
    "refusal": ("content_filter",),
    "pause": ("pause_turn",),
    "context_window": ("model_context_window_exceeded",),
    "other": (None,),
}
"""What we say, the first that is understood."""


_CUT: Final = frozenset({"max_tokens", "context_window"})


def is_cut(raw: str | None) -> bool:
    """Whether a `finish_reason` says, in whoever's words, that the answer was broken off for want of room."""
    return raw is not None and FINISH.get(raw) in _CUT


def stop_reason_of(raw: str | None, content: tuple[Part, ...], stop_sequence: str | None) -> StopReason:
    """What a `finish_reason` means, in view of the answer that it ends."""
    reason: StopReason = FINISH.get(raw, "other") if raw is not None else "other"
    if raw is not None and raw.startswith("content_filter:"):  # and what it has found
        reason = "refusal"
    if reason == "end" and raw != _ENDED:
        if any(isinstance(part, Refusal) for part in content):
            return "refusal"
        if any(_is_call(part) for part in content):
            return "tool_call"
        if stop_sequence is not None:
            return "stop_sequence"
    return reason


def _is_call(part: Part) -> bool:
    if isinstance(part, Opaque):
        return "tool_calls" in part.raw or "function_call" in part.raw
    return isinstance(part, ToolCall | BrokenToolCall)


def write_finish(
    reason: StopReason, raw: str | None, content: tuple[Part, ...], stop_sequence: str | None
) -> str | None:
    """The word for a stop reason: the one that came, if it says so; otherwise OpenAI's, if that does."""
    for word in (raw, *_WORDS[reason]):
        if word is not None and stop_reason_of(word, content, stop_sequence) == reason:
            return word
    return None if reason == "other" and raw is None else raw
