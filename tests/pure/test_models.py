"""The model table: what is known, how it is found, and that nothing is guessed."""

import re
from typing import get_args

import pytest
from anthropic.types.model_param import ModelParam
from openai.types.shared.chat_model import ChatModel

from llm_pure import models
from llm_pure.models import MODELS, ModelTraits, model_key, traits_of

UNKNOWN = ModelTraits()
OF_ANTHROPIC = get_args(get_args(ModelParam)[0])
OF_OPENAI = get_args(ChatModel)
NOT_KNOWN = ("gpt-audio", "codex-mini")  # no public figures, or no longer served
NAMES = {name: value for name, value in vars(models).items() if name.isupper() and isinstance(value, str)}


@pytest.mark.parametrize("model", [*OF_ANTHROPIC, *OF_OPENAI])
def test_every_model_that_the_sdks_name_is_known(model: str) -> None:
    assert (traits_of(model) != UNKNOWN) != model.startswith(NOT_KNOWN)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_constant_names_a_known_model(name: str) -> None:
    assert traits_of(NAMES[name]) != UNKNOWN


def test_the_names_of_the_original_are_there() -> None:
    assert (models.CLAUDE_3_5_MEDIUM, models.GPT_4O_MINI) == ("claude-3-5-sonnet-20241022", "gpt-4o-mini")


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-opus-4-0", "claude-opus-4"),
        ("claude-4-opus-20250514", "claude-opus-4"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("global.anthropic.claude-opus-5-5", "claude-opus-5-5"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("claude-opus-4-1@20250805", "claude-opus-4-1"),
        ("projects/p/locations/l/publishers/anthropic/models/claude-opus-4-1@20250805", "claude-opus-4-1"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("anthropic/claude-4.7-opus-20260416", "claude-opus-4-7"),
        ("anthropic/claude-3.5-sonnet:beta", "claude-3-5-sonnet"),
        ("openrouter/anthropic/claude-opus-4", "claude-opus-4"),
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("ft:gpt-4o-2024-08-06:org::id", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4-0613", "gpt-4"),
        ("gpt-4-turbo-2024-04-09", "gpt-4-turbo"),
        ("gpt-5.5-2026-04-23", "gpt-5.5"),
        ("gpt-5-mini", "gpt-5"),
        ("GPT-6.2-Sol", "gpt-6.2"),
    ],
)
def test_a_name_is_found_however_it_is_spelt(model: str, key: str) -> None:
    assert traits_of(model) is MODELS[key]


@pytest.mark.parametrize(
    "model",
    [
        None,
        "",
        "/",
        "llama-3-70b",
        "mistral/mistral-large-latest",
        "claude-opus-4-9",
        "claude-opus-6",
        "claude-sonnet-5-6-20270101",
        "claude-opus",
        "gpt-5.9",
        "gpt-7",
        "gpt-4oo",
        "o5",
    ],
)
def test_of_another_version_nothing_is_guessed(model: str | None) -> None:
    assert traits_of(model) == UNKNOWN


def test_what_is_unknown_is_sent_as_asked_and_relied_on_for_nothing() -> None:
    assert UNKNOWN.sampling
    assert UNKNOWN.stop_sequences
    assert UNKNOWN.system_in_conversation
    assert not UNKNOWN.prefill
    assert UNKNOWN.max_output_tokens is None
    assert UNKNOWN.filled_max_tokens == min(
        t.max_output_tokens for t in MODELS.values() if t.max_output_tokens
    )


def test_the_table_can_be_extended_and_overruled() -> None:
    mine = {**MODELS, "my/llama": ModelTraits(prefill=True), "gpt-4o": ModelTraits(max_output_tokens=1)}
    assert traits_of("my/llama-70b", mine).prefill
    assert traits_of("openai/gpt-4o", mine).max_output_tokens == 1
    assert traits_of("claude-opus-5", mine) is MODELS["claude-opus-5"]
    assert traits_of("claude-opus-5", {}) == UNKNOWN


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_table_agrees_with_itself(name: str) -> None:
    traits = MODELS[name]
    assert model_key(name) == name
    assert not (traits.prefill and traits.adaptive_thinking)  # both changed with Claude 4.6
    assert not (traits.sampling and traits.bound_reasoning)
    assert traits.signed_reasoning or not traits.bound_reasoning
    assert traits.efforts is None or len(set(traits.efforts)) == len(traits.efforts)
    assert traits.tool_id_pattern is None or re.fullmatch(traits.tool_id_pattern, "toolu_01-A") is not None
    assert (traits.max_tokens_name == "max_tokens") == name.startswith("claude")


# Measured, or said by the provider's own error: which Claude continues a prefill.
@pytest.mark.parametrize(
    ("model", "prefill"),
    [
        ("claude-haiku-4-5", True),
        ("claude-sonnet-4-5", True),
        ("claude-opus-4-6", False),
        ("claude-sonnet-4-6", False),
        ("claude-opus-5", False),
        ("claude-fable-5", False),
        ("gpt-4o", False),
    ],
)
def test_prefill(model: str, prefill: bool) -> None:
    assert traits_of(model).prefill is prefill
