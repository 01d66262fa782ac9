"""Interactions, as hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from llm_effects.replay.interactions import FAULTS, Answer, Header, Interaction, Pairs, Request
from llm_pure.json import dump_json
from llm_pure.strategies import json_values
from llm_pure.target import WIRES

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
BODIES = st.one_of(
    json_values().map(dump_json),
    TEXTS.map(str.encode),
    st.binary(max_size=30),
    st.sampled_from(
        [b"", b"a\r\nb\n", b" \n", b"\xef\xbb\xbfx", "x\u2028y\x85z".encode(), b"data: \n\n", b"{} \n"]
    ),
    st.lists(st.tuples(TEXTS, json_values(max_leaves=3)), max_size=3).map(
        lambda events: b"".join(
            b"event: x\ndata: " + dump_json([name, value]) + b"\n\n" for name, value in events
        )
    ),
)
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


def _headers(names: list[str]) -> st.SearchStrategy[Pairs]:
    return st.lists(st.tuples(st.sampled_from(names), _VALUES), max_size=3).map(
        lambda pairs: tuple(sorted(pairs))
    )


@st.composite
def requests(draw: st.DrawFn) -> Request:
    path = draw(st.sampled_from(["/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1/files/a%20b"]))
    query = draw(st.sampled_from(["", "?beta=true", "?after=x&limit=2"]))
    return Request(
        draw(st.sampled_from(["POST", "GET"])),
        f"https://api.openai.com{path}{query}",
        draw(_headers(["content-type", "anthropic-version"])),
        draw(BODIES),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    body = draw(BODIES)
    borders = sorted(
        draw(st.sets(st.integers(1, max(1, len(body) - 1)), max_size=3)) if len(body) > 1 else ()
    )
    pieces = (
        tuple(b - a for a, b in zip([0, *borders], [*borders, len(body)], strict=True)) if borders else ()
    )
    return Answer(
        draw(st.integers(100, 599)),
        draw(_headers(["content-type", "request-id", "x-ratelimit-limit"])),
        body,
        pieces,
        draw(st.sampled_from(["OK", "", "Too Many Requests"])),
    )


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    answer = draw(st.none() | answers())
    faults = st.sampled_from(FAULTS)
    return Interaction(
        draw(requests()),
        answer,
        draw(faults if answer is None else st.none() | faults),
        draw(st.none() | st.sampled_from(WIRES)),
        draw(st.none() | st.just("0a1b")),
    )


HEADERS = st.builds(
    Header,
    schema=st.just(1),
    recorded=st.sampled_from(["2026-11-25", ""]),
    sdks=st.dictionaries(st.sampled_from(["anthropic", "openai"]), st.sampled_from(["2.12.0", "1"])),
    note=TEXTS,
)
