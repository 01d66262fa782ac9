"""Both providers, every colour, and a stub that the environment's settings lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from llm_effects import Runner
from llm_effects.stub import Step, Stub
from llm_effects.stub.server import Script
from tests.effects.scripted import COLOURS, Colour
from tests.providers import CLEARED, PROVIDERS, Provider
from tests.sdk.served import Serve


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Provider:
    """One of the two, in an environment that says nothing about either."""
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = request.param
    assert isinstance(found, Provider)
    return found


@pytest.fixture(params=COLOURS, ids=str)
def colour(request: pytest.FixtureRequest) -> Colour:
    return COLOURS[request.param]


@pytest.fixture
def serve(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a stub with a script, and make a runner that finds it by the environment's settings."""
    with ExitStack() as stack:

        def start(*steps: Step, script: Script | None = None) -> tuple[Stub, Runner]:
            stub = stack.enter_context(Stub(script if script is not None else steps))
            for name, value in provider.settings(stub).items():
                monkeypatch.setenv(name, value)
            return stub, provider.from_settings()

        yield start
