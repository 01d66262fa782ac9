"""H: what an HTTP answer says, and how it is packed."""

from __future__ import annotations

import gzip
import inspect
import io
import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import inf
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_effects import run, simulate, with_deadline, with_retry
from llm_effects.ports import MAX_BODY, MAX_STREAM
from llm_effects.stub import Raw, Sent, Step
from llm_pure import (
    BadRequest,
    Denied,
    Disconnected,
    Done,
    Incomplete,
    LlmError,
    Malformed,
    Misconfigured,
    Overloaded,
    Quota,
    RateLimited,
    Response,
    RetryPolicy,
    ServerFault,
    TextDelta,
    TooLarge,
    Transient,
    WireFormat,
)
from llm_pure.json import parse_json
from llm_pure.target import codec_of
from llm_pure.wire import retry_after_of
from tests.effects.scripted import COLOURS, QUESTION, Colour, Flow, answer, failed, leaf
from tests.faults.checks import AT_ONCE, LONG, text, within
from tests.faults.conftest import Meet
from tests.faults.peer import Act, Peer, answering, chunks, framed, head, said, sending
from tests.providers import PROVIDERS, Provider
from tests.sdk.served import Serve

WIRES: Final = [provider.wire for provider in PROVIDERS]
JSON: Final = (("content-type", "application/json"),)


def no(status: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"{}") -> Raw:
    return Raw(body, status, (*JSON, *headers))


def tried(serve: Serve, provider: Provider, colour: Colour, *steps: Step) -> tuple[LlmError | str, int]:
    """What a call that is tried up to four times ends with, and how many requests that took."""
    stub, runner = serve(*steps)
    outcome = colour(with_retry(AT_ONCE)(runner), provider.question).outcome
    return (
        outcome.unwrap().text if isinstance(outcome, Success) else outcome.failure(),
        len(stub.requests),
    )


def kind_of(error: LlmError | str) -> type[LlmError]:
    assert not isinstance(error, str)
    return type(error)


# ---------------------------------------------------------------- statuses


