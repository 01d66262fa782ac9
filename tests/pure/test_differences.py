"""What two completions say differently: found at its place, whatever stands around it."""

from typing import Any

import pytest

from llm_pure import (
    AnyTool,
    AssistantMessage,
    Completion,
    Difference,
    Image,
    JsonObject,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    UserMessage,
    assistant,
    differences,
    user,
)

ASKED = Completion([user("a"), assistant("b"), user("c"), assistant("d")], max_tokens=9, system="s")


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (ASKED, []),
        (ASKED.replace(max_tokens=None), [Difference("$.max_tokens", 9, None)]),
        (ASKED.replace(system=()), [Difference("$.system[0]", Text("s"), None)]),
        (ASKED.replace(messages=ASKED.messages[1:]), [Difference("$.messages[0]", user("a"), None)]),
        (ASKED.replace(messages=ASKED.messages[:3]), [Difference("$.messages[3]", assistant("d"), None)]),
        (
            ASKED.replace(messages=(*ASKED.messages[:2], user("new"), *ASKED.messages[2:])),
            [Difference("$.messages[2]", None, user("new"))],
        ),
        (
            ASKED.replace(messages=(user("a", Image(Url("u"))), *ASKED.messages[1:])),
            [Difference("$.messages[0].content[1]", None, Image(Url("u")))],
        ),
        (
            ASKED.replace(
                messages=(UserMessage((Text("a", JsonObject({"x": {"y": [1]}})),)), *ASKED.messages[1:])
            ),
            [Difference("$.messages[0].content[0].extras.x", None, JsonObject({"y": [1]}))],
        ),
        (ASKED.replace(tool_choice=ToolChoice()), []),  # it says nothing
        (ASKED.replace(tool_choice=ToolChoice("none")), [Difference("$.tool_choice.mode", "auto", "none")]),
        (ASKED.replace(reasoning="low"), [Difference("$.reasoning.effort", None, "low")]),
    ],
)
def test_what_differs_is_named_once_and_at_its_place(after: Completion, found: Any) -> None:
    assert list(differences(ASKED, after)) == found


def test_true_is_not_one() -> None:
    one, true = (Completion([], provider_options={"anthropic": {"x": value}}) for value in (1, True))
    assert [it.path for it in differences(one, true)] == ["$.provider_options.anthropic.x"]


def test_a_tools_source_is_no_part_of_it() -> None:
    def f(a: int) -> int:
        return a

    made = Tool.of(f)
    by_hand: AnyTool = Tool(made.name, made.description, made.parameters)
    assert differences(Completion([], tools=[made]), Completion([], tools=[by_hand])) == ()


def test_of_two_ways_to_read_a_change_the_expected_one_is_taken() -> None:
    call, words = ToolCall("1", "f"), Text("t")
    before = Completion([AssistantMessage((call, words))])
    after = Completion([AssistantMessage((words, call))])
    for path in ("$.messages[0].content[0]", "$.messages[0].content[1]"):
        found = differences(before, after, expected=[path])
        assert [it.path for it in found if it.before is not None] == [path]


def test_two_hundred_messages_that_all_changed_a_little_are_compared_as_they_stand() -> None:
    def said(number: int, note: str) -> UserMessage:
        return UserMessage((ToolResult(f"id{number}", (Text(f"{number}"),), extras=JsonObject({note: 1})),))

    before, after = (Completion([said(number, note) for number in range(200)]) for note in ("a", "b"))
    expected = [f"$.messages[{number}].content[0].extras.a" for number in range(200)]
    found = differences(before, after, expected=[*expected, *(path[:-1] + "b" for path in expected)])
    assert len(found) == 400


def test_null_is_another_thing_than_nothing() -> None:
    noted, plain = JsonObject({"x": None, "y": 1}), JsonObject({"y": 1})
    before = Completion([UserMessage((), noted)])
    [found] = differences(before, Completion([UserMessage((), plain)]))
    assert found == Difference("$.messages[0].extras", noted, plain)
