"""An answer as the stream that would have brought it.

Law: `decode_stream` gives the answer back. One event per chunk, so that whoever sends them can stop, wait or cut
between any two.
"""

from __future__ import annotations

from collections.abc import Iterator

from returns.result import Failure

from llm_pure.errors import Loss, lossy
from llm_pure.json import PlainJson, dump_json
from llm_pure.openai_responses.response import decode_response, encode_response
from llm_pure.openai_responses.shape import MIRROR
from llm_pure.openai_responses.stream import decode_stream
from llm_pure.outcome import Outcome
from llm_pure.readback import stream_read_back
from llm_pure.reading import PlainObject
from llm_pure.response import Response

__all__ = ["encode_stream"]

_PIECE = 24
"""So many characters of text in one event."""


def encode_stream(response: Response) -> Outcome[tuple[bytes, ...]]:
    """The answer as OpenAI would stream it, one event in each chunk."""
    encoded = encode_response(response)
    if isinstance(encoded, Failure):
        return encoded
    body = encoded.unwrap()
    if body.get("status") in ("queued", "in_progress"):
        return Failure(lossy(Loss("$", "no stream ends with an answer that is not there yet")))
    out = tuple([_event({**event, "sequence_number": n}) for n, event in enumerate(_events(body))])
    return stream_read_back(out, body, decode_stream, decode_response, MIRROR.called)


def _event(event: PlainObject) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (str(event["type"]).encode(), dump_json(event))


def _events(body: PlainObject) -> Iterator[PlainObject]:
    begun: PlainObject = {**body, "status": "in_progress", "incomplete_details": None, "output": []}
    begun.pop("usage", None)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    output = body["output"]
    for index, item in enumerate(output if isinstance(output, list) else ()):
        if isinstance(item, dict):
            yield from _item(item, index)
    kind = "incomplete" if body.get("status") == "incomplete" else "completed"
    yield {"type": f"response.{kind}", "response": body}


def _item(item: PlainObject, index: int) -> Iterator[PlainObject]:
    at: PlainObject = {"output_index": index, "item_id": item.get("id", "")}
    begin: PlainObject = {**item}
    if "status" in item:
        begin["status"] = "in_progress"
    kind = item.get("type")
    pieces: Iterator[PlainObject] = iter(())
    if kind == "message" and isinstance(content := item.get("content"), list):
        begin["content"] = []
        pieces = _blocks(content, at)
    elif kind == "reasoning" and isinstance(summary := item.get("summary"), list):
        begin["summary"] = []
        begin.pop("content", None)
        content = item.get("content")
        pieces = _thoughts(summary, content if isinstance(content, list) else [], at)
    elif kind == "function_call" and isinstance(text := item.get("arguments"), str):
        begin["arguments"] = ""
        pieces = _arguments(text, at)
    yield {"type": "response.output_item.added", "output_index": index, "item": begin}
    yield from pieces
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


_WORDS = {"output_text": "text", "refusal": "refusal"}


def _blocks(content: list[PlainJson], at: PlainObject) -> Iterator[PlainObject]:
    for number, block in enumerate(content):
        if not isinstance(block, dict):
            continue  # it comes with the whole item
        where: PlainObject = {**at, "content_index": number}
        kind = str(block.get("type"))
        key = _WORDS.get(kind)
        more: PlainObject = {"logprobs": []} if kind == "output_text" else {}  # the SDK's type requires it
        text = block.get(key) if key is not None else None
        if key is None or not isinstance(text, str):
            yield {"type": "response.content_part.added", **where, "part": block}
        else:
            yield {"type": "response.content_part.added", **where, "part": {**block, key: ""}}
            for piece in _split(text):
                yield {"type": f"response.{kind}.delta", **where, "delta": piece, **more}
            yield {"type": f"response.{kind}.done", **where, key: text, **more}
        yield {"type": "response.content_part.done", **where, "part": block}


def _thoughts(summary: list[PlainJson], content: list[PlainJson], at: PlainObject) -> Iterator[PlainObject]:
    for name, key, blocks in (
        ("reasoning_summary_text", "summary_index", summary),
        ("reasoning_text", "content_index", content),
    ):
        for number, block in enumerate(blocks):
            text = block.get("text") if isinstance(block, dict) else None
            if not isinstance(text, str):
                continue
            for piece in _split(text):
                yield {"type": f"response.{name}.delta", **at, key: number, "delta": piece}
            yield {"type": f"response.{name}.done", **at, key: number, "text": text}


def _arguments(text: str, at: PlainObject) -> Iterator[PlainObject]:
    for piece in _split(text):
        yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
    yield {"type": "response.function_call_arguments.done", **at, "arguments": text}


def _split(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
