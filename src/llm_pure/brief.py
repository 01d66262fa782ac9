"""How our values show themselves: what differs from the defaults, and nothing that is long.

Law: a `repr` names every field that does not hold its default, in the order of the constructor, so that it can be
read back while its strings are short. Of a long text it shows the beginning and the length, of a long string within
JSON the length alone: that may be base64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from functools import cache
from typing import TYPE_CHECKING, cast

from typing_extensions import override

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Brief", "brief"]

_LONG = 200
_BEGINNING = 40


class Brief:
    """A base for dataclasses (made with `repr=False`) whose `repr` leaves out what is as it always is."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        shown: list[str] = []
        for name, by_name, default in _shown(cast("object", type(self))):
            value: object = getattr(self, name)
            if not by_name:
                shown.append(brief(value))
            elif value is not default and value != default:
                shown.append(f"{name}={brief(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


@cache
def _shown(cls: object) -> tuple[tuple[str, bool, object], ...]:
    """Each field to show: its name, whether the constructor wants the name too, and its default."""
    from inspect import Parameter, signature  # not light, and only needed by who looks

    made = cast("type[DataclassInstance]", cls)
    parameters = signature(made).parameters
    known: tuple[Field[object], ...] = fields(made)
    shown: list[tuple[str, bool, object]] = []
    for field in known:
        if field.repr:
            parameter = parameters[field.name]
            default: object = parameter.default
            by_name = default is not Parameter.empty or parameter.kind is Parameter.KEYWORD_ONLY
            shown.append((field.name, by_name, default))
    return tuple(shown)


def brief(value: object) -> str:
    """`repr`, with long strings cut."""
    if isinstance(value, str) and len(value) > _LONG:
        return f"<{len(value)} characters: {value[:_BEGINNING]!r}…>"
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return f"({', '.join(map(brief, items))}{',' if len(items) == 1 else ''})"
    return _within(value) if isinstance(value, bytes | dict | list) else repr(value)


def _within(value: object) -> str:
    """`brief` for what stands in plain JSON."""
    if isinstance(value, str | bytes) and len(value) > _LONG:
        return f"<{len(value)} {'characters' if isinstance(value, str) else 'bytes'}>"
    if isinstance(value, list):
        return f"[{', '.join(map(_within, cast('list[object]', value)))}]"
    if isinstance(value, dict):
        items = cast("Mapping[object, object]", value).items()
        return f"{{{', '.join([f'{key!r}: {_within(item)}' for key, item in items])}}}"
    return repr(value)
