"""The Messages API of Anthropic.

Law: the functions of `llm_pure.wire.Codec`, total and lossless: what a payload or an answer holds beyond our fields
comes back in `extras` and `provider_options` under `anthropic`, or as an `Opaque`, and goes out again at its place.
"""

from llm_pure.anthropic_messages.decode import decode_request
from llm_pure.anthropic_messages.errors import decode_error, encode_error
from llm_pure.anthropic_messages.events_out import encode_stream
from llm_pure.anthropic_messages.request import encode_request
from llm_pure.anthropic_messages.response import decode_response, encode_response
from llm_pure.anthropic_messages.stream import (
    StreamState,
    decode_stream,
    stream_ended,
    stream_result,
    stream_skipped,
    stream_start,
    stream_step,
)
from llm_pure.anthropic_messages.tables import PATH, PROVIDER

__all__ = [
    "PATH",
    "PROVIDER",
    "StreamState",
    "decode_error",
    "decode_request",
    "decode_response",
    "decode_stream",
    "encode_error",
    "encode_request",
    "encode_response",
    "encode_stream",
    "stream_ended",
    "stream_result",
    "stream_skipped",
    "stream_start",
    "stream_step",
]
