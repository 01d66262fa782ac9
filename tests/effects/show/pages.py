"""Reading what a page shows, and what a browser makes of it."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from typing_extensions import override

VOID = frozenset(("br", "hr", "link", "meta"))
CHROMIUM = next(
    filter(
        None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    ),
    None,
)


class Page(HTMLParser):
    """The elements of a page, its texts, and whether its tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.style = ""
        self._open: list[str] = []
        self.balanced = True
        self.feed(html)
        self.close()
        self.balanced &= not self._open

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self._open) and self._open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.texts.append(data)


def browse(page: Path, *arguments: str) -> str:
    """What a headless browser prints."""
    assert CHROMIUM is not None, "there is no Chromium here"
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        f"--user-data-dir={page.parent / 'browser'}",
        *arguments,
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


Pixel = tuple[int, int, int]


def picture(page: Path, width: int, height: int, scheme: Literal["light", "dark"]) -> list[list[Pixel]]:
    """The page as a browser draws it: rows of pixels."""
    to = page.with_suffix(f".{scheme}.{width}.png")
    browse(
        page,
        f"--window-size={width},{height}",
        f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
        f"--screenshot={to}",
    )
    return list(rows_of(to.read_bytes()))


def rows_of(png: bytes) -> Iterator[list[Pixel]]:
    """The pixels of a PNG with 8 bits a channel, in RGB or RGBA."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, width, channels = 8, b"", 0, 0
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    raw, stride = zlib.decompress(data), width * channels
    above = bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        line = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, channels)
        yield [(line[i], line[i + 1], line[i + 2]) for i in range(0, stride, channels)]
        above = line


def unfiltered(kind: int, line: bytearray, above: bytearray, channels: int) -> bytearray:
    if kind == 2:
        return bytearray([(a + b) & 255 for a, b in zip(line, above, strict=True)])
    for i in range(len(line) if kind else 0):
        left = line[i - channels] if i >= channels else 0
        corner = above[i - channels] if i >= channels else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[i]) // 2
        else:
            by = {left: abs(above[i] - corner)}
            by.setdefault(above[i], abs(left - corner))
            by.setdefault(corner, abs(left + above[i] - 2 * corner))
            best = min(abs(above[i] - corner), abs(left - corner), abs(left + above[i] - 2 * corner))
            guess = next(value for value in (left, above[i], corner) if by[value] == best)
        line[i] = (line[i] + guess) & 255
    return line
