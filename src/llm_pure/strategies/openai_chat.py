"""Chat Completions over the wire: payloads, answers and streams, OpenAI's own and those of its imitators.

Law: what is drawn is what a client or server of this format could send; nothing here knows how it is read.
"""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.raw import json_values, plain_objects, texts

__all__ = ["chat_bodies", "chat_chunks", "chat_payloads", "sse"]

Plain = dict[str, PlainJson]
Plains = st.SearchStrategy[Plain]


def _plain(
    required: dict[str, st.SearchStrategy[PlainJson]], optional: dict[str, st.SearchStrategy[PlainJson]]
) -> Plains:
    return st.fixed_dictionaries(required, optional=optional)


def _just(*words: PlainJson) -> st.SearchStrategy[PlainJson]:
    return st.sampled_from(words)


def _listed(items: Plains, *, min_size: int = 0, max_size: int = 3) -> st.SearchStrategy[PlainJson]:
    return st.lists(items, min_size=min_size, max_size=max_size).map(lambda found: [*found])


@cache
def _texts() -> st.SearchStrategy[PlainJson]:
    return texts().map(str)


@cache
def _words() -> st.SearchStrategy[PlainJson]:
    return texts(min_size=1).map(str)


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
    return _with_fields(_plain({"type": _just("text"), "text": _words()}, {}))


@cache
def _media_blocks() -> Plains:
    urls = _just("https://example.org/a.png", "data:image/png;base64,aGk=", "data:,x", "")
    picture = _plain({"url": urls}, {"detail": _just("low", "auto"), "format": _just("x")})
    file = _plain(
        {"file_data": _just("data:application/pdf;base64,aGk=", "https://example.org/a.pdf")},
        {"filename": _texts() | _just("untitled.pdf")},
    )
    sound = _plain({"data": _just("aGk="), "format": _just("wav", "mp3", "ogg")}, {})
    return (
        _plain({"type": _just("image_url"), "image_url": picture}, {})
        | _plain({"type": _just("image_url"), "image_url": urls}, {})
        | _plain({"type": _just("file"), "file": file | _plain({"file_id": _texts()}, {})}, {})
        | _plain({"type": _just("input_audio"), "input_audio": sound}, {})
        | _plain({"type": _just("video_url", "document_url")}, {"video_url": json_values(max_leaves=2)})
    )


def _content(blocks: Plains) -> st.SearchStrategy[PlainJson]:
    return _texts() | _listed(blocks)


@cache
def _arguments() -> st.SearchStrategy[PlainJson]:
    spelt = plain_objects().map(lambda found: json.dumps(found))  # noqa: PLW0108 - mypy wants the call
    broken = _just("", '{"a": 1', "[1]", "null", '{"a" : 1 }')
    return spelt | broken


@cache
def _calls() -> st.SearchStrategy[PlainJson]:
    function = _with_fields(_plain({"name": _words(), "arguments": _arguments()}, {}))
    usual = _plain({"id": _words(), "type": _just("function"), "function": function}, {})
    custom = _plain({"name": _words(), "input": _texts()}, {})
    free = _plain({"id": _words(), "type": _just("custom"), "custom": custom}, {})
    return _listed(_with_fields(usual) | free, min_size=1).map(_named_apart)


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
    said = _plain(
        {"type": _just("reasoning.text"), "text": _words(), "index": index}, {"signature": _words()}
    )
    sealed = _plain({"type": _just("reasoning.encrypted"), "data": _words()}, {"id": _words()})
    one = st.one_of(said, sealed)
    return {
        "reasoning_content": _words(),
        "reasoning": _words(),
        "reasoning_details": _listed(one, min_size=1, max_size=1),
    }


# ---------------------------------------------------------------- requests


