"""A trace: all steps of one run, with their times and its outcome.

Law: a trace that was written loads as the same value, in this version and in every later one; any other text gives a
`Malformed` that names the line and the place. It is JSON Lines (UTF-8):

    {"schema": "llm_effects.trace/1", "target": {...}, "layers": [...], "observed": false, "began": 0.0, "asked": {...}}
    {"at": 0.0, "took": 0.0, "kind": "watched", "observed": false}
    {"at": 0.0, "took": 1.25, "kind": "sent", "request": {...}, "answer": {...}}
    ...
    {"kind": "ended", "response": {...}}              or "error"; missing where the run was left before its end

`at` is when a step began, in seconds since the run did, and `took` how long it was until the next. Values stand as
`llm_pure.serial` writes them: a field that holds its default is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, final

from returns.result import Failure, Success

from llm_effects.operations import Operation
from llm_effects.trace.steps import STEPS, Step
from llm_effects.trace.taking import Taking
from llm_pure import Completion, LlmError, Malformed, Outcome, PlainJson, Response
from llm_pure.brief import Brief
from llm_pure.compiled import read_tagged, tagged
from llm_pure.json import JsonError, parse_json
from llm_pure.reading import malformed, wrong
from llm_pure.serial import compact
from llm_pure.target import Target

__all__ = ["SCHEMA", "Recorded", "Tape", "Timed", "Trace"]

SCHEMA: Final = "llm_effects.trace/1"


@dataclass(frozen=True, slots=True, repr=False)
class Timed(Brief):
    """A step: what was done, when it began (seconds since the run did), and how many seconds it took."""

    did: Step
    at: float = 0.0
    took: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Trace(Brief):
    """What one run did. It holds the prompt, in the bodies of its requests, and the answers: keep it as you keep these.

    `target` and `layers` are the runner's; `observed` says whether events were handed out; `asked` is the completion,
    if it was whole before the run; `began` is where the run's clock stood. `outcome` is None where the run did not end.
    """

    target: Target
    layers: tuple[str, ...] = ()
    observed: bool = False
    asked: Completion | None = None
    began: float = 0.0
    steps: tuple[Timed, ...] = field(default=(), repr=False)
    outcome: Outcome[Response] | None = None

    @property
    def elapsed(self) -> float:
        """How long the run took, in seconds."""
        return self.steps[-1].at + self.steps[-1].took if self.steps else 0.0

    def to_jsonl(self) -> str:
        """The trace as JSON Lines."""
        head = tagged(Begun(self.target, self.layers, self.observed, self.asked, self.began))
        lines: list[dict[str, PlainJson]] = [{"schema": SCHEMA, **head}]
        lines += [{"at": step.at, "took": step.took, **tagged(step.did)} for step in self.steps]
        if self.outcome is not None:
            ended = self.outcome
            lines.append(
                tagged(Ended(ended.unwrap()) if isinstance(ended, Success) else Ended(None, ended.failure()))
            )
        return "".join([compact(line) + "\n" for line in lines])

    @classmethod
    def from_jsonl(cls, text: str | bytes) -> Outcome[Trace]:
        """The trace that `to_jsonl` wrote. A failure's path is a line and a place: `$[3].request.body`."""
        line = 0
        try:
            # Only a line feed ends a line: other separators stand inside strings.
            lines = [part for part in (text if isinstance(text, str) else text.decode()).split("\n") if part]
            head, did, ended = Begun(Target("", "openai_chat")), list[Timed](), None
            for line, written in enumerate(lines):
                data = parse_json(written)
                if not isinstance(data, dict):
                    raise wrong(data, "an object", "")
                if line == 0:
                    head = _head_of(data)
                elif ended is not None:
                    raise JsonError("the run had ended", "")
                elif data.get("kind") == "ended":
                    ended = _outcome_of(data)
                else:
                    did.append(_step_of(data))
            if not lines:
                raise JsonError("an empty text is no trace", "")
        except JsonError as error:
            return Failure(
                replace(malformed(error), path=f"$[{line}]{error.path.removeprefix('$')}", retryable=False)
            )
        except UnicodeDecodeError:
            return Failure(Malformed(message="not UTF-8", path="$", retryable=False))
        except RecursionError:
            return Failure(Malformed(message="nested too deeply", path=f"$[{line}]", retryable=False))
        return Success(
            cls(head.target, head.layers, head.observed, head.asked, head.began, tuple(did), ended)
        )


class Recorded(NamedTuple):
    """A run's outcome, and its trace: `outcome, trace = record(runner, completion)`."""

    outcome: Outcome[Response]
    trace: Trace


# ---------------------------------------------------------------- while it runs


@final
class Tape:
    """The steps of a run that goes on, and what was asked, if it was whole.

    `add` is told each operation with its answer.
    """

    __slots__ = ("_asked", "_began", "_taking", "steps")

    def __init__(self, asked: Completion | None = None) -> None:
        self._asked: Final = asked
        self._began = 0.0
        self._taking: Final = Taking()
        self.steps: Final[list[Timed]] = []

    def begin(self, now: float) -> None:
        """The run begins, by its own clock."""
        self._began = now

    def add(self, operation: Operation, answer: object, began: float, ended: float) -> Step:
        """One more step, and the times at which it began and was answered."""
        did = self._taking.step(operation, answer)
        self.steps.append(Timed(did, _since(self._began, began), _since(began, ended)))
        return did

    def trace(self, target: Target, layers: Iterable[str], *, observed: bool) -> Trace:
        """What stands on it by now."""
        return Trace(target, tuple(layers), observed, self._asked, self._began, tuple(self.steps))


def _since(began: float, now: float) -> float:
    return round(now - began, 9)


# ---------------------------------------------------------------- the first line and the last


@dataclass(frozen=True, slots=True)
class Begun:
    """The first line."""

    target: Target
    layers: tuple[str, ...] = ()
    observed: bool = False
    asked: Completion | None = None
    began: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The last line."""

    response: Response | None = None
    error: LlmError | None = None


def _head_of(data: dict[str, PlainJson]) -> Begun:
    if data.pop("schema", None) != SCHEMA:
        raise JsonError(f"the schema must be {SCHEMA}", ".schema")
    return read_tagged((Begun,), data)


def _outcome_of(data: dict[str, PlainJson]) -> Outcome[Response]:
    ended = read_tagged((Ended,), data)
    if ended.response is not None:
        return Success(ended.response)
    if ended.error is None:
        raise JsonError("neither a response nor an error", "")
    return Failure(ended.error)


def _step_of(data: dict[str, PlainJson]) -> Timed:
    at, took = _seconds(data.pop("at", None), ".at"), _seconds(data.pop("took", None), ".took")
    return Timed(read_tagged(STEPS, data), at, took)


def _seconds(value: PlainJson, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong(value, "a number", where)
    if not abs(value) < _LONGEST:
        raise JsonError("no run takes as long", where)
    return value


_LONGEST: Final = 1e15
"""Seconds. Times are added up and divided, and what is much longer is no number after that."""