@pytest.mark.parametrize("status", [408, 409])
def test_H1_what_the_provider_asks_to_try_again_is_tried_again(
    provider: Provider, serve: Serve, colour: Colour, status: int
) -> None:
    assert tried(serve, provider, colour, no(status), "Hello") == ("Hello", 2)
    error, requests = tried(serve, provider, colour, *[no(status)] * 4)
    assert (kind_of(error), requests) == (Transient, 4)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequest), (404, BadRequest), (405, BadRequest), (413, TooLarge), (422, BadRequest)],
)
def test_H2_a_wrong_request_is_asked_once(
    provider: Provider, serve: Serve, colour: Colour, status: int, kind: type[LlmError]
) -> None:
    error, requests = tried(serve, provider, colour, no(status), "Hello")
    assert (kind_of(error), requests) == (kind, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_H3_a_refused_key_is_asked_once(
    provider: Provider, serve: Serve, colour: Colour, status: int
) -> None:
    error, requests = tried(serve, provider, colour, no(status), "Hello")
    assert (kind_of(error), requests) == (Denied, 1)


def test_H4_a_rate_limit_without_a_header_is_backed_off_from(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    assert tried(serve, provider, colour, no(429), "Hello") == ("Hello", 2)
    error, requests = tried(serve, provider, colour, *[no(429)] * 4)
    assert not isinstance(error, str)
    assert (type(error), error.retry_after, requests) == (RateLimited, None, 4)


def test_H4_the_backoff_is_drawn_and_bounded() -> None:
    policy = RetryPolicy(max_attempts=2, base_delay=0.5)
    script: list[LlmError | Response] = [RateLimited(status=429), answer()]
    waits = [simulate(with_retry(policy)(leaf()), QUESTION, script, seed=seed).elapsed for seed in range(50)]
    assert all(0 <= wait <= 0.5 for wait in waits)
    assert len(set(waits)) == 50


def test_H5_what_is_asked_for_in_seconds_is_waited_for(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    with within(0.12):
        assert tried(serve, provider, colour, no(429, (("retry-after", "0.12"),)), "Hello") == ("Hello", 2)


def test_H5_in_virtual_time_the_wait_is_at_least_what_was_asked() -> None:
    script: list[LlmError | Response] = [
        RateLimited(status=429, retry_after=30.0),
        Overloaded(status=529, retry_after=7.0),
        answer(),
    ]
    told = simulate(with_retry(AT_ONCE)(leaf()), QUESTION, script)
    assert (text(told.outcome), told.elapsed) == ("Hello", 37.0)


def test_H6_milliseconds_are_preferred_to_seconds(provider: Provider, serve: Serve, colour: Colour) -> None:
    later = (("retry-after-ms", "60"), ("retry-after", "50"))
    with within(0.06):
        assert tried(serve, provider, colour, no(429, later), "Hello") == ("Hello", 2)


@given(st.datetimes(), st.integers(-100_000, 100_000))
def test_H7_a_date_to_retry_after_is_measured_from_the_answers_own_and_never_negative(
    now: datetime, seconds: int
) -> None:
    try:
        then = now + timedelta(seconds=seconds)
    except OverflowError:
        return
    if min(now.year, then.year) < 1000:
        return  # HTTP's years have four digits
    headers = {"date": format_datetime(now), "retry-after": format_datetime(then)}
    assert retry_after_of(headers) == max(0.0, float(seconds))


def test_H7_a_date_that_is_past_is_no_wait(provider: Provider, serve: Serve, colour: Colour) -> None:
    past = (("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),)
    assert tried(serve, provider, colour, no(503, past), "Hello") == ("Hello", 2)


JUNK: Final = [
    "-5",
    "nan",
    "inf",
    "-inf",
    "1e9",
    "soon",
    "",
    " ",
    "\xb3",
    "\xd9\xa3",  # what is a digit of Arabic, as UTF-8
    "5, 5",
    "0x10",
    "9" * 400,
    "Feb 30",
]


@pytest.mark.parametrize("junk", JUNK)
def test_H8_a_wait_that_is_none_is_ignored(
    provider: Provider, serve: Serve, colour: Colour, junk: str
) -> None:
    wrong = (("retry-after", junk), ("retry-after-ms", junk))
    assert tried(serve, provider, colour, no(429, wrong), "Hello") == ("Hello", 2)


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()))
def test_H8_any_headers_give_a_finite_wait_or_none(headers: dict[str, str]) -> None:
    wait = retry_after_of(headers)
    assert wait is None or 0 <= wait < inf


def test_H9_a_wait_longer_than_the_deadline_is_given_back_at_once(flow: Flow) -> None:
    busy = RateLimited(message="slow down", status=429, retry_after=3600.0)
    began = time.monotonic()
    told = flow(lambda it: with_deadline(10)(with_retry(AT_ONCE)(it)), QUESTION, [busy, answer()])
    error = failed(told.outcome)
    assert (type(error), error.retry_after, error.message) == (RateLimited, 3600.0, "slow down")
    assert time.monotonic() - began < 2


def test_H9_a_day_is_not_waited_for_even_without_a_deadline(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    error, requests = tried(serve, provider, colour, no(429, (("retry-after", "86400"),)), "Hello")
    assert not isinstance(error, str)
    assert (type(error), error.retry_after, requests) == (RateLimited, 86400.0, 1)


NOW: Final = "Wed, 25 Nov 2026 12:00:00 GMT"
RESETS: Final[Mapping[str, tuple[dict[str, str], float | None]]] = {
    "the exhausted bucket's": (
        {
            "anthropic-ratelimit-requests-remaining": "12",
            "anthropic-ratelimit-requests-reset": "2026-11-25T13:00:00Z",
            "anthropic-ratelimit-input-tokens-remaining": "0",
            "anthropic-ratelimit-input-tokens-reset": "2026-11-25T12:00:20Z",
        },
        20.0,
    ),
    "the later of two": (
        {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2026-11-25T12:00:30Z",
            "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": "2026-11-25T12:00:20Z",
        },
        30.0,
    ),
    "nothing exhausted": (
        {
            "anthropic-ratelimit-requests-remaining": "3",
            "anthropic-ratelimit-requests-reset": "2026-11-25T12:00:30Z",
        },
        None,
    ),
    "past": (
        {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2026-11-25T11:00:30Z",
        },
        0.0,
    ),
    "junk": (
        {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": "soon"},
        None,
    ),
    "a duration": (
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30.5s"},
        90.5,
    ),
    "milliseconds": (
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "250ms"},
        0.25,
    ),
    "a duration of a bucket that is not empty": (
        {"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "250ms"},
        None,
    ),
    "no duration": ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": ""}, None),
}


@pytest.mark.parametrize("name", RESETS)
@pytest.mark.parametrize("wire", WIRES)
def test_H10_the_reset_of_an_exhausted_limit_is_the_wait(wire: WireFormat, name: str) -> None:
    headers, wait = RESETS[name]
    error = codec_of(wire).decode_error(429, {"Date": NOW, **headers}, b"{}")
    assert (type(error), error.retry_after) == (RateLimited, wait)


def test_H10_what_is_asked_for_outright_counts_more(provider: Provider, serve: Serve, colour: Colour) -> None:
    both = (("retry-after-ms", "1"), *RESETS["a duration"][0].items())
    assert tried(serve, provider, colour, no(429, both), "Hello") == ("Hello", 2)


@pytest.mark.parametrize(
    ("status", "told", "kind", "requests"),
    [
        (529, "false", Overloaded, 1),
        (429, "False", RateLimited, 1),
        (529, "true", Overloaded, 4),
        (400, "true", BadRequest, 1),
        (401, "true", Denied, 1),
    ],
)
def test_H11_a_server_may_forbid_another_try_and_never_demand_a_senseless_one(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    status: int,
    told: str,
    kind: type[LlmError],
    requests: int,
) -> None:
    error, made = tried(serve, provider, colour, *[no(status, (("x-should-retry", told),))] * 4)
    assert (kind_of(error), made) == (kind, requests)


SPENT: Final[Mapping[WireFormat, list[dict[str, object]]]] = {
    "anthropic_messages": [
        {
            "type": "rate_limit_error",
            "message": "no",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
        {"type": "rate_limit_error", "message": "You have reached your specified API usage limits."},
        {"type": "billing_error", "message": "no"},
    ],
    "openai_chat": [
        {"type": "insufficient_quota", "code": "insufficient_quota", "message": "You exceeded your quota"},
        {"type": "requests", "code": "insufficient_quota", "message": "no"},
        {"type": "insufficient_quota", "code": None, "message": "no"},
    ],
}


@pytest.mark.parametrize("number", range(3))
def test_H12_an_exhausted_quota_is_asked_once(
    provider: Provider, serve: Serve, colour: Colour, number: int
) -> None:
    said = SPENT.get(provider.wire, SPENT["openai_chat"])[number]
    body = json.dumps({"type": "error", "error": said}).encode()
    error, requests = tried(serve, provider, colour, no(429, (("retry-after", "0"),), body), "Hello")
    assert (kind_of(error), requests) == (Quota, 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, ServerFault),
        (502, ServerFault),
        (503, Overloaded),
        (504, ServerFault),
        (520, ServerFault),
        (529, Overloaded),
    ],
)
def test_H13_a_failing_provider_is_asked_again(
    provider: Provider, serve: Serve, colour: Colour, status: int, kind: type[LlmError]
) -> None:
    assert tried(serve, provider, colour, no(status), "Hello") == ("Hello", 2)
    error, requests = tried(serve, provider, colour, *[no(status)] * 4)
    assert (kind_of(error), requests) == (kind, 4)


def test_H14_an_html_page_is_the_error_of_its_status_with_a_snippet(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    page = b"<html>" + b"<p>Bad gateway</p>" * 5000 + b"</html>"
    html = Raw(page, 502, (("content-type", "text/html"),))
    error, requests = tried(serve, provider, colour, *[html] * 4)
    assert not isinstance(error, str)
    assert (type(error), error.status, requests) == (ServerFault, 502, 4)
    assert error.message.startswith("<html>")
    assert len(error.message) <= 500


# ---------------------------------------------------------------- a success that is none

OVERLOADED: Final[Mapping[WireFormat, bytes]] = {
    "anthropic_messages": b'{"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}',
    "openai_chat": b'{"error": {"message": "busy", "type": "server_error", "code": "server_is_overloaded"}}',
    "openai_responses": b'{"error": {"message": "busy", "type": "server_error", "code": "server_error"}}',
}


def test_H15_an_error_under_200_is_that_error(provider: Provider, serve: Serve, colour: Colour) -> None:
    error, requests = tried(serve, provider, colour, *[no(200, body=OVERLOADED[provider.wire])] * 4)
    assert not isinstance(error, str)
    assert type(error) in {Overloaded, ServerFault}
    assert (error.message, error.retryable, requests) == ("busy", True, 4)


def test_H15_an_error_under_200_is_waited_for_as_long_as_the_provider_asks(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    busy = no(200, (("retry-after", "0.12"),), OVERLOADED[provider.wire])
    with within(0.12):
        assert tried(serve, provider, colour, busy, "Hello") == ("Hello", 2)
    never = no(200, (("x-should-retry", "false"),), OVERLOADED[provider.wire])
    error, requests = tried(serve, provider, colour, never, "Hello")
    assert (kind_of(error) in {Overloaded, ServerFault}, requests) == (True, 1)


def test_H15_an_error_under_200_that_nothing_helps_is_asked_once(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    body = b'{"type": "error", "error": {"type": "authentication_error", "message": "no"}}'
    error, requests = tried(serve, provider, colour, no(200, body=body), "Hello")
    assert (kind_of(error), requests) == (Denied, 1)


def test_H16_a_page_under_200_is_malformed_and_asked_for_once_more(
    provider: Provider, serve: Serve, colour: Colour
) -> None:
    page = Raw(b"<html>Welcome to the hotel</html>", 200, (("content-type", "text/html; charset=utf-8"),))
    error, requests = tried(serve, provider, colour, *[page] * 4)
    assert not isinstance(error, str)
    assert (type(error), requests) == (Malformed, 2)
    assert "content-type text/html" in error.message
    assert tried(serve, provider, colour, page, "Hello") == ("Hello", 2)


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"[1]", b"3", b'"Hello"', b"true", b"{}", b'{"unexpected": true}']
)
def test_H17_json_that_is_no_answer_is_malformed_and_asked_for_once_more(
    provider: Provider, serve: Serve, colour: Colour, body: bytes
) -> None:
    error, requests = tried(serve, provider, colour, *[no(200, body=body)] * 4)
    assert (kind_of(error), requests) == (Malformed, 2)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize("wire", WIRES)
@given(_JSON)
def test_H17_any_json_gives_an_outcome(wire: WireFormat, body: object) -> None:
    outcome = codec_of(wire).decode_response(json.dumps(body))
    assert isinstance(outcome, Success | Failure)
    if not isinstance(body, dict):
        assert type(outcome.failure()) is Malformed


@pytest.mark.parametrize("body", [b"", b" ", b"{", b'{"id": ', b"{'id': 1}", b"{}{}", b"data: {}\n\n"])
def test_H18_empty_or_invalid_json_is_malformed_and_asked_for_once_more(
    provider: Provider, serve: Serve, colour: Colour, body: bytes
) -> None:
    error, requests = tried(serve, provider, colour, *[no(200, body=body)] * 4)
    assert (kind_of(error), requests) == (Malformed, 2)


@pytest.mark.parametrize(
    "body", [b"\xff", b'{"id": "\xff"}', b'{"id": "\xed\xa0\x80"}', "{}".encode("utf-16")]
)
def test_H19_invalid_utf8_is_malformed_and_asked_for_once_more(
    provider: Provider, serve: Serve, colour: Colour, body: bytes
) -> None:
    error, requests = tried(serve, provider, colour, *[no(200, body=body)] * 4)
    assert (kind_of(error), requests) == (Malformed, 2)


@pytest.mark.parametrize("wire", WIRES)
@given(st.binary())
def test_H19_any_bytes_give_an_outcome(wire: WireFormat, body: bytes) -> None:
    codec = codec_of(wire)
    assert isinstance(codec.decode_response(body), Success | Failure)
    assert isinstance(codec.decode_stream([body]), Success | Failure)
    assert codec.decode_error(500, {}, body).status == 500


def whole_and_streamed(change: Callable[[bytes], bytes], *headers: str) -> Act:
    """An answer whose body is changed, in the form that was asked for, with its right length."""

    def act(peer: Peer) -> None:
        stream = peer.asked()
        body = change(b"".join(said(peer.wire, "Hello", stream=stream)))
        kind = f"content-type: {'text/event-stream' if stream else 'application/json'}"
        peer.send(head(kind, f"content-length: {len(body)}", *headers), body)

    return act


def test_H20_a_byte_order_mark_before_a_body_is_skipped(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(whole_and_streamed(lambda body: b"\xef\xbb\xbf" + body))
    assert text(colour(runner, provider.question).outcome) == "Hello"


# ---------------------------------------------------------------- packed bodies

ZIPPED: Final = "content-encoding: gzip"
CORRUPT: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "not packed": lambda body: body,
    "a wrong checksum": lambda body: gzip.compress(body)[:-8] + bytes(8),
    "a byte inverted": lambda body: _inverted(gzip.compress(body), 30),
    "a wrong header": lambda body: _inverted(gzip.compress(body), 2),
}
TRUNCATED: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "in its header": lambda body: gzip.compress(body)[:5],
    "after its header": lambda body: gzip.compress(body)[:10],
    "in the middle": lambda body: gzip.compress(body)[: len(gzip.compress(body)) // 2],
}


def _inverted(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def packed_twice(meet: Meet, provider: Provider, colour: Colour, change: Callable[[bytes], bytes]) -> None:
    act = whole_and_streamed(change, ZIPPED)
    server, runner = meet(act)
    error = failed(colour(with_retry(AT_ONCE)(runner), provider.question).outcome)
    assert (type(error), error.message) == (Malformed, "the body cannot be decompressed")
    assert len(server.requests) == 2
    server, runner = meet(act, answering("Hello"))
    assert text(colour(with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"


@pytest.mark.parametrize("name", CORRUPT)
def test_H21_corrupt_gzip_is_malformed_and_tried_once_more(
    provider: Provider, meet: Meet, colour: Colour, name: str
) -> None:
    packed_twice(meet, provider, colour, CORRUPT[name])


@pytest.mark.parametrize("name", TRUNCATED)
def test_H22_truncated_gzip_is_malformed_and_tried_once_more(
    provider: Provider, meet: Meet, colour: Colour, name: str
) -> None:
    packed_twice(meet, provider, colour, TRUNCATED[name])


@pytest.mark.parametrize("missing", [1, 4, 8])
def test_H22_a_whole_answer_without_the_end_of_its_compression_is_malformed(
    provider: Provider, meet: Meet, missing: int
) -> None:
    _, runner = meet(whole_and_streamed(lambda body: gzip.compress(body)[:-missing], ZIPPED))
    assert type(failed(run(runner, provider.question))) is Malformed


def test_H22_whole_gzip_is_an_answer_in_one_member_or_several(
    provider: Provider, meet: Meet, colour: Colour
) -> None:
    _, runner = meet(
        whole_and_streamed(gzip.compress, ZIPPED),
        whole_and_streamed(lambda body: gzip.compress(body[:99]) + gzip.compress(body[99:]), ZIPPED),
        whole_and_streamed(lambda body: gzip.compress(body) + b"\0junk", "Content-Encoding: GZIP"),
    )
    for _ in range(3):
        assert text(colour(with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"


ROOT: Final = Path(__file__).parents[2]
CLIENT: Final = """
    import asyncio, json, resource, sys
    from llm_effects import anthropic_runner, openai_chat_runner, openai_responses_runner
    from llm_pure import Completion, user
    from tests.effects.scripted import COLOURS
    makers = {"anthropic": anthropic_runner, "openai": openai_chat_runner, "openai-responses": openai_responses_runner}
    runner, question = makers[sys.argv[1]](model=sys.argv[2]), Completion([user("Say hello")], max_tokens=9)
    COLOURS["arun"](runner, question), COLOURS["run"](runner, question)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = [colour(runner, question).outcome.failure() for colour in [*COLOURS.values()] * 2]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([[type(error).__name__ for error in told], (after - before) * 1024]))
"""


PACKED_ELSEHOW: Final = ["deflate", "br", "zstd", "gzip, deflate"]
"""What nobody asked for, and what the client's own decoder would unpack without a limit, or fail over."""


@pytest.mark.parametrize("encoding", PACKED_ELSEHOW)
def test_H22_an_error_packed_in_a_way_that_nobody_asked_for_is_the_error_of_its_status(
    provider: Provider, serve: Serve, colour: Colour, encoding: str
) -> None:
    headers = (("content-encoding", encoding), ("retry-after", "7"))
    bodies = zlib.compress(b'{"error": {}}'), b"\x00no packing\xff"
    stub, runner = serve(*[no(status, headers, body) for status in (500, 401, 429) for body in bodies])
    told = [failed(colour(runner, provider.question).outcome) for _ in range(6)]
    assert [type(error) for error in told] == [ServerFault] * 2 + [Denied] * 2 + [RateLimited] * 2
    assert [error.status for error in told] == [500, 500, 401, 401, 429, 429]
    assert {error.retry_after for error in told[4:]} == {7.0}
    assert len(stub.requests) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "answers"), [("gzip", {"TooLarge"}), ("deflate", {"Malformed", "Incomplete"})]
)
def test_H23_a_bomb_is_never_unpacked_into_the_memory(
    provider: Provider, meet: Meet, encoding: str, answers: set[str]
) -> None:
    bomb = _bomb() if encoding == "gzip" else zlib.compress(b" " * 300_000_000)

    def burst(status: int) -> Act:
        def act(peer: Peer) -> None:
            stream = peer.asked() and status == 200
            kind = f"content-type: {'text/event-stream' if stream else 'application/json'}"
            packed = f"content-encoding: {encoding}"
            peer.send(head(kind, packed, f"content-length: {len(bomb)}", status=f"{status} So"), bomb)

        return act

    server, _ = meet(sending(), sending(), *[burst(200)] * 4, *[burst(500)] * 4)
    variables = {provider.key_variable: "x", provider.url_variable: server.url, "PYTHONPATH": "."}
    command = [sys.executable, "-c", inspect.cleandoc(CLIENT), provider.name, provider.model]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **variables}, cwd=ROOT
    )
    kinds, more = json.loads(done.stdout)
    assert set(kinds[:4]) == answers
    assert kinds[4:] == ["ServerFault"] * 4
    assert more <= 4 * MAX_BODY


def _bomb() -> bytes:
    """300 MB of blanks, in 300 kB."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file:
        for _ in range(300):
            file.write(b" " * 1_000_000)
    return packed.getvalue()


@pytest.mark.slow
def test_H24_a_body_without_an_end_is_too_large(provider: Provider, serve: Serve, colour: Colour) -> None:
    stub, runner = serve(Sent(Raw(b"{", 200, JSON), ending="flood"))
    error = failed(colour(runner, provider.question).outcome)
    assert (type(error), error.message) == (TooLarge, f"the answer is larger than {MAX_BODY} bytes")
    assert stub.wait_until(lambda it: it.connections == 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stream", "astream"])
def test_H24_an_event_without_an_end_is_too_large(provider: Provider, meet: Meet, name: str) -> None:
    def endless(peer: Peer) -> None:
        pieces = framed(peer.wire, LONG, stream=peer.asked())
        peer.send(*pieces[:5], *chunks([b"data: "]))
        while True:
            peer.send(*chunks([b"x" * 1_000_000]))

    server, runner = meet(endless)
    error = failed(COLOURS[name](runner, provider.question).outcome)
    assert (type(error), error.message) == (TooLarge, f"the answer is larger than {MAX_BODY} bytes")
    assert error.partial is not None
    assert server.wait_until(lambda it: it.open == 0)
    assert MAX_BODY < MAX_STREAM


# ---------------------------------------------------------------- strict JSON

DEEP: Final = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'{"content": ' + b"[" * DEEP,
    ],
    ids=["open", "closed", "objects", "inside"],
)
def test_H25_a_hundred_thousand_levels_are_malformed(
    provider: Provider, serve: Serve, colour: Colour, body: bytes
) -> None:
    _, runner = serve(no(200, body=body), Raw((b"data: " + body + b"\n\n",), 200), no(500, body=body))
    assert type(failed(colour(runner, provider.question).outcome)) is Malformed
    assert type(failed(colour(runner, provider.question).outcome)) is Malformed
    assert type(failed(colour(runner, provider.question).outcome)) is ServerFault


def test_H26_of_duplicate_keys_the_last_wins(provider: Provider, meet: Meet, colour: Colour) -> None:
    _, runner = meet(whole_and_streamed(lambda body: body.replace(b'"id":', b'"id":"first","id":', 1)))
    outcome = colour(runner, provider.question).outcome
    assert (text(outcome), outcome.unwrap().id) == ("Hello", "m1")
    assert parse_json(b'{"a": 1, "b": 2, "a": 3}') == {"a": 3, "b": 2}
    assert "the last wins" in (parse_json.__doc__ or "")


@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"01", b"+1", b"1."]
)
def test_H27_what_is_no_number_is_malformed(
    provider: Provider, meet: Meet, colour: Colour, number: bytes
) -> None:
    _, runner = meet(
        whole_and_streamed(lambda body: body.replace(b'"id":', b'"extra":' + number + b',"id":', 1))
    )
    assert type(failed(colour(runner, provider.question).outcome)) is Malformed


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "text/json"])
@pytest.mark.parametrize("name", ["stream", "astream"])
def test_H28_a_whole_answer_instead_of_a_stream_is_that_answer(
    provider: Provider, serve: Serve, name: str, kind: str
) -> None:
    body = said(provider.wire, "Hello", stream=False)[0]
    _, runner = serve(Raw(body, 200, (("content-type", kind),)))
    told = COLOURS[name](runner, provider.question)
    assert text(told.outcome) == "Hello"
    assert [event.text for event in told.events if isinstance(event, TextDelta)] == ["Hello"]
    assert told.events[-1] == Done(told.outcome.unwrap())


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "", "\xff", "text/html"])
@pytest.mark.parametrize("name", ["stream", "astream"])
def test_H28_under_any_other_type_it_is_that_answer_or_malformed(
    provider: Provider, serve: Serve, name: str, kind: str
) -> None:
    body = said(provider.wire, "Hello", stream=False)[0]
    _, runner = serve(
        Raw(body, 200, (("content-type", kind),)), Raw(b"<p>Hi</p>", 200, (("content-type", kind),))
    )
    outcome = COLOURS[name](runner, provider.question).outcome
    assert (isinstance(outcome, Success) and text(outcome) == "Hello") or type(failed(outcome)) is Malformed
    assert type(failed(COLOURS[name](runner, provider.question).outcome)) is Malformed


@pytest.mark.parametrize("name", ["run", "arun"])
def test_H28_a_stream_instead_of_a_whole_answer_is_that_answer(
    provider: Provider, serve: Serve, name: str
) -> None:
    """It is paid for all the same; where it was cut, what was read stays."""
    said_so = tuple(said(provider.wire, "Hello", stream=True))
    kind = (("content-type", "text/event-stream; charset=utf-8"),)
    until = next(at for at in range(len(said_so)) if b"Hello" in b"".join(said_so[: at + 1])) + 1
    _, runner = serve(Raw(said_so, 200, kind), Raw(said_so[:until], 200, kind))
    assert text(COLOURS[name](runner, provider.question).outcome) == "Hello"
    error = failed(COLOURS[name](runner, provider.question).outcome)
    assert (type(error), error.partial and error.partial.text) == (Incomplete, "Hello")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_H29_a_redirect_is_not_followed_and_takes_key_and_prompt_nowhere(
    provider: Provider, meet: Meet, colour: Colour, status: int
) -> None:
    other, _ = meet(answering("stolen"))

    def away(peer: Peer) -> None:
        peer.asked()
        place = f"location: http://127.0.0.1:{other.port}/v1/messages"
        peer.send(head(place, "content-length: 0", status=f"{status} Away"))

    server, runner = meet(away)
    error = failed(colour(with_retry(AT_ONCE)(runner), provider.question).outcome)
    assert (type(error), error.status, error.retryable) == (Misconfigured, status, False)
    assert (len(server.requests), other.accepted) == (1, 0)


LENIENT: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "doubled": ("retry-after: 5", "retry-after: 5", "request-id: a", "request-id: b", "content-type: text/x"),
    "many": tuple(f"x-{number}: a" for number in range(500)),
    "of a kilobyte each": tuple(f"x-{number}: {'a' * 1000}" for number in range(30)),
    "empty": ("retry-after:", "request-id:", "x-request-id:", "date:"),
    "not ASCII": ("x-odd: \xe9\xff", "request-id: \xe9"),
}
REFUSED: Final[Mapping[str, tuple[str, ...]]] = {
    "200 kB": (f"x-huge: {'a' * 200_000}",),
    "without a colon": ("odd",),
    "with a space in its name": ("x y: z",),
    "with a nul": ("x-odd: a\0b",),
    "two lengths": ("content-length: 3",),
    "a length below zero": ("content-length: -1",),
}


@pytest.mark.parametrize("name", LENIENT)
def test_H30_odd_headers_are_read_leniently(
    provider: Provider, meet: Meet, colour: Colour, name: str
) -> None:
    def bare(peer: Peer) -> None:
        body = b"".join(said(peer.wire, "Hello", stream=peer.asked()))
        peer.send(head(*LENIENT[name]), body)

    def refused(peer: Peer) -> None:
        peer.asked()
        peer.send(head(*LENIENT[name], status="429"))

    _, runner = meet(bare, refused)
    assert text(colour(runner, provider.question).outcome) == "Hello"
    assert type(failed(colour(runner, provider.question).outcome)) is RateLimited


@pytest.mark.parametrize("name", REFUSED)
def test_H30_headers_that_are_no_http_break_the_connection(
    provider: Provider, meet: Meet, colour: Colour, name: str
) -> None:
    _, runner = meet(whole_and_streamed(lambda body: body, *REFUSED[name]), answering("Hello"))
    assert text(colour(with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"
    _, runner = meet(whole_and_streamed(lambda body: body, *REFUSED[name]))
    assert failed(colour(runner, provider.question).outcome) == Disconnected(message="the connection broke")


# ---------------------------------------------------------------- how often it is asked


def test_H31_one_layer_owns_the_retries(provider: Provider, meet: Meet, colour: Colour) -> None:
    def busy(peer: Peer) -> None:
        while True:
            peer.asked()
            peer.send(head("content-length: 0", status="529 Busy"))

    server, runner = meet(busy)  # clients that would try five times more
    assert type(failed(colour(runner, provider.question).outcome)) is Overloaded
    assert len(server.requests) == 1
    assert type(failed(colour(with_retry(AT_ONCE)(runner), provider.question).outcome)) is Overloaded
    assert len(server.requests) == 1 + AT_ONCE.max_attempts


def test_H32_a_second_delivery_is_the_same_bytes(provider: Provider, meet: Meet, colour: Colour) -> None:
    def lost(peer: Peer) -> None:
        peer.asked()  # it was delivered, and its answer is lost

    server, runner = meet(lost, answering("Hello"))
    assert text(colour(with_retry(AT_ONCE)(runner), provider.question).outcome) == "Hello"
    first, second = server.requests
    assert first == second


def test_H32_that_a_request_may_be_delivered_twice_is_written_down() -> None:
    # Neither provider offers a key that would make the second delivery harmless.
    assert "delivered twice" in (with_retry.__doc__ or "")
    assert "may have been billed" in (Disconnected.__doc__ or "")
