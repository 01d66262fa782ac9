"""What OpenAI's wires have no words for in a document.

Law: a document of text is sent as its parts. That it was one is a loss, and so is what no file has there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from llm_pure.errors import Loss
from llm_pure.json import PlainJson
from llm_pure.mirror import Losses, Mirror
from llm_pure.parts import Document, Part, Text

__all__ = ["report_wordless", "spelt_out"]

_Write: TypeAlias = Callable[[Part, Losses, str], list[PlainJson]]


def report_wordless(part: Document, losses: Losses, path: str, mirror: Mirror) -> None:
    """Report what no document has there."""
    for name, value in (("context", part.context), ("citations", part.citations)):
        if value is not None:
            losses.append(Loss(f"{path}.{name}", f"documents have no {name} in {mirror.called}"))


def spelt_out(
    part: Document,
    source: Text | tuple[Part, ...],
    write: _Write,
    losses: Losses,
    path: str,
    mirror: Mirror,
) -> list[PlainJson]:
    """A document of text as its parts, each as `write` has it."""
    losses.append(Loss(path, "a document of text is sent as its parts"))
    if part.title is not None:
        losses.append(Loss(f"{path}.title", "parts of a document have no title"))
    mirror.attach({}, part.extras, losses, path)
    if isinstance(source, Text):
        return write(source, losses, f"{path}.source")
    return [
        block
        for index, inner in enumerate(source)
        for block in write(inner, losses, f"{path}.source[{index}]")
    ]
