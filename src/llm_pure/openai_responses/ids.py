"""The ids of calls, told apart.

Law: calls between which stand neither a result nor words of the user have each an id of its own, and a result follows
its call; what was changed is a loss. After a result an id may stand again: what a server that counts anew in each
answer gave goes back as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from llm_pure.call_ids import fitted_id
from llm_pure.errors import Loss
from llm_pure.json import PlainJson
from llm_pure.openai_responses.shape import Losses

__all__ = ["tell_apart"]

_CALLS: Final = ("function_call", "custom_tool_call")


def tell_apart(said: Iterable[tuple[str, list[PlainJson]]], pattern: str | None, losses: Losses) -> None:
    """Rename, in place, each call whose id an earlier one of its row has, and its result.

    `said` are the messages' paths, and the items that each was said in; `pattern` is what an id has to look like.
    """
    named: dict[str, list[str]] = {}
    taken: set[str] = set()
    over = False
    for path, items in said:
        for item in items:
            if not isinstance(item, dict):
                continue
            kind, own = item.get("type"), item.get("call_id")
            if kind in _CALLS and isinstance(own, str):
                if over:
                    named, taken, over = {}, set(), False
                new, count = own, 1
                while new in taken:
                    count += 1
                    new = fitted_id(f"{own or 'call'}_{count}", pattern, taken)
                if new != own:
                    item["call_id"] = new
                    losses.append(Loss(path, f"another call's id: it is sent as {new!r}"))
                taken.add(new)
                named.setdefault(own, []).append(new)
            elif item.get("role") == "user" or (isinstance(kind, str) and kind.endswith("_output")):
                over = True
                ids = named.get(own) if isinstance(own, str) else None
                if ids and (new := ids.pop(0) if len(ids) > 1 else ids[0]) != own:
                    item["call_id"] = new
                    losses.append(Loss(path, f"the id of this result's call is sent as {new!r}"))
