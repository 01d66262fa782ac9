"""What the strategies draw: every kind of value often enough to be tested, and shrinking to what matters."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import llm_pure.strategies as our
from llm_pure import (
    Completion,
    LlmError,
    Part,
    PlainJson,
    Reasoning,
    Refusal,
    Source,
    StreamEvent,
    Text,
)

DRAWN = 500
"""So many examples; a kind that is well fed is found at several times the least share."""


def shares(
    strategy: st.SearchStrategy[object], kinds: Callable[[object], Iterator[str]], drawn: int = DRAWN
) -> dict[str, float]:
    """In which share of the examples each kind is found."""
    found: Counter[str] = Counter()

    @settings(max_examples=drawn, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(value: object) -> None:
        found.update(set(kinds(value)))

    draw()
    return {kind: count / drawn for kind, count in found.items()}


def classes(value: object) -> Iterator[str]:
    """The classes of a value and of what it is made of."""
    if isinstance(value, tuple):
        for item in value:
            yield from classes(item)
    elif is_dataclass(value):
        yield type(value).__name__
        for field in fields(value):
            yield from classes(getattr(value, field.name))


def words(value: object) -> Iterator[str]:
    """The types that blocks and items say that they have, and the fields that are there."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from words(item)
    elif isinstance(value, dict):
        if isinstance(kind := value.get("type"), str):
            yield kind
        for key, item in value.items():
            yield "." + key
            yield from words(item)


def starved(found: dict[str, float], kinds: set[str], least: float) -> dict[str, float]:
    return {kind: found.get(kind, 0) for kind in kinds if found.get(kind, 0) < least}


PARTS = {kind.__name__ for kind in get_args(Part)}
SOURCES = {kind.__name__ for kind in get_args(Source)}


@pytest.mark.slow
def test_every_kind_of_part_and_source_is_often_in_a_completion() -> None:
    assert starved(shares(our.completions(), classes, 4 * DRAWN), PARTS | SOURCES, 0.02) == {}


@pytest.mark.slow
def test_every_field_of_a_completion_is_often_set() -> None:
    usual = Completion([])

    def set_fields(value: object) -> Iterator[str]:
        return (
            field.name for field in fields(usual) if getattr(value, field.name) != getattr(usual, field.name)
        )

    asked = {field.name for field in fields(usual)} - {"usage", "stop_reason"}  # those are of what comes back
    assert starved(shares(our.completions(), set_fields, 4 * DRAWN), asked, 0.02) == {}


@pytest.mark.slow
def test_every_kind_of_part_that_a_model_says_is_often_in_an_answer() -> None:
    said = PARTS - {"Image", "Document", "ToolResult"}
    assert starved(shares(our.responses(), classes), said, 0.03) == {}


@pytest.mark.slow
def test_every_kind_of_event_and_error_is_drawn() -> None:
    events = {kind.__name__ for kind in get_args(StreamEvent)}
    assert starved(shares(our.events(), classes), events, 0.01) == {}
    errors = {kind.__name__ for kind in get_args(LlmError)}
    assert starved(shares(our.errors(), classes, 4 * DRAWN), errors, 0.004) == {}


# fmt: off
WIRE: dict[str, tuple[st.SearchStrategy[object], set[str]]] = {
    "anthropic_payloads": (our.anthropic_payloads(), {
        "text", "image", "document", "thinking", "redacted_thinking", "tool_use", "tool_result", "server_tool_use",
        "compaction", "base64", "url", "file", ".system", ".tools", ".tool_choice", ".thinking", ".output_config",
        ".cache_control", ".stop_sequences",
    }),
    "chat_payloads": (our.chat_payloads(), {
        "text", "image_url", "input_audio", "file", "function", "custom", ".reasoning", ".reasoning_content",
        ".reasoning_details", ".tool_calls", ".tool_choice", ".response_format", ".function_call", ".refusal", ".audio",
    }),
    "responses_payloads": (our.responses_payloads(), {
        "message", "input_text", "input_image", "input_file", "output_text", "refusal", "reasoning", "function_call",
        "function_call_output", "custom_tool_call", "web_search_call", ".tools", ".tool_choice", ".text", ".reasoning",
        ".previous_response_id",
    }),
    "anthropic_answers": (our.anthropic_answers(), {
        "text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", ".citations", ".stop_details",
    }),
    "chat_answers": (our.chat_answers(), {
        "function", "custom", ".reasoning", ".reasoning_content", ".reasoning_details", ".logprobs", ".audio",
        ".annotations", ".usage",
    }),
    "responses_answers": (our.responses_answers(), {
        "message", "output_text", "refusal", "reasoning", "function_call", "custom_tool_call", "web_search_call",
        ".incomplete_details", ".usage",
    }),
}
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WIRE))
def test_every_kind_of_block_is_often_on_the_wire(name: str) -> None:
    strategy, kinds = WIRE[name]
    # Hypothesis draws in clusters, and otherwise after each import: the rarest, at 2 %, needs this many to be seen.
    assert starved(shares(strategy, words, 3 * DRAWN), kinds, 0.008) == {}


@pytest.mark.slow
def test_what_is_found_is_shrunk_to_what_matters() -> None:
    quiet = settings(max_examples=2_000, derandomize=True, database=None)

    def holds(kind: type[Part]) -> Callable[[Completion], bool]:
        return lambda asked: any(isinstance(p, kind) for m in asked.messages for p in m.content)

    for kind, least in ((Text, Text("")), (Reasoning, Reasoning()), (Refusal, Refusal(""))):
        smallest = find(our.completions(), holds(kind), settings=quiet)
        assert smallest == Completion(smallest.messages)
        assert [message.content for message in smallest.messages] == [(least,)]


def test_a_stream_and_its_body_are_drawn_together() -> None:
    as_drawn = settings(phases=[Phase.generate])  # the smallest one would take seconds to find
    drawn: tuple[dict[str, PlainJson], bytes] = find(
        our.chat_streams(), lambda it: b"[DONE]" in it[1], settings=as_drawn
    )
    assert drawn[1].startswith(b"data: {")
