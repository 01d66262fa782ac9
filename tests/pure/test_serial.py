"""What is written stays readable: the fixtures of every schema version, and the places of what is wrong."""

import json
from dataclasses import fields, is_dataclass, replace
from inspect import signature
from pathlib import Path
from timeit import repeat
from typing import Any

import pytest
from returns.result import Success

from llm_pure import (
    Audio,
    BadOutput,
    BadToolInput,
    Base64,
    BrokenToolCall,
    CassetteMiss,
    Completion,
    Deadline,
    Disconnected,
    Document,
    Done,
    FileId,
    FreeText,
    Image,
    JsonObject,
    LlmError,
    Loss,
    Lossy,
    Opaque,
    Output,
    Overloaded,
    PartDone,
    Reasoning,
    ReasoningDelta,
    ReasoningSetting,
    Refusal,
    RefusalDelta,
    Response,
    Restarted,
    Started,
    Text,
    TextDelta,
    Timeout,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolChoice,
    ToolResult,
    Url,
    Usage,
    Violation,
    assistant,
    completion_from_json,
    from_json,
    response_from_json,
    system,
    to_json,
    user,
)
from llm_pure.compiled import kind_of
from llm_pure.errors import ERRORS
from llm_pure.messages import AssistantMessage, UserMessage
from llm_pure.serial import Value
from llm_pure.serial_schema import serial_schema

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


NOTED = JsonObject({"anthropic": {"x": [1, -2.5, None, True, "☀"]}})
FAILED = {
    "message": "no",
    "status": 418,
    "type": "t",
    "code": "c",
    "path": "$.a[0]",
    "retry_after": 1.5,
    "usage": Usage(1, 2),
    "partial": Response(assistant("as far as")),
    "request_id": "r",
}
VIOLATIONS = (Violation("$.a", "wrong", "missing"),)
OF_ITS_OWN: dict[type[LlmError], dict[str, object]] = {
    Timeout: {"phase": "pool"},
    Disconnected: {"phase": "during"},
    Deadline: {"last": "Overloaded"},
    BadToolInput: {"text": "{}", "violations": VIOLATIONS},
    BadOutput: {"text": "{}", "reason": "no_json", "violations": VIOLATIONS},
    Lossy: {"losses": (Loss("$.seed", "no field"),)},
    CassetteMiss: {"file": "a.yaml"},
}

# Every class and every field. Never change a line either; a field that is added gets a line of its own.
EVERYTHING: tuple[Value, ...] = (
    WRITTEN["completion"],
    ANSWER,
    replace(ANSWER, stop_reason="stop_sequence", stop_sequence="END"),
    AssistantMessage((Text("a", NOTED), Opaque("p", JsonObject({"type": "x"}))), NOTED),
    UserMessage((Image(Base64("aGk=", "image/png"), "high", NOTED), Image(FileId("file_1"))), NOTED),
    replace(system("Be brief."), extras=NOTED),
    Document((Text("a"), Image(Url("https://example.com/a.png"))), "t", "c", citations=True, extras=NOTED),
    Document(Text("a")),
    Audio(Base64("aGk=", "audio/wav"), "hi", NOTED),
    ToolCall("1", "run", JsonObject({"input": "ls"}), NOTED, free_text=True),
    BrokenToolCall("1", "run", "l", NOTED, free_text=True),
    ToolResult("1", (Text("42"),), is_error=True, extras=NOTED),
    Reasoning("hm", "c2ln", "c2VhbA==", NOTED),
    Refusal("No.", NOTED),
    Base64("aGk=", "image/png"),
    Url("https://example.com"),
    FileId("file_1"),
    Tool("f", "does", JsonObject({"type": "object"}), strict=False, extras=NOTED),
    Tool("g", free_text=FreeText("lark", "start: x")),
    ToolChoice("required", "f", parallel=False, extras=NOTED, allowed=("f", "g")),
    ReasoningSetting("xhigh", 2048, NOTED),
    Completion([], output=Output(JsonObject({"type": "object"}), "n", "d", strict=False, extras=NOTED)),
    Usage(1, 2, 3, 4, 5),
    Loss("$.seed", "no field"),
    Started("msg_1", "m"),
    TextDelta(1, "a"),
    ReasoningDelta(1, "a"),
    RefusalDelta(1, "a"),
    ToolCallStarted(1, "c", "f"),
    ToolCallDelta(1, "{"),
    PartDone(1, Text("a")),
    Restarted(1),
    Done(Response(assistant("a"))),
    *(
        kind(**FAILED, **OF_ITS_OWN.get(kind, {}), retryable=not kind().retryable)  # type: ignore[arg-type]  # a table's
        for kind in ERRORS
    ),
)


def test_every_class_and_field_that_version_1_wrote_is_read() -> None:
    lines = (FIXTURES / "everything.jsonl").read_text(encoding="utf-8").splitlines()
    assert [from_json(line) for line in lines] == [*map(Success, EVERYTHING)]
    assert [json.loads(line) for line in lines] == [json.loads(to_json(value)) for value in EVERYTHING]
    schema: Any = serial_schema()["$defs"]
    fields_of = {kind: set(said["properties"]) - {"kind"} for kind, said in schema.items()}
    assert {kind: told - said_of(EVERYTHING, kind) for kind, told in fields_of.items()} == {
        kind: set() for kind in fields_of
    }


def said_of(value: object, kind: str) -> set[str]:
    """The fields of a class that hold anything but their defaults, in a value and all that it is made of."""
    if isinstance(value, tuple):
        return {name for item in value for name in said_of(item, kind)}
    if not is_dataclass(value) or isinstance(value, type):
        return set()
    inner = {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
    usual = signature(type(value)).parameters
    own = {name for name, held in inner.items() if held != usual[name].default}
    found = said_of(tuple(inner.values()), kind)
    return found | own if kind_of(type(value)) == kind else found


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


def test_a_value_of_another_kind_is_named() -> None:
    error = completion_from_json(to_json(user("x"))).failure()
    assert (error.path, error.message) == ("$.kind", "no such kind here: 'user_message'")


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
