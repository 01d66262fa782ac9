"""Where a cassette gets between a program and the network: the patches of vcrpy.

Law: while a cassette is in, every client of the SDKs is reached, in every thread of the process, one that was made
before as well; afterwards all is as it was. The SDKs' own HTTP client gets our transport; httpx as it was before and
aiohttp, which an SDK can be given, get vcrpy's. What else a program sends is none of a cassette's business.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias, cast
from urllib.parse import urlsplit

import httpx2
from vcr.patch import PATCHER_NAMES, CassettePatcherBuilder
from vcr.stubs.httpx_stubs import vcr_handle_async_request, vcr_handle_request

from llm_effects.replay.bodies import pieces_decoded
from llm_effects.replay.interactions import Answer, Interaction, Request
from llm_effects.replay.transport import Deck

if TYPE_CHECKING:
    from llm_effects.replay.interactions import Pairs

__all__ = ["InUse", "inserted"]


class InUse(RuntimeError):
    """A second cassette was opened: patches hold for the whole process, so the first would hear its requests."""


_ONE: Final = threading.Lock()


@contextmanager
def inserted(deck: Deck) -> Generator[None]:
    """Play, or record, whatever this process asks. Raises `InUse`."""
    if not _ONE.acquire(blocking=False):
        raise InUse(
            "a cassette is open in this process; tests that run at the same time need processes of their own"
        )
    try:
        with ExitStack() as stack:
            # vcrpy ships no types, and what a checker makes of its source is wrong.
            patches = cast(
                "Iterable[AbstractContextManager[object]]", CassettePatcherBuilder(_ForVcr(deck)).build()
            )
            for patch in patches:
                stack.enter_context(patch)
            yield
    finally:
        _ONE.release()


_Headers: TypeAlias = Mapping[str, "str | list[str]"]


class _Asked:
    """A request as vcrpy has it; it ships no types."""

    method: str
    uri: str
    headers: _Headers
    body: bytes | None


class _ForVcr:
    """A cassette as vcrpy's patches and stubs want it."""

    _path: Final = "llm_effects"
    skip_patchers: Final = tuple(name for name in PATCHER_NAMES if name != "aiohttp")
    write_protected: Final = False  # what may not be recorded does not get that far
    record_mode: Final = "new_episodes"

    def __init__(self, deck: Deck) -> None:
        self._deck: Final = deck
        self.custom_patches: Final = (
            (httpx2.HTTPTransport, "handle_request", deck.handling(httpx2.HTTPTransport.handle_request)),
            (
                httpx2.AsyncHTTPTransport,
                "handle_async_request",
                deck.ahandling(httpx2.AsyncHTTPTransport.handle_async_request),
            ),
            *self._of_httpx(),
        )

    def _of_httpx(self) -> Iterator[tuple[object, str, object]]:
        """httpx as it was before, which OpenAI's SDK takes: its two transports to the network, and no other."""
        httpx = sys.modules.get("httpx")
        if httpx is not None:
            for stub, name, transport in (
                (vcr_handle_request, "handle_request", httpx.HTTPTransport),
                (vcr_handle_async_request, "handle_async_request", httpx.AsyncHTTPTransport),
            ):
                yield transport, name, stub(self, getattr(transport, name), httpx)

    def filter_request(self, asked: _Asked) -> _Asked:
        return asked

    def can_play_response_for(self, asked: _Asked) -> bool:
        """Whether there is something to play. Raises what a miss is."""
        return not self._passes(asked) and self._deck.holds(_request(asked))

    def play_response(self, asked: _Asked) -> Mapping[str, object]:
        found = self._deck.find(_request(asked))
        answer = found.answer if isinstance(found, Interaction) else None
        if answer is None:
            raise ConnectionError("recorded: no answer")
        headers: dict[str, list[str]] = {}
        for name, value in answer.headers:
            headers.setdefault(name, []).append(value)
        return {
            "status": {"code": answer.status, "message": answer.reason},
            "headers": headers,
            "body": {"string": answer.body},
        }

    def append(self, asked: _Asked, response: Mapping[str, object]) -> None:
        if self._passes(asked):
            return
        status = cast("Mapping[str, object]", response["status"])
        body = cast("Mapping[str, bytes]", response["body"])["string"]
        pairs = _pairs(cast("_Headers", response["headers"]))
        headers, decoded = pieces_decoded(pairs, [body])
        answer = Answer(
            cast("int", status["code"]), headers, b"".join(decoded), (), str(status["message"] or "")
        )
        self._deck.store(self._deck.cassette.reserve(), _request(asked), answer, None, pairs)

    def _passes(self, asked: _Asked) -> bool:
        parts = urlsplit(asked.uri)
        return self._deck.passes(parts.hostname or "", parts.port, parts.path, asked.headers)


def _request(asked: _Asked) -> Request:
    body = asked.body
    return Request(asked.method, asked.uri, _pairs(asked.headers), body if isinstance(body, bytes) else b"")


def _pairs(headers: _Headers) -> Pairs:
    return tuple(
        (name.lower(), str(value))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    )
