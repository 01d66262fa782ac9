"""Where a request goes: provider, wire format, endpoint and default model, as data.

Law: two runners with equal targets answer alike, so a target is the half of a cache key that the payload does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never, cast

from llm_pure.brief import Brief

if TYPE_CHECKING:
    from llm_pure.completion import Completion
    from llm_pure.wire import Codec

__all__ = ["Target", "WireFormat", "codec_of"]

WireFormat: TypeAlias = Literal["anthropic_messages", "openai_chat", "openai_responses"]


@dataclass(frozen=True, slots=True, repr=False)
class Target(Brief):
    """`provider` is who answers, `wire` the codec that speaks to them, `endpoint` the base URL or dialect where it is
    not the provider's own, `model` the model that is asked where a completion names none."""

    provider: str
    wire: WireFormat
    endpoint: str | None = None
    model: str | None = None

    def filled(self, completion: Completion) -> Completion:
        """The completion with its model filled in, so that every decision and every cache key sees it."""
        if completion.model is not None or self.model is None:
            return completion
        return completion.replace(model=self.model)


def codec_of(wire: WireFormat) -> Codec[object]:
    """The codec of a wire format, imported when it is first asked for."""
    if wire == "anthropic_messages":
        from llm_pure import anthropic_messages

        return cast("Codec[object]", anthropic_messages)  # the fold's state is opaque to whoever asks by name
    if wire == "openai_chat":
        from llm_pure import openai_chat

        return cast("Codec[object]", openai_chat)
    if wire == "openai_responses":
        from llm_pure import openai_responses

        return cast("Codec[object]", openai_responses)
    assert_never(wire)
