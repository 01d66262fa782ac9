"""The table of `llm_pure.continuation`, row by row."""

import pytest

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Completion,
    ContinuationPolicy,
    Enlarge,
    Finish,
    JsonObject,
    ModelTraits,
    Nudge,
    Opaque,
    Output,
    Part,
    Prefill,
    Reasoning,
    Refusal,
    Response,
    Resume,
    Segment,
    StopReason,
    Text,
    ToolCall,
    ToolChoice,
    Usage,
    assistant,
    decide_continuation,
    held_for_stop,
    user,
)
from llm_pure.continuation import NUDGE, FinishReason

POLICY = ContinuationPolicy()
ASKED = Completion([user("tell me")], max_tokens=100)
PREFILLS = ModelTraits(prefill=True, max_output_tokens=1000)
NUDGES = ModelTraits(max_output_tokens=1000)


def cut(*content: str | Part, reason: StopReason = "max_tokens", output: int | None = 100) -> Response:
    parts = tuple(Text(part) if isinstance(part, str) else part for part in content)
    return Response(AssistantMessage(parts), Usage(10, output), reason, model="m")


def enlarged(limit: int, answer: Response, completion: Completion = ASKED) -> Enlarge:
    completion = completion.replace(max_tokens=limit)
    used = answer.usage.output_tokens
    return Enlarge(Segment(completion, 1, spent=answer.usage, used=used, replaced=answer))


@pytest.mark.parametrize(
    "reason", ["end", "tool_call", "stop_sequence", "refusal", "context_window", "other"]
)
@pytest.mark.parametrize("traits", [PREFILLS, NUDGES])
def test_what_was_not_cut_is_the_answer(reason: StopReason, traits: ModelTraits) -> None:
    answer = cut("all of it", reason=reason)
    assert decide_continuation(POLICY, Segment(ASKED), answer, traits) == Finish(answer, "done")


def test_text_is_continued_by_a_prefill_without_its_last_white_space() -> None:
    answer = cut("Once upon \n")
    completion = ASKED.replace(messages=(*ASKED.messages, AssistantMessage((Text("Once upon"),))))
    assert decide_continuation(POLICY, Segment(ASKED), answer, PREFILLS) == Prefill(
        Segment(completion, 1, answer, cut=" \n", used=100)
    )


def test_a_prefill_of_the_callers_own_goes_on() -> None:
    asked = ASKED.add_messages(assistant("I say:"))
    first = decide_continuation(POLICY, Segment(asked), cut(" one "), PREFILLS)
    assert isinstance(first, Prefill)
    assert first.segment.completion.messages == (*ASKED.messages, assistant("I say: one"))
    second = decide_continuation(POLICY, first.segment, cut(" two"), PREFILLS)
    assert isinstance(second, Prefill)
    assert second.segment.completion.messages == (*ASKED.messages, assistant("I say: one two"))
    assert second.segment.before is not None
    assert second.segment.before.text == " one two"


@pytest.mark.parametrize(
    ("completion", "answer", "policy", "traits"),
    [
        (ASKED, cut("Once"), POLICY, NUDGES),
        (ASKED, cut("Once"), ContinuationPolicy(prefill=False), PREFILLS),
        (ASKED.replace(reasoning="low"), cut("Once"), POLICY, PREFILLS),
        (ASKED.replace(reasoning=2048), cut("Once"), POLICY, PREFILLS),
        (
            ASKED.replace(provider_options={"anthropic": {"thinking": {"type": "enabled"}}}),
            cut("Once"),
            POLICY,
            PREFILLS,
        ),
        (ASKED, cut(Reasoning("hm", "sig"), "Once"), POLICY, PREFILLS),
        (ASKED, cut(Text("Once", JsonObject({"anthropic": {"citations": []}}))), POLICY, PREFILLS),
        (ASKED, cut(Opaque("anthropic", JsonObject({"type": "x"})), "Once"), POLICY, PREFILLS),
    ],
)
def test_text_is_continued_by_a_nudge_where_a_prefill_cannot_be(
    completion: Completion, answer: Response, policy: ContinuationPolicy, traits: ModelTraits
) -> None:
    sent = completion.add_messages(answer.message, user(NUDGE))
    assert decide_continuation(policy, Segment(completion), answer, traits) == Nudge(
        Segment(sent, 1, answer, nudge=user(NUDGE), used=100)
    )


