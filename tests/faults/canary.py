"""A canary: a key and a prompt that are found again wherever they come out.

Law: a surface is text or bytes, or any object with all that can be reached from it. What is found is named by the way
there, so that a failure says where the leak is.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Final

__all__ = ["ODD_KEY", "PROMPT", "SHAPED_KEY", "leaks", "logged", "pickled", "with_locals"]

SHAPED_KEY: Final = "sk-canary-4f1d0c9a7b3e5d6f"
ODD_KEY: Final = "Canary+key/of=no.known~shape"
PROMPT: Final = "canary prompt, do not repeat"
_MOST: Final = 20_000


def leaks(secret: str, **surfaces: object) -> list[str]:
    """Where the secret stands: in what is shown of each surface, or in anything that can be reached from it."""
    found: list[str] = []
    for name, surface in surfaces.items():
        for way, shown in _shown(name, surface):
            if secret in shown:
                found.append(way)
    return found


def _shown(name: str, surface: object) -> Iterator[tuple[str, str]]:
    seen: set[int] = set()
    left: list[tuple[str, object]] = [(name, surface)]
    while left and len(seen) < _MOST:
        way, value = left.pop()
        if id(value) in seen or isinstance(value, type | ModuleType | FunctionType | MethodType):
            continue
        seen.add(id(value))
        if isinstance(value, str):
            yield way, value
            continue
        if isinstance(value, bytes | bytearray):
            yield way, bytes(value).decode("utf-8", "replace")
            continue
        yield f"repr({way})", repr(value)
        yield f"str({way})", str(value)
        left += _within(way, value)


def _within(way: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield f"{way} key", key
            yield f"{way}[{key!r}]", item
    elif isinstance(value, list | tuple | set | frozenset):
        for at, item in enumerate(value):
            yield f"{way}[{at}]", item
    if isinstance(value, BaseException):
        for name in ("args", "__cause__", "__context__"):
            yield f"{way}.{name}", getattr(value, name)
    for name in _names(value):
        try:
            yield f"{way}.{name}", getattr(value, name)
        except AttributeError:
            continue


def _names(value: object) -> Iterator[str]:
    yield from getattr(value, "__dict__", ())
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def pickled(value: object) -> bytes:
    return pickle.dumps(value)


def with_locals(error: BaseException, *, of: str = "") -> str:
    """The traceback with all that its frames hold; of frames alone whose file's name has `of` in it.

    Not the tests' own, who hold the canary.
    """
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    parts: list[traceback.TracebackException] = [told]
    while parts:
        part = parts.pop()
        lines += part.format_exception_only()
        for frame in part.stack:
            if of in frame.filename and f"{os.sep}tests{os.sep}" not in frame.filename:
                lines.append(f"{frame.filename}:{frame.lineno} {frame.locals}")
        parts += [chained for chained in (part.__cause__, part.__context__) if chained is not None]
    return "\n".join(lines)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged, by whomever and at any level, exceptions too."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    before = root.level
    levels = {name: logging.getLogger(name).level for name in ("anthropic", "openai", "httpx2", "httpcore2")}
    for name in levels:
        logging.getLogger(name).setLevel(1)
    root.addHandler(handler)
    root.setLevel(1)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
