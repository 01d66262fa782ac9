"""The pytest plugin: a cassette for each test that is marked.

    @pytest.mark.llm_cassette                     # or the fixture of that name, which gives the open `Cassette`
    def test_greeting(): ...

    @pytest.mark.llm_cassette("greeting", pieces="recorded", strict=False)
    async def test_greeting_later(): ...

Law: a marked test plays `cassettes/<module>/<test>.yaml` from before its fixtures are set up until they are torn down;
nothing else leaves this machine meanwhile. It fails if it asked what was not recorded, also if nobody noticed, and if
something recorded was not asked for. Recording is asked for by an option, never in CI, and only what a test that passed
has asked is written. A run in which nothing is marked imports neither an SDK nor vcrpy.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pytest

from llm_effects.replay.modes import MODES, Mode

if TYPE_CHECKING:
    from llm_effects.replay.lint import Finding
    from llm_effects.replay.pieces import Pieces
    from llm_effects.replay.tape import Cassette

__all__: list[str] = []

MARK: Final = "llm_cassette"
_PLAYED: Final = "llm_cassette"
_RECORDED: Final = "llm_recorded"
"""Properties of reports, which tell of files; they reach the process that prints the summary."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("llm", "recorded providers (llm_effects.replay)")
    group.addoption(
        "--llm-record",
        choices=MODES,
        default="none",
        help="what marked tests record: nothing (none, the default), everything if there is no cassette (once), "
        "what a cassette does not hold (new), everything anew (all); refused where CI is set",
    )
    group.addoption(
        "--llm-live", action="store_true", help="marked tests ask the real provider and record nothing"
    )
    group.addoption(
        "--llm-lint", action="store_true", help="look at the cassettes that were played: what is stale?"
    )
    for name, what in _LISTS.items():
        parser.addini(name, what, "linelist")
    for name, what in _SETTINGS.items():
        parser.addini(name, what, default="")


_LISTS: Final = {
    "llm_passthrough": "hosts that are neither recorded nor blocked (db.internal, localhost:8080, *.internal)",
    "llm_prompts": "if given: regular expressions of all that instructions and users may say in a cassette",
    "llm_scrub": "regular expressions of what must not be written to a cassette",
}
_SETTINGS: Final = {
    "llm_note": "a word on where recordings come from, written into each",
    "llm_max_age": "for --llm-lint: how many days old a recording may be",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "llm_cassette(name=None, *, pieces='random', seed=0, strict=True): play what providers answered from "
        "cassettes/<module>/<test>.yaml, or <name>.yaml; pieces: how streams come (random, recorded, whole); "
        "strict: requests that were missed, and interactions that were not asked for, fail the test",
    )
    mode, live = _mode(config), bool(config.getoption("--llm-live"))
    if mode != "none" and live:
        raise pytest.UsageError("--llm-live records nothing: it does not go with --llm-record")
    if mode != "none" and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise pytest.UsageError(
            "--llm-record is refused where CI is set: record on your own machine, commit the cassettes"
        )
    config.pluginmanager.register(_Summary(config, _max_age(config)), "llm_effects_summary")


def _mode(config: pytest.Config) -> Mode:
    return cast("Mode", config.getoption("--llm-record"))


def _max_age(config: pytest.Config) -> int | None:
    days = str(config.getini("llm_max_age"))
    if days and not days.isdecimal():
        raise pytest.UsageError(f"llm_max_age is a number of days, not {days!r}")
    return int(days) if days else None


# ---------------------------------------------------------------- one test


@dataclass(frozen=True)
class _Asked:
    """What a mark says."""

    name: str | None = None
    pieces: Pieces = "random"
    seed: int = 0
    strict: bool = True
    note: str = ""


@dataclass
class _Open:
    """The cassette of a test that runs. `live`: it is not in."""

    cassette: Cassette
    asked: _Asked
    live: bool = False
    passed: bool = True
    stack: ExitStack = field(default_factory=ExitStack)


_OPEN: Final = pytest.StashKey[_Open]()


@pytest.hookimpl(tryfirst=True)  # before fixtures, and within what other plugins wrap around a test
def pytest_runtest_setup(item: pytest.Item) -> None:
    asked = _asked(item)
    opened = asked if asked is None or isinstance(asked, str) else _opened(item, asked)
    if isinstance(opened, str):
        pytest.fail(opened, pytrace=False)
    if opened is not None:
        item.stash[_OPEN] = opened


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    opened = item.stash.get(_OPEN, None)
    if opened is not None and not report.passed:
        opened.passed = False
        # A test that looks at less than the outcome says less than why.
        report.sections.extend(
            (MARK, miss.message) for miss in opened.cassette.misses[:1] if report.when == "call"
        )
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    opened = item.stash.get(_OPEN, None)
    if opened is None:
        return (yield)
    with opened.stack:
        result = yield
    del item.stash[_OPEN]
    if not opened.live:
        _finish(item, opened)
    return result


@pytest.fixture
def llm_cassette(request: pytest.FixtureRequest) -> Cassette:
    """The cassette of this test, open."""
    return cast("pytest.Item", request.node).stash[_OPEN].cassette


