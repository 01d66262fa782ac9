"""`python -m llm_effects.replay show FILE`: a cassette or a trace, for people.

Law: what is shown is what the file holds; nothing is sent, and nothing is written but the page that was asked for. The
exit status is 0, or 2 for a file that cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from returns.result import Failure

from llm_effects.replay.files import recording_of
from llm_effects.replay.traces import exchanges_in
from llm_effects.show.story import Story, story_of, story_of_exchanges
from llm_effects.trace.trace import Trace

__all__ = ["main", "read_story"]


def read_story(path: Path) -> Story:
    """The story of a file. Raises `OSError`, and a `ValueError` that says what is wrong with the file."""
    data = path.read_bytes()
    if data.lstrip()[:1] == b"{":
        trace = Trace.from_jsonl(data)
        if isinstance(trace, Failure):
            error = trace.failure()
            raise ValueError(f"{path}: {error.message} ({error.path})")
        return story_of(trace.unwrap(), path.name)
    try:
        recording = recording_of(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    header = recording.header
    facts = [
        ("recorded", "" if header is None else header.recorded),
        ("with", "" if header is None else ", ".join([f"{name} {of}" for name, of in header.sdks.items()])),
        ("note", "" if header is None else header.note),
    ]
    return story_of_exchanges(exchanges_in(recording), path.name, facts)


def main(arguments: Sequence[str]) -> int:
    """Show a file in the terminal, or write it as a page."""
    parser = argparse.ArgumentParser(
        prog="python -m llm_effects.replay show", description="Show a cassette or a trace."
    )
    parser.add_argument("file", type=Path, help="a cassette (YAML) or a trace (JSON Lines)")
    parser.add_argument(
        "--html",
        nargs="?",
        const="",
        metavar="PAGE",
        help="write one page that loads nothing, beside the file or to PAGE (- is standard output)",
    )
    given = list(arguments)
    if given[:1] == ["--html"] and len(given) == 2:  # `show --html FILE`: the file, not the page
        given.reverse()
    asked = parser.parse_args(given)
    file: Path = asked.file
    to: str | None = asked.html
    try:
        story = read_story(file)
        if to is not None:
            _write(story, file, to)
            return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        from rich.console import Console
    except ImportError:
        sys.stderr.write("show needs rich: pip install 'llm-pure[testing]', or ask for a page with --html\n")
        return 2
    from llm_effects.show.terminal import tell

    tell(story, Console())
    return 0


def _write(story: Story, file: Path, to: str) -> None:
    from llm_effects.show.page import page

    html = page(story)
    if to == "-":
        sys.stdout.write(html)
        return
    place = Path(to) if to else file.with_name(file.name + ".html")
    place.write_text(html, encoding="utf-8")
    sys.stdout.write(f"{place}\n")
