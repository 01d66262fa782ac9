"""What is written stays readable: the fixtures of every schema version, and the places of what is wrong."""

import json
from dataclasses import replace
from pathlib import Path
from timeit import repeat

import pytest
from returns.result import Success

from llm_pure import (
    Base64,
    BrokenToolCall,
    Completion,
    Document,
    Image,
    JsonObject,
    Opaque,
    Output,
    Overloaded,
    PartDone,
    Reasoning,
    ReasoningSetting,
    Refusal,
    Response,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    Usage,
    assistant,
    completion_from_json,
    from_json,
    response_from_json,
    system,
    to_json,
    user,
)
from llm_pure.compiled import kind_of
from llm_pure.messages import AssistantMessage, UserMessage
from llm_pure.serial import Value

FIXTURES = Path(__file__).parents[1] / "fixtures" / "serial" / "1"

CACHED = JsonObject({"anthropic": {"cache_control": {"type": "ephemeral"}}})
CALL = ToolCall("toolu_1", "search", JsonObject.wrap({"q": "x", "n": 1.5}, '{"q": "x", "n": 1.5}'))
ANSWER = Response(
    AssistantMessage((Reasoning("hm", signature="c2ln"), Text("It is\nsunny ☀", CACHED), CALL), CACHED),
    Usage(12, 34, 5, 6, 7),
    "max_tokens",
    "length",
    id="msg_1",
    model="claude-sonnet-5-5",
    provider="anthropic",
    turns=(assistant("It is"), user("go on"), assistant("sunny")),
    alternatives=(
        Response(
            AssistantMessage((Refusal("no"), BrokenToolCall("2", "search", '{"q'))), stop_reason="other"
        ),
    ),
    has_prefill=True,
    extras=JsonObject({"anthropic": {"service_tier": "standard"}}),
)

# Never change one of these: a new version gets a directory of its own.
WRITTEN: dict[str, Value] = {
    "completion": Completion(
        [
            user(
                "Look:",
                Image(Url("https://example.com/a.png"), "low"),
                Document(Base64("JVBERg==", "application/pdf")),
            ),
            AssistantMessage((CALL, Opaque("anthropic", JsonObject({"type": "container_upload"})))),
            UserMessage((ToolResult("toolu_1", (Text("42"),), is_error=True, extras=CACHED),)),
            system("Be brief."),
        ],
        model="claude-sonnet-5-5",
        system="You are helpful.",
        max_tokens=1000,
        temperature=0.5,
        top_p=1,
        top_k=3,
        seed=7,
        frequency_penalty=0.0,
        presence_penalty=-1.5,
        stop_sequences=("END",),
        tools=[Tool("search", "Finds.", JsonObject({"type": "object"}), strict=True, extras=CACHED)],
        tool_choice=ToolChoice.named("search", parallel=False),
        output=Output(JsonObject({"type": "object"}), "answer", strict=True),
        reasoning=ReasoningSetting("low", 1024),
        provider_options={"anthropic": {"metadata": {"user_id": "u"}}},
        usage=Usage(1),
        stop_reason="pause",
    ),
    "completion_of_defaults": Completion([]),
    "response": ANSWER,
    "error": Overloaded(
        message="busy",
        status=529,
        type="overloaded_error",
        retry_after=1.5,
        partial=ANSWER,
        request_id="req_1",
    ),
    "event": PartDone(2, CALL),
}


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_what_version_1_wrote_is_read(name: str) -> None:
    assert from_json((FIXTURES / f"{name}.json").read_bytes()) == Success(WRITTEN[name])


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_version_1_is_what_is_written(name: str) -> None:
    assert json.loads(to_json(WRITTEN[name])) == json.loads(
        (FIXTURES / f"{name}.json").read_text(encoding="utf-8")
    )


def test_no_two_classes_share_a_kind() -> None:
    from typing import get_args, get_origin

    kinds = [kind_of(get_origin(cls) or cls) for cls in get_args(Value)]
    assert len(kinds) == len(set(kinds))


def test_defaults_are_left_out() -> None:
    assert to_json(Completion([user("hi")])) == (
        '{"schema":"llm_pure/1","kind":"completion","messages":'
        '[{"kind":"user_message","content":[{"kind":"text","text":"hi"}]}]}'
    )


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("", "$"),
        ("[]", "$"),
        ('{"kind":"completion"}', "$.schema"),
        ('{"schema":"llm_pure/2","kind":"completion"}', "$.schema"),
        ('{"schema":"llm_pure/1"}', "$.kind"),
        ('{"schema":"llm_pure/1","kind":"response","message":{"content":[]}}', "$.kind"),
        ('{"schema":"llm_pure/1","kind":"completion"}', "$.messages"),
        ('{"schema":"llm_pure/1","kind":"completion","messages":{}}', "$.messages"),
        ('{"schema":"llm_pure/1","kind":"completion","messages":[{"kind":"text"}]}', "$.messages[0].kind"),
        ('{"schema":"llm_pure/1","kind":"completion","messages":[],"seed":1.5}', "$.seed"),
        ('{"schema":"llm_pure/1","kind":"completion","messages":[],"seed":true}', "$.seed"),
        ('{"schema":"llm_pure/1","kind":"completion","messages":[],"top_p":1e999}', "$.top_p"),
        ('{"schema":"llm_pure/1","kind":"completion","messages":[],"stop_reason":"done"}', "$.stop_reason"),
        (
            '{"schema":"llm_pure/1","kind":"completion","messages":[],"usage":{"kind":"usage"}}',
            "$.usage.kind",
        ),
        (
            '{"schema":"llm_pure/1","kind":"completion","messages":[],"tools":[{"name":"f","parameters":"[]"}]}',
            "$.tools[0].parameters",
        ),
        (
            '{"schema":"llm_pure/1","kind":"completion","messages":[{"kind":"system_message","content":[{"kind":3}]}]}',
            "$.messages[0].content[0].kind",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(body: str, path: str) -> None:
    assert completion_from_json(body).failure().path == path


def test_a_lone_surrogate_is_kept_as_text_even_if_it_cannot_be_read() -> None:
    assert to_json(Text("a\ud800é")) == '{"schema":"llm_pure/1","kind":"text","text":"a\\ud800\\u00e9"}'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_has_not_is_written_as_null(number: float) -> None:
    call = ToolCall("a", "f", JsonObject({"x": [number, 1]}))
    odd = Completion([AssistantMessage((call,))], temperature=number)
    kept = Completion([AssistantMessage((replace(call, arguments=JsonObject({"x": [None, 1]})),))])
    assert completion_from_json(to_json(odd)).unwrap() == kept


@pytest.mark.parametrize(("size", "limit"), [(1_000, 30e-6), (100_000, 150e-6)])
def test_reading_a_stored_answer_is_fast(size: int, limit: float) -> None:
    text = "The quick brown fox jumps over 13 lazy dogs. Ä\n" * (size // 46)
    answer = Response(assistant(text), Usage(10, 20), "end", id="msg_1", model="m", provider="anthropic")
    body = to_json(answer).encode()
    # Ten times the limit: a busy machine is no regression, a quadratic reader is.
    assert min(repeat(lambda: response_from_json(body), number=50, repeat=5)) / 50 < 10 * limit
