"""Payloads and answers as they come over the Messages API's wire: well-formed, and richer than our fields.

Law: built from what the API documents, plus fields and blocks that nobody has heard of; never by our own codec.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias, cast

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.raw import plain_objects, texts

__all__ = ["anthropic_answers", "anthropic_payloads"]

Block: TypeAlias = dict[str, object]  # of JSON; strategies are combined more freely than JSON types allow
Blocks: TypeAlias = st.SearchStrategy[Block]

_IDS = st.sampled_from(["toolu_01", "call_1", "x-y_Z", "call|1", "é", "hex_", "hex_61", "hex_6a7c"])
_NAMES = st.sampled_from(["search", "f", "get_weather"])


def _some(**fields: st.SearchStrategy[object]) -> Blocks:
    """Any of these fields, most often none; and now and then one that does not exist."""
    unknown = st.sampled_from([{}, {}, {}, {}, {"x_new": 1}, {"x_new": None}])
    known: Blocks = st.fixed_dictionaries({}, optional=fields)
    nothing: Blocks = st.just({})
    return st.builds(lambda a, b: {**a, **b}, nothing | nothing | known, unknown)


def _block(kind: str, more: Blocks, **fields: st.SearchStrategy[object]) -> Blocks:
    needed: Blocks = st.fixed_dictionaries({"type": st.just(kind), **fields})
    return st.builds(lambda a, b: {**a, **b}, needed, more)


def _json(value: object) -> st.SearchStrategy[object]:
    return st.just(value)


_CACHED = _some(cache_control=_json({"type": "ephemeral"}))
_OBJECTS: st.SearchStrategy[object] = plain_objects()


def _text(more: Blocks = _CACHED) -> Blocks:
    return _block("text", more, text=texts())


def _sources(media_type: str) -> Blocks:
    data = st.binary(max_size=4).map(lambda raw: raw.hex())
    return (
        _block("base64", st.just({}), media_type=_json(media_type), data=data)
        | _block("url", st.just({}), url=texts())
        | _block("file", st.just({}), file_id=texts())
        | _block("later", st.just({}), where=texts())
    )


def _image() -> Blocks:
    return _block("image", _CACHED, source=_sources("image/png"))


def _document() -> Blocks:
    content = texts() | st.lists(_text() | _image(), max_size=2)
    source = (
        _sources("application/pdf")
        | _block("text", st.just({}), media_type=_json("text/plain"), data=texts())
        | _block("content", st.just({}), content=content)
    )
    citations = st.sampled_from([{"enabled": True}, {"enabled": False}, {}, None])
    more = _some(title=st.none() | texts(), context=texts(), citations=citations, cache_control=_json(None))
    return _block("document", more, source=source)


def _thinking() -> Blocks:
    signed = _block("thinking", _some(), thinking=texts(), signature=texts())
    redacted = _block("redacted_thinking", _some(), data=texts())
    return signed | redacted | _block("thinking", _some(), thinking=texts())


def _unmodelled() -> Blocks:
    kinds = st.sampled_from(
        ["server_tool_use", "web_search_tool_result", "compaction", "hologram", "mcp_tool_use"]
    )
    return st.builds(lambda kind, fields: {**fields, "type": kind}, kinds, plain_objects())


def _call(arguments: st.SearchStrategy[object]) -> Blocks:
    more = _some(caller=_json({"type": "direct"}), cache_control=_json({"type": "ephemeral", "ttl": "1h"}))
    return _block("tool_use", more, id=_IDS, name=_NAMES, input=arguments)


def _result() -> Blocks:
    inner = st.lists(_text() | _image() | _document() | _unmodelled(), max_size=2)
    more = _some(cache_control=_json(None), is_error=st.booleans())
    said = _block("tool_result", more, tool_use_id=_IDS, content=texts() | inner)
    return said | _block("tool_result", more, tool_use_id=_IDS)


def _whole(needed: Block, optional: Block) -> dict[str, PlainJson]:
    return cast("dict[str, PlainJson]", {**needed, **optional})


# ---------------------------------------------------------------- requests


def _messages() -> st.SearchStrategy[object]:
    odd: st.SearchStrategy[object] = st.sampled_from([{"INVALID_JSON": '{"a'}, [1], None, "text"])
    user = st.lists(_result() | _text() | _text() | _image() | _document() | _unmodelled(), max_size=4)
    call = _call(_OBJECTS) | _call(_OBJECTS | odd)
    model = st.lists(_text() | _thinking() | call | _unmodelled(), max_size=4)
    system = st.lists(_text() | _unmodelled(), max_size=2)
    message = (
        _message("user", user | texts())
        | _message("assistant", model | texts())
        | _message("user", user)
        | _message("assistant", model)
        | _message("system", system | texts())
    )
    return st.lists(message, max_size=5)


def _message(role: str, content: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    more = st.sampled_from([{}, {}, {}, {"x_new": [1]}])
    return st.builds(lambda a, b: {"role": role, "content": a, **b}, content, more)


def _tools() -> st.SearchStrategy[object]:
    schema: st.SearchStrategy[object] = _OBJECTS | st.sampled_from(
        [{"type": "object", "properties": {}}, {"type": "object", "required": []}]
    )
    more = _some(strict=st.booleans(), cache_control=_json(None), defer_loading=_json(True))
    made = st.builds(
        lambda name, text, of, extra: {"name": name, "description": text, "input_schema": of, **extra},
        _NAMES,
        texts() | st.none(),
        schema,
        more,
    )
    kinds = st.sampled_from(["web_search_20250305", "bash_20250124", "later"])
    hosted = st.builds(lambda kind, more: {"type": kind, **more}, kinds, _some(name=_NAMES | texts()))
    return st.lists(made | hosted, max_size=3)


def _choices() -> st.SearchStrategy[object]:
    single = _some(disable_parallel_tool_use=st.booleans())
    kinds = st.sampled_from([{"type": kind} for kind in ("auto", "any", "none", "later")])
    named = _NAMES.map(lambda name: {"type": "tool", "name": name})
    return st.builds(lambda a, b: {**a, **b}, kinds | named, single)


def _reasoning() -> tuple[st.SearchStrategy[object], st.SearchStrategy[object]]:
    thinking: list[object] = [
        {"type": "enabled", "budget_tokens": 2000},
        {"type": "enabled", "budget_tokens": 2000, "display": "summarized"},
        {"type": "enabled"},
        {"type": "adaptive"},
        {"type": "adaptive", "display": "omitted"},
        {"type": "disabled"},
        {"type": "disabled", "x_new": 1},
        {"type": "between_tools"},
        {},
    ]
    form: list[object] = [
        {"type": "json_schema", "schema": {"type": "object"}},
        {"type": "json_schema", "schema": {"type": "object"}, "x_new": 1},
        {"type": "later"},
    ]
    config = st.fixed_dictionaries(
        {},
        optional={
            "effort": st.sampled_from(["low", "high", "xhigh", "max", "later"]),
            "format": st.sampled_from(form),
            "task_budget": _json({"total": 5}),
        },
    )
    return st.sampled_from(thinking), config


@cache
def anthropic_payloads() -> st.SearchStrategy[dict[str, PlainJson]]:
    """Requests that the API could be sent."""
    thinking, config = _reasoning()
    models = ["claude-3-5-haiku-latest", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5", "unknown"]
    needed: Blocks = st.fixed_dictionaries(
        {"model": st.sampled_from(models), "max_tokens": st.integers(0, 9000), "messages": _messages()}
    )
    optional: Blocks = st.fixed_dictionaries(
        {},
        optional={
            "system": texts() | st.lists(_text() | _unmodelled(), max_size=2),
            "tools": _tools(),
            "tool_choice": _choices(),
            "thinking": thinking,
            "output_config": config,
            "stop_sequences": st.lists(texts(), max_size=2),
            "stream": st.booleans(),
            "metadata": _json({"user_id": "u"}),
            "service_tier": _json("auto"),
            "x_new": _OBJECTS,
        },
    )
    return st.builds(_whole, needed, optional)


# ---------------------------------------------------------------- answers


def _usage() -> st.SearchStrategy[object]:
    count = st.none() | st.integers(0, 9000)
    return st.fixed_dictionaries(
        {},
        optional={
            "input_tokens": count,
            "output_tokens": count,
            "cache_creation_input_tokens": count,
            "cache_read_input_tokens": count,
            "output_tokens_details": st.sampled_from(
                [None, {}, {"thinking_tokens": 3}, {"thinking_tokens": 0, "x": 1}]
            ),
            "server_tool_use": _json({"web_search_requests": 1}),
            "service_tier": _json("standard"),
        },
    )


@cache
def anthropic_answers(*, streamed: bool = False) -> st.SearchStrategy[dict[str, PlainJson]]:
    """Bodies of answers; with `streamed`, those that a stream can say: it knows arguments as text only."""
    odd: st.SearchStrategy[object] = st.sampled_from([[1], None, 1.5, True])
    if not streamed:
        odd |= st.sampled_from(["text", "{}", '{"a": "b'])
    cited = _some(citations=st.sampled_from([None, [], [{"type": "char_location", "cited_text": "a"}]]))
    content = st.lists(
        _text(cited) | _text(cited) | _thinking() | _call(_OBJECTS | odd) | _unmodelled(), max_size=4
    )
    words = ["end_turn", "max_tokens", "tool_use", "stop_sequence", "pause_turn", "refusal", "later", None]
    needed: Blocks = st.fixed_dictionaries(
        {
            "id": texts(),
            "type": st.just("message"),
            "role": st.just("assistant"),
            "model": _NAMES,
            "content": content,
            "stop_reason": st.sampled_from(words),
            "stop_sequence": st.none() | texts(),
            "usage": _usage(),
        }
    )
    optional: Blocks = st.fixed_dictionaries(
        {},
        optional={
            "stop_details": st.sampled_from([None, {"type": "refusal", "category": "cyber"}]),
            "container": _json({"id": "c"}),
            "x_new": _OBJECTS,
        },
    )
    return st.builds(_whole, needed, optional)
