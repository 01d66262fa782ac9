"""Which headers are written down, in a trace as in a cassette.

Law: a header that is not on the list is never kept. What is kept says what an answer means (a type, when to come again)
and nothing about who asked.
"""

from __future__ import annotations

from typing import Final

__all__ = ["is_kept_of_answers", "is_kept_of_requests"]

_OF_REQUESTS: Final = frozenset(
    ("accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta")
)
_OF_ANSWERS: Final = frozenset(
    (
        "content-type",
        "date",  # a date to retry after is measured from it
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-request-id",
        "x-should-retry",
    )
)
_LIMITS: Final = ("anthropic-ratelimit-", "x-ratelimit-")


def is_kept_of_requests(name: str) -> bool:
    """Whether a request's header, its name in lower case, is written down."""
    return name in _OF_REQUESTS


def is_kept_of_answers(name: str) -> bool:
    """Whether an answer's header, its name in lower case, is written down."""
    return name in _OF_ANSWERS or name.startswith(_LIMITS)
