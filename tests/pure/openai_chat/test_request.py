"""What requests look like on the wire of Chat Completions, where a law alone would not say it."""

import time
from typing import Any, cast

import pytest
from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    Audio,
    BadRequest,
    Base64,
    Completion,
    Document,
    FileId,
    Image,
    JsonObject,
    Loss,
    Message,
    Opaque,
    Reasoning,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    UserMessage,
    assistant,
    normal,
    user,
)
from llm_pure.completion import Effort
from llm_pure.json import JsonInput, PlainJson
from llm_pure.openai_chat import decode_request, encode_request
from llm_pure.outputs import Output

CLOSED: dict[str, PlainJson] = {"type": "object", "properties": {}, "additionalProperties": False}


def payload(completion: Completion) -> dict[str, PlainJson]:
    encoded = encode_request(completion).unwrap()
    assert encoded.losses == ()
    return encoded.payload


def losses(completion: Completion) -> tuple[Loss, ...]:
    return encode_request(completion).unwrap().losses


def own(**fields: JsonInput) -> JsonObject:
    return JsonObject({"openai_chat": fields})


def test_a_conversation_with_a_tool() -> None:
    """One message for each result; contents as short as the wire allows; arguments as they were spelt."""
    call = ToolCall("call_1", "weather", JsonObject.wrap({"city": "Oslo"}, '{ "city": "Oslo" }'))
    completion = Completion(
        [
            user("weather?", Image(Base64("aGk=", "image/png"), "low")),
            assistant("Let me look.", call),
            UserMessage((ToolResult("call_1", (Text("rain"),)), Text("and tomorrow?"))),
        ],
        model="o3-mini",
        system="Be brief.",
        max_tokens=99,
        stop_sequences=["a", "b", "c", "d"],
        tools=[Tool("weather", "the weather", JsonObject(CLOSED), strict=True)],
        tool_choice=ToolChoice.named("weather", parallel=False),
        output=Output(JsonObject({"type": "object"})),
        reasoning="low",
    )
    assert payload(completion) == {
        "model": "o3-mini",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "weather?"},
                    {
                        "type": "image_url",
                        "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": "Let me look.",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{ "city": "Oslo" }'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "user", "content": "and tomorrow?"},
        ],
        "max_completion_tokens": 99,
        "stop": ["a", "b", "c", "d"],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "the weather",
                    "parameters": CLOSED,
                    "strict": True,
                },
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "parallel_tool_calls": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "output", "schema": {"type": "object"}},
        },
        "reasoning_effort": "low",
    }


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o", "max_completion_tokens"),
        (None, "max_completion_tokens"),
        ("some-llama", "max_tokens"),
    ],
)
def test_the_limit_is_called_what_the_model_calls_it(model: str | None, name: str) -> None:
    assert payload(Completion([], model=model, max_tokens=5))[name] == 5


@pytest.mark.parametrize("model", ["gpt-4o", "some-llama"])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_goes_back_under_the_name_it_came_with(model: str, name: str) -> None:
    completion = decode_request({"model": model, "messages": [], name: 5}).unwrap()
    assert completion.max_tokens == 5
    assert payload(completion.replace(max_tokens=6)) == {"model": model, "messages": [], name: 6}


def test_instructions_of_the_developer_keep_their_role_and_others_open_the_completion() -> None:
    """`Completion.system` is the first system message; what carries more stays a message."""
    developer: PlainJson = {"role": "developer", "content": "a"}
    named: PlainJson = {"role": "system", "content": "b", "name": "n"}
    plain: PlainJson = {"role": "system", "content": "c"}
    assert decode_request({"messages": [plain, developer, named]}).unwrap() == Completion(
        [
            SystemMessage((Text("a"),), own(role="developer")),
            SystemMessage((Text("b"),), own(name="n")),
        ],
        system="c",
    )


def test_options_are_read_under_both_names_and_what_the_completion_says_wins() -> None:
    completion = Completion(
        [],
        temperature=0.5,
        provider_options={
            "openai": {"user": "u", "n": 1, "temperature": 1},
            "openai_chat": {"n": 2},
            "anthropic": {"x": 1},
        },
    )
    encoded = encode_request(completion).unwrap()
    assert encoded.payload == {"messages": [], "temperature": 0.5, "user": "u", "n": 2}
    assert [loss.path for loss in encoded.losses] == ["$.provider_options.openai.temperature"]


def test_what_a_model_refuses_is_a_loss_and_its_default_is_not() -> None:
    asked = Completion([], model="o3", temperature=0.2, top_p=1, stop_sequences=["x"])
    encoded = encode_request(asked).unwrap()
    assert encoded.payload == {"model": "o3", "messages": [], "top_p": 1}
    assert [loss.path for loss in encoded.losses] == ["$.temperature", "$.stop_sequences"]
    assert not losses(Completion([], model="gpt-5.2", temperature=0.2))
    assert losses(Completion([], model="gpt-5.2", temperature=0.2, reasoning="high"))


