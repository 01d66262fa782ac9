"""Answers kept under the whole request.

Law: a key is the canonical payload, the target and the key's version, so whatever changes an answer changes the key.
Only answers that ended well are kept, unless asked. Many callers of one key make one call. A store that fails costs a
hit, never an answer; what it gives back is checked before it is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from inspect import iscoroutinefunction
from typing import Final

from returns.result import Failure, Success
from typing_extensions import override

from llm_effects.entries import Entry, answer_in
from llm_effects.flights import Flights, Landed, Lead, TooLate
from llm_effects.notes import CacheHit, CacheMissed, CacheStored, StoreFailed, Waited
from llm_effects.operations import Claim, Land, Load, Program, Save, Tell, ask
from llm_effects.ports import Store, check_seconds
from llm_effects.programs import told
from llm_effects.runner import Runner, Wrapped
from llm_pure import Completion, Deadline, Outcome, Response, StopReason, cache_key

__all__ = ["PATIENCE", "WHOLE", "with_cache"]

WHOLE: Final[frozenset[StopReason]] = frozenset(("end", "tool_call", "stop_sequence"))
"""The stop reasons of answers that are whole."""
PATIENCE: Final = 1.0
"""How many seconds a store may take: a store slower than the model is worse than none."""


def with_cache(
    store: Store,
    *,
    keep: Collection[StopReason] = WHOLE,
    scope: str = "",
    patience: float | None = PATIENCE,
) -> Callable[[Runner], Runner]:
    """Answers from the store where it has them, and into it where it has not.

    `keep` lists the stop reasons whose answers are stored: by default no cut answer and no refusal, nor one with
    such a choice among several. Failures never are, nor calls that cannot be run. Equal requests share an answer
    within one `scope` (a tenant, a test, the n-th sample of a prompt). A hit is the answer as it was stored, with the
    usage that it cost then.

    A store that takes longer than `patience` seconds is a miss, and is not asked again before it has answered; None:
    it may take as long as the run. Raises ValueError for a patience that is no time, TypeError for a store whose
    functions are async: what may block says so (`Store.blocking`) and is asked on another thread.
    """
    if iscoroutinefunction(store.load) or iscoroutinefunction(store.save):
        raise TypeError(
            f"the load and save of a store are plain functions; those of {type(store).__name__} are async"
        )
    check_seconds("patience", patience)
    return partial(_WithCache, store=store, keep=frozenset(keep), scope=scope, patience=patience)


@dataclass(frozen=True, slots=True)
class _WithCache(Wrapped):
    store: Store
    keep: frozenset[StopReason]
    scope: str
    patience: float | None
    flights: Flights = field(default_factory=Flights, compare=False, repr=False)

    @property
    @override
    def layer(self) -> str:
        return "cache"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        made = cache_key(completion, self.target)
        if not isinstance(made, Success):
            return made  # what cannot be encoded cannot be asked either
        key = self._scoped(made.unwrap())
        look = Load(self.store, key, self.patience)
        entry = yield from ask(look)
        if (hit := (yield from _read(entry, key))) is not None:
            return (yield from told(Success(hit)))
        landing = yield from ask(Claim(self.flights, key))
        if isinstance(landing, Landed):
            yield Tell(Waited(key))
            return (yield from told(Success(landing.response)))
        if isinstance(landing, TooLate):
            return Failure(
                Deadline(message="the time for the run was over before another caller's answer came")
            )
        leads = isinstance(landing, Lead)
        if leads and (later := (yield from ask(look))) != entry:
            # Somebody has led, stored and landed since we looked.
            hit = yield from _read(later, key)
        if hit is not None:
            outcome: Outcome[Response] = Success(hit)
        else:
            yield Tell(CacheMissed(key))
            outcome = yield from self.inner(completion)
            if isinstance(outcome, Success) and self._is_kept(response := outcome.unwrap()):
                kept = yield from ask(Save(self.store, key, Entry(key, response), self.patience))
                if kept:
                    yield Tell(CacheStored(key))
        if leads:
            yield Land(self.flights, key, outcome)
        return outcome

    def _scoped(self, key: str) -> str:
        return (
            sha256(f"{self.scope}\n{key}".encode("utf-8", "surrogatepass")).hexdigest() if self.scope else key
        )

    def _is_kept(self, response: Response) -> bool:
        whole = response.stop_reason in self.keep and not response.broken_tool_calls
        return whole and all(map(self._is_kept, response.alternatives))


def _read(entry: Entry | bytes | None, key: str) -> Program[Response | None]:
    if entry is None:
        return None
    if (found := answer_in(entry, key)) is None:
        yield Tell(StoreFailed("read", "an entry cannot be read"))
        return None
    yield Tell(CacheHit(key))
    return found
