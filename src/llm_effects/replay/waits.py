"""No replay ever sleeps.

Law: while a recording is played, every wait of this library and of both SDKs passes at once: between attempts, between
polls. For our own runs the clock moves on by what was not waited, so that a deadline decides as it would have.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self
from unittest.mock import patch

from llm_effects.interpreters.waiting import SKIPPED

__all__ = ["SLEEPS", "NoWaits"]

SDKS: Final = ("anthropic", "openai")
SLEEPS: Final = (
    ("_base_client", "SyncAPIClient", "_sleep_for_retry"),
    ("_base_client", "AsyncAPIClient", "_sleep_for_retry"),
    ("_resource", "SyncAPIResource", "_sleep"),
    ("_resource", "AsyncAPIResource", "_sleep"),
)
"""Where an SDK sleeps, the same places in both: modules, classes, methods. They have no public way to say how."""


class NoWaits:
    """Nothing waits while this is open. `reach` extends it to the SDKs that have been imported since."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._reached: set[str] = set()

    def __enter__(self) -> Self:
        self._stack.enter_context(SKIPPED.skipping())
        self.reach()
        return self

    def reach(self) -> None:
        for sdk in SDKS:
            # An SDK that nobody has imported sleeps nowhere, and takes half a second to import.
            if sdk in sys.modules and sdk not in self._reached:
                self._reached.add(sdk)
                for module, owner, name in SLEEPS:
                    held: object = getattr(sys.modules.get(f"{sdk}.{module}"), owner, None)
                    if hasattr(held, name):
                        self._stack.enter_context(
                            patch.object(held, name, _apass if owner.startswith("Async") else _pass)
                        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _pass(*_: object, **__: object) -> None:
    """Instead of a blocking wait."""


async def _apass(*_: object, **__: object) -> None:
    from anyio.lowlevel import checkpoint  # both SDKs need anyio

    await checkpoint()
