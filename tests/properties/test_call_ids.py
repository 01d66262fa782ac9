"""Ids of calls on each wire: in the form that is taken, told apart, and the same in calls and results."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_pure import (
    AssistantMessage,
    Completion,
    Loss,
    Message,
    Text,
    ToolCall,
    ToolResult,
    UserMessage,
    anthropic_messages,
    openai_chat,
    openai_responses,
    user,
)
from llm_pure.dialects import MISTRAL, Dialect
from llm_pure.wire import Encoded
from tests.many import many

IDS = st.sampled_from(["call_1", "a b", "é", "x" * 65, "y" * 65, "abcDEF123", "toolu_01", ""]) | st.text(
    st.characters(codec="utf-8"), max_size=70
)


def conversation(turns: list[list[str]]) -> list[Message]:
    """Turns of calls, each with all its results."""
    found: list[Message] = [user("go")]
    for ids in turns:
        found.append(AssistantMessage(tuple(ToolCall(one, "f") for one in ids)))
        found.append(UserMessage(tuple(ToolResult(one, (Text(str(at)),)) for at, one in enumerate(ids))))
    return found


def sent(wire: str, messages: list[Message]) -> tuple[list[list[str]], list[list[str]], tuple[Loss, ...]]:
    """The ids of calls and of results on the wire, turn by turn, and the losses."""
    encoded: Encoded
    if wire == "anthropic":
        encoded = anthropic_messages.encode_request(Completion(messages, model="claude-haiku-4-5")).unwrap()
        turns: Any = encoded.payload["messages"]
        calls = [[block["id"] for block in turn["content"]] for turn in turns[1::2]]
        return (
            calls,
            [[block["tool_use_id"] for block in turn["content"]] for turn in turns[2::2]],
            encoded.losses,
        )
    if wire == "responses":
        encoded = openai_responses.encode_request(Completion(messages, model="gpt-5.2")).unwrap()
        items: Any = encoded.payload["input"]
        kinds = ("function_call", "function_call_output")
        flat = [[item["call_id"] for item in items if item.get("type") == kind] for kind in kinds]
        sizes = [len(message.content) for message in messages[1::2]]
        return cut(flat[0], sizes), cut(flat[1], sizes), encoded.losses
    dialect: Dialect | None = MISTRAL if wire == "mistral" else None
    model = "mistral-small-latest" if wire == "mistral" else "gpt-4o"
    encoded = openai_chat.encode_request(Completion(messages, model=model), dialect=dialect).unwrap()
    said: Any = encoded.payload["messages"]
    called = [[call["id"] for call in message["tool_calls"]] for message in said if "tool_calls" in message]
    results = [message["tool_call_id"] for message in said if message["role"] == "tool"]
    return called, cut(results, [len(ids) for ids in called]), encoded.losses


def cut(flat: list[str], sizes: list[int]) -> list[list[str]]:
    rest = iter(flat)
    return [[next(rest) for _ in range(size)] for size in sizes]


FORMS = {
    "anthropic": r"[a-zA-Z0-9_-]+",
    "chat": r"(?s:.{1,64})",
    "mistral": r"[a-zA-Z0-9]{9}",
    "responses": r"(?s:.{1,64})",
}


@many
@given(
    st.lists(st.lists(IDS, min_size=1, max_size=3, unique=True), max_size=3), st.sampled_from(sorted(FORMS))
)
def test_every_id_fits_and_stays_one_in_calls_and_results(turns: list[list[str]], wire: str) -> None:
    calls, results, losses = sent(wire, conversation(turns))
    assert calls == results
    assert all(re.fullmatch(FORMS[wire], one) for ids in calls for one in ids)
    for own, ids in zip(turns, calls, strict=True):
        assert len(set(ids)) == len(own)
    if wire != "anthropic":  # whose escapes are read back
        changed = [n for n, (own, ids) in enumerate(zip(turns, calls, strict=True)) if own != ids]
        named = {int(re.split(r"[\[\]]", loss.path)[1]) for loss in losses}
        assert named == {1 + 2 * n for n in changed} | {2 + 2 * n for n in changed}
        first: dict[str, str] = {}
        for own, ids in zip(turns, calls, strict=True):
            for one, new in zip(own, ids, strict=True):
                assert first.setdefault(one, new) == new
        assert len(set(first.values())) == len(first)
    else:
        assert losses == ()


@many
@given(st.lists(st.lists(IDS, min_size=1, max_size=3, unique=True), min_size=1, max_size=3))
def test_what_follows_changes_no_id(turns: list[list[str]]) -> None:
    for wire in FORMS:
        whole, before = sent(wire, conversation(turns)), sent(wire, conversation(turns[:-1]))
        assert whole[0][:-1] == before[0]


@pytest.mark.parametrize("wire", sorted(FORMS))
def test_ids_that_are_repeated_empty_or_collide_over_turns_are_told_apart_and_matched(wire: str) -> None:
    calls, results, losses = sent(
        wire, conversation([["", ""], ["call_0", "call_0"], ["call_0", "abcdefghi"]])
    )
    assert calls == results
    assert [len(set(ids)) for ids in calls] == [2, 2, 2]
    assert all(re.fullmatch(FORMS[wire], one) for ids in calls for one in ids)
    assert (losses == ()) == (wire == "anthropic")


@pytest.mark.parametrize("wire", sorted(FORMS))
def test_an_id_that_stands_in_the_conversation_is_given_to_no_other_call(wire: str) -> None:
    odd = "no id! " * 10
    [[new]], _, _ = sent(wire, conversation([[odd]]))
    assert new != odd
    for turns in ([[odd], [new]], [[new], [odd]], [[odd, new]]):
        calls, results, _ = sent(wire, conversation(turns))
        assert calls == results
        assert len({one for ids in calls for one in ids}) == 2
