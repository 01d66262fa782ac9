"""How an answer that does not fit what was asked for is asked for again.

Law: what is sent only ever grows at its end: the messages of a round begin with those of the round before it, then the
answer as the model gave it, then one user turn that says what is wrong. Rounds are at most `max_rounds`; what the
answers cost that were not taken is never forgotten.

    the answer                                                   decision
    -----------------------------------------------------------  ---------------------------------------------------
    is refused, paused, or cut off by its limit                  Accept: other words would not help
    calls tools, and all calls fit, or nobody looks (`tools`)    Accept
    calls tools, and one does not fit its tool                   AskAgain: a result for each call, saying so
    fits the output, or none was asked for                       Accept
    does not fit                                                 AskAgain: a turn that lists the violations

Where the rounds are used up, the decision is Fail, with the error of the last answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from returns.result import Failure

from llm_pure.brief import Brief
from llm_pure.completion import Completion
from llm_pure.errors import BadOutput, BadToolInput, LlmError, Violation
from llm_pure.join import joined_content, turns_of
from llm_pure.messages import AssistantMessage, Message, UserMessage, user
from llm_pure.outputs import parse_output
from llm_pure.parts import BrokenToolCall, Text, ToolCall, ToolResult
from llm_pure.response import NO_USAGE, Response, Usage
from llm_pure.tools import parse_tool_call

__all__ = [
    "REPAIR",
    "REPAIR_CALL",
    "Accept",
    "AskAgain",
    "Attempt",
    "Fail",
    "RepairDecision",
    "RepairPolicy",
    "decide_repair",
    "unrepaired",
]

REPAIR: Final = (
    "Your answer does not have the form that was asked for. Answer again, with nothing but the whole JSON document, "
    "and put this right:"
)
REPAIR_CALL: Final = "The arguments do not fit the tool. Call it again, and put this right:"
_NOT_RUN: Final = "This call was not made, because another call beside it is wrong. Make all of them again."


@dataclass(frozen=True, slots=True, repr=False)
class RepairPolicy(Brief):
    """How often an answer that does not fit is asked for again.

    `max_rounds` bounds the further requests; 0 checks, and asks nothing. `tools`: calls have to fit their tools as
    well. `ask` opens the turn that lists what is wrong, `ask_call` the result of a call that does not fit; of the
    violations at most `max_violations` are told.
    """

    max_rounds: int = 2
    tools: bool = False
    ask: str = REPAIR
    ask_call: str = REPAIR_CALL
    max_violations: int = 20


@dataclass(frozen=True, slots=True, repr=False)
class Attempt(Brief):
    """One request, and what came before it. `Attempt(completion)` is the first.

    `turns` are the answers that were not taken, with what was said of them; `spent` is what they cost; `has_prefill`
    says that the first of them continues the completion's own last message.
    """

    completion: Completion
    round: int = 0
    turns: tuple[Message, ...] = ()
    spent: Usage = NO_USAGE
    has_prefill: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Accept(Brief):
    """This is the answer."""

    response: Response


@dataclass(frozen=True, slots=True, repr=False)
class AskAgain(Brief):
    """Ask once more, saying what is wrong."""

    attempt: Attempt
    error: BadOutput | BadToolInput


@dataclass(frozen=True, slots=True, repr=False)
class Fail(Brief):
    """The rounds are used up."""

    error: BadOutput | BadToolInput


RepairDecision: TypeAlias = Accept | AskAgain | Fail


def decide_repair(
    policy: RepairPolicy, attempt: Attempt, response: Response, *, output: object = None
) -> RepairDecision:
    """What follows an answer, by the table above. `output` is the type to fit, if the completion's own does not say."""
    error = _misfit(policy, attempt, response, output)
    whole = _whole(attempt, response)
    if error is None:
        return Accept(whole)
    if attempt.round >= policy.max_rounds:
        return Fail(replace(error, usage=whole.usage, partial=whole))
    before = attempt.completion.messages
    kept = len(before) - 1 if before and isinstance(before[-1], AssistantMessage) else len(before)
    completion = attempt.completion
    if response.message.content:
        completion = completion.with_response(response)
    completion = completion.add_messages(_reply(policy, completion, response, error))
    following = Attempt(
        completion,
        attempt.round + 1,
        (*attempt.turns, *completion.messages[kept:]),
        whole.usage,
        attempt.has_prefill or kept < len(before),
    )
    return AskAgain(following, error)


def unrepaired(attempt: Attempt, error: LlmError) -> LlmError:
    """The error of a round as the error of the whole run: with what all answers have cost."""
    if attempt.round == 0:
        return error
    usage = attempt.spent + (error.usage if error.usage is not None else NO_USAGE)
    return replace(error, usage=usage)


def _whole(attempt: Attempt, response: Response) -> Response:
    """The answer with what came before it: its history, and its cost."""
    if attempt.round == 0:
        return response
    return replace(
        response,
        usage=attempt.spent + response.usage,
        turns=(*attempt.turns, *turns_of(response)),
        has_prefill=attempt.has_prefill,
    )


# ---------------------------------------------------------------- what is wrong


def _misfit(
    policy: RepairPolicy, attempt: Attempt, response: Response, output: object
) -> BadOutput | BadToolInput | None:
    if response.stop_reason in {"max_tokens", "context_window", "pause", "refusal"}:
        return None
    calls = response.calls
    if calls:
        found = [_bad_call(attempt.completion, call) for call in calls] if policy.tools else []
        return next((error for error in found if error is not None), None)
    asked = attempt.completion.output if output is None else output
    if asked is None:
        return None
    outcome = parse_output(_with_prefill(attempt.completion, response), asked)
    error = outcome.failure() if isinstance(outcome, Failure) else None
    return error if isinstance(error, BadOutput) and error.reason not in {"refused", "cut"} else None


def _bad_call(completion: Completion, call: ToolCall | BrokenToolCall) -> BadToolInput | None:
    tool = next((tool for tool in completion.tools if tool.name == call.name), None)
    if tool is None:
        return BadToolInput(message=f"there is no tool {call.name!r}", path="$.name")
    outcome = parse_tool_call(call, tool)
    error = outcome.failure() if isinstance(outcome, Failure) else None
    return error if isinstance(error, BadToolInput) else None


def _with_prefill(completion: Completion, response: Response) -> Response:
    """The answer as a reader sees it: after the message that it continues."""
    last = completion.messages[-1] if completion.messages else None
    if response.has_prefill or not isinstance(last, AssistantMessage):
        return response
    content = joined_content(last.content, response.message.content)
    return replace(response, message=replace(response.message, content=content))


# ---------------------------------------------------------------- what is said of it


def _reply(
    policy: RepairPolicy, completion: Completion, response: Response, error: BadOutput | BadToolInput
) -> UserMessage:
    calls = response.calls
    if not calls:
        return user(f"{policy.ask}\n{_listed(policy, error)}")
    results: list[ToolResult] = []
    for call in calls:
        bad = _bad_call(completion, call)
        said = _NOT_RUN if bad is None else f"{policy.ask_call}\n{_listed(policy, bad)}"
        results.append(ToolResult(call.id, (Text(said),), is_error=True))
    return UserMessage(tuple(results))


def _listed(policy: RepairPolicy, error: BadOutput | BadToolInput) -> str:
    found = error.violations or (Violation(error.path or "$", error.message),)
    lines = [f"- {each.path}: {each.message}" for each in found[: policy.max_violations]]
    more = len(found) - len(lines)
    return "\n".join([*lines, f"- and {more} more"] if more > 0 else lines)
