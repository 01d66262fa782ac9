"""The JSON Schema of a trace's lines, read off the same classes that write and read them.

Law: every line that `to_jsonl` writes is valid, and what is not valid `from_jsonl` refuses; that the first line comes
first, and the last last, a schema of lines cannot say. Published as `docs/trace-1.schema.json`; it refers to
`docs/serial-1.schema.json` for the values of `llm_pure`.
"""

from __future__ import annotations

from llm_effects.trace.steps import STEPS
from llm_effects.trace.trace import SCHEMA, Begun, Ended
from llm_pure import PlainJson
from llm_pure.serial_schema import line_schema

__all__ = ["trace_schema"]


def trace_schema() -> dict[str, PlainJson]:
    """The schema of one line, as plain JSON of the caller's own."""
    times: dict[str, PlainJson] = {
        "at": {"type": "number", "description": "When the step began, in seconds since the run did."},
        "took": {"type": "number", "description": "How many seconds it took until the next."},
    }
    steps: dict[type, dict[str, PlainJson]] = dict.fromkeys(STEPS, times)
    return line_schema(
        "urn:llm_effects:trace:1",
        f"Lines of a trace of llm-pure ({SCHEMA})",
        {Begun: {"schema": {"const": SCHEMA}}, **steps, Ended: {}},
    )
