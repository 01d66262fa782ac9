"""The provider's errors, both directions.

Law: any status, headers and body give an error. The error's code decides where it is in the table, then its type, then
the status (under 200 and in a stream, one that the error quotes); the two types that say little
(`invalid_request_error`, `api_error`) leave it to the status of an error, which gateways set with more care.
`encode_error` answers so that reading it gives the error back, as far as a provider can say it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from llm_pure.anthropic_messages.tables import FIELDS
from llm_pure.errors import (
    BadOutput,
    BadRequest,
    BadToolInput,
    BreakerOpen,
    CassetteMiss,
    Deadline,
    Denied,
    Disconnected,
    Incomplete,
    LlmError,
    Lossy,
    Malformed,
    Misconfigured,
    OutOfOrder,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    Timeout,
    TlsRefused,
    TooLarge,
    Transient,
    Unreachable,
)
from llm_pure.json import JsonError, PlainJson, dump_json
from llm_pure.reading import PlainObject
from llm_pure.status import (
    QUOTA,
    details_in,
    error_of,
    error_words,
    kind_of,
    meant,
    quoted_status,
    status_in,
    text_in,
)
from llm_pure.wire import Headers, WireError

__all__ = ["decode_error", "encode_error", "error_in"]

_BY_CODE: Final[Mapping[str, type[LlmError]]] = {
    "enforced_spend_limit_reached": Quota,
    "contract_spend_limit_reached": Quota,
    "ramp_limit_exceeded": RateLimited,
}
_BY_TYPE: Final[Mapping[str, type[LlmError]]] = {
    "invalid_request_error": BadRequest,
    "authentication_error": Denied,
    "permission_error": Denied,
    "billing_error": Quota,
    "not_found_error": BadRequest,
    "conflict_error": Transient,
    "request_too_large": TooLarge,
    "rate_limit_error": RateLimited,
    "timeout_error": Transient,
    "api_error": ServerFault,
    "overloaded_error": Overloaded,
}
_VAGUE: Final = frozenset({"invalid_request_error", "api_error"})
_FIRST_ERROR: Final = 400


def decode_error(status: int, headers: Headers, body: bytes | str) -> LlmError:
    """The error that an HTTP answer means."""
    status = status_in(status)
    data, text = error_words(body)
    return (
        error_in(data, status, headers, text) if data is not None else error_of(status, headers, message=text)
    )


def error_in(data: PlainObject, status: int, headers: Headers, text: str = "") -> LlmError:
    """The error that a JSON object means: an answer's body, or an event in a stream."""
    said = data.get("error")
    error: Mapping[str, PlainJson] = said if isinstance(said, dict) else data
    details = error.get("details")
    code = text_in(details, "error_code") if isinstance(details, dict) else None
    if code is None:
        code = text_in(error, "code")  # of those who serve other models in this form
    kind = text_in(error, "type")
    message = said if isinstance(said, str) else text_in(error, "message") or text
    return error_of(
        status,
        headers,
        kind=_kind(_status(status, error), kind, code, message),
        message=message,
        type_name=kind,
        code=code,
        path=_path(message),
        request_id=text_in(data, "request_id"),
        details=details_in(error),
    )


def _status(status: int, error: Mapping[str, PlainJson]) -> int:
    return status if status >= _FIRST_ERROR else quoted_status(error) or status


def _kind(status: int, kind: str | None, code: str | None, message: str) -> type[LlmError]:
    if code is not None and code in _BY_CODE:
        return _BY_CODE[code]
    if not QUOTA.isdisjoint({kind, code}):
        return Quota
    found = _BY_TYPE.get(kind) if kind is not None else None
    if found is None or (kind in _VAGUE and status >= _FIRST_ERROR):
        found = kind_of(status)
    return meant(found, message)


_PLACE: Final = re.compile(r"([a-z_]+)((?:\.[A-Za-z0-9_]+)*): ")
_PLACES: Final = FIELDS | {"metadata", "container", "service_tier"}


def _path(message: str) -> str | None:
    """The place that a message begins with (`messages.0.content: …`), as a path."""
    place = _PLACE.match(message)
    if place is None or place[1] not in _PLACES:
        return None
    return f"$.{place[1]}" + re.sub(r"\.(\d+)(?![A-Za-z0-9_])", r"[\1]", place[2])


# ---------------------------------------------------------------- the provider's side

_SAID: Final[Mapping[type[LlmError], tuple[int, str]]] = {
    BadRequest: (400, "invalid_request_error"),
    TooLarge: (413, "request_too_large"),
    Denied: (401, "authentication_error"),
    Quota: (402, "billing_error"),
    RateLimited: (429, "rate_limit_error"),
    Overloaded: (529, "overloaded_error"),
    Transient: (409, "conflict_error"),
    ServerFault: (500, "api_error"),
    # What no provider says of itself: the nearest that one would say.
    Unreachable: (503, "overloaded_error"),
    TlsRefused: (502, "api_error"),
    Timeout: (408, "timeout_error"),
    Disconnected: (502, "api_error"),
    Deadline: (504, "timeout_error"),
    BreakerOpen: (503, "overloaded_error"),
    Malformed: (502, "api_error"),
    OutOfOrder: (502, "api_error"),
    Incomplete: (502, "api_error"),
    BadToolInput: (500, "api_error"),
    BadOutput: (500, "api_error"),
    Lossy: (400, "invalid_request_error"),
    Misconfigured: (400, "invalid_request_error"),
    CassetteMiss: (404, "not_found_error"),
}


def encode_error(error: LlmError) -> WireError:
    """The answer of a provider that means this error, or the nearest that a provider can say."""
    kind = type(error)
    status, type_name = _SAID[kind]
    if error.status is not None and error.status >= _FIRST_ERROR:
        status = error.status
    said = error.type or type_name
    if _kind(status, said, error.code, error.message) is not kind:
        status, said = _SAID[kind][0], type_name  # what it says of itself would be read as another error
    body: PlainObject = {"type": said, "message": error.message}
    if error.code is not None:
        body["details"] = {"error_code": error.code}
    headers = {"content-type": "application/json"}
    if error.request_id is not None:
        headers["request-id"] = error.request_id
    if error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:.9f}".rstrip("0").rstrip(".")
    if not error.retryable and _retryable(kind):
        headers["x-should-retry"] = "false"
    answer: PlainObject = {"type": "error", "error": body, "request_id": error.request_id}
    try:
        return WireError(status, headers, dump_json(answer))
    except JsonError:  # a message that UTF-8 cannot carry
        return WireError(status, headers, dump_json({"type": "error", "error": {"type": said}}))


def _retryable(kind: type[LlmError]) -> bool:
    """Whether what this is read back as may be tried again by its kind."""
    read = _BY_TYPE[_SAID[kind][1]]
    return any(field.name == "retryable" and field.default is True for field in fields(read))
