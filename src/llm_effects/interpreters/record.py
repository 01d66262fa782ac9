"""`record` and `arecord`: a run, and its trace as data.

Law: the run is what `run` and `arun` would make of it (`observed`: what `stream` and `astream` would, read to its end).
"""

from __future__ import annotations

from dataclasses import replace

from llm_effects.interpreters.blocking import BLOCKING
from llm_effects.interpreters.driver import Backend, OnNote, Run, finished
from llm_effects.resolving import Asked, asking
from llm_effects.runner import Runner
from llm_effects.trace.recording import traced
from llm_effects.trace.trace import Recorded, Tape
from llm_pure import Completion

__all__ = ["arecord", "record", "recorded"]


def record(
    runner: Runner, asked: Asked, *, observed: bool = False, on_note: OnNote | None = None
) -> Recorded:
    """Ask, wait, and give the outcome with the trace of all that was done; see `Trace`."""
    recording = recorded(runner, asked, BLOCKING, observed=observed, on_note=on_note)
    del asked  # a traceback that shows locals shows no prompt
    return finished(recording)


async def arecord(
    runner: Runner, asked: Asked, *, observed: bool = False, on_note: OnNote | None = None
) -> Recorded:
    """`record` on an event loop."""
    from llm_effects.interpreters.aio import ASYNCIO  # asyncio is not light

    recording = recorded(runner, asked, ASYNCIO, observed=observed, on_note=on_note)
    del asked  # likewise
    return await recording


async def recorded(
    runner: Runner, asked: Asked, backend: Backend, *, observed: bool, on_note: OnNote | None = None
) -> Recorded:
    """A recorded run in any colour."""
    tape = Tape(asked if isinstance(asked, Completion) else None)
    driven = Run(traced(asking(runner, asked), tape), backend, observed=observed, on_note=on_note)
    del asked  # likewise: a tape does not show what is on it
    while await driven.advance() is not None:
        pass
    trace = tape.trace(runner.target, runner.layers, observed=observed)
    return Recorded(driven.ended, replace(trace, outcome=driven.ended))
