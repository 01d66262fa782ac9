"""HTML that cannot be broken out of.

Law: a string becomes text, and nothing else; only `tag` makes markup. Attribute values are escaped and quoted.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias, final

__all__ = ["Child", "Markup", "tag"]


@final
class Markup:
    """A piece of a page."""

    __slots__ = ("html",)

    def __init__(self, html: str) -> None:
        self.html: Final = html


Child: TypeAlias = "str | Markup | Iterable[Child] | None"
"""What an element holds: text, elements, or several of these; None is nothing."""

_VOID: Final = frozenset(("br", "hr", "link", "meta"))


def tag(name: str, /, *children: Child, **attributes: str | None) -> Markup:
    """An element. `class_` stands for `class`, `aria_label` for `aria-label`; None leaves an attribute out."""
    told = "".join(
        [
            f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    return Markup(f"<{name}{told}>" + ("" if name in _VOID else f"{inside(*children)}</{name}>"))


def inside(*children: Child) -> str:
    """What stands between the tags of an element."""
    return "".join(map(_html, children))


def _html(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, str):
        return escape(child)
    return child.html if isinstance(child, Markup) else inside(*child)
