"""What may not come out with an error: servers repeat the key that they refuse, and frames hold what they worked on.

Law: the key of a request, whatever its shape, does not stand in the headers of an error that answers it, nor in its
body, in no spelling that JSON allows; nor does the login of a base URL. Shapes of keys that came from elsewhere are
masked where the text is cut (`llm_pure.errors.snippet`). What passes through a run, a
cancelled task or Ctrl-C, brings none of the SDK's frames along: with their locals a traceback shows key and prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx2

__all__ = ["headers_without_key", "without_frames", "without_key"]

_HEADERS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_SHORTEST: Final = 6
"""A shorter value would be found in words."""


def without_frames(error: BaseException) -> BaseException:
    """The exception, as if it had been raised here."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def without_key(response: httpx2.Response) -> bytes:
    """A body that has been read; an error's without the key of its request."""
    body: bytes = response.content
    if response.status_code >= 400:
        for secret in _secrets(response.request):
            if len(secret) >= _SHORTEST:
                body = _spelt(secret).sub(b"[masked]", body)
    return body


def headers_without_key(response: httpx2.Response) -> dict[str, str]:
    """The headers of an error, names in lower case: a server may repeat the key in an id, say."""
    headers = dict(response.headers.items())
    for secret in _secrets(response.request):
        if len(secret) >= _SHORTEST:
            headers = {name: value.replace(secret, "[masked]") for name, value in headers.items()}
    return headers


def _secrets(request: httpx2.Request) -> Iterator[str]:
    for name in _HEADERS:
        yield request.headers.get(name, "").rpartition(" ")[2]
    yield request.url.userinfo.decode("ascii", "replace")  # as it stands in the URL, percent-encoded
    yield request.url.password


def _spelt(secret: str) -> re.Pattern[bytes]:
    r"""All the ways in which JSON may write it, and JSON inside JSON: `/` is also `\/`, `C` is also `\u0043`.

    No part can be read in two ways, so that no body makes it slow.
    """
    return re.compile(b"".join(map(_piece, re.findall(r"\\+|[^\\]", secret))))


def _piece(piece: str) -> bytes:
    if piece[0] == "\\":
        return rb"(?>(?:\\(?:u005[cC])?){%d,%d})" % (len(piece), 4 * len(piece))
    units = piece.encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    escaped = b"".join(rb"\\{1,3}u(?i:%b)" % unit.encode() for unit in units)
    return rb"(?:\\{0,3}%b|%b)" % (re.escape(piece.encode("utf-8", "replace")), escaped)
