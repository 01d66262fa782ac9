"""What must not be written, and how it is taken out.

Law: of headers only those on a list are kept, in both directions. Everything that is kept is searched for the shapes
below and for the secrets that the exchange itself had (a key in a header, a cookie), in every string of a body, also
across the events of a stream. What is found gives way to a mark with a short digest, so that two secrets stay two and
a request still matches itself. What is going to be written is looked at
once more (`scan`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from llm_effects.headers import is_kept_of_answers, is_kept_of_requests
from llm_effects.replay.bodies import json_of
from llm_effects.replay.fragments import fragments_of
from llm_effects.replay.interactions import Answer, Interaction, Pairs, Request
from llm_pure.errors import KEYS
from llm_pure.json import JsonError, PlainJson

__all__ = [
    "SHAPES",
    "Scrubber",
    "known_secrets",
]

SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    "key": KEYS,
    "project": re.compile(r"\b(?:org|proj|user|wrkspc|sess)[-_][A-Za-z0-9]{16,}\b"),
    "private-key": re.compile(
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{0,30}KEY-----)?"
    ),
    "login": re.compile(r"(?<=://)[^\s/@:\"']{1,100}:[^\s/@\"']{1,200}(?=@)"),
    "cookie": re.compile(r"\b[Ss]et-[Cc]ookie\s{0,3}:[^\r\n\"]{1,4000}"),
    "email": re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
}
"""What is searched for in texts: names of shapes, and the shapes."""

_HOSTS: Final = frozenset(("api.anthropic.com", "api.openai.com"))
"""Hosts that say nothing about whoever recorded. Any other may (a deployment, a company's proxy)."""
_HOST: Final = "host.invalid"
_SECRET_HEADER: Final = re.compile(
    r"auth|key|token|secret|cookie|organi[sz]ation|project|account|workspace|tenant"
)
_SECRET_QUERY: Final = re.compile(r"key|token|secret|sig|password|code", re.IGNORECASE)
_WORDS: Final = re.compile(r"(?:org|proj|sess|pk|rk)(?:[-_][a-z]{1,15}){1,8}")
"""`org-chart-planning` is no organisation."""


class _Found(NamedTuple):
    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes secrets out. `known` are secrets as such, `more` shapes that a project adds."""

    known: frozenset[str] = frozenset()
    more: tuple[re.Pattern[str], ...] = ()

    def knowing(self, values: Iterable[str]) -> Scrubber:
        """A scrubber that knows these secrets, too."""
        return replace(self, known=self.known.union(filter(_is_no_word, values)))

    def found(self, text: str) -> list[_Found]:
        """The secrets in a text, from left to right; of those that overlap, the first and longest."""
        found = [
            _Found(match.start(), match.end(), kind, match[0])
            for kind, shape in (*SHAPES.items(), *(("private", shape) for shape in self.more))
            for match in shape.finditer(text)
            if match[0] and not _WORDS.fullmatch(match[0])
        ]
        for value in self.known:
            at = text.find(value)
            while at >= 0:
                found.append(_Found(at, at + len(value), "secret", value))
                at = text.find(value, at + len(value))
        found.sort(key=lambda one: (one.start, -one.end))
        apart: list[_Found] = []
        for one in found:
            if apart and one.start < apart[-1].end:
                last = apart[-1]  # they overlap: one secret, as long as both
                end = max(last.end, one.end)
                apart[-1] = _Found(last.start, end, last.kind, text[last.start : end])
            else:
                apart.append(one)
        return apart

    def text(self, text: str) -> str:
        found = self.found(text)
        for one in reversed(found):
            text = text[: one.start] + _mark(one) + text[one.end :]
        return text

    # ------------------------------------------------------------ whole exchanges

    def interaction(self, interaction: Interaction) -> Interaction:
        answer = interaction.answer
        return replace(
            interaction,
            request=self.request(interaction.request),
            answer=None if answer is None else self.answer(answer),
        )

    def request(self, request: Request) -> Request:
        """The request as it is kept and compared."""
        return Request(
            request.method.upper(),
            self._uri(request.uri),
            self._headers(request.headers, is_kept_of_requests),
            self.body(request.body),
        )

    def answer(self, answer: Answer) -> Answer:
        body = self.stream(answer.body) if answer.streams else self.body(answer.body)
        headers = self._headers(answer.headers, _is_kept_of_answers)
        pieces = answer.pieces if len(body) == len(answer.body) else ()  # they fit no other body
        return Answer(answer.status, headers, body, pieces, self.text(answer.reason))

    def _headers(self, headers: Pairs, kept: Callable[[str], bool]) -> Pairs:
        return tuple(sorted((name, self.text(value)) for name, value in headers if kept(name)))

    def _uri(self, uri: str) -> str:
        parts = urlsplit(uri)
        host = (parts.hostname or "").lower()
        query = [
            (name, f"[{name.lower()}]" if _SECRET_QUERY.search(name) else self.text(value))
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        path = self.text(parts.path)
        return urlunsplit(
            ("https", host if host in _HOSTS else _HOST, path, urlencode(query, safe="[]:"), "")
        )

    # ------------------------------------------------------------ bodies

    def body(self, body: bytes) -> bytes:
        """JSON by its strings, text as text, and bytes as far as they are text."""
        value = json_of(body)
        if isinstance(value, JsonError):
            return self._raw(body)
        clean = self._value(value)
        return body if clean == value else json.dumps(clean, ensure_ascii=False).encode()

    def _raw(self, body: bytes) -> bytes:
        try:
            text, encoding = body.decode(), "utf-8"
        except UnicodeDecodeError:
            text, encoding = body.decode("latin-1"), "latin-1"
        return self.text(text).encode(encoding)

    def _value(self, value: PlainJson) -> PlainJson:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self._value(item) for key, item in value.items()}
        return value

    def stream(self, body: bytes) -> bytes:
        """A stream by the strings of its events, and by the texts that several events make."""
        lines = body.split(b"\n")
        events: dict[int, PlainJson] = {}
        for number, line in enumerate(lines):
            value = json_of(line[5:].strip()) if line.startswith(b"data:") else JsonError("no data")
            if isinstance(value, JsonError):
                lines[number] = self._raw(line)
            else:
                events[number] = value
        # Texts over several events first: half a key may have a shape of its own, and the rest none.
        joined = deepcopy(events)
        self._across(list(joined.values()))
        for number, changed in joined.items():
            event = self._value(changed)
            if event != events[number]:
                end = b"\r" if lines[number].endswith(b"\r") else b""
                lines[number] = (
                    b"data: " + json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + end
                )
        return b"\n".join(lines)

    def _across(self, events: list[PlainJson]) -> None:
        """Take out, in place, what begins in one event and ends in another."""
        for fragments in fragments_of(events).values():
            joined = "".join(fragment.text for fragment in fragments)
            for one in self.found(joined):
                at, mark = 0, _mark(one)
                for fragment in fragments:
                    start, end = max(one.start - at, 0), min(one.end - at, fragment.length)
                    at += fragment.length
                    if start < end:
                        fragment.cut(start, end, mark)
                        mark = ""


def _mark(found: _Found) -> str:
    digest = blake2s(
        found.value.encode("utf-8", "surrogatepass"), digest_size=4, person=b"llmcass"
    ).hexdigest()
    return f"[{found.kind}:{digest}]"


def _is_kept_of_answers(name: str) -> bool:
    # The encoding stands there only where the body could not be unpacked.
    return name == "content-encoding" or is_kept_of_answers(name)


# ---------------------------------------------------------------- secrets of an exchange


def known_secrets(headers: Pairs) -> Iterator[str]:
    """The values of headers that are secret by their name: keys, tokens, cookies, who pays."""
    for name, value in headers:
        if _SECRET_HEADER.search(name) and not _is_kept_of_answers(name):
            told = value.partition(";")[0] if name == "set-cookie" else value
            for part in re.split(r"[;,\s]+", told):
                yield part
                yield part.partition("=")[2]  # of a cookie, what it holds


def _is_no_word(value: str) -> bool:
    """Whether a value can be searched for literally. A key of a local server may be a word (`anthropic`, `none`)."""
    return len(value) >= 16 or (len(value) >= 8 and any(map(str.isdigit, value)))
