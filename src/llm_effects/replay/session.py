"""A cassette, from opening to writing.

    with cassette(Path("cassettes/greeting.yaml")) as played:
        ...                                    # whatever both SDKs send is played; nothing else goes out
    with cassette(path, "once") as recorded:   # records, if there is no such file
        ...

Law: while it is played, nothing leaves this machine, nothing waits, and no key is needed. It is written when the block
ends without an exception, and not otherwise: a cassette is what a run that went well has asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from llm_effects.replay.modes import Mode
from llm_effects.replay.network import Hosts, NoNetwork
from llm_effects.replay.patches import inserted
from llm_effects.replay.pieces import Pieces
from llm_effects.replay.secrets import Scrubber
from llm_effects.replay.tape import Cassette
from llm_effects.replay.transport import Deck
from llm_effects.replay.waits import NoWaits

__all__ = ["cassette", "opened", "patterns"]


@contextmanager
def cassette(
    path: Path,
    mode: Mode = "none",
    *,
    pieces: Pieces = "random",
    seed: int = 0,
    scrub: Iterable[str] = (),
    passthrough: Iterable[str] = (),
    note: str = "",
    prompts: Iterable[str] = (),
) -> Generator[Cassette]:
    """Play a cassette, or record it as `mode` says.

    `pieces` and `seed` say how replayed streams are handed over, `scrub` adds regular expressions of what must not be
    written, `passthrough` names hosts (`db.internal`, `localhost:8080`, `*.internal`) that are none of its business,
    `note` stands in the file, and `prompts`, if given, are regular expressions of what instructions and users may
    say in it: what else they say is not written. Raises `BadCassette`, `Leak`, `InUse` and `OSError`.
    """
    scrubber = Scrubber(more=patterns(scrub))
    played = Cassette(path, mode, scrubber, pieces, seed, note=note, prompts=patterns(prompts))
    with opened(played, passthrough):
        yield played
    played.save()


@contextmanager
def opened(played: Cassette, passthrough: Iterable[str] = ()) -> Generator[None]:
    """Put a cassette in; it is not written at the end."""
    through = _hosts(tuple(passthrough))
    with ExitStack() as stack:
        waits = NoWaits()
        stack.enter_context(inserted(Deck(played, through, waits.reach if played.replaying else _nothing)))
        if played.replaying:
            stack.enter_context(_keys())
            stack.enter_context(waits)
            stack.enter_context(NoNetwork(through))
        yield


def patterns(texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Regular expressions. Raises `ValueError` for what is none."""
    try:
        return tuple(map(re.compile, texts))
    except re.error as error:
        raise ValueError(f"{error.pattern!r} is no regular expression: {error}") from None


def _nothing() -> None:
    """Waits are real while something is recorded."""


_KEYS: Final = ("ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY")


@contextmanager
def _keys() -> Generator[None]:
    """A key for whoever has none: an SDK makes no client without, and nobody is shown this one."""
    missing = [name for name in _KEYS if not os.environ.get(name)]
    before = {name: os.environ.get(name) for name in missing}
    os.environ.update(dict.fromkeys(missing, "replayed"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _hosts(patterns: tuple[str, ...]) -> Hosts:
    """Whether a host is let through. Without a port it is asked whether any of its ports is."""

    def through(host: str, port: int | None) -> bool:
        for pattern in patterns:
            name, colon, only = pattern.rpartition(":")
            if fnmatch(host, pattern) or (
                colon and fnmatch(host, name) and (port is None or fnmatch(str(port), only))
            ):
                return True
        return False

    return through
