"""Reasoning, for which Chat Completions has no field of its own and its imitators have five.

Law: reasoning goes back the way it came, or not at all. Its extras say which way that was:

    on the wire                                      in the extras of the `Reasoning`
    -----------------------------------------------  ----------------------------------------------------------
    `"reasoning_content": "..."`                     `{"reasoning_content": true}`
    `"reasoning": "..."`                             `{"reasoning": true}`
    `"reasoning_text": "..."`                        `{"reasoning_text": true}`
    any of these as a number, an object or an array  the same with what it was in place of `true`
    `"reasoning_details": [...]`, with one of these  `{"reasoning_details": [...]}`, verbatim; the first signature
      or without                                     and the first sealed data among them are the part's own
    a content part of type `thinking`                `{"type": "thinking"}` and its other fields, its `thinking`
                                                     among them unless it is one plain text
"""

from __future__ import annotations

from typing import Final

from llm_pure.json import JsonObject, PlainJson, dump_json
from llm_pure.openai_chat.shape import PROVIDER, extras_with, own
from llm_pure.parts import Reasoning
from llm_pure.reading import PlainObject

__all__ = [
    "DETAILS",
    "FIELDS",
    "details_text",
    "fields_of",
    "read_reasoning",
    "read_thinking",
    "thinking_chunks",
    "thinking_of",
    "words_of",
]

FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_text")
DETAILS: Final = "reasoning_details"


def read_reasoning(message: PlainObject) -> list[Reasoning]:
    """The reasoning beside a message's content. What has been read is taken out of `message`."""
    found: dict[str, PlainObject] = {}
    for name in FIELDS:
        said = message.get(name)
        if (text := words_of(said)) is not None:
            found.setdefault(text, {})[name] = True if said == text else said
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


def words_of(said: PlainJson) -> str | None:
    """What a field says, None if it says nothing: a text, a number that was one, or what holds the text."""
    if isinstance(said, dict | list):
        return _inner(said) if said else None
    if isinstance(said, int | float) and not isinstance(said, bool):
        return dump_json(said).decode()
    return said if isinstance(said, str) and said else None


def _inner(said: PlainJson) -> str:
    if isinstance(said, dict):
        text = said.get("text")
        return text if isinstance(text, str) else "".join(map(_inner, said.values()))
    return "".join(map(_inner, said)) if isinstance(said, list) else ""


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
    mine = own(part.extras).thaw()
    said: PlainObject = {}
    for name in FIELDS:
        came = mine.get(name)
        if came is True:
            said[name] = part.text
        elif not isinstance(came, str) and words_of(came) is not None:
            said[name] = came
    if isinstance(details := mine.get(DETAILS), list):
        said[DETAILS] = details
    return said or (_invented(part) if invent else {})


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
    rest = {
        key: value for key, value in block.items() if key != "thinking" or chunks != thinking_chunks(text)
    }
    return Reasoning(text, extras=extras_with(rest))


def thinking_of(part: Reasoning) -> PlainObject | None:
    """The content part, None if the reasoning did not come as one."""
    mine = part.extras.get(PROVIDER)
    if not isinstance(mine, JsonObject) or mine.get("type") != "thinking":
        return None
    return {"thinking": thinking_chunks(part.text), **mine.thaw()}


def thinking_chunks(text: str) -> list[PlainJson]:
    """One plain text, as `thinking` has it."""
    return [{"type": "text", "text": text}]
