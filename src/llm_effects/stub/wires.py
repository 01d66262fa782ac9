"""What tells the providers' ways of answering apart, beyond what their codecs say.

Law: a wire format that has a codec and a row in `WIRES` is one that the stub speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from llm_pure.json import PlainJson
from llm_pure.target import WireFormat, codec_of
from llm_pure.wire import Codec

__all__ = ["WIRES", "Payload", "Wire", "wire_of"]

Payload: TypeAlias = Mapping[str, PlainJson]


@dataclass(frozen=True, slots=True)
class Wire:
    """One provider's way. `error_event` comes before the JSON of an error in the midst of a stream."""

    format: WireFormat
    id_prefix: str
    request_id: str
    ping: bytes
    error_event: bytes

    @property
    def codec(self) -> Codec[object]:
        return codec_of(self.format)

    def id_for(self, body: bytes, occurrence: int) -> str:
        """The id of the answer to the n-th request with this body, so that order and time do not matter."""
        return f"{self.id_prefix}{_digest(self.format, body, occurrence)}"

    def request_id_for(self, body: bytes, occurrence: int) -> str:
        return f"req_{_digest('request', body, occurrence)}"


def _digest(kind: str, body: bytes, occurrence: int) -> str:
    return sha256(b"%b %d %b" % (kind.encode(), occurrence, body)).hexdigest()[:24]


_WIRES: Final = (
    Wire(
        format="anthropic_messages",
        id_prefix="msg_",
        request_id="request-id",
        ping=b'event: ping\ndata: {"type": "ping"}\n\n',
        error_event=b"event: error\ndata: ",
    ),
    Wire(
        format="openai_chat",
        id_prefix="chatcmpl-",
        request_id="x-request-id",
        ping=b": keep-alive\n\n",
        error_event=b"data: ",
    ),
    Wire(
        format="openai_responses",
        id_prefix="resp_",
        request_id="x-request-id",
        ping=b'event: keepalive\ndata: {"type":"keepalive"}\n\n',
        error_event=b"event: error\ndata: ",
    ),
)

WIRES: Final[Mapping[WireFormat, Wire]] = {wire.format: wire for wire in _WIRES}


def wire_of(path: str) -> Wire | None:
    """Who answers at this path. What stands before a codec's own path does not matter (`/v1`, a deployment)."""
    for wire in _WIRES:
        if path.endswith(wire.codec.PATH):
            return wire
    return None
