"""Why an answer ended: `status` and `incomplete_details`, in both directions.

Law: a word that the tables do not know is `"other"`, never `"end"`. The raw stop reason is the reason of an incomplete
answer, or else the status. `completed` says less than we do: with a refusal it is a refusal, and with a call that
waits for its result it is a call.

    queued, in_progress      other: a background answer that is not there yet; its id says where to ask again
    failed, cancelled        no answer but an error (see `response`)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from llm_pure.openai_responses.calls import CALLS
from llm_pure.openai_responses.shape import PROVIDER
from llm_pure.parts import BrokenToolCall, Opaque, Part, Refusal, ToolCall
from llm_pure.reading import PlainObject, string_or_none
from llm_pure.response import StopReason

__all__ = ["stop_reason_of", "take_status", "write_status"]

INCOMPLETE: Final[Mapping[str, StopReason]] = {
    "max_output_tokens": "max_tokens",
    "content_filter": "refusal",
    # of other providers, through gateways
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
}

_STATUSES: Final = frozenset({"completed", "incomplete", "queued", "in_progress", "failed", "cancelled"})

_WORDS: Final[Mapping[StopReason, tuple[str, ...]]] = {
    "end": ("completed",),
    "max_tokens": ("max_output_tokens",),
    "tool_call": ("completed",),
    "stop_sequence": ("stop_sequence",),
    "refusal": ("completed", "content_filter"),
    "pause": ("pause_turn",),
    "context_window": ("model_context_window_exceeded",),
    "other": ("incomplete",),
}
"""What we say, the first that is understood."""

_CALLS: Final = frozenset(
    {
        *CALLS,
        "computer_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "mcp_approval_request",
    }
)
"""Items that ask the program for something, unless what they ask for stands beside them."""


def take_status(data: PlainObject) -> str | None:
    """The raw stop reason, taken out of a body; what it does not say of them stays there. Raises `JsonError`."""
    status = string_or_none(data, "status")
    details = data.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    told = reason if status == "incomplete" and isinstance(reason, str) and reason not in _STATUSES else None
    if details is None or (told is not None and details == {"reason": told}):
        data.pop("incomplete_details", None)
    if status is None or status in _STATUSES:
        data.pop("status", None)
    return told if told is not None else status


def write_status(reason: StopReason, raw: str | None, content: tuple[Part, ...], body: PlainObject) -> None:
    """Write status and details into `body`, which holds what `take_status` had left."""
    details = body.get("incomplete_details")
    if "status" in body or (reason == "other" and raw is None):
        return
    if details is not None:
        told = isinstance(details, dict) and details.get("reason") == raw and raw not in _STATUSES
        body["status"] = "incomplete" if told else raw
        return
    words = [word for word in (raw, *_WORDS[reason]) if word is not None]
    word = next((word for word in words if stop_reason_of(word, content) == reason), raw)
    known = word is None or word in _STATUSES
    body["status"] = word if known else "incomplete"
    body["incomplete_details"] = None if known else {"reason": word}


def stop_reason_of(raw: str | None, content: tuple[Part, ...]) -> StopReason:
    """What a raw stop reason means, in view of the answer that it ends."""
    if raw != "completed":
        return INCOMPLETE.get(raw, "other") if raw is not None else "other"
    if any(isinstance(part, Refusal) for part in content):
        return "refusal"
    return "tool_call" if _waits(content) else "end"


def _waits(content: tuple[Part, ...]) -> bool:
    """Whether a call has no result in the answer itself, as those of hosted tools do."""
    if any(isinstance(part, ToolCall | BrokenToolCall) for part in content):
        return True
    items = [part.raw for part in content if isinstance(part, Opaque) and part.provider == PROVIDER]
    answered = [item.get("call_id") for item in items if str(item.get("type")).endswith("_output")]
    return any(
        (
            item.get("type") in _CALLS
            or (item.get("type") == "tool_search_call" and item.get("execution") == "client")
        )
        and (item.get("call_id") is None or item.get("call_id") not in answered)
        for item in items
    )
