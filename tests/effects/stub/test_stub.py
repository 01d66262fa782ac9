"""The stub on the wire: answers, recordings, mischief, and leaving nothing behind."""

import gc
import gzip as gz
import http.client
import json
import math
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Success

from llm_effects.stub import Raw, Refuse, Sent, Step, Stub, Verbatim
from llm_effects.stub.plan import ScriptError
from llm_pure.completion import Completion
from llm_pure.errors import Overloaded, RateLimited
from llm_pure.messages import assistant
from llm_pure.response import Response, Usage
from llm_pure.target import WireFormat, codec_of
from tests.effects.stub.asking import (
    CHAT,
    HEADERS,
    PATHS,
    QUESTION,
    WIRES,
    ask,
    connected,
    everything,
    raw_request,
)

HELLO = Response(
    assistant("Hello there, whales"), usage=Usage(7, 3), stop_reason="end", id="id-1", model="m-1"
)
both = pytest.mark.parametrize("wire", WIRES)


# ---------------------------------------------------------------- answers


@both
def test_a_script_is_played_in_order(wire: WireFormat) -> None:
    with Stub(["one", HELLO, RateLimited(message="slow down", retry_after=2)]) as stub:
        replies = [ask(stub, wire) for _ in range(3)]
        assert stub.left == 0
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert b"one" in replies[0].body
    assert replies[1].json["id"] == "id-1"
    assert replies[2].json["error"]["message"] == "slow down"
    error = codec_of(wire).decode_error(429, replies[2].headers, replies[2].body)
    assert (type(error), error.retry_after) == (RateLimited, 2)


@both
def test_without_a_script_it_echoes(wire: str) -> None:
    with Stub() as stub:
        assert b"You said: Tell me something about whales" in ask(stub, wire).body


def test_a_function_answers_what_was_asked() -> None:
    def answer(completion: Completion) -> Step:
        return Overloaded() if completion.max_tokens == 1 else f"{completion.model}: {completion.last_text}"

    with Stub(answer) as stub:
        assert ask(stub).json["content"][0]["text"] == f"claude-haiku-4-5: {QUESTION}"
        assert ask(stub, max_tokens=1).status == 529


@both
def test_it_streams_when_asked_to(wire: str) -> None:
    with Stub([HELLO, HELLO]) as stub:
        plain, stream = ask(stub, wire), ask(stub, wire, stream=True)
    assert plain.headers["content-type"] == "application/json"
    assert int(plain.headers["content-length"]) == len(plain.body)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["transfer-encoding"] == "chunked"
    assert stream.body.count(b"data: ") > 3
    assert stream.body.endswith(b"\n\n")


@both
def test_an_error_is_no_stream_even_when_one_was_asked_for(wire: str) -> None:
    with Stub([Overloaded()]) as stub:
        assert ask(stub, wire, stream=True).headers["content-type"] == "application/json"


def test_chat_tells_the_usage_of_a_stream_to_those_who_ask() -> None:
    with Stub([HELLO, HELLO]) as stub:
        silent = ask(stub, "openai_chat", stream=True)
        told = ask(stub, "openai_chat", stream=True, stream_options={"include_usage": True})
    assert b'"prompt_tokens"' not in silent.body
    assert b'"prompt_tokens"' in told.body


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/chat/completions", "/openai/deployments/x/chat/completions?v=1"]
)
def test_a_provider_is_known_by_the_end_of_the_path(path: str) -> None:
    with Stub(["x"]) as stub:
        assert ask(stub, "openai_chat", path=path).status == 200


@both
def test_the_same_requests_get_the_same_bytes(wire: str) -> None:
    def played() -> list[tuple[dict[str, str], bytes]]:
        with Stub(gzip=True) as stub:
            replies = [ask(stub, wire, stream=stream) for stream in (False, True) for _ in range(2)]
        return [(reply.headers, reply.body) for reply in replies]

    first = played()
    assert first == played()
    assert first[0] != first[1]  # two answers to one question are two answers


def test_headers_can_be_fixed_for_all_answers() -> None:
    with Stub(["x"], headers=(("date", "Sun, 01 Nov 2026 00:00:00 GMT"),)) as stub:
        assert ask(stub).headers["date"] == "Sun, 01 Nov 2026 00:00:00 GMT"


