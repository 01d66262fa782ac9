"""Responses over the wire: payloads and answers.

Law: what is drawn is what a client or server of this format could send; nothing here knows how it is read.
"""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.plain import Plains, just, listed, plain_texts, plain_words, record
from llm_pure.strategies.raw import json_values, plain_objects

__all__ = ["responses_answers", "responses_payloads"]

# ---------------------------------------------------------------- items


@cache
def _input_parts() -> Plains:
    urls = just("https://example.org/a.png", "data:image/png;base64,aGk=", "data:,x", "")
    detail = {"detail": just("low", "high", "new", "auto")}
    text = record({"type": just("input_text"), "text": plain_texts()}, {"x": json_values(max_leaves=2)})
    return (
        text
        | text
        | record({"type": just("input_image"), "image_url": urls}, detail)
        | record({"type": just("input_image"), "file_id": plain_words()}, detail)
        | record({"type": just("input_file"), "file_data": urls}, {"filename": plain_texts()})
        | record({"type": just("input_file"), "file_url": urls}, {"filename": plain_texts()})
        | record({"type": just("input_file")}, {"file_id": plain_words(), "file_url": urls})
        | record({"type": just("input_new")}, {"x": json_values(max_leaves=2)})
    )


@cache
def _output_parts() -> Plains:
    notes = just([], [{"type": "url_citation", "start_index": 1, "end_index": 2}])
    text = record(
        {"type": just("output_text"), "text": plain_texts()},
        {"annotations": notes, "logprobs": notes},
    )
    return (
        text
        | text
        | record({"type": just("refusal"), "refusal": plain_texts()}, {})
        | record({"type": just("output_new")}, {"x": json_values(max_leaves=2)})
    )


_STATUS = {"status": just("completed", "incomplete", "in_progress")}


@cache
def _messages(*, answered: bool) -> Plains:
    content = listed(_output_parts(), min_size=1) | listed(_output_parts())
    fields = {"id": plain_words(), "phase": just("commentary", "final_answer"), **_STATUS}
    required: dict[str, st.SearchStrategy[PlainJson]] = {
        "role": just("assistant"),
        "content": content,
    }
    if answered:
        return record({**required, **fields, "type": just("message")}, {})
    return record({**required, "content": content | plain_texts()}, {**fields, "type": just("message")})


@cache
def _arguments() -> st.SearchStrategy[PlainJson]:
    spelt = plain_objects().map(lambda found: json.dumps(found))  # noqa: PLW0108 - mypy wants the call
    return spelt | just("", '{"a": 1', "[1]", "null", '{"a" : 1 }')


@cache
def _own_items() -> Plains:
    """Items that a model says, but messages."""
    summary = listed(record({"type": just("summary_text"), "text": plain_texts()}, {}))
    content = listed(record({"type": just("reasoning_text"), "text": plain_texts()}, {}))
    id_ = {"id": plain_words()}
    call = {"call_id": plain_words(), **id_, **_STATUS}
    return st.one_of(
        record(
            {"type": just("reasoning"), "summary": summary},
            {"encrypted_content": plain_words() | st.none(), "content": content, **id_, **_STATUS},
        ),
        record(
            {
                "type": just("function_call"),
                "call_id": plain_words(),
                "name": plain_words(),
                "arguments": _arguments() | plain_objects(),
            },
            {"namespace": plain_words(), **id_, **_STATUS},
        ),
        record(
            {"type": just("function_call")},
            {"name": plain_texts(), "arguments": json_values(max_leaves=2)},
        ),
        record({"type": just("custom_tool_call"), "name": plain_words(), "input": plain_texts()}, call),
        record({"type": just("web_search_call"), "action": plain_objects()}, {**id_, **_STATUS}),
        record({"type": just("shell_call"), "action": plain_objects()}, call),
        record({"type": just("mcp_list_tools"), "tools": just([])}, id_),
        record({"type": just("new_item")}, {"x": json_values(max_leaves=2), **id_}),
    )


@cache
def _input_items() -> Plains:
    content = plain_texts() | listed(_input_parts(), min_size=1) | listed(_input_parts())
    fields = {"type": just("message"), "x": plain_words()}
    said = record({"role": just("user"), "content": content}, fields)
    told = record({"role": just("system", "developer"), "content": content}, fields)
    result = record(
        {
            "type": just("function_call_output", "function_call_output", "custom_tool_call_output"),
            "call_id": plain_words(),
            "output": content,
        },
        {"id": plain_words()},
    )
    other = record(
        {
            "type": just(
                "mcp_approval_response", "item_reference", "computer_call_output", "tool_search_output"
            )
        },
        {"id": plain_words(), "approve": st.booleans(), "execution": just("client", "server")},
    )
    answer = _messages(answered=False)
    return st.one_of(said, said, told, result, result, other, answer, answer, _own_items())


