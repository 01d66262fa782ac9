"""How servers that imitate Chat Completions want a request spelt: plain data, for a caller to extend.

Law: a dialect decides what nobody has spelt yet, and nothing else; what a decoded request spelt one way is spelt that
way again.

    field               what it decides
    ------------------  ---------------------------------------------------------------------------------------------
    `max_tokens`        the name of the limit; None: what the model's entry in `llm_pure.models` says
    `instructions`      the role of instructions, `system` or `developer`
    `seed`              the name of the seed
    `reasoning`         how a reasoning setting is asked for: by the field `reasoning_effort`, by the object `reasoning`
                        (which knows budgets), or by `thinking` where it is off and `reasoning_effort` where it is not
    `reasoning_field`   where reasoning goes back that no server has spelt yet and nobody has signed; None: nowhere
    `result_media`      pictures and files may stand in a tool's result, instead of following in the user's words
    `tool_id_pattern`   the form that the ids of calls must have; None: what the model's entry says
    `stream_usage`      a stream has to be asked for its usage (`stream_options`); a server that tells it unasked, and
                        was never seen to take the option, is not asked

The constants say what recorded traffic shows (up to 2026-11-23), no more: a field is set where a server was seen to
take that spelling. Nothing of this is needed to read answers: those are read alike, whoever gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final, Literal

from llm_pure.brief import Brief
from llm_pure.completion import Completion
from llm_pure.json import PlainJson
from llm_pure.spelling import spell, unspell

__all__ = ["DIALECTS", "Dialect"]


@dataclass(frozen=True, slots=True, repr=False)
class Dialect(Brief):
    """The request differences of one server; the defaults are OpenAI's own. `name` is who answers."""

    name: str
    max_tokens: Literal["max_tokens", "max_completion_tokens"] | None = None
    instructions: Literal["system", "developer"] = "system"
    seed: Literal["seed", "random_seed"] = "seed"
    reasoning: Literal["reasoning_effort", "reasoning", "thinking"] = "reasoning_effort"
    reasoning_field: Literal["reasoning_content", "reasoning", "thinking"] | None = None
    result_media: bool = False
    stream_usage: bool = True
    tool_id_pattern: str | None = None

    def spelt(self, completion: Completion) -> Completion:
        """The completion with this dialect's spelling noted wherever it has none of its own.

        One that holds values of wrong types is left to the codec, which says where they stand.
        """
        return spell(self, completion)

    def read(self, completion: Completion) -> Completion:
        """What has just been decoded, without the spelling that is this dialect's own, and with any other noted."""
        return unspell(self, completion)

    def changes(self) -> dict[str, PlainJson]:
        """The name, and every field that differs from OpenAI's own."""
        usual = Dialect(self.name)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value for name, value in values.items() if name == "name" or value != getattr(usual, name)
        }


OPENAI: Final = Dialect("openai")
AZURE: Final = Dialect("azure", max_tokens="max_completion_tokens")
"""A deployment has any name, so no table knows its model; all of them were seen to take the new limit."""
BEDROCK: Final = Dialect("bedrock", reasoning_field="reasoning")
CEREBRAS: Final = Dialect("cerebras")
DEEPSEEK: Final = Dialect(
    "deepseek", max_tokens="max_tokens", reasoning="thinking", reasoning_field="reasoning_content"
)
"""It takes back what it thought between tool calls; pictures and sound in a message are a 400."""
GEMINI: Final = Dialect("gemini")
GROQ: Final = Dialect("groq", max_tokens="max_tokens")
HUGGINGFACE: Final = Dialect("huggingface", max_tokens="max_tokens")
LLAMACPP: Final = Dialect(
    "llamacpp", max_tokens="max_tokens", reasoning_field="reasoning_content", result_media=True
)
MISTRAL: Final = Dialect(
    "mistral",
    max_tokens="max_tokens",
    seed="random_seed",
    reasoning_field="thinking",
    stream_usage=False,
    tool_id_pattern="^[a-zA-Z0-9]{9}$",
)
"""Reasoning is a content part of type `thinking`; the last chunk of a stream has its usage unasked. What the form of a
call's id is, its error message says."""
OLLAMA: Final = Dialect("ollama", max_tokens="max_tokens", reasoning_field="reasoning", result_media=True)
OPENROUTER: Final = Dialect(
    "openrouter", reasoning="reasoning", reasoning_field="reasoning", result_media=True
)
"""It passes on to others, so the limit's name goes by the model. An effort or a budget, not both:
https://openrouter.ai/docs/use-cases/reasoning-tokens."""
PERPLEXITY: Final = Dialect("perplexity", max_tokens="max_tokens", stream_usage=False)
SNOWFLAKE: Final = Dialect("snowflake", reasoning="reasoning")
TOGETHER: Final = Dialect("together", stream_usage=False)
VERCEL: Final = Dialect("vercel", reasoning_field="reasoning")
VLLM: Final = Dialect("vllm", max_tokens="max_tokens")
XAI: Final = Dialect("xai", max_tokens="max_tokens", reasoning_field="reasoning_content")

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            OPENAI,
            AZURE,
            BEDROCK,
            CEREBRAS,
            DEEPSEEK,
            GEMINI,
            GROQ,
            HUGGINGFACE,
            LLAMACPP,
            MISTRAL,
            OLLAMA,
            OPENROUTER,
            PERPLEXITY,
            SNOWFLAKE,
            TOGETHER,
            VERCEL,
            VLLM,
            XAI,
        )
    }
)
"""By name."""
