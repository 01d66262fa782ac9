"""The fault matrix: what may go wrong between a program and a provider, one id a fault.

Law: a test in this folder belongs to the row that its name says (`test_N9_…`), and a row is survived when it has a test
and all its tests passed, in every colour and through every SDK that they ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["ROWS", "UNTRIED", "Tally", "row_of", "tally"]

ROWS: Final[Mapping[str, str]] = {
    # ---------------------------------------------------------------- network
    "N1": "connection refused",
    "N2": "name does not resolve",
    "N3": "certificate not trusted",
    "N4": "handshake never answers",
    "N5": "reset or close before the headers",
    "N6": "stale kept-alive connection dies on reuse",
    "N7": "body shorter than its content-length",
    "N8": "chunked body without its end",
    "N9": "stream ends cleanly in mid-answer",
    "N10": "stream cut without its end chunk",
    "N11": "reset in mid-stream",
    "N12": "stream cut inside one event",
    "N13": "slow drip, always under the read timeout",
    "N14": "stall in mid-body",
    "N15": "pings for ever, no content",
    "N16": "finished, but the server keeps the socket open",
    "N17": "connection pool exhausted",
    "N18": "one of several addresses is dead",
    "N19": "outage for minutes",
    # ---------------------------------------------------------------- HTTP
    "H1": "408, 409",
    "H2": "400, 404, 413, 422",
    "H3": "401, 403",
    "H4": "429 without a header",
    "H5": "429 with retry-after in seconds",
    "H6": "retry-after-ms",
    "H7": "retry-after as a date",
    "H8": "retry-after negative, NaN, infinite, junk",
    "H9": "retry-after longer than the deadline",
    "H10": "only the rate limit's reset header",
    "H11": "x-should-retry",
    "H12": "429 for an exhausted quota",
    "H13": "500, 503, 504, 529",
    "H14": "502 with HTML",
    "H15": "200 with an error object",
    "H16": "200 with HTML",
    "H17": "200 with null, list, number",
    "H18": "empty or invalid JSON",
    "H19": "invalid UTF-8",
    "H20": "byte order mark before a body",
    "H21": "gzip corrupt",
    "H22": "gzip truncated",
    "H23": "gzip bomb",
    "H24": "body larger than the limit",
    "H25": "JSON nested 100,000 deep",
    "H26": "duplicate keys",
    "H27": "NaN, Infinity and 10^400 as numbers",
    "H28": "wrong content type on a stream",
    "H29": "redirect to another origin",
    "H30": "headers missing, doubled, huge",
    "H31": "our retries over the SDK's",
    "H32": "one request delivered twice",
    # ---------------------------------------------------------------- protocol
    "P1": "unknown content block",
    "P2": "unknown stream event",
    "P3": "unknown delta",
    "P4": "unknown stop reason",
    "P5": "usage missing",
    "P6": "content null, choices empty",
    "P7": "negative or absurd token counts",
    "P8": "tool input is no object",
    "P9": "tool input is invalid JSON",
    "P10": "tool input cut by max_tokens",
    "P11": "tool ids repeated, empty, colliding over turns",
    "P12": "delta before its block",
    "P13": "negative or skipping index",
    "P14": "same index opened twice",
    "P15": "no opening event, empty stream",
    "P16": "error event first",
    "P17": "error event after text",
    "P18": "closing event missing",
    "P19": "[DONE] missing",
    "P20": "LF, CRLF, CR, mixed, split inside CRLF",
    "P21": "comments, pings, empty events",
    "P22": "data over several lines",
    "P23": "UTF-8 split over chunks",
    "P24": "byte order mark before a stream",
    "P25": "invalid UTF-8 or JSON in one event",
    "P26": "lone surrogate coming in",
    "P27": "two answers, two tool calls interleaved",
    "P28": "prefill ends in space, or is refused",
    "P29": "continuation never ends, or repeats itself",
    "P30": "refusal, content filter, pause",
    "P31": "signed reasoning changed or cut",
    "P32": "another model answers",
    # ---------------------------------------------------------------- caller
    "C1": "cancelled while waiting for the answer",
    "C2": "cancelled while waiting to try again",
    "C3": "cancelled in mid-stream, generator dropped",
    "C4": "cancelled while the pool is full",
    "C5": "total deadline over all tries",
    "C6": "KeyboardInterrupt in call, sleep, store",
    "C7": "a runner calls the wrapped runner again",
    "C8": "64 threads on one runner",
    "C9": "fork with an open pool",
    "C10": "second event loop",
    "C11": "request changed after it was submitted",
    "C12": "lone surrogate in the prompt",
    "C13": "key with newline or space",
    "C14": "wall clock jumps",
    "C15": "hook or observer raises",
    "C16": "async runner given to the sync wrapper",
    # ---------------------------------------------------------------- cache
    "K1": "kill -9 while writing",
    "K2": "power loss",
    "K3": "disk full, I/O error at the n-th write",
    "K4": "corrupt or foreign file",
    "K5": "older or newer schema",
    "K6": "two processes, same key",
    "K7": "locked too long",
    "K8": "read-only or missing directory",
    "K9": "clock jumps back or forward",
    "K10": "poisoned entry",
    "K11": "key lacks a field that changes answers",
    "K12": "caching a fault, a cut or a refusal",
    "K13": "many callers miss at once",
    "K14": "network file system",
    "K15": "store slower than the model",
    "K16": "secret or tenant mixed into the key, or left out",
    "K17": "growth without end",
    # ---------------------------------------------------------------- replay
    "V1": "cassette missing",
    "V2": "request drifted",
    "V3": "key, cookie, organisation in the file",
    "V4": "private prompts in the file",
    "V5": "parallel workers",
    "V6": "cut or edited cassette",
    "V7": "identical requests, different answers",
    "V8": "!!python/object in YAML",
    "V9": "name with ../",
    "V10": "recording in CI",
    "V11": "SDK's headers or compression change",
    "V12": "leftover unplayed requests",
    # ---------------------------------------------------------------- security
    "S1": "key in repr, str, vars of our values",
    "S2": "key reachable from an error",
    "S3": "key in a pickled error",
    "S4": "server echoes the key in its error",
    "S5": "key in the URL",
    "S6": "key or prompt in logs",
    "S7": "prompt in traces and notes",
    "S8": "key or prompt in a traceback's locals",
    "S9": "pickle in the store",
    "S10": "stored data that names classes",
    "S11": "path from a key or name",
    "S12": "fetching a user's image URL",
    "S13": "redirect carries the key away",
    "S14": "zip, gzip, regex bombs",
    "S15": "model output as template, path or code",
    "S16": "modes of store and cassette files",
    "S17": "environment silently changes the target",
    "S18": "error text floods logs",
}
"""Each id, and what happens."""

UNTRIED: Final[Mapping[str, str]] = {}
"""Rows that cannot be tried without a network, and why."""

_NAME: Final = re.compile(r"\btest_([NHPCKVS]\d+)_")


def row_of(test: str) -> str | None:
    """The row that a test belongs to, by the name at the end of its id."""
    found = _NAME.search(test.rpartition("::")[2])
    return found and found[1]


@dataclass(frozen=True)
class Tally:
    """What a run of tests says of the rows. A row without a test is in neither."""

    survived: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        tried = {*self.survived, *self.failed}
        return tuple(row for row in ROWS if row not in tried and row not in UNTRIED)

    def lines(self, *, whole: bool) -> list[str]:
        """For people. `whole`: every row was meant to be tried."""
        of = len(ROWS) - len(UNTRIED) if whole else len(self.survived) + len(self.failed)
        told = [f"  {row}  {ROWS.get(row, 'no such row')}: failed" for row in self.failed]
        if whole:
            told += [f"  {row}  {ROWS[row]}: no test" for row in self.missing]
            told += [f"  {row}  {ROWS[row]}: not tried: {why}" for row, why in UNTRIED.items()]
        return [*told, f"faults: {len(self.survived)} of {of} survived"]


def tally(outcomes: Iterable[tuple[str, bool]]) -> Tally:
    """From each test's id and whether it passed: skipped is not passed."""
    rows: dict[str, bool] = {}
    for test, passed in outcomes:
        row = row_of(test)
        if row is not None:
            rows[row] = rows.get(row, True) and passed and row in ROWS
    order = [*ROWS, *(row for row in rows if row not in ROWS)]
    return Tally(
        tuple(row for row in order if rows.get(row) is True),
        tuple(row for row in order if rows.get(row) is False),
    )
