"""From an HTTP answer to an error: the part that all providers share.

Law: every status, all headers and any body give an `LlmError`. What the provider calls the error decides where its
own table knows the name; the status decides otherwise:

    401 403                Denied          429        RateLimited
    402                    Quota           503 529    Overloaded
    408 409 425            Transient       other 5xx  ServerFault
    413 431                TooLarge        other 4xx  BadRequest
    3xx                    Misconfigured (a redirect: the address is wrong)
    anything else          Malformed (no error was announced, and no answer came)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from llm_pure.errors import (
    BadRequest,
    Denied,
    LlmError,
    Malformed,
    Misconfigured,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    TooLarge,
    Transient,
    snippet,
)
from llm_pure.json import JsonError, PlainJson, parse_json
from llm_pure.wire import Headers, lowered, obeying, request_id_of, retry_after_of

__all__ = ["BY_STATUS", "error_of", "error_words", "kind_of", "status_in", "text_in"]

BY_STATUS: Final[Mapping[int, type[LlmError]]] = {
    401: Denied,
    402: Quota,
    403: Denied,
    408: Transient,
    409: Transient,
    413: TooLarge,
    425: Transient,
    429: RateLimited,
    431: TooLarge,
    503: Overloaded,
    529: Overloaded,
}
_BY_HUNDRED: Final[Mapping[int, type[LlmError]]] = {3: Misconfigured, 4: BadRequest, 5: ServerFault}


def kind_of(status: int) -> type[LlmError]:
    """The kind of error that a status means by itself."""
    return BY_STATUS.get(status) or _BY_HUNDRED.get(
        status // 100, ServerFault if status >= 600 else Malformed
    )


def status_in(status: object) -> int:
    """A status as a number; 0 for what is none, which nobody announces."""
    return status if isinstance(status, int) and 100 <= status <= 999 else 0


def error_of(
    status: int,
    headers: Headers,
    *,
    kind: type[LlmError] | None = None,
    message: str = "",
    type_name: str | None = None,
    code: str | None = None,
    path: str | None = None,
    request_id: str | None = None,
) -> LlmError:
    """The error of an HTTP answer. `kind` is what the provider's own table says, None if it says nothing.

    Waiting time, request id and `x-should-retry` come from the headers; the message is cut and keys in it are masked.
    """
    names = lowered(headers)
    kind = kind if kind is not None else kind_of(status)
    error: LlmError = kind(
        message=snippet(message) if message else f"status {status}",
        status=status or None,
        type=_name(type_name),
        code=_name(code),
        path=path,
        retry_after=retry_after_of(names),
        request_id=request_id_of(names) or _name(request_id),
    )
    return obeying(error, names)


def _name(text: str | None) -> str | None:
    return snippet(text) if text else None


def error_words(body: bytes | str) -> tuple[dict[str, PlainJson] | None, str]:
    """A body as JSON object, None if it is none; and as text for people, whatever it is."""
    given: object = body  # and not what a checker would have allowed
    if not isinstance(given, bytes | str | bytearray | memoryview):
        return None, f"the body is {type(given).__name__}, and neither bytes nor text"
    try:
        value = parse_json(body)
    except JsonError:
        value = None
    text = body if isinstance(body, str) else bytes(body[:4096]).decode("utf-8", "replace")
    return (value if isinstance(value, dict) else None), snippet(text.strip())


def text_in(data: Mapping[str, PlainJson], key: str) -> str | None:
    """The string at `key`; a number as its text, since codes are written both ways; None for anything else."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