def _asked(item: pytest.Item) -> _Asked | str | None:
    """What a test asks for; None: nothing; a text: what is wrong with its mark."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return _Asked() if MARK in getattr(item, "fixturenames", ()) else None
    try:
        return _Asked(*mark.args, **mark.kwargs)
    except TypeError as error:
        return f"@pytest.mark.{MARK}: {str(error).removeprefix('_Asked.__init__() ')}"


def _opened(item: pytest.Item, asked: _Asked) -> _Open | str:
    """The cassette of a test, in; or why there is none."""
    from llm_effects.replay.files import BadCassette
    from llm_effects.replay.names import BadName, cassette_path, file_name
    from llm_effects.replay.patches import InUse
    from llm_effects.replay.secrets import Scrubber
    from llm_effects.replay.session import opened, patterns
    from llm_effects.replay.tape import Cassette

    config = item.config
    live = bool(config.getoption("--llm-live"))
    try:
        path = cassette_path(item.path, file_name(_test(item)) if asked.name is None else asked.name)
        played = Cassette(
            path,
            "all" if live else _mode(config),
            Scrubber(more=patterns(_lines(config, "llm_scrub"))),
            asked.pieces,
            asked.seed,
            f"pytest {shlex.quote(item.nodeid)} --llm-record={'all' if path.exists() else 'once'}",
            asked.note or str(config.getini("llm_note")),
            patterns(_lines(config, "llm_prompts")),
        )
        put = _Open(played, asked, live)
        if not live:
            put.stack.enter_context(opened(played, _lines(config, "llm_passthrough")))
    except (BadCassette, BadName, InUse, ValueError) as error:
        return str(error)
    return put


def _test(item: pytest.Item) -> str:
    cls = getattr(item, "cls", None)
    return item.name if cls is None else f"{cls.__name__}.{item.name}"


def _lines(config: pytest.Config, name: str) -> list[str]:
    lines: list[str] = config.getini(name)
    return lines


def _finish(item: pytest.Item, opened: _Open) -> None:
    """What is to be done, and to be said, once a test is over."""
    from llm_effects.replay.tape import Leak

    cassette = opened.cassette
    item.user_properties.append((_PLAYED, str(cassette.path)))
    if not opened.passed:
        if not cassette.replaying:
            item.add_report_section(
                "teardown", "llm_cassette", f"{cassette.path} is not written: the test failed"
            )
        return
    told = "" if not opened.asked.strict else _left(cassette)
    if told:
        pytest.fail(told, pytrace=False)
    try:
        if cassette.save():
            item.user_properties.append((_RECORDED, str(cassette.path)))
    except (Leak, OSError) as error:
        pytest.fail(str(error), pytrace=False)


def _left(cassette: Cassette) -> str:
    """What was missed though the test passed, or recorded and not asked for."""
    misses, unplayed = cassette.misses, cassette.unplayed
    if misses:
        return f"the test passed, but asked what was not recorded: {misses[0].message}"
    if unplayed:
        asked = unplayed[0].request
        count = (
            "1 recorded interaction was"
            if len(unplayed) == 1
            else f"{len(unplayed)} recorded interactions were"
        )
        body = asked.body.decode("utf-8", "replace")
        return (
            f"{count} not asked for in {cassette.path}, the first: {asked.method} {asked.path} {body[:_SHOWN]}\n"
            f"To record anew: {cassette.command}"
        )
    return ""


_SHOWN: Final = 500


# ---------------------------------------------------------------- the whole run


class _Summary:
    """What is said at the end: which files are new and, if asked, what is wrong with those that were played."""

    def __init__(self, config: pytest.Config, max_age: int | None) -> None:
        self._config: Final = config
        self._max_age: Final = max_age
        self._played: set[Path] = set()
        self._recorded: set[str] = set()
        self._found: list[Finding] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == _PLAYED:
                    self._played.add(Path(str(value)))
                elif name == _RECORDED:
                    self._recorded.add(str(value))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self._config.getoption("--llm-lint") or hasattr(self._config, "workerinput"):
            return
        self._found = list(self._linted())
        if self._found and session.exitstatus in {pytest.ExitCode.OK, 0}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _linted(self) -> Iterable[Finding]:
        from llm_effects.replay.lint import Finding, findings
        from llm_effects.replay.secrets import Scrubber
        from llm_effects.replay.session import patterns

        scrubber = Scrubber(more=patterns(_lines(self._config, "llm_scrub")))
        for path in sorted(self._played):
            if path.exists():
                yield from findings(path, max_age=self._max_age, scrubber=scrubber)
        if _is_whole(self._config):
            for folder in sorted({path.parent for path in self._played}):
                for path in sorted({*folder.glob("*.yaml")} - self._played):
                    yield Finding(str(path), "unused", "no test has opened it")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._recorded:
            terminalreporter.section("cassettes recorded", sep="-")
            for path in sorted(self._recorded):
                terminalreporter.line(path)
        if self._found:
            terminalreporter.section("cassettes: what was found", sep="-")
            for finding in self._found:
                terminalreporter.line(str(finding))


def _is_whole(config: pytest.Config) -> bool:
    """Whether whole files of tests were asked for."""
    chosen = (config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "lf", "maxfail"))
    return not any(chosen) and not any("::" in argument for argument in config.args)
