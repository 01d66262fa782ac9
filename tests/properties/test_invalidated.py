"""Thinking that is bound to its conversation: what an edit invalidates, and what it does not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypothesis import assume, given
from hypothesis import strategies as st

import llm_pure.strategies as made
from llm_pure import (
    AssistantMessage,
    Completion,
    JsonObject,
    Message,
    ModelTraits,
    Part,
    Reasoning,
    Text,
    Tool,
    assistant,
    invalidated,
    normal,
    to_json,
    user,
)
from tests.growth import growth

BOUND, FREE = "claude-fable-5-1", "claude-opus-5"


def thought(number: int) -> AssistantMessage:
    return AssistantMessage((Reasoning("" if number % 2 else "t", f"s{number}"), Text("a")))


@st.composite
def conversations(draw: st.DrawFn) -> Completion:
    """Questions and signed answers, with anything else between them."""
    between = draw(st.lists(st.lists(made.messages(), max_size=2), min_size=1, max_size=4))
    said: list[Message] = []
    for number, others in enumerate(between):
        said += [user(f"q{number}"), *others, thought(number)]
    return Completion(said, model=BOUND, system="s", tools=[Tool("f")])


def _signed(part: Part) -> bool:
    return isinstance(part, Reasoning) and (part.signature is not None or part.encrypted is not None)


def signed(completion: Completion, after: int = 0) -> tuple[str, ...]:
    """All signed reasoning from a message on."""
    return tuple(
        f"$.messages[{index}].content[{place}]"
        for index, message in enumerate(completion.messages)
        if index >= after and isinstance(message, AssistantMessage)
        for place, part in enumerate(message.content)
        if _signed(part)
    )


def thoughts(completion: Completion, after: int = 0) -> list[Part]:
    """What stands at the places that `signed` gives."""
    return [
        part
        for message in completion.messages[after:]
        if isinstance(message, AssistantMessage)
        for part in message.content
        if _signed(part)
    ]


@given(conversations(), st.lists(made.messages(), max_size=3))
def test_appending_invalidates_nothing(conversation: Completion, more: list[Message]) -> None:
    longer = conversation.add_messages(*more)
    assume(not set(thoughts(longer, len(conversation.messages))) & set(thoughts(conversation)))
    assert invalidated(conversation, longer) == ()


def test_what_was_thought_before_and_is_appended_again_is_invalid() -> None:
    before = Completion([user("a"), thought(1)], model=BOUND)
    assert invalidated(before, before.add_messages(user("b"), thought(1))) == ("$.messages[3].content[0]",)


@given(conversations())
def test_other_instructions_or_tools_invalidate_all(conversation: Completion) -> None:
    for edited in (
        conversation.replace(system="other"),
        conversation.replace(tools=[Tool("g")]),
        conversation.replace(tools=[Tool("f", "does f")]),
    ):
        assert invalidated(conversation, edited) == signed(edited)
        assert invalidated(edited.replace(model=FREE), conversation.replace(model=FREE)) == ()


@given(conversations(), st.data())
def test_an_edited_question_invalidates_what_was_thought_after_it_and_only_that(
    conversation: Completion, data: st.DataObject
) -> None:
    questions = [place for place, it in enumerate(conversation.messages) if _asks(it)]
    place = data.draw(st.sampled_from(questions))
    messages = [*conversation.messages]
    messages[place] = user("another question")
    edited = conversation.replace(messages=messages)
    found = invalidated(conversation, edited)
    assert found == signed(edited, place)
    assert invalidated(conversation.replace(model=FREE), edited.replace(model=FREE)) == ()


def _asks(message: Message) -> bool:
    first = message.content[0] if message.content else None
    return isinstance(first, Text) and first.text in {f"q{number}" for number in range(4)}


def test_thinking_that_is_left_out_invalidates_what_was_thought_after_it() -> None:
    before = Completion([user("a"), thought(1), user("b"), thought(2)], model=BOUND)
    after = before.replace(messages=[user("a"), assistant("a"), user("b"), thought(2)])
    assert invalidated(before, after) == ("$.messages[3].content[0]",)


def test_the_callers_table_says_which_models_bind_what_they_thought() -> None:
    before = Completion([user("a"), thought(1)], model="my-own")
    edited = before.replace(system="other")
    table = {"my-own": ModelTraits(signed_reasoning=True, bound_reasoning=True)}
    assert invalidated(before, edited) == ()
    assert invalidated(before, edited, table) == ("$.messages[1].content[0]",)


def test_a_cache_breakpoint_may_move_and_an_empty_text_may_go() -> None:
    marked = Text("q", JsonObject({"anthropic": {"cache_control": {"type": "ephemeral"}}}))
    before = Completion([replace(user("-"), content=(marked, Text(""))), thought(1)], model=BOUND)
    after = before.replace(messages=[user("q"), *before.messages[1:], user("next")])
    assert invalidated(before, after) == ()


@given(conversations(), conversations(), st.data())
def test_a_block_is_invalid_if_the_normal_form_of_what_stands_before_it_is_another(
    one: Completion, other: Completion, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(one.messages)))
    edited = one.replace(messages=[*one.messages[:cut], *other.messages])
    assume("cache_control" not in to_json(one) + to_json(edited))  # which does not count, and would here

    def begins(completion: Completion) -> dict[str, tuple[Reasoning, Completion]]:
        found = {}
        for path in signed(completion):
            message, part = (int(number[:-1].partition("]")[0]) for number in path.split("[")[1:])
            begun = completion.messages[message]
            told = (*completion.messages[:message], AssistantMessage(begun.content[:part], begun.extras))
            block = begun.content[part]
            assert isinstance(block, Reasoning)
            found[path] = block, normal(completion.replace(messages=told))
        return found

    made = list(begins(one).values())
    lost = [
        path
        for path, (block, begun) in begins(edited).items()
        if any(block == it for it, _ in made) and (block, begun) not in made
    ]
    assert invalidated(one, edited)[:1] == tuple(lost[:1])
    assert set(lost) <= set(invalidated(one, edited))


def test_a_long_history_is_compared_in_time_as_it_is_long() -> None:
    def prepared(rounds: int) -> Callable[[], object]:
        said = [one for number in range(rounds) for one in (user(f"q{number}"), thought(number))]
        asked = Completion(said, model=BOUND)
        return partial(invalidated, asked, asked.replace(messages=[*said[:-2], user("other"), said[-1]]))

    assert growth(prepared, 50, 400) < 3
