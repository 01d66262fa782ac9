"""Chat Completions over the wire: payloads and answers, OpenAI's own and those of its imitators.

Law: what is drawn is what a client or server of this format could send; nothing here knows how it is read.
"""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.plain import Plain, Plains, just, listed, plain_texts, plain_words, record
from llm_pure.strategies.raw import json_values, plain_objects

__all__ = ["chat_answers", "chat_payloads"]


@cache
def _fields() -> Plains:
    """Fields of nobody's specification."""
    return st.just(Plain()) | st.dictionaries(
        st.sampled_from(["cache_control", "x", "x_extra"]), json_values(max_leaves=3), max_size=1
    ).filter(lambda found: None not in found.values())


def _with_fields(items: Plains) -> Plains:
    return st.builds(lambda item, more: {**more, **item}, items, _fields())


# ---------------------------------------------------------------- content


@cache
def _text_blocks() -> Plains:
    return _with_fields(record({"type": just("text"), "text": plain_words()}, {}))


@cache
def _media_blocks() -> Plains:
    urls = just("https://example.org/a.png", "data:image/png;base64,aGk=", "data:,x", "")
    picture = record({"url": urls}, {"detail": just("low", "auto"), "format": just("x")})
    file = record(
        {"file_data": just("data:application/pdf;base64,aGk=", "https://example.org/a.pdf")},
        {"filename": plain_texts() | just("untitled.pdf")},
    )
    sound = record({"data": just("aGk="), "format": just("wav", "mp3", "ogg")}, {})
    return (
        record({"type": just("image_url"), "image_url": picture}, {})
        | record({"type": just("image_url"), "image_url": urls}, {})
        | record({"type": just("file"), "file": file | record({"file_id": plain_texts()}, {})}, {})
        | record({"type": just("input_audio"), "input_audio": sound}, {})
        | record({"type": just("video_url", "document_url")}, {"video_url": json_values(max_leaves=2)})
    )


def _content(blocks: Plains) -> st.SearchStrategy[PlainJson]:
    return plain_texts() | listed(blocks)


@cache
def _arguments() -> st.SearchStrategy[PlainJson]:
    spelt = plain_objects().map(lambda found: json.dumps(found))  # noqa: PLW0108 - mypy wants the call
    broken = just("", '{"a": 1', "[1]", "null", '{"a" : 1 }')
    return spelt | broken


@cache
def _calls() -> st.SearchStrategy[PlainJson]:
    function = _with_fields(record({"name": plain_words(), "arguments": _arguments()}, {}))
    usual = record({"id": plain_words() | just(7), "type": just("function"), "function": function}, {})
    custom = record({"name": plain_words(), "input": plain_texts()}, {})
    free = record({"id": plain_words(), "type": just("custom"), "custom": custom}, {})
    return listed(_with_fields(usual) | free, min_size=1).map(_named_apart)


def _named_apart(calls: PlainJson) -> PlainJson:
    """Calls without those whose id another one has: no server takes them back."""
    found = {
        str(call.get("id")): call
        for call in reversed(calls if isinstance(calls, list) else [])
        if isinstance(call, dict)
    }
    return [*reversed(found.values())]


@cache
def _reasoning() -> dict[str, st.SearchStrategy[PlainJson]]:
    index: st.SearchStrategy[PlainJson] = st.integers(0, 1)
    said = record(
        {"type": just("reasoning.text"), "text": plain_words(), "index": index},
        {"signature": plain_words()},
    )
    sealed = record({"type": just("reasoning.encrypted"), "data": plain_words()}, {"id": plain_words()})
    one = st.one_of(said, sealed)
    return {
        "reasoning_content": plain_words(),
        "reasoning": plain_words(),
        "reasoning_text": plain_words(),
        "reasoning_details": listed(one, min_size=1, max_size=1),
    }


# ---------------------------------------------------------------- requests


@cache
def _messages() -> Plains:
    name: dict[str, st.SearchStrategy[PlainJson]] = {"name": plain_words()}
    instructions = record({"role": just("system", "developer"), "content": _content(_text_blocks())}, name)
    asked = record({"role": just("user"), "content": _content(_text_blocks() | _media_blocks())}, name)
    legacy = record({"name": plain_words(), "arguments": _arguments()}, {})
    refused = record({"type": just("refusal"), "refusal": plain_words()}, {})
    thought = record(
        {
            "type": just("thinking"),
            "thinking": listed(record({"type": just("text"), "text": plain_words()}, {})),
        },
        {"closed": just(True)},
    )
    summed = record(
        {
            "type": just("reasoning"),
            "summary": listed(
                record({"type": just("summary_text"), "text": plain_words()}, {"signature": plain_texts()})
            ),
        },
        {"x": just(True)},
    )
    answered = record(
        {
            "role": just("assistant"),
            "content": st.none() | _content(_text_blocks() | refused | thought | summed),
        },
        {
            "tool_calls": _calls(),
            "refusal": plain_words(),
            "audio": record({"id": plain_words()}, {}),
            "function_call": legacy,
            "annotations": just([], [{"type": "url_citation"}]),
            **_reasoning(),
        },
    )
    result = record(
        {
            "role": just("tool"),
            "tool_call_id": plain_words(),
            "content": _content(_text_blocks() | _media_blocks()),
        },
        name,
    )
    function = record(
        {"role": just("function", "other"), "name": plain_words(), "content": plain_texts()}, {}
    )
    return st.one_of(instructions, asked, asked, answered, answered, result, result, function)


