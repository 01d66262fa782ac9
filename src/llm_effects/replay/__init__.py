"""Offline replay for the tests of programs that call a provider: record once, play anywhere, know when it is stale.

With pytest, a mark gives each test a cassette of its own (`cassettes/<module>/<test>.yaml`):

    @pytest.mark.llm_cassette
    def test_greeting():
        assert "hello" in greet("Ada")          # any runner, or a bare client of either SDK, in any colour

    pytest --llm-record=once                    # records what is missing; without the option nothing goes out

Elsewhere `cassette(path)` is a context manager. `python -m llm_effects.replay lint cassettes` says what is stale.

Importing this loads neither an SDK nor vcrpy: what needs them is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_effects.lazy import on_demand

if TYPE_CHECKING:
    from llm_effects.replay.files import BadCassette, Recording, read_cassette, write_cassette
    from llm_effects.replay.interactions import Answer, Fault, Header, Interaction, Request
    from llm_effects.replay.misses import NotRecorded
    from llm_effects.replay.modes import Mode
    from llm_effects.replay.names import BadName
    from llm_effects.replay.network import NetworkBlocked
    from llm_effects.replay.patches import InUse
    from llm_effects.replay.scripting import scripted
    from llm_effects.replay.session import cassette
    from llm_effects.replay.tape import Cassette, Leak
    from llm_effects.replay.traces import Rendered, cassette_of
else:  # hidden from type checkers: to them a module with a `__getattr__` has every name
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "Answer": "interactions",
            "BadCassette": "files",
            "BadName": "names",
            "Cassette": "tape",
            "Fault": "interactions",
            "Header": "interactions",
            "InUse": "patches",
            "Interaction": "interactions",
            "Leak": "tape",
            "Mode": "modes",
            "NetworkBlocked": "network",
            "NotRecorded": "misses",
            "Recording": "files",
            "Rendered": "traces",
            "Request": "interactions",
            "cassette": "session",
            "cassette_of": "traces",
            "read_cassette": "files",
            "scripted": "scripting",
            "write_cassette": "files",
        },
    )

__all__ = [
    "Answer",
    "BadCassette",
    "BadName",
    "Cassette",
    "Fault",
    "Header",
    "InUse",
    "Interaction",
    "Leak",
    "Mode",
    "NetworkBlocked",
    "NotRecorded",
    "Recording",
    "Rendered",
    "Request",
    "cassette",
    "cassette_of",
    "read_cassette",
    "scripted",
    "write_cassette",
]
