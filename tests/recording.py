"""Cassettes: what is recorded, how it is matched, and what of it is kept.

Law: a cassette holds nothing that its recording had not to say. Of headers only those on a list are kept, in both
directions; addresses become one; bodies are decompressed. A request is found by method, path and body, the body
compared as JSON compares (1 is not true); host, port, headers and the order of keys do not matter.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import vcr
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serialize import serialize

from llm_effects import Runner, Wrapper, compose, with_continuation, with_retry
from llm_effects.stub import Step, Stub
from llm_pure import (
    AnyTool,
    AssistantMessage,
    Completion,
    ContinuationPolicy,
    Denied,
    JsonObject,
    Overloaded,
    Refusal,
    Response,
    RetryPolicy,
    StopReason,
    Text,
    Tool,
    ToolCall,
    Usage,
    user,
)
from llm_pure.json import JsonError, PlainJson, parse_json, same_json
from tests.providers import ANTHROPIC, OPENAI, RESPONSES, Provider

CASSETTES = Path(__file__).parent / "cassettes"
SCHEMA = 1
HEADERS = (
    "# Recorded against the stub provider of this project (llm_effects.stub), not against a real service.\n"
    "# `make record` writes these files anew.\n"
)

ANTHROPIC_KEY = "sk-ant-api03-CanaryCanaryCanaryCanaryCanary"
OPENAI_KEY = "sk-proj-CanaryCanaryCanaryCanaryCanary"
ORGANISATION = "org-CanaryCanaryCanary"
"""Secrets of the right shape, so that a recording which kept one would show it."""


# ---------------------------------------------------------------- what is kept

KEPT = {
    "request": frozenset(("content-type", "anthropic-version", "anthropic-beta")),
    "response": frozenset(
        ("content-type", "request-id", "x-request-id", "retry-after", "retry-after-ms", "x-should-retry")
    ),
}
ADDRESS = ("https", "stub.invalid")


def scrubbed_request(request: Any) -> Any:
    """The request at one address, and with the headers that are on the list."""
    parts = urlsplit(request.uri)
    request.uri = urlunsplit((*ADDRESS, parts.path, parts.query, ""))
    request.headers = {
        name.lower(): value for name, value in request.headers.items() if name.lower() in KEPT["request"]
    }
    return request


def scrubbed_response(response: Any) -> Any:
    """The response with the headers that are on the list."""
    kept = {name.lower(): value for name, value in response["headers"].items()}
    return {**response, "headers": {name: kept[name] for name in sorted(kept) if name in KEPT["response"]}}


# ---------------------------------------------------------------- what is found


def same_body(a: Any, b: Any) -> None:
    """Raises an AssertionError that names the first place at which two bodies differ."""
    try:
        mine, other = parse_json(a.body or b""), parse_json(b.body or b"")
    except JsonError:
        assert a.body == b.body, "not the same bytes"
        return
    assert same_json(mine, other), difference(mine, other)


def difference(a: PlainJson, b: PlainJson, path: str = "$") -> str:
    """The first place at which two JSON values differ, and how."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            if key not in a or key not in b:
                return f"{path}.{key}: {'not asked' if key not in a else 'not recorded'}"
            if not same_json(a[key], b[key]):
                return difference(a[key], b[key], f"{path}.{key}")
    if isinstance(a, list) and isinstance(b, list):
        for index, (mine, other) in enumerate(zip(a, b, strict=False)):
            if not same_json(mine, other):
                return difference(mine, other, f"{path}[{index}]")
        return f"{path}: {len(a)} items, recorded were {len(b)}"
    return f"{path}: {json.dumps(a)}, recorded was {json.dumps(b)}"


# ---------------------------------------------------------------- files


class Persister:
    """Whole files or none, each with a word on where it comes from."""

    @staticmethod
    def load_cassette(path: str, serializer: Any) -> Any:
        return FilesystemPersister.load_cassette(path, serializer)

    @staticmethod
    def save_cassette(path: str, content: Mapping[str, Any], serializer: Any) -> None:
        unfinished = Path(f"{path}.{os.getpid()}")
        unfinished.write_text(HEADERS + serialize(content, serializer), encoding="utf-8")
        unfinished.replace(path)


@contextmanager
def cassette(path: Path, mode: Literal["none", "all"] = "none") -> Iterator[Any]:
    """Play the cassette, or record it anew."""
    recorder = vcr.VCR(
        record_mode=mode,
        match_on=("method", "path", "query", "same_body"),
        before_record_request=scrubbed_request,
        before_record_response=scrubbed_response,
        decode_compressed_response=True,
        record_on_exception=False,
    )
    recorder.register_matcher("same_body", same_body)
    recorder.register_persister(Persister)
    if mode == "all":
        path.unlink(missing_ok=True)
    with recorder.use_cassette(str(path)) as played:
        if mode == "all":
            played.get_metadata(
                "recorded",
                {
                    "against": "llm_effects.stub, the project's own stub provider",
                    "date": datetime.now(UTC).date().isoformat(),
                    "schema": SCHEMA,
                    "sdks": {name: version(name) for name in ("anthropic", "openai", "httpx2")},
                },
            )
        yield played


