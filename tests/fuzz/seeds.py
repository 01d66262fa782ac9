"""The seeds, made of our own values by our own encoders: `python -m tests.fuzz.seeds` writes them anew.

Small files of what is right, in each wire format and of each kind; what fuzzing found is kept beside them as `found-*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from returns.result import Success

from llm_pure import (
    AssistantMessage,
    BadToolInput,
    Base64,
    BrokenToolCall,
    Completion,
    Denied,
    Image,
    JsonObject,
    LlmError,
    Output,
    Overloaded,
    Part,
    RateLimited,
    Reasoning,
    Refusal,
    Response,
    StopReason,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
    system,
    user,
)
from llm_pure.json import dump_json
from llm_pure.serial import to_json
from llm_pure.target import WireFormat, codec_of
from tests.effects.scripted import RAW
from tests.fuzz.targets import SEEDS, WIRES

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASSETTES = Path(__file__).parents[1] / "cassettes"
WEATHER: Tool[object] = Tool(
    "weather", "Tells it.", JsonObject({"type": "object", "properties": {"city": {"type": "string"}}})
)
MODELS: dict[WireFormat, str] = {
    "anthropic_messages": "claude-haiku-4-5",
    "openai_chat": "gpt-4o-mini",
    "openai_responses": "gpt-5.1",
}


def completions(model: str) -> Iterator[tuple[str, Completion]]:
    yield "short", Completion([user("hi")], model=model, max_tokens=10)
    yield (
        "tools",
        Completion(
            [
                user("What is the weather in Köln?", Image(Base64("iVBORw0KGgo=", "image/png"))),
                AssistantMessage(
                    (Text("I look."), ToolCall("call_1", "weather", JsonObject({"city": "Köln"})))
                ),
                UserMessage((ToolResult("call_1", (Text("sunny"),)),)),
                system("Be kind."),
            ],
            model=model,
            system="Be brief.",
            max_tokens=100,
            tools=[WEATHER],
        ),
    )
    yield (
        "settings",
        Completion(
            [user("hi"), AssistantMessage((Reasoning("hm", signature="c2ln"), Text("hello"))), user("again")],
            model=model,
            max_tokens=4096,
            temperature=0.5,
            stop_sequences=["END"],
            reasoning="low",
            output=Output(JsonObject({"type": "object"}), "answer", strict=True),
            provider_options={"anthropic": {"metadata": {"user_id": "u"}}, "openai": {"store": False}},
        ),
    )


def responses(wire: WireFormat) -> Iterator[tuple[str, Response]]:
    call = ToolCall("call_1", "weather", JsonObject({"city": "Köln"}))
    broken = BrokenToolCall("call_1", "weather", '{"city": "K')
    said: tuple[tuple[str, tuple[Part, ...], Usage, StopReason], ...] = (
        ("text", (Text("Hello, Köln"),), Usage(3, 2), "end"),
        ("call", (Text("I look."), call), Usage(30, 20, 10, 5, 4), "tool_call"),
        ("cut", (Text("I"), broken), Usage(3, 9), "max_tokens"),
        ("refusal", (Refusal("No."),), Usage(3, 1), "refusal"),
    )
    raw, provider = RAW[wire], codec_of(wire).PROVIDER
    for name, parts, usage, stop in said:
        words = raw.get(stop, raw["end"])
        message = AssistantMessage(parts)
        yield name, Response(message, usage, stop, words, id=f"m-{name}", model="m", provider=provider)


ERRORS: tuple[tuple[str, LlmError], ...] = (
    ("busy", Overloaded(message="Overloaded", status=529, type="overloaded_error", request_id="req_1")),
    ("denied", Denied(message="invalid key", status=401, type="authentication_error")),
    ("limited", RateLimited(message="slow down", status=429, type="rate_limit_error", retry_after=1.5)),
    ("arguments", BadToolInput(message="no object", path="$.city", text="[1]")),
)


def written() -> Iterator[tuple[str, bytes]]:
    """Each seed: its name below the folder, and its bytes."""
    for wire in WIRES:
        codec = codec_of(wire)
        for name, completion in completions(MODELS[wire]):
            encoded = codec.encode_request(completion)
            if isinstance(encoded, Success):
                yield f"{wire}/request/{name}.json", dump_json(encoded.unwrap().payload)
        for name, response in responses(wire):
            body = codec.encode_response(response)
            if isinstance(body, Success):
                yield f"{wire}/response/{name}.json", dump_json(body.unwrap())
            chunks = codec.encode_stream(response)
            if isinstance(chunks, Success):
                yield f"{wire}/stream/{name}.sse", b"".join(chunks.unwrap())
        for name, error in ERRORS[:3]:
            told = codec.encode_error(error)
            head = [str(told.status), *(f"{key}: {value}" for key, value in told.headers.items())]
            yield f"{wire}/error/{name}.http", "\n".join(head).encode() + b"\n\n" + told.body
    for name, completion in completions("m"):
        yield f"serial/completion/{name}.json", to_json(completion).encode()
    for name, response in responses("anthropic_messages"):
        yield f"serial/response/{name}.json", to_json(response).encode()
    for name, error in ERRORS:
        yield f"serial/error/{name}.json", to_json(error).encode()
    yield "serial/event/delta.json", to_json(TextDelta(0, "hi")).encode()
    for file in sorted((FIXTURES / "serial" / "1").glob("*.json")):
        yield f"serial/whole/{file.name}", file.read_bytes()
    for name in ("anthropic-tool-call-whole", "openai-text-streamed"):
        yield f"cassette/{name}.yaml", (CASSETTES / f"{name}.yaml").read_bytes()
    yield "trace/streamed.jsonl", (FIXTURES / "trace" / "1" / "streamed.jsonl").read_bytes()


def main() -> None:
    for name, data in written():
        path = SEEDS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
