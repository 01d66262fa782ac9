"""The two front doors: what can be imported from them, that it says what it is, and that it travels.

Whatever goes through a provider's SDK is in `tests/sdk/`.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import json
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_effects
import llm_pure
from llm_effects import (
    Draft,
    MemoryStore,
    Note,
    Runner,
    Slow,
    SqliteStore,
    anthropic_runner,
    compose,
    openai_chat_runner,
    openai_responses_runner,
    resolve,
    simulate,
    standard,
    with_cache,
    with_continuation,
    with_deadline,
    with_prefill_echo,
    with_retry,
    with_stop_sequence,
)
from llm_pure import (
    AssistantMessage,
    Bucket,
    Completion,
    ContinuationPolicy,
    LlmError,
    Loss,
    Overloaded,
    Response,
    RetryPolicy,
    RetryState,
    Segment,
    Target,
    Text,
    ToolChoice,
    Usage,
    anthropic_messages,
    openai_chat,
    seam_start,
    traits_of,
    user,
)
from llm_pure.dialects import OPENROUTER
from llm_pure.errors import ERRORS
from llm_pure.strategies import completions, responses

PACKAGES = [llm_pure, llm_effects]


def fresh(program: str) -> str:
    """What a program prints in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", program], capture_output=True, text=True, check=True
    ).stdout


def public(package: ModuleType) -> list[str]:
    names: list[str] = package.__all__
    return names


# ---------------------------------------------------------------- what can be imported


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_all_is_sorted_and_names_nothing_twice(package: ModuleType) -> None:
    def order(name: str) -> tuple[int, str]:  # constants, classes, the rest, as ruff has it
        return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

    assert public(package) == sorted(set(public(package)), key=order)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_name_of_all_can_be_imported(package: ModuleType) -> None:
    assert [name for name in public(package) if getattr(package, name, None) is None] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_dir_lists_every_name_of_all(package: ModuleType) -> None:
    assert set(public(package)) <= set(dir(package))


@pytest.mark.parametrize("package", ["llm_pure", "llm_effects"])
def test_a_star_import_gives_every_name_to_a_program_that_has_imported_nothing_else(package: str) -> None:
    program = f"""
        import json
        before = set(dir())
        from {package} import *
        given = sorted(set(dir()) - before - {{"before"}})
        import {package}
        assert given == sorted({package}.__all__), given
        print(len(given))
    """
    assert int(fresh(inspect.cleandoc(program))) > 20


@pytest.mark.slow
def test_every_name_of_llm_effects_can_be_imported_first() -> None:
    # Names are imported when they are asked for: none may need that another was asked for before.
    program = """
        import json, subprocess, sys, importlib
        import llm_effects
        def forget():
            for name in [name for name in sys.modules if name.split(".")[0] == "llm_effects"]:
                del sys.modules[name]
        failed = []
        for name in llm_effects.__all__:
            forget()
            try:
                getattr(importlib.import_module("llm_effects"), name)
            except Exception as error:
                failed.append(f"{name}: {error!r}")
        print(json.dumps(failed))
    """
    assert json.loads(fresh(inspect.cleandoc(program))) == []


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'with_luck'"):
        llm_effects.with_luck  # type: ignore[attr-defined]  # noqa: B018


def test_the_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    lines = Path(llm_effects.__file__).read_text(encoding="utf-8").splitlines()
    imported = {
        name.strip()
        for line in lines
        if line.startswith("    from ")
        for name in line.partition(" import ")[2].split(",")
    }
    assert imported == set(public(llm_effects))


# ---------------------------------------------------------------- that it says what it is


def defined_here(package: ModuleType) -> list[tuple[str, object]]:
    found = [(name, getattr(package, name)) for name in public(package)]
    return [(name, it) for name, it in found if inspect.isclass(it) or inspect.isfunction(it)]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_class_and_function_has_a_docstring_of_its_own(package: ModuleType) -> None:
    def own(it: object) -> str:
        return (
            inspect.cleandoc(it.__doc__ or "")
            if not inspect.isclass(it)
            else it.__dict__.get("__doc__") or ""
        )

    generated = {  # what `dataclass` writes where nothing is written
        name
        for name, it in defined_here(package)
        if dataclasses.is_dataclass(it) and own(it).startswith(f"{name}(")
    }
    assert [name for name, it in defined_here(package) if not own(it)] == []
    assert generated == set()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_method_has_a_docstring(package: ModuleType) -> None:
    silent = [
        f"{name}.{member}"
        for name, it in defined_here(package)
        if inspect.isclass(it) and not getattr(it, "_is_protocol", False)
        for member, value in vars(it).items()
        if not member.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and not inspect.getdoc(value)
    ]
    assert silent == []