def _named_apart(items: PlainJson) -> PlainJson:
    """Items without the calls whose id another one of their row has: no server takes them back."""
    kept: list[PlainJson] = []
    seen: set[str] = set()
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            id_ = item.get("call_id")
            if str(item.get("type")).endswith("_output") or item.get("role") == "user":
                seen.clear()
            elif isinstance(id_, str):
                if id_ in seen:
                    continue
                seen.add(id_)
        kept.append(item)
    return kept


# ---------------------------------------------------------------- requests


@cache
def responses_payloads() -> Plains:
    """Requests: what OpenAI documents, and fields that it does not know."""
    just_nothing = record({}, {})
    count: st.SearchStrategy[PlainJson] = st.integers(0, 10_000)
    rate: st.SearchStrategy[PlainJson] = st.floats(0, 2) | st.integers(0, 2)
    function = record(
        {"type": just("function"), "name": plain_words()},
        {
            "description": plain_texts(),
            "parameters": plain_objects(),
            "strict": st.booleans() | st.none(),
            "defer_loading": st.booleans(),
        },
    )
    hosted = record({"type": just("web_search", "custom", "namespace")}, {"name": plain_words(), "x": rate})
    choice = (
        just("auto", "none", "required", "else")
        | record({"type": just("function", "custom")}, {"name": plain_words()})
        | record(
            {"type": just("allowed_tools")},
            {"mode": just("auto", "required"), "tools": just([])},
        )
        | record({"type": just("file_search", "mcp")}, {"server_label": plain_words()})
    )
    schema = record(
        {"type": just("json_schema"), "name": plain_words(), "schema": plain_objects()},
        {"strict": st.booleans() | st.none(), "description": plain_texts(), "x": rate},
    )
    form = schema | just({"type": "json_object"}, {"type": "text"})
    reasoning = record(
        {},
        {
            "effort": just("none", "low", "max", "new", None),
            "summary": just("auto"),
            "x": rate,
        },
    )
    items = listed(_input_items(), min_size=1, max_size=5).map(_named_apart)
    settings = record(
        {},
        {
            "instructions": plain_texts() | just([]),
            "model": just("gpt-4o", "unknown"),
            "max_output_tokens": count | st.none(),
            "temperature": rate | just("0.5"),
            "top_p": rate,
            "seed": count,
            "stop": plain_texts(),
            "tools": listed(function | function | hosted),
            "tool_choice": choice,
            "parallel_tool_calls": st.booleans(),
            "text": record({}, {"format": form, "verbosity": just("low")}),
            "reasoning": reasoning,
            "store": st.booleans(),
            "include": just(["reasoning.encrypted_content"]),
            "previous_response_id": plain_words() | st.none(),
            "truncation": just("auto"),
            "prompt": plain_objects(),
            "stream": st.booleans(),
        },
    )
    asked = record({"input": items}, {}) | record({"input": items | plain_texts()}, {}) | just_nothing
    return st.builds(lambda question, how: {**how, **question}, asked, settings | just_nothing)


# ---------------------------------------------------------------- answers


@cache
def _usages() -> Plains:
    count: st.SearchStrategy[PlainJson] = st.none() | st.integers(0, 10_000)
    return record(
        {},
        {
            "input_tokens": count,
            "output_tokens": count,
            "total_tokens": count,
            "input_tokens_details": record(
                {}, {"cached_tokens": count, "cache_write_tokens": count, "x": count}
            )
            | st.none(),
            "output_tokens_details": record({}, {"reasoning_tokens": count, "x": count}) | st.none(),
            "x": count,
        },
    )


@cache
def responses_answers(*, streamed: bool = False) -> Plains:
    """Answers; with `streamed`, those at which a stream can end."""
    why = just(None, {"reason": "max_output_tokens"}, {"reason": "content_filter"}, {"reason": "new", "x": 1})
    statuses = (
        ("completed", "incomplete") if streamed else ("completed", "incomplete", "queued", "in_progress")
    )
    return record(
        {
            "id": plain_texts(),
            "object": just("response"),
            "status": just(*statuses),
            "output": listed(
                _messages(answered=True) | _messages(answered=True) | _own_items(), max_size=4
            ).map(_named_apart),
        },
        {
            "model": plain_words(),
            "error": st.none(),
            "incomplete_details": why,
            "usage": _usages() | st.none(),
            "created_at": st.integers(0, 9),
            "tools": just([]),
            "metadata": plain_objects(),
        },
    )
