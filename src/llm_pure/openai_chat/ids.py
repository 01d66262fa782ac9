"""The ids of calls, told apart.

Law: of the calls of one message each has an id of its own, and a result follows its call; what was changed is a loss.
"""

from __future__ import annotations

from llm_pure.call_ids import fitted_id
from llm_pure.errors import Loss
from llm_pure.openai_chat.shape import Losses
from llm_pure.reading import PlainObject

__all__ = ["follow", "named_apart"]


def named_apart(message: PlainObject, pattern: str | None, losses: Losses, path: str) -> dict[str, list[str]]:
    """Give each call of the message an id of its own, and tell which ids went out as which, in order.

    No server takes an id that is empty, or that two calls of one message share.
    """
    calls = message["tool_calls"]
    found = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    ids = [own for call in found if isinstance(own := call.get("id"), str)]
    taken = set(ids)
    if len(taken) == len(ids) and "" not in taken:
        return {}
    renamed: dict[str, list[str]] = {}
    for place, call in enumerate(found):
        id_ = call.get("id")
        if not isinstance(id_, str):
            continue
        new = id_
        if not id_ or id_ in renamed:
            stem, count = id_ or "call", len(renamed.get(id_, ())) + 1
            while (new := f"{stem}_{count}") in taken:
                count += 1
            new = fitted_id(new, pattern, taken)
            taken.add(new)
            call["id"] = new
            losses.append(
                Loss(path, f"the id of call {place} is empty, or another call's: it is sent as {new!r}")
            )
        renamed.setdefault(id_, []).append(new)
    return renamed


def follow(message: PlainObject, renamed: dict[str, list[str]], losses: Losses, path: str) -> None:
    """Let a result follow its call, if that was renamed: the first result the first call of its id, and so on."""
    id_ = message.get("tool_call_id")
    ids = renamed.get(id_) if isinstance(id_, str) else None
    if not ids:
        return
    new = ids.pop(0) if len(ids) > 1 else ids[0]
    if new != id_:
        message["tool_call_id"] = new
        losses.append(Loss(path, f"the id of this result's call is sent as {new!r}"))