# ---------------------------------------------------------------- scenes


@dataclass(frozen=True)
class Scene:
    """A conversation worth keeping: what is asked, what the provider answers, what comes of it."""

    provider: Provider
    name: str
    steps: Sequence[Step]
    expected: object
    """Text, stop reason, tool calls and output tokens of the answer; or the kind and status of the error."""
    wrappers: Sequence[Wrapper] = ()
    model: str | None = None
    completion: Completion = field(default_factory=lambda: Completion([user("Say hello")], max_tokens=100))

    def file(self, kind: str, folder: Path = CASSETTES) -> Path:
        return folder / f"{self.provider.name}-{self.name}-{kind}.yaml"

    @property
    def asked(self) -> Completion:
        return self.completion if self.model is None else self.completion.replace(model=self.model)

    def runner(self, url: str) -> Runner:
        key = ANTHROPIC_KEY if self.provider is ANTHROPIC else OPENAI_KEY
        return compose(self.provider.with_clients(url, key=key), *self.wrappers)

    def stub(self) -> Stub:
        """What is recorded, with headers that a real service adds and that must not be kept."""
        secrets = (
            ("anthropic-organization-id", ORGANISATION),
            ("openai-organization", ORGANISATION),
            ("set-cookie", f"session={OPENAI_KEY}"),
            ("connection", "close"),
        )
        return Stub(self.steps, gzip=True, headers=secrets)


def _said(text: str, stop: StopReason = "end", tokens: int = 5) -> Response:
    return Response(AssistantMessage((Text(text),)), Usage(12, tokens), stop)


NOW = RetryPolicy(base_delay=0)
BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error", retry_after=0.0)
REFUSED = Denied(message="that key is not known", status=401, type="authentication_error")
WEATHER: AnyTool = Tool(
    "get_weather",
    "The weather of a city",
    JsonObject({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
)
CALL = ToolCall("call_1", "get_weather", JsonObject({"city": "Łódź"}))


def _scenes(provider: Provider) -> Iterator[Scene]:
    yield Scene(provider, "text", ["Hello, world: ✓"], ("Hello, world: ✓", "end", (), 3))
    yield Scene(
        provider,
        "tool-call",
        [Response(AssistantMessage((Text("Let me look."), CALL)), Usage(40, 9), "tool_call")],
        ("Let me look.", "tool_call", (CALL,), 9),
        completion=Completion(
            [user("How is the weather in Łódź?")], tools=[WEATHER], system="Be brief.", max_tokens=100
        ),
    )
    yield Scene(
        provider, "busy-then-answer", [BUSY, "Hello"], ("Hello", "end", (), 1), wrappers=[with_retry(NOW)]
    )
    yield Scene(
        provider,
        "continued-by-nudge",
        [
            _said("The quick brown", "max_tokens", 3),
            _said(" fox jumps over", "max_tokens", 3),
            _said(" the dog."),
        ],
        ("The quick brown fox jumps over the dog.", "end", (), 11),
        wrappers=[with_retry(NOW), with_continuation(ContinuationPolicy(prefill=False))],
        completion=Completion([user("Write a pangram")], max_tokens=3),
    )
    yield Scene(provider, "denied", [REFUSED], (Denied, 401), wrappers=[with_retry(NOW)])


SCENES: tuple[Scene, ...] = (
    *_scenes(ANTHROPIC),
    Scene(
        ANTHROPIC,
        "continued-by-prefill",
        [_said("The quick brown", "max_tokens", 3), _said(" fox jumps.", tokens=3)],
        ("The quick brown fox jumps.", "end", (), 6),
        wrappers=[with_retry(NOW), with_continuation()],
        completion=Completion([user("Write a pangram")], max_tokens=3),
    ),
    Scene(
        ANTHROPIC,
        "refusal",
        [_said("I will not", "refusal", 2)],
        ("I will not", "refusal", (), 2),
        wrappers=[with_continuation()],
    ),
    *(
        scene
        for provider in (OPENAI, RESPONSES)
        for scene in (
            *_scenes(provider),
            Scene(
                provider,
                "refusal",
                [Response(AssistantMessage((Refusal("I will not."),)), Usage(12, 3), "refusal")],
                ("", "refusal", (), 3),
                wrappers=[with_continuation()],
            ),
        )
    ),
)

Kind = Literal["whole", "streamed"]
KINDS: Mapping[Kind, tuple[str, str]] = {"whole": ("run", "arun"), "streamed": ("astream", "stream")}
"""Whether an answer is streamed, and in which colours it can be had. The first is recorded, both are played."""


def record(folder: Path, ask: Mapping[str, Callable[[Runner, Completion], object]]) -> Iterator[Path]:
    """Record every scene, one file each, serially."""
    for scene in SCENES:
        for kind, (colour, _) in KINDS.items():
            path = scene.file(kind, folder)
            with scene.stub() as stub:
                runner = scene.runner(scene.provider.url(stub))
                with cassette(path, "all"):
                    ask[colour](runner, scene.asked)
                assert stub.left == 0, f"{path.name}: {stub.left} answers were not asked for"
            yield path
