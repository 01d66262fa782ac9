"""Laws of the values: JSON that does not change, usage that adds, the normal form."""

from __future__ import annotations

import copy
import json
import pickle
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    Completion,
    JsonObject,
    Message,
    Response,
    SystemMessage,
    Text,
    ToolResult,
    Usage,
    UserMessage,
    assistant,
    normal,
    system,
    user,
)
from llm_pure.anthropic_messages import decode_response
from llm_pure.json import (
    JsonError,
    PlainJson,
    canonical_json,
    dump_json,
    parse_json,
    parse_objects,
    same_json,
)
from llm_pure.models import traits_of
from llm_pure.sse import SSE_START, SseEvent, sse_step
from llm_pure.strategies import (
    chunkings,
    completions,
    hostile_bytes,
    json_objects,
    json_values,
    messages,
    plain_objects,
    responses,
    usages,
)

# ---------------------------------------------------------------- JSON


@given(plain_objects())
def test_an_object_shares_nothing_with_what_it_was_made_from(plain: dict[str, PlainJson]) -> None:
    before = copy.deepcopy(plain)
    frozen = JsonObject(plain)
    plain.clear()
    assert frozen == before
    mine = frozen.thaw()
    mine["more"] = 1
    assert frozen == before
    for name in ("text", "spelling", "more"):
        with pytest.raises(AttributeError):
            setattr(frozen, name, "{}")


@given(json_objects())
def test_equal_objects_hash_alike_and_survive_pickling(value: JsonObject) -> None:
    again = JsonObject(dict(reversed(value.thaw().items())))
    assert (again, hash(again)) == (value, hash(value))
    assert pickle.loads(pickle.dumps(value)) == value


@given(json_values())
def test_what_is_written_is_read_again(value: PlainJson) -> None:
    assert same_json(parse_json(dump_json(value)), value)
    assert same_json(parse_json(canonical_json(value)), value)


@given(plain_objects())
def test_canonical_bytes_do_not_depend_on_the_order_of_keys(plain: dict[str, PlainJson]) -> None:
    assert canonical_json(plain) == canonical_json(dict(reversed(plain.items())))


@given(st.binary() | hostile_bytes(b'{"a": [1, "x", null]}'))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = parse_json(body)
    except JsonError:
        return
    assert same_json(value, json.loads(body))


def test_equality_is_json_s_own() -> None:
    assert JsonObject({"a": 1}) == JsonObject({"a": 1.0})
    assert JsonObject({"a": 1}) != JsonObject({"a": True})
    assert JsonObject({"a": [0]}) != JsonObject({"a": [False]})


