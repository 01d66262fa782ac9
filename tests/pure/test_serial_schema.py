"""The published JSON Schema is that of what is written."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from llm_pure import PlainJson
from llm_pure.serial_schema import serial_schema

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "serial-1.schema.json"


def published() -> str:
    """The file as it should be: `PUBLISHED.write_text(published())` writes it anew."""
    head = serial_schema()
    definitions = head.pop("$defs")
    assert isinstance(definitions, dict)
    lines = [f"  {_line(name)}: {_line(said)}" for name, said in definitions.items()]
    fields = [f" {_line(name)}: {_line(said)}" for name, said in head.items()]
    return "{\n" + ",\n".join([*fields, ' "$defs": {\n' + ",\n".join(lines)]) + "\n }\n}\n"


def _line(value: PlainJson) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_the_published_schema_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == published()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(serial_schema())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/fixtures/serial/1").glob("*.json")), ids=lambda p: p.stem
)
def test_what_version_1_wrote_is_valid(path: Path) -> None:
    Draft202012Validator(serial_schema()).validate(json.loads(path.read_text(encoding="utf-8")))


def test_every_line_that_version_1_wrote_is_valid() -> None:
    validator = Draft202012Validator(serial_schema())
    for line in (ROOT / "tests/fixtures/serial/1/everything.jsonl").read_text(encoding="utf-8").splitlines():
        validator.validate(json.loads(line))


def test_every_description_says_what_a_value_means() -> None:
    definitions: dict[str, Any] = json.loads(published())["$defs"]
    assert [
        name for name, said in definitions.items() if "properties" in said and said.get("description") == ""
    ] == []
