"""JSON, bytes and chunkings: what comes from outside, friendly and hostile.

Law: whatever is drawn is small enough for thousands of examples, and odd enough to find what a table forgot.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from llm_pure.json import JsonObject, PlainJson

__all__ = [
    "chunkings",
    "hostile_bytes",
    "hostile_json",
    "json_objects",
    "json_values",
    "plain_objects",
    "texts",
]


@cache
def texts(*, min_size: int = 0, max_size: int = 12) -> st.SearchStrategy[str]:
    """Short texts: any character that UTF-8 can carry, among them quotes, newlines and line separators."""
    odd = st.sampled_from(
        [
            "",
            " ",
            "\n",
            "\r\n",
            "\n\n",
            "data: {}",
            '"',
            "\\",
            "\u2028",
            "\x00",
            "é",
            "😀",
            "<tag>",
            "{}",
            "[DONE]",
        ]
    ).filter(lambda text: min_size <= len(text) <= max_size)
    plain = st.text(min_size=min_size, max_size=max_size)
    return plain | odd if min_size == 0 else plain


@cache
def json_values(*, max_leaves: int = 8) -> st.SearchStrategy[PlainJson]:
    """Any JSON value."""
    scalars: st.SearchStrategy[PlainJson] = (
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts()
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(max_size=6), inner, max_size=3),
        max_leaves=max_leaves,
    )


@cache
def plain_objects(*, max_size: int = 3) -> st.SearchStrategy[dict[str, PlainJson]]:
    """Any JSON object, as plain data."""
    return st.dictionaries(texts(max_size=6), json_values(max_leaves=4), max_size=max_size)


@cache
def json_objects(*, max_size: int = 3) -> st.SearchStrategy[JsonObject]:
    """Any JSON object, frozen."""
    return plain_objects(max_size=max_size).map(lambda fields: JsonObject(fields))  # noqa: PLW0108 - mypy wants the call, not the class


# fmt: off
_NAMES = (
    "arguments", "assistant", "choices", "content", "content_block", "content_block_delta",
    "content_block_start", "data", "delta", "error", "finish_reason", "function", "id", "index",
    "input", "input_tokens", "message", "message_start", "messages", "model", "name", "output_tokens",
    "role", "signature", "source", "stop_reason", "system", "text", "thinking", "tool", "tool_calls",
    "tool_choice", "tools", "type", "url", "usage", "user",
)
# fmt: on


@cache
def hostile_json(*, max_leaves: int = 12) -> st.SearchStrategy[PlainJson]:
    """JSON whose keys and strings are those that codecs look for, at places where nobody expects them."""
    scalars: st.SearchStrategy[PlainJson] = (
        st.none()
        | st.booleans()
        | st.sampled_from([-1, 0, 1, 3, 0.5, 10**400, -(10**30), 1e300])
        | st.sampled_from(_NAMES)
        | st.sampled_from(
            ["", "text", "tool_use", "image", "max_tokens", "end_turn", "stop", '{"a": 1', "\ud800"]
        )
    )
    keys = st.sampled_from(_NAMES) | texts(max_size=4)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=max_leaves,
    )


def hostile_bytes(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes; and `seeds` cut, doubled and with a bit turned."""
    anything = st.binary(max_size=64)
    if not seeds:
        return anything
    return anything | st.builds(
        _mutated, st.sampled_from(seeds), st.integers(0, 2**31), st.sampled_from(range(4))
    )


def _mutated(seed: bytes, place: int, how: int) -> bytes:
    if not seed:
        return seed
    at = place % len(seed)
    if how == 0:
        return seed[:at]
    if how == 1:
        return seed[:at] + bytes([seed[at] ^ (1 << place // len(seed) % 8)]) + seed[at + 1 :]
    if how == 2:
        return seed[:at] + seed[at // 2 :]
    return seed[at:]


@st.composite
def chunkings(draw: st.DrawFn, body: bytes) -> list[bytes]:
    """`body` in pieces, some of them perhaps empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=12)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
