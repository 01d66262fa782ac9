"""Reasoning, for which Chat Completions has no field of its own and its imitators have six.

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
    a content part of type `reasoning`               the same with its `summary`; its first signature is the part's own
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from llm_pure.json import JsonObject, PlainJson, dump_json
from llm_pure.openai_chat.shape import PROVIDER, extras_with, own
from llm_pure.parts import Reasoning
from llm_pure.reading import PlainObject

__all__ = [
    "DETAILS",
    "FIELDS",
    "PLACES",
    "details_text",
    "fields_of",
    "read_reasoning",
    "read_thinking",
    "signed_chunk",
    "thinking_chunks",
    "thinking_of",
    "words_of",
]

FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_text")
DETAILS: Final = "reasoning_details"
PLACES: Final[Mapping[str, str]] = {"thinking": "thinking", "reasoning": "summary"}
"""The types of content parts that are reasoning, and where the words of each stand."""


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
    """A content part that is reasoning, None if it is none, or its words are nothing that we can read."""
    kind = block.get("type")
    field = PLACES.get(kind) if isinstance(kind, str) else None
    chunks = block.get(field) if field is not None else None
    if not isinstance(kind, str) or not isinstance(chunks, list):
        return None
    texts = [
        chunk["text"] for chunk in chunks if isinstance(chunk, dict) and isinstance(chunk.get("text"), str)
    ]
    text = "".join([text for text in texts if isinstance(text, str)])
    usual = chunks == thinking_chunks(kind, text)
    rest = {key: value for key, value in block.items() if key != field or not usual}
    return Reasoning(text, _first(chunks, "signature"), extras=extras_with(rest))


def thinking_of(part: Reasoning) -> PlainObject | None:
    """The content part, None if the reasoning did not come as one."""
    mine = part.extras.get(PROVIDER)
    kind = mine.get("type") if isinstance(mine, JsonObject) else None
    if not isinstance(mine, JsonObject) or not isinstance(kind, str) or kind not in PLACES:
        return None
    return {PLACES[kind]: thinking_chunks(kind, part.text), **mine.thaw()}


def thinking_chunks(kind: str, text: str, signature: PlainJson = None) -> list[PlainJson]:
    """One plain text, as a content part of this type has it."""
    chunk: PlainObject = {"type": "text" if kind == "thinking" else "summary_text", "text": text}
    return [chunk if signature is None else {**chunk, "signature": signature}]


def signed_chunk(kind: str, chunks: list[PlainJson]) -> str | None:
    """The signature of one plain text that has nothing else; it may be empty."""
    chunk = chunks[0] if len(chunks) == 1 else None
    signature, text = (chunk.get("signature"), chunk.get("text")) if isinstance(chunk, dict) else (None, None)
    if not isinstance(signature, str) or not isinstance(text, str):
        return None
    return signature if chunks == thinking_chunks(kind, text, signature) else None
