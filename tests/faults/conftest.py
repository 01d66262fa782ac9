"""What tests of faults ask for, and the line that a run of them ends with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

import pytest

from llm_effects.providers.leaf import Leaf
from tests.effects.scripted import FLOWS, Flow
from tests.faults.peer import Act, Server
from tests.faults.rows import row_of, tally
from tests.providers import Provider
from tests.sdk.conftest import colour, provider, serve

__all__ = ["Meet", "colour", "flow", "meet", "provider", "serve"]


@pytest.fixture(params=FLOWS, ids=str)
def flow(request: pytest.FixtureRequest) -> Flow:
    """A script of answers in every colour, `simulate` among them, without a socket."""
    return FLOWS[request.param]


class Meet(Protocol):
    """Start a server that does this to its connections, and make a runner on clients that go there."""

    def __call__(self, *acts: Act, tls: bool = False, timeout: float = 5.0) -> tuple[Server, Leaf]: ...


@pytest.fixture
def meet(provider: Provider) -> Iterator[Meet]:
    with ExitStack() as stack:

        def start(*acts: Act, tls: bool = False, timeout: float = 5.0) -> tuple[Server, Leaf]:
            server = stack.enter_context(Server(provider.wire, *acts, tls=tls))
            return server, provider.with_clients(server.url, timeout=timeout)

        yield start


# ---------------------------------------------------------------- the count

_HERE: Final = Path(__file__).parent
_PASSED: Final[dict[str, bool]] = {}
"""Each test that has run, and whether all of it passed. Under xdist this is filled where the reports arrive."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if row_of(report.nodeid) is not None:
        _PASSED[report.nodeid] = _PASSED.get(report.nodeid, True) and report.passed


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _PASSED and not hasattr(session.config, "workerinput") and _is_whole(session.config):
        told = tally(_PASSED.items())
        if exitstatus == pytest.ExitCode.OK and (told.missing or told.failed):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if _PASSED and reporter is not None and not hasattr(config, "workerinput"):
        for line in tally(_PASSED.items()).lines(whole=_is_whole(config)):
            reporter.write_line(line)


def _is_whole(config: pytest.Config) -> bool:
    """Whether all of this folder was asked for."""
    chosen = (config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "lf", "maxfail"))
    asked: Iterable[str] = config.args
    return not any(chosen) and any(
        "::" not in it and _HERE.is_relative_to((config.invocation_params.dir / it).resolve()) for it in asked
    )
