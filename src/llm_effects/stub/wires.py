"""What tells the providers' ways of answering apart, beyond what their codecs say.

Law: a wire format that has a codec and a row in `WIRES` is one that the stub speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from hashlib import sha256
from typing import Final, TypeAlias

from llm_pure.json import JsonObject, PlainJson
from llm_pure.response import NO_USAGE, Response, Usage
from llm_pure.target import WireFormat, codec_of
from llm_pure.wire import Codec

__all__ = ["WIRES", "Payload", "Wire"]

Payload: TypeAlias = Mapping[str, PlainJson]


@dataclass(frozen=True, slots=True)
class Wire:
    """One provider's way. `error_event` comes before the JSON of an error in the midst of a stream.

    `fills` is what an answer says besides, since the SDK's types require it; of that, what is `echoed` says what the
    request said. `counts_all`: a usage names every count, be it 0.
    """

    format: WireFormat
    id_prefix: str
    request_id: str
    ping: bytes
    error_event: bytes
    fills: Payload = field(default_factory=dict)
    echoed: tuple[str, ...] = ()
    counts_all: bool = False

    @property
    def codec(self) -> Codec[object]:
        return codec_of(self.format)

    def id_for(self, body: bytes, occurrence: int) -> str:
        """The id of the answer to the n-th request with this body, so that order and time do not matter."""
        return f"{self.id_prefix}{_digest(self.format, body, occurrence)}"

    def filled(self, response: Response, asked: Payload) -> Response:
        """The answer to this request with what the provider would have said besides."""
        if not self.fills:
            return response
        usage = response.usage
        if self.counts_all and usage != NO_USAGE:
            usage = Usage(*(count or 0 for count in astuple(usage)))
        fills = {**self.fills, **{name: asked[name] for name in self.echoed if name in asked}}
        extras = response.extras.thaw()
        own = extras.get(self.format)
        if isinstance(own, dict):
            fills.update(own)
        return replace(response, usage=usage, extras=JsonObject({**extras, self.format: fills}))

    def request_id_for(self, body: bytes, occurrence: int) -> str:
        return f"req_{_digest('request', body, occurrence)}"


def _digest(kind: str, body: bytes, occurrence: int) -> str:
    return sha256(b"%b %d %b" % (kind.encode(), occurrence, body)).hexdigest()[:24]


_CREATED: Final = 0
"""When every answer was made, in seconds: the same request has the same answer at any time."""

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
        fills={"created": _CREATED},
    ),
    Wire(
        format="openai_responses",
        id_prefix="resp_",
        request_id="x-request-id",
        ping=b'event: keepalive\ndata: {"type":"keepalive"}\n\n',
        error_event=b"event: error\ndata: ",
        fills={"created_at": _CREATED, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []},
        echoed=("parallel_tool_calls", "tool_choice", "tools"),
        counts_all=True,
    ),
)

WIRES: Final[Mapping[WireFormat, Wire]] = {wire.format: wire for wire in _WIRES}
