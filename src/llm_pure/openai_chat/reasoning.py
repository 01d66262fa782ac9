"""Reasoning, for which Chat Completions has no field of its own and its imitators have four.

Law: reasoning goes back the way it came, or not at all. Its extras say which way that was:

    on the wire                                      in the extras of the `Reasoning`
    -----------------------------------------------  ----------------------------------------------------------
    `"reasoning_content": "..."`                     `{"reasoning_content": true}`
    `"reasoning": "..."`                             `{"reasoning": true}`
    `"reasoning_details": [...]`, with either or     `{"reasoning_details": [...]}`, verbatim; the first signature
      without                                        and the first sealed data among them are the part's own
    a content part of type `thinking`                `{"type": "thinking"}` and its other fields, its `thinking`
                                                     among them unless it is one plain text
"""

from __future__ import annotations

from typing import Final

from llm_pure.json import Json, JsonObject, PlainJson
from llm_pure.openai_chat.shape import PROVIDER, extras_with, own
from llm_pure.parts import Reasoning
from llm_pure.reading import PlainObject

__all__ = ["DETAILS", "FIELDS", "details_text", "fields_of", "read_reasoning", "read_thinking", "thinking_of"]

FIELDS: Final = ("reasoning_content", "reasoning")
DETAILS: Final = "reasoning_details"


def read_reasoning(message: PlainObject) -> list[Reasoning]:
    """The reasoning beside a message's content. What has been read is taken out of `message`."""
    found: dict[str, PlainObject] = {}
    for name in FIELDS:
        text = message.get(name)
        if isinstance(text, str) and text:
            found.setdefault(text, {})[name] = True
            del message[name]
    details = message.get(DETAILS)
    if not isinstance(details, list) or not details:
        return [Reasoning(text, extras=extras_with(rest)) for text, rest in found.items()]
    del message[DETAILS]
    rests = list(found.items()) or [(details_text(details), {})]
    text, rest = rests.pop()  # of two, `reasoning` is what the details spell out
    rest[DETAILS] = details
    whole = Reasoning(text, _first(details, "signature"), _first(details, "data"), extras_with(rest))
    return [*(Reasoning(other, extras=extras_with(fields)) for other, fields in rests), whole]


def details_text(details: list[PlainJson]) -> str:
    """What the details say in words."""
    words = [detail.get("text") or detail.get("summary") for detail in details if isinstance(detail, dict)]
    return "".join([word for word in words if isinstance(word, str)])


def _first(details: list[PlainJson], key: str) -> str | None:
    for detail in details:
        if isinstance(detail, dict):
            value = detail.get(key)
            if isinstance(value, str) and value:
                return value
    return None


def fields_of(part: Reasoning, *, invent: bool) -> PlainObject:
    """The message's fields that say this part; none if it did not come this way and we may not `invent` one."""
    mine = own(part.extras)
    names = [name for name in FIELDS if mine.get(name) is True]
    details: Json = mine.get(DETAILS)
    if not names and not isinstance(details, tuple):
        return _invented(part) if invent else {}
    said: PlainObject = dict.fromkeys(names, part.text)
    if isinstance(details, tuple):
        said[DETAILS] = mine.thaw()[DETAILS]
    return said


def _invented(part: Reasoning) -> PlainObject:
    """The words of a foreign part: for a stub that plays a provider, never for a request."""
    if part.text and part.signature is None and part.encrypted is None:
        return {FIELDS[0]: part.text}
    details: list[PlainJson] = [{"type": "reasoning.text", "text": part.text, "signature": part.signature}]
    if part.encrypted is not None:
        details.append({"type": "reasoning.encrypted", "data": part.encrypted})
    return {DETAILS: details}


# ---------------------------------------------------------------- as a content part


def read_thinking(block: PlainObject) -> Reasoning | None:
    """A content part of type `thinking`, None if its `thinking` is nothing that we can read."""
    chunks = block.get("thinking")
    if not isinstance(chunks, list):
        return None
    texts = [
        chunk["text"] for chunk in chunks if isinstance(chunk, dict) and isinstance(chunk.get("text"), str)
    ]
    text = "".join([text for text in texts if isinstance(text, str)])
    rest = {key: value for key, value in block.items() if key != "thinking" or chunks != _chunks(text)}
    return Reasoning(text, extras=extras_with(rest))


def thinking_of(part: Reasoning) -> PlainObject | None:
    """The content part, None if the reasoning did not come as one."""
    mine = part.extras.get(PROVIDER)
    if not isinstance(mine, JsonObject) or mine.get("type") != "thinking":
        return None
    return {"thinking": _chunks(part.text), **mine.thaw()}


def _chunks(text: str) -> list[PlainJson]:
    return [{"type": "text", "text": text}]
