"""`python -m llm_effects.stub`: the stub for other programs, until it is interrupted.

Without a script it answers as `Echo` does, whatever it is asked.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from llm_effects.stub.script import Sent, Step
from llm_effects.stub.scripts import DEMO, BadScript, read_script
from llm_effects.stub.server import Received, Stub

if TYPE_CHECKING:
    from llm_pure.completion import Completion

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM. 2: the script is not understood, or the port is taken."""
    options = _options().parse_args(arguments)
    script: str | None = options.script
    try:
        steps = None
        if script is not None or options.demo:
            steps = read_script(DEMO if script is None else Path(script).read_bytes())
        again: bool = options.demo or options.loop
        stub = Stub(
            _again(steps) if steps and again else steps,
            port=options.port,
            strict=not options.lenient,
            gzip=options.gzip,
            on_request=_tell,
            keep=100,
        ).start()
    except (BadScript, OSError) as error:
        _say(f"{script or 'stub'}: {error}")
        return 2
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    _say(f"ANTHROPIC_BASE_URL={stub.url}")
    _say(f"OPENAI_BASE_URL={stub.openai_url}")
    stopped.wait()
    stub.stop()
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m llm_effects.stub", description="A provider on loopback, without a key."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="where to listen on 127.0.0.1; any free port by default"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--script", metavar="FILE.json", help="the answers, in order; see llm_effects.stub.scripts"
    )
    what.add_argument(
        "--demo", action="store_true", help="a few errors, a cut and a slow answer, again and again"
    )
    parser.add_argument("--loop", action="store_true", help="start the script over when it is used up")
    parser.add_argument(
        "--lenient", action="store_true", help="answer also what the real provider would refuse"
    )
    parser.add_argument("--gzip", action="store_true", help="compress for those who accept it")
    return parser


def _again(steps: tuple[Step, ...]) -> Callable[[Completion], Step]:
    turns = itertools.cycle(steps)
    return lambda _: next(turns)


def _tell(received: Received, step: Step | None) -> None:
    stream = " (stream)" if received.stream else ""
    _say(f"{received.method} {received.path}{stream} -> {_name(step)}")


def _name(step: Step | None) -> str:
    if step is None:
        return "refused"
    if isinstance(step, Sent):
        return f"{_name(step.answer)}, with mischief"
    return "text" if isinstance(step, str) else type(step).__name__


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
