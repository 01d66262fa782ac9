"""Responses over the wire: payloads, answers and streams.

Law: what is drawn is what a client or server of this format could send; nothing here knows how it is read.
"""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.raw import json_values, plain_objects, texts

__all__ = ["responses_bodies", "responses_events", "responses_payloads", "responses_sse"]

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


# ---------------------------------------------------------------- items


@cache
def _input_parts() -> Plains:
    urls = _just("https://example.org/a.png", "data:image/png;base64,aGk=", "data:,x", "")
    detail = {"detail": _just("low", "high", "new")}
    return (
        _plain({"type": _just("input_text"), "text": _texts()}, {"x": json_values(max_leaves=2)})
        | _plain({"type": _just("input_image"), "image_url": urls}, detail)
        | _plain({"type": _just("input_image"), "file_id": _words()}, detail)
        | _plain({"type": _just("input_file"), "file_data": urls}, {"filename": _texts()})
        | _plain({"type": _just("input_file"), "file_url": urls}, {"filename": _texts()})
        | _plain({"type": _just("input_file")}, {"file_id": _words(), "file_url": urls})
        | _plain({"type": _just("input_new")}, {"x": json_values(max_leaves=2)})
    )


@cache
def _output_parts() -> Plains:
    notes = _just([], [{"type": "url_citation", "start_index": 1, "end_index": 2}])
    return (
        _plain({"type": _just("output_text"), "text": _texts()}, {"annotations": notes, "logprobs": notes})
        | _plain({"type": _just("refusal"), "refusal": _texts()}, {})
        | _plain({"type": _just("output_new")}, {"x": json_values(max_leaves=2)})
    )


_STATUS = {"status": _just("completed", "incomplete", "in_progress")}


@cache
def _messages(*, answered: bool) -> Plains:
    content = _listed(_output_parts())
    fields = {"id": _words(), "phase": _just("commentary", "final_answer"), **_STATUS}
    required: dict[str, st.SearchStrategy[PlainJson]] = {"role": _just("assistant"), "content": content}
    if answered:
        return _plain({**required, **fields, "type": _just("message")}, {})
    return _plain({**required, "content": content | _texts()}, {**fields, "type": _just("message")})


@cache
def _arguments() -> st.SearchStrategy[PlainJson]:
    spelt = plain_objects().map(lambda found: json.dumps(found))  # noqa: PLW0108 - mypy wants the call
    return spelt | _just("", '{"a": 1', "[1]", "null", '{"a" : 1 }')


@cache
def _own_items() -> Plains:
    """Items that a model says, but messages."""
    summary = _listed(_plain({"type": _just("summary_text"), "text": _texts()}, {}))
    content = _listed(_plain({"type": _just("reasoning_text"), "text": _texts()}, {}))
    id_ = {"id": _words()}
    call = {"call_id": _words(), **id_, **_STATUS}
    return st.one_of(
        _plain(
            {"type": _just("reasoning"), "summary": summary},
            {"encrypted_content": _words() | st.none(), "content": content, **id_, **_STATUS},
        ),
        _plain(
            {
                "type": _just("function_call"),
                "call_id": _words(),
                "name": _words(),
                "arguments": _arguments(),
            },
            {"namespace": _words(), **id_, **_STATUS},
        ),
        _plain({"type": _just("function_call")}, {"name": _texts(), "arguments": json_values(max_leaves=2)}),
        _plain({"type": _just("custom_tool_call"), "name": _words(), "input": _texts()}, call),
        _plain({"type": _just("web_search_call"), "action": plain_objects()}, {**id_, **_STATUS}),
        _plain({"type": _just("shell_call"), "action": plain_objects()}, call),
        _plain({"type": _just("mcp_list_tools"), "tools": _just([])}, id_),
        _plain({"type": _just("new_item")}, {"x": json_values(max_leaves=2), **id_}),
    )


@cache
def _input_items() -> Plains:
    content = _texts() | _listed(_input_parts())
    fields = {"type": _just("message"), "x": _words()}
    said = _plain({"role": _just("user"), "content": content}, fields)
    told = _plain({"role": _just("system", "developer"), "content": content}, fields)
    result = _plain(
        {
            "type": _just("function_call_output", "function_call_output", "custom_tool_call_output"),
            "call_id": _words(),
            "output": content,
        },
        {"id": _words()},
    )
    other = _plain(
        {
            "type": _just(
                "mcp_approval_response", "item_reference", "computer_call_output", "tool_search_output"
            )
        },
        {"id": _words(), "approve": st.booleans(), "execution": _just("client", "server")},
    )
    return st.one_of(said, said, told, result, result, other, _messages(answered=False), _own_items())


# ---------------------------------------------------------------- requests


