"""Two pieces of JSON data side by side, for people.

Law: equal data has no difference; different data has one that shows every line that differs, and some around it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import unified_diff

from returns.result import Success

from llm_effects.trace.exchanges import exchanges_of, question_of
from llm_effects.trace.steps import Connected, Sent, Step
from llm_effects.trace.trace import Timed, Trace
from llm_pure import Completion, Outcome, PlainJson, Response
from llm_pure.compiled import tagged
from llm_pure.json import JsonError, parse_json

__all__ = ["difference", "divergence", "readable"]


def difference(recorded: PlainJson, now: PlainJson) -> str:
    """A unified diff of both, a value a line; bodies that are JSON are shown as such."""
    lines = unified_diff(_lines(recorded), _lines(now), "recorded", "now", lineterm="", n=3)
    return "\n".join(lines)


def _lines(value: PlainJson) -> list[str]:
    if value is None:
        return []
    text = json.dumps(readable(value), ensure_ascii=False, indent=2, sort_keys=True)
    # Without commas: the last item of a list would differ from itself once another follows.
    return [line.removesuffix(",") for line in text.splitlines()]


def readable(value: PlainJson) -> PlainJson:
    """The data with every text that is a JSON object or array opened, and other texts as their lines."""
    if isinstance(value, dict):
        return {name: readable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if not isinstance(value, str):
        return value
    if value[:1] in {"{", "["}:
        try:
            return parse_json(value)
        except JsonError:
            pass
    if "\n" not in value:
        return value
    return [*value.splitlines(keepends=True)]


# ---------------------------------------------------------------- two runs


def divergence(
    trace: Trace, asked: Completion | None, now: Sequence[Timed], outcome: Outcome[Response], index: int
) -> str:
    """Where a run (`now`) differs from the trace: in the step `index`, and in what was asked, if it shows only there.

    `asked` is the completion of the run, if it was whole.
    """
    return "\n\n".join(_told(trace, asked, now, outcome, index))


def _told(
    trace: Trace, asked: Completion | None, now: Sequence[Timed], outcome: Outcome[Response], index: int
) -> Iterator[str]:
    yield f"step {index} of {len(trace.steps)} is not what was recorded"
    known = None if trace.asked is None else trace.target.filled(trace.asked)
    if known is not None and asked is not None and asked != known:
        yield "another completion is asked:\n" + difference(tagged(known), tagged(asked))
    expected = trace.steps[index].did if index < len(trace.steps) else None
    got = now[index].did if index < len(now) else None
    if expected is not None or got is not None:
        yield difference(_shown(expected), _shown(got))
    elif trace.outcome is not None:
        yield "the outcome differs:\n" + difference(_end(trace.outcome), _end(outcome))
    if not isinstance(expected, Sent | Connected) or not isinstance(got, Sent | Connected):
        requests = zip(exchanges_of(trace.steps), exchanges_of(now), strict=False)
        for number, (before, after) in enumerate(requests, 1):
            if question_of(before.request) != question_of(after.request):
                yield f"request {number} differs:\n" + difference(
                    tagged(before.request), tagged(after.request)
                )
                break


def _shown(step: Step | None) -> PlainJson:
    return None if step is None else tagged(step)


def _end(outcome: Outcome[Response]) -> PlainJson:
    return tagged(outcome.unwrap() if isinstance(outcome, Success) else outcome.failure())
