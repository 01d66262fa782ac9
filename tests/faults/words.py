"""Answers in each provider's own words, whole and streamed, put together by hand and free to be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from llm_pure import WireFormat
from llm_pure.json import PlainJson
from tests.faults.peer import Act, Peer, chunks, head

__all__ = ["BY_WIRE", "Said", "Words", "answers", "sse"]

Object = dict[str, PlainJson]


@dataclass(frozen=True)
class Said:
    """One answer in both forms. `events` are the data of a stream, in order; `end` follows them."""

    whole: Object
    events: tuple[Object | bytes, ...]
    end: tuple[Object | bytes, ...]

    @property
    def body(self) -> bytes:
        return json.dumps(self.whole).encode()

    @property
    def stream(self) -> bytes:
        return sse(*self.events, *self.end)


def sse(*events: Object | bytes) -> bytes:
    return b"".join(
        b"data: " + (it if isinstance(it, bytes) else json.dumps(it).encode()) + b"\n\n" for it in events
    )


def answers(*said: Said | tuple[bytes, bytes]) -> Act:
    """An answer for each request to the server, in the form that was asked for; the last for all that follow."""

    def act(peer: Peer) -> None:
        while True:
            stream = peer.asked()
            one = said[min(peer.asked_before, len(said) - 1)]
            whole, streamed = (one.body, one.stream) if isinstance(one, Said) else one
            if stream:
                kind = "content-type: text/event-stream"
                pieces = [streamed] if streamed else []
                peer.send(head(kind, "transfer-encoding: chunked"), *chunks(pieces, end=True))
            else:
                peer.send(head("content-type: application/json", f"content-length: {len(whole)}"), whole)

    return act


@dataclass(frozen=True)
class Words:
    """How a provider says a text, a call, and why it stopped."""

    said: Callable[..., Said]
    """`said(text, call=(id, name, arguments), stop=..., usage=..., model=...)`."""
    end: str
    cut: str
    call: str


Call = tuple[str, str, str]


def _messages(
    text: str | None = "Hello",
    *calls: Call,
    stop: str | None = "end_turn",
    usage: Object | None = None,
    model: str = "m",
) -> Said:
    usage = {"input_tokens": 3, "output_tokens": 2} if usage is None else usage
    blocks: list[PlainJson] = [] if text is None else [{"type": "text", "text": text}]
    events: list[Object | bytes] = [
        {
            "type": "message_start",
            "message": {"id": "a", "model": model, **({"usage": usage} if usage else {})},
        }
    ]
    if text is not None:
        events += [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
            {"type": "content_block_stop", "index": 0},
        ]
    for id_, name, arguments in calls:
        at = len(blocks)
        start: Object = {"type": "tool_use", "id": id_, "name": name, "input": {}}
        blocks.append({**start, "input": _loose(arguments)})
        events += [
            {"type": "content_block_start", "index": at, "content_block": start},
            {
                "type": "content_block_delta",
                "index": at,
                "delta": {"type": "input_json_delta", "partial_json": arguments},
            },
            {"type": "content_block_stop", "index": at},
        ]
    whole: Object = {
        "type": "message",
        "id": "a",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": stop,
        **({"usage": usage} if usage else {}),
    }
    end: Object = {
        "type": "message_delta",
        "delta": {"stop_reason": stop},
        **({"usage": usage} if usage else {}),
    }
    return Said(whole, tuple(events), (end, {"type": "message_stop"}))


def _loose(arguments: str) -> PlainJson:
    """Arguments as a whole Message has them: a value, whatever it is."""
    try:
        value: PlainJson = json.loads(arguments)
    except ValueError:
        return arguments
    return value


def _chat(
    text: str | None = "Hello",
    *calls: Call,
    stop: str | None = "stop",
    usage: Object | None = None,
    model: str = "m",
) -> Said:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5} if usage is None else usage

    def chunk(delta: Object, finish: str | None = None) -> Object:
        choice: Object = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "a", "model": model, "object": "chat.completion.chunk", "choices": [choice]}

    made: list[PlainJson] = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_, name, arguments in calls
    ]
    events: list[Object | bytes] = [] if text is None else [chunk({"role": "assistant", "content": text})]
    for at, call in enumerate(made):
        assert isinstance(call, dict)
        events.append(chunk({"tool_calls": [{**call, "index": at}]}))
    message: Object = {"role": "assistant", "content": text, **({"tool_calls": made} if made else {})}
    whole: Object = {
        "id": "a",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": stop}],
        **({"usage": usage} if usage else {}),
    }
    counted: list[Object | bytes] = (
        [{"id": "a", "model": model, "choices": [], "usage": usage}] if usage else []
    )
    return Said(whole, tuple(events), (chunk({}, stop), *counted, b"[DONE]"))


def _responses(
    text: str | None = "Hello",
    *calls: Call,
    stop: str | None = "completed",
    usage: Object | None = None,
    model: str = "m",
) -> Said:
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5} if usage is None else usage
    items: list[PlainJson] = []
    events: list[Object | bytes] = [
        {"type": "response.created", "response": {"id": "a", "model": model, "status": "in_progress"}}
    ]
    if text is not None:
        item: Object = {"type": "message", "id": "b", "role": "assistant", "status": "completed"}
        content: list[PlainJson] = [{"type": "output_text", "text": text, "annotations": []}]
        whole_item: Object = {**item, "content": content}
        items.append(whole_item)
        events += [
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text},
            {"type": "response.output_item.done", "output_index": 0, "item": whole_item},
        ]
    for id_, name, arguments in calls:
        at = len(items)
        call: Object = {"type": "function_call", "call_id": id_, "name": name, "arguments": arguments}
        items.append(call)
        events += [
            {"type": "response.output_item.added", "output_index": at, "item": {**call, "arguments": ""}},
            {"type": "response.function_call_arguments.delta", "output_index": at, "delta": arguments},
            {"type": "response.output_item.done", "output_index": at, "item": call},
        ]
    kind = stop if stop in {"completed", "incomplete"} else "incomplete"
    details: Object = {} if stop == "completed" else {"incomplete_details": {"reason": stop}}
    body: Object = {
        "id": "a",
        "object": "response",
        "model": model,
        "status": kind,
        "output": items,
        **({"usage": usage} if usage else {}),
        **details,
    }
    return Said(body, tuple(events), ({"type": f"response.{kind}", "response": body},))


BY_WIRE: Final[Mapping[WireFormat, Words]] = {
    "anthropic_messages": Words(_messages, "end_turn", "max_tokens", "tool_use"),
    "openai_chat": Words(_chat, "stop", "length", "tool_calls"),
    "openai_responses": Words(_responses, "completed", "max_output_tokens", "completed"),
}
