"""Scenes: conversations worth keeping, and what comes of each. Their cassettes are recorded against the stub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

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
from tests.providers import ANTHROPIC, OPENAI, RESPONSES, Provider

ANTHROPIC_KEY = "sk-ant-api03-CanaryCanaryCanaryCanaryCanary"
OPENAI_KEY = "sk-proj-CanaryCanaryCanaryCanaryCanary"
ORGANISATION = "org-CanaryCanaryCanary"
"""Secrets of the right shape, so that a recording which kept one would show it."""


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
"""Whether an answer is streamed, and in which colours it can be had. The first is recorded, all are played."""
