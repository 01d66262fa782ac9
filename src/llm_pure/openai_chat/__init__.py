"""OpenAI Chat Completions, and the servers that imitate it."""

from llm_pure.openai_chat.errors import decode_error, encode_error
from llm_pure.openai_chat.request import decode_request, encode_request
from llm_pure.openai_chat.response import decode_response, encode_response
from llm_pure.openai_chat.shape import PATH, PROVIDER

__all__ = [
    "PATH",
    "PROVIDER",
    "decode_error",
    "decode_request",
    "decode_response",
    "encode_error",
    "encode_request",
    "encode_response",
]
