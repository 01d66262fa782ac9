"""What each model allows: a dated table, plain data, for a caller to extend.

Law: a model that the table does not know gets traits with which nothing is lost and nothing is guessed: everything is
sent as it was asked, and nothing is relied on. An entry holds for its own name and for spellings that add a date, a
platform's version or `-latest` to it, and for no other version: nothing is known of `claude-opus-6` before it stands
here.

As of 2026-11-23. To extend: `traits_of(model, {**MODELS, "my-model": ModelTraits(max_output_tokens=8192)})`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from llm_pure.brief import Brief

if TYPE_CHECKING:
    from llm_pure.completion import Effort

__all__ = ["MODELS", "ModelTraits", "model_key", "traits_of"]


@dataclass(frozen=True, slots=True, repr=False)
class ModelTraits(Brief):
    """What a model allows, as far as a request depends on it."""

    sampling: bool = True
    """`temperature`, `top_p`, `top_k` may be sent."""
    sampling_unreasoned: bool = False
    """They may be sent while the effort is `none`, where `sampling` says no."""
    top_k: bool = True
    """The model knows `top_k` at all."""
    prefill: bool = False
    """A last assistant message is continued, not answered."""
    stop_sequences: bool = True
    """Stop sequences may be sent."""
    system_in_conversation: bool = True
    """Instructions may stand between other messages."""
    efforts: tuple[Effort, ...] | None = None
    """The efforts that may be asked for, `none` among them if it may. None: not known."""
    thinking_budget: bool = True
    """A budget of tokens for thinking may be asked for (Anthropic's `thinking: enabled`)."""
    adaptive_thinking: bool = False
    """The model decides itself how much it thinks (Anthropic's `thinking: adaptive`)."""
    thinking_off: bool = True
    """Thinking can be turned off (Anthropic's `thinking: disabled`)."""
    signed_reasoning: bool = False
    """Reasoning comes signed, and goes back as it came."""
    bound_reasoning: bool = False
    """Reasoning is checked against everything that stood before it: history may only grow."""
    tool_id_pattern: str | None = None
    """The form that the ids of tool calls must have. None: not known."""
    max_output_tokens: int | None = None
    """The largest `max_tokens`. None: not known."""
    default_max_tokens: int | None = None
    """What is filled in where the wire demands a limit. None: as much as the model allows."""
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What Chat calls the limit. OpenAI's models want the new name; who copies the format may know only the old."""

    @property
    def filled_max_tokens(self) -> int:
        """The limit for a wire that demands one."""
        return self.default_max_tokens or self.max_output_tokens or _SMALLEST_LIMIT


_SMALLEST_LIMIT: Final = 4096
"""No model in the table allows less, so that no server that copies a format can be expected to."""


# ---------------------------------------------------------------- Anthropic
# Sampling and prefill by version, budgets and adaptive thinking: Anthropic's migration guides for 4.6, 4.7 and 5.x.
# Efforts: platform.claude.com build-with-claude/effort. Output limits: the models' overview pages there; for Claude
# 3 and Claude 4 what was published with them, not looked up again. Instructions in mid-conversation: the page of
# that name (since Opus 4.8; which 5.x models: LangChain's profiles). Which models only think adaptively: Bedrock's
# page on it. Bound reasoning: preserved thinking on Fable and Mythos from 5.1 and on the 5.5 models. Tool ids: the
# API's own error message.

_CLAUDE_3: Final = ModelTraits(
    prefill=True,
    system_in_conversation=False,
    efforts=(),
    thinking_budget=False,
    tool_id_pattern="^[a-zA-Z0-9_-]+$",
    max_output_tokens=4096,
)
_CLAUDE_3_5: Final = replace(_CLAUDE_3, max_output_tokens=8192)
_CLAUDE_4: Final = replace(_CLAUDE_3, thinking_budget=True, signed_reasoning=True, max_output_tokens=64_000)
_OPUS_4: Final = replace(_CLAUDE_4, max_output_tokens=32_000)
_OPUS_4_5: Final = replace(_CLAUDE_4, efforts=("low", "medium", "high"))
_CLAUDE_4_6: Final = replace(
    _CLAUDE_4,
    prefill=False,
    efforts=("low", "medium", "high", "max"),
    adaptive_thinking=True,
    max_output_tokens=128_000,
)
_OPUS_4_7: Final = replace(
    _CLAUDE_4_6, sampling=False, efforts=("low", "medium", "high", "xhigh", "max"), thinking_budget=False
)
_CLAUDE_5: Final = replace(_OPUS_4_7, system_in_conversation=True)
_ALWAYS_THINKING: Final = replace(_CLAUDE_5, thinking_off=False)
_BOUND: Final = replace(_ALWAYS_THINKING, bound_reasoning=True)

# ---------------------------------------------------------------- OpenAI
# Output limits: developers.openai.com, the models' pages; before GPT-4.1 what was published with them, not looked
# up again. Sampling with efforts, and which efforts: the reasoning guide and the models' pages (GPT-6.1 and 6.2
# refuse `none`). Stop sequences: the SDK's docstring of `stop`. Tool ids: the API's own error message ("Expected a
# string with maximum length 64"). The name of the limit: the SDK deprecates `max_tokens` for all models.

_OPENAI: Final = ModelTraits(
    top_k=False,
    max_tokens_name="max_completion_tokens",
    thinking_budget=False,
    tool_id_pattern="^(?s:.{1,64})$",
)
_GPT_3_5: Final = replace(_OPENAI, efforts=(), max_output_tokens=4096)
_GPT_4: Final = replace(_OPENAI, efforts=(), max_output_tokens=8192)
_GPT_4O: Final = replace(_OPENAI, efforts=(), max_output_tokens=16_384)
_GPT_4_1: Final = replace(_OPENAI, efforts=(), max_output_tokens=32_768)
_O: Final = replace(
    _OPENAI, sampling=False, efforts=("low", "medium", "high"), thinking_off=False, max_output_tokens=100_000
)
_O_WITHOUT_STOP: Final = replace(_O, stop_sequences=False)
_GPT_5: Final = replace(_O, efforts=("minimal", "low", "medium", "high"), max_output_tokens=128_000)
_GPT_5_1: Final = replace(
    _GPT_5, sampling_unreasoned=True, thinking_off=True, efforts=("none", "low", "medium", "high")
)
_GPT_5_2: Final = replace(_GPT_5_1, efforts=("none", "low", "medium", "high", "xhigh"))
_GPT_5_6: Final = replace(_GPT_5_1, efforts=("none", "low", "medium", "high", "xhigh", "max"))
_GPT_6_1: Final = replace(
    _GPT_5_6, sampling_unreasoned=False, thinking_off=False, efforts=("low", "medium", "high", "xhigh", "max")
)
_UNKNOWN_EFFORTS: Final = replace(_GPT_5, efforts=None)

MODELS: Final[Mapping[str, ModelTraits]] = MappingProxyType(
    {
        "claude-3-opus": _CLAUDE_3,
        "claude-3-sonnet": _CLAUDE_3,
        "claude-3-haiku": _CLAUDE_3,
        "claude-3-5-sonnet": _CLAUDE_3_5,
        "claude-3-5-haiku": _CLAUDE_3_5,
        "claude-3-7-sonnet": _CLAUDE_4,
        "claude-sonnet-4": _CLAUDE_4,
        "claude-sonnet-4-0": _CLAUDE_4,
        "claude-opus-4": _OPUS_4,
        "claude-opus-4-0": _OPUS_4,
        "claude-opus-4-1": _OPUS_4,
        "claude-opus-4-5": _OPUS_4_5,
        "claude-sonnet-4-5": _CLAUDE_4,
        "claude-haiku-4-5": _CLAUDE_4,
        "claude-opus-4-6": _CLAUDE_4_6,
        "claude-sonnet-4-6": replace(_CLAUDE_4_6, max_output_tokens=64_000),
        "claude-mythos-preview": replace(
            _CLAUDE_4_6, thinking_budget=False, thinking_off=False, max_output_tokens=None
        ),
        "claude-opus-4-7": _OPUS_4_7,
        "claude-opus-4-8": _CLAUDE_5,
        "claude-opus-5": _CLAUDE_5,
        "claude-sonnet-5": _CLAUDE_5,
        "claude-fable-5": _ALWAYS_THINKING,
        "claude-mythos-5": _ALWAYS_THINKING,
        "claude-fable-5-1": _BOUND,
        "claude-mythos-5-1": _BOUND,
        "claude-fable-5-2": _BOUND,
        "claude-mythos-5-2": _BOUND,
        "claude-opus-5-5": _BOUND,
        "claude-sonnet-5-5": _BOUND,  # not `disabled` but `between_tools`
        "claude-haiku-5-5": replace(_BOUND, thinking_off=True),
        "gpt-3.5-turbo": _GPT_3_5,
        "gpt-4": _GPT_4,
        "gpt-4-32k": replace(_GPT_4, max_output_tokens=None),
        "gpt-4-turbo": _GPT_3_5,
        "gpt-4-0125-preview": _GPT_3_5,
        "gpt-4-1106-preview": _GPT_3_5,
        "gpt-4-vision-preview": _GPT_3_5,
        "gpt-4o": _GPT_4O,
        "gpt-4o-2024-05-13": _GPT_3_5,
        "gpt-4o-mini": _GPT_4O,
        "gpt-4o-search-preview": replace(_GPT_4O, sampling=False),
        "gpt-4o-mini-search-preview": replace(_GPT_4O, sampling=False),
        "chatgpt-4o-latest": _GPT_4O,
        "gpt-4.1": _GPT_4_1,
        "o1": _O,
        "o1-mini": replace(_O, efforts=(), system_in_conversation=False, max_output_tokens=65_536),
        "o1-preview": replace(_O, efforts=(), system_in_conversation=False, max_output_tokens=32_768),
        "o3": _O_WITHOUT_STOP,
        "o3-mini": _O,
        "o4-mini": _O_WITHOUT_STOP,
        "gpt-5": _GPT_5,
        "gpt-5-pro": replace(_GPT_5, efforts=("high",), max_output_tokens=272_000),
        "gpt-5-chat": replace(_GPT_4O, efforts=None),
        "gpt-5.1": _GPT_5_1,
        "gpt-5.1-chat": replace(_UNKNOWN_EFFORTS, max_output_tokens=16_384),
        "gpt-5.1-codex": replace(_GPT_5, efforts=("low", "medium", "high")),
        "gpt-5.1-codex-max": replace(_GPT_5, efforts=("low", "medium", "high", "xhigh")),
        "gpt-5.2": _GPT_5_2,
        "gpt-5.2-pro": _UNKNOWN_EFFORTS,
        "gpt-5.2-chat": replace(_UNKNOWN_EFFORTS, max_output_tokens=16_384),
        "gpt-5.3-chat": replace(_UNKNOWN_EFFORTS, max_output_tokens=16_384),
        "gpt-5.4": _GPT_5_2,
        "gpt-5.4-pro": _UNKNOWN_EFFORTS,
        "gpt-5.5": _GPT_5_2,
        "gpt-5.5-pro": _UNKNOWN_EFFORTS,
        "gpt-5.6": _GPT_5_6,
        "gpt-6": _GPT_5_6,
        "gpt-6.1": _GPT_6_1,
        "gpt-6.2": _GPT_6_1,
    }
)
"""What is known. Of several entries the longest holds that a model's name begins with."""

_UNKNOWN: Final = ModelTraits()


def traits_of(model: str | None, table: Mapping[str, ModelTraits] | None = None) -> ModelTraits:
    """The traits of a model, however a platform spells its name; those of nothing known, if it stands in no entry."""
    if model is None:
        return _UNKNOWN
    return _known(model) if table is None else _found(model, table)


@lru_cache(maxsize=64)
def _known(model: str) -> ModelTraits:
    """The same, of our own table: a program asks a few models, and each of them again and again."""
    return _found(model, MODELS)


def _found(model: str, table: Mapping[str, ModelTraits]) -> ModelTraits:
    return _longest(model, table) or _longest(model_key(model), table) or _UNKNOWN


_LONG: Final = 100
"""No name is longer than this; what is costs no more than the longest entry."""

# After an entry's name: the end, or a date, a build or a variant. `-4` or `.1` would be another version.
_SAME_VERSION: Final = re.compile(r"$|[@:]|-(?![1-9]\d?(?![0-9a-z]))", re.IGNORECASE)


def _longest(name: str, table: Mapping[str, ModelTraits]) -> ModelTraits | None:
    longest = len(name) if len(name) < _LONG else max(map(len, table), default=0)
    for end in range(min(longest, len(name)), 0, -1):
        if name[:end] in table and _SAME_VERSION.match(name, end):
            return table[name[:end]]
    return None


# ---------------------------------------------------------------- how platforms spell a name

_OLD_ORDER: Final = re.compile(r"claude-([4-9])(-\d{1,2})?-(opus|sonnet|haiku|fable|mythos)(?=$|[-@:])")


def model_key(model: str) -> str:
    """The name as its maker spells it.

    us.anthropic.claude-sonnet-4-5-20250929-v1:0    Bedrock, with its region; an ARN ends like this too
    claude-sonnet-4-5@20250929                      Vertex
    anthropic/claude-sonnet-4.5, anthropic/claude-4.5-sonnet   OpenRouter and other gateways
    ft:gpt-4o-2024-08-06:my-org::id                 a fine-tuned model
    """
    name = model.strip().lower().rpartition("/")[2].removeprefix("ft:")
    name = name.rpartition("anthropic.")[2].removeprefix("openai.")
    if name.startswith("claude"):
        name = _OLD_ORDER.sub(r"claude-\3-\1\2", name.replace(".", "-"))
    return name


# ---------------------------------------------------------------- names

CLAUDE_3_SMALL: Final = "claude-3-haiku-20240307"
CLAUDE_3_MEDIUM: Final = "claude-3-sonnet-20240229"
CLAUDE_3_LARGE: Final = "claude-3-opus-20240229"
CLAUDE_3_5_SMALL: Final = "claude-3-5-haiku-20241022"
CLAUDE_3_5_MEDIUM: Final = "claude-3-5-sonnet-20241022"
CLAUDE_3_7_MEDIUM: Final = "claude-3-7-sonnet-20250219"
CLAUDE_3_HAIKU: Final = CLAUDE_3_SMALL
CLAUDE_3_SONNET: Final = CLAUDE_3_MEDIUM
CLAUDE_3_OPUS: Final = CLAUDE_3_LARGE
CLAUDE_3_5_HAIKU: Final = CLAUDE_3_5_SMALL
CLAUDE_3_5_SONNET: Final = CLAUDE_3_5_MEDIUM
CLAUDE_3_7_SONNET: Final = CLAUDE_3_7_MEDIUM
CLAUDE_SONNET_4: Final = "claude-sonnet-4-20250514"
CLAUDE_OPUS_4: Final = "claude-opus-4-20250514"
CLAUDE_OPUS_4_1: Final = "claude-opus-4-1-20250805"
CLAUDE_SONNET_4_5: Final = "claude-sonnet-4-5-20250929"
CLAUDE_HAIKU_4_5: Final = "claude-haiku-4-5-20251001"
CLAUDE_OPUS_4_5: Final = "claude-opus-4-5-20251101"
CLAUDE_SONNET_4_6: Final = "claude-sonnet-4-6"
CLAUDE_OPUS_4_6: Final = "claude-opus-4-6"
CLAUDE_OPUS_4_7: Final = "claude-opus-4-7"
CLAUDE_OPUS_4_8: Final = "claude-opus-4-8"
CLAUDE_SONNET_5: Final = "claude-sonnet-5"
CLAUDE_OPUS_5: Final = "claude-opus-5"
CLAUDE_FABLE_5: Final = "claude-fable-5"
CLAUDE_MYTHOS_5: Final = "claude-mythos-5"
CLAUDE_HAIKU_5_5: Final = "claude-haiku-5-5"
CLAUDE_SONNET_5_5: Final = "claude-sonnet-5-5"
CLAUDE_OPUS_5_5: Final = "claude-opus-5-5"
CLAUDE_FABLE_5_1: Final = "claude-fable-5-1"
CLAUDE_FABLE_5_2: Final = "claude-fable-5-2"
CLAUDE_MYTHOS_5_1: Final = "claude-mythos-5-1"
CLAUDE_MYTHOS_5_2: Final = "claude-mythos-5-2"

GPT_3_5_TURBO: Final = "gpt-3.5-turbo"
GPT_4: Final = "gpt-4"
GPT_4_TURBO: Final = "gpt-4-turbo"
GPT_4O: Final = "gpt-4o"
GPT_4O_MINI: Final = "gpt-4o-mini"
GPT_4_1: Final = "gpt-4.1"
GPT_4_1_MINI: Final = "gpt-4.1-mini"
GPT_4_1_NANO: Final = "gpt-4.1-nano"
O1: Final = "o1"
O1_MINI: Final = "o1-mini"
O3: Final = "o3"
O3_MINI: Final = "o3-mini"
O4_MINI: Final = "o4-mini"
GPT_5: Final = "gpt-5"
GPT_5_MINI: Final = "gpt-5-mini"
GPT_5_NANO: Final = "gpt-5-nano"
GPT_5_1: Final = "gpt-5.1"
GPT_5_2: Final = "gpt-5.2"
GPT_5_4: Final = "gpt-5.4"
GPT_5_4_MINI: Final = "gpt-5.4-mini"
GPT_5_4_NANO: Final = "gpt-5.4-nano"
GPT_5_5: Final = "gpt-5.5"
GPT_5_6_SOL: Final = "gpt-5.6-sol"
GPT_5_6_TERRA: Final = "gpt-5.6-terra"
GPT_5_6_LUNA: Final = "gpt-5.6-luna"
GPT_6_SOL: Final = "gpt-6-sol"
GPT_6_LUNA: Final = "gpt-6-luna"
GPT_6_ASTRA: Final = "gpt-6-astra"
GPT_6_1_SOL: Final = "gpt-6.1-sol"
GPT_6_1_TERRA: Final = "gpt-6.1-terra"
GPT_6_2_SOL: Final = "gpt-6.2-sol"
GPT_6_2_ASTRA: Final = "gpt-6.2-astra"
