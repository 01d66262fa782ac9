"""What requests look like on the wire of Responses, where a law alone would not say it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from returns.result import Failure, Success

from llm_pure import (
    AnyTool,
    AssistantMessage,
    BadRequest,
    Base64,
    Completion,
    Document,
    FileId,
    Image,
    JsonObject,
    Loss,
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
    system,
    user,
)
from llm_pure.completion import ReasoningSetting
from llm_pure.json import JsonInput, PlainJson
from llm_pure.openai_responses import decode_request, decode_response, encode_request
from llm_pure.outputs import Output
from tests.growth import growth


def payload(completion: Completion) -> dict[str, PlainJson]:
    encoded = encode_request(completion).unwrap()
    assert encoded.losses == ()
    return encoded.payload


def losses(completion: Completion) -> tuple[Loss, ...]:
    return encode_request(completion).unwrap().losses


def own(**fields: JsonInput) -> JsonObject:
    return JsonObject({"openai_responses": fields})


def test_a_conversation_with_a_tool() -> None:
    call = ToolCall("call_1", "weather", JsonObject.wrap({"city": "Oslo"}, '{ "city": "Oslo" }'))
    completion = Completion(
        [
            user("weather?", Image(Base64("aGk=", "image/png"), "low")),
            assistant("Let me look.", call),
            UserMessage((ToolResult("call_1", (Text("rain"),)), Text("and tomorrow?"))),
        ],
        model="gpt-4o",
        system="Be brief.",
        max_tokens=10,
    )
    assert payload(completion) == {
        "model": "gpt-4o",
        "instructions": "Be brief.",
        "max_output_tokens": 10,
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "weather?"},
                    {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
                ],
            },
            {"role": "assistant", "content": "Let me look."},
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "weather",
                "arguments": '{ "city": "Oslo" }',
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
            {"role": "user", "content": "and tomorrow?"},
        ],
    }


OUTPUT: list[PlainJson] = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "gAAAA",
    },
    {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "phase": "commentary",
        "content": [{"type": "output_text", "text": "Let me look.", "annotations": []}],
    },
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
    {
        "type": "function_call",
        "id": "fc_1",
        "status": "completed",
        "call_id": "call_1",
        "name": "weather",
        "arguments": "{}",
    },
]


def test_an_answer_goes_back_as_the_items_it_came_as() -> None:
    """Stateless turns need nothing but `with_response`."""
    asked = Completion([user("weather?")], model="gpt-5.1").replace(
        provider_options={"openai": {"store": False, "include": ["reasoning.encrypted_content"]}}
    )
    response = decode_response({"id": "resp_1", "status": "completed", "output": OUTPUT}).unwrap()
    assert [type(part).__name__ for part in response.message.content] == [
        "Reasoning",
        "Text",
        "Opaque",
        "ToolCall",
    ]
    then = asked.with_response(response).add_messages(UserMessage((ToolResult("call_1", (Text("rain"),)),)))
    said = payload(then)
    assert said["input"] == [
        {"role": "user", "content": "weather?"},
        *OUTPUT,
        {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
    ]
    assert (said["store"], said["include"]) == (False, ["reasoning.encrypted_content"])
    assert decode_request(said).unwrap().messages == then.messages


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (Completion([], system="a"), {"instructions": "a"}),
        (Completion([system("a")]), {"instructions": "a"}),
        (
            Completion([], system=[Text("a"), Text("b")]),
            {
                "input": [
                    {
                        "role": "system",
                        "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
                    }
                ]
            },
        ),
        (
            Completion([], system="a", provider_options={"openai_responses": {"$input": True}}),
            {"input": [{"role": "system", "content": "a"}]},
        ),
        (
            Completion([user("a"), SystemMessage((Text("b"),), own(role="developer"))]),
            {"input": [{"role": "user", "content": "a"}, {"role": "developer", "content": "b"}]},
        ),
    ],
)
def test_where_instructions_stand(completion: Completion, expected: dict[str, PlainJson]) -> None:
    assert payload(completion) == expected


def test_a_system_message_that_opens_the_input_is_the_system() -> None:
    said: dict[str, PlainJson] = {
        "input": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    }
    completion = decode_request(said).unwrap()
    assert completion.system == (Text("a"),)
    assert completion.messages == (user("b"),)
    assert payload(completion) == said


def test_media() -> None:
    completion = Completion(
        [
            user(
                Image(FileId("file_1")),
                Document(Base64("aGk=", "application/pdf"), "a.pdf"),
                Document(Url("https://example.org/a.pdf")),
                Document(FileId("file_2")),
            ),
            UserMessage((ToolResult("call_1", (Text("see"), Image(Url("https://example.org/a.png")))),)),
        ]
    )
    assert payload(completion)["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_image", "file_id": "file_1", "detail": "auto"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://example.org/a.pdf"},
                {"type": "input_file", "file_id": "file_2"},
            ],
        },
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "auto"},
            ],
        },
    ]


def test_a_custom_tool() -> None:
    items: list[PlainJson] = [
        {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "run", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "a.txt"},
    ]
    completion = decode_request({"input": items}).unwrap()
    call, result = completion.messages
    assert call.content == (
        ToolCall("c", "run", JsonObject({"input": "ls"}), own(id="ctc_1"), free_text=True),
    )
    assert result.content == (ToolResult("c", (Text("a.txt"),)),)
    assert payload(completion) == {"input": items}


def test_settings() -> None:
    closed: dict[str, PlainJson] = {"type": "object", "properties": {}, "additionalProperties": False}
    schema = JsonObject(closed)
    weather: AnyTool = Tool("weather", "Tells.", schema, strict=True)
    search: AnyTool = Tool("web_search", extras=own(**{"$raw": {"type": "web_search"}}))
    completion = Completion(
        [user("a")],
        tools=[weather, search],
        tool_choice=ToolChoice.named("weather", parallel=False),
        output=Output(schema, "answer", strict=True),
        reasoning=ReasoningSetting("low", extras=own(summary="auto")),
        provider_options={"openai": {"text": {"verbosity": "low"}, "truncation": "auto"}},
    )
    said = payload(completion)
    del said["input"]
    assert said == {
        "tools": [
            {
                "type": "function",
                "name": "weather",
                "description": "Tells.",
                "parameters": closed,
                "strict": True,
            },
            {"type": "web_search"},
        ],
        "tool_choice": {"type": "function", "name": "weather"},
        "parallel_tool_calls": False,
        "text": {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "schema": closed,
                "strict": True,
            },
            "verbosity": "low",
        },
        "reasoning": {"effort": "low", "summary": "auto"},
        "truncation": "auto",
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("required", ToolChoice("required")),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, ("required", None)),
        ({"type": "custom", "name": "run"}, ("required", "run")),
        ({"type": "file_search"}, ("required", None)),
    ],
)
def test_choices(value: Any, expected: Any) -> None:
    completion = decode_request({"tool_choice": value}).unwrap()
    choice = completion.tool_choice
    assert choice is not None
    assert expected in (choice, (choice.mode, choice.name))
    assert payload(completion) == {"tool_choice": value}


@pytest.mark.parametrize(
    ("completion", "paths"),
    [
        (
            Completion([], stop_sequences=["x"], seed=1, top_k=2, frequency_penalty=1, presence_penalty=1),
            ["$.stop_sequences", "$.top_k", "$.seed", "$.frequency_penalty", "$.presence_penalty"],
        ),
        (Completion([], model="gpt-5", temperature=0.5), ["$.temperature"]),
        (Completion([], reasoning=1024), ["$.reasoning.budget_tokens"]),
        (Completion([assistant(Reasoning("Hm.", "sig"))]), ["$.messages[0].content[0]"]),
        (
            Completion([assistant(Opaque("anthropic", JsonObject({"type": "x"})))]),
            ["$.messages[0].content[0]"],
        ),
        (Completion([UserMessage((ToolResult("c", is_error=True),))]), ["$.messages[0].content[0].is_error"]),
        (Completion([assistant("a", ToolCall("c", "f")), assistant("b")]), ["$.messages[1]"]),
        (
            Completion([user("a")], provider_options={"openai": {"stream": True}}),
            ["$.provider_options.openai.stream"],
        ),
        (
            Completion([user("a")], provider_options={"openai_responses": {"$input": True}}),
            ["$.provider_options.openai_responses.$input"],
        ),
    ],
)
def test_losses_name_the_place(completion: Completion, paths: list[str]) -> None:
    assert [loss.path for loss in losses(completion)] == paths


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"input": 5}, "$.input"),
        ({"input": [5]}, "$.input[0]"),
        ({"input": [{"role": "user", "content": 5}]}, "$.input[0].content"),
        ({"input": [{"role": "user", "content": [5]}]}, "$.input[0].content[0]"),
        ({"tools": [5]}, "$.tools[0]"),
        ({"$input": True}, "$.$input"),
    ],
)
def test_what_is_no_request(said: Any, path: str) -> None:
    found = decode_request(said)
    assert isinstance(found, Failure)
    assert isinstance(error := found.failure(), BadRequest)
    assert error.path == path


def test_two_answers_in_a_row_stay_two() -> None:
    completion = Completion([assistant("a"), assistant("b"), AssistantMessage(()), assistant("c")])
    assert decode_request(payload(completion)) == Success(completion)


def test_a_long_history_takes_time_as_it_is_long() -> None:
    response = decode_response({"status": "completed", "output": OUTPUT}).unwrap()
    result = UserMessage((ToolResult("call_1", (Text("rain"),)),))

    def prepared(rounds: int) -> Callable[[], object]:
        return partial(encode_request, Completion([response.message, result] * rounds))

    assert growth(prepared, 100, 800) < 4
