"""What OpenAI and its imitators answer instead of an answer.

Law: any status, headers and body give an `LlmError`. Under an error status the status decides, unless the provider's
own name for the error says more (a 429 that no waiting helps); where the two contradict, the more permanent meaning
counts. Under status 200, and in a stream, a status that the body quotes decides, then the name.

    {"error": {"message", "type", "code", "param"}}     OpenAI and most others
    [{"error": {"code", "message", "status", "details": [{"reason"}, {"retryDelay"}]}}]     Google
    {"base_resp": {"status_code", "status_msg"}}        MiniMax
    {"choices": [{"error": {...}, "finish_reason": "error"}]}     OpenRouter
    {"error": "..."}, {"errors": [...]}, {"detail": ...}, {"object": "error", "message", ...}, {"message", "code"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

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
)
from llm_pure.json import PlainJson
from llm_pure.reading import PlainObject
from llm_pure.response import NO_USAGE, Response
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

__all__ = [
    "NAMES",
    "SHARPER",
    "carrying",
    "choice_error",
    "decode_error",
    "encode_error",
    "error_in",
    "named_error",
]

K = TypeVar("K", bound="type[LlmError] | None")

SHARPER: Final[Mapping[str, type[LlmError]]] = {
    **dict.fromkeys(QUOTA, Quota),
    "API_KEY_INVALID": Denied,
    "exceed_context_size_error": BadRequest,
    "overloaded_error": Overloaded,
    "engine_overloaded": Overloaded,
    "engine_overloaded_error": Overloaded,
    "rate_limit_exceeded": RateLimited,
    "RateLimitReached": RateLimited,
}
"""Names that say more than any status."""

NAMES: Final[Mapping[str, type[LlmError]]] = {
    **SHARPER,
    "rate_limit_error": RateLimited,
    "too_many_requests": RateLimited,
    "tokens": RateLimited,
    "requests": RateLimited,
    "overloaded": Overloaded,
    "service_unavailable": Overloaded,
    "service_unavailable_error": Overloaded,
    "server_overloaded": Overloaded,
    "server_error": ServerFault,
    "internal_error": ServerFault,
    "internal_server_error": ServerFault,
    "InternalServerError": ServerFault,
    "api_error": ServerFault,
    "upstream_error": ServerFault,
    "timeout": Transient,
    "timeout_error": Transient,
    "request_timeout": Transient,
    "invalid_request_error": BadRequest,
    "BadRequestError": BadRequest,
    "invalid_prompt": BadRequest,
    "context_length_exceeded": BadRequest,
    "content_filter": BadRequest,
    "bio_policy": BadRequest,
    "cyber_policy": BadRequest,
    "cyber_policy_violation": BadRequest,
    "misalignment_policy_violation": BadRequest,
    "data_residency_mismatch": BadRequest,
    "vector_store_timeout": Transient,
    "invalid_image": BadRequest,
    "invalid_image_format": BadRequest,
    "invalid_image_mode": BadRequest,
    "invalid_image_url": BadRequest,
    "invalid_base64_image": BadRequest,
    "unsupported_image_media_type": BadRequest,
    "image_content_policy_violation": BadRequest,
    "image_file_not_found": BadRequest,
    "image_parse_error": BadRequest,
    "image_too_small": BadRequest,
    "empty_image_file": BadRequest,
    "image_too_large": TooLarge,
    "image_file_too_large": TooLarge,
    "failed_to_download_image": Transient,  # its server may have been down as well as the address wrong
    "not_found_error": BadRequest,
    "model_not_found": BadRequest,
    "NotFoundError": BadRequest,
    "request_too_large": TooLarge,
    "invalid_api_key": Denied,
    "authentication_error": Denied,
    "permission_error": Denied,
    "permission_denied": Denied,
    "forbidden": Denied,
    "billing_error": Quota,
}
"""Names that decide where no status does."""


def decode_error(status: int, headers: Headers, body: bytes | str) -> LlmError:
    """The error that an HTTP answer is, whatever it holds."""
    status = status_in(status)
    data, words = error_words(body)
    found = error_in(data) if data is not None else None
    if found is None and data is not None and not 200 <= status < 300:
        found = data  # what came is an error, whatever its form
    return named_error(found if found is not None else {}, status, headers, words)


def error_in(data: PlainObject) -> PlainObject | None:
    """The object in `data` that says an error, None if there is none."""
    error = data.get("error")
    if not error and (of_choice := choice_error(data)):
        error = of_choice
    if isinstance(error, dict):
        if any(error.values()):
            return error
        if data.get("choices") is None and data.get("output") is None:  # beside an answer it is none
            return {"message": "an error without a word"}
    if isinstance(error, list) and error:
        return {"message": _joined(error)}
    if error and not isinstance(error, list | dict):
        return {**data, "message": text_in(data, "message") or str(error)}
    base = data.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") and not data.get("choices"):
        code = text_in(base, "status_code")
        return {
            "message": text_in(base, "status_msg"),
            "code": code,
            "status_code": _MINIMAX.get(code or "", 500),
        }
    if "choices" in data:
        return None
    for key in ("errors", "detail"):
        value = data.get(key)
        if value:
            return {**data, "message": value if isinstance(value, str) else _joined(value)}
    if data.get("object") == "error" or (
        isinstance(data.get("message"), str) and ("code" in data or _names_one(text_in(data, "type")))
    ):
        return data
    return None


def choice_error(data: PlainObject) -> PlainJson:
    """The error that the first choice has ended with, where OpenRouter hands one on; None if there is none."""
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(first, dict) and first.get("finish_reason") == "error" and not first.get("index"):
        return first.get("error")
    return None


_MINIMAX: Final[Mapping[str, int]] = {
    "1002": 429,
    "1004": 401,
    "1008": 402,
    "1026": 400,  # what was asked is held to be unsafe
    "1027": 400,  # or what was answered
    "1039": 429,
    "1041": 429,
    "2013": 400,
    "2049": 401,
    "2056": 429,
}
"""The statuses that MiniMax's own numbers stand for."""


