"""The published keys: what they are made of is read off `docs/cache-key-vectors.json` by any other program."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from llm_pure import (
    AnyTool,
    BadRequest,
    Base64,
    Completion,
    Encoded,
    Image,
    Output,
    Target,
    Tool,
    ToolCall,
    ToolResult,
    cache_key,
    codec_of,
    user,
)
from llm_pure.cache_key import CACHE_KEY_VERSION, key_of
from llm_pure.dialects import MISTRAL
from llm_pure.json import JsonObject
from llm_pure.messages import AssistantMessage, UserMessage

VECTORS = Path(__file__).parents[2] / "docs" / "cache-key-vectors.json"

CLAUDE = Target("anthropic", "anthropic_messages")
GPT = Target("openai", "openai_chat")
RESPONSES = Target("openai", "openai_responses")
CITY = JsonObject({"type": "object", "properties": {"city": {"type": "string"}}})
CLOSED = JsonObject({"type": "object", "properties": {}, "additionalProperties": False})
WEATHER: AnyTool = Tool("weather", "Tells the weather.", CITY)
ASKED = Completion(
    [
        user("What is the weather in Köln?", Image(Base64("iVBORw0KGgo=", "image/png"))),
        AssistantMessage((ToolCall("call_1", "weather", JsonObject({"city": "Köln"})),)),
        UserMessage((ToolResult("call_1"),)),
    ],
    system="Be brief.",
    max_tokens=100,
    tools=[WEATHER],
)
QUESTIONS: dict[str, tuple[Completion, Target]] = {
    "shortest": (Completion([user("hi")], model="claude-sonnet-5-5", max_tokens=10), CLAUDE),
    "default model": (
        Completion([user("hi")], max_tokens=10),
        Target("openai", "openai_chat", model="gpt-4o-mini"),
    ),
    "endpoint": (
        Completion([user("hi")], model="m"),
        Target("openai", "openai_chat", "http://localhost:8000/v1"),
    ),
    "sampling": (Completion([user("hi")], model="claude-haiku-4-5", temperature=0.5, max_tokens=10), CLAUDE),
    "tools, anthropic": (ASKED.replace(model="claude-sonnet-5-5"), CLAUDE),
    "tools, openai": (ASKED.replace(model="gpt-4o"), GPT),
    "json": (
        Completion([user("hi")], model="gpt-4o", output=Output(CLOSED, "answer", strict=True)),
        GPT,
    ),
    "tools, openai responses": (ASKED.replace(model="gpt-4o"), RESPONSES),
    "json, openai responses": (
        Completion(
            [user("hi")],
            model="gpt-5.1",
            output=Output(CLOSED, "answer", strict=True),
            reasoning="low",
            provider_options={"openai": {"store": False, "include": ["reasoning.encrypted_content"]}},
        ),
        RESPONSES,
    ),
    "dialect": (
        Completion([user("hi")], max_tokens=10, seed=7),
        Target("mistral", "openai_chat", "https://mistral.example/v1", "mistral-small-latest", MISTRAL),
    ),
}


ABOUT = (
    "Cache keys, version 1: `key` is the SHA-256 of the UTF-8 text `hashed`, which is canonical JSON: keys sorted, no "
    "white space, no ASCII escapes."
)


def published() -> str:
    """The file as it should be: `VECTORS.write_text(published())` writes it anew, which empties caches."""
    vectors = {}
    for name, (completion, target) in QUESTIONS.items():
        encoded = codec_of(target.wire).encode_request(target.filled(completion)).unwrap()
        question = {
            "version": CACHE_KEY_VERSION,
            "target": {
                "provider": target.provider,
                "wire": target.wire,
                "endpoint": target.endpoint,
                "model": target.model,
                **({"dialect": target.dialect.changes()} if target.dialect is not None else {}),
            },
            "headers": dict(encoded.headers),
            "payload": encoded.payload,
        }
        hashed = json.dumps(question, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        vectors[name] = {"key": cache_key(completion, target).unwrap(), "hashed": hashed}
    return json.dumps({"about": ABOUT, "vectors": vectors}, indent=1, ensure_ascii=False) + "\n"


def test_the_keys_are_the_published_ones() -> None:
    assert VECTORS.read_text(encoding="utf-8") == published()


def test_anybody_can_compute_them() -> None:
    for vector in json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"].values():
        text = vector["hashed"]
        assert sha256(text.encode()).hexdigest() == vector["key"]
        assert json.loads(text)["version"] == CACHE_KEY_VERSION
        assert json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":")) == text


def test_what_cannot_be_sent_has_no_key() -> None:
    failure = cache_key(Completion([user("a\ud800")], model="m", max_tokens=1), GPT).failure()
    assert isinstance(failure, BadRequest)
    assert failure.path is not None
    assert failure.path.startswith("$.messages[0]")


def test_a_number_too_long_to_be_read_has_none_however_often_it_is_asked() -> None:
    called = AssistantMessage((ToolCall("c", "f", JsonObject({"n": 10**5000})),))
    asked = Completion([user("a"), called, user("b")], model="m", max_tokens=1)
    for _ in range(4):  # a message that is sent again remembers what was written of it
        assert isinstance(cache_key(asked, CLAUDE).failure(), BadRequest)


def test_a_target_that_cannot_be_written_is_named_as_the_place() -> None:
    request = Encoded({}, {}, ())
    failure = key_of(request, replace(CLAUDE, endpoint="https://\ud800")).failure()
    assert isinstance(failure, BadRequest)
    assert failure.path == "$.target.endpoint"


def test_header_names_are_the_same_in_any_case() -> None:
    one, two = Encoded({}, {"Anthropic-Beta": "a"}, ()), Encoded({}, {"anthropic-beta": "a"}, ())
    assert key_of(one, CLAUDE) == key_of(two, CLAUDE)
    assert key_of(one, CLAUDE) != key_of(Encoded({}, {}, ()), CLAUDE)
