"""Laws of `llm_pure.continuation`: history only grows, nothing is stitched where it must not be, every budget holds."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Completion,
    ContinuationPolicy,
    Enlarge,
    Finish,
    LlmError,
    Message,
    ModelTraits,
    Nudge,
    Prefill,
    Refusal,
    Response,
    Resume,
    Segment,
    StopReason,
    Text,
    ToolCall,
    Usage,
    decide_continuation,
    failed,
    so_far,
    user,
)
from llm_pure.continuation import ContinuationDecision
from llm_pure.errors import ERRORS
from llm_pure.response import text_of
from llm_pure.retry import cost_of
from llm_pure.strategies import completions, responses

policies = st.builds(
    ContinuationPolicy,
    max_rounds=st.integers(-1, 4),
    max_output_tokens=st.none() | st.integers(-5, 500),
    growth=st.integers(-1, 5),
    nudge=st.sampled_from(["go on", ""]),
    prefill=st.booleans(),
)
traits = st.builds(ModelTraits, prefill=st.booleans(), max_output_tokens=st.none() | st.integers(1, 400))
cut = st.builds(
    lambda response, reason, alternatives: replace(response, stop_reason=reason, alternatives=alternatives),
    responses(),
    st.sampled_from(["max_tokens", "max_tokens", "max_tokens", "pause", "end"]),
    st.sampled_from([(), (), ()]) | responses().map(lambda other: (other,)),
)
plain = st.builds(
    lambda text, tokens, reason: Response(
        AssistantMessage((Text(text),)), Usage(output_tokens=tokens), stop_reason=reason
    ),
    st.text("ab \n"),
    st.none() | st.integers(0, 100),
    st.sampled_from(["max_tokens", "max_tokens", "max_tokens", "end"]),
)
asked = st.builds(
    lambda completion, limit, stops: completion.replace(
        max_tokens=limit, output=None, tool_choice=None, stop_sequences=stops
    ),
    completions(),
    st.none() | st.integers(1, 100),
    st.lists(st.text("ab", min_size=1, max_size=3), max_size=2),
)


def run(
    policy: ContinuationPolicy, first: Completion, answers: list[Response], model: ModelTraits
) -> list[tuple[Segment, Response, ContinuationDecision]]:
    """What happens if the provider gives these answers in turn."""
    segment, found = Segment(first), []
    for answer in answers:
        decision = decide_continuation(policy, segment, answer, model)
        found.append((segment, answer, decision))
        if isinstance(decision, Finish):
            break
        segment = decision.segment
    return found


runs = st.builds(run, policies, asked | completions(), st.lists(cut | plain, min_size=1, max_size=6), traits)


@given(runs)
def test_history_only_grows(steps: list[tuple[Segment, Response, ContinuationDecision]]) -> None:
    for segment, answer, decision in steps:
        before = segment.completion
        if isinstance(decision, Finish):
            continue
        after = decision.segment
        match decision:
            case Nudge():
                nudge = user("go on") if text_of(after.completion.messages[-1].content) else user("")
                assert after.completion.messages == (*before.messages, answer.message, nudge)
            case Resume():
                assert after.completion.messages == (*before.messages, answer.message)
            case Enlarge():
                assert after.completion.messages == before.messages
            case Prefill():
                assert extends(before.messages, after.completion.messages)
        same = before.replace(messages=(), max_tokens=None)
        assert after.completion.replace(messages=(), max_tokens=None) == same


def extends(before: tuple[Message, ...], after: tuple[Message, ...]) -> bool:
    """Whether `after` only adds to `before`: a message, or text at the end of the last one."""
    if before and isinstance(before[-1], AssistantMessage):
        text, longer = text_of(before[-1].content), text_of(after[-1].content)
        return after[:-1] == before[:-1] and longer.startswith(text) and longer == longer.rstrip()
    return after[:-1] == before and isinstance(after[-1], AssistantMessage)


@given(policies, asked, st.lists(cut | plain, min_size=6, max_size=6), traits)
def test_rounds_and_output_are_bounded(
    policy: ContinuationPolicy, first: Completion, answers: list[Response], model: ModelTraits
) -> None:
    steps = run(policy, first, answers, model)
    assert isinstance(steps[-1][2], Finish)
    assert len(steps) <= max(0, policy.max_rounds) + 1
    used = 0
    for (segment, answer, _), (following, _, _) in pairwise(steps):
        limit = segment.completion.max_tokens
        own = answer.usage.output_tokens if answer.usage.output_tokens is not None else limit
        used += own or 0
        if policy.max_output_tokens is not None:
            assert following.completion.max_tokens is not None
            assert used + following.completion.max_tokens <= policy.max_output_tokens


@given(runs)
def test_whatever_was_paid_is_told(steps: list[tuple[Segment, Response, ContinuationDecision]]) -> None:
    total = Usage()
    for _, answer, _ in steps:
        total += answer.usage
    segment, answer, decision = steps[-1]
    assert so_far(segment, answer).usage == total
    if isinstance(decision, Finish):
        assert decision.response.usage == total


@given(runs, st.sampled_from(ERRORS), st.none() | responses(), st.none() | st.just(Usage(1, 2)))
def test_a_failed_segment_takes_nothing_with_it(
    steps: list[tuple[Segment, Response, ContinuationDecision]],
    kind: type[LlmError],
    partial: Response | None,
    usage: Usage | None,
) -> None:
    segment = steps[-1][0]
    error = failed(segment, kind(partial=partial, usage=usage))
    before, read = segment.before, partial if partial is not None else segment.replaced
    if before is not None:
        assert error.partial is not None
        assert error.partial.text.startswith(before.text)
    elif read is not None:
        assert error.partial is not None
        assert error.partial.message == read.message
    else:
        assert error.partial is None
    spent = segment.spent if before is None else before.usage + segment.spent
    assert (error.usage or Usage()) == spent + cost_of(kind(partial=partial, usage=usage))
    assert error.partial is None or error.partial.usage == (error.usage or Usage())


@given(runs)
def test_nothing_is_stitched_where_it_must_not_be(
    steps: list[tuple[Segment, Response, ContinuationDecision]],
) -> None:
    for segment, answer, decision in steps:
        if isinstance(decision, Prefill | Nudge):
            assert answer.stop_reason == "max_tokens"
            assert segment.completion.output is None
            assert not any(isinstance(p, ToolCall | BrokenToolCall | Refusal) for p in answer.message.content)
            assert so_far(segment, answer).text != (segment.before.text if segment.before is not None else "")
        if isinstance(decision, Resume):
            assert answer.stop_reason == "pause"
        if isinstance(decision, Enlarge):
            assert answer.stop_reason == "max_tokens"
            assert (decision.segment.completion.max_tokens or 0) > (segment.completion.max_tokens or 0)
            assert decision.segment.before == segment.before


# ---------------------------------------------------------------- against a provider that has something to say

LONG = ContinuationPolicy(max_rounds=1000)


@given(st.text("ab \n\t"), st.integers(1, 9), st.booleans())
def test_prefilled_segments_give_exactly_the_text(text: str, size: int, repeats_space: bool) -> None:
    # A model that goes on without the white space cannot be told from one that repeats a part of it.
    text = text.strip() if repeats_space else " ".join(text.split())
    assume(text)
    assert told(text, size, ModelTraits(prefill=True), repeats_space=repeats_space) == text


@given(st.integers(0, 1000), st.integers(20, 60), st.integers(0, 19))
def test_nudged_segments_give_exactly_the_text_even_with_repetitions(
    start: int, size: int, again: int
) -> None:
    text = "".join(chr(0x4E00 + (start + at) % 5000) for at in range(300))
    again = again if again >= 12 else 0
    assert told(text, size, ModelTraits(), again=again) == text


def told(text: str, size: int, model: ModelTraits, *, repeats_space: bool = True, again: int = 0) -> str:
    """What comes out if a provider says `text` in pieces of `size`.

    A prefill is continued, with the white space that was cut off or, as some models do, without it. After a nudge the
    last `again` characters come once more.
    """
    segment = Segment(Completion([user("tell me")], max_tokens=size))
    while True:
        done = 0
        if segment.cut is not None:
            done = len(text_of(segment.completion.messages[-1].content))
            if not repeats_space:
                done += len(segment.cut)
        elif segment.before is not None:
            done = len(segment.before.text) - again
        piece = text[done : done + size]
        if segment.cut is not None and not piece.strip():
            piece = text[done : done + size + len(text[done:]) - len(text[done:].lstrip())]
        reason: StopReason = "end" if done + len(piece) >= len(text) else "max_tokens"
        answer = Response(AssistantMessage((Text(piece),)), stop_reason=reason)
        decision = decide_continuation(LONG, segment, answer, model)
        if isinstance(decision, Finish):
            return decision.response.text
        segment = decision.segment