def test_reasoning_that_is_off_allows_a_prefill() -> None:
    asked = ASKED.replace(
        reasoning="none", provider_options={"anthropic": {"thinking": {"type": "disabled"}}}
    )
    assert isinstance(decide_continuation(POLICY, Segment(asked), cut("Once"), PREFILLS), Prefill)


@pytest.mark.parametrize(
    "answer",
    [
        cut(BrokenToolCall("1", "f", '{"a": "b')),
        cut("I call", BrokenToolCall("1", "f", '{"a": "b')),
        cut(ToolCall("1", "f"), "and so"),
        cut("I search", Opaque("anthropic", JsonObject({"type": "server_tool_use"}))),
        cut(Reasoning("hm")),
        cut(Reasoning("hm"), ""),
        cut(),
        cut(" \n"),
    ],
)
@pytest.mark.parametrize("traits", [PREFILLS, NUDGES])
def test_what_cannot_be_stitched_is_asked_for_again_with_a_larger_limit(
    answer: Response, traits: ModelTraits
) -> None:
    assert decide_continuation(POLICY, Segment(ASKED), answer, traits) == enlarged(400, answer)


@pytest.mark.parametrize(
    "completion",
    [
        ASKED.replace(output=Output(JsonObject({"type": "object"}))),
        ASKED.replace(tool_choice=ToolChoice("required")),
        ASKED.replace(tool_choice=ToolChoice.named("f")),
        ASKED.replace(provider_options={"openai": {"response_format": {"type": "json_object"}}}),
        ASKED.replace(provider_options={"openai_responses": {"text": {"format": {"type": "json_schema"}}}}),
        ASKED.replace(provider_options={"anthropic": {"output_config": {"format": {"type": "json_schema"}}}}),
    ],
)
def test_a_document_is_never_stitched(completion: Completion) -> None:
    answer = cut('{"a": "b')
    assert decide_continuation(POLICY, Segment(completion), answer, PREFILLS) == enlarged(
        400, answer, completion
    )


def test_a_limit_grows_up_to_the_models_own() -> None:
    asked, answer = ASKED.replace(max_tokens=900), cut(Reasoning("hm"))
    decision = decide_continuation(POLICY, Segment(asked), answer, NUDGES)
    assert decision == enlarged(1000, answer, asked)
    assert isinstance(decision, Enlarge)
    again = decide_continuation(POLICY, decision.segment, answer, NUDGES)
    whole = Response(answer.message, Usage(20, 200), "max_tokens", model="m")
    assert again == Finish(whole, "limit")


def test_a_limit_grows_by_the_factor_of_the_policy() -> None:
    answer = cut(Reasoning("hm"))
    assert decide_continuation(ContinuationPolicy(growth=2), Segment(ASKED), answer, NUDGES) == enlarged(
        200, answer
    )


@pytest.mark.parametrize(
    ("completion", "traits"),
    [
        (ASKED.replace(max_tokens=None), NUDGES),  # no limit of ours that could grow
        (ASKED.replace(max_tokens=1000), NUDGES),  # as large as the model allows
        (ASKED, ModelTraits()),  # nobody knows how large it may be
    ],
)
def test_a_limit_that_cannot_grow_ends_it(completion: Completion, traits: ModelTraits) -> None:
    answer = cut(Reasoning("hm"))
    assert decide_continuation(POLICY, Segment(completion), answer, traits) == Finish(answer, "limit")


