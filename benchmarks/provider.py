"""A provider on loopback that costs next to nothing: what is measured is the client.

It reads no request, but for where it ends and whether it asks for a stream, and answers with bytes that were computed
once. What it answers stands in the URL:

    http://127.0.0.1:PORT/chunks=400,latency=50/v1/messages             Anthropic Messages
    http://127.0.0.1:PORT/tools=20/v1/chat/completions                  OpenAI Chat Completions

    size=N      characters of text in a whole answer           200
    tools=N     tool calls in place of text                    0
    chunks=N    deltas in a stream                             20
    delta=N     characters in a delta                          12
    latency=MS  milliseconds until the answer begins           0

Run as a program it prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from typing_extensions import override

__all__ = ["Answer", "answer_body", "prose", "provider"]

_PROSE = "A total function answers every question that it may be asked, and is not asked any other. "


def prose(length: int) -> str:
    """So many characters of text."""
    return (_PROSE * (length // len(_PROSE) + 1))[:length]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a URL asks for."""

    size: int = 200
    tools: int = 0
    chunks: int = 20
    delta: int = 12
    latency: int = 0


# ---------------------------------------------------------------- answers in each provider's words


def _arguments(number: int) -> dict[str, object]:
    return {"path": f"src/module_{number}.py", "pattern": prose(120), "limit": number, "flags": ["a", "b"]}


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _message(answer: Answer) -> dict[str, Any]:
    content: list[dict[str, object]] = [{"type": "text", "text": prose(answer.size)}]
    if answer.tools:
        content = [{"type": "text", "text": "Let me look."}]
        content += [
            {"type": "tool_use", "id": f"toolu_{n:024}", "name": f"tool_{n % 5}", "input": _arguments(n)}
            for n in range(answer.tools)
        ]
    return {
        "id": "msg_01BenchmarkBenchmarkBench00",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": content,
        "stop_reason": "tool_use" if answer.tools else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 25,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 50,
            "service_tier": "standard",
        },
    }


def _completion(answer: Answer) -> dict[str, Any]:
    message: dict[str, object] = {"role": "assistant", "refusal": None, "annotations": []}
    if answer.tools:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": f"call_{n:024}",
                "type": "function",
                "function": {"name": f"tool_{n % 5}", "arguments": json.dumps(_arguments(n))},
            }
            for n in range(answer.tools)
        ]
    else:
        message["content"] = prose(answer.size)
    reason = "tool_calls" if answer.tools else "stop"
    return {
        **_CHAT,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": 25,
            "completion_tokens": 50,
            "total_tokens": 75,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
    }


_CHAT = {
    "id": "chatcmpl-BenchmarkBenchmarkBenchmark00",
    "created": 1760000000,
    "model": "gpt-4.1-2025-04-14",
    "service_tier": "default",
    "system_fingerprint": "fp_0123456789",
}


def answer_body(path: str, answer: Answer) -> bytes:
    """The whole answer that is given under `messages` or `completions`."""
    return _compact(_message(answer) if path == "messages" else _completion(answer))


def _deltas(answer: Answer) -> list[str]:
    text = prose(answer.chunks * answer.delta)
    return [text[start : start + answer.delta] for start in range(0, len(text), answer.delta)]


def _message_events(answer: Answer) -> Iterator[bytes]:
    def event(data: dict[str, Any]) -> bytes:
        return b"event: %s\ndata: %s\n\n" % (data["type"].encode(), _compact(data))

    begun = {**_message(answer), "content": [], "stop_reason": None}
    yield event({"type": "message_start", "message": begun})
    kinds: list[tuple[dict[str, object], dict[str, str], str]] = [
        ({"type": "text", "text": ""}, {"type": "text_delta"}, "text")
    ]
    if answer.tools:
        kinds = [
            (
                {"type": "tool_use", "id": f"toolu_{n:024}", "name": f"tool_{n % 5}", "input": {}},
                {"type": "input_json_delta"},
                "partial_json",
            )
            for n in range(answer.tools)
        ]
    for index, (block, delta, field) in enumerate(kinds):
        yield event({"type": "content_block_start", "index": index, "content_block": block})
        pieces = _deltas(answer)
        if answer.tools:
            pieces = ['{"text":"', *pieces, '"}']
        for piece in pieces:
            yield event({"type": "content_block_delta", "index": index, "delta": {**delta, field: piece}})
        yield event({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": "tool_use" if answer.tools else "end_turn", "stop_sequence": None}
    yield event({"type": "message_delta", "delta": ended, "usage": {"output_tokens": answer.chunks}})
    yield event({"type": "message_stop"})


def _completion_events(answer: Answer) -> Iterator[bytes]:
    def event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
        chunk = {**_CHAT, "object": "chat.completion.chunk", "choices": choices, "usage": usage}
        return b"data: %s\n\n" % _compact(chunk)

    def choice(delta: dict[str, Any], reason: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]

    yield event(choice({"role": "assistant", "content": None if answer.tools else "", "refusal": None}))
    for n in range(answer.tools):
        begun = {"name": f"tool_{n % 5}", "arguments": ""}
        call = {"index": n, "id": f"call_{n:024}", "type": "function", "function": begun}
        yield event(choice({"tool_calls": [call]}))
        for piece in ['{"text":"', *_deltas(answer), '"}']:
            yield event(choice({"tool_calls": [{"index": n, "function": {"arguments": piece}}]}))
    if not answer.tools:
        for piece in _deltas(answer):
            yield event(choice({"content": piece}))
    yield event(choice({}, "tool_calls" if answer.tools else "stop"))
    usage = {"prompt_tokens": 25, "completion_tokens": answer.chunks, "total_tokens": 25 + answer.chunks}
    yield event([], usage)
    yield b"data: [DONE]\n\n"


# ---------------------------------------------------------------- on the wire


@cache
def _reply(url: bytes, stream: bool) -> tuple[float, bytes]:
    """The seconds until an answer begins, and all of it, its head included."""
    *before, path = url.decode("ascii", "replace").split("?")[0].split("/")
    pairs = [pair.partition("=") for step in before for pair in step.split(",") if "=" in pair]
    answer = replace(Answer(), **{name: int(value) for name, _, value in pairs})
    if path not in {"messages", "completions"}:
        return 0.0, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nrequest-id: req_0123456789\r\ncontent-type: %s\r\n"
    if not stream:
        body = answer_body(path, answer)
        length = b"content-length: %d\r\n\r\n" % len(body)
        return answer.latency / 1000, head % b"application/json" + length + body
    events = _message_events(answer) if path == "messages" else _completion_events(answer)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in events)
    begin = head % b"text/event-stream" + b"transfer-encoding: chunked\r\n\r\n"
    return answer.latency / 1000, begin + chunks + b"0\r\n\r\n"


class _Serving(asyncio.Protocol):
    """One connection. Its client asks again only when it has been answered."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head, body = self._received[:end].lower(), self._received[end + 4 :]
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length or 0):
            return
        url = self._received.split(b" ", 2)[1]
        self._received = b""
        after, reply = _reply(url, b'"stream":true' in body or b'"stream": true' in body)
        if after:
            asyncio.get_running_loop().call_later(after, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Serving, "127.0.0.1", 0, backlog=2048)
    over = asyncio.Event()

    def until_input_ends() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=until_input_ends, daemon=True).start()
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()


@contextmanager
def provider() -> Iterator[str]:
    """The address of a provider that runs, as a process of its own, while the block does."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve())
