"""After very many calls that failed or were given up nothing is left: no socket, task, thread, file or memory.

`LEAKS=10000` says how many calls; a few hundred are made otherwise.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest

from llm_effects import Runner, arun, astream, run, stream, with_deadline, with_retry
from llm_pure import RetryPolicy
from tests.faults.checks import LONG
from tests.faults.peer import Act, Peer, Server, answering, sending
from tests.faults.test_caller import churned
from tests.providers import Provider

CALLS: Final = int(os.environ.get("LEAKS") or 300)
OURS: Final = "llm_effects-"


def _any(peer: Peer) -> None:
    """A connection that does something else each time."""
    ENDS[peer.number % len(ENDS)](peer)


ENDS: Final[list[Act]] = [
    answering("Hello"),
    lambda peer: None,
    Peer.reset,
    sending(cut=20),
    sending(cut=150),
    sending(LONG, writes=6),
    sending(LONG, writes=6, then="reset"),
    sending(LONG, writes=6, then="hold"),
    sending(LONG, size=40, pause=0.001),
    lambda peer: peer.hold(),
]


def files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def settled(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true in a while: what is closed is closed by the other side, too."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        gc.collect()
        time.sleep(0.01)
    return True


def blocking(runner: Runner, provider: Provider, chance: Random) -> None:
    if chance.random() < 0.5:
        run(runner, provider.question)
        return
    events = stream(runner, provider.question)
    for _ in range(chance.randint(1, 6)):
        next(events, None)


async def on_loop(runner: Runner, provider: Provider, chance: Random) -> None:
    try:
        async with asyncio.timeout(chance.random() * 0.06):
            if chance.random() < 0.5:
                await arun(runner, provider.question)
                return
            events = astream(runner, provider.question)
            for _ in range(chance.randint(1, 6)):
                await anext(events, None)
    except TimeoutError:
        pass


def grown(calls: Callable[[int], None], count: int) -> int:
    """By how much the memory in use has grown over the second half of so many calls, in bytes."""
    calls(count // 2)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    calls(count // 2)
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


def _ours() -> int:
    """How many threads of ours there are."""
    return len([it for it in threading.enumerate() if it.name.startswith(OURS)])


@pytest.mark.slow
@pytest.mark.parametrize("where", ["on this thread", "on a loop"])
def test_calls_that_fail_or_are_given_up_leave_nothing(provider: Provider, where: str) -> None:
    before = _ours()  # what other tests have left idle
    chance = Random(3)
    with Server(provider.wire, _any) as server:
        runner = with_deadline(0.05)(
            with_retry(RetryPolicy(max_attempts=2, base_delay=0.001))(provider.with_clients(server.url))
        )

        def blocking_calls(count: int) -> None:
            for _ in range(count):
                blocking(runner, provider, chance)

        def calls_on_a_loop(count: int) -> None:
            async def main() -> None:
                for _ in range(0, count, 10):
                    await asyncio.gather(*(on_loop(runner, provider, chance) for _ in range(10)))
                await asyncio.sleep(0.1)  # what was dropped is closed by the loop
                assert len(asyncio.all_tasks()) == 1

            asyncio.run(main())

        def calls(count: int) -> None:
            (blocking_calls if where == "on this thread" else calls_on_a_loop)(count)
            server.requests.clear()  # which the server keeps, and not what is tried here
            server.heads.clear()

        calls(60)
        assert settled(lambda: server.open <= 1)
        opened, threads = files(), threading.active_count()
        tracemalloc.start()
        more = grown(calls, CALLS)
        tracemalloc.stop()
        assert settled(lambda: server.open <= 1)  # one may be kept for the next call
        # The server is in this process: its ends of connections are among the files, and its threads among the threads.
        assert settled(lambda: files() <= opened + 4)
        assert settled(lambda: threading.active_count() <= threads + 4)
        assert settled(lambda: _ours() <= before + 8)
        assert more < 150_000 + 20 * CALLS


@pytest.mark.slow
async def test_cancelled_calls_lose_no_slot_of_their_pool(provider: Provider) -> None:
    await churned(provider, CALLS)
