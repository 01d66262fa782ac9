"""An answer as the stream that would have brought it.

Law: `decode_stream` gives the answer back. One event per chunk, so that whoever sends them can stop, wait or cut
between any two.
"""

from __future__ import annotations

from collections.abc import Iterator

from returns.result import Failure, Success

from llm_pure.anthropic_messages.answer import Unsaid, write_answer
from llm_pure.anthropic_messages.response import write_message, write_usage
from llm_pure.json import JsonError, PlainJson, dump_json, parse_json
from llm_pure.outcome import Outcome
from llm_pure.parts import BrokenToolCall, ToolCall
from llm_pure.reading import PlainObject, as_object
from llm_pure.response import Response
from llm_pure.typed import MISTYPED, refused

__all__ = ["encode_stream"]


def encode_stream(response: Response) -> Outcome[tuple[bytes, ...]]:
    """The server-sent events of an answer, each a chunk of its own. See `encode_response` for what cannot be said."""
    try:
        return Success(tuple([_event(event) for event in _events(response)]))
    except Unsaid as error:
        return Failure(error.value())
    except MISTYPED as error:
        return Failure(refused(response, Response, error))


def _event(event: PlainObject) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (str(event["type"]).encode(), dump_json(event))


_STOP = ("stop_reason", "stop_sequence", "stop_details")
_AT_END = ("output_tokens", "output_tokens_details")
"""What is known at the end only."""


def _events(response: Response) -> Iterator[PlainObject]:
    message, usage = write_message(response), write_usage(response)
    blocks = write_answer(response, message["stop_reason"])
    end: PlainObject = {key: message.pop(key) for key in _STOP if key in message}
    counted: PlainObject = {key: usage.pop(key) for key in _AT_END if key in usage}
    begun: PlainObject = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        # As the provider does it: nothing has been counted yet.
        "usage": {**usage, "output_tokens": 0} if "output_tokens" in counted else usage,
    }
    yield {"type": "message_start", "message": begun}
    spellings = _spellings(response)
    for index, block in enumerate(blocks):
        start, deltas = _taken_apart(as_object(block), spellings)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": end, "usage": counted}
    yield {"type": "message_stop"}


def _spellings(response: Response) -> Iterator[str]:
    """The arguments of each call, as text."""
    for part in response.message.content:
        if isinstance(part, ToolCall):
            yield part.arguments.text
        elif isinstance(part, BrokenToolCall):
            yield part.text


def _taken_apart(block: PlainObject, spellings: Iterator[str]) -> tuple[PlainObject, list[PlainObject]]:
    """A block as it starts, and its deltas."""
    kind = block.get("type")
    if kind == "text" and isinstance(text := block.get("text"), str):
        return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in _pieces(text)]
    if kind == "thinking" and isinstance(text := block.get("thinking"), str):
        deltas: list[PlainObject] = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(text)]
        start: PlainObject = {**block, "thinking": ""}
        if "signature" in block:
            start["signature"] = ""
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return start, deltas
    if kind != "tool_use":
        return block, []
    text = next(spellings, "")
    if isinstance(block.get("input"), dict) != _is_object(text):  # a text that would be read as another thing
        return block, []
    return {**block, "input": {}}, [
        {"type": "input_json_delta", "partial_json": piece} for piece in _pieces(text)
    ]


def _is_object(text: str) -> bool:
    try:
        return isinstance(parse_json(text), dict)
    except JsonError:
        return not text  # no text at all leaves the input that the block started with


_SHORT = 16


def _pieces(text: str) -> list[PlainJson]:
    """The text in pieces as a model would say them, about a word or two each."""
    found: list[PlainJson] = []
    begin = 0
    while begin < len(text):
        space = text.find(" ", begin + 1, begin + _SHORT)
        end = space if space > 0 else begin + _SHORT
        found.append(text[begin:end])
        begin = end
    return found
