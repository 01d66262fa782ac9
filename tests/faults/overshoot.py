"""How much later than its deadline a run ends: `python -m tests.faults.overshoot`.

Every colour, through every runner, against servers that never come to an end; milliseconds, median and worst.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Final

from llm_effects import with_deadline
from tests.effects.scripted import COLOURS
from tests.faults.checks import LONG
from tests.faults.peer import Act, Peer, Server, sending
from tests.providers import PROVIDERS

LIMIT: Final = 0.3
TIMES: Final = 4


def _silence(peer: Peer) -> None:
    peer.asked()
    peer.hold()


ENDLESS: Final[Mapping[str, Act]] = {
    "silence": _silence,
    "headers that drip": sending(LONG, size=1, pause=0.02),
    "a body that drips": sending(LONG, size=7, pause=0.02),
    "a handshake that nobody answers": Peer.hold,
}


def main() -> None:
    for name, act in ENDLESS.items():
        late: list[float] = []
        for provider in PROVIDERS:
            for colour in [*COLOURS.values()] * TIMES:
                with Server(provider.wire, act) as server:
                    url = server.url.replace("http:", "https:") if "handshake" in name else server.url
                    runner = with_deadline(LIMIT)(provider.with_clients(url))
                    began = time.monotonic()
                    colour(runner, provider.question)
                    late.append((time.monotonic() - began - LIMIT) * 1000)
        print(f"{name:32} median {median(late):4.0f} ms, worst {max(late):4.0f} ms of {len(late)}")


if __name__ == "__main__":
    main()
