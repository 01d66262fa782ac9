"""Both SDKs, and what tells them apart for a test: settings, clients, and how their providers word things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient
from openai import AsyncOpenAI, OpenAI

from llm_effects import anthropic_runner, openai_chat_runner, openai_responses_runner
from llm_effects.providers.leaf import Leaf
from llm_effects.providers.settings import ssl_context
from llm_effects.stub import Stub
from llm_pure import Completion, WireFormat, user

KEY = "test"
CLEARED = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_PROFILE",
    "OPENAI_ADMIN_KEY",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_CUSTOM_HEADERS",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
)
"""What the SDKs read from the environment and a test must not inherit."""


class Dropped(DefaultHttpxClient):
    """Closed when nobody holds it any more, as the client is that an SDK makes for itself."""

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True)
class Provider:
    """One provider as tests see it."""

    name: Literal["anthropic", "openai", "openai-responses"]
    wire: WireFormat
    model: str
    key_variable: str
    url_variable: str

    @property
    def question(self) -> Completion:
        return Completion([user("Say hello")], max_tokens=100)

    def url(self, stub: Stub) -> str:
        return stub.url if self.name == "anthropic" else stub.openai_url

    def settings(self, stub: Stub) -> Mapping[str, str]:
        """The environment in which a runner made from settings finds the stub."""
        return {self.key_variable: KEY, self.url_variable: self.url(stub)}

    def from_settings(self) -> Leaf:
        if self.name == "anthropic":
            return anthropic_runner(model=self.model)
        return self._on_openai(model=self.model)

    def with_clients(
        self,
        url: str,
        *,
        colour: Literal["blocking", "asynchronous", "both"] = "both",
        key: str = KEY,
        timeout: float = 5,
        max_retries: int = 5,
    ) -> Leaf:
        """A runner on clients of the caller's own; that they would retry must not matter."""
        blocking, asynchronous = colour != "asynchronous", colour != "blocking"
        # To load the certificates takes longer than most tests: the clients share them.
        http = Dropped(verify=ssl_context(), timeout=timeout) if blocking else None
        ahttp = DefaultAsyncHttpxClient(verify=ssl_context(), timeout=timeout) if asynchronous else None
        if self.name == "anthropic":
            return anthropic_runner(
                None
                if http is None
                else Anthropic(
                    api_key=key, base_url=url, timeout=timeout, max_retries=max_retries, http_client=http
                ),
                async_client=None
                if ahttp is None
                else AsyncAnthropic(
                    api_key=key, base_url=url, timeout=timeout, max_retries=max_retries, http_client=ahttp
                ),
                model=self.model,
            )
        return self._on_openai(
            None
            if http is None
            else OpenAI(
                api_key=key, base_url=url, timeout=timeout, max_retries=max_retries, http_client=http
            ),
            async_client=None
            if ahttp is None
            else AsyncOpenAI(
                api_key=key, base_url=url, timeout=timeout, max_retries=max_retries, http_client=ahttp
            ),
            model=self.model,
        )

    @property
    def _on_openai(self) -> Callable[..., Leaf]:
        return openai_chat_runner if self.name == "openai" else openai_responses_runner


ANTHROPIC = Provider(
    "anthropic", "anthropic_messages", "claude-haiku-4-5", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"
)
OPENAI = Provider("openai", "openai_chat", "gpt-4o-mini", "OPENAI_API_KEY", "OPENAI_BASE_URL")
RESPONSES = Provider(
    "openai-responses", "openai_responses", "gpt-4o-mini", "OPENAI_API_KEY", "OPENAI_BASE_URL"
)
PROVIDERS = (ANTHROPIC, OPENAI, RESPONSES)
