"""YAML as data: text, bytes, numbers, lists and mappings, and never an object.

Law: any text is a value or a `BadYaml` that names the line; no tag names a class that is made. The values are built
from the parser's events, without recursion: given a hundred thousand brackets, the C loader of PyYAML ends the process.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BadYaml", "Block", "Plain", "dump_yaml", "load_yaml"]

Plain: TypeAlias = "bool | int | str | bytes | list[Plain] | dict[str, Plain] | None"

_DEEPEST: Final = 50
_LONGEST: Final = 64 * 1024 * 1024


class BadYaml(ValueError):
    """What is wrong with a text, and where. Its message ends in the line."""


class Block(str):
    """Text that is written as a block, line by line."""

    __slots__ = ()


# ---------------------------------------------------------------- reading

_TAG: Final = "tag:yaml.org,2002:"
_TEXT: Final = frozenset((_TAG + "str", _TAG + "python/str", _TAG + "python/unicode", "!"))
_CONTAINERS: Final = frozenset(
    (_TAG + "seq", _TAG + "map", _TAG + "python/tuple", _TAG + "python/object/new:_io.BytesIO", "!")
)
"""What vcrpy has written over the years. A `BytesIO` stays the mapping that describes it, and is nowhere made."""
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}


class _Event:
    """An event of PyYAML's, which ships no types."""

    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    implicit: tuple[bool, bool]
    start_mark: _Mark


class _Mark:
    line: int


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun. `key` is the one whose value comes next."""

    made: list[Plain] | dict[str, Plain]
    key: str | None = None
    has_key: bool = False


def load_yaml(text: str) -> Plain:
    """The one document of a text; an empty text is None. Raises `BadYaml`."""
    if len(text) > _LONGEST:
        raise BadYaml(f"it is longer than {_LONGEST} characters")
    try:
        return _built(_events(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise BadYaml(f"{problem} (line {getattr(mark, 'line', 0) + 1})") from None


def _events(text: str) -> Iterator[_Event]:
    yield from cast(
        "Iterator[_Event]", yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )


def _built(events: Iterator[_Event]) -> Plain:
    root: list[Plain] = []
    stack = [_Open(root)]
    known: dict[str, Plain] = {}
    for event in events:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            value = _scalar(event)
            if event.anchor is not None:
                known[event.anchor] = value
            _add(stack[-1], value, event)
        elif kind in {"SequenceStartEvent", "MappingStartEvent"}:
            if event.tag is not None and event.tag not in _CONTAINERS:
                raise _bad(f"the tag {_short(event.tag)} is refused", event)
            if len(stack) > _DEEPEST:
                raise _bad("nested too deeply", event)
            made: list[Plain] | dict[str, Plain] = [] if kind == "SequenceStartEvent" else {}
            if event.anchor is not None:
                known[event.anchor] = made
            _add(stack[-1], made, event)
            stack.append(_Open(made))
        elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
            stack.pop()
        elif kind == "AliasEvent":
            # What an alias stands for must be whole, or a value would hold itself.
            name = event.anchor
            if name is None or name not in known or any(open_.made is known[name] for open_ in stack):
                raise _bad("an alias without a value", event)
            _add(stack[-1], known[name], event)
    if len(root) > 1:
        raise BadYaml("more than one document (line 1)")
    return root[0] if root else None


def _add(open_: _Open, value: Plain, event: _Event) -> None:
    if isinstance(open_.made, list):
        open_.made.append(value)
    elif open_.has_key:
        open_.made[open_.key or ""] = value
        open_.has_key = False
    else:
        if isinstance(value, list | dict | bytes):
            raise _bad("a key must be text", event)
        open_.key = value if isinstance(value, str) else event.value
        open_.has_key = True


def _scalar(event: _Event) -> Plain:
    tag = event.tag
    if tag == _TAG + "binary":
        try:
            return b64decode("".join(event.value.split()), validate=True)
        except ValueError:
            raise _bad("no base64", event) from None
    if tag is not None and tag not in _TEXT:
        if tag in {_TAG + name for name in ("int", "bool", "null", "float", "timestamp")}:
            return _word(event.value)
        raise _bad(f"the tag {_short(tag)} is refused", event)
    # Plain and untagged: a number or a word, unless it is neither.
    return (
        _word(event.value) if tag is None and event.implicit[0] and event.style in {None, ""} else event.value
    )


def _word(text: str) -> Plain:
    lowered = text.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    return int(text) if _INTEGER.fullmatch(text) else text


def _bad(reason: str, event: _Event) -> BadYaml:
    return BadYaml(f"{reason} (line {event.start_mark.line + 1})")


def _short(tag: str) -> str:
    return repr(tag.removeprefix(_TAG)[:80])


# ---------------------------------------------------------------- writing


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML ships no types
    """Blocks as blocks, lists of numbers in one line, and no aliases. The C dumper would write no emoji in a block."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
"""They end a line wherever they stand unescaped, and would be read as another line end."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = '"' if _BREAKS.search(text) else "|" if isinstance(text, Block) else None
    return dumper.represent_scalar(_TAG + "str", str(text), style=style)


def _list(dumper: _Dumper, items: list[Plain]) -> yaml.Node:
    numbers = bool(items) and all(type(item) is int for item in items)
    return dumper.represent_sequence(_TAG + "seq", items, flow_style=numbers)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Block, _text)
_Dumper.add_representer(list, _list)


def dump_yaml(value: Plain) -> str:
    """The text of a value; `load_yaml` gives the value back. Keys keep their order."""
    return cast(
        "str",
        yaml.dump(
            value,
            Dumper=_Dumper,
            allow_unicode=True,
            sort_keys=False,
            width=1_000_000,
            default_flow_style=False,
            explicit_end=True,  # a text that was cut lacks it
        ),
    )
