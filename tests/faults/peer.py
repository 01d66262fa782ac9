"""A server that does on its sockets whatever a test says, byte by byte.

Law: it knows no HTTP library, and nothing of the code under test but the codecs that word an answer. One connection is
one call of the test's function, on a thread of its own; leaving the server ends all of them.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, final

from llm_effects.stub.wires import WIRES
from llm_pure import AssistantMessage, Response, Text, Usage, WireFormat
from llm_pure.json import dump_json
from llm_pure.target import codec_of

__all__ = [
    "CERTIFICATE",
    "Act",
    "Hung",
    "Peer",
    "Server",
    "answering",
    "chunks",
    "framed",
    "head",
    "said",
    "sending",
]

CERTIFICATE: Final = Path(__file__).parent / "self_signed.pem"
"""Key and certificate of a server that nobody trusts."""


class Hung(Exception):
    """The server is over, or the client has gone."""


@final
class Peer:
    """One connection, from the server's side."""

    def __init__(self, sock: socket.socket, number: int, server: Server) -> None:
        self.sock = sock
        self.number = number
        self._server = server
        self._rest = b""

    @property
    def wire(self) -> WireFormat:
        return self._server.wire

    @property
    def asked_before(self) -> int:
        """How many requests the server had before the last."""
        return len(self._server.requests) - 1

    def asked(self) -> bool:
        """Read the next request; whether it asks for a stream."""
        return json.loads(self.request()).get("stream") is True

    def request(self) -> bytes:
        """The body of the next request. Raises `Hung` if none comes."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        top, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = 0
        for line in top.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        self._server.heard(top, body)
        return body

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise Hung
        self._rest += data

    def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """One write for each piece, so many seconds apart."""
        for number, piece in enumerate(pieces):
            if number and pause:
                self.wait(pause)
            self.sock.sendall(piece)

    def drip(self, data: bytes, pause: float, size: int = 1) -> None:
        self.send(*(data[at : at + size] for at in range(0, len(data), size)), pause=pause)

    def wait(self, seconds: float) -> None:
        if self._server.over.wait(seconds):
            raise Hung

    def hold(self) -> None:
        """Say nothing more, until the client leaves."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """End the connection by RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Act: TypeAlias = Callable[[Peer], None]
"""What to do with a connection. It is closed when this returns."""


@final
class Server:
    """Connections by turns meet the functions given; the last one serves all that follow."""

    def __init__(self, wire: WireFormat, *acts: Act, tls: bool = False) -> None:
        self.wire = wire
        self._acts = acts
        self._tls = tls
        self.over = threading.Event()
        self.requests: list[bytes] = []
        """The bodies, in the order they came in."""
        self.heads: list[bytes] = []
        """Request lines and headers."""
        self.accepted = 0
        self._socks: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}{'' if self.wire == 'anthropic_messages' else '/v1'}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._socks)

    def heard(self, top: bytes, body: bytes) -> None:
        with self._changed:
            self.heads.append(top)
            self.requests.append(body)
            self._changed.notify_all()

    def wait_until(self, true: Callable[[Server], bool], seconds: float = 5.0) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: true(self), seconds)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._changed:
            for sock in self._socks:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        assert self.wait_until(lambda it: it.open == 0)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                number, self.accepted = self.accepted, self.accepted + 1
                self._socks.add(sock)
                self._changed.notify_all()
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        act = self._acts[min(number, len(self._acts) - 1)]
        held = sock
        try:
            if self._tls:
                held = _untrusted().wrap_socket(sock, server_side=True)
            act(Peer(held, number, self))
        except (Hung, OSError, ValueError):  # whichever end was quicker
            pass
        finally:
            with suppress(OSError):
                held.close()
            with self._changed:
                self._socks.discard(sock)
                self._changed.notify_all()


def _untrusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


# ---------------------------------------------------------------- what is said


def said(wire: WireFormat, text: str, *, stream: bool) -> list[bytes]:
    """An answer's body: the events of a stream, or one JSON document."""
    codec = codec_of(wire)
    response = Response(
        AssistantMessage((Text(text),)),
        Usage(3, 2),
        "end",
        {"anthropic_messages": "end_turn", "openai_chat": "stop"}.get(wire, "completed"),
        id="m1",
        model="model-x",
        provider=codec.PROVIDER,
    )
    if stream:
        return list(codec.encode_stream(response).unwrap())
    return [dump_json(codec.encode_response(response).unwrap())]


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode("latin-1")


def chunks(pieces: Iterable[bytes], *, end: bool = False) -> list[bytes]:
    """Each piece framed as HTTP's chunked encoding has it."""
    return [*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), *([b"0\r\n\r\n"] if end else [])]


Framing: TypeAlias = Literal["usual", "chunked", "length", "close"]
Ending: TypeAlias = Literal["close", "reset", "hold", "pings"]


def framed(wire: WireFormat, text: str, *, stream: bool, framing: Framing = "usual") -> list[bytes]:
    """Head and body of an answer, as the writes of a server."""
    body = said(wire, text, stream=stream)
    kind = f"content-type: {'text/event-stream' if stream else 'application/json'}"
    if framing == "chunked" or (framing == "usual" and stream):
        return [head(kind, "transfer-encoding: chunked"), *chunks(body, end=True)]
    length = () if framing == "close" else (f"content-length: {sum(map(len, body))}",)
    return [head(kind, *length), *body]


def sending(
    text: str = "Hello",
    *,
    framing: Framing = "usual",
    cut: int | None = None,
    writes: int | None = None,
    then: Ending = "close",
    pause: float = 0.0,
    size: int | None = None,
) -> Act:
    """One answer, of which only so many bytes or writes are sent, and what then becomes of the connection."""

    def act(peer: Peer) -> None:
        pieces = framed(peer.wire, text, stream=peer.asked(), framing=framing)[:writes]
        data = b"".join(pieces)[:cut]
        if size is not None:
            peer.drip(data, pause, size)
        elif cut is not None:
            peer.send(data)
        else:
            peer.send(*pieces, pause=pause)
        if then == "reset":
            peer.wait(0.05)  # a reset takes back what has not been read
            peer.reset()
        elif then == "hold":
            peer.hold()
        while then == "pings":
            peer.wait(pause)
            peer.send(*chunks([WIRES[peer.wire].ping]))

    return act


def answering(*texts: str) -> Act:
    """A connection that is kept, with an answer for each request; the last text is said to all that follow."""

    def act(peer: Peer) -> None:
        at = 0
        while True:
            stream = peer.asked()
            peer.send(*framed(peer.wire, texts[min(at, len(texts) - 1)], stream=stream))
            at += 1

    return act
