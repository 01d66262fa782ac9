"""Requests read from bytes, however they are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.stub.http1 import BadHttp, Incoming, chunk, head, reader

ONE = b"POST /a HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /b?c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
EXPECTED = [
    Incoming("POST", "/a", {"host": "x", "x-two": "1, 2", "content-length": "5"}, b"hello", True),
    Incoming("POST", "/b?c", {"transfer-encoding": "chunked"}, b"hello world", True),
    Incoming("GET", "/", {}, b"", False),
]


def read(*pieces: bytes) -> list[Incoming]:
    machine = reader()
    next(machine)
    found = []
    for piece in pieces:
        answer = machine.send(piece)
        while isinstance(answer, Incoming):
            found.append(answer)
            answer = machine.send(b"")
    return found


def test_requests_one_after_the_other() -> None:
    assert read(ONE + CHUNKED + OLD) == EXPECTED


@given(st.lists(st.integers(0, len(ONE + CHUNKED + OLD))))
def test_any_chunking_gives_the_same_requests(cuts: list[int]) -> None:
    data = ONE + CHUNKED + OLD
    edges = [0, *sorted(cuts), len(data)]
    assert read(*(data[a:b] for a, b in pairwise(edges))) == EXPECTED


def test_who_waits_for_a_go_on_gets_it_once() -> None:
    machine = reader()
    next(machine)
    answer = machine.send(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert not isinstance(answer, Incoming)
    assert answer.go_on
    answer = machine.send(b"h")
    assert not isinstance(answer, Incoming)
    assert not answer.go_on
    assert isinstance(machine.send(b"i"), Incoming)


def test_who_does_not_wait_for_the_go_on_is_not_kept_waiting() -> None:
    assert len(read(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 client hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * (1 << 21),
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(BadHttp):
        read(data, b"more")


@given(st.binary())
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    try:
        read(data)
    except BadHttp:
        pass


def test_answers() -> None:
    assert head(200, (("a", "b"),)) == b"HTTP/1.1 200 OK\r\na: b\r\n\r\n"
    assert head(529, ()) == b"HTTP/1.1 529 Unknown\r\n\r\n"
    assert (chunk(b"hello, world, hello"), chunk(b"")) == (b"13\r\nhello, world, hello\r\n", b"")
