"""One item of a stream, put together of its start and its deltas.

Law: an `OpenItem` never changes, so that folding twice from one state gives the same; a delta costs what it is long,
since pieces are chained and joined once. `assembled` gives the item as a body would have held it, and whoever reads
bodies reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from typing_extensions import override

from llm_pure.json import PlainJson
from llm_pure.reading import PlainObject

__all__ = ["ASIDE", "DELTAS", "WHOLES", "Key", "OpenItem", "assembled", "kind_of", "texts_of"]

Key: TypeAlias = tuple[str, int]
"""What a piece belongs to: the kind of a block or the name of a field, and the block's place."""

DELTAS: Final[Mapping[str, tuple[str, str | None]]] = {
    "response.output_text.delta": ("output_text", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_summary_text.delta": ("summary_text", "summary_index"),
    "response.reasoning_text.delta": ("reasoning_text", "content_index"),
    "response.function_call_arguments.delta": ("arguments", None),
    "response.mcp_call_arguments.delta": ("arguments", None),
    "response.custom_tool_call_input.delta": ("input", None),
    "response.code_interpreter_call_code.delta": ("code", None),
}
"""Events with a piece: what it is a piece of, and where the block's place stands."""

WHOLES: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "response.output_text.done": ("output_text", "content_index", "text"),
    "response.refusal.done": ("refusal", "content_index", "refusal"),
    "response.reasoning_summary_text.done": ("summary_text", "summary_index", "text"),
    "response.reasoning_text.done": ("reasoning_text", "content_index", "text"),
    "response.function_call_arguments.done": ("arguments", None, "arguments"),
    "response.mcp_call_arguments.done": ("arguments", None, "arguments"),
    "response.custom_tool_call_input.done": ("input", None, "input"),
    "response.code_interpreter_call_code.done": ("code", None, "code"),
}
"""Events with all of it once more, and where it stands."""

ASIDE: Final = frozenset(
    {
        "keepalive",
        "response.content_part.done",
        "response.output_text.annotation.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        *(
            f"response.{said}.{how}"
            for said, hows in {
                "apply_patch_call_operation_diff": ("delta", "done"),
                "audio": ("delta", "done"),
                "audio.transcript": ("delta", "done"),
                "code_interpreter_call": ("in_progress", "interpreting", "completed"),
                "compaction": ("compacting",),
                "file_search_call": ("in_progress", "searching", "completed"),
                "image_generation_call": ("in_progress", "generating", "partial_image", "completed"),
                "mcp_call": ("in_progress", "completed", "failed"),
                "mcp_list_tools": ("in_progress", "completed", "failed"),
                "shell_call_command": ("added", "delta", "done"),
                "shell_call_output_content": ("delta", "done"),
                "web_search_call": ("in_progress", "searching", "completed"),
            }.items()
            for how in hows
        ),
    }
)
"""Events that say how it goes, or what their item holds when it is done."""

_BLOCKS: Final[Mapping[str, tuple[str, str]]] = {
    "output_text": ("content", "text"),
    "refusal": ("content", "refusal"),
    "reasoning_text": ("content", "text"),
    "summary_text": ("summary", "text"),
}
"""Which list of an item a block stands in, and what its words are called."""

Pieces: TypeAlias = "tuple[Pieces, Key, str, bool] | None"
"""The pieces, the latest first; whether one is the whole."""


class OpenItem(NamedTuple):
    """An item that has begun: as it started, the places of its parts, its pieces, what the last of them belonged to."""

    at: int
    start: PlainObject
    places: tuple[int, ...]
    pieces: Pieces = None
    last: Key | None = None

    @override
    def __repr__(self) -> str:
        return f"OpenItem({self.at}, {kind_of(self.start)!r})"


def kind_of(item: PlainObject) -> PlainJson:
    return item.get("type", "message" if "role" in item else None)


def texts_of(item: OpenItem, *, wholes: bool) -> dict[Key, str]:
    """The texts of an item, its pieces joined; with `wholes`, what was said as a whole counts."""
    found: dict[Key, list[str]] = {}
    complete: set[Key] = set()
    pieces = item.pieces
    while pieces is not None:
        pieces, key, text, whole = pieces
        if (whole and not wholes) or key in complete:
            continue
        if whole:
            complete.add(key)
            found[key] = [text]
        else:
            found.setdefault(key, []).append(text)
    return {key: "".join(reversed(texts)) for key, texts in found.items()}


def assembled(item: OpenItem, *, wholes: bool = True) -> PlainObject:
    """The item as far as it was said. Without `wholes`: of its pieces alone, as it was told."""
    made: PlainObject = dict(item.start)
    lists: dict[str, list[PlainJson]] = {}
    for (kind, _), text in sorted(texts_of(item, wholes=wholes).items(), key=lambda said: said[0][1]):
        if kind not in _BLOCKS:
            before = made.get(kind)
            made[kind] = before + text if isinstance(before, str) and not wholes else text
            continue
        where, name = _BLOCKS[kind]
        lists.setdefault(where, []).append({"type": kind, name: text})
    return {**made, **lists}
