"""What succeeded goes on, what failed stays as it is."""

from __future__ import annotations

from returns.result import Failure, Result, Success

from llm_pure import LlmError, Outcome, Overloaded, mapped, outcome, then
from llm_pure.errors import ERRORS, is_error

FAILED: Outcome[int] = Failure(Overloaded(message="busy"))


def half(number: int) -> Outcome[int]:
    return Success(number // 2) if number % 2 == 0 else FAILED


def test_a_function_is_applied_to_what_succeeded() -> None:
    assert mapped(Success(2), str) == Success("2")
    assert mapped(FAILED, str) == FAILED


def test_a_function_that_may_fail_is_applied_to_what_succeeded() -> None:
    assert then(Success(4), half) == Success(2)
    assert then(Success(3), half) == FAILED
    assert then(FAILED, half) == FAILED


def test_a_result_is_the_same_value_as_an_outcome() -> None:
    result: Result[int, LlmError] = Success(1)
    assert outcome(result) is result


def test_an_error_is_known_by_one_question() -> None:
    for kind in ERRORS:
        assert is_error(kind())
    for other in (None, b"", "busy", FAILED, Exception("busy")):
        assert not is_error(other)
