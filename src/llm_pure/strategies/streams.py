"""Streams over the wire, of all three formats: an answer, and events that say the same.

Law: reading the events gives what reading the answer gives. Texts come in pieces, parts one after another; a Chat
stream may end with or without its mark, a Responses stream may leave events out, and it and
one of Messages may repeat some, as servers do.
"""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.anthropic import anthropic_answers
from llm_pure.strategies.openai_chat import chat_answers
from llm_pure.strategies.openai_responses import responses_answers
from llm_pure.strategies.plain import Plain

__all__ = [
    "anthropic_events",
    "anthropic_streams",
    "chat_chunks",
    "chat_sse",
    "chat_streams",
    "named_sse",
    "responses_events",
    "responses_streams",
]


# ---------------------------------------------------------------- as bytes


def named_sse(events: list[Plain]) -> bytes:
    """Events of Messages or Responses as a server sends them, each with its type."""
    return b"".join(
        [
            b"event: " + str(event["type"]).encode() + b"\ndata: " + json.dumps(event).encode() + b"\n\n"
            for event in events
        ]
    )


def chat_sse(chunks: list[Plain], *, done: bool = True) -> bytes:
    """Chunks as a server sends them."""
    events = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    return b"".join(events) + (b"data: [DONE]\n\n" if done else b"")


def _pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=2)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@cache
def anthropic_streams() -> st.SearchStrategy[tuple[Plain, bytes]]:
    """The body of an answer of Messages, and the stream that says the same."""
    return anthropic_events().map(lambda drawn: (drawn[0], named_sse(drawn[1])))


@cache
def chat_streams() -> st.SearchStrategy[tuple[Plain, bytes]]:
    """The body of an answer of Chat Completions, and the stream that says the same, with or without `[DONE]`."""
    return st.builds(
        lambda drawn, done: (drawn[0], chat_sse(drawn[1], done=done)), chat_chunks(), st.booleans()
    )


@cache
def responses_streams() -> st.SearchStrategy[tuple[Plain, bytes]]:
    """The body of an answer of Responses, and the stream that says the same."""
    return responses_events().map(lambda drawn: (drawn[0], named_sse(drawn[1])))


# ---------------------------------------------------------------- Messages


_PING: Plain = {"type": "ping"}


@st.composite
def anthropic_events(draw: st.DrawFn) -> tuple[Plain, list[Plain]]:
    """An answer, and the events that say the same, some of them twice, as proxies do. What is unknown stands in the
    message that opens the stream."""
    body = draw(anthropic_answers(streamed=True))
    usage = body["usage"]
    before: Plain = {**body, "content": [], "stop_reason": None, "stop_sequence": None}
    if isinstance(usage, dict) and usage.get("output_tokens") is not None:
        before["usage"] = {**usage, "output_tokens": 1}  # counts are told anew at the end
    times = draw(st.integers(1, 2))
    events: list[Plain] = [{"type": "message_start", "message": before}] * times
    content = body["content"]
    for index, block in enumerate(content if isinstance(content, list) else []):
        if isinstance(block, dict):
            start, deltas = _taken_apart(draw, block)
            events.append({"type": "content_block_start", "index": index, "content_block": start})
            events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
            events += [{"type": "content_block_stop", "index": index}] * times
            events += [_PING] * draw(st.integers(0, 1))
    ending: Plain = {
        key: body[key] for key in ("stop_reason", "stop_sequence", "stop_details") if key in body
    }
    events.append({"type": "message_delta", "delta": ending, "usage": usage})
    return body, [*events, {"type": "message_stop"}]


def _taken_apart(draw: st.DrawFn, block: Plain) -> tuple[Plain, list[Plain]]:
    """The block as it begins, and what follows."""
    kind, start = block["type"], dict(block)
    deltas: list[Plain] = []
    if kind == "tool_use":
        start["input"] = {}
        pieces = _pieces(draw, json.dumps(block["input"]))
        deltas.extend({"type": "input_json_delta", "partial_json": piece} for piece in pieces)
    for name, delta in (("text", "text_delta"), ("thinking", "thinking_delta")):
        if kind == name and isinstance(text := block[name], str):
            start[name] = ""
            deltas.extend({"type": delta, name: piece} for piece in _pieces(draw, text))
    if kind == "text" and isinstance(citations := block.get("citations"), list) and citations:
        start["citations"] = []
        deltas += [{"type": "citations_delta", "citation": citation} for citation in citations]
    if kind == "thinking" and isinstance(signature := block.get("signature"), str):
        start["signature"] = ""
        deltas.append({"type": "signature_delta", "signature": signature})
    return start, deltas


# ---------------------------------------------------------------- Chat Completions


