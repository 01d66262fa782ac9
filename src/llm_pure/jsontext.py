"""JSON text: read strictly, written compactly, and written canonically.

Law: `parse_json` answers any bytes, with data or with what is wrong; what is written is UTF-8 JSON and nothing else, or
a `JsonError` names the place of what is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, Literal, Protocol, TypeAlias, cast

__all__ = [
    "JsonError",
    "PlainJson",
    "canonical_json",
    "check_json",
    "dump_json",
    "is_plain",
    "parse_json",
    "parse_json_prefix",
    "parse_objects",
    "parse_plain",
    "plain_copy",
    "prove",
    "unproven_json",
]

PlainJson: TypeAlias = "bool | int | float | str | list[PlainJson] | dict[str, PlainJson] | None"
"""Ordinary JSON data: what `thaw` and the parsers give, owned by whoever asked."""


class JsonError(ValueError):
    """What is wrong with a text or value as JSON, and where. Raised inside the library, never out of it."""

    def __init__(self, reason: str, path: str = "$") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


_BOM = b"\xef\xbb\xbf"


def parse_json(body: bytes | str) -> PlainJson:
    """Strict JSON: UTF-8, one value, no NaN or Infinity, at most 200 levels. A leading BOM is skipped.

    Of duplicate keys the last wins, as everywhere else. A lone surrogate, which no UTF-8 can carry, is
    refused. Raises `JsonError`.
    """
    value = unproven_json(body)
    prove(value)
    return value


def unproven_json(body: bytes | str) -> PlainJson:
    """The same, but that numbers which are too large have become infinite: see `prove`."""
    if type(body) is bytes:
        raw = body
    elif isinstance(body, str):
        raw = body.encode("utf-8", "surrogatepass")  # a lone surrogate is the parser's to refuse
    elif isinstance(body, bytes | bytearray | memoryview):
        raw = bytes(body)
    else:
        raise JsonError(f"expected bytes or text, not {type(body).__name__}")  # what no checker has seen
    try:
        # Keys come again and again, words do not: to look them up among those seen costs more than it saves.
        return _parser()(raw, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        if raw.startswith(_BOM) and not raw.startswith(_BOM, 3):
            return unproven_json(raw[3:])
        raise JsonError(str(error)) from None


def prove(value: PlainJson) -> None:
    """Raise `JsonError` if a number that was read is too large: 1e999 is read as infinity."""
    if not (_all_finite(value) if type(value) is dict else _all_finite([value])):
        check_json(value)


def parse_objects(texts: list[str]) -> list[dict[str, PlainJson]] | None:
    """The objects that the texts are, each all of it; None if `parse_json` has to be asked what one of them is."""
    parse = _parser()
    found: list[dict[str, PlainJson]] = []
    try:
        for text in texts:
            value = parse(text, allow_inf_nan=False, cache_strings="keys")
            if type(value) is not dict:
                return None
            found.append(value)
    except (ValueError, TypeError):  # the latter for a lone surrogate
        return None
    return found if _all_finite(found) else None


def parse_json_prefix(text: str, *, strings: bool = False) -> PlainJson:
    """What the beginning of a JSON text says: the members that are whole, of every object and array that is open.

    With `strings` the last string may itself be a beginning. A number at the end is taken for whole, and one that is
    too large for infinity. Raises `JsonError` if there is no value yet, or the text is no beginning of JSON.
    """
    raw = text.encode("utf-8", "surrogatepass")
    how: bool | Literal["trailing-strings"] = "trailing-strings" if strings else True
    try:
        return _parser()(raw, allow_inf_nan=False, cache_strings="keys", allow_partial=how)
    except ValueError as error:
        raise JsonError(str(error)) from None


def parse_plain(text: bytes) -> PlainJson:
    """What was plain when it was written by `dump_json`."""
    return _parser()(text, allow_inf_nan=False, cache_strings="keys")


class _Parser(Protocol):
    def __call__(
        self,
        data: bytes | str,
        /,
        *,
        allow_inf_nan: bool,
        cache_strings: Literal["keys"],
        allow_partial: bool | Literal["trailing-strings"] = False,
    ) -> PlainJson: ...


@cache
def _parser() -> _Parser:
    # Imported when first needed: pydantic_core takes three times as long to import as the rest of llm_pure.
    from pydantic_core import from_json

    return from_json


def _all_finite(container: dict[str, PlainJson] | Sequence[PlainJson]) -> bool:
    # By the numbers read: to search the text for huge exponents costs twenty times as much as to parse it. Most items
    # are strings, and all are of the parser's own types: a call for each would cost more than all else here.
    for item in container.values() if type(container) is dict else container:
        if type(item) is str:
            continue
        if type(item) is dict or type(item) is list:
            if not _all_finite(item):
                return False
        elif type(item) is float and not math.isfinite(item):
            return False
    return True


def check_json(value: object, path: str = "$") -> None:
    """Raise `JsonError`, with the path, at the first thing that JSON on a UTF-8 wire cannot carry."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise JsonError("a lone surrogate cannot be sent as UTF-8", path) from None
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise JsonError(f"a key must be a string, not {type(key).__name__}", path)
            check_json(key, path)
            check_json(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            check_json(item, f"{path}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise JsonError(f"{value} is no JSON number", path)
    elif value is not None and not isinstance(value, bool | int | float):
        raise JsonError(f"{type(value).__name__} is no JSON", path)


_Encode: TypeAlias = Callable[[PlainJson], str]


def _encoder(*, sort_keys: bool) -> _Encode:
    """`JSONEncoder.encode`, which makes anew for every value what does the work in C: that takes longer than to write a
    short request. A circular value is too deep."""
    encoder = json.JSONEncoder(
        ensure_ascii=False,
        allow_nan=False,
        check_circular=False,
        separators=(",", ":"),
        sort_keys=sort_keys,
    )
    make = cast("_Make | None", getattr(json.encoder, "c_make_encoder", None))
    if make is None:
        return encoder.encode
    string = json.encoder.encode_basestring
    pieces = make(None, encoder.default, string, None, ":", ",", sort_keys, False, False)
    return lambda value: "".join(pieces(value, 0))


_Make: TypeAlias = Callable[
    [None, Callable[[object], object], Callable[[str], str], None, str, str, bool, bool, bool],
    Callable[[PlainJson, int], tuple[str, ...]],
]
"""Memo, what to make of other types, how to write a string, indent, what stands before a value and between two, whether
keys are sorted, whether keys of other types are left out, whether NaN may stand."""

_PLAIN: Final = _encoder(sort_keys=False)
_SORTED: Final = _encoder(sort_keys=True)


def _dump(value: PlainJson, encode: _Encode, *, checked: bool = True) -> bytes:
    try:
        if not checked:
            check_json(value)  # the encoder would make strings of keys that are none
        return encode(value).encode()
    except JsonError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        try:
            check_json(value)
        except RecursionError:
            raise JsonError("nested too deeply") from None
        raise JsonError(str(error)) from None


@cache
def _writer() -> Callable[[PlainJson], bytes]:
    from pydantic_core import to_json

    return to_json


def dump_json(value: PlainJson, *, proven: bool = False) -> bytes:
    """Compact UTF-8, keys in the order they have. Raises `JsonError` with the path of what is no JSON.

    `proven`: it is known to be plain (see `is_plain`), and is not looked through once more.
    """
    # Several times as fast as `json`, but it would also write what is no JSON: bytes, dates, sets.
    if proven or is_plain(value):
        try:
            return _writer()(value)
        except ValueError:  # a lone surrogate
            pass
    return _dump(value, _PLAIN, checked=False)


_DEEPEST: Final = 200


def is_plain(value: PlainJson) -> bool:
    """Whether all of it is of JSON's own types, and not too deep. What is not may be JSON all the same."""
    return _all_plain([value], 0)


def _all_plain(container: dict[str, PlainJson] | list[PlainJson], depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    if type(container) is dict:
        for key in container:
            if type(key) is not str:
                return False
    for item in container.values() if type(container) is dict else container:
        if type(item) is str:
            continue
        if type(item) is dict or type(item) is list:
            if not _all_plain(item, depth + 1):
                return False
        elif type(item) is float:
            if not math.isfinite(item):
                return False
        elif item is not None and type(item) is not int and type(item) is not bool:
            return False
    return True


class _NotPlainError(Exception):
    """Something is not of JSON's own types."""


def plain_copy(raw: dict[str, PlainJson]) -> dict[str, object] | None:
    """A deep copy, if all of it is plain (see `is_plain`), wherever it is put, and can be read again; None if not."""
    try:
        return _plain_object(raw, _MARGIN)
    except _NotPlainError:
        return None


_MARGIN: Final = 20
"""How deep in a payload a copy may stand."""
_LONGEST: Final = 14_000
"""Bits of a whole number: no parser reads one of more than 4300 digits again."""


def _plain_object(raw: dict[str, PlainJson], depth: int) -> dict[str, object]:
    for key in raw:
        if type(key) is not str:
            raise _NotPlainError
    return {key: item if type(item) is str else _plain_copy(item, depth) for key, item in raw.items()}


def _plain_copy(value: PlainJson, depth: int) -> object:
    if depth > _DEEPEST:
        raise _NotPlainError
    if type(value) is dict:
        return _plain_object(value, depth + 1)
    if type(value) is list:
        return [item if type(item) is str else _plain_copy(item, depth + 1) for item in value]
    if value is None or type(value) is bool:
        return value
    if type(value) is int and value.bit_length() <= _LONGEST:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise _NotPlainError


def canonical_json(value: PlainJson) -> bytes:
    """Compact UTF-8 with sorted keys: one byte string per JSON value, numbers as Python spells them.

    `1` and `1.0` stay apart, which can cost a cache hit and can never cause a wrong one.
    Raises `JsonError` with the path of what is no JSON.
    """
    return _dump(value, _SORTED)