def test_a_pause_is_resumed_with_the_content_as_it_is_and_no_user_turn() -> None:
    answer = cut("Looking", Opaque("anthropic", JsonObject({"type": "server_tool_use"})), reason="pause")
    completion = ASKED.add_messages(answer.message)
    assert decide_continuation(POLICY, Segment(ASKED), answer, PREFILLS) == Resume(
        Segment(completion, 1, answer, used=100)
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (cut("I cannot", Refusal("no")), "refusal"),
        (cut(reason="pause"), "nothing_added"),
        (
            Response(assistant("a"), stop_reason="max_tokens", alternatives=(Response(assistant("b")),)),
            "alternatives",
        ),
    ],
)
def test_what_nothing_can_follow(answer: Response, reason: FinishReason) -> None:
    assert decide_continuation(POLICY, Segment(ASKED), answer, PREFILLS) == Finish(answer, reason)


def test_with_no_rounds_a_cut_answer_is_the_answer() -> None:
    for answer in (cut("Once"), cut(Reasoning("hm")), cut("x", reason="pause")):
        policy = ContinuationPolicy(max_rounds=0)
        assert decide_continuation(policy, Segment(ASKED), answer, PREFILLS) == Finish(answer, "rounds")


def test_a_round_that_adds_nothing_ends_it() -> None:
    first = decide_continuation(POLICY, Segment(ASKED), cut("The quick brown fox jumps"), NUDGES)
    assert isinstance(first, Nudge)
    second = decide_continuation(POLICY, first.segment, cut("brown fox jumps"), NUDGES)
    assert isinstance(second, Finish)
    assert (second.reason, second.response.text) == ("nothing_added", "The quick brown fox jumps")
    assert second.response.stop_reason == "max_tokens"


# ---------------------------------------------------------------- the budget of output tokens


@pytest.mark.parametrize(
    ("budget", "output", "limit"),
    [(1000, 100, 100), (150, 100, 50), (150, None, 50), (100, 100, None), (50, 100, None)],
)
def test_the_next_limit_is_what_the_budget_leaves(budget: int, output: int | None, limit: int | None) -> None:
    policy, answer = ContinuationPolicy(max_output_tokens=budget), cut("Once", output=output)
    decision = decide_continuation(policy, Segment(ASKED), answer, NUDGES)
    if limit is None:
        assert decision == Finish(answer, "budget")
    else:
        assert isinstance(decision, Nudge)
        assert decision.segment.completion.max_tokens == limit


def test_a_budget_that_leaves_no_room_for_the_thinking_ends_it() -> None:
    asked = ASKED.replace(max_tokens=2000, reasoning=1024)
    policy = ContinuationPolicy(max_output_tokens=2500)
    answer = cut("Once", output=2000)
    assert decide_continuation(policy, Segment(asked), answer, NUDGES) == Finish(answer, "budget")


# ---------------------------------------------------------------- stop sequences across a seam


@pytest.mark.parametrize("traits", [PREFILLS, NUDGES])
def test_a_stop_sequence_across_the_seam_stops_the_answer(traits: ModelTraits) -> None:
    asked = ASKED.replace(stop_sequences=("END", "\n\nHuman:"))
    first = decide_continuation(POLICY, Segment(asked), cut("one two EN"), traits)
    assert isinstance(first, Prefill | Nudge)
    second = decide_continuation(POLICY, first.segment, cut("D three", Reasoning("x"), reason="end"), traits)
    assert isinstance(second, Finish)
    found = second.response
    assert (second.reason, found.text, found.stop_reason, found.stop_sequence) == (
        "stop_sequence",
        "one two ",
        "stop_sequence",
        "END",
    )
    assert found.message == assistant_text("one two ")
    assert found.usage == Usage(20, 200)


def assistant_text(text: str) -> AssistantMessage:
    return AssistantMessage((Text(text),))


@pytest.mark.parametrize(
    ("text", "held"), [("one E", 1), ("one EN", 2), ("one END", 0), ("", 0), ("x\n\nHu", 4)]
)
def test_how_much_of_a_text_may_be_the_beginning_of_a_stop_sequence(text: str, held: int) -> None:
    assert held_for_stop(text, ("END", "\n\nHuman:")) == held
