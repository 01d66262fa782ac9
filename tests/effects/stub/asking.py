"""Requests as the providers want them, and a client that hides nothing."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any

from llm_effects.stub import Stub

QUESTION = "Tell me something about whales and the deep sea."
MESSAGES: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": QUESTION}],
}
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": QUESTION}]}
RESPONSES: dict[str, Any] = {"model": "gpt-4o-mini", "input": QUESTION}
PATHS = {
    "anthropic_messages": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
}
PAYLOADS = {"anthropic_messages": MESSAGES, "openai_chat": CHAT, "openai_responses": RESPONSES}
WIRES = tuple(PATHS)
HEADERS = {"content-type": "application/json", "anthropic-version": "2026-10-21"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    stub: Stub,
    wire: str = "anthropic_messages",
    *,
    payload: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    path: str | None = None,
    method: str = "POST",
    timeout: float = 5,
    **changes: Any,
) -> Reply:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", stub.port, timeout=timeout)
    try:
        body = json.dumps({**(PAYLOADS[wire] if payload is None else payload), **changes})
        connection.request(method, path or PATHS[wire], body, HEADERS if headers is None else headers)
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def raw_request(wire: str = "anthropic_messages", **changes: Any) -> bytes:
    body = json.dumps({**PAYLOADS[wire], **changes}).encode()
    lines = [f"POST {PATHS[wire]} HTTP/1.1", "host: x", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def connected(stub: Stub, timeout: float = 5) -> socket.socket:
    return socket.create_connection(("127.0.0.1", stub.port), timeout=timeout)


def everything(sock: socket.socket) -> bytes:
    """What comes until the end; ConnectionResetError passes."""
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data
