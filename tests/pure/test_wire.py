"""What headers say: ids, and how long to wait, in all its forms."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_pure import Overloaded
from llm_pure.wire import obeying, request_id_of, retry_after_of

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:30 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        (
            {
                "date": DATE,
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-10-21T07:29:00Z",
                "anthropic-ratelimit-tokens-remaining": "5",
                "anthropic-ratelimit-tokens-reset": "2026-10-21T09:29:00Z",
            },
            60.0,
        ),
        ({}, None),
        ({"retry-after": "99999999999"}, 99999999999.0),
        *(
            ({"retry-after": junk, "date": DATE}, None)
            for junk in ("-5", "nan", "inf", "1e9", "soon", "", "9" * 400)
        ),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text(max_size=40)))
def test_a_wait_is_never_negative_and_never_for_ever(headers: dict[str, str]) -> None:
    seconds = retry_after_of(headers)
    assert seconds is None or 0 <= seconds < inf


def test_the_server_may_forbid_a_retry_but_not_make_one() -> None:
    assert not obeying(Overloaded(), {"x-should-retry": "false"}).retryable
    fixed = Overloaded(retryable=False)
    assert obeying(fixed, {"x-should-retry": "true"}) == fixed


def test_both_names_of_the_request_id() -> None:
    assert request_id_of({"request-id": "a"}) == "a"
    assert request_id_of({"x-request-id": "b"}) == "b"
    assert request_id_of({}) is None
