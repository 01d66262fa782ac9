"""The union of errors is closed: one arm for each is exhaustive, one less is refused."""

from __future__ import annotations

from typing import assert_never, assert_type

from llm_pure import (
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
    Response,
    ServerFault,
    Timeout,
    TlsRefused,
    TooLarge,
    Transient,
    Unreachable,
    Usage,
)


def an_arm_for_every_error_is_exhaustive(error: LlmError) -> str:
    match error:
        case Unreachable() | TlsRefused() | Timeout() | Disconnected() | Deadline() | BreakerOpen():
            return "the way there"
        case BadRequest() | TooLarge() | Denied() | Quota():
            return "the provider's no"
        case RateLimited() | Overloaded() | Transient() | ServerFault():
            return "the provider's not now"
        case Malformed() | OutOfOrder() | Incomplete() | BadToolInput() | BadOutput():
            return "the answer"
        case Lossy() | Misconfigured() | CassetteMiss():
            return "our own side"
        case _:
            assert_never(error)


def every_error_has_what_all_errors_have(error: LlmError) -> None:
    assert_type(error.message, str)
    assert_type(error.retryable, bool)
    assert_type(error.retry_after, float | None)
    assert_type(error.usage, Usage | None)
    assert_type(error.partial, Response | None)
    assert_type(error.request_id, str | None)
    assert_type(error.status, int | None)


# ---------------------------------------------------------------- refused


def a_match_without_rate_limits_is_refused(error: LlmError) -> str:
    match error:
        case Unreachable() | TlsRefused() | Timeout() | Disconnected() | Deadline() | BreakerOpen():
            return "the way there"
        case BadRequest() | TooLarge() | Denied() | Quota() | Overloaded() | Transient() | ServerFault():
            return "the provider's no"
        case Malformed() | OutOfOrder() | Incomplete() | BadToolInput() | BadOutput():
            return "the answer"
        case Lossy() | Misconfigured() | CassetteMiss():
            return "our own side"
        case _:
            assert_never(error)  # type: ignore[arg-type]


def changing_an_error_is_refused(error: RateLimited) -> None:
    error.retry_after = 3.0  # type: ignore[misc]


def an_error_takes_no_exception(cause: Exception) -> LlmError:
    return Malformed(message=cause)  # type: ignore[arg-type]


def a_field_of_one_error_is_no_field_of_all(error: LlmError) -> object:
    return error.losses  # type: ignore[union-attr]
