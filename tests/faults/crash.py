"""Two processes write into one store until they are killed, again and again.

    python -m tests.faults.crash --rounds 1000 --seed 7

Law: after each round every acknowledged value is there whole, the file is sound, and nothing lies beside it. A kill may
meet anything: a write, a checkpoint, the opening, the closing, the making of the file.

Each writer goes round in keys of its own, so the last acknowledged value of each key is known; only the one that it was
writing may be newer. Both write one shared key, whose value is always whole and one that somebody wrote.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from llm_effects.stores import SqliteStore

KEYS: Final = 150
"""How many keys a writer goes round in."""
FRESH: Final = 25
"""Every so many rounds begin with no file, so that kills meet its making."""
_ACK: Final = struct.Struct("<q")


def value(name: str, n: int) -> bytes:
    """The n-th value of a writer: mostly small, now and then of many pages."""
    size = 60_000 if n % 41 == 0 else n * 7919 % 3000
    return b"%s %d " % (name.encode(), n) * (1 + size // 8)


def write(path: Path, name: str, start: int, acks: int) -> None:
    """Save and acknowledge for ever. Closes now and then: others open it meanwhile, and a kill may meet that."""
    chance = Random(f"{name}{start}")
    store = SqliteStore(path, timeout=30)
    for n in count(start):
        store.save(f"{name}{n % KEYS:x}", value(name, n))
        os.write(acks, _ACK.pack(n))
        if chance.random() < 0.1:
            store.save("shared", value(name, n))
        if chance.random() < 0.05:
            store.close()


@dataclass
class Writer:
    """One of the two, over all rounds. `acknowledged` is the last number it got through; -1: none."""

    name: str
    start: int = 0
    acknowledged: int = -1
    pid: int = 0
    pipe: int = -1

    def begin(self, path: Path) -> None:
        self.pipe, acks = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            with suppress(BaseException):
                os.close(self.pipe)
                write(path, self.name, self.acknowledged + 1, acks)
            os._exit(1)  # a writer ends only by being killed
        os.close(acks)

    def kill(self) -> int:
        """Kill it, and give how many it had acknowledged in this round."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        with os.fdopen(self.pipe, "rb") as pipe:
            read = [n for (n,) in _ACK.iter_unpack(pipe.read())]
        if os.WTERMSIG(status) != signal.SIGKILL or read != list(
            range(self.acknowledged + 1, self.acknowledged + 1 + len(read))
        ):
            raise AssertionError(f"writer {self.name} ended by itself (status {status})")
        self.acknowledged += len(read)
        return len(read)

    def forget(self) -> None:
        """The file is gone: what was in it is no more expected."""
        self.start = self.acknowledged + 1

    def expected(self) -> Iterator[tuple[str, set[bytes | None]]]:
        """What may stand under each key: the last acknowledged, and under one the value after it."""
        last = self.acknowledged
        for n in range(max(self.start, last - KEYS + 2), last + 1):
            yield f"{self.name}{n % KEYS:x}", {value(self.name, n)}
        before: bytes | None = value(self.name, last + 1 - KEYS) if last + 1 - KEYS >= self.start else None
        yield f"{self.name}{(last + 1) % KEYS:x}", {before, value(self.name, last + 1)}


@dataclass
class Tally:
    """What has happened so far."""

    rounds: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)


def one_round(path: Path, writers: list[Writer], chance: Random, tally: Tally, longest: float) -> None:
    for writer in writers:
        writer.begin(path)
    # From before anything was opened to many values later; the second goes on a little without the first.
    time.sleep(chance.random() ** 2 * longest)
    for writer in chance.sample(writers, len(writers)):
        tally.acknowledged += writer.kill()
        time.sleep(chance.random() ** 4 * 0.02)


def check(path: Path, writers: list[Writer], tally: Tally) -> None:
    at = f"round {tally.rounds}"
    with SqliteStore(path, timeout=30) as store:
        for writer in writers:
            for key, allowed in writer.expected():
                if store.load(key) not in allowed:
                    tally.lost.append(f"{at}: {key}")
        shared = store.load("shared")
        if shared is not None:
            name, n = shared.split(b" ", 2)[:2]
            if shared != value(name.decode(), int(n)):
                tally.lost.append(f"{at}: shared")
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()
    if found != ("ok",):
        tally.unsound.append(f"{at}: {found}")
    if strange := sorted(
        file.name for file in path.parent.iterdir() if file != path and ".new-" not in file.name
    ):
        tally.unsound.append(f"{at}: left behind: {strange}")


def crash(rounds: int, seed: int, longest: float, folder: Path) -> Tally:
    chance, tally = Random(seed), Tally()
    path = folder / "answers.db"
    writers = [Writer("a"), Writer("b")]
    try:
        for tally.rounds in range(1, rounds + 1):
            if tally.rounds % FRESH == 0:
                for file in folder.iterdir():
                    file.unlink()
                for writer in writers:
                    writer.forget()
            one_round(path, writers, chance, tally, longest)
            check(path, writers, tally)
    finally:
        for writer in writers:
            if writer.pid:
                os.kill(writer.pid, signal.SIGKILL)
    return tally


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=1000)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--longest", type=float, default=0.5, help="seconds that a round lasts at most")
    asked = options.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = crash(asked.rounds, asked.seed, asked.longest, Path(folder))
    for line in [*tally.lost, *tally.unsound][:20]:
        print(line, file=sys.stderr)
    print(
        f"crash: {tally.rounds} rounds, {2 * tally.rounds} processes killed, {tally.acknowledged} values"
        f" acknowledged: {len(tally.lost)} lost, {len(tally.unsound)} files unsound"
        f" ({time.monotonic() - began:.0f} s, seed {asked.seed})"
    )
    return 1 if tally.lost or tally.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
