"""Between the HTTP client of the SDKs and a cassette.

Law: a request is played, recorded, or a miss; only what is recorded goes out. An answer is recorded as it came, in its
pieces and with the fault that ended it, and is handed on unchanged. A replayed one fails as the recorded one did. Both
colours take the same decisions: what differs is how bytes are read.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import httpx2
from typing_extensions import override

from llm_effects.providers.faults import causes_of
from llm_effects.providers.reach import HEARING
from llm_effects.replay.bodies import pieces_decoded
from llm_effects.replay.drift import rebuilt
from llm_effects.replay.interactions import FAULTS, Answer, Fault, Interaction, Pairs, Request
from llm_effects.replay.misses import Miss, NotRecorded
from llm_effects.replay.network import is_here
from llm_effects.replay.pieces import pieces_of
from llm_effects.replay.secrets import Scrubber, known_secrets
from llm_effects.replay.tape import Cassette
from llm_pure.target import wire_of

__all__ = ["Deck", "raised"]

Handle: TypeAlias = Callable[[httpx2.HTTPTransport, httpx2.Request], httpx2.Response]
AsyncHandle: TypeAlias = Callable[
    [httpx2.AsyncHTTPTransport, httpx2.Request], Coroutine[object, object, httpx2.Response]
]


@dataclass
class Deck:
    """A cassette, played to whoever sends through the HTTP client of the SDKs.

    `through` says which hosts are none of its business; `reached` is called with every request.
    """

    cassette: Cassette
    through: Callable[[str, int | None], bool]
    reached: Callable[[], None]
    _shapes: Scrubber = field(init=False)

    def __post_init__(self) -> None:
        self._shapes = self.cassette.scrubber

    # ------------------------------------------------------------ the two doors

    def handling(self, real: Handle) -> Handle:
        """What the blocking transport does instead."""

        def handle_request(transport: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
            if self.passes(request.url.host, request.url.port, request.url.path, request.headers):
                return real(transport, request)
            request.read()
            found = self.find(_request(request))
            if isinstance(found, Interaction):
                return self._played(found, request)
            taken = _Taken()
            try:
                response = real(transport, request)
                taken.hear(response)
                try:
                    for piece in response.stream:  # type: ignore[union-attr]  # of its own colour
                        taken.pieces.append(piece)
                finally:
                    response.close()
            except _FAILURES as error:
                taken.error = error
            self._keep(found, request, taken)
            return taken.handed_on()

        return handle_request

    def ahandling(self, real: AsyncHandle) -> AsyncHandle:
        """What the asynchronous transport does instead."""

        async def handle_async_request(
            transport: httpx2.AsyncHTTPTransport, request: httpx2.Request
        ) -> httpx2.Response:
            if self.passes(request.url.host, request.url.port, request.url.path, request.headers):
                return await real(transport, request)
            await request.aread()
            found = self.find(_request(request))
            if isinstance(found, Interaction):
                return self._played(found, request)
            taken = _Taken()
            try:
                response = await real(transport, request)
                taken.hear(response)
                try:
                    async for piece in response.stream:  # type: ignore[union-attr]  # of its own colour
                        taken.pieces.append(piece)
                finally:
                    await response.aclose()
            except _FAILURES as error:
                taken.error = error
            self._keep(found, request, taken)
            return taken.handed_on()

        return handle_async_request

    # ------------------------------------------------------------ what both decide

    def passes(self, host: str, port: int | None, path: str, headers: Iterable[str]) -> bool:
        """Whether a request is none of a cassette's business: let through, or to a server of the test's own.

        What goes to this machine is a provider's (a proxy's, a stub's) if an SDK sends it, or a codec speaks there.
        """
        if self.through(host, port):
            return True
        return is_here(host) and wire_of(path) is None and _OF_SDKS not in map(str.lower, headers)

    def find(self, request: Request) -> Interaction | int:
        """The interaction to play, or the place for the one to record. Raises what a miss is to whoever asks."""
        self.reached()
        for asked in self._spelled(request):
            found = self.cassette.take(asked)
            if found is not None:
                return found
        if not self.cassette.replaying:
            return self.cassette.reserve()
        raise self._missed(request)

    def holds(self, request: Request) -> bool:
        """Whether there is an interaction to play, which stays where it is. Raises what a miss is to whoever asks."""
        if any(map(self.cassette.has, self._spelled(request))):
            return True
        if self.cassette.replaying:
            raise self._missed(request)
        return False

    def store(
        self, place: int, request: Request, answer: Answer | None, fault: Fault | None, told: Pairs
    ) -> None:
        """Record what came; `told` are the headers of the answer, which may be secret."""
        self.cassette.know((*known_secrets(request.headers), *known_secrets(told)))
        wire = wire_of(request.path) if HEARING.get() else None
        recorded = self.cassette.scrubber.interaction(Interaction(request, answer, fault, wire))
        if wire is not None:
            recorded = replace(recorded, rebuilt=rebuilt(recorded.request, wire))
        self.cassette.fill(place, recorded)

    def _spelled(self, request: Request) -> Iterator[Request]:
        """The request as it would have been recorded: a secret of no shape in it was taken out by its value."""
        asked = self._shapes.request(request)
        yield asked
        knowing = self._shapes.knowing(known_secrets(request.headers)).request(request)
        if knowing != asked:
            yield knowing

    def _missed(self, request: Request) -> BaseException:
        miss = self.cassette.miss(self._shapes.request(request))
        return Miss(miss) if HEARING.get() else NotRecorded(miss.message)

    def _keep(self, place: int, request: httpx2.Request, taken: _Taken) -> None:
        self.store(place, _request(request), taken.answer(), taken.fault(), _pairs(taken.headers))

    def _played(self, interaction: Interaction, request: httpx2.Request) -> httpx2.Response:
        answer, fault = interaction.answer, interaction.fault
        error = None if fault is None else raised(fault, request)
        if answer is None:
            raise error if error is not None else AssertionError("an interaction is one of both")
        cassette = self.cassette
        pieces = pieces_of(
            answer, cassette.pieces, f"{cassette.seed} {interaction.request.path} {len(answer.body)}"
        )
        return _response(answer.status, answer.headers, answer.reason, pieces, error)


_OF_SDKS: Final = "x-stainless-lang"
"""A header that both SDKs send with every request."""

# ---------------------------------------------------------------- what came over the network

_FAILURES: Final = (httpx2.TransportError, ssl.SSLError)


@dataclass
class _Taken:
    """An exchange as it went."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    reason: str = ""
    pieces: list[bytes] = field(default_factory=list)
    error: Exception | None = None
    handled: BaseException | None = field(default_factory=sys.exception)

    def hear(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers = list(response.headers.multi_items())
        self.reason = response.reason_phrase

    def answer(self) -> Answer | None:
        if not self.status:
            return None
        headers, pieces = pieces_decoded(_pairs(self.headers), self.pieces)
        lengths = tuple(len(piece) for piece in pieces if piece)
        answer = Answer(
            self.status, headers, b"".join(pieces), lengths if len(lengths) > 1 else (), self.reason
        )
        return answer if answer.streams else Answer(self.status, headers, answer.body, (), self.reason)

    def fault(self) -> Fault | None:
        return None if self.error is None else recorded(self.error, self.handled)

    def handed_on(self) -> httpx2.Response:
        """The same, to whoever asked."""
        if not self.status:
            raise self.error if self.error is not None else AssertionError("neither an answer nor an error")
        return _response(self.status, self.headers, self.reason, self.pieces, self.error)


def _pairs(headers: Iterable[tuple[str, str]]) -> Pairs:
    return tuple((name.lower(), value) for name, value in headers)


def _request(request: httpx2.Request) -> Request:
    return Request(request.method, str(request.url), _pairs(request.headers.multi_items()), request.content)


# ---------------------------------------------------------------- what is handed over


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """Pieces, and perhaps the fault that comes after them. Of both colours."""

    def __init__(self, pieces: Iterable[bytes], error: Exception | None) -> None:
        self._pieces: Final = iter(pieces)
        self._error: Final = error

    @override
    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error is not None:
            raise self._error

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        from anyio.lowlevel import checkpoint

        for piece in self._pieces:
            await checkpoint()  # as on a network: others run, and a cancelled task ends here
            yield piece
        if self._error is not None:
            raise self._error

    @override
    def close(self) -> None:
        """There is nothing open."""

    @override
    async def aclose(self) -> None:
        """There is nothing open."""


def _response(
    status: int,
    headers: Iterable[tuple[str, str]],
    reason: str,
    pieces: Iterable[bytes],
    error: Exception | None,
) -> httpx2.Response:
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": reason.encode("ascii", "replace")}
    return httpx2.Response(status, headers=list(headers), stream=_Body(pieces, error), extensions=extensions)


# ---------------------------------------------------------------- faults


def recorded(error: Exception, handled: BaseException | None) -> Fault:
    """An exception of the HTTP client as it is recorded. `handled`: what whoever asked was handling already."""
    causes = tuple(causes_of(error, handled))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "CertificateRefused"
    if any(isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError) for cause in causes):
        return "TlsError"
    for cls in type(error).__mro__:
        for fault in FAULTS:
            if fault == cls.__name__:
                return fault
    return "ReadError"


def raised(fault: Fault, request: httpx2.Request) -> Exception:
    """The exception that a recorded fault is."""
    if fault in {"CertificateRefused", "TlsError"}:
        error = httpx2.ConnectError("recorded: TLS failed", request=request)
        error.__cause__ = (
            ssl.SSLCertVerificationError("certificate verify failed")
            if fault == "CertificateRefused"
            else ssl.SSLError("handshake failed")
        )
        return error
    kind: type[httpx2.TransportError] = getattr(httpx2, fault)
    return kind(f"recorded: {fault}", request=request)
