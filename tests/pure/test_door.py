"""The door of `llm_pure`: everything that a user needs stands there, by name, in order."""

import ast
from pathlib import Path
from typing import get_args

import llm_pure
from llm_pure import errors, events, messages, parts

DOOR = Path(str(llm_pure.__file__))


def test_all_lists_exactly_what_is_imported_in_order() -> None:
    tree = ast.parse(DOOR.read_text(encoding="utf-8"))
    imported = {n.asname or n.name for i in tree.body if isinstance(i, ast.ImportFrom) for n in i.names}
    assert set(llm_pure.__all__) == imported
    assert len(llm_pure.__all__) == len(imported)
    # As the linter sorts: constants, classes, functions.
    kinds = [(0 if n.isupper() else 1 if n[0].isupper() else 2, n) for n in llm_pure.__all__]
    assert kinds == sorted(kinds)


def test_every_name_is_there() -> None:
    for name in llm_pure.__all__:
        assert getattr(llm_pure, name) is not None


def test_all_values_are_at_the_door() -> None:
    unions = (parts.Part, messages.Message, errors.LlmError, events.StreamEvent)
    names = {cls.__name__ for union in unions for cls in get_args(union)}
    names |= {"Completion", "Response", "Usage", "Tool", "ToolChoice", "Output", "ReasoningSetting"}
    names |= {"user", "assistant", "system", "Outcome", "LlmError", "StopReason", "mapped", "then", "outcome"}
    names |= {"RetryPolicy", "ContinuationPolicy", "cache_key", "seam", "join", "normal", "parse_tool_call"}
    assert names <= set(llm_pure.__all__)
