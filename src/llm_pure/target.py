"""Where a request goes: provider, wire format, endpoint and default model, as data.

Law: two runners with equal targets answer alike, so a target is the half of a cache key that the payload does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never, cast, get_args

from llm_pure.brief import Brief
from llm_pure.dialects import Dialect

if TYPE_CHECKING:
    from llm_pure.completion import Completion
    from llm_pure.wire import Codec

__all__ = ["WIRES", "Target", "WireFormat", "codec_of", "wire_of"]

WireFormat: TypeAlias = Literal["anthropic_messages", "openai_chat", "openai_responses"]
WIRES: Final[tuple[WireFormat, ...]] = get_args(WireFormat)


@dataclass(frozen=True, slots=True, repr=False)
class Target(Brief):
    """`provider` is who answers, `wire` the codec that speaks to them, `endpoint` the base URL where it is not the
    provider's own, `model` the model that is asked where a completion names none, `dialect` how a server that imitates
    Chat Completions wants it spelt."""

    provider: str
    wire: WireFormat
    endpoint: str | None = None
    model: str | None = None
    dialect: Dialect | None = None

    def filled(self, completion: Completion) -> Completion:
        """The completion with its model filled in and its dialect spelt, so that every decision and key sees both."""
        if completion.model is None and self.model is not None:
            completion = completion.replace(model=self.model)
        if self.dialect is None or self.wire != "openai_chat":
            return completion
        return self.dialect.spelt(completion)


def codec_of(wire: WireFormat) -> Codec[object]:
    """The codec of a wire format, imported when it is first asked for."""
    return _imported(wire)


@cache  # an import statement looks up what it names each time
def _imported(wire: WireFormat) -> Codec[object]:
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


def wire_of(path: str) -> WireFormat | None:
    """The wire format that is spoken at a URL's path, whatever stands before it (`/v1`, a deployment)."""
    return next((wire for wire in WIRES if path.endswith(codec_of(wire).PATH)), None)
