"""A request that was not recorded.

Law: a miss names the file, shows what differs from the recorded request that is nearest, and says how to record it. In
a run of ours it becomes `Failure(CassetteMiss)`. Elsewhere it is `NotRecorded`, which no `except Exception` of an SDK
or of the program under test can take for a connection that broke, and try again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from llm_effects.replay.interactions import Request
from llm_effects.replay.matching import difference, key_of, nearest

if TYPE_CHECKING:
    from llm_pure.errors import CassetteMiss

__all__ = ["Miss", "NotRecorded", "miss_of"]


class NotRecorded(BaseException):
    """A request that was not recorded, outside of a run of ours. No `Exception`, as pytest's own failures are none."""


class Miss(Exception):
    """The same within a run of ours. `fault` is what it comes to."""

    def __init__(self, fault: CassetteMiss) -> None:
        super().__init__(fault.message)
        self.fault: Final = fault


def miss_of(
    asked: Request, recorded: Sequence[Request], path: Path, command: str, *, exists: bool
) -> CassetteMiss:
    """What to say of a request that no interaction was left for."""
    from llm_pure.errors import CassetteMiss

    what = f"{asked.method} {asked.path}"
    key = key_of(asked)
    times = sum(key_of(request) == key for request in recorded)
    near = nearest(asked, recorded)
    if not exists:
        told = f"{what}: there is no cassette {path}"
    elif times:
        told = f"{what}: recorded {_times(times)} in {path}, and asked once more"
    elif near is None:
        told = f"{what}: nothing like it is recorded in {path}"
    else:
        told = f"{what}: not as it is recorded in {path}\n{difference(asked, recorded[near])}"
    return CassetteMiss(message=f"{told}\nTo record it: {command}", file=str(path))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
