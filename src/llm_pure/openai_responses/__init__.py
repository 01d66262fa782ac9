"""OpenAI Responses."""

from llm_pure.openai_responses.errors import decode_error, encode_error
from llm_pure.openai_responses.events_out import encode_stream
from llm_pure.openai_responses.request import decode_request, encode_request
from llm_pure.openai_responses.response import decode_response, encode_response
from llm_pure.openai_responses.shape import PATH, PROVIDER
from llm_pure.openai_responses.stream import (
    decode_stream,
    stream_ended,
    stream_result,
    stream_skipped,
    stream_start,
    stream_step,
)

__all__ = [
    "PATH",
    "PROVIDER",
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
