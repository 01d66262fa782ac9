"""Parts of messages, and what providers attach to them.

Law: every kind of part is drawn often, each with every kind of source and content that its type allows; `Opaque` blocks
are those that providers are known to send, and others.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from llm_pure.json import EMPTY, JsonObject, PlainJson
from llm_pure.parts import (
    Audio,
    Base64,
    BrokenToolCall,
    Document,
    FileId,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from llm_pure.strategies.raw import json_objects, plain_objects, texts

__all__ = [
    "PROVIDERS",
    "assistant_parts",
    "audios",
    "call_ids",
    "extras",
    "names",
    "parts",
    "rare_parts",
    "sources",
    "text_parts",
    "user_parts",
]

PROVIDERS = ("anthropic", "openai_chat", "openai_responses")

_NONE: st.SearchStrategy[None] = st.none()

_ATTACHED: tuple[dict[str, PlainJson], ...] = (
    {"anthropic": {"cache_control": {"type": "ephemeral"}}},
    {"anthropic": {"cache_control": {"type": "ephemeral", "ttl": "1h"}, "x": None}},
    {"anthropic": {"citations": [{"type": "char_location", "cited_text": "a", "start_char_index": 0}]}},
    {"openai_chat": {"x": 1}},
    {"openai_chat": {"annotations": [{"type": "url_citation", "url_citation": {"start_index": 1}}]}},
    {"openai_responses": {"annotations": [{"type": "file_citation", "file_id": "f", "index": 1}]}},
    {"openai_responses": {"id": "msg_1", "status": "completed"}},
    {"anthropic": {"x": [1]}, "openai_chat": {"y": "z"}},
)
"""What providers attach: cache breakpoints with and without a time, citations, annotations, ids, and news."""

_BLOCKS: tuple[tuple[str, dict[str, PlainJson]], ...] = (
    ("anthropic", {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "a"}}),
    ("anthropic", {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}),
    ("anthropic", {"type": "search_result", "source": "s", "title": "t", "content": []}),
    ("anthropic", {"type": "container_upload", "file_id": "file_1"}),
    ("anthropic", {"type": "compaction", "content": "What was said so far."}),
    ("anthropic", {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}),
    ("openai_chat", {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}),
    ("openai_responses", {"type": "web_search_call", "id": "ws_1", "status": "completed"}),
    ("openai_responses", {"type": "compaction", "id": "cmp_1", "encrypted_content": "Z0FB"}),
    ("openai_responses", {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}"}),
)
"""Blocks that have no part of their own: server tools and their results, containers, compaction, fallback."""


@cache
def extras() -> st.SearchStrategy[JsonObject]:
    """Mostly nothing; sometimes fields that one provider attaches, known ones and others."""
    known = st.sampled_from([JsonObject(attached) for attached in _ATTACHED])
    any_fields = st.builds(
        lambda provider, fields: JsonObject({provider: fields}) if fields else EMPTY,
        st.sampled_from(PROVIDERS),
        plain_objects(),
    )
    return st.just(EMPTY) | st.just(EMPTY) | st.just(EMPTY) | known | any_fields


@cache
def names() -> st.SearchStrategy[str]:
    return st.sampled_from(["search", "get_weather", "f", "x-1"]) | texts(max_size=8)


@cache
def call_ids() -> st.SearchStrategy[str]:
    return st.sampled_from(["toolu_01", "call_1", "call_1|fc_2", "a b", "é"]) | texts(max_size=6)


# ---------------------------------------------------------------- parts


@cache
def _base64(*media: str) -> st.SearchStrategy[Base64]:
    return st.builds(Base64, st.binary(max_size=6).map(lambda raw: raw.hex()), st.sampled_from(media))


@cache
def sources(*media: str) -> st.SearchStrategy[Source]:
    return _base64(*media) | st.builds(Url, texts()) | st.builds(FileId, texts())


@cache
def text_parts() -> st.SearchStrategy[Text]:
    return st.builds(Text, texts(), extras())


@cache
def images() -> st.SearchStrategy[Image]:
    detail = _NONE | st.sampled_from(["low", "high", "auto", "original"])
    return st.builds(Image, sources("image/png", "image/jpeg", "x"), detail, extras())


@cache
def documents(inner: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[Document]:
    of: st.SearchStrategy[Source | Text | tuple[Part, ...]] = (
        sources("application/pdf", "text/plain", "x") | text_parts()
    )
    if inner is not None:
        of |= st.lists(inner, max_size=2).map(tuple)
    optional = _NONE | texts()
    return st.builds(Document, of, optional, optional, _NONE | st.booleans(), extras())


@cache
def audios() -> st.SearchStrategy[Audio]:
    return st.builds(Audio, sources("audio/wav", "audio/mp3", "x"), _NONE | texts(), extras())


@cache
def tool_calls() -> st.SearchStrategy[ToolCall]:
    called = st.builds(ToolCall, call_ids(), names(), json_objects(), extras())
    return called | called | st.builds(_text_call, call_ids(), names(), texts(), extras())


def _text_call(id_: str, name: str, text: str, more: JsonObject) -> ToolCall:
    return ToolCall(id_, name, JsonObject({"input": text}), more, free_text=True)


@cache
def broken_tool_calls() -> st.SearchStrategy[BrokenToolCall]:
    broken = st.builds(BrokenToolCall, call_ids(), names(), texts() | st.just('{"a": "b'), extras())
    written = st.builds(BrokenToolCall, call_ids(), names(), texts(), extras(), free_text=st.just(True))
    return broken | broken | written


@cache
def reasonings() -> st.SearchStrategy[Reasoning]:
    sealed = _NONE | texts()
    return st.builds(Reasoning, texts(), sealed, sealed, extras())


@cache
def opaques() -> st.SearchStrategy[Opaque]:
    known = st.sampled_from([Opaque(provider, JsonObject(raw)) for provider, raw in _BLOCKS])
    kinds = st.sampled_from(["server_tool_use", "search_result", "new_block"])
    raw = st.builds(lambda kind, fields: JsonObject({**fields, "type": kind}), kinds, plain_objects())
    return known | st.builds(Opaque, st.sampled_from(PROVIDERS), raw | json_objects())


@cache
def _plain_parts() -> st.SearchStrategy[Part]:
    return text_parts() | text_parts() | images() | documents(text_parts() | images())


@cache
def tool_results() -> st.SearchStrategy[ToolResult]:
    content = st.lists(_plain_parts() | opaques(), max_size=3).map(tuple)
    return st.builds(ToolResult, call_ids(), content, st.booleans(), extras())


@cache
def user_parts() -> st.SearchStrategy[Part]:
    """What a user message usually holds."""
    return _plain_parts() | tool_results()


@cache
def assistant_parts() -> st.SearchStrategy[Part]:
    """What an assistant message usually holds."""
    return text_parts() | tool_calls() | reasonings() | broken_tool_calls()


@cache
def parts() -> st.SearchStrategy[Part]:
    """Any part at all."""
    return user_parts() | assistant_parts() | rare_parts()


@cache
def rare_parts() -> st.SearchStrategy[Part]:
    """What either may hold, and seldom does: sound, a refusal, a block that has no part of its own."""
    return audios() | st.builds(Refusal, texts(), extras()) | opaques()