@pytest.mark.parametrize(
    ("completion", "path"),
    [
        (Completion([], reasoning=2000), "$.reasoning.budget_tokens"),
        (Completion([UserMessage((ToolResult("c", (), True),))]), "$.messages[0].content[0].is_error"),
        (Completion([UserMessage((Text("a"), ToolResult("c")))]), "$.messages[0].content[1]"),
        (Completion([assistant(ToolCall("c", "f"), "and then")]), "$.messages[0].content[1]"),
        (Completion([assistant(Reasoning("hm", signature="s"))]), "$.messages[0].content[0]"),
        (Completion([user(Opaque("anthropic", JsonObject({"type": "x"})))]), "$.messages[0].content[0]"),
        (Completion([user(Document(Text("a")))]), "$.messages[0].content[0]"),
        (Completion([user(Document(FileId("f"), context="c"))]), "$.messages[0].content[0].context"),
        (Completion([user(Document(Url("https://x")))]), "$.messages[0].content[0]"),
        (Completion([], model="gpt-4o", stop_sequences=["a", "b", "c", "d", "e"]), "$.stop_sequences[4]"),
        (Completion([], model="gpt-4o", reasoning="high"), "$.reasoning.effort"),
        (Completion([], model="gpt-6.2-sol", presence_penalty=0.5), "$.presence_penalty"),
        (Completion([], model="gpt-6.1-sol", frequency_penalty=-1), "$.frequency_penalty"),
        (Completion([user(Audio(Url("https://x")))]), "$.messages[0].content[0]"),
        (Completion([user(ToolCall("c", "f"))]), "$.messages[0].content[0]"),
        (
            Completion([user(Text("a", JsonObject({"anthropic": {"cache_control": {}}})))]),
            "$.messages[0].content[0].extras.anthropic",
        ),
        (Completion([], system=[Image(Url("https://x"))]), "$.system[0]"),
        (
            Completion([], tools=[Tool("f", extras=JsonObject({"anthropic": {}}))]),
            "$.tools[0].extras.anthropic",
        ),
        (Completion([], provider_options={"openai": {"stream": True}}), "$.provider_options.openai.stream"),
    ],
)
def test_what_cannot_be_said_is_named(completion: Completion, path: str) -> None:
    assert [loss.path for loss in losses(completion)] == [path]


def test_a_picture_in_a_result_follows_in_the_words_of_the_user() -> None:
    """OpenAI takes text only in a tool message; a server that took more gets it back where it was."""
    picture = Image(Url("https://x/a.png"))
    block: PlainJson = {"type": "image_url", "image_url": {"url": "https://x/a.png"}}
    encoded = encode_request(Completion([user(ToolResult("c", (Text("seen"), picture)))])).unwrap()
    assert encoded.payload["messages"] == [
        {"role": "tool", "tool_call_id": "c", "content": "seen"},
        {"role": "user", "content": [block]},
    ]
    assert [loss.path for loss in encoded.losses] == ["$.messages[0].content[0].content[1]"]
    sent: PlainJson = {"role": "tool", "tool_call_id": "c", "content": [block]}
    completion = decode_request({"messages": [sent]}).unwrap()
    assert completion.messages == (
        UserMessage((ToolResult("c", (picture,), extras=own(**{"$media": True})),)),
    )
    assert payload(completion)["messages"] == [sent]


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "hm"},
        {
            "reasoning": "hm",
            "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": "s"}],
        },
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "index": 0}]},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"reasoning": "hm", "reasoning_content": "ho"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}]},
        {"function_call": {"name": "f", "arguments": "{}"}},
        {"tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "f", "input": "2+2"}}]},
        {"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}, "type": "builtin"}]},
        {"audio": {"id": "audio_1"}},
        {"refusal": "no"},
        {"content": [{"type": "refusal", "refusal": "no"}]},
    ],
)
def test_an_assistant_turn_goes_back_the_way_it_came(fields: dict[str, PlainJson]) -> None:
    message: PlainJson = {"role": "assistant", "content": None, **fields}
    assert payload(decode_request({"messages": [message]}).unwrap())["messages"] == [message]


def test_what_is_attached_to_an_empty_message_after_a_result_goes_out() -> None:
    asked = Completion([UserMessage((ToolResult("1"),)), UserMessage((), own(x=1))], model="m")
    assert losses(asked) == ()
    assert decode_request(payload(asked)).unwrap() == normal(asked)


