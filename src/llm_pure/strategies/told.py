"""What comes back: usage, answers, the events of streams, errors.

Law: everything drawn is a value that a codec, a wrapper or a caller could have built; an answer may be a joined one,
with the turns it was made of, or one of several.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from llm_pure.errors import ERRORS, LlmError, Loss, Lossy, Timeout
from llm_pure.events import (
    Done,
    PartDone,
    ReasoningDelta,
    RefusalDelta,
    Restarted,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from llm_pure.parts import Part
from llm_pure.response import Response, StopReason, Usage
from llm_pure.strategies.parts import PROVIDERS, assistant_parts, call_ids, extras, names, parts, rare_parts
from llm_pure.strategies.raw import texts
from llm_pure.strategies.values import assistant_messages, messages

__all__ = ["errors", "events", "joined_responses", "responses", "usages"]

_NONE: st.SearchStrategy[None] = st.none()


@cache
def usages() -> st.SearchStrategy[Usage]:
    """What may be reported: anything, parts above the whole included."""
    count = _NONE | st.integers(0, 10_000)
    return st.builds(Usage, count, count, count, count, count)


STOP_REASONS: tuple[StopReason, ...] = (
    "end",
    "max_tokens",
    "tool_call",
    "stop_sequence",
    "refusal",
    "pause",
    "context_window",
    "other",
)


@cache
def responses(*, part: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[Response]:
    """Any answer, of any provider or none."""
    optional = _NONE | texts()
    return st.builds(
        Response,
        message=assistant_messages(assistant_parts() | rare_parts() if part is None else part),
        usage=usages(),
        stop_reason=st.sampled_from(STOP_REASONS),
        raw_stop_reason=optional,
        stop_sequence=optional,
        id=optional,
        model=optional,
        provider=_NONE | st.sampled_from(PROVIDERS),
        extras=extras(),
    )


@cache
def joined_responses() -> st.SearchStrategy[Response]:
    """Answers that were made of several turns, or that stand beside others."""
    return st.builds(
        lambda response, turns, others: Response(
            response.message,
            response.usage,
            response.stop_reason,
            turns=tuple(turns),
            alternatives=tuple(others),
            has_prefill=bool(turns),
            extras=response.extras,
        ),
        responses(),
        st.lists(messages(), max_size=2),
        st.lists(responses(), max_size=2),
    )


@cache
def events() -> st.SearchStrategy[StreamEvent]:
    """Single events, each kind of them, in no order."""
    index, optional = st.integers(0, 9), _NONE | texts()
    return st.one_of(
        st.builds(Started, optional, optional),
        st.builds(TextDelta, index, texts()),
        st.builds(ReasoningDelta, index, texts()),
        st.builds(RefusalDelta, index, texts()),
        st.builds(ToolCallStarted, index, call_ids(), names()),
        st.builds(ToolCallDelta, index, texts()),
        st.builds(PartDone, index, parts()),
        st.builds(Restarted, index),
        st.builds(Done, responses() | joined_responses()),
    )


@cache
def errors() -> st.SearchStrategy[LlmError]:
    """Every kind of error, with and without what was read before it."""
    any_kind: st.SearchStrategy[LlmError] = st.builds(
        lambda kind, message, status, after, usage, partial: kind(
            message=message, status=status, retry_after=after, usage=usage, partial=partial, code=message
        ),
        st.sampled_from(ERRORS),
        texts(),
        _NONE | st.integers(0, 600),
        _NONE | st.floats(0, 1e6),
        _NONE | usages(),
        _NONE | joined_responses(),
    )
    return any_kind | st.sampled_from(
        [Lossy(losses=(Loss("$.seed", "no such field"),)), Timeout(phase="connect", retryable=False)]
    )
