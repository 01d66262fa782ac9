"""The small model keeps to what it was asked for, and goes on where it stopped."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm_effects.stub import Echo
from llm_pure.completion import Completion
from llm_pure.json import JsonObject
from llm_pure.messages import UserMessage, assistant, user
from llm_pure.outputs import Output
from llm_pure.parts import BrokenToolCall, Reasoning, Text, ToolResult
from llm_pure.tools import AnyTool, Tool, ToolChoice

QUESTION = "Tell me something about whales and the deep sea, please."
WEATHER: AnyTool = Tool(
    "weather",
    parameters=JsonObject(
        {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        }
    ),
)
ECHO = Echo()
QUESTIONS = st.text(max_size=80)


def asked(question: str = QUESTION) -> Completion:
    return Completion(
        [user(question)] if question.strip() else [UserMessage((Text(question),))], model="claude-haiku-4-5"
    )


def test_the_answer_is_always_the_same() -> None:
    first = ECHO(asked())
    assert first == Echo()(asked())
    assert first.text.startswith("You said: Tell me something about whales")
    assert first.stop_reason == "end"
    assert first.usage.output_tokens == len(first.text.split())


@pytest.mark.parametrize("words", [1, 7, 200, 3000])
def test_it_says_as_many_words_as_the_question_wants(words: int) -> None:
    response = ECHO(asked(f"Write {words} words about whales."))
    assert len(response.text.split()) == words


@given(QUESTIONS, st.integers(1, 60))
def test_max_tokens_cuts(question: str, limit: int) -> None:
    whole = ECHO(asked(question))
    cut = ECHO(asked(question).replace(max_tokens=limit))
    assert whole.text.startswith(cut.text)
    assert cut.stop_reason == ("max_tokens" if cut.text != whole.text else "end")
    assert cut.usage.output_tokens is not None
    assert cut.usage.output_tokens <= limit


@given(QUESTIONS, st.integers(1, 30))
def test_prefills_lead_to_the_whole_answer(question: str, limit: int) -> None:
    text = ""
    for _ in range(100):
        messages = [*asked(question).messages, *([assistant(text)] if text else [])]
        response = ECHO(Completion(messages, max_tokens=limit))
        text += response.text
        if response.stop_reason == "end":
            break
    assert text == ECHO(asked(question)).text


@given(QUESTIONS, st.integers(1, 30))
@example("Bkto", 1)
def test_nudges_lead_to_the_whole_answer(question: str, limit: int) -> None:
    completion = asked(question).replace(max_tokens=limit)
    text = ""
    for _ in range(100):
        response = ECHO(completion)
        text += response.text
        if response.stop_reason == "end":
            break
        completion = completion.add_messages(
            assistant(response.text), user("Go on exactly where you left off.")
        )
    assert text == ECHO(asked(question)).text


def test_after_a_nudge_it_may_repeat_itself() -> None:
    cut = ECHO(asked().replace(max_tokens=10))
    more = Echo(overlap=3)(asked().add_messages(assistant(cut.text), user("Continue.")))
    assert more.text.split()[:3] == cut.text.split()[-3:]
    assert (cut.text + more.text.split(" ", 4)[-1])[:40] == ECHO(asked()).text[:40]


def test_a_prefill_of_ones_own_is_answered_after() -> None:
    assert ECHO(asked().add_messages(assistant("Well,"))).text == ECHO(asked()).text


def test_a_question_about_going_on_is_a_question() -> None:
    assert ECHO(asked("Please continue the story.")).text.startswith("You said: Please continue the story.")


def test_a_stop_sequence_stops_before_it() -> None:
    response = ECHO(asked().replace(stop_sequences=["never there", "whales"]))
    assert (response.stop_reason, response.stop_sequence) == ("stop_sequence", "whales")
    assert response.text == "You said: Tell me something about "


def test_a_required_tool_is_called() -> None:
    response = ECHO(asked().replace(tools=[WEATHER], tool_choice=ToolChoice("required")))
    assert response.stop_reason == "tool_call"
    [call] = response.tool_calls
    assert (call.name, call.arguments) == ("weather", JsonObject({"city": "tell", "days": 1}))


def test_the_named_tool_is_called() -> None:
    other: AnyTool = Tool("other")
    response = ECHO(asked().replace(tools=[WEATHER, other], tool_choice=ToolChoice.named("other")))
    assert [call.name for call in response.tool_calls] == ["other"]


@pytest.mark.parametrize(("question", "calls"), [("What weather is it?", 1), ("What is it?", 0)])
def test_a_tool_that_is_named_in_the_question_is_called(question: str, calls: int) -> None:
    assert len(ECHO(asked(question).replace(tools=[WEATHER])).tool_calls) == calls


def test_a_tools_result_is_talked_about() -> None:
    completion = asked("What weather is it?").replace(tools=[WEATHER])
    call = ECHO(completion)
    result = UserMessage((ToolResult(call.tool_calls[0].id, (Text("Sunny in Rome"),)),))
    response = ECHO(completion.with_response(call).add_messages(result))
    assert response.text.startswith("You said: Sunny in Rome.")


def test_a_tool_call_is_cut_off_too() -> None:
    response = ECHO(asked().replace(tools=[WEATHER], tool_choice=ToolChoice("required"), max_tokens=3))
    assert response.stop_reason == "max_tokens"
    assert [part.text for part in response.message.content if isinstance(part, BrokenToolCall)] == [
        '{"city":"tel'
    ]


def test_a_schema_gets_a_document_that_fits() -> None:
    schema = JsonObject({"type": "object", "properties": {"title": {"type": "string"}}})
    assert ECHO(asked().replace(output=Output(schema))).text == '{"title":"tell"}'
    cut = ECHO(asked().replace(output=Output(schema), max_tokens=2))
    assert (cut.text, cut.stop_reason) == ('{"title"', "max_tokens")


def test_reasoning_is_signed_and_counts() -> None:
    response = ECHO(asked().replace(reasoning="high"))
    first = response.message.content[0]
    assert isinstance(first, Reasoning)
    assert first.signature
    assert response.usage.reasoning_tokens == len(first.text.split())
    assert response.text == ECHO(asked()).text


def test_thinking_can_use_up_everything() -> None:
    response = ECHO(asked().replace(reasoning="high", max_tokens=3))
    assert (response.text, response.stop_reason) == ("", "max_tokens")