def test_notes_on_an_empty_message_after_a_result_are_reported() -> None:
    found = losses(
        Completion([UserMessage((ToolResult("1"),)), UserMessage((), own(**{"$id": False}))], model="m")
    )
    assert [loss.path for loss in found] == ["$.messages[1]"]


def test_signed_reasoning_shows_that_it_is() -> None:
    details: PlainJson = [
        {"type": "reasoning.text", "text": "hm", "signature": "s"},
        {"type": "reasoning.encrypted", "data": "x"},
    ]
    message: PlainJson = {"role": "assistant", "content": "a", "reasoning_details": details}
    completion = decode_request({"messages": [message]}).unwrap()
    assert completion.messages[0].content == (
        Reasoning("hm", "s", "x", own(reasoning_details=details)),
        Text("a"),
    )


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "$.messages"),
        ({"messages": [5]}, "$.messages[0]"),
        ({"messages": [{"role": 5}]}, "$.messages[0].role"),
        ({"messages": [{"role": "user", "content": [{}, 5]}]}, "$.messages[0].content[1]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}, 5]}]}, "$.messages[0].tool_calls[1]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "$.messages[0].tool_call_id"),
        ({"messages": [], "tools": [5]}, "$.tools[0]"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "$.messages[0].content"),
        ({"messages": [{"role": "user", "content": object()}]}, "$.messages[0].content"),
    ],
)
def test_what_is_wrong_with_a_payload_is_named(given: dict[str, Any], path: str) -> None:
    outcome = decode_request(given)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), BadRequest)
    assert outcome.failure().path == path


@pytest.mark.parametrize(
    "odd",
    [
        user(Text(cast("str", object()))),
        user(Text("\ud800")),
        user(cast("Text", object())),
        UserMessage((cast("Text", "no part"),)),
        assistant(cast("Text", 5)),
        assistant(ToolCall("c", "f", JsonObject.wrap({"a": cast("PlainJson", {1, 2})}))),
        cast("UserMessage", object()),
    ],
)
def test_foreign_objects_are_found_and_not_raised_on(odd: UserMessage) -> None:
    encoded = encode_request(Completion([odd]))
    if isinstance(encoded, Success) and not encoded.unwrap().losses:
        encoded_body = encoded.unwrap().body()
        assert isinstance(encoded_body, Failure)
        assert encoded_body.failure().path is not None
    elif isinstance(encoded, Failure):
        assert encoded.failure().path is not None


def test_depth_is_no_trouble() -> None:
    deep: PlainJson = []
    for _ in range(100_000):
        deep = [deep]
    assert isinstance(decode_request({"messages": deep}), Failure)


def test_encoding_is_linear() -> None:
    def seconds(count: int) -> float:
        turns: list[Message] = [
            user("question"),
            assistant("", ToolCall("c", "f")),
            user(ToolResult("c", (Text("x"),))),
        ]
        completion = Completion(turns * count)
        best = 9.0
        for _ in range(5):
            start = time.process_time()
            encode_request(completion)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(3000) < 40 * seconds(300)


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        ("gpt-4o", "high", None),
        ("gpt-5", "none", "minimal"),
        ("gpt-5", "xhigh", "high"),
        ("gpt-6.2-sol", "none", "low"),
        ("gpt-5.1", "none", "none"),
        ("some-llama", "xhigh", "xhigh"),
    ],
)
def test_an_effort_that_a_model_does_not_know_is_the_next_lower(
    model: str, asked: Effort, sent: str | None
) -> None:
    encoded = encode_request(Completion([], model=model, reasoning=asked)).unwrap()
    assert encoded.payload.get("reasoning_effort") == sent
    assert [loss.path for loss in encoded.losses] == (["$.reasoning.effort"] if sent != asked else [])


def test_penalties_of_nothing_are_taken_everywhere() -> None:
    asked = Completion([], model="gpt-6.2-sol", frequency_penalty=0, presence_penalty=0)
    assert payload(asked) == {
        "model": "gpt-6.2-sol",
        "messages": [],
        "frequency_penalty": 0,
        "presence_penalty": 0,
    }
    assert not losses(Completion([], model="some-llama", presence_penalty=1, stop_sequences=list("abcde")))


def test_a_file_without_a_name_gets_one_and_loses_it_again() -> None:
    completion = Completion([user(Document(Base64("aGk=", "application/pdf")))])
    sent = payload(completion)
    file: PlainJson = {"file_data": "data:application/pdf;base64,aGk=", "filename": "untitled.pdf"}
    assert sent["messages"] == [{"role": "user", "content": [{"type": "file", "file": file}]}]
    assert decode_request(sent) == Success(completion)


