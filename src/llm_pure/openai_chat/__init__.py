"""OpenAI Chat Completions, and the servers that imitate it."""

from llm_pure.openai_chat.errors import decode_error, encode_error
from llm_pure.openai_chat.request import decode_request, encode_request
from llm_pure.openai_chat.response import decode_response, encode_response
from llm_pure.openai_chat.shape import PATH, PROVIDER
from llm_pure.openai_chat.stream import (
    decode_stream,
    encode_stream,
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
