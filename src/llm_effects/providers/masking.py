"""What may not come out with an error: servers repeat the key that they refuse, and frames hold what they worked on.

Law: the key of a request, whatever its shape, does not stand in the body of an error that answers it. Shapes of keys
that came from elsewhere are masked where the text is cut (`llm_pure.errors.snippet`). What passes through a run, a
cancelled task or Ctrl-C, brings none of the SDK's frames along: with their locals a traceback shows key and prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx2

__all__ = ["without_frames", "without_key"]

_HEADERS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_SHORTEST: Final = 8
"""A shorter value would be found in words."""


def without_frames(error: BaseException) -> BaseException:
    """The exception, as if it had been raised here."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def without_key(response: httpx2.Response) -> bytes:
    """A body that has been read; an error's without the key of its request."""
    body: bytes = response.content
    if response.status_code >= 400:
        for name in _HEADERS:
            key = response.request.headers.get(name, "").rpartition(" ")[2]
            if len(key) >= _SHORTEST:
                body = body.replace(key.encode(), b"[masked]")
    return body