@pytest.mark.parametrize("data", ["https://example.org/a.pdf", "data:application/pdf;base64,aGk="])
def test_a_file_goes_back_as_others_take_it(data: str) -> None:
    sent: dict[str, PlainJson] = {
        "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": data}}]}]
    }
    assert payload(decode_request(sent).unwrap()) == sent


def test_all_results_of_a_turn_follow_its_calls_and_their_pictures_follow_them() -> None:
    picture = Image(Url("https://x"))
    completion = Completion(
        [
            assistant(ToolCall("a", "f"), ToolCall("b", "f")),
            UserMessage((ToolResult("a", (picture,)),)),
            UserMessage((ToolResult("b", (Text("x"),)),)),
            user("and?"),
        ]
    )
    encoded = encode_request(completion).unwrap()
    assert encoded.payload["messages"][1:] == [  # type: ignore[index]  # JSON
        {"role": "tool", "tool_call_id": "a", "content": ""},
        {"role": "tool", "tool_call_id": "b", "content": "x"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "https://x"}},
                {"type": "text", "text": "and?"},
            ],
        },
    ]
    assert [loss.path for loss in encoded.losses] == ["$.messages[1].content[0].content[0]"]
    short = encode_request(completion.replace(messages=completion.messages[:3])).unwrap().payload["messages"]
    assert [message["role"] for message in cast("list[dict[str, str]]", short)] == [
        "assistant",
        "tool",
        "tool",
        "user",
    ]


def test_calls_are_named_apart_and_their_results_follow() -> None:
    completion = Completion(
        [
            assistant(ToolCall("a", "f"), ToolCall("", "f"), ToolCall("a", "f"), ToolCall("a_2", "f")),
            UserMessage((ToolResult("a"), ToolResult("a"))),
            UserMessage((ToolResult("a_2"), ToolResult(""))),
            assistant(ToolCall("a", "f")),
            UserMessage((ToolResult("a"),)),
        ]
    )
    encoded = encode_request(completion).unwrap()
    ids: list[str] = []
    for message in cast("list[dict[str, Any]]", encoded.payload["messages"]):
        ids += [call["id"] for call in message.get("tool_calls", [])] or [message["tool_call_id"]]
    assert ids == ["a", "call_1", "a_3", "a_2", "a", "a_3", "a_2", "call_1", "a", "a"]
    assert {loss.path for loss in encoded.losses} == {"$.messages[0]", "$.messages[1]", "$.messages[2]"}


@pytest.mark.parametrize(
    ("completion", "path"),
    [
        (None, "$"),
        (Completion([user("a")], tools=cast("Any", ["x"])), "$.tools[0]"),
        (
            Completion([user("a"), UserMessage((Image(cast("Any", None)),))]),
            "$.messages[1].content[0].source",
        ),
        (Completion([UserMessage((Text(cast("Any", 1)),))]), "$.messages[0].content[0].text"),
        (Completion([UserMessage((Text("a"), Text(cast("Any", 1))))]), "$.messages[0].content[1].text"),
        (Completion([AssistantMessage((Text(cast("Any", 1)),))]), "$.messages[0].content[0].text"),
        (Completion([AssistantMessage((ToolCall(cast("Any", 1), "f"),))]), "$.messages[0].content[0].id"),
        (
            Completion([AssistantMessage((ToolCall("a", "f", cast("Any", [])),))]),
            "$.messages[0].content[0].arguments",
        ),
        (
            Completion([UserMessage((ToolResult("c", (Text(cast("Any", 1)),)),))]),
            "$.messages[0].content[0].content[0].text",
        ),
        (Completion([UserMessage(cast("Any", "a"))]), "$.messages[0].content"),
        (Completion([UserMessage(cast("Any", None))]), "$.messages[0].content"),
        (Completion([], system=[Text(cast("Any", 1))]), "$.system[0].text"),
        (Completion([], temperature=cast("Any", "hot")), "$.temperature"),
        (Completion([], max_tokens=cast("Any", True)), "$.max_tokens"),
        (Completion([], model=cast("Any", 5)), "$.model"),
        (Completion([], stop_sequences=cast("Any", [1])), "$.stop_sequences[0]"),
        (Completion([], reasoning=cast("Any", "much")), "$.reasoning.effort"),
        (Completion([], output=cast("Any", {})), "$.output"),
    ],
)
def test_what_is_not_of_its_type_is_named(completion: Completion, path: str) -> None:
    outcome = encode_request(completion)
    assert isinstance(outcome, Failure)
    assert isinstance(error := outcome.failure(), BadRequest)
    assert error.path == path


@pytest.mark.parametrize("payload", [None, 5, "x", [], {}, {"messages": None}])
def test_what_is_no_payload_is_a_failure(payload: Any) -> None:
    outcome = decode_request(payload)
    assert isinstance(outcome, Failure)
    assert outcome.failure().path is not None
