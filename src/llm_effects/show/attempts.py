"""Exchanges as the attempts of a story: what was asked anew, what came back, how it went.

Law: an attempt repeats nothing that the one before has shown; what no codec reads is shown as it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from returns.result import Failure, Success

from llm_effects.show.words import Shown, Turn, pretty, seconds, shown, turn_of, turns_of, visible
from llm_effects.trace.exchanges import Exchange, outcome_of
from llm_effects.wrappers.cache import WHOLE
from llm_pure import Completion, Outcome, Response, Usage
from llm_pure.json import JsonError, PlainJson, parse_json
from llm_pure.outputs import name_of
from llm_pure.target import codec_of, wire_of

__all__ = ["Attempt", "Tone", "answer_of", "attempts_of", "end_of", "tokens", "told", "usage_of"]

Tone: TypeAlias = Literal["good", "cut", "bad", "quiet"]
"""How something went: well, but not to its natural end, not at all, or neither."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request and what came of it: in a word or two (`says`), and in the provider's own (`detail`).

    `waited` and `reading` are seconds to the answer's beginning and from there to its end. `asked` are the turns that
    the request before had not; `again` says that it was the same request. `segment` counts the parts of an answer that
    was continued, from 1.
    """

    number: int
    segment: int
    at: float
    waited: float
    reading: float
    tone: Tone
    says: str
    detail: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    asked: tuple[Turn, ...] = ()
    again: bool = False
    answer: tuple[Shown, ...] = ()


# ---------------------------------------------------------------- attempts


def attempts_of(exchanges: Sequence[Exchange]) -> Iterator[tuple[int, Attempt]]:
    """Each exchange by the number of its step."""
    before: Completion | PlainJson | None = None
    known: tuple[tuple[str, str], ...] = ()
    for number, exchange in enumerate(exchanges, 1):
        outcome, request = outcome_of(exchange), _request(exchange)
        tone, says, detail = end_of(outcome)
        asked, again = _asked(before, request)
        about, before = _about(exchange, request), request
        attempt = Attempt(
            number,
            1,
            exchange.at,
            exchange.waited,
            max(0.0, exchange.took - exchange.waited),
            tone,
            says,
            detail,
            (*[fact for fact in about if fact not in known], *_told_back(outcome)),
            asked,
            again,
            answer_of(outcome),
        )
        known = about
        if not attempt.answer and exchange.body and not _is_json_error(exchange):
            attempt = replace(attempt, answer=(Shown("json", pretty(exchange.body), "as it came"),))
        yield exchange.step, attempt


def _about(exchange: Exchange, request: Completion | PlainJson) -> tuple[tuple[str, str], ...]:
    """What a request says besides its turns."""
    facts = [
        ("path", exchange.request.path),
        ("model", (request.model or "") if isinstance(request, Completion) else ""),
        ("settings", _settings(request) if isinstance(request, Completion) else ""),
        ("streamed", "yes" if exchange.request.stream else ""),
    ]
    return told(facts)


def _told_back(outcome: Outcome[Response]) -> tuple[tuple[str, str], ...]:
    if isinstance(outcome, Failure):
        error = outcome.failure()
        after = "" if error.retry_after is None else seconds(error.retry_after)
        return told(
            [("retry after", after), ("tokens", tokens(usage_of(outcome))), ("id", error.request_id or "")]
        )
    return told([("tokens", tokens(usage_of(outcome))), ("id", outcome.unwrap().id or "")])


def _is_json_error(exchange: Exchange) -> bool:
    """Whether the answer is an error that its own line tells."""
    return exchange.status is not None and exchange.status >= 400 and exchange.body[:1] == b"{"


def _request(exchange: Exchange) -> Completion | PlainJson:
    wire = wire_of(exchange.request.path)
    try:
        data = parse_json(exchange.request.body)
    except JsonError:
        return exchange.request.body.decode("utf-8", "replace")
    if wire is None or not isinstance(data, dict):
        return data
    decoded = codec_of(wire).decode_request(data)
    return decoded.unwrap() if isinstance(decoded, Success) else data


def _asked(before: Completion | PlainJson, now: Completion | PlainJson) -> tuple[tuple[Turn, ...], bool]:
    """The turns that are new, and whether the request is the same as before."""
    if not isinstance(now, Completion):
        return (Turn("request", (Shown("json", pretty(now)),)),), False
    if not isinstance(before, Completion):
        return turns_of(now), False
    if now == before:
        return (), True
    head = before.messages == now.messages[: len(before.messages)] and before.system == now.system
    if head:
        return tuple([turn_of(message) for message in now.messages[len(before.messages) :]]), False
    if before.messages[:-1] == now.messages[:-1] and before.system == now.system and len(now.messages) > 1:
        return (turn_of(now.messages[-1]),), False  # a prefill that grew
    return turns_of(now), False


def _settings(completion: Completion) -> str:
    reasoning = completion.reasoning
    named = {
        "max_tokens": completion.max_tokens,
        "temperature": completion.temperature,
        "top_p": completion.top_p,
        "top_k": completion.top_k,
        "seed": completion.seed,
        "stop": ", ".join(map(repr, completion.stop_sequences)) or None,
        "reasoning": None if reasoning is None else reasoning.effort or reasoning.budget_tokens,
        "tools": ", ".join([tool.name for tool in completion.tools]) or None,
        "output": None if completion.output is None else name_of(completion.output),
    }
    return " · ".join([f"{name} {value}" for name, value in named.items() if value is not None])


# ---------------------------------------------------------------- outcomes


def end_of(outcome: Outcome[Response] | None) -> tuple[Tone, str, str]:
    """How it went, in a word or two, and in the words of whoever refused."""
    if outcome is None:
        return "cut", "left before its end", ""
    if isinstance(outcome, Failure):
        error = outcome.failure()
        status = f"{error.status} " if error.status is not None else ""
        kind = type(error).__name__
        return "bad", status + kind, "" if error.message == kind else visible(error.message)
    reason = outcome.unwrap().stop_reason
    return ("good" if reason in WHOLE else "cut"), reason.replace("_", " "), ""


def usage_of(outcome: Outcome[Response] | None) -> Usage:
    if outcome is None:
        return Usage()
    return outcome.unwrap().usage if isinstance(outcome, Success) else (outcome.failure().usage or Usage())


def tokens(usage: Usage) -> str:
    read, written = usage.input_tokens, usage.output_tokens
    told = [f"{count} {name}" for count, name in ((read, "in"), (written, "out")) if count is not None]
    if usage.cache_read_tokens:
        told.append(f"{usage.cache_read_tokens} from the provider's cache")
    return ", ".join(told)


def answer_of(outcome: Outcome[Response] | None) -> tuple[Shown, ...]:
    if outcome is None:
        return ()
    response = outcome.unwrap() if isinstance(outcome, Success) else outcome.failure().partial
    return () if response is None else tuple(map(shown, response.message.content))


def told(facts: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple([(visible(name), visible(value)) for name, value in facts if value])