@pytest.mark.parametrize(("stream", "count"), [(False, 1), (True, 2)])
def test_it_compresses_for_those_who_accept_it(stream: bool, count: int) -> None:
    with Stub([HELLO] * 3, gzip=True) as stub:
        packed = ask(stub, headers={**HEADERS, "accept-encoding": "gzip, deflate"}, stream=stream)
        plain = ask(stub, headers={**HEADERS, "accept-encoding": "identity"}, stream=stream)
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert gz.decompress(packed.body) == plain.body


# ---------------------------------------------------------------- what is not answered


@both
def test_after_the_script_nothing_is_answered(wire: str) -> None:
    with Stub([]) as stub:
        reply = ask(stub, wire)
    assert (reply.status, reply.json["error"]["message"]) == (400, "the script is over")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/v1/other", 404), ("GET", "/v1/messages", 405)]
)
def test_what_nobody_answers(method: str, path: str, status: int) -> None:
    with Stub(["never"]) as stub:
        assert ask(stub, method=method, path=path).status == status
        assert stub.left == 1


def test_a_body_that_is_no_request_is_refused_and_recorded() -> None:
    with Stub(["never"]) as stub:
        assert ask(stub, messages="nonsense").status == 400
        assert stub.left == 1
        assert not isinstance(stub.requests[0].completion, Success)


def test_bytes_that_are_no_http_are_refused() -> None:
    with Stub() as stub, connected(stub) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
        assert everything(sock).startswith(b"HTTP/1.1 400 ")


def test_a_mistake_in_a_function_is_raised_at_the_end() -> None:
    def answer(_: Completion) -> Step:
        raise ZeroDivisionError("oh")

    stub = Stub(answer).start()
    reply = ask(stub)
    assert (reply.status, reply.headers["x-should-retry"]) == (500, "false")
    assert b"ZeroDivisionError: oh" in reply.body
    with pytest.raises(ZeroDivisionError):
        stub.stop()


@pytest.mark.parametrize("step", [Sent("x", size=0), Sent("x", size=-1), Sent("x", size=-1, seed=1)])
def test_a_write_of_no_bytes_is_a_mistake(step: Step) -> None:
    with pytest.raises(ScriptError, match="a write of"), Stub([step]) as stub:
        assert ask(stub).status == 500


def test_the_failure_of_a_test_hides_no_mistake_and_is_not_hidden_by_one() -> None:
    def answer(_: Completion) -> Step:
        raise ZeroDivisionError

    with pytest.raises(AssertionError), Stub(answer) as stub:
        assert ask(stub).status == 200


# ---------------------------------------------------------------- what came in


@both
def test_requests_are_recorded(wire: str) -> None:
    with Stub() as stub:
        ask(stub, wire, stream=True, headers={**HEADERS, "X-Mine": "1"}, path=PATHS[wire] + "?beta=true")
    [received] = stub.requests
    assert (received.method, received.path) == ("POST", PATHS[wire] + "?beta=true")
    assert received.headers["x-mine"] == "1"
    assert received.payload == json.loads(received.body)
    assert (received.wire, received.stream, received.connection) == (wire, True, 0)
    assert isinstance(received.completion, Success)
    assert received.completion.unwrap().last_text == QUESTION
    assert "whales" not in repr(received)


def test_requests_can_be_waited_for() -> None:
    with Stub() as stub:
        assert not stub.wait_until(lambda s: len(s.requests) == 1, timeout=0.01)
        thread = threading.Thread(target=ask, args=(stub,))
        thread.start()
        assert stub.wait_until(lambda s: len(s.requests) == 1)
        thread.join()


def test_only_the_last_requests_are_kept_if_so_wanted() -> None:
    with Stub(keep=2) as stub:
        for n in range(1, 5):
            ask(stub, max_tokens=n)
    assert [json.loads(received.body)["max_tokens"] for received in stub.requests] == [3, 4]


def test_everything_is_told() -> None:
    told: list[tuple[str, Step | None]] = []
    with Stub(["x"], on_request=lambda received, step: told.append((received.path, step))) as stub:
        ask(stub)
        ask(stub, headers={})
    assert told == [("/v1/messages", "x"), ("/v1/messages", None)]


# ---------------------------------------------------------------- connections


