"""An answer: message, usage, stop reason.

Law: what the provider did not say is None, never 0 and never "end". Adding usage adds what was reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from llm_pure.brief import Brief
from llm_pure.json import EMPTY, JsonObject
from llm_pure.messages import AssistantMessage, Message
from llm_pure.parts import BrokenToolCall, Part, Reasoning, Text, ToolCall

__all__ = ["NO_USAGE", "Response", "StopReason", "Usage", "is_signed", "text_of"]

StopReason: TypeAlias = Literal[
    "end", "max_tokens", "tool_call", "stop_sequence", "refusal", "pause", "context_window", "other"
]
"""Why the model stopped. `"other"` is anything that no table knows; `raw_stop_reason` has the provider's word."""


@dataclass(frozen=True, slots=True, repr=False)
class Usage(Brief):
    """Tokens, as reported. None: not reported.

    `input_tokens` is all of the input, cached parts included; `output_tokens` includes reasoning. The other
    three are parts of these two. Providers have been seen to report parts above the whole; nothing is corrected.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _add(self.input_tokens, other.input_tokens),
            _add(self.output_tokens, other.output_tokens),
            _add(self.cache_read_tokens, other.cache_read_tokens),
            _add(self.cache_write_tokens, other.cache_write_tokens),
            _add(self.reasoning_tokens, other.reasoning_tokens),
        )


def _add(a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b


NO_USAGE: Final = Usage()


@dataclass(frozen=True, slots=True, repr=False)
class Response(Brief):
    """One answer of a provider, or several joined by a continuation.

    `message` is what the caller reads. `turns` is empty, or, after a continuation, the messages as they went
    over the wire, in order (assistant, user, assistant, ...): the history that goes back to a provider that
    signs its reasoning. `alternatives` are the further choices of one request (`n > 1`), each with its own message.
    `provider` is the wire format's name for itself (`anthropic`, `openai_chat`, `openai_responses`), as in `extras`.
    `has_prefill` says that the message begins with the completion's own last assistant message, and does not follow it.
    `extras` holds, under the provider's name, what only this provider says: unknown fields, own counters.
    """

    message: AssistantMessage
    usage: Usage = NO_USAGE
    stop_reason: StopReason = "other"
    raw_stop_reason: str | None = None
    stop_sequence: str | None = None
    id: str | None = None
    model: str | None = None
    provider: str | None = None
    turns: tuple[Message, ...] = ()
    alternatives: tuple[Response, ...] = ()
    has_prefill: bool = False
    extras: JsonObject = EMPTY

    @property
    def text(self) -> str:
        """The text parts, concatenated with nothing between. Reasoning and refusal are not text."""
        return text_of(self.message.content)

    @property
    def calls(self) -> tuple[ToolCall | BrokenToolCall, ...]:
        """Every call, in order, those that cannot be run too: each of them wants a result."""
        return tuple([part for part in self.message.content if isinstance(part, ToolCall | BrokenToolCall)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that can be run, but those with plain text."""
        return tuple(
            [part for part in self.message.content if isinstance(part, ToolCall) and not part.free_text]
        )

    @property
    def text_calls(self) -> tuple[ToolCall, ...]:
        """The calls with plain text that can be run: of tools made with `Tool.text`, where the provider has such."""
        return tuple([part for part in self.message.content if isinstance(part, ToolCall) and part.free_text])

    @property
    def broken_tool_calls(self) -> tuple[BrokenToolCall, ...]:
        """The calls that cannot: cut off, or with arguments that are no object."""
        return tuple([part for part in self.message.content if isinstance(part, BrokenToolCall)])


def text_of(content: tuple[Part, ...]) -> str:
    """The text parts of `content`, concatenated with nothing between."""
    return "".join([part.text for part in content if isinstance(part, Text)])


def is_signed(message: Message) -> bool:
    """Whether the message holds reasoning that its provider authenticates, so that it must go back unchanged."""
    return any(
        isinstance(part, Reasoning) and (part.signature is not None or part.encrypted is not None)
        for part in message.content
    )