def _names_one(kind: str | None) -> bool:
    """Whether a `type` is an error's: some servers send messages of another kind, of a place in a queue say."""
    return kind is not None and (kind in NAMES or "error" in kind.lower())


def _joined(value: PlainJson) -> str:
    if isinstance(value, list):
        return "; ".join([_joined(item) for item in value[:8]])
    if isinstance(value, dict):
        words = text_in(value, "message") or text_in(value, "msg")
        if words is not None:
            return words
    return value if isinstance(value, str) else json.dumps(value)[:1000]


def named_error(
    error: PlainObject, status: int = 200, headers: Headers | None = None, words: str = ""
) -> LlmError:
    """The error that an error object says."""
    code, details = text_in(error, "code"), details_in(error)
    names = (text_in(error, "type"), *[text_in(item, "reason") for item in (error, *details)])
    name = next((text for text in names if text), None)
    message = text_in(error, "message") or words
    told = [text for text in (code, name) if text]
    if not 200 <= status < 300:  # a redirect says by its status what is wrong, too
        kind = _kind(told, kind_of(status))
    else:
        # A quoted status is as good as a real one: it says more than `invalid_request_error`.
        quoted = quoted_status(error)
        by_status = kind_of(quoted) if quoted is not None else None
        by_name = next((NAMES[text] for text in told if text in NAMES), None)
        kind = _kind(told, by_status) or by_name or (ServerFault if error else Malformed)
    param = text_in(error, "param")
    return error_of(
        status,
        headers if headers is not None else {},
        kind=meant(kind, message),
        message=message,
        type_name=name,
        code=code,
        path=f"$.{param}" if param else None,
        details=details,
    )


def carrying(error: LlmError, partial: Response | None) -> LlmError:
    """The error with what was read, and what that has cost."""
    if partial is None:
        return error
    return replace(error, partial=partial, usage=partial.usage if partial.usage != NO_USAGE else None)


def _kind(told: Sequence[str], by_status: K) -> type[LlmError] | K:
    """What the status means, or what the names say that say more: of two meanings the more permanent one.

    So a 413 called `rate_limit_exceeded` (one request that no minute has room for) is too large, and a 429 called
    `insufficient_quota` is a matter of money: to wait would help neither.
    """
    sharper = [SHARPER[text] for text in told if text in SHARPER]
    lasting = next((kind for kind in sharper if not kind().retryable), None)
    if lasting is not None or not sharper:
        return lasting or by_status
    return sharper[0] if by_status is None or by_status().retryable else by_status


# ---------------------------------------------------------------- the provider's side

_AS: Final[Mapping[type[LlmError], tuple[int, str, str | None]]] = {
    BadRequest: (400, "invalid_request_error", None),
    TooLarge: (413, "invalid_request_error", "request_too_large"),
    Denied: (401, "invalid_request_error", "invalid_api_key"),
    Quota: (429, "insufficient_quota", "insufficient_quota"),
    RateLimited: (429, "requests", "rate_limit_exceeded"),
    Overloaded: (503, "server_error", None),
    Transient: (409, "server_error", None),
    Misconfigured: (404, "invalid_request_error", None),
}
_FAULT: Final = (500, "server_error", None)


def encode_error(error: LlmError) -> WireError:
    """The error as OpenAI would answer it; what no provider says is a fault of the server."""
    status, name, code = _AS.get(type(error), _FAULT)
    if error.type is not None or error.code is not None:
        name, code = error.type or "", error.code
    if error.status is not None and _reads(error.status, name, code, error.message) is type(error):
        status = error.status
    elif _reads(status, name, code, error.message) is not type(error):
        _, name, code = _AS.get(type(error), _FAULT)
    inner: PlainObject = {
        "message": error.message,
        "type": name or None,
        "param": error.path.removeprefix("$.") if error.path is not None else None,
        "code": code,
    }
    headers = {"content-type": "application/json"}
    if error.retry_after is not None:
        headers["retry-after-ms"] = f"{error.retry_after * 1000:.6f}".rstrip("0").rstrip(".")
    if error.request_id is not None:
        headers["x-request-id"] = error.request_id
    if type(error)().retryable and not error.retryable:
        headers["x-should-retry"] = "false"
    return WireError(status, headers, json.dumps({"error": inner}, ensure_ascii=True).encode())


def _reads(status: int, name: str, code: str | None, message: str) -> type[LlmError]:
    return meant(_kind([text for text in (code, name) if text], kind_of(status)), message)
