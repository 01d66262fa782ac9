"""`rerun`: a runner on what another run was answered, without any I/O and in virtual time.

Law: a runner that does what it did when the trace was made is answered what it was answered, step by step, and takes
as long: it is the `Same`. From the first step that differs on it is `Diverged`, and goes on: each request is answered
by the recorded answer to that very request, where there is one left. So a changed program shows where it differs, and a
changed policy what it would have cost.

    what is asked             its answer, up to the first difference      and after it
    ------------------------  ------------------------------------------  ----------------------------------------------
    a request                 the next recorded answer to it, as late     the same; or `beyond`'s; or a `CassetteMiss`
    clock, chance             as recorded                                 virtual time; drawn by `seed`
    a store                   as recorded                                 what it was told, or the trace has of the key
    a cell of the process     as recorded, where that is plain            by its function, from where it begins
    a cell of the run         by its function                             by its function
    a leader, a function      as recorded                                 nobody else is there; a failure
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias, TypeVar, final

from returns.result import Success
from typing_extensions import override

from llm_effects.interpreters.answers import Answer, Failed, Raw, Slow
from llm_effects.interpreters.simulated import Script, World
from llm_effects.operations import (
    Call,
    Change,
    Claim,
    Draw,
    Emit,
    HttpRequest,
    Load,
    Now,
    Operation,
    Program,
    Save,
)
from llm_effects.ports import Store
from llm_effects.programs import performed
from llm_effects.resolving import Asked, asking
from llm_effects.runner import Runner
from llm_effects.trace.difference import divergence
from llm_effects.trace.exchanges import Exchange, exchanges_of, question_of, texts
from llm_effects.trace.recording import WithTrace
from llm_effects.trace.steps import (
    Called,
    Changed,
    Claimed,
    Clock,
    Drew,
    Loaded,
    Saved,
    Slept,
    Step,
)
from llm_effects.trace.taking import UNKNOWN, value_of
from llm_effects.trace.trace import Tape, Timed, Trace
from llm_pure import CassetteMiss, Completion, Deadline, Misconfigured, Outcome, Response, Usage
from llm_pure.brief import Brief
from llm_pure.response import NO_USAGE
from llm_pure.retry import cost_of

__all__ = ["Bill", "Diverged", "Rerun", "Same", "rerun"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Bill(Brief):
    """What a run took: how many requests, how many seconds between them and in all, and what tokens it paid for.

    `unanswered` is the number of the first request, from 1, that the trace has no answer to; None: it had them all.
    """

    requests: int
    waited: float
    elapsed: float
    usage: Usage = NO_USAGE
    unanswered: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Same(Brief):
    """The runner did what the trace says, to the last step."""

    outcome: Outcome[Response]
    bill: Bill


@dataclass(frozen=True, slots=True, repr=False)
class Diverged(Brief):
    """The runner did something else. `index` is the first step that differs, counted from 0.

    `expected` is the step that the trace has there, `got` what was done instead; None: nothing more. Where all steps
    are the same and only the outcome is not, both are None. `diff` is for people. `outcome` and `bill` are what came of
    it all the same.
    """

    index: int
    expected: Step | None
    got: Step | None
    diff: str
    outcome: Outcome[Response]
    bill: Bill

    @override
    def __str__(self) -> str:
        return self.diff


Rerun: TypeAlias = Same | Diverged


def rerun(
    runner: Runner, asked: Asked, trace: Trace, *, beyond: Script | None = None, seed: int = 0
) -> Rerun:
    """Run it again on what the trace has; see above. `beyond` answers the requests that the trace has no answer to.

    A `with_trace` around the runner is left out where it was not part of what was traced.
    """
    while isinstance(runner, WithTrace) and runner.layers != trace.layers:
        runner = runner.inner
    following = _Following(trace, beyond, seed)
    program = following.program(asking(runner, asked))
    outcome = following.world.play(program, runner.target, observed=trace.observed).outcome
    bill = following.bill(outcome)
    if following.same and following.index == len(trace.steps) and outcome == trace.outcome:
        return Same(outcome, bill)
    index, now = following.index, following.tape.steps
    expected = trace.steps[index].did if index < len(trace.steps) else None
    got = now[index].did if index < len(now) else None
    whole = runner.target.filled(asked) if isinstance(asked, Completion) else None
    diff = divergence(trace, whole, now, outcome, index)
    return Diverged(index, expected, got, diff, outcome, bill)


# ---------------------------------------------------------------- following a trace


@final
class _Following:
    """A world that answers by a trace, and how far what is done in it is what the trace says."""

    def __init__(self, trace: Trace, beyond: Script | None, seed: int) -> None:
        self._trace: Final = trace
        self._unused: Final = [(question_of(it.request), it) for it in exchanges_of(trace.steps)]
        self._beyond: Final = None if beyond is None else World(beyond, seed)
        self.world: Final = World(self._answer, seed, clock=trace.began)
        self.tape: Final = Tape()
        self.same, self.index = True, 0
        self.unanswered: int | None = None

    def program(self, program: Program[R]) -> Program[R]:
        """The program, answered as the law says, its steps on the tape."""
        self.tape.begin(self.world.clock)
        return (yield from performed(program, self._performed))

    def _performed(self, operation: Operation) -> Program[object]:
        began = self.world.clock
        answer = yield from self._answered(operation)
        if self._trace.observed or not isinstance(operation, Emit):
            self._compare(operation, answer, began)
        return answer

    def bill(self, outcome: Outcome[Response]) -> Bill:
        """What it took."""
        waited = sum(step.took for step in self.tape.steps if isinstance(step.did, Slept))
        elapsed = self.world.clock - self._trace.began
        usage = outcome.unwrap().usage if isinstance(outcome, Success) else cost_of(outcome.failure())
        missed = [n for n, it in enumerate(exchanges_of(self.tape.steps), 1) if it.error == _MISS]
        unanswered = min([*missed, *(() if self.unanswered is None else (self.unanswered,))], default=None)
        return Bill(
            requests=len(self.world.requests),
            waited=waited,
            elapsed=elapsed,
            usage=usage,
            unanswered=unanswered,
        )

    def _recorded(self) -> Timed | None:
        """The step that comes next, if all was the same so far."""
        steps = self._trace.steps
        return steps[self.index] if self.same and self.index < len(steps) else None

    def _compare(self, operation: Operation, answer: object, began: float) -> None:
        recorded = self._recorded()
        if recorded is not None:  # real time goes on between steps, too
            self.world.clock = self._trace.began + recorded.at + recorded.took
        did = self.tape.add(operation, answer, began, self.world.clock)
        if recorded is not None and (did == recorded.did or _cannot_say(recorded.did, did)):
            self.index += 1
        else:
            self.same = False

    # ------------------------------------------------------------ answers

    def _answered(self, operation: Operation) -> Generator[Operation, object, object]:
        step = self._recorded()
        did = None if step is None else step.did
        match operation, did:
            case Now(), Clock(now):
                return now
            case Draw(), Drew(number):
                return number
            case Claim(_, key), Claimed(known, landing) if key == known:
                return landing
            case Load(store, key), Loaded(_, known, entry) if key == known:
                if entry is not None:
                    self.world.virtual(store).save(key, entry)
                return entry
            case Save(_, key), Saved(_, known, _, False) if key == known:
                return False
            case Load(store, key), _ if key not in self.world.virtual(store).held:
                self._remember(store, key)
            case Call(), Called(answer) if (value := value_of(answer)) is not UNKNOWN:
                return value
            case Call(), Called():
                return None  # what it gave is no data; the next step says what was made of it
            case Call(), _:
                return Misconfigured(message="the trace does not say what this function gave")
            case Change(), Changed(_, "process", answer) if (value := value_of(answer)) is not UNKNOWN:
                yield operation  # its state goes on, too, for whatever comes after the first difference
                return value
            case _:
                pass
        return (yield operation)

    def _remember(self, store: Store, key: str) -> None:
        """Let the store hold what the trace knows of this key."""
        for step in self._trace.steps:
            if isinstance(step.did, Loaded) and step.did.key == key and step.did.value is not None:
                self.world.virtual(store).save(key, step.did.value)
                return

    def _answer(self, request: HttpRequest, chance: Random) -> Answer:
        question = question_of(request)
        for at, (recorded, exchange) in enumerate(self._unused):
            if recorded == question:
                del self._unused[at]
                return _as_answered(exchange)
        if self.unanswered is None:
            self.unanswered = len(self.world.requests)
        return _MISS if self._beyond is None else self._beyond.answer(request)


def _cannot_say(recorded: Step, now: Step) -> bool:
    """Whether a function gave what no trace can hold: the next step has what was made of it."""
    return isinstance(recorded, Called) and isinstance(now, Called) and value_of(recorded.answer) is UNKNOWN


_MISS: Final = CassetteMiss(message="the trace has no further answer to this request")


def _as_answered(exchange: Exchange) -> Answer:
    error, late = exchange.error, 0.0
    if isinstance(error, Deadline):  # it ended the wait, and nobody knows what would have come after
        error, late = _MISS, _A_MOMENT
    if exchange.status is None:
        return Slow(exchange.waited + late, Failed(_MISS if error is None else error))
    broken = () if error is None else (error,)
    pauses = (*exchange.pauses, exchange.tail + late)
    return Slow(
        exchange.waited, Raw(exchange.status, texts(exchange.headers), (*exchange.chunks, *broken), pauses)
    )


_A_MOMENT: Final = 0.001
