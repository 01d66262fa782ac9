"""Whatever a stack does, what a stream tells adds up to its answer, and a blocking run gives the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_effects import (
    Runner,
    compose,
    simulate,
    with_continuation,
    with_prefill_echo,
    with_retry,
    with_stop_sequence,
)
from llm_effects.interpreters.reading import Reading
from llm_effects.providers.leaf import Leaf
from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Completion,
    Done,
    JsonObject,
    Overloaded,
    PartDone,
    Reasoning,
    Response,
    Restarted,
    RetryPolicy,
    Started,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
    Usage,
    assistant,
    user,
)
from llm_pure.target import Target, WireFormat
from tests.effects.scripted import ScriptedDoor

WRAPPERS: Sequence[Callable[[Runner], Runner]] = (
    with_retry(RetryPolicy(max_attempts=4, base_delay=0)),
    with_continuation(),
    with_prefill_echo(),
    with_stop_sequence(),
)
words = st.sampled_from(
    ["Paris is", " big.", "Let me", " ", "check. ", "EN", "D more", "Paris is big and", "END", "é\n"]
)
parts = st.one_of(
    words.map(Text),
    words.map(lambda text: Reasoning(text, signature="s")),
    st.just(ToolCall("t1", "f", JsonObject({"a": 1}))),
    st.just(BrokenToolCall("t1", "f", '{"a')),
)
stops = st.sampled_from(
    ["end", "max_tokens", "max_tokens", "max_tokens", "tool_call", "stop_sequence", "pause"]
)


def answered(content: list[Text], stop: StopReason) -> Response:
    stopped = "END" if stop == "stop_sequence" else None
    return Response(AssistantMessage(tuple(content)), Usage(1, 2), stop, stop_sequence=stopped)


answers = st.builds(answered, st.lists(parts, max_size=3), stops) | st.just(
    Overloaded(message="busy", status=529, type="overloaded_error")
)


def told(events: Sequence[StreamEvent]) -> Response | None:
    """The answer that the events tell, without looking at the last one, which holds it."""
    reading = Reading()
    for event in events:
        if not isinstance(event, Done):
            reading.see(event)
    return reading.so_far().failure().partial


@given(
    st.lists(answers, min_size=6, max_size=6),
    st.sampled_from(["claude-haiku-4-5", "claude-opus-5", "gpt-4o"]),
    st.sets(st.sampled_from(range(len(WRAPPERS)))),
    st.booleans(),
)
def test_what_is_told_adds_up(script: list[Response], model: str, chosen: set[int], prefilled: bool) -> None:
    wire: WireFormat = "openai_chat" if model.startswith("gpt") else "anthropic_messages"
    leaf = Leaf(ScriptedDoor((), wire), Target("p", wire, None, model))
    runner = compose(leaf, *(WRAPPERS[index] for index in sorted(chosen)))
    asked = Completion(
        [user("hi"), *([assistant("Well,")] if prefilled else [])], max_tokens=200, stop_sequences=["END"]
    )
    watched = simulate(runner, asked, script, observed=True)
    assert simulate(runner, asked, script).outcome == watched.outcome
    if isinstance(watched.outcome, Failure):
        assert not any(isinstance(event, Done) for event in watched.events)
        return
    assert isinstance(watched.outcome, Success)
    response = watched.outcome.unwrap()
    assert watched.events[-1] == Done(response)
    partial = told(watched.events)
    assert partial is not None
    assert partial.message.content == response.message.content
    assert whole(watched.events) == set(range(len(response.message.content)))


def whole(events: Sequence[StreamEvent]) -> set[int]:
    """The places of the parts that are done, and not void again."""
    done: set[int] = set()
    for event in events:
        if isinstance(event, PartDone):
            assert event.index not in done, "a part is done once"
            done.add(event.index)
        elif isinstance(event, Restarted):
            done = {index for index in done if index < event.index}
        elif not isinstance(event, Started | Done):
            assert event.index not in done, "nothing follows the end of a part"
    return done