@pytest.mark.parametrize(
    "body", [b"NaN", b"Infinity", b"1e999", b'["\\ud800"]', b"[" * 500, b'{"a":1}x', b"", b"\xff"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(JsonError):
        parse_json(body)


@pytest.mark.parametrize(
    "text", ["[1]", "1e999", '{"a":1e999}', '{"a":[-1e400]}', '{"a":"\ud800"}', "{", "", "[" * 500]
)
def test_of_texts_one_of_which_is_no_whole_object_none_is_read(text: str) -> None:
    assert parse_objects(["{}", text]) is None
    assert parse_objects(["{}", '{"a":[1.5,{"a":1,"a":2}]}']) == [{}, {"a": [1.5, {"a": 2}]}]


def test_of_duplicate_keys_the_last_wins_and_a_bom_is_skipped() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a":1,"a":2}') == {"a": 2}
    with pytest.raises(JsonError):
        parse_json(b"\xef\xbb\xbf\xef\xbb\xbf{}")


def test_what_cannot_be_sent_is_named_by_its_place() -> None:
    with pytest.raises(JsonError) as caught:
        dump_json({"a": [1, {"b": float("nan")}]})
    assert caught.value.path == "$.a[1].b"


def test_a_repr_shows_no_base64() -> None:
    assert "QUJD" not in repr(JsonObject({"data": "QUJD" * 100}))


# ---------------------------------------------------------------- server-sent events


@given(
    st.data(),
    st.lists(
        st.sampled_from([b"data: a", b"event: e", b": c", b"data:b", b"data", b"error: d", b"", b"x\xc3\xa9"])
    ),
)
def test_any_chunking_gives_the_same_events(data: st.DataObject, lines: list[bytes]) -> None:
    ends = [data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"])) for _ in lines]
    body = b"".join(line + end for line, end in zip(lines, ends, strict=True)) + b"\n\n"
    whole = sse_step(SSE_START, body)[1]
    state, found = SSE_START, list[SseEvent]()
    for chunk in data.draw(chunkings(body)):
        state, events = sse_step(state, chunk)
        found += events
    assert tuple(found) == whole


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_do_not_matter(end: bytes) -> None:
    body = b"\xef\xbb\xbf" + end.join(
        [b"event: e", b"data: 1", b"data: 2", b"", b": ping", b"", b"data: 3", b"", b""]
    )
    assert sse_step(SSE_START, body)[1] == ((b"e", b"1\n2"), (b"", b"3"))


def test_an_event_without_its_blank_line_is_none() -> None:
    assert sse_step(SSE_START, b"data: 1\n\ndata: 2\n")[1] == ((b"", b"1"),)


def test_two_events_of_json_objects_are_two_without_a_blank_line_between() -> None:
    body = b'event: a\ndata: {\ndata: "a":1}\nevent: b\ndata: {"b":2}\ndata:[DONE]\n\n'
    assert sse_step(SSE_START, body)[1] == ((b"a", b'{\n"a":1}'), (b"b", b'{"b":2}'), (b"b", b"[DONE]"))
    body = b'data: 1\nerror: {"a": 1}\ndata: [DONE]\n\nerrors: 1\n\n'
    assert sse_step(SSE_START, body)[1] == ((b"", b"1"), (b"error", b' {"a": 1}'), (b"", b"[DONE]"))
    assert sse_step(SSE_START, b"data: {}\ndata: 1\n\n")[1] == ((b"", b"{}\n1"),)


# ---------------------------------------------------------------- usage


@given(usages(), usages(), usages())
def test_usage_adds_what_was_reported(a: Usage, b: Usage, c: Usage) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Usage() == a


def test_what_nobody_reported_stays_unknown() -> None:
    assert Usage(1, None) + Usage(2, None) == Usage(3, None)


# ---------------------------------------------------------------- completions


@given(completions())
def test_the_normal_form_is_idempotent(completion: Completion) -> None:
    assert normal(normal(completion)) == normal(completion)


@given(completions(), st.lists(messages(), max_size=3), responses())
def test_what_is_appended_leaves_the_rest_as_it_was(
    completion: Completion, more: list[Message], response: Response
) -> None:
    grown = completion.add_messages(*more)
    assert grown.messages[: len(completion.messages)] == completion.messages
    finished = completion.with_response(response)
    kept = len(completion.messages)
    if completion.messages and isinstance(completion.messages[-1], AssistantMessage):
        kept -= 1  # the prefill is continued
    assert finished.messages[:kept] == completion.messages[:kept]
    assert finished.usage == completion.usage + response.usage
    assert finished.stop_reason == response.stop_reason


@given(completions())
def test_a_completion_is_replaced_and_never_changed(completion: Completion) -> None:
    before = copy.deepcopy(completion)
    assert completion.replace() == completion
    assert completion.replace(model="other").model == "other"
    assert completion == before
    assert pickle.loads(pickle.dumps(completion)) == completion


def test_a_prefill_is_continued_and_not_followed() -> None:
    asked = Completion([user("Go"), assistant("Once")])
    answer = Response(AssistantMessage((Text(" upon"),)))
    assert asked.with_response(answer).messages == (user("Go"), assistant("Once upon"))


def test_tool_results_and_the_rest_of_their_turn_are_one_message() -> None:
    result = ToolResult("1", (Text("r"),))
    split = Completion([UserMessage((result,)), UserMessage((result,)), user("now?")])
    assert normal(split).messages == (UserMessage((result, result, Text("now?"))),)


def test_instructions_that_open_the_conversation_are_its_system() -> None:
    assert normal(Completion([system("be"), user("x")])) == Completion([user("x")], system="be")
    named = SystemMessage((Text("be"),), JsonObject({"openai_chat": {"name": "n"}}))
    assert normal(Completion([named])).messages == (named,)


# ---------------------------------------------------------------- builders


@given(st.lists(st.text(max_size=9) | st.none() | st.just(Text("part")), max_size=5))
def test_strings_become_text_and_nothing_else(pieces: list[str | Text | None]) -> None:
    assert all(isinstance(part, Text) for part in user(*pieces).content)


def test_a_template_is_dedented_trimmed_and_interleaved() -> None:
    picture = ToolResult("1")
    found = user(
        """
        Look:
          closely
        """,
        None,
        "",
        picture,
        " now ",
        "please",
    )
    assert found == UserMessage((Text("Look:\n  closely"), picture, Text("now\nplease")))


@pytest.mark.parametrize(
    "text", ['{"type": "image"}', "<tool_use>", "data:image/png;base64,QUJD", "![x](y.png)"]
)
def test_text_cannot_smuggle_in_a_part(text: str) -> None:
    assert user(text).content == (Text(text),)


# ---------------------------------------------------------------- what would be slow, or raise


def test_long_input_costs_what_it_is_long() -> None:
    started = process_time()
    state = SSE_START
    for _ in range(5_000):
        state, _ = sse_step(state, b"x" * 2_000)
    traits_of("a" * 1_000_000)
    normal(Completion([UserMessage((ToolResult("1"),))] * 20_000))
    assert process_time() - started < 3


def test_what_no_checker_has_seen_is_refused_and_not_raised() -> None:
    for body in (None, 5, object()):
        assert isinstance(decode_response(body), Failure)  # type: ignore[arg-type]  # wrong on purpose
    huge = Completion([user("x")], temperature=1).to_json().replace("1}", f"1{'0' * 400}}}")
    assert isinstance(Completion.from_json(huge), Success | Failure)
