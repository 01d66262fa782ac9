"""Bodies as people read them.

Law: a JSON body is written indented, any other text as it is, the rest as bytes; what is read back is the same JSON,
the same text, the same bytes. An event of a stream takes a line.
"""

from __future__ import annotations

import json
import re
from typing import Final

from llm_effects.replay.interactions import Pairs
from llm_effects.replay.plain_yaml import Block
from llm_pure.json import JsonError, PlainJson, parse_json

__all__ = ["indented", "json_of", "pieces_decoded", "readable", "unreadable"]

_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON may hold as it is and a block of YAML may not."""


def json_of(body: bytes) -> PlainJson | JsonError:
    """The body as JSON. An error that is given back, for None is JSON too."""
    try:
        return parse_json(body)
    except JsonError as error:
        return error


def indented(value: PlainJson) -> str:
    """JSON with a line for every value."""
    return _ESCAPED.sub(_escape, json.dumps(value, indent=2, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def readable(body: bytes) -> Block | bytes:
    """What stands in the file."""
    value = json_of(body)
    if isinstance(value, dict | list):
        text = indented(value)
        if json_of(text.encode()) == value:  # it always is; what is kept is never guessed
            return Block(text)
    try:
        return Block(body.decode())
    except UnicodeDecodeError:
        return body


def unreadable(text: str | bytes | None) -> bytes:
    """The body that stands in the file."""
    if text is None:
        return b""
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def pieces_decoded(headers: Pairs, pieces: list[bytes]) -> tuple[Pairs, list[bytes]]:
    """The pieces decompressed, and the headers that are still true. What cannot be decompressed stays as it is."""
    import httpx2

    encoding = next((value for name, value in headers if name == "content-encoding"), "")
    framing = {"content-length", "transfer-encoding", "connection"}
    if not encoding or encoding.lower() == "identity":
        return tuple(pair for pair in headers if pair[0] not in framing | {"content-encoding"}), pieces
    packed = httpx2.Response(200, headers=[("content-encoding", encoding)], content=iter(pieces))
    decoded: list[bytes] = []
    try:
        decoded.extend(packed.iter_bytes())
    except httpx2.DecodingError:
        if not decoded:
            return tuple(pair for pair in headers if pair[0] not in framing), pieces
    return tuple(pair for pair in headers if pair[0] not in framing | {"content-encoding"}), decoded
