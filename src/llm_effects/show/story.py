"""What happened, in the order in which it happened, as a story to be shown.

Law: a story is data and knows no medium. Every exchange of its source is in it once, every wait and every use of a
store too. Its texts are safe to show (`words`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from llm_effects.notes import (
    Attempted,
    CacheHit,
    CacheMissed,
    CacheStored,
    Continued,
    GaveUp,
    Lost,
    Note,
    OtherModel,
    Repaired,
    Retried,
    Skipped,
    StoreFailed,
    Waited,
)
from llm_effects.show.attempts import Attempt, Tone, answer_of, attempts_of, end_of, tokens, told, usage_of
from llm_effects.show.words import NOTABLE, Shown, Turn, seconds, turns_of, visible
from llm_effects.trace.exchanges import Exchange, exchanges_of, outcome_of
from llm_effects.trace.steps import Claimed, Loaded, Noted, Saved, Slept
from llm_effects.trace.trace import Timed, Trace
from llm_pure import Usage

__all__ = ["Entry", "Mark", "Pause", "Story", "label_of", "story_of", "story_of_exchanges"]


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait of our own."""

    at: float
    took: float
    says: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A use of a store, or a decision."""

    kind: Literal["hit", "miss", "stored", "note"]
    at: float
    took: float
    says: str
    tone: Tone = "quiet"


Entry: TypeAlias = Attempt | Pause | Mark


def label_of(entry: Entry) -> str:
    """An entry in a few words, for a line of a timeline."""
    match entry:
        case Attempt(number, segment):
            part = f", part {segment}" if segment > 1 else ""
            return f"Request {number}{part} · {entry.says}"
        case Pause():
            return "Wait"
        case Mark():
            return entry.says[:1].upper() + entry.says[1:]
        case _:
            assert_never(entry)


@dataclass(frozen=True, slots=True)
class Story:
    """What is shown. `timed` says whether the times mean anything: a cassette knows none."""

    title: str
    facts: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    asked: tuple[Turn, ...] = ()
    answer: tuple[Shown, ...] = ()
    ends: str = ""
    detail: str = ""
    tone: Tone = "quiet"
    elapsed: float = 0.0
    timed: bool = True
    totals: tuple[tuple[str, str], ...] = ()


# ---------------------------------------------------------------- sources


def story_of(trace: Trace, name: str) -> Story:
    """The story of a recorded run."""
    attempts = dict(attempts_of(exchanges_of(trace.steps)))
    entries = tuple(_entries(trace.steps, attempts))
    tone, ends, detail = end_of(trace.outcome)
    target = trace.target
    facts = [
        ("provider", f"{target.provider} ({target.wire})"),
        ("model", target.model or ""),
        ("endpoint", target.endpoint or ""),
        ("layers", " → ".join(trace.layers)),
        ("events", "handed out as they came" if trace.observed else ""),
    ]
    asked = () if attempts or trace.asked is None else turns_of(trace.asked)
    usage = usage_of(trace.outcome)
    waits = [entry.took for entry in entries if isinstance(entry, Pause)]
    totals = [
        ("requests", str(len(attempts))),
        ("waited", seconds(sum(waits)) if waits else ""),
        ("tokens" if attempts else "tokens it had cost", tokens(usage)),
        ("took", seconds(trace.elapsed)),
    ]
    return Story(
        visible(name),
        told(facts),
        entries,
        asked,
        answer_of(trace.outcome),
        ends,
        detail,
        tone,
        trace.elapsed,
        totals=told(totals),
    )


def story_of_exchanges(
    exchanges: Sequence[Exchange], name: str, facts: Sequence[tuple[str, str]] = ()
) -> Story:
    """The story of exchanges without times, as a cassette has them."""
    entries = tuple([attempt for _, attempt in attempts_of(exchanges)])
    usage = Usage()
    for exchange in exchanges:
        usage += usage_of(outcome_of(exchange))
    totals = [("requests", str(len(entries))), ("tokens", tokens(usage))]
    return Story(visible(name), told(facts), entries, timed=False, totals=told(totals))


# ---------------------------------------------------------------- everything else that happened


def _entries(steps: Sequence[Timed], attempts: dict[int, Attempt]) -> Iterator[Entry]:
    segment, why = 1, "a wait"
    for number, step in enumerate(steps):
        if number in attempts:
            yield replace(attempts[number], segment=segment)
            continue
        match step.did:
            case Noted(Retried(error, attempt)):
                why = f"after {error}, before attempt {attempt}"
            case Slept():
                yield Pause(step.at, step.took, visible(why))
                why = "a wait"
            case Noted(Continued(round_, how)):
                segment = round_ + 1
                yield Mark("note", step.at, 0.0, f"continued by {how}")
            case Loaded(_, key, value) if value is not None or step.took >= NOTABLE:
                kind: Literal["hit", "miss"] = "miss" if value is None else "hit"
                yield Mark(
                    kind,
                    step.at,
                    step.took,
                    f"cache {kind} {_key(key)}",
                    "quiet" if value is None else "good",
                )
            case Saved(_, key, _, kept):
                says = f"stored in the cache {_key(key)}" if kept else f"not stored {_key(key)}"
                yield Mark("stored", step.at, step.took, says, "good" if kept else "bad")
            case Claimed() if step.took >= NOTABLE:
                yield Mark("note", step.at, step.took, "waited for another caller's answer")
            case Noted(note):
                yield from _noted(note, step.at)
            case _:
                pass


def _noted(note: Note, at: float) -> Iterator[Mark]:
    match note:
        case GaveUp(error, reason):
            yield Mark("note", at, 0.0, f"gave up after {error}: {reason.replace('_', ' ')}", "bad")
        case Lost(losses):
            for loss in losses:
                yield Mark("note", at, 0.0, visible(f"lost {loss.path}: {loss.reason}"), "cut")
        case OtherModel(asked, answered):
            yield Mark("note", at, 0.0, visible(f"{answered} has answered instead of {asked}"), "cut")
        case Skipped(events):
            yield Mark(
                "note", at, 0.0, f"passed over {events} unknown event{'s' if events > 1 else ''}", "cut"
            )
        case CacheMissed(key):
            yield Mark("miss", at, 0.0, f"cache miss {_key(key)}")
        case Waited(key):
            yield Mark("hit", at, 0.0, f"another caller's answer {_key(key)}", "good")
        case Repaired(round_, error, path):
            yield Mark("note", at, 0.0, visible(f"repair {round_}: {error} at {path}"), "cut")
        case StoreFailed(operation, reason):
            yield Mark("note", at, 0.0, visible(f"the store failed ({operation}): {reason}"), "bad")
        case Attempted() | Retried() | Continued() | CacheHit() | CacheStored():
            pass  # the steps themselves say so
        case _:
            assert_never(note)


def _key(key: str) -> str:
    return visible(key[:8]) + "…"