@cache
def _messages() -> Plains:
    name: dict[str, st.SearchStrategy[PlainJson]] = {"name": _words()}
    instructions = _plain({"role": _just("system", "developer"), "content": _content(_text_blocks())}, name)
    asked = _plain({"role": _just("user"), "content": _content(_text_blocks() | _media_blocks())}, name)
    legacy = _plain({"name": _words(), "arguments": _arguments()}, {})
    refused = _plain({"type": _just("refusal"), "refusal": _words()}, {})
    thought = _plain(
        {
            "type": _just("thinking"),
            "thinking": _listed(_plain({"type": _just("text"), "text": _words()}, {})),
        },
        {"closed": _just(True)},
    )
    answered = _plain(
        {"role": _just("assistant"), "content": st.none() | _content(_text_blocks() | refused | thought)},
        {
            "tool_calls": _calls(),
            "refusal": _words(),
            "audio": _plain({"id": _words()}, {}),
            "function_call": legacy,
            "annotations": _just([], [{"type": "url_citation"}]),
            **_reasoning(),
        },
    )
    result = _plain(
        {
            "role": _just("tool"),
            "tool_call_id": _words(),
            "content": _content(_text_blocks() | _media_blocks()),
        },
        name,
    )
    function = _plain({"role": _just("function", "other"), "name": _words(), "content": _texts()}, {})
    return st.one_of(instructions, asked, asked, answered, answered, result, result, function)


@cache
def _tools() -> Plains:
    function = _with_fields(
        _plain(
            {"name": _words()},
            {"description": _texts(), "parameters": plain_objects(), "strict": st.booleans()},
        )
    )
    usual = _plain({"function": function}, {"type": _just("function"), "cache_control": plain_objects()})
    custom = _plain({"name": _words()}, {"description": _texts(), "format": plain_objects()})
    return (
        usual
        | _plain({"type": _just("custom"), "custom": custom}, {})
        | _plain({"type": _just("web_search")}, {})
    )