def modules_of(package: ModuleType) -> list[str]:
    return [
        module.name
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__")
    ]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_module_opens_with_what_it_is(package: ModuleType) -> None:
    silent = [name for name in modules_of(package) if not importlib.import_module(name).__doc__]
    assert silent == []


def test_importing_every_module_does_nothing_but_define() -> None:
    # No file is written, no socket, thread or process made, no setting of the process changed, nothing printed.
    names = [name for package in PACKAGES for name in modules_of(package) if ".strategies" not in name]
    program = f"""
        import importlib, json, logging, os, signal, sys, threading, warnings
        import typing, dataclasses, returns.result
        seen = []
        WATCHED = ("socket.", "subprocess.", "os.putenv", "os.unsetenv", "os.mkdir", "os.remove", "os.rename",
                   "sqlite3.connect", "_thread.start_new_thread", "os.fork", "os.system", "signal.")
        def watch(event, args):
            if event.startswith(WATCHED):
                seen.append(event)
            if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
                if "__pycache__" not in str(args[0]):
                    seen.append(f"write {{args[0]}}")
        before = (dict(os.environ), list(warnings.filters), logging.root.level, list(logging.root.handlers))
        sys.addaudithook(watch)
        for name in {names!r}:
            importlib.import_module(name)
        after = (dict(os.environ), list(warnings.filters), logging.root.level, list(logging.root.handlers))
        print(json.dumps([seen, before == after, threading.active_count()]))
    """
    assert json.loads(fresh(inspect.cleandoc(program))) == [[], True, 1]


# ---------------------------------------------------------------- errors

ATTRIBUTES = ("retryable", "retry_after", "usage", "partial", "request_id")
PART_READ = Response(AssistantMessage((Text("as far as"),)), Usage(3, 2), id="m1", provider="anthropic")


def an_error(kind: type[LlmError]) -> LlmError:
    """One with something in every field that all errors have."""
    return kind(
        message="no",
        status=418,
        type="t",
        code="c",
        path="$.messages[0]",
        retry_after=1.5,
        usage=Usage(3, 2),
        partial=PART_READ,
        request_id="r1",
    )


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_what_a_caller_decides_by(kind: type[LlmError]) -> None:
    bare, full = kind(), an_error(kind)
    assert [getattr(bare, name) for name in ATTRIBUTES] == [bare.retryable, None, None, None, None]
    assert type(bare.retryable) is bool
    assert [getattr(full, name) for name in ATTRIBUTES[1:]] == [1.5, Usage(3, 2), PART_READ, "r1"]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_is_frozen_hashable_and_travels(kind: type[LlmError]) -> None:
    error = an_error(kind)
    assert pickle.loads(pickle.dumps(error)) == error
    assert copy.deepcopy(error) == error
    assert hash(copy.deepcopy(error)) == hash(error)
    with pytest.raises(dataclasses.FrozenInstanceError):
        error.message = "yes"  # type: ignore[misc]


def test_the_errors_of_the_union_are_the_errors_that_are_exported() -> None:
    assert [kind.__name__ for kind in ERRORS if getattr(llm_pure, kind.__name__, None) is not kind] == []


# ---------------------------------------------------------------- values


@given(st.one_of(completions(), responses()))
def test_every_value_travels_and_arrives_equal(value: Completion | Response) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
    assert copy.deepcopy(value) == value
    assert hash(copy.deepcopy(value)) == hash(value)


