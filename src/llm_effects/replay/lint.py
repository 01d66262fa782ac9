"""`python -m llm_effects.replay lint PATH …`: what is stale, unsafe or not needed in recordings.

Law: a finding names its file and what to look at; each kind is a row of `KINDS`. The exit status is 0 if nothing was
found, 1 if something was, 2 if there was nothing to look at. `--json` says the same as one JSON document.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from typing_extensions import override

from llm_effects.replay.drift import drifts
from llm_effects.replay.files import BadCassette, Recording, read_cassette, text_of
from llm_effects.replay.interactions import Interaction
from llm_effects.replay.matching import Key, key_of
from llm_effects.replay.names import FOLDER
from llm_effects.replay.scan import shapes_in, strings_of
from llm_effects.replay.secrets import Scrubber

__all__ = ["KINDS", "Finding", "findings", "main"]

KINDS: Final[Mapping[str, str]] = {
    "unreadable": "a file that is no cassette, or was cut",
    "secret": "something that looks like a key, a token, a cookie, somebody's id or an email",
    "unused": "a cassette whose test is gone, or that no test has opened",
    "duplicate": "an interaction that repeats another, answer and all",
    "request": "a request that today's codec would not build from the same completion",
    "response": "an answer that today's codec does not take",
    "sdk": "an answer that the types of the installed SDK do not take",
    "unmodelled": "a field that neither the codec nor the SDK knows",
    "old": "a recording older than the limit, or of no known date",
}
"""What is looked for."""
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `interaction` counts from 0; `path` is a place within its body."""

    file: str
    kind: str
    message: str
    interaction: int | None = None
    path: str | None = None
    diff: str | None = None

    @override
    def __str__(self) -> str:
        where = "" if self.interaction is None else f" interaction {self.interaction}:"
        place = "" if self.path is None else f" ({self.path})"
        diff = "" if self.diff is None else "\n" + "\n".join(f"    {line}" for line in self.diff.splitlines())
        return f"{self.file}:{where} {self.kind}: {self.message}{place}{diff}"


# ---------------------------------------------------------------- what is found


def findings(
    path: Path, *, max_age: int | None = None, today: date | None = None, scrubber: Scrubber | None = None
) -> Iterator[Finding]:
    """Everything that is wrong with a cassette. `max_age` is in days."""
    file = str(path)
    try:
        recording = read_cassette(path)
    except (BadCassette, OSError) as error:
        yield Finding(file, "unreadable", str(error).removeprefix(f"{file}: "))
        return
    yield from _secrets(file, recording, scrubber or Scrubber())
    yield from _unused(path)
    yield from _duplicates(file, recording.interactions)
    for index, interaction in enumerate(recording.interactions):
        for drift in drifts(interaction):
            yield Finding(file, drift.kind, drift.message, index, drift.path, drift.diff)
    if max_age is not None:
        yield from _old(file, recording, max_age, today or datetime.now(UTC).date())


def _secrets(file: str, recording: Recording, scrubber: Scrubber) -> Iterator[Finding]:
    if any(shapes_in(Path(file).stem, scrubber)):
        yield Finding(file, "secret", "its name holds a secret")
    # Headers that this package drops may still stand in the files of others: they are looked at as they stand.
    for index, interaction in enumerate(recording.interactions):
        found = {kind for said in strings_of([interaction]) for kind, _ in shapes_in(said, scrubber)}
        clean = scrubber.interaction(interaction)
        kept = {name for name, _ in clean.request.headers}
        told = {name for name, _ in interaction.request.headers} - kept
        found |= {f"header {name}" for name in told if _SECRET_NAME.search(name)}
        if interaction.answer is not None and clean.answer is not None:
            gone = {name for name, _ in interaction.answer.headers} - {
                name for name, _ in clean.answer.headers
            }
            found |= {f"header {name}" for name in gone if _SECRET_NAME.search(name)}
        for kind in sorted(found):
            yield Finding(file, "secret", f"it holds a secret: {kind}", index)
    if not recording.interactions or recording.header is None:
        return
    if any(shapes_in(text_of(Recording((), recording.header)), scrubber)):
        yield Finding(file, "secret", "its header holds a secret")


