"""The published JSON Schema is that of a trace's lines."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from returns.result import Failure

from llm_effects import MemoryStore, Trace, World, compose, with_cache, with_continuation, with_retry
from llm_effects.simulation import faulty
from llm_effects.trace.schema import trace_schema
from llm_pure import PlainJson
from llm_pure.serial_schema import serial_schema
from llm_pure.strategies import hostile_json
from tests.effects.scripted import QUESTION, leaf

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "docs" / "trace-1.schema.json"
FIXTURES = sorted((ROOT / "tests/fixtures/trace/1").glob("*.jsonl"))
SERIAL = Resource.from_contents(serial_schema())
VALIDATOR = Draft202012Validator(trace_schema(), registry=SERIAL @ Registry())


def published() -> str:
    """The file as it should be: `PUBLISHED.write_text(published())` writes it anew."""
    head = trace_schema()
    definitions = head.pop("$defs")
    assert isinstance(definitions, dict)
    lines = [f"  {_line(name)}: {_line(said)}" for name, said in definitions.items()]
    fields = [f" {_line(name)}: {_line(said)}" for name, said in head.items()]
    return "{\n" + ",\n".join([*fields, ' "$defs": {\n' + ",\n".join(lines)]) + "\n }\n}\n"


def _line(value: PlainJson) -> str:
    return json.dumps(value, ensure_ascii=False)


def lines(seed: int, *, observed: bool) -> list[str]:
    runner = compose(leaf(), with_retry(), with_continuation(), with_cache(MemoryStore()))
    return (
        World(faulty(rate=0.6), seed)
        .record(runner, QUESTION, observed=observed)
        .trace.to_jsonl()
        .splitlines()
    )


def test_the_published_schema_is_that_of_the_code() -> None:
    same = PUBLISHED.read_text(encoding="utf-8") == published()
    assert same, (
        "python -c 'from tests.effects.trace.test_schema import *; PUBLISHED.write_text(published())'"
    )
    Draft202012Validator.check_schema(trace_schema())


def test_what_version_1_wrote_is_valid() -> None:
    for file in FIXTURES:
        for line in file.read_text(encoding="utf-8").splitlines():
            VALIDATOR.validate(json.loads(line))


@given(st.integers(0, 2**32), st.booleans())
def test_every_line_that_is_written_is_valid(seed: int, observed: bool) -> None:
    for line in lines(seed, observed=observed):
        VALIDATOR.validate(json.loads(line))


@given(st.integers(0, 99), st.data())
def test_what_is_not_valid_is_refused(seed: int, data: st.DataObject) -> None:
    written = lines(seed, observed=False)
    at = data.draw(st.integers(0, len(written) - 1))
    line = json.loads(written[at])
    line[data.draw(st.sampled_from([*sorted(line), "more"]))] = data.draw(hostile_json())
    written[at] = json.dumps(line)
    if not VALIDATOR.is_valid(json.loads(written[at])):
        assert isinstance(Trace.from_jsonl("\n".join(written)), Failure)
