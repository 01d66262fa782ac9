"""`match` on an Outcome narrows, is exhaustive, and binds the right types; the helpers give Outcomes back."""

from __future__ import annotations

from typing import assert_never, assert_type

from returns.result import Failure, Result, Success

from llm_pure import (
    BadRequest,
    Completion,
    Denied,
    LlmError,
    Outcome,
    RateLimited,
    Response,
    ToolCall,
    mapped,
    outcome,
    then,
)


def a_match_narrows_and_is_exhaustive(asked: Outcome[Response]) -> str:
    match asked:
        case Success(response):
            assert_type(response, Response)
            return response.text
        case Failure(error):
            assert_type(error, LlmError)
            return error.message
        case _:
            assert_never(asked)


def a_match_needs_no_last_arm(asked: Outcome[Response]) -> str:
    match asked:
        case Success(response):
            return response.text
        case Failure(error):
            return error.message


def arms_may_match_one_kind_of_error(asked: Outcome[Response]) -> float | None:
    match asked:
        case Success(_):
            return None
        case Failure(RateLimited(retry_after=after)):
            assert_type(after, float | None)
            return after
        case Failure(error):
            assert_type(error.retryable, bool)
            return None


def isinstance_narrows(asked: Outcome[Response]) -> Response | LlmError:
    if isinstance(asked, Success):
        assert_type(asked.unwrap(), Response)
        return asked.unwrap()
    assert_type(asked.failure(), LlmError)
    return asked.failure()


def mapped_gives_an_outcome(asked: Outcome[Response], completion: Completion) -> Outcome[Completion]:
    assert_type(mapped(asked, lambda response: response.text), Outcome[str])
    assert_type(mapped(asked, completion.with_response), Outcome[Completion])
    return mapped(asked, completion.with_response)


def _only_call(response: Response) -> Outcome[ToolCall]:
    match response.tool_calls:
        case (call,):
            return Success(call)
        case _:
            return Failure(BadRequest(message="one call was expected"))


def then_gives_an_outcome(asked: Outcome[Response]) -> Outcome[str]:
    call = then(asked, _only_call)
    assert_type(call, Outcome[ToolCall])
    return mapped(call, lambda it: it.name)


def a_result_becomes_an_outcome(result: Result[int, LlmError]) -> int:
    assert_type(outcome(result), Outcome[int])
    match outcome(result):
        case Success(number):
            return number
        case Failure(error):
            return error.status or 0


def an_outcome_is_a_result(asked: Outcome[Response]) -> Result[Response, LlmError]:
    return asked


def the_methods_of_a_result_work_on_an_outcome(asked: Outcome[Response]) -> str:
    return asked.map(lambda response: response.text).value_or("")


def an_error_is_made_into_an_outcome() -> Outcome[Response]:
    return Failure(Denied(status=401))


# ---------------------------------------------------------------- refused


def a_match_that_forgets_failures_is_refused(asked: Outcome[Response]) -> str:  # type: ignore[return]
    match asked:  # type: ignore[exhaustive-match]
        case Success(response):
            return response.text


def a_match_that_forgets_failures_is_refused_under_assert_never(asked: Outcome[Response]) -> str:
    match asked:
        case Success(response):
            return response.text
        case _:
            assert_never(asked)  # type: ignore[arg-type]


def an_outcome_of_something_else_is_refused(asked: Outcome[Response]) -> Outcome[Completion]:
    return asked  # type: ignore[return-value]


def mapping_with_a_function_of_something_else_is_refused(asked: Outcome[Response]) -> None:
    mapped(asked, len)  # type: ignore[arg-type]


def then_with_a_function_that_gives_no_outcome_is_refused(asked: Outcome[Response]) -> None:
    then(asked, lambda response: response.text)  # type: ignore[arg-type, return-value]


def a_failure_that_is_no_llm_error_is_refused() -> Outcome[Response]:
    return Failure("no")  # type: ignore[arg-type]


def an_exception_is_no_failure() -> Outcome[Response]:
    return Failure(ValueError("no"))  # type: ignore[arg-type]