_SECRET_NAME: Final = re.compile(r"auth|key|token|secret|cookie|organi[sz]ation|project|workspace")


def _unused(path: Path) -> Iterator[Finding]:
    """A cassette of a test that is not there any more, as far as the layout tells."""
    folder = path.parent.parent
    if folder.name != FOLDER:
        return
    module = folder.parent / f"{path.parent.name}.py"
    if not module.is_file():
        yield Finding(str(path), "unused", f"there is no {module}")
        return
    test = re.sub(r"-[0-9a-f]{8}$", "", path.stem).partition("[")[0].rpartition(".")[2]
    text = module.read_text(encoding="utf-8", errors="replace")
    if not re.search(rf"def {re.escape(test)}\b|['\"]{re.escape(path.stem)}['\"]", text):
        yield Finding(str(path), "unused", f"{module} has no {test}")


def _duplicates(file: str, interactions: Iterable[Interaction]) -> Iterator[Finding]:
    seen: dict[tuple[Key, object], int] = {}
    for index, one in enumerate(interactions):
        answer = None if one.answer is None else (one.answer.status, one.answer.body)
        first = seen.setdefault((key_of(one.request), (answer, one.fault)), index)
        if first != index:
            yield Finding(file, "duplicate", f"the same as interaction {first}, answer and all", index)


def _old(file: str, recording: Recording, max_age: int, today: date) -> Iterator[Finding]:
    recorded = "" if recording.header is None else recording.header.recorded
    try:
        age = (today - date.fromisoformat(recorded)).days
    except ValueError:
        yield Finding(file, "old", "it does not say when it was recorded")
        return
    if age > max_age:
        yield Finding(file, "old", f"recorded {age} days ago, on {recorded}")


# ---------------------------------------------------------------- the command


def main(arguments: list[str]) -> int:
    """Look at cassettes, say what was found. 1: something was; 2: there are none."""
    parser = argparse.ArgumentParser(
        "python -m llm_effects.replay lint",
        description="Say what is stale, unsafe or not needed in recordings.",
        epilog="\n".join(["kinds of findings:", *(f"  {kind:<11} {what}" for kind, what in KINDS.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a cassette, or a folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    parser.add_argument("--max-age", type=int, metavar="DAYS", help="how old a recording may be")
    parser.add_argument(
        "--ignore", action="append", default=[], choices=KINDS, help="a kind that does not count"
    )
    options = parser.parse_args(arguments)
    paths: list[Path] = options.paths
    files = list(cassettes_in(paths))
    if not files:
        sys.stderr.write(f"no cassettes in {', '.join(map(str, paths))}\n")
        return 2
    max_age: int | None = options.max_age
    ignored: list[str] = options.ignore
    found = [it for file in files for it in findings(file, max_age=max_age) if it.kind not in ignored]
    as_json: bool = options.json
    sys.stdout.write(report(files, found, as_json=as_json))
    return 1 if found else 0


def cassettes_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The cassettes at and below paths. Of other YAML only what stands in a folder for cassettes counts."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in sorted(filter(Path.is_file, (*path.rglob("*.yaml"), *path.rglob("*.yml")))):
            if FOLDER in file.resolve().parts or b"\ninteractions:" in b"\n" + file.read_bytes():
                yield file


def report(files: list[Path], found: list[Finding], *, as_json: bool) -> str:
    """What was found, for people or for programs."""
    if as_json:
        document = {
            "schema": _SCHEMA,
            "files": len(files),
            "findings": [asdict(finding) for finding in found],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    count = "1 cassette" if len(files) == 1 else f"{len(files)} cassettes"
    lines = [*map(str, found), f"{count}: {len(found) or 'nothing'} found"]
    return "\n".join(lines) + "\n"