def test_connections_are_kept_alive() -> None:
    with Stub() as stub:
        connection = http.client.HTTPConnection("127.0.0.1", stub.port, timeout=5)
        for stream in (False, True, False):
            connection.request(
                "POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": stream}), HEADERS
            )
            assert connection.getresponse().read()
        connection.close()
        assert [received.connection for received in stub.requests] == [0, 0, 0]


def test_pipelined_requests_are_answered_in_order() -> None:
    with Stub(["first", "second"]) as stub, connected(stub) as sock:
        sock.sendall(raw_request() + raw_request().replace(b"HTTP/1.1", b"HTTP/1.1\r\nconnection: close", 1))
        data = everything(sock)
    assert data.index(b"first") < data.index(b"second")


def test_a_thousand_requests_in_flight() -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2200:
        pytest.skip("not enough file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2200), hard))
    socks: list[socket.socket] = []
    try:
        with Stub(lambda _: Sent("here", delay=0.5)) as stub:
            for _ in range(1000):
                socks.append(connected(stub, timeout=20))
                socks[-1].sendall(raw_request())
            assert stub.wait_until(lambda s: s.connections == 1000)
            assert all(b"here" in until(b"here", sock) for sock in socks)
            assert stub.accepted == 1000
    finally:
        for sock in socks:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_starting_and_stopping_is_quick_and_leaves_nothing() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with Stub():
        pass
    threads, files = threading.active_count(), descriptors()
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        with Stub():
            pass
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.02
    assert threading.active_count() <= threads  # those of other tests may have ended
    assert descriptors() == files


def test_stopping_ends_what_is_under_way() -> None:
    with Stub([Sent("never", delay=math.inf)]) as stub, connected(stub) as sock:
        sock.sendall(raw_request())
        assert stub.wait_until(lambda s: len(s.requests) == 1)
        stub.stop()
        assert sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connected(stub)


def test_a_port_can_be_chosen_and_is_only_loopback() -> None:
    with Stub() as first:
        port = first.port
        with pytest.raises(OSError, match="in use"):
            Stub(port=port).start()
    with Stub(port=port) as stub:
        assert (stub.url, stub.openai_url) == (f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/v1")


# ---------------------------------------------------------------- mischief


def exchanged(step: Step, *, stream: bool = True, wire: str = "anthropic_messages") -> bytes:
    """All that comes back, head included; the client closes its own side only at the end."""
    with Stub([step]) as stub, connected(stub) as sock:
        sock.sendall(raw_request(wire, stream=stream).replace(b"host: x", b"host: x\r\nconnection: close"))
        return everything(sock)


def body(data: bytes) -> bytes:
    """The body, its chunks joined; what is missing of it is missing."""
    _, _, rest = data.partition(b"\r\n\r\n")
    if b"chunked" not in data.split(b"\r\n\r\n")[0]:
        return rest
    joined = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        joined += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return joined


WHOLE = body(exchanged(HELLO))


def test_refused_without_a_word() -> None:
    assert exchanged(Refuse()) == b""
    with pytest.raises(ConnectionResetError):
        exchanged(Refuse(reset=True))


def test_bytes_instead_of_http() -> None:
    assert exchanged(Verbatim(b"\0\1\2 not HTTP")) == b"\0\1\2 not HTTP"


@pytest.mark.parametrize("n", [0, 1, 3])
def test_cut_after_events(n: int) -> None:
    data = exchanged(Sent(HELLO, cut_events=n))
    assert body(data) == b"".join(event + b"\n\n" for event in WHOLE.split(b"\n\n")[:n])
    assert data.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("n", [0, 1, 100, len(WHOLE) - 1])
def test_cut_after_bytes(n: int) -> None:
    data = exchanged(Sent(HELLO, cut_bytes=n))
    assert body(data) == WHOLE[:n]
    assert data.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("stream", [False, True])
def test_a_packed_answer_can_be_cut_to_nothing(stream: bool) -> None:
    cut = Sent(HELLO, gzip=True, cut_events=0)
    with Stub([cut, replace(cut, ending="close")]) as stub:
        headers = {**HEADERS, "accept-encoding": "gzip"}
        assert ask(stub, headers=headers, stream=stream).body == b""
        with pytest.raises(http.client.IncompleteRead):
            ask(stub, headers=headers, stream=stream)


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_with_a_close_breaks_the_framing(stream: bool) -> None:
    with Stub([Sent(HELLO, cut_bytes=50, ending="close")]) as stub:
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(stub, stream=stream)
        assert len(caught.value.partial) == 50


def test_a_clean_cut_keeps_the_framing() -> None:
    with Stub([Sent(HELLO, cut_bytes=50)]) as stub:
        assert len(ask(stub).body) == 50


@pytest.mark.parametrize("stream", [False, True])
def test_a_reset_comes_after_what_was_sent(stream: bool) -> None:
    with Stub([Sent(HELLO, cut_bytes=60, ending="reset")]) as stub, connected(stub) as sock:
        sock.sendall(raw_request(stream=stream))
        data: list[bytes] = []
        with pytest.raises(ConnectionResetError):
            data.extend(iter(lambda: sock.recv(65536), b""))
        assert len(body(b"".join(data))) == 60


def test_closed_after_a_whole_answer() -> None:
    with Stub([Sent(HELLO, ending="close")]) as stub, connected(stub) as sock:
        sock.sendall(raw_request())
        assert b"Hello there" in everything(sock)


@pytest.mark.parametrize("step", [Sent(HELLO, ending="stall"), Sent(HELLO, cut_events=2, ending="stall")])
def test_a_stall_lasts_until_the_client_leaves(step: Sent) -> None:
    with Stub([step]) as stub:
        with connected(stub, timeout=0.15) as sock:
            sock.sendall(raw_request(stream=True))
            with pytest.raises(TimeoutError):
                everything(sock)
        assert stub.wait_until(lambda s: s.connections == 0)
        assert stub.abandoned == 1


def test_nothing_is_written_to_a_client_that_has_left(caplog: pytest.LogCaptureFixture) -> None:
    with Stub([Sent(Raw(b"x" * 20_000), size=1)]) as stub:
        with connected(stub) as sock:
            sock.sendall(raw_request())
            sock.recv(10)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert stub.wait_until(lambda it: it.connections == 0)
        assert stub.abandoned == 1
    assert caplog.messages == []


def test_a_client_that_leaves_while_it_waits_is_noticed() -> None:
    with Stub([Sent(HELLO, delay=math.inf), HELLO]) as stub:
        with connected(stub) as sock:
            sock.sendall(raw_request())
            assert stub.wait_until(lambda s: len(s.requests) == 1)
        assert stub.wait_until(lambda s: s.abandoned == 1 and s.connections == 0)
        ask(stub)
        assert stub.wait_until(lambda s: s.connections == 0)
        assert stub.abandoned == 1


@pytest.mark.parametrize(
    ("wire", "ping"), [("anthropic_messages", b'"ping"'), ("openai_chat", b": keep-alive")]
)
def test_pings_for_ever(wire: str, ping: bytes) -> None:
    with Stub([Sent(HELLO, cut_events=1, pause=0.01, ending="pings")]) as stub, connected(stub) as sock:
        sock.sendall(raw_request(wire, stream=True))
        for _ in range(5):
            until(ping, sock)
        sock.close()
        assert stub.wait_until(lambda s: s.abandoned == 1)


@pytest.mark.parametrize("stream", [False, True])
def test_a_flood_has_no_end(stream: bool) -> None:
    with Stub([Sent(HELLO, ending="flood")]) as stub, connected(stub) as sock:
        sock.sendall(raw_request(stream=stream))
        taken = 0
        while taken < 20_000_000:
            taken += len(sock.recv(1 << 20))


def until(mark: bytes, sock: socket.socket) -> bytes:
    """What comes, up to a mark."""
    data = b""
    while mark not in data:
        piece = sock.recv(65536)
        assert piece
        data += piece
    return data


def seconds(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def test_delays_and_drips_take_their_time() -> None:
    assert min(seconds(lambda: exchanged(HELLO)) for _ in range(5)) < 0.14
    assert seconds(lambda: exchanged(Sent(HELLO, delay=0.15))) >= 0.15
    assert seconds(lambda: exchanged(Refuse(delay=0.15))) >= 0.15
    events = WHOLE.count(b"\n\n")
    assert seconds(lambda: exchanged(Sent(HELLO, pause=0.02))) >= 0.02 * events
    assert seconds(lambda: exchanged(Sent("x", size=10, pause=0.01), stream=False)) >= 0.1


def chunks(data: bytes) -> list[int]:
    rest, sizes = data.partition(b"\r\n\r\n")[2], []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        sizes.append(int(size, 16))
        rest = rest[sizes[-1] + 2 :]
    return sizes


def test_each_event_is_its_own_write_unless_rechunked() -> None:
    assert chunks(exchanged(HELLO)) == [len(event) + 2 for event in WHOLE.split(b"\n\n")[:-1]] + [0]
    by_seven = chunks(exchanged(Sent(HELLO, size=7)))
    assert set(by_seven[:-2]) == {7}
    random = exchanged(Sent(HELLO, seed=1, size=9))
    assert set(chunks(random)) == set(range(10))
    assert random == exchanged(Sent(HELLO, seed=1, size=9)) != exchanged(Sent(HELLO, seed=2, size=9))
    assert body(random) == WHOLE


def test_garbled_bytes() -> None:
    data = body(exchanged(Sent(HELLO, garble=(0, 5, -1, 10**9))))
    assert [n for n in range(len(WHOLE)) if data[n] != WHOLE[n]] == [0, 5, len(WHOLE) - 1]


@both
def test_an_error_in_the_midst_of_a_stream(wire: str) -> None:
    data = body(exchanged(Sent(HELLO, cut_events=2, then=Overloaded(message="no room")), wire=wire))
    last = data.strip().split(b"\n\n")[-1]
    assert json.loads(last.partition(b"data: ")[2])["error"]["message"] == "no room"
    assert last.startswith(b"data: " if wire == "openai_chat" else b"event: error")


def test_an_error_before_anything_else() -> None:
    assert body(exchanged(Sent(HELLO, cut_events=0, then=Overloaded()))).startswith(b"event: error")


@pytest.mark.parametrize(("kind", "header"), [("text/html", b"content-type: text/html"), ("", b"")])
def test_a_wrong_content_type(kind: str, header: bytes) -> None:
    head = exchanged(Sent(HELLO, content_type=kind)).split(b"\r\n\r\n")[0]
    assert header in head
    assert (b"content-type" in head) is bool(kind)


def test_compressed_and_damaged() -> None:
    with Stub([Sent(HELLO, gzip=True, cut_bytes=40), Sent(HELLO, gzip=True, garble=(30,))]) as stub:
        headers = {**HEADERS, "accept-encoding": "gzip"}
        with pytest.raises(EOFError):
            gz.decompress(ask(stub, headers=headers).body)
        with pytest.raises((zlib.error, gz.BadGzipFile)):
            gz.decompress(ask(stub, headers=headers).body)


def test_any_answer_at_all() -> None:
    step = Raw(b"<html>", 502, (("content-type", "text/html"), ("x-long", "y" * 10_000), ("x-long", "z")))
    with Stub([step, Raw((b"data: 1\n\n", b"data: 2\n\n"))]) as stub:
        reply = ask(stub)
        assert (reply.status, reply.body) == (502, b"<html>")
        reply = ask(stub)
        assert (reply.headers["content-type"].split(";")[0], reply.body) == (
            "text/event-stream",
            b"data: 1\n\ndata: 2\n\n",
        )


def test_framing_may_be_wrong() -> None:
    with (
        Stub([Raw(b"short", headers=(("content-length", "100"),))]) as stub,
        connected(stub, timeout=0.1) as sock,
    ):
        sock.sendall(raw_request())
        with pytest.raises(TimeoutError):
            everything(sock)


def test_headers_in_addition() -> None:
    with Stub([Sent(RateLimited(), headers=(("x-should-retry", "false"),))]) as stub:
        assert ask(stub).headers["x-should-retry"] == "false"


def test_a_client_that_resets_harms_nobody() -> None:
    with Stub() as stub:
        for _ in range(20):
            sock = connected(stub)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(raw_request(stream=True))
            sock.close()
        assert ask(stub).status == 200
        assert stub.wait_until(lambda s: s.connections == 0)


def test_a_stub_that_stops_while_somebody_connects_leaves_no_socket_open() -> None:
    # What is left open warns when it is collected, and warnings are errors.
    for _ in range(20):
        with Stub() as stub:
            socket.create_connection(("127.0.0.1", stub.port)).close()
    gc.collect()
