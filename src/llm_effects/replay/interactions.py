"""What a cassette holds, as frozen values.

Law: an interaction is a request and what came of it: an answer, a fault, or both, an answer that broke off after its
body. Bodies are decompressed, header names in lower case. Nothing in here knows a file or a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from llm_pure.target import WireFormat

__all__ = ["FAULTS", "Answer", "Fault", "Header", "Interaction", "Pairs", "Request"]

Fault: TypeAlias = Literal[
    "CertificateRefused",
    "CloseError",
    "ConnectError",
    "ConnectTimeout",
    "LocalProtocolError",
    "PoolTimeout",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "TlsError",
    "WriteError",
    "WriteTimeout",
]
"""What the HTTP client said, by the names of its exceptions; of TLS it has none, so these two are ours."""

FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Headers. A name may stand more than once."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Its body is not shown in its `repr`."""

    method: str
    uri: str
    headers: Pairs = ()
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.uri).path or "/"

    @property
    def query(self) -> str:
        return urlsplit(self.uri).query

    def header(self, name: str) -> str:
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. `pieces` are the lengths in which its body came, if that is known and they were several."""

    status: int = 200
    headers: Pairs = ()
    body: bytes = field(default=b"", repr=False)
    pieces: tuple[int, ...] = ()
    reason: str = ""

    def header(self, name: str) -> str:
        return _header(self.headers, name)

    @property
    def streams(self) -> bool:
        """Whether it is a stream of events."""
        return "event-stream" in self.header("content-type").lower()


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and what came of it."""

    request: Request
    answer: Answer | None = None
    fault: Fault | None = None
    wire: WireFormat | None = None
    """The codec that built the request; None: somebody else did."""
    rebuilt: str | None = None
    """A digest of what that codec made of its own request, decoded again, where it spelt it in another way."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where a cassette comes from."""

    schema: int
    recorded: str = ""
    """The day, as `2026-11-25`."""
    sdks: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def _header(headers: Pairs, name: str) -> str:
    return next((value for known, value in headers if known == name), "")
