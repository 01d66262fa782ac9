"""A block of a stream, put together of its start and its deltas.

Law: a finished block is read by the readers that read a body's, so that stream and body agree. A block that was
not finished gives nothing that could be taken for whole: a call is broken, thinking is unsigned. A delta that nobody
knows adds fields, and says nothing of those that we model.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from typing_extensions import override

from llm_pure.anthropic_messages.blocks import ANSWER, MODELLED, read_block
from llm_pure.json import JsonError, JsonObject, PlainJson, parse_json
from llm_pure.parts import BrokenToolCall, Part, Reasoning, Text, ToolCall, made_call
from llm_pure.reading import PlainObject, within

__all__ = ["OpenBlock", "finished", "unfinished"]

Pieces: TypeAlias = "tuple[Pieces, str] | None"
Notes: TypeAlias = "tuple[Notes, PlainObject] | None"


class OpenBlock(NamedTuple):
    """A block that has begun: as it started, its pieces of text (the latest first), and its other deltas."""

    at: int
    kind: str
    start: PlainObject
    pieces: Pieces = None
    notes: Notes = None

    def noted(self, delta: PlainObject) -> OpenBlock:
        """With one more delta that is no piece of text."""
        return OpenBlock(self.at, self.kind, self.start, self.pieces, (self.notes, delta))

    @property
    def text(self) -> str:
        """The pieces, joined."""
        found: list[str] = []
        pieces = self.pieces
        while pieces is not None:
            pieces, piece = pieces
            found.append(piece)
        return "".join(reversed(found))

    @override
    def __repr__(self) -> str:
        return f"OpenBlock({self.at}, {self.kind!r})"


def finished(block: OpenBlock) -> Part:
    """The part that the block has become. Raises `JsonError` if its deltas made it something else."""
    whole, text = _noted(block), block.text
    try:
        if block.kind != "tool_use":
            if text:
                whole[block.kind] = f"{whole.get(block.kind) or ''}{text}"  # its text has its name
            return read_block(whole, ANSWER)
        if not text:
            return read_block(whole, ANSWER)
        return _call(whole, text)
    except JsonError as error:
        raise within(error, f".content[{block.at}]") from None


def _call(whole: PlainObject, text: str) -> Part:
    try:
        arguments = parse_json(text)
    except JsonError:
        arguments = None
    if not isinstance(arguments, dict):
        return read_block({**whole, "input": text}, ANSWER)
    call = read_block({**whole, "input": arguments}, ANSWER)
    if isinstance(call, ToolCall):  # with the model's own spelling
        return made_call(call.id, call.name, JsonObject.wrap(arguments, text), call.extras)
    return call


def unfinished(block: OpenBlock) -> Part | None:
    """What there is of a block that was cut off, if it means anything by itself."""
    text = block.text
    said = block.start.get(block.kind)
    said = f"{said}{text}" if isinstance(said, str) else text
    if block.kind == "text":
        return Text(said) if said else None
    if block.kind == "thinking":
        return Reasoning(said) if said else None
    id_, name = block.start.get("id"), block.start.get("name")
    if block.kind == "tool_use" and isinstance(id_, str) and isinstance(name, str):
        return BrokenToolCall(id_, name, text)
    return None


# ---------------------------------------------------------------- other deltas


def _noted(block: OpenBlock) -> PlainObject:
    """The block as it started, with its other deltas; what nobody knows is added under its own name."""
    whole = dict(block.start)
    notes, deltas = block.notes, list[PlainObject]()
    while notes is not None:
        notes, delta = notes
        deltas.append(delta)
    pieces: dict[str, list[str]] = {}
    citations: list[PlainJson] = []
    modelled = MODELLED.get(block.kind, frozenset()) | {"type"}
    for delta in reversed(deltas):
        kind = delta.get("type")
        if kind == "citations_delta":
            citations.append(delta.get("citation"))
        elif kind == "signature_delta":
            whole.update({key: value for key, value in delta.items() if key != "type" and value is not None})
        else:
            for key, value in delta.items():
                if key not in modelled:
                    _add(whole, pieces, key, value)
    cited: list[PlainJson] = [citation for citation in citations if citation is not None]
    if cited:
        before = whole.get("citations")
        whole["citations"] = [*before, *cited] if isinstance(before, list) else cited
    for key, found in pieces.items():
        if key == "partial_json":
            whole["input"] = _input("".join(found))
        else:
            before = whole.get(key)
            whole[key] = (before if isinstance(before, str) else "") + "".join(found)
    return whole


def _add(whole: PlainObject, pieces: dict[str, list[str]], key: str, value: PlainJson) -> None:
    if isinstance(value, str):
        pieces.setdefault(key, []).append(value)
    elif value is not None:
        whole[key] = value


def _input(text: str) -> PlainJson:
    try:
        return parse_json(text)
    except JsonError:
        return text
