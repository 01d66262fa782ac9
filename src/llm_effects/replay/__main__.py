"""`python -m llm_effects.replay COMMAND …`: what can be done with cassettes besides playing them.

Law: a command is a row of `COMMANDS` and a module with `main(arguments) -> exit status`, which is imported only when
the command is given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final, cast

__all__ = ["COMMANDS", "main"]

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "show": ("llm_effects.replay.show", "a cassette or a trace as a transcript, or as a page"),
    "lint": ("llm_effects.replay.lint", "what is stale, unsafe or not needed in recordings"),
}
"""The commands: the module of each, and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 2: there is no such command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in COMMANDS:
        command: object = import_module(COMMANDS[given[0]][0]).main
        return cast("Callable[[list[str]], int]", command)(given[1:])
    asked = bool(given) and given[0] in {"-h", "--help"}
    (sys.stdout if asked else sys.stderr).write(_usage())
    return 0 if asked else 2


def _usage() -> str:
    rows = [f"  {name:<8} {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: python -m llm_effects.replay COMMAND …", "", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
