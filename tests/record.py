"""Record the cassettes anew, against the stub provider: `make record`. No key, no network, no real service."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    sys.path[0] = str(
        ROOT
    )  # instead of this folder, whose `typing` would be taken for the one of the language
    from tests.effects.scripted import COLOURS
    from tests.recording import CASSETTES, record

    CASSETTES.mkdir(exist_ok=True)
    old = set(CASSETTES.glob("*.yaml"))
    new = set(record(CASSETTES, COLOURS))
    for path in old - new:
        path.unlink()
    print(f"{len(new)} cassettes in {CASSETTES.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
