"""Lists laid beside each other: as cheaply as can be if they are short, and in time that grows as they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llm_pure import (
    AssistantMessage,
    Audio,
    Base64,
    Completion,
    JsonObject,
    Message,
    Opaque,
    Text,
    UserMessage,
    assistant,
    differences,
    system,
    user,
)
from llm_pure.alignment import Budget, Costs, Place, aligned
from llm_pure.anthropic_messages import encode_request
from tests.growth import growth

words = st.lists(st.integers(0, 5))
many = st.lists(st.integers(0, 40), max_size=120)


def costs(first: Sequence[int], second: Sequence[int]) -> Costs:
    return Costs(lambda i, j: 3 * abs(first[i] - second[j]), [5 + one for one in first], 4, stay=5)


def way(first: Sequence[int], second: Sequence[int], budget: int) -> list[Place]:
    keys = [(first, second)]
    return aligned((len(first), len(second)), keys, costs(first, second), Budget(budget))


def cost(found: Sequence[Place], costs: Costs) -> int:
    total = 0
    for (i, j), after in pairwise(found):
        both = after == (i + 1, j + 1)
        total += costs.both(i, j) if both else costs.first[i] if after == (i + 1, j) else costs.second
    return total


@given(many, many, st.integers(0, 3000))
def test_each_step_takes_the_next_of_both_or_of_one(first: list[int], second: list[int], budget: int) -> None:
    found = way(first, second, budget)
    assert (found[0], found[-1]) == ((0, 0), (len(first), len(second)))
    assert all((k - i, m - j) in {(1, 1), (1, 0), (0, 1)} for (i, j), (k, m) in pairwise(found))


@given(words.map(lambda one: one[:16]), words.map(lambda one: one[:16]))
def test_of_short_lists_no_way_is_cheaper(first: list[int], second: list[int]) -> None:
    told = costs(first, second)

    @cache
    def least(i: int, j: int) -> int:
        ways = []
        if i < len(first) and j < len(second):
            ways.append(told.both(i, j) + least(i + 1, j + 1))
        if i < len(first):
            ways.append(told.first[i] + least(i + 1, j))
        if j < len(second):
            ways.append(told.second + least(i, j + 1))
        return min(ways, default=0)

    found, cheapest = cost(way(first, second, 10_000), told), least(0, 0)
    assert found == cheapest or (len(first) == len(second) and found < told.stay)


@given(st.lists(st.integers(), unique=True, min_size=20, max_size=200), st.data())
def test_what_is_left_out_of_a_long_list_is_all_that_differs(items: list[int], data: st.DataObject) -> None:
    left = data.draw(st.sets(st.sampled_from(range(len(items))), max_size=5))
    second = [item for at, item in enumerate(items) if at not in left]
    assert {i for (i, j), after in pairwise(way(items, second, 0)) if after == (i + 1, j)} == left


def conversation(rounds: int) -> Completion:
    said: list[Message] = []
    for number in range(rounds):
        said += [
            user(f"q{number}"),
            system(f"s{number}"),
            assistant(f"a{number}", Opaque("openai_chat", JsonObject({"type": "q"}))),
            AssistantMessage((Audio(Base64("AA", "audio/wav")),)),
        ]
    return Completion(said, model="claude-opus-4-5")


def test_a_long_conversation_that_loses_something_takes_time_as_it_is_long() -> None:
    def prepared(rounds: int) -> Callable[[], object]:
        return partial(encode_request, conversation(rounds))

    assert growth(prepared, 25, 200) < 3


def test_conversations_that_have_nothing_in_common_take_time_as_they_are_long() -> None:
    def all_of(word: str, count: int) -> Completion:
        return Completion(
            [UserMessage(tuple([Text(f"{word}{i}.{j}") for j in range(20)])) for i in range(count)]
        )

    def prepared(count: int) -> Callable[[], object]:
        return partial(differences, all_of("a", count), all_of("b", count + 1))

    assert growth(prepared, 10, 80) < 3


def test_what_is_left_out_of_many_that_are_the_same_is_all_that_differs() -> None:
    same = Completion([user("go on"), assistant("yes")] * 200)
    found = differences(same, same.replace(messages=[*same.messages[:200], *same.messages[202:]]))
    assert [(one.before, one.after) for one in found] == [(user("go on"), None), (assistant("yes"), None)]
