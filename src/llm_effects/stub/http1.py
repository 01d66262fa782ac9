"""HTTP/1.1 from the server's side: requests read, answers framed. No I/O.

Law: `reader()` gives the same requests for any chunking of the same bytes. What is no request raises `BadHttp`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

__all__ = ["LAST_CHUNK", "BadHttp", "Incoming", "Pairs", "Reader", "Wanted", "chunk", "head", "reader"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_LONGEST_HEAD: Final = 1 << 20


class BadHttp(Exception):
    """The bytes are no HTTP request."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request. Header names are in lower case, repeated ones joined by commas."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """More bytes; the client sends none before it has seen `100 Continue` if `go_on` is set."""

    go_on: bool = False


Reader: TypeAlias = Generator[Incoming | Wanted, bytes, None]


def reader() -> Reader:
    """Send it bytes, b"" after an `Incoming`, and take what it yields. The first `next` yields `Wanted()`."""
    buffer = bytearray()
    while True:
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > _LONGEST_HEAD:
                raise BadHttp("the head has no end")
            buffer += yield Wanted()
        lines = bytes(buffer[:end]).decode("latin-1").lstrip("\r\n").split("\r\n")
        del buffer[: end + 4]
        method, target, version = _request_line(lines[0])
        headers = _headers(lines[1:])
        if headers.get("expect", "").lower() == "100-continue" and not buffer:
            buffer += yield Wanted(go_on=True)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = yield from _chunked(buffer)
        else:
            body = yield from _exactly(buffer, _number(headers.get("content-length", "0"), 10))
        connection = headers.get("connection", "").lower()
        keep = connection != "close" if version == "HTTP/1.1" else connection == "keep-alive"
        buffer += yield Incoming(method, target, headers, body, keep)


def _exactly(buffer: bytearray, size: int) -> Generator[Wanted, bytes, bytes]:
    while len(buffer) < size:
        buffer += yield Wanted()
    data = bytes(buffer[:size])
    del buffer[:size]
    return data


def _line(buffer: bytearray) -> Generator[Wanted, bytes, bytes]:
    while (end := buffer.find(b"\r\n")) < 0:
        buffer += yield Wanted()
    data = bytes(buffer[:end])
    del buffer[: end + 2]
    return data


def _chunked(buffer: bytearray) -> Generator[Wanted, bytes, bytes]:
    body = bytearray()
    while True:
        line = yield from _line(buffer)
        size = _number(line.split(b";")[0].decode("latin-1").strip(), 16)
        if size == 0:
            while (yield from _line(buffer)):
                pass  # trailers
            return bytes(body)
        body += yield from _exactly(buffer, size)
        yield from _line(buffer)


def _request_line(line: str) -> tuple[str, str, str]:
    match line.split(" "):
        case [method, target, ("HTTP/1.0" | "HTTP/1.1") as version] if method and target:
            return method, target, version
        case _:
            raise BadHttp("no request line")


def _headers(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadHttp("a header without a colon")
        name, value = name.strip().lower(), value.strip()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _number(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise BadHttp(f"no length: {text[:40]!r}")
    return number


# ---------------------------------------------------------------- answers

LAST_CHUNK: Final = b"0\r\n\r\n"


def head(status: int, headers: Pairs) -> bytes:
    """Status line and headers, up to the empty line."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """One piece of a body whose length is not known beforehand."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