def test_what_a_run_tells_travels() -> None:
    answer = Response(
        AssistantMessage((Text("Hello"),)), Usage(1, 1), "end", "end_turn", provider="anthropic"
    )
    runner = compose(
        anthropic_runner(model="claude-haiku-4-5"),
        with_retry(RetryPolicy(base_delay=0)),
        with_cache(MemoryStore()),
    )
    done = simulate(
        runner, Completion([user("Hi")]), [Overloaded(status=529), Slow(2, answer)], observed=True
    )
    told: tuple[tuple[Note, ...], tuple[object, ...]] = (done.notes, done.events)
    assert len(done.notes) > 3
    assert pickle.loads(pickle.dumps(told)) == told
    assert pickle.loads(pickle.dumps(Loss("$.seed", "no field"))) == Loss("$.seed", "no field")


def test_policies_states_and_targets_travel() -> None:
    values = (
        RetryPolicy(max_attempts=9, deadline=3),
        RetryState(1, 1, 0.5),
        Bucket(3),
        ContinuationPolicy(max_rounds=2),
        Segment(Completion([user("Hi")]), 1, PART_READ, Usage(1), "\n", user("go on"), 3),
        seam_start("so far", cut=" "),
        Target("anthropic", "anthropic_messages", "https://proxy.example", "m"),
        traits_of("claude-haiku-4-5"),
        ToolChoice.named("look", parallel=False),
        anthropic_messages.encode_request(Completion([user("Hi")], model="m", top_k=3)).unwrap(),
        anthropic_messages.stream_step(anthropic_messages.stream_start(), b"event: message_st")[0],
        openai_chat.stream_step(openai_chat.stream_start(), b'data: {"choi')[0],
        resolve(Completion([user("Hi")]), Draft.user("What is this?", Path("cat.png"))),
    )
    assert [value for value in values if pickle.loads(pickle.dumps(value)) != value] == []


# ---------------------------------------------------------------- runners made from settings travel


def stacks(store: MemoryStore | SqliteStore) -> list[Runner]:
    leaves = [
        anthropic_runner(model="claude-haiku-4-5"),
        openai_chat_runner(model="gpt-4o-mini", dialect=OPENROUTER),
        openai_responses_runner(model="gpt-5.2"),
    ]
    return [
        stack
        for leaf in leaves
        for stack in (
            leaf,
            with_retry()(leaf),
            with_continuation()(leaf),
            with_cache(store, scope="tenant")(leaf),
            with_deadline(3)(leaf),
            with_prefill_echo()(leaf),
            with_stop_sequence()(leaf),
            standard(leaf, retries=2, continues=2, cache=store),
            compose(leaf, with_prefill_echo(), with_retry(), with_cache(store), with_deadline(9)),
        )
    ]


def test_a_runner_made_from_settings_travels_with_everything_around_it(tmp_path: Path) -> None:
    for store in (MemoryStore(7), SqliteStore(tmp_path / "answers.sqlite")):
        for runner in stacks(store):
            arrived: Runner = pickle.loads(pickle.dumps(runner))
            assert (type(arrived), arrived.target, arrived.layers) == (
                type(runner),
                runner.target,
                runner.layers,
            )


def test_runners_without_a_store_in_memory_arrive_equal(tmp_path: Path) -> None:
    for runner in stacks(SqliteStore(tmp_path / "answers.sqlite")):
        assert pickle.loads(pickle.dumps(runner)) == runner


def test_a_store_in_memory_arrives_empty_and_as_large() -> None:
    store = MemoryStore(7)
    store.save("0a", b"answer")
    arrived: MemoryStore = pickle.loads(pickle.dumps(store))
    assert (arrived.max_entries, arrived.load("0a"), store.load("0a")) == (7, None, b"answer")


def test_a_store_in_a_file_arrives_with_what_it_holds(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "answers.sqlite")
    store.save("0a", b"answer")
    arrived: SqliteStore = pickle.loads(pickle.dumps(store))
    assert arrived.load("0a") == b"answer"


def test_retry_state_does_not_travel_and_the_runner_still_runs() -> None:
    answer = Response(
        AssistantMessage((Text("Hello"),)), Usage(1, 1), "end", "end_turn", provider="anthropic"
    )
    runner = with_retry()(anthropic_runner(model="claude-haiku-4-5"))
    arrived: Runner = pickle.loads(pickle.dumps(runner))
    script: list[Overloaded | Response] = [Overloaded(status=529), answer]
    done = [simulate(it, Completion([user("Hi")]), script, seed=1) for it in (runner, arrived)]
    assert done[0].outcome == done[1].outcome
    assert done[0].elapsed == done[1].elapsed
