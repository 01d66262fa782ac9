"""Runners over the official SDKs, and wrappers that are written once and run in every colour.

Decide in pure functions (`llm_pure`), sequence in generators (wrappers), perform in interpreters. A *runner* turns a
completion into a *program*, a generator of frozen operations; `run`, `arun`, `stream`, `astream`, `simulate` and
`record` drive it.

Importing this loads no SDK, no event loop and no database: what needs one is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_effects.lazy import on_demand

if TYPE_CHECKING:
    from llm_effects.interpreters.aio import AsyncStream, arun, astream
    from llm_effects.interpreters.answers import Cut, Raw, Slow
    from llm_effects.interpreters.blocking import Stream, run, stream
    from llm_effects.interpreters.record import arecord, record
    from llm_effects.interpreters.rerun import Bill, Diverged, Rerun, Same, rerun
    from llm_effects.interpreters.simulated import Simulation, World, simulate
    from llm_effects.logs import hide_prompts
    from llm_effects.media import audio_from_path, document_from_path, image_from_path, part_of, read_part
    from llm_effects.notes import Note
    from llm_effects.operations import Operation, Program, ask
    from llm_effects.ports import Store
    from llm_effects.programs import relay
    from llm_effects.providers.anthropic import anthropic_runner
    from llm_effects.providers.openai import openai_chat_runner, openai_responses_runner
    from llm_effects.resolving import Draft, Resolvable, Unresolved, resolve
    from llm_effects.runner import Runner, Wrapped
    from llm_effects.stacks import Wrapper, compose, standard
    from llm_effects.stores.memory import MemoryStore
    from llm_effects.stores.sqlite import SqliteStore
    from llm_effects.trace.recording import with_trace
    from llm_effects.trace.trace import Recorded, Trace
    from llm_effects.wrappers.cache import with_cache
    from llm_effects.wrappers.continuation import with_continuation
    from llm_effects.wrappers.deadline import with_deadline
    from llm_effects.wrappers.prefill_echo import with_prefill_echo
    from llm_effects.wrappers.repair import with_repair
    from llm_effects.wrappers.retry import with_retry
    from llm_effects.wrappers.stop_sequence import with_stop_sequence
else:  # hidden from type checkers: to them a module with a `__getattr__` has every name
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "AsyncStream": "interpreters.aio",
            "Bill": "interpreters.rerun",
            "Cut": "interpreters.answers",
            "Diverged": "interpreters.rerun",
            "Draft": "resolving",
            "MemoryStore": "stores.memory",
            "Note": "notes",
            "Operation": "operations",
            "Program": "operations",
            "Raw": "interpreters.answers",
            "Recorded": "trace.trace",
            "Rerun": "interpreters.rerun",
            "Resolvable": "resolving",
            "Runner": "runner",
            "Same": "interpreters.rerun",
            "Simulation": "interpreters.simulated",
            "Slow": "interpreters.answers",
            "SqliteStore": "stores.sqlite",
            "Store": "ports",
            "Stream": "interpreters.blocking",
            "Trace": "trace.trace",
            "Unresolved": "resolving",
            "World": "interpreters.simulated",
            "Wrapped": "runner",
            "Wrapper": "stacks",
            "anthropic_runner": "providers.anthropic",
            "arecord": "interpreters.record",
            "arun": "interpreters.aio",
            "ask": "operations",
            "astream": "interpreters.aio",
            "audio_from_path": "media",
            "compose": "stacks",
            "document_from_path": "media",
            "hide_prompts": "logs",
            "image_from_path": "media",
            "openai_chat_runner": "providers.openai",
            "openai_responses_runner": "providers.openai",
            "part_of": "media",
            "read_part": "media",
            "record": "interpreters.record",
            "relay": "programs",
            "rerun": "interpreters.rerun",
            "resolve": "resolving",
            "run": "interpreters.blocking",
            "simulate": "interpreters.simulated",
            "standard": "stacks",
            "stream": "interpreters.blocking",
            "with_cache": "wrappers.cache",
            "with_continuation": "wrappers.continuation",
            "with_deadline": "wrappers.deadline",
            "with_prefill_echo": "wrappers.prefill_echo",
            "with_repair": "wrappers.repair",
            "with_retry": "wrappers.retry",
            "with_stop_sequence": "wrappers.stop_sequence",
            "with_trace": "trace.recording",
        },
    )

__all__ = [
    "AsyncStream",
    "Bill",
    "Cut",
    "Diverged",
    "Draft",
    "MemoryStore",
    "Note",
    "Operation",
    "Program",
    "Raw",
    "Recorded",
    "Rerun",
    "Resolvable",
    "Runner",
    "Same",
    "Simulation",
    "Slow",
    "SqliteStore",
    "Store",
    "Stream",
    "Trace",
    "Unresolved",
    "World",
    "Wrapped",
    "Wrapper",
    "anthropic_runner",
    "arecord",
    "arun",
    "ask",
    "astream",
    "audio_from_path",
    "compose",
    "document_from_path",
    "hide_prompts",
    "image_from_path",
    "openai_chat_runner",
    "openai_responses_runner",
    "part_of",
    "read_part",
    "record",
    "relay",
    "rerun",
    "resolve",
    "run",
    "simulate",
    "standard",
    "stream",
    "with_cache",
    "with_continuation",
    "with_deadline",
    "with_prefill_echo",
    "with_repair",
    "with_retry",
    "with_stop_sequence",
    "with_trace",
]
