"""How an answer that stopped early goes on.

Law: what is sent only ever grows at its end: the messages of a decision begin with those of the segment before it,
unchanged (a prefill makes the last assistant message longer; `Enlarge` asks the same again). Nothing is stitched
inside a tool call, a JSON document or a refusal. Rounds are at most `max_rounds`, and output tokens at most
`max_output_tokens`; what an answer cost is never forgotten, even where the answer is replaced.

    the segment stopped with                      decision
    --------------------------------------------  -----------------------------------------------------------------
    `pause`                                       Resume: its content goes back as it is, with no user turn
    anything but `max_tokens`                     Finish
    `max_tokens`, and holds a refusal             Finish
        among several alternatives                Finish: nobody can say which of them to continue
        in a tool call, or a tool was demanded    Enlarge: an unanswered call cannot go back, a cut one cannot be run
        in JSON (`output`, or demanded by options)  Enlarge: a new turn would begin a new document
        with no text                              Enlarge: reasoning has used up the limit
        and added no text to what was there       Finish
        in text, model accepts a prefill          Prefill, if there is plain text only and no reasoning
        in text otherwise                         Nudge: its content unchanged, and a user turn that asks for the rest
    a stop sequence stands across the seam        Finish, the text cut before it

Where the limit cannot grow, the rounds are used up or the budget does not allow more, the decision is Finish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from llm_pure.brief import Brief
from llm_pure.completion import Completion
from llm_pure.errors import LlmError
from llm_pure.join import cut_text, join, joined_content, seamed, turns_of
from llm_pure.json import JsonObject
from llm_pure.messages import AssistantMessage, UserMessage, user
from llm_pure.models import ModelTraits
from llm_pure.parts import BrokenToolCall, Refusal, Text, ToolCall
from llm_pure.response import NO_USAGE, Response, Usage
from llm_pure.retry import cost_of
from llm_pure.seam import SeamState, seam_start

__all__ = [
    "NUDGE",
    "ContinuationDecision",
    "ContinuationPolicy",
    "Enlarge",
    "Finish",
    "Nudge",
    "Prefill",
    "Resume",
    "Segment",
    "decide_continuation",
    "failed",
    "held_for_stop",
    "seam_of",
    "so_far",
]

NUDGE: Final = (
    "Your answer was cut off by the length limit. Continue it from exactly where it stopped, in the middle of a "
    "word if need be. Write only what is missing: do not repeat anything, do not apologise, comment or introduce "
    "it, and do not open a code block that is still open."
)


@dataclass(frozen=True, slots=True, repr=False)
class ContinuationPolicy(Brief):
    """How far an answer is continued.

    `max_rounds` bounds the further requests. `max_output_tokens` bounds what all requests together may put out; None:
    only the rounds do. `growth` is the factor by which a limit grows that has to (never above the model's own).
    `nudge` is the user turn that asks for the rest. `prefill=False` nudges even where the model accepts a prefill.
    """

    max_rounds: int = 4
    max_output_tokens: int | None = None
    growth: int = 4
    nudge: str = NUDGE
    prefill: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Segment(Brief):
    """One request of a continued answer, and what it continues. `Segment(completion)` is the first.

    `before` is the answer so far; `spent` is what answers cost that were replaced, `replaced` the last of these; `cut`
    is the white space that was taken off for a prefill (None: this is no prefill), `nudge` the turn that asks for the
    rest; `used` counts the output tokens of all requests so far (None: unknown).
    """

    completion: Completion
    round: int = 0
    before: Response | None = None
    spent: Usage = NO_USAGE
    cut: str | None = None
    nudge: UserMessage | None = None
    used: int | None = 0
    replaced: Response | None = None


FinishReason: TypeAlias = Literal[
    "done",
    "rounds",
    "budget",
    "limit",
    "nothing_added",
    "refusal",
    "alternatives",
    "stop_sequence",
]


@dataclass(frozen=True, slots=True, repr=False)
class Prefill(Brief):
    """Ask again with the answer so far as the last message, which the model continues."""

    segment: Segment


@dataclass(frozen=True, slots=True, repr=False)
class Nudge(Brief):
    """Send the answer back, and ask for the rest in a user turn."""

    segment: Segment


@dataclass(frozen=True, slots=True, repr=False)
class Resume(Brief):
    """Send the answer back, and nothing else: the provider has paused its own tools."""

    segment: Segment


@dataclass(frozen=True, slots=True, repr=False)
class Enlarge(Brief):
    """Ask the same again with a larger limit; the answer replaces this segment's."""

    segment: Segment


@dataclass(frozen=True, slots=True, repr=False)
class Finish(Brief):
    """This is the answer."""

    response: Response
    reason: FinishReason


ContinuationDecision: TypeAlias = Prefill | Nudge | Resume | Enlarge | Finish


# ---------------------------------------------------------------- the answer so far


def seam_of(segment: Segment) -> SeamState:
    """The seam at which the segment's text meets the text before it."""
    if segment.before is None or (segment.cut is None and segment.nudge is None):
        return SeamState()
    return seam_start(segment.before.text, cut=segment.cut)


def so_far(segment: Segment, response: Response) -> Response:
    """The answer with this segment's answer, or the part of it that was read, and all it has cost."""
    if segment.before is None and segment.nudge is None and segment.spent == NO_USAGE:
        return response  # the first segment is all there is
    seen = seamed(response, seam_of(segment))
    seen = replace(seen, usage=segment.spent + seen.usage)
    if segment.nudge is not None:
        seen = replace(seen, turns=(segment.nudge, *turns_of(seen)))
    return seen if segment.before is None else join(segment.before, seen)


def failed(segment: Segment, error: LlmError) -> LlmError:
    """The error of a segment as the error of the whole answer: with all that was read, and all it has cost.

    An answer that was to be replaced is what was read until something has come in its place.
    """
    before = segment.before
    seen = error.partial if error.partial is not None else segment.replaced
    read = so_far(segment, seen) if seen is not None else before
    spent = segment.spent if before is None else before.usage + segment.spent
    usage = spent + cost_of(error)
    if read is not None:
        read = replace(read, usage=usage)
    return replace(error, partial=read, usage=usage if usage != NO_USAGE else error.usage)


# ---------------------------------------------------------------- the decision


def decide_continuation(
    policy: ContinuationPolicy, segment: Segment, response: Response, traits: ModelTraits
) -> ContinuationDecision:
    """What follows an answer to `segment`, by the table above."""
    whole = so_far(segment, response)
    if (stopped := _stopped_across(segment, whole)) is not None:
        return Finish(stopped, "stop_sequence")
    if response.stop_reason not in {"max_tokens", "pause"}:
        return Finish(whole, "done")
    if segment.round >= policy.max_rounds:
        return Finish(whole, "rounds")
    following = Segment(segment.completion, segment.round + 1, whole, used=_used(segment, response))
    if response.stop_reason == "pause":
        if not response.message.content:
            return Finish(whole, "nothing_added")
        completion = segment.completion.add_messages(response.message)
        return _within(policy, whole, Resume(replace(following, completion=completion)))
    if any(isinstance(part, Refusal) for part in response.message.content):
        return Finish(whole, "refusal")
    if response.alternatives:
        return Finish(whole, "alternatives")
    if not _is_open_text(segment.completion, response):
        again = replace(
            segment,
            round=following.round,
            spent=segment.spent + response.usage,
            used=following.used,
            replaced=response,
        )
        return _enlarged(policy, again, whole, traits)
    if segment.before is not None and whole.text.rstrip() == segment.before.text.rstrip():
        return Finish(whole, "nothing_added")
    if policy.prefill and traits.prefill and _can_be_prefill(segment, whole):
        completion, cut = _prefilled(segment, whole.text)
        return _within(policy, whole, Prefill(replace(following, completion=completion, cut=cut)))
    nudge = user(policy.nudge)
    completion = segment.completion.add_messages(response.message, nudge)
    return _within(policy, whole, Nudge(replace(following, completion=completion, nudge=nudge)))


def _is_open_text(completion: Completion, response: Response) -> bool:
    """Whether the answer was cut in running text, so that it can go on in another turn."""
    content = response.message.content
    return (
        completion.output is None
        and not _is_json_demanded(completion)
        and (completion.tool_choice is None or completion.tool_choice.mode != "required")
        and not any(isinstance(part, ToolCall | BrokenToolCall) for part in content)
        and bool(content)
        and isinstance(content[-1], Text)
        and bool(response.text.strip())
    )


_JSON_OPTIONS: Final = (
    # options of             key                 within it
    (("anthropic",), "output_config", "format"),
    (("anthropic",), "output_format", None),
    (("openai", "openai_chat"), "response_format", None),
    (("openai", "openai_responses"), "text", "format"),
)


def _is_json_demanded(completion: Completion) -> bool:
    """Whether the options, which go out verbatim, demand JSON."""
    for names, key, within in _JSON_OPTIONS:
        found = completion.options_for(*names).get(key)
        if within is not None:
            found = found.get(within) if isinstance(found, JsonObject) else None
        if isinstance(found, JsonObject) and found.get("type") != "text":
            return True
    return False


# ---------------------------------------------------------------- prefill


def _can_be_prefill(segment: Segment, whole: Response) -> bool:
    setting = segment.completion.reasoning
    thinking = segment.completion.options_for("anthropic").get("thinking")
    return (
        (segment.before is None or segment.cut is not None)  # all of it stands in one turn
        and (setting is None or (setting.effort == "none" and setting.budget_tokens is None))
        and (not isinstance(thinking, JsonObject) or thinking.get("type") == "disabled")
        and all(isinstance(part, Text) and not part.extras for part in whole.message.content)
    )


def _prefilled(segment: Segment, text: str) -> tuple[Completion, str]:
    """The request with the text so far as its last message, and the white space at its end that had to be cut off."""
    sent = 0 if segment.before is None else len(segment.before.text) - len(segment.cut or "")
    own = text[sent:].rstrip()
    messages = segment.completion.messages
    last = messages[-1] if messages else None
    if isinstance(last, AssistantMessage):
        messages = (*messages[:-1], replace(last, content=joined_content(last.content, (Text(own),))))
    else:
        messages = (*messages, AssistantMessage((Text(own),)))
    return segment.completion.replace(messages=messages), text[sent + len(own) :]


# ---------------------------------------------------------------- limits


def _used(segment: Segment, response: Response) -> int | None:
    """The output tokens so far. An answer that was cut and does not say its own has used up its limit."""
    own = response.usage.output_tokens
    if own is None:
        own = segment.completion.max_tokens
    return None if own is None or segment.used is None else segment.used + own


def _left(policy: ContinuationPolicy, segment: Segment) -> int | None:
    """The output tokens that a request may still ask for; None: as many as it likes."""
    if policy.max_output_tokens is None:
        return None
    if segment.used is None:
        return 0  # nobody knows
    left = policy.max_output_tokens - segment.used
    setting = segment.completion.reasoning
    budget = setting.budget_tokens if setting is not None else None
    return left if left > (budget or 0) else 0  # the limit has to exceed the budget for thinking


def _within(
    policy: ContinuationPolicy, whole: Response, decision: Prefill | Nudge | Resume
) -> ContinuationDecision:
    """The decision, its limit lowered to what the budget allows."""
    segment = decision.segment
    left, limit = _left(policy, segment), segment.completion.max_tokens
    if left is None or (limit is not None and limit <= left):
        return decision
    if left <= 0:
        return Finish(whole, "budget")
    return replace(decision, segment=replace(segment, completion=segment.completion.replace(max_tokens=left)))


def _enlarged(
    policy: ContinuationPolicy, segment: Segment, whole: Response, traits: ModelTraits
) -> Enlarge | Finish:
    left, limit = _left(policy, segment), segment.completion.max_tokens
    bounds = [bound for bound in (left, traits.max_output_tokens) if bound is not None]
    if limit is None or not bounds:
        return Finish(whole, "limit")  # it has no limit of ours, or nobody knows how large one may be
    larger = min(limit * policy.growth, *bounds)
    if larger <= limit:
        return Finish(whole, "limit" if left is None or left > limit else "budget")
    return Enlarge(replace(segment, completion=segment.completion.replace(max_tokens=larger)))


# ---------------------------------------------------------------- stop sequences


def held_for_stop(text: str, stop_sequences: tuple[str, ...]) -> int:
    """How many characters at the end of `text` may begin a stop sequence that goes on in the next segment."""
    longest = max(map(len, stop_sequences), default=0)
    for size in range(min(longest - 1, len(text)), 0, -1):
        if any(len(stop) > size and stop.startswith(text[-size:]) for stop in stop_sequences):
            return size
    return 0


def _stopped_across(segment: Segment, whole: Response) -> Response | None:
    """The answer cut before a stop sequence that the provider could not see, since it stands across the seam."""
    if segment.before is None or (segment.cut is None and segment.nudge is None):
        return None
    text, seam = whole.text, len(segment.before.text)
    found: list[tuple[int, str]] = []
    for stop in segment.completion.stop_sequences:
        at = text.find(stop, max(0, seam - len(stop) + 1), seam + len(stop) - 1) if len(stop) > 1 else -1
        if at >= 0:
            found.append((at, stop))
    if not found:
        return None
    at, stop = min(found)
    return replace(cut_text(whole, at), stop_reason="stop_sequence", stop_sequence=stop)