@st.composite
def chat_chunks(draw: st.DrawFn) -> tuple[Plain, list[Plain]]:
    """An answer, and chunks that say the same: its texts in pieces, its choices and calls one after another."""
    body = draw(chat_answers(streamed=True))
    kept: Plain = {"id": body["id"], "object": "chat.completion.chunk", "created": body["created"]}
    kept |= {"model": body["model"]} if "model" in body else {}
    chunks: list[Plain] = []
    choices = body["choices"]
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and isinstance(message := choice["message"], dict):
            index = choice["index"]
            chunks += [
                {**kept, "choices": [{"index": index, "delta": delta}]}
                for delta in _chat_deltas(draw, message)
            ]
            end = {key: value for key, value in choice.items() if key != "message"}
            chunks.append({**kept, "choices": [{**end, "delta": {}}]})
    chunks[0] |= {key: body[key] for key in ("system_fingerprint", "service_tier", "x_groq") if key in body}
    if "usage" in body:
        chunks.append({**kept, "choices": [], "usage": body["usage"]})
    return body, chunks


def _chat_deltas(draw: st.DrawFn, message: Plain) -> list[Plain]:
    found: list[Plain] = [{"role": "assistant", "content": ""}]
    last = ("content", "refusal", "audio", "function_call", "tool_calls")
    for key in [*[key for key in message if key not in last], *[key for key in last if key in message]]:
        value = message[key]
        if key == "channel":  # a name, which some say with every delta
            found += [{key: value}] * draw(st.integers(1, 3))
        elif isinstance(value, str) and key != "role":
            found.extend({key: piece} for piece in _pieces(draw, value))
        elif key == "tool_calls" and isinstance(value, list):
            for index, call in enumerate(value):
                found += _call_deltas(draw, index, call)
        else:
            found.append({key: value})
    return found


def _call_deltas(draw: st.DrawFn, index: int, call: PlainJson) -> list[Plain]:
    if not isinstance(call, dict):
        return []
    function = call.get("function")
    text = function.get("arguments") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(text, str):
        return [{"tool_calls": [{"index": index, **call}]}]
    found: list[Plain] = [
        {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
    ]
    for piece in _pieces(draw, text):
        more: Plain = {"index": index, "function": {"arguments": piece}}
        found.append({"tool_calls": [more]})
    return found


# ---------------------------------------------------------------- Responses


@st.composite
def responses_events(draw: st.DrawFn) -> tuple[Plain, list[Plain]]:
    """An answer, and events that say the same; some may be left out, or come again when all is said, as servers do."""
    body = draw(responses_answers(streamed=True))
    whole, empty, twice = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    begun: Plain = {**body, "status": "in_progress", "output": []}
    events: list[Plain] = [{"type": "response.created", "response": begun}]
    output = body["output"]
    for index, item in enumerate(output if isinstance(output, list) else []):
        if isinstance(item, dict):
            said = _item_events(draw, index, item, whole=whole)
            said.append({"type": "response.new.event", "output_index": index})
            said.append({"type": "response.output_item.done", "output_index": index, "item": item})
            events += said
            if twice:
                events += [event for event in said if str(event["type"]).endswith(".done")]
    end: Plain = {**body, "output": []} if empty else body
    return body, [*events, {"type": f"response.{body['status']}", "response": end}]


def _item_events(draw: st.DrawFn, index: int, item: Plain, *, whole: bool) -> list[Plain]:
    at: Plain = {"output_index": index}
    kind, content = item.get("type"), item.get("content")
    start = dict(item)
    found: list[Plain] = []
    if kind == "message" and isinstance(content, list):
        start["content"] = []
        for number, block in enumerate(content):
            if isinstance(block, dict):
                here: Plain = {**at, "content_index": number}
                found.append({"type": "response.content_part.added", **here, "part": block})
                for name, key in (("output_text", "text"), ("refusal", "refusal")):
                    if block["type"] == name:
                        found += _deltas(draw, f"response.{name}", here, key, block[key], whole=whole)
                found.append({"type": "response.content_part.done", **here, "part": block})
    elif kind == "reasoning" and isinstance(summary := item.get("summary"), list):
        start["summary"] = []
        for number, block in enumerate(summary):
            here = {**at, "summary_index": number}
            if isinstance(block, dict):
                name = "response.reasoning_summary_text"
                found += _deltas(draw, name, here, "text", block["text"], whole=whole)
    elif kind == "function_call" and isinstance(item.get("arguments"), str):
        start["arguments"] = ""
        name = "response.function_call_arguments"
        found += _deltas(draw, name, at, "arguments", item["arguments"], whole=whole)
    return [{"type": "response.output_item.added", **at, "item": start}, *found]


def _deltas(draw: st.DrawFn, name: str, at: Plain, key: str, text: PlainJson, *, whole: bool) -> list[Plain]:
    if not isinstance(text, str):
        return []
    done: Plain = {"type": f"{name}.done", **at, key: text}
    if whole:
        return [done]
    deltas: list[Plain] = [{"type": f"{name}.delta", **at, "delta": piece} for piece in _pieces(draw, text)]
    return [*deltas, done]