@cache
def _tools() -> Plains:
    function = _with_fields(
        record(
            {"name": plain_words()},
            {"description": plain_texts(), "parameters": plain_objects(), "strict": st.booleans()},
        )
    )
    usual = record({"function": function}, {"type": just("function"), "cache_control": plain_objects()})
    custom = record({"name": plain_words()}, {"description": plain_texts(), "format": plain_objects()})
    return (
        usual
        | record({"type": just("custom"), "custom": custom}, {})
        | record({"type": just("web_search")}, {})
    )


@cache
def chat_payloads() -> Plains:
    """Requests: what OpenAI documents, what it has retired, and what others have added."""
    count: st.SearchStrategy[PlainJson] = st.integers(0, 10_000)
    rate: st.SearchStrategy[PlainJson] = st.floats(0, 2) | st.integers(0, 2)
    schema = record(
        {"name": plain_words(), "schema": plain_objects()},
        {"strict": st.booleans(), "description": plain_texts(), "x": rate},
    )
    named = record({"name": plain_words()}, {})
    allowed = record({"mode": just("auto", "required"), "tools": just([{"type": "function"}])}, {})
    choice = (
        just("auto", "none", "required", "any", "else")
        | record({"type": just("function"), "function": named}, {})
        | record({"type": just("custom"), "custom": named}, {})
        | record({"type": just("allowed_tools"), "allowed_tools": allowed}, {})
    )
    stops = plain_texts() | st.none() | st.lists(plain_texts(), max_size=6)
    return record(
        {"messages": listed(_messages(), max_size=4)},
        {
            "model": just("gpt-4o", "llama-3.3", "unknown"),
            "max_tokens": count,
            "max_completion_tokens": count | st.none(),
            "temperature": rate | just("0.5"),
            "top_p": rate,
            "top_k": count,
            "seed": count,
            "frequency_penalty": rate,
            "presence_penalty": rate | st.none(),
            "stop": stops,
            "tools": listed(_tools()),
            "functions": listed(_tools()),
            "tool_choice": choice,
            "parallel_tool_calls": st.booleans(),
            "response_format": just({"type": "json_object"}, {"type": "text"}, None)
            | record({"type": just("json_schema"), "json_schema": schema}, {}),
            "reasoning_effort": just("none", "low", "xhigh", "default"),
            "stream": st.booleans(),
            "logit_bias": plain_objects(),
            "n": count,
            "provider": plain_objects(),
        },
    ).map(_acceptable)


def _acceptable(payload: Plain) -> Plain:
    """Without what the model refuses: OpenAI's own know no `top_k`, take four stops, and not all think."""
    if payload.get("model") != "gpt-4o":
        return payload
    stop = payload.get("stop")
    if isinstance(stop, list):
        payload = {**payload, "stop": stop[:4]}
    return {key: value for key, value in payload.items() if key not in {"top_k", "reasoning_effort"}}


# ---------------------------------------------------------------- answers


@cache
def _usages() -> Plains:
    count: st.SearchStrategy[PlainJson] = st.none() | st.integers(0, 10_000)
    inner = record({}, {"cached_tokens": count, "cache_write_tokens": count, "audio_tokens": count})
    outer = record({}, {"reasoning_tokens": count, "accepted_prediction_tokens": count})
    return record(
        {},
        {
            "prompt_tokens": count,
            "completion_tokens": count,
            "total_tokens": count,
            "prompt_tokens_details": inner | st.none(),
            "completion_tokens_details": outer | st.none(),
            "prompt_cache_hit_tokens": count,
            "cache_creation_input_tokens": count,
            "cost": st.floats(0, 1),
        },
    )


@cache
def _answers(*, streamed: bool) -> Plains:
    more: dict[str, st.SearchStrategy[PlainJson]] = {
        "role": just("assistant"),
        "refusal": plain_words() | st.none(),
        "tool_calls": _calls(),
        "function_call": record({"name": plain_words(), "arguments": _arguments()}, {}),
        "audio": record({"id": plain_words(), "transcript": plain_texts(), "data": just("aGk=")}, {}),
        "annotations": just([], [{"type": "url_citation", "url_citation": {"start_index": 1}}]),
        "channel": just("final"),
        "remark": just("", "First this, then that."),
        **_reasoning(),
    }
    blocks = listed(_text_blocks()) if not streamed else st.none()
    return record({"content": st.none() | plain_texts() | blocks}, more)


@cache
def _choices(*, streamed: bool) -> Plains:
    logs = record(
        {"content": st.none() | listed(record({"token": plain_texts()}, {}), min_size=1)},
        {"refusal": st.none()},
    )
    words = ["stop", "length", "MAX_TOKENS", "tool_calls", "content_filter", "eos", "new"]
    if not streamed:
        words.append("")  # some know no word; a stream that says none has not ended
    return record(
        {
            "message": _answers(streamed=streamed),
            "finish_reason": just(*words),
        },
        {
            "logprobs": logs | st.none(),
            "native_finish_reason": just("STOP"),
            "stop_reason": just("\n", 128001, None),
        },
    )


@cache
def chat_answers(*, streamed: bool = False) -> Plains:
    """Answers; with `streamed`, those that a stream of deltas can say."""
    choices = st.lists(_choices(streamed=streamed), min_size=1, max_size=2).map(_numbered)
    return record(
        {
            "id": plain_texts(),
            "object": just("chat.completion"),
            "created": st.integers(0, 9),
            "choices": choices,
        },
        {
            "model": plain_words(),
            "usage": _usages() | (just({}) if streamed else st.none()),
            "system_fingerprint": just("fp_1", None),
            "service_tier": just("default", None),
            "x_groq": record({"id": plain_words()}, {"usage": _usages()}),
        },
    )


def _numbered(choices: list[Plain]) -> PlainJson:
    return [{"index": index, **choice} for index, choice in enumerate(choices)]
