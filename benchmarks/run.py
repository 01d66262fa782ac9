"""What the library costs, against the official SDKs, and whether that is within what it promises.

    python benchmarks/run.py [--only NAME ...] [--quick] [--check]

`--only` takes the lines whose name has one of these words, `--quick` a third of the rounds; with `--check` a missed
target is an exit status.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import sides
from benchmarks.alone import alone, seconds_to_import
from benchmarks.clock import Figure, Line, Side, Work, awaited, measure, repeated
from benchmarks.inputs import Provider, conversation
from benchmarks.provider import Answer, answer_body, provider
from llm_effects import (
    MemoryStore,
    SqliteStore,
    Store,
    run,
    standard,
    with_cache,
    with_continuation,
    with_deadline,
    with_retry,
)
from llm_pure import cache_key

ROUNDS = 21
CHUNKS = 400
PROVIDERS: tuple[Provider, ...] = get_args(Provider)
PATH = {"anthropic": "messages", "openai": "completions"}


# ---------------------------------------------------------------- lines


def conversions(named: Provider) -> Iterator[Line]:
    """Between bytes and values, with no network."""
    for what, answer, target in (
        ("text", Answer(), 0.2),
        ("20 tool calls", Answer(tools=20), 0.3 if named == "anthropic" else 0.4),
    ):
        body = answer_body(PATH[named], answer)
        yield Line(
            f"{named}: answer to Response, {what}",
            Side(repeated(sides.sdk_decode(named, body))),
            Side(repeated(sides.our_decode(named, body))),
            target,
        )
    yield Line(
        f"{named}: request of 200 messages",
        Side(repeated(sides.sdk_encode(named, 200))),
        Side(repeated(sides.our_encode(named, 200))),
        0.3 if named == "anthropic" else 0.01,
    )
    for when, anew in (("sent before", False), ("never sent before", True)):
        yield Line(
            f"{named}: request of 200 messages as bytes, {when}",
            Side(repeated(sides.sdk_encode(named, 200))),
            Side(repeated(sides.our_body(named, 200, anew=anew))),
        )
    yield Line(
        f"{named}: per message, 10,000 against 100 of them",
        Side(repeated(sides.our_encode(named, 100)), 100),
        Side(repeated(sides.our_encode(named, 10_000)), 10_000),
        2.2,
    )


def calls(named: Provider, url: str, loop: asyncio.AbstractEventLoop) -> Iterator[Line]:
    """`run` and `arun` against `create`."""
    for length, target in (
        (2, 0.85 if named == "anthropic" else 0.75),
        (200, 0.6 if named == "anthropic" else 0.05),
    ):
        yield Line(
            f"{named}: call, {length} messages",
            Side(repeated(sides.sdk_call(named, url, length))),
            Side(repeated(sides.our_call(named, url, length))),
            target,
        )
        yield Line(
            f"{named}: call, {length} messages, async",
            Side(awaited(loop, sides.sdk_acall(named, url, length))),
            Side(awaited(loop, sides.our_acall(named, url, length))),
            target,
        )


def streams(named: Provider, url: str, loop: asyncio.AbstractEventLoop) -> Iterator[Line]:
    """`stream` and `astream` against `create(stream=True)`, both iterated to the end."""
    long, target = f"{url}/chunks={CHUNKS}", 0.7 if named == "anthropic" else 0.3
    yield Line(
        f"{named}: stream, per delta",
        Side(repeated(sides.sdk_stream(named, long)), CHUNKS),
        Side(repeated(sides.our_stream(named, long)), CHUNKS),
        target,
    )
    yield Line(
        f"{named}: stream, per delta, async",
        Side(awaited(loop, sides.sdk_astream(named, long)), CHUNKS),
        Side(awaited(loop, sides.our_astream(named, long)), CHUNKS),
        target,
    )


def wrappers(url: str, loop: asyncio.AbstractEventLoop, folder: Path) -> Iterator[Line]:
    """The same call with wrappers and without; the cache has never seen the question."""

    def stores() -> Iterator[tuple[str, Store, float | None]]:
        yield "MemoryStore", MemoryStore(), 1.05
        yield "SqliteStore", SqliteStore(folder / "misses.sqlite"), None

    def stacked(store: Store) -> sides.Stack:
        return lambda leaf: standard(leaf, retries=2, continues=2, cache=store)

    def blocking(named: Provider, stack: sides.Stack | None = None) -> Side:
        wrapping = {} if stack is None else {"stack": stack}
        return Side(repeated(sides.our_call(named, url, 2, anew=True, **wrapping)))

    for named in PROVIDERS:
        for name, store, target in stores():
            yield Line(
                f"{named}: wrapped in three (cache: {name}), against bare",
                blocking(named),
                blocking(named, stacked(store)),
                target,
                effort=4 if target else 1,
            )
        yield Line(
            f"{named}: wrapped in three (cache: MemoryStore), against bare, async",
            Side(awaited(loop, sides.our_acall(named, url, 2, anew=True))),
            Side(awaited(loop, sides.our_acall(named, url, 2, stacked(MemoryStore()), anew=True))),
            1.05,
            effort=4,
        )
    for name, wrapper in (
        ("with_retry", with_retry()),
        ("with_continuation", with_continuation()),
        ("with_deadline", with_deadline(60.0)),
        ("with_cache(MemoryStore)", with_cache(MemoryStore())),
        ("with_cache(SqliteStore)", with_cache(SqliteStore(folder / "one.sqlite"))),
    ):
        yield Line(f"anthropic: {name}, against bare", blocking("anthropic"), blocking("anthropic", wrapper))


def caches(url: str, folder: Path) -> Iterator[Line]:
    """Answers that are stored already, and the key they are stored under."""

    def hit(store: Store, size: int) -> Work:
        leaf = sides.runner_at("anthropic", f"{url}/size={size}")
        runner, completion = standard(leaf, cache=store), conversation("anthropic", 2)
        return repeated(lambda: run(runner, completion).unwrap().text)

    for size, name in ((1000, "1 KB"), (100_000, "100 KB")):
        yield Line(f"cache hit, MemoryStore, {name}", None, Side(hit(MemoryStore(), size)))
        stored = SqliteStore(folder / f"hits{size}.sqlite")
        yield Line(f"cache hit, SqliteStore, {name}", None, Side(hit(stored, size)))
    for named in PROVIDERS:
        target = sides.runner_at(named, url).target
        for length in (2, 200):
            completion = conversation(named, length)
            yield Line(
                f"{named}: cache_key, {length} messages",
                None,
                Side(repeated(lambda c=completion, t=target: cache_key(c, t).unwrap())),  # type: ignore[misc]
            )


# ---------------------------------------------------------------- figures that need processes of their own


def imports(rounds: int) -> Figure:
    """Processor time of an import, in interpreters that have nothing loaded."""
    name = "import llm_pure, llm_effects, against import returns.result"
    pairs: list[tuple[float, float]] = []
    for _ in range(rounds):
        other, ours = seconds_to_import("returns.result"), seconds_to_import("llm_pure, llm_effects")
        pairs.append((other * 1e3, ours * 1e3))
    ratio = median([ours / other for other, ours in pairs])
    return Figure(name, median([a for a, _ in pairs]), median([b for _, b in pairs]), ratio, 4.0, "ms")


def memory(named: Provider, url: str, rounds: int) -> Figure:
    """What a call holds while it waits, 1,000 of them at once."""
    taken: dict[str, list[float]] = {
        who: [alone("memory", who, named, url)[0] / 1024 for _ in range(rounds)] for who in ("sdk", "ours")
    }
    other, ours = median(taken["sdk"]), median(taken["ours"])
    return Figure(f"{named}: memory per call, 1,000 in flight", other, ours, ours / other, 1.1, "KB")


def shared(url: str) -> Iterator[Figure]:
    """What there must be one of."""
    contexts, clients = alone("shared", url)
    yield Figure(
        "TLS contexts made by two runners, each blocking and async", None, contexts, contexts, 1.0, ""
    )
    yield Figure("clients made by three calls of a runner, in one colour", None, clients, clients, 1.0, "")


# ---------------------------------------------------------------- the table


def table(figures: list[Figure]) -> str:
    """The figures in columns, right-aligned but for the name."""
    rows = [("", "SDK", "ours", "", "ratio", "target", "")]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3f}"
        target = "" if figure.target is None else f"{figure.target:g}"
        verdict = "" if figure.target is None else "over" if figure.over else "ok"
        other = "" if figure.other is None else f"{figure.other:,.1f}"
        rows.append((figure.name, other, f"{figure.ours:,.1f}", figure.unit, ratio, target, verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [
                name.ljust(widths[0]),
                *[cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)],
            ]
        ).rstrip()
        for name, *cells in rows
    ]
    return "\n".join(lines)


def figures_of(only: list[str], rounds: int) -> Iterator[list[Figure]]:
    """Group after group, as they are measured."""

    def wanted(name: str) -> bool:
        return not only or any(word in name for word in only)

    def group(lines: Iterator[Line]) -> list[Figure]:
        return measure([line for line in lines if wanted(line.name)], rounds)

    with provider() as url, tempfile.TemporaryDirectory() as scratch, asyncio.Runner() as asynchronous:
        loop, folder = asynchronous.get_loop(), Path(scratch)
        for named in PROVIDERS:
            yield group(conversions(named))
        for named in PROVIDERS:
            yield group(calls(named, url, loop))
            yield group(streams(named, url, loop))
        yield group(wrappers(url, loop, folder))
        yield group(caches(url, folder))
        if wanted("import"):
            yield [imports(rounds)]
        for named in PROVIDERS:
            if wanted(f"{named}: memory"):
                yield [memory(named, url, 1 if rounds < ROUNDS else 2)]
        if wanted("TLS") or wanted("clients"):
            yield list(shared(url))


def main() -> int:
    """Measure, print, and say how it went."""
    parser = argparse.ArgumentParser(description="What the library costs, against the official SDKs.")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="lines whose name has this"
    )
    parser.add_argument("--quick", action="store_true", help="a third of the rounds")
    parser.add_argument("--check", action="store_true", help="a missed target is an exit status")
    options = parser.parse_args()
    figures: list[Figure] = []
    for measured in figures_of(options.only, ROUNDS // 3 if options.quick else ROUNDS):
        figures += measured
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    missed = [figure.name for figure in figures if figure.over]
    print(table(figures))
    print()
    print(f"{len(missed)} over: {', '.join(missed)}" if missed else "all targets are met")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