@cache
def chat_payloads() -> Plains:
    """Requests: what OpenAI documents, what it has retired, and what others have added."""
    count: st.SearchStrategy[PlainJson] = st.integers(0, 10_000)
    rate: st.SearchStrategy[PlainJson] = st.floats(0, 2) | st.integers(0, 2)
    schema = _plain(
        {"name": _words(), "schema": plain_objects()},
        {"strict": st.booleans(), "description": _texts(), "x": rate},
    )
    named = _plain({"name": _words()}, {})
    allowed = _plain({"mode": _just("auto", "required"), "tools": _just([{"type": "function"}])}, {})
    choice = (
        _just("auto", "none", "required", "any", "else")
        | _plain({"type": _just("function"), "function": named}, {})
        | _plain({"type": _just("custom"), "custom": named}, {})
        | _plain({"type": _just("allowed_tools"), "allowed_tools": allowed}, {})
    )
    stops = _texts() | st.none() | st.lists(_texts(), max_size=6)
    return _plain(
        {"messages": _listed(_messages(), max_size=4)},
        {
            "model": _just("gpt-4o", "llama-3.3", "unknown"),
            "max_tokens": count,
            "max_completion_tokens": count | st.none(),
            "temperature": rate | _just("0.5"),
            "top_p": rate,
            "top_k": count,
            "seed": count,
            "frequency_penalty": rate,
            "presence_penalty": rate | st.none(),
            "stop": stops,
            "tools": _listed(_tools()),
            "functions": _listed(_tools()),
            "tool_choice": choice,
            "parallel_tool_calls": st.booleans(),
            "response_format": _just({"type": "json_object"}, {"type": "text"}, None)
            | _plain({"type": _just("json_schema"), "json_schema": schema}, {}),
            "reasoning_effort": _just("none", "low", "xhigh", "default"),
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
    inner = _plain({}, {"cached_tokens": count, "cache_write_tokens": count, "audio_tokens": count})
    outer = _plain({}, {"reasoning_tokens": count, "accepted_prediction_tokens": count})
    return _plain(
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
        "role": _just("assistant"),
        "refusal": _words() | st.none(),
        "tool_calls": _calls(),
        "function_call": _plain({"name": _words(), "arguments": _arguments()}, {}),
        "audio": _plain({"id": _words(), "transcript": _texts(), "data": _just("aGk=")}, {}),
        "annotations": _just([], [{"type": "url_citation", "url_citation": {"start_index": 1}}]),
        "channel": _just("final"),
        **_reasoning(),
    }
    blocks = _listed(_text_blocks()) if not streamed else st.none()
    return _plain({"content": st.none() | _texts() | blocks}, more)


@cache
def _choices(*, streamed: bool) -> Plains:
    logs = _plain(
        {"content": st.none() | _listed(_plain({"token": _texts()}, {}), min_size=1)}, {"refusal": st.none()}
    )
    words = ["stop", "length", "MAX_TOKENS", "tool_calls", "content_filter", "eos", "new"]
    if not streamed:
        words.append("")  # some know no word; a stream that says none has not ended
    return _plain(
        {
            "message": _answers(streamed=streamed),
            "finish_reason": _just(*words),
        },
        {
            "logprobs": logs | st.none(),
            "native_finish_reason": _just("STOP"),
            "stop_reason": _just("\n", 128001, None),
        },
    )


@cache
def chat_bodies(*, streamed: bool = False) -> Plains:
    """Answers; with `streamed`, those that a stream of deltas can say."""
    choices = st.lists(_choices(streamed=streamed), min_size=1, max_size=2).map(_numbered)
    return _plain(
        {
            "id": _texts(),
            "object": _just("chat.completion"),
            "created": st.integers(0, 9),
            "choices": choices,
        },
        {
            "model": _words(),
            "usage": _usages() | (_just({}) if streamed else st.none()),
            "system_fingerprint": _just("fp_1", None),
            "service_tier": _just("default", None),
            "x_groq": _plain({"id": _words()}, {"usage": _usages()}),
        },
    )


def _numbered(choices: list[Plain]) -> PlainJson:
    return [{"index": index, **choice} for index, choice in enumerate(choices)]


# ---------------------------------------------------------------- streams


@st.composite
def chat_chunks(draw: st.DrawFn) -> tuple[Plain, list[Plain]]:
    """An answer, and chunks that say the same: its texts in pieces, its choices and calls one after another."""
    body = draw(chat_bodies(streamed=True))
    kept: Plain = {"id": body["id"], "object": "chat.completion.chunk", "created": body["created"]}
    kept |= {"model": body["model"]} if "model" in body else {}
    chunks: list[Plain] = []
    choices = body["choices"]
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and isinstance(message := choice["message"], dict):
            index = choice["index"]
            chunks += [
                {**kept, "choices": [{"index": index, "delta": delta}]} for delta in _deltas(draw, message)
            ]
            end = {key: value for key, value in choice.items() if key != "message"}
            chunks.append({**kept, "choices": [{**end, "delta": {}}]})
    chunks[0] |= {key: body[key] for key in ("system_fingerprint", "service_tier", "x_groq") if key in body}
    if "usage" in body:
        chunks.append({**kept, "choices": [], "usage": body["usage"]})
    return body, chunks


def _deltas(draw: st.DrawFn, message: Plain) -> list[Plain]:
    found: list[Plain] = [{"role": "assistant", "content": ""}]
    last = ("content", "refusal", "audio", "function_call", "tool_calls")
    for key in [*[key for key in message if key not in last], *[key for key in last if key in message]]:
        value = message[key]
        if isinstance(value, str) and key not in {"role", "channel"}:
            found.extend({key: piece} for piece in _pieces(draw, value))
        elif key == "tool_calls" and isinstance(value, list):
            for index, call in enumerate(value):
                found += _call_deltas(draw, index, call)
        else:
            found.append({key: value})
    return found


def _call_deltas(draw: st.DrawFn, index: int, call: PlainJson) -> list[Plain]:
    if not isinstance(call, dict):
        return []
    function = call.get("function")
    text = function.get("arguments") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(text, str):
        return [{"tool_calls": [{"index": index, **call}]}]
    found: list[Plain] = [
        {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
    ]
    for piece in _pieces(draw, text):
        more: Plain = {"index": index, "function": {"arguments": piece}}
        found.append({"tool_calls": [more]})
    return found


def _pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=2)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def sse(chunks: list[Plain], *, done: bool = True) -> bytes:
    """Chunks as a server sends them."""
    events = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
    return b"".join(events) + (b"data: [DONE]\n\n" if done else b"")
