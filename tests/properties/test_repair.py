"""Laws of the decision that follows an answer which may not fit."""

from __future__ import annotations

from typing import assert_never

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from returns.result import Success

from llm_pure import (
    Accept,
    AskAgain,
    AssistantMessage,
    Attempt,
    BrokenToolCall,
    Completion,
    Fail,
    JsonObject,
    Output,
    Part,
    Reasoning,
    Refusal,
    RepairPolicy,
    Response,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
    assistant,
    decide_repair,
    parse_output,
    parse_tool_call,
    user,
)
from llm_pure.join import joined_content
from llm_pure.response import NO_USAGE
from tests.many import many


class City(BaseModel):
    name: str


TOOL = Tool.of(City)
TEXTS = st.sampled_from(['{"name": "Oslo"}', '{"name": 1}', "{", "", '{"people": 3}', "[]"])
PARTS: st.SearchStrategy[Part] = (
    st.builds(Text, TEXTS)
    | st.builds(lambda name: ToolCall("c", "City", JsonObject({"name": name})), st.sampled_from(["Oslo", 1]))
    | st.just(BrokenToolCall("c", "City", '{"na'))
    | st.just(ToolCall("d", "Nobody"))
    | st.just(Reasoning("hm", "sig"))
    | st.just(Refusal("No."))
)
STOPS: st.SearchStrategy[StopReason] = st.sampled_from(
    ["end", "end", "tool_call", "max_tokens", "pause", "refusal", "stop_sequence", "other"]
)
ANSWERS = st.builds(
    lambda parts, stop: Response(AssistantMessage(tuple(parts)), Usage(1, 1), stop),
    st.lists(PARTS, max_size=3),
    STOPS,
)
QUESTIONS = st.builds(
    lambda prefill, output: Completion(
        [user("Where?"), *([assistant("{")] if prefill else [])], tools=[TOOL], output=output
    ),
    st.booleans(),
    st.sampled_from([Output.of(City), Output(JsonObject({})), None]),
)
POLICIES = st.builds(RepairPolicy, st.integers(0, 3), st.booleans())


@many
@given(POLICIES, QUESTIONS, st.lists(ANSWERS, min_size=5, max_size=5))
def test_rounds_are_bounded_history_grows_and_nothing_paid_for_is_forgotten(
    policy: RepairPolicy, question: Completion, answers: list[Response]
) -> None:
    attempt, spent = Attempt(question), NO_USAGE
    for count, answer in enumerate(answers):
        assert attempt.round == count <= policy.max_rounds
        spent += answer.usage
        decision = decide_repair(policy, attempt, answer)
        match decision:
            case Accept(response):
                assert response.usage == spent
                assert response.message == answer.message
                history = question.with_response(response).messages
                if count and any(
                    isinstance(part, Reasoning) for turn in response.turns for part in turn.content
                ):
                    assert history[: len(attempt.completion.messages)] == attempt.completion.messages
                return
            case Fail(error):
                assert (attempt.round, error.usage) == (policy.max_rounds, spent)
                assert error.partial is not None
                assert error.partial.message == answer.message
                return
            case AskAgain(following):
                before, after = attempt.completion, following.completion
                kept = (
                    before.messages[:-1]
                    if isinstance(before.messages[-1], AssistantMessage)
                    else before.messages
                )
                assert after.messages[: len(kept)] == kept
                assert isinstance(after.messages[-1], UserMessage)
                assert after.replace(messages=(), usage=NO_USAGE, stop_reason=None) == question.replace(
                    messages=()
                )
                calls = [
                    part.id for part in answer.message.content if isinstance(part, ToolCall | BrokenToolCall)
                ]
                results = [
                    part.call_id for part in after.messages[-1].content if isinstance(part, ToolResult)
                ]
                assert results == calls
                attempt = following
            case _:
                assert_never(decision)
    raise AssertionError("more rounds than allowed")


@many
@given(QUESTIONS, ANSWERS, st.booleans())
def test_an_answer_is_asked_for_again_exactly_when_it_does_not_fit(
    question: Completion, answer: Response, tools: bool
) -> None:
    decision = decide_repair(RepairPolicy(1, tools), Attempt(question), answer)
    whole = answer
    if isinstance(last := question.messages[-1], AssistantMessage):
        content = joined_content(last.content, answer.message.content)
        whole = Response(AssistantMessage(content), answer.usage, answer.stop_reason)
    if answer.stop_reason in ("max_tokens", "pause", "refusal"):
        fits = True
    elif answer.calls:
        fits = not tools or all(isinstance(parse_tool_call(call, TOOL), Success) for call in answer.calls)
    elif question.output is None or any(isinstance(part, Refusal) for part in answer.message.content):
        fits = True
    else:
        fits = isinstance(parse_output(whole, question.output), Success)
    assert isinstance(decision, Accept) == fits
