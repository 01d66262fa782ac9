"""Reasoning, an item of its own, in both directions.

Law: reasoning goes back to where it came from as it came, or not at all; its text is what may be shown of it.
"""

from __future__ import annotations

from llm_pure.errors import Loss
from llm_pure.json import JsonObject, PlainJson
from llm_pure.openai_responses.shape import PROVIDER, Losses, attach, extras_with, own
from llm_pure.parts import Reasoning
from llm_pure.reading import PlainObject

__all__ = ["read_reasoning", "reasoning_text", "write_reasoning"]


def read_reasoning(item: PlainObject) -> Reasoning | None:
    summary, content, sealed = item.get("summary"), item.get("content"), item.get("encrypted_content")
    if not (
        isinstance(summary, list | None)
        and isinstance(content, list | None)
        and isinstance(sealed, str | None)
    ):
        return None
    rest: PlainObject = {
        key: value
        for key, value in item.items()
        if key not in ("type", "encrypted_content") and value is not None
    }
    rest.setdefault("summary", [])
    return Reasoning(reasoning_text(rest), None, sealed, extras_with(rest))


def reasoning_text(item: PlainObject) -> str:
    """What may be shown of reasoning: its summary, and its content where that is given, paragraph by paragraph."""
    texts: list[str] = []
    for key in ("summary", "content"):
        blocks = item.get(key)
        for block in blocks if isinstance(blocks, list) else ():
            text = block.get("text") if isinstance(block, dict) else None
            if isinstance(text, str) and text:
                texts.append(text)
    return "\n\n".join(texts)


def write_reasoning(part: Reasoning, losses: Losses, path: str, *, answer: bool) -> PlainObject | None:
    mine = own(part.extras)
    if not isinstance(mine.get("summary"), tuple):
        if not answer:
            losses.append(Loss(path, "reasoning goes back only to where it came from"))
            return None
        summary: PlainJson = [{"type": "summary_text", "text": part.text}] if part.text else []
        block: PlainObject = {"type": "reasoning", "summary": summary}
        if part.signature is not None:
            losses.append(Loss(f"{path}.signature", "reasoning is not signed in Responses"))
    else:
        block = {"type": "reasoning", **mine.thaw()}
        attach({}, JsonObject({k: v for k, v in part.extras.items() if k != PROVIDER}), losses, path)
    if part.encrypted is not None:
        block["encrypted_content"] = part.encrypted
    return block