@cache
def responses_payloads() -> Plains:
    """Requests: what OpenAI documents, and fields that it does not know."""
    count: st.SearchStrategy[PlainJson] = st.integers(0, 10_000)
    rate: st.SearchStrategy[PlainJson] = st.floats(0, 2) | st.integers(0, 2)
    function = _plain(
        {"type": _just("function"), "name": _words()},
        {
            "description": _texts(),
            "parameters": plain_objects(),
            "strict": st.booleans() | st.none(),
            "defer_loading": st.booleans(),
        },
    )
    hosted = _plain({"type": _just("web_search", "custom", "namespace")}, {"name": _words(), "x": rate})
    choice = (
        _just("auto", "none", "required", "else")
        | _plain({"type": _just("function", "custom")}, {"name": _words()})
        | _plain({"type": _just("allowed_tools")}, {"mode": _just("auto", "required"), "tools": _just([])})
        | _plain({"type": _just("file_search", "mcp")}, {"server_label": _words()})
    )
    schema = _plain(
        {"type": _just("json_schema"), "name": _words(), "schema": plain_objects()},
        {"strict": st.booleans() | st.none(), "description": _texts(), "x": rate},
    )
    form = schema | _just({"type": "json_object"}, {"type": "text"})
    reasoning = _plain(
        {}, {"effort": _just("none", "low", "max", "new", None), "summary": _just("auto"), "x": rate}
    )
    return _plain(
        {},
        {
            "input": _listed(_input_items(), max_size=5) | _texts(),
            "instructions": _texts() | _just([]),
            "model": _just("gpt-4o", "unknown"),
            "max_output_tokens": count | st.none(),
            "temperature": rate | _just("0.5"),
            "top_p": rate,
            "seed": count,
            "stop": _texts(),
            "tools": _listed(function | function | hosted),
            "tool_choice": choice,
            "parallel_tool_calls": st.booleans(),
            "text": _plain({}, {"format": form, "verbosity": _just("low")}),
            "reasoning": reasoning,
            "store": st.booleans(),
            "include": _just(["reasoning.encrypted_content"]),
            "previous_response_id": _words() | st.none(),
            "truncation": _just("auto"),
            "prompt": plain_objects(),
            "stream": st.booleans(),
        },
    )


# ---------------------------------------------------------------- answers


@cache
def _usages() -> Plains:
    count: st.SearchStrategy[PlainJson] = st.none() | st.integers(0, 10_000)
    return _plain(
        {},
        {
            "input_tokens": count,
            "output_tokens": count,
            "total_tokens": count,
            "input_tokens_details": _plain(
                {}, {"cached_tokens": count, "cache_write_tokens": count, "x": count}
            )
            | st.none(),
            "output_tokens_details": _plain({}, {"reasoning_tokens": count, "x": count}) | st.none(),
            "x": count,
        },
    )


@cache
def responses_bodies(*, streamed: bool = False) -> Plains:
    """Answers; with `streamed`, those at which a stream can end."""
    why = _just(
        None, {"reason": "max_output_tokens"}, {"reason": "content_filter"}, {"reason": "new", "x": 1}
    )
    statuses = (
        ("completed", "incomplete") if streamed else ("completed", "incomplete", "queued", "in_progress")
    )
    return _plain(
        {
            "id": _texts(),
            "object": _just("response"),
            "status": _just(*statuses),
            "output": _listed(_messages(answered=True) | _own_items(), max_size=4),
        },
        {
            "model": _words(),
            "error": st.none(),
            "incomplete_details": why,
            "usage": _usages() | st.none(),
            "created_at": st.integers(0, 9),
            "tools": _just([]),
            "metadata": plain_objects(),
        },
    )


# ---------------------------------------------------------------- streams


@st.composite
def responses_events(draw: st.DrawFn) -> tuple[Plain, list[Plain]]:
    """An answer, and events that say the same; some of them may be left out, as servers do."""
    body = draw(responses_bodies(streamed=True))
    whole, empty = draw(st.booleans()), draw(st.booleans())
    begun: Plain = {**body, "status": "in_progress", "output": []}
    events: list[Plain] = [{"type": "response.created", "response": begun}]
    output = body["output"]
    for index, item in enumerate(output if isinstance(output, list) else []):
        if isinstance(item, dict):
            events += _item_events(draw, index, item, whole=whole)
            events.append({"type": "response.new.event", "output_index": index})
            events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    end: Plain = {**body, "output": []} if empty else body
    return body, [*events, {"type": f"response.{body['status']}", "response": end}]


def _item_events(draw: st.DrawFn, index: int, item: Plain, *, whole: bool) -> list[Plain]:
    at: Plain = {"output_index": index}
    kind, content = item.get("type"), item.get("content")
    start = dict(item)
    found: list[Plain] = []
    if kind == "message" and isinstance(content, list):
        start["content"] = []
        for number, block in enumerate(content):
            if isinstance(block, dict):
                here: Plain = {**at, "content_index": number}
                found.append({"type": "response.content_part.added", **here, "part": block})
                for name, key in (("output_text", "text"), ("refusal", "refusal")):
                    if block["type"] == name:
                        found += _deltas(draw, f"response.{name}", here, key, block[key], whole=whole)
                found.append({"type": "response.content_part.done", **here, "part": block})
    elif kind == "reasoning" and isinstance(summary := item.get("summary"), list):
        start["summary"] = []
        for number, block in enumerate(summary):
            here = {**at, "summary_index": number}
            if isinstance(block, dict):
                name = "response.reasoning_summary_text"
                found += _deltas(draw, name, here, "text", block["text"], whole=whole)
    elif kind == "function_call" and isinstance(item.get("arguments"), str):
        start["arguments"] = ""
        name = "response.function_call_arguments"
        found += _deltas(draw, name, at, "arguments", item["arguments"], whole=whole)
    return [{"type": "response.output_item.added", **at, "item": start}, *found]


def _deltas(draw: st.DrawFn, name: str, at: Plain, key: str, text: PlainJson, *, whole: bool) -> list[Plain]:
    if not isinstance(text, str):
        return []
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=2)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    done: Plain = {"type": f"{name}.done", **at, key: text}
    if whole:
        return [done]
    deltas: list[Plain] = [{"type": f"{name}.delta", **at, "delta": piece} for piece in pieces]
    return [*deltas, done]


def responses_sse(events: list[Plain]) -> bytes:
    """Events as a server sends them."""
    return b"".join(
        [
            b"event: " + str(event["type"]).encode() + b"\ndata: " + json.dumps(event).encode() + b"\n\n"
            for event in events
        ]
    )
