"""What a completion becomes on the wire, and what it could not say."""

from __future__ import annotations

from typing import Any

import pytest
from returns.result import Failure

from llm_pure import (
    Audio,
    Base64,
    BrokenToolCall,
    Completion,
    Document,
    FileId,
    Image,
    Opaque,
    Output,
    Reasoning,
    ReasoningSetting,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    assistant,
    system,
    user,
)
from llm_pure.anthropic_messages import decode_request, encode_request
from llm_pure.errors import BadRequest, Loss, Lossy
from llm_pure.json import JsonObject
from llm_pure.messages import AssistantMessage, UserMessage
from llm_pure.wire import Encoded

CACHED = JsonObject({"anthropic": {"cache_control": {"type": "ephemeral"}}})


def sent(completion: Completion) -> Encoded:
    return encode_request(completion).unwrap()


def content(*parts: Any) -> tuple[Any, list[str]]:
    encoded = sent(Completion([said_by(*parts)], model="claude-sonnet-4-5", max_tokens=1))
    messages: Any = encoded.payload["messages"]
    return messages[0]["content"] if messages else [], [loss.path for loss in encoded.losses]


def said_by(*parts: Any) -> UserMessage | AssistantMessage:
    """The parts as a message of who may say them."""
    asked = any(isinstance(part, ToolCall | BrokenToolCall | Reasoning) for part in parts)
    return AssistantMessage(parts) if asked else UserMessage(parts)


def test_a_plain_completion() -> None:
    completion = Completion(
        [user("Hi"), assistant("Hello")],
        model="claude-sonnet-4-5",
        system="Be brief.",
        max_tokens=9,
        stop_sequences=".",
    )
    payload: dict[str, Any] = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        "system": "Be brief.",
        "stop_sequences": ["."],
    }
    assert sent(completion) == Encoded(payload, {}, ())
    assert decode_request(payload).unwrap() == completion


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Text("a"), "a"),
        (Text("a", CACHED), [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]),
        (
            Image(Base64("aa", "image/png")),
            [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aa"}}],
        ),
        (Image(Url("u")), [{"type": "image", "source": {"type": "url", "url": "u"}}]),
        (Image(FileId("f")), [{"type": "image", "source": {"type": "file", "file_id": "f"}}]),
        (
            Document(Text("a"), title="t", context="c", citations=True),
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "a"},
                    "title": "t",
                    "context": "c",
                    "citations": {"enabled": True},
                }
            ],
        ),
        (Reasoning("t", "s"), [{"type": "thinking", "thinking": "t", "signature": "s"}]),
        (Reasoning(encrypted="e"), [{"type": "redacted_thinking", "data": "e"}]),
        (
            ToolCall("t1", "f", JsonObject({"a": 1})),
            [{"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}],
        ),
        (ToolCall("a|b", "f"), [{"type": "tool_use", "id": "hex_617c62", "name": "f", "input": {}}]),
        (
            BrokenToolCall("t1", "f", '{"a'),
            [{"type": "tool_use", "id": "t1", "name": "f", "input": {"INVALID_JSON": '{"a'}}],
        ),
        (ToolResult("a|b"), [{"type": "tool_result", "tool_use_id": "hex_617c62"}]),
        (
            ToolResult("t1", (Text("r"),), is_error=True),
            [{"type": "tool_result", "tool_use_id": "t1", "content": "r", "is_error": True}],
        ),
        (Opaque("anthropic", JsonObject({"type": "new", "x": 1})), [{"type": "new", "x": 1}]),
    ],
)
def test_a_part_is_a_block_and_back(part: Any, block: Any) -> None:
    assert content(part) == (block, [])
    message = said_by(part)
    role = "user" if isinstance(message, UserMessage) else "assistant"
    assert decode_request({"messages": [{"role": role, "content": block}]}).unwrap().messages == (message,)


@pytest.mark.parametrize(
    ("part", "block", "lost"),
    [
        (Image(Url("u"), "low"), [{"type": "image", "source": {"type": "url", "url": "u"}}], ".detail"),
        (Refusal("no"), [{"type": "text", "text": "no"}], ""),
        (Audio(Url("u"), "said"), [{"type": "text", "text": "said"}], ""),
        (
            Text("a", JsonObject({"openai_chat": {"x": 1}})),
            [{"type": "text", "text": "a"}],
            ".extras.openai_chat",
        ),
        (
            Text("a", JsonObject({"anthropic": {"text": "b"}})),
            [{"type": "text", "text": "b"}],
            "",
        ),
    ],
)
def test_what_no_block_says_is_a_loss_with_its_place(part: Any, block: Any, lost: str) -> None:
    assert content(part) == (block, [f"$.messages[0].content[0]{lost}"])


@pytest.mark.parametrize(
    "part", [Audio(Url("u")), Opaque("openai_chat", JsonObject({"type": "x"})), Reasoning("unsigned")]
)
def test_a_part_without_a_block_is_a_loss_and_so_is_a_message_of_which_nothing_is_left(part: Any) -> None:
    assert content(part) == ([], ["$.messages[0].content[0]", "$.messages[0]"])


def turns(*messages: Any, model: str = "claude-opus-5") -> tuple[Any, list[str]]:
    """What is sent of these messages, and what is lost; what is sent comes back, and goes out again as it was."""
    encoded = sent(Completion(messages, model=model))
    decoded = decode_request(encoded.payload).unwrap()
    again = sent(decoded)
    assert (decode_request(again.payload).unwrap(), again.losses) == (decoded, ())
    return encoded.payload["messages"], [loss.path for loss in encoded.losses]


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def result(name: str) -> dict[str, str]:
    return {"type": "tool_result", "tool_use_id": name}


ASKED = AssistantMessage((ToolCall("x", "f"), ToolCall("y", "f")))


@pytest.mark.parametrize(
    ("messages", "content", "lost"),
    [
        ([assistant("a"), system("S")], [[text("S")]], ["$.messages[2]"]),
        ([assistant("a"), system("S"), user("u")], [[text("S")], "u"], ["$.messages[2]"]),
        (
            [ASKED, UserMessage((ToolResult("x"),)), system("S"), UserMessage((ToolResult("y"),))],
            [[result("x"), result("y"), text("S")]],
            ["$.messages[3]", "$.messages[4]"],
        ),
        (
            [ASKED, system("S"), UserMessage((ToolResult("x"), ToolResult("y"))), user("u")],
            [[result("x"), result("y"), text("S")], "u"],
            ["$.messages[2]", "$.messages[4].content[0]"],
        ),
        ([system("S"), user("u")], [[text("S")], "u"], ["$.messages[1]"]),
        ([system("")], [], ["$.messages[1]"]),
    ],
)
def test_instructions_where_none_can_stand_are_said_by_the_user(
    messages: list[Any], content: list[Any], lost: list[str]
) -> None:
    sent_turns, losses = turns(user("Hi"), *messages)
    said = [turn["content"] for turn in sent_turns[1:] if turn["role"] == "user"]
    assert (said, losses) == (content, lost)
    assert all(turn["role"] != "system" for turn in sent_turns)


def test_instructions_after_a_user_or_a_tool_of_the_provider_stand_where_they_are() -> None:
    searched = AssistantMessage((Opaque("anthropic", JsonObject({"type": "web_search_tool_result"})),))
    for before in (user("u"), searched):
        messages, lost = turns(user("Hi"), before, system("S"), assistant("a"), user("go on"))
        assert (messages[2], lost) == ({"role": "system", "content": [text("S")]}, [])


@pytest.mark.parametrize(
    ("message", "content", "lost"),
    [
        (AssistantMessage((Text("a"), Image(Url("u")))), [text("a")], ".content[1]"),
        (AssistantMessage((Document(Text("d")), Text("a"))), [text("a")], ".content[0]"),
        (AssistantMessage((ToolResult("t"), Text("a"))), [text("a")], ".content[0]"),
        (UserMessage((Text("a"), ToolCall("t", "f"))), [text("a")], ".content[1]"),
        (UserMessage((Text("a"), Reasoning("r", "s"))), [text("a")], ".content[1]"),
        (UserMessage((Text("a"), ToolResult("t"))), [result("t"), text("a")], ".content[1]"),
        (
            AssistantMessage((Opaque("anthropic", JsonObject(result("t"))),)),
            [result("t")],
            ".content[0]",
        ),
    ],
)
def test_a_part_that_its_role_cannot_say_is_a_loss(message: Any, content: Any, lost: str) -> None:
    messages, losses = turns(user("Hi"), message, user("go on"))
    assert messages[1]["content"] == content
    assert losses[0] == f"$.messages[1]{lost}"


def test_a_message_without_content_is_left_out_with_a_loss() -> None:
    assert turns(user("")) == ([], ["$.messages[0]"])
    hi = {"role": "user", "content": "Hi"}
    assert turns(user("Hi"), assistant(""), user("Hi")) == ([hi, hi], ["$.messages[1]"])


def test_a_prefill_ends_without_white_space() -> None:
    def prefilled(*parts: Any) -> tuple[Any, list[str]]:
        messages, lost = turns(user("Hi"), AssistantMessage(parts), model="claude-sonnet-4-5")
        return messages[1]["content"] if len(messages) > 1 else None, lost

    assert prefilled(Text("a: ")) == ("a:", ["$.messages[1]"])
    assert prefilled(Text("a"), Text("b\n\n")) == ([text("a"), text("b")], ["$.messages[1]"])
    assert prefilled(Text(" \n")) == (None, ["$.messages[1]"])
    assert prefilled(Text(" a:")) == (" a:", [])
    messages, lost = turns(user("Hi"), assistant("a"), AssistantMessage((Text("a "),)), user("b"))
    assert (messages[2]["content"], lost) == ("a ", [])


def test_a_prefill_for_a_model_that_refuses_it_is_sent_and_is_a_loss() -> None:
    for model, lost in (("claude-opus-4-6", ["$.messages[1]"]), ("unknown", []), ("claude-haiku-4-5", [])):
        messages, losses = turns(user("Hi"), assistant("a"), model=model)
        assert (messages[1], losses) == ({"role": "assistant", "content": "a"}, lost)
    paused = AssistantMessage((Opaque("anthropic", JsonObject({"type": "server_tool_use", "id": "s"})),))
    assert turns(user("Hi"), paused)[1] == []


def test_calls_with_one_id_are_told_apart_and_their_results_follow_them() -> None:
    def ids(*messages: Any) -> tuple[list[Any], list[str]]:
        sent_turns, lost = turns(*messages)
        blocks = [block for turn in sent_turns for block in turn["content"]]
        return [block.get("id") or block.get("tool_use_id") for block in blocks], lost

    again = "hex_63_2"
    call, answer = AssistantMessage((ToolCall("c", "f"),)), UserMessage((ToolResult("c"),))
    assert ids(call, answer, call, answer) == (["c", "c", again, again], [])
    both = AssistantMessage((ToolCall("c", "f"), BrokenToolCall("c", "f", "{")))
    assert ids(both, UserMessage((ToolResult("c"), ToolResult("c")))) == (["c", again, "c", again], [])
    nameless = AssistantMessage((ToolCall("", "f"), ToolCall("", "f")))
    assert ids(nameless, UserMessage((ToolResult(""),))) == (["hex_", "hex__2", "hex_"], [])
    completion = Completion([call, answer, call, answer])
    assert decode_request(sent(completion).payload).unwrap().messages == completion.messages


def test_what_the_provider_would_refuse_goes_back_as_it_came() -> None:
    used = [{"type": "tool_use", "id": "t", "name": "f", "input": {}} for _ in range(2)]
    payload: dict[str, Any] = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1000,
        "temperature": 0.5,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tool_choice": {"type": "any"},
        "messages": [
            {"role": "user", "content": []},
            {"role": "assistant", "content": used},
            {"role": "system", "content": [text("S")]},
            {"role": "user", "content": [text("a"), result("t"), result("t")]},
            {"role": "assistant", "content": [result("t"), text("a ")]},
        ],
    }
    encoded = sent(decode_request(payload).unwrap())
    assert (encoded.payload, encoded.losses) == (payload, ())


@pytest.mark.parametrize(
    ("changes", "thinking", "lost"),
    [
        ({"max_tokens": 1000, "reasoning": 2048}, None, ["$.reasoning.budget_tokens"]),
        ({"max_tokens": 2000, "reasoning": 2048}, 1024, ["$.reasoning.budget_tokens"]),
        ({"max_tokens": 6000, "reasoning": 6000}, 3000, ["$.reasoning.budget_tokens"]),
        ({"reasoning": 500}, 1024, ["$.reasoning.budget_tokens"]),
        ({"reasoning": 63_000}, 63_000, []),
        ({"reasoning": 64_000}, 32_000, ["$.reasoning.budget_tokens"]),
        ({"reasoning": 2048, "tool_choice": ToolChoice("required")}, None, ["$.reasoning.budget_tokens"]),
        ({"reasoning": 2048, "tool_choice": ToolChoice.named("f")}, None, ["$.reasoning.budget_tokens"]),
        ({"reasoning": "low", "tool_choice": ToolChoice("required")}, None, ["$.reasoning.effort"]),
        ({"reasoning": 2048, "tool_choice": ToolChoice("none")}, 2048, []),
        ({"reasoning": 2048, "temperature": 0.5, "top_k": 3}, 2048, ["$.temperature", "$.top_k"]),
        ({"reasoning": 2048, "top_p": 0.5}, 2048, ["$.top_p"]),
        ({"reasoning": 2048, "temperature": 1, "top_p": 0.95}, 2048, []),
        ({"reasoning": "none", "temperature": 0.5}, None, []),
        ({"reasoning": 2048, "messages": [user("Hi"), assistant("a")]}, None, ["$.reasoning.budget_tokens"]),
    ],
)
def test_thinking_that_would_be_refused_is_not_asked_for(
    changes: Any, thinking: int | None, lost: list[str]
) -> None:
    encoded = sent(Completion([user("Hi")], model="claude-sonnet-4-5").replace(**changes))
    said: Any = encoded.payload.get("thinking", {})
    assert (said.get("budget_tokens"), [loss.path for loss in encoded.losses]) == (thinking, lost)
    limit: Any = encoded.payload["max_tokens"]
    assert (thinking or 0) < limit <= 64_000
    for name in ("temperature", "top_p", "top_k"):
        assert (name in encoded.payload) == (name in changes and f"$.{name}" not in lost)
    again = sent(decode_request(encoded.payload).unwrap())
    assert (again.payload, again.losses) == (encoded.payload, ())


def test_adaptive_thinking_goes_with_a_forced_call() -> None:
    completion = Completion([user("Hi")], model="claude-opus-4-6", reasoning="high")
    encoded = sent(completion.replace(tool_choice=ToolChoice("required"), temperature=0.5))
    assert encoded.payload["thinking"] == {"type": "adaptive"}
    assert [loss.path for loss in encoded.losses] == ["$.temperature"]


def test_settings_that_the_api_lacks_are_losses_or_refused() -> None:
    completion = Completion([], model="claude-opus-5", seed=1, temperature=0.5, presence_penalty=0.1)
    losses = sent(completion).losses
    assert [loss.path for loss in losses] == ["$.temperature", "$.seed", "$.presence_penalty"]
    refused = encode_request(completion, on_loss="refuse")
    assert refused == Failure(
        Lossy(message=f"$.temperature: {losses[0].reason}", path="$.temperature", losses=losses)
    )


def test_sampling_goes_with_the_version_that_takes_it() -> None:
    encoded = sent(Completion([], model="claude-sonnet-4-5", temperature=0.5))
    assert (encoded.payload["temperature"], encoded.losses) == (0.5, ())
    assert encoded.headers == {"anthropic-version": "2023-06-01"}


def test_max_tokens_is_filled_and_leaves_room_beside_a_budget() -> None:
    assert sent(Completion([], model="claude-3-5-haiku-latest")).payload["max_tokens"] == 8192
    assert sent(Completion([], model="unknown")).payload["max_tokens"] == 4096
    assert sent(Completion([], model="unknown", reasoning=9000)).payload["max_tokens"] == 9000 + 4096


@pytest.mark.parametrize(
    ("model", "setting", "fields", "lost"),
    [
        ("claude-sonnet-4-5", "none", {"thinking": {"type": "disabled"}}, []),
        ("claude-sonnet-4-5", 2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}, []),
        (
            "claude-sonnet-4-5",
            "low",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            ["$.reasoning"],
        ),
        ("claude-opus-5", "low", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, []),
        (
            "claude-opus-5",
            "minimal",
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            ["$.reasoning.effort"],
        ),
        (
            "claude-opus-5",
            20_000,
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
            ["$.reasoning"],
        ),
        ("claude-opus-4-5", "max", {"output_config": {"effort": "high"}}, ["$.reasoning.effort"]),
        ("claude-3-5-haiku-latest", "high", {}, ["$.reasoning.effort"]),
    ],
)
def test_reasoning_is_said_as_the_model_takes_it(
    model: str, setting: Any, fields: Any, lost: list[str]
) -> None:
    encoded = sent(Completion([], model=model, max_tokens=64_000, reasoning=setting))
    said = {key: encoded.payload[key] for key in ("thinking", "output_config") if key in encoded.payload}
    assert (said, [loss.path for loss in encoded.losses]) == (fields, lost)


def test_reasoning_that_our_fields_do_not_say_is_kept_as_it_stood() -> None:
    thinking: dict[str, Any] = {"type": "enabled", "budget_tokens": 2000, "display": "summarized"}
    decoded = decode_request({"messages": [], "thinking": thinking}).unwrap()
    rest = {"thinking": {"type": "enabled", "display": "summarized"}}
    assert decoded.reasoning == ReasoningSetting(None, 2000, JsonObject({"anthropic": rest}))


def test_tools_and_choice() -> None:
    closed: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    hosted = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}
    payload: dict[str, Any] = {
        "messages": [],
        "tools": [
            hosted,
            {
                "name": "f",
                "description": "d",
                "input_schema": closed,
                "strict": True,
                "defer_loading": True,
            },
        ],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    }
    decoded = decode_request(payload).unwrap()
    assert decoded.tools == (
        Tool("web_search", extras=JsonObject({"anthropic": {"type": "web_search_20250305", "max_uses": 2}})),
        Tool("f", "d", JsonObject(closed), True, JsonObject({"anthropic": {"defer_loading": True}})),
    )
    assert decoded.tool_choice == ToolChoice.named("f", parallel=False)
    assert sent(decoded).payload == {**payload, "max_tokens": 4096}


def test_a_tool_without_parameters_gets_an_object_schema_that_is_read_back_as_none() -> None:
    encoded = sent(Completion([], tools=[Tool("ping")]))
    assert encoded.payload["tools"] == [{"name": "ping", "input_schema": {"type": "object", "required": []}}]
    assert decode_request(encoded.payload).unwrap().tools == (Tool("ping"),)


def test_an_output_format_is_its_schema() -> None:
    closed: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    encoded = sent(Completion([], max_tokens=1, output=Output(JsonObject(closed), name="n")))
    form = {"type": "json_schema", "schema": closed}
    assert encoded.payload == {"max_tokens": 1, "messages": [], "output_config": {"format": form}}
    assert encoded.losses == (Loss("$.output.name", "the format holds nothing but the schema"),)


def test_results_and_the_turn_that_follows_them_are_one_message() -> None:
    completion = Completion(
        [UserMessage((ToolResult("t1"),)), UserMessage((ToolResult("t2"),)), user("go on"), user("and")]
    )
    assert sent(completion).payload["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1"},
                {"type": "tool_result", "tool_use_id": "t2"},
                {"type": "text", "text": "go on"},
            ],
        },
        {"role": "user", "content": "and"},
    ]


def test_instructions_among_the_messages() -> None:
    def said(completion: Completion) -> tuple[Any, Any, list[str]]:
        encoded = sent(completion)
        return (
            encoded.payload.get("system"),
            encoded.payload["messages"],
            [loss.path for loss in encoded.losses],
        )

    turn = {"role": "user", "content": "Hi"}
    inside = {"role": "system", "content": [{"type": "text", "text": "S"}]}
    assert said(Completion([system("S"), user("Hi")])) == ("S", [turn], [])
    both = [{"type": "text", "text": "A"}, {"type": "text", "text": "S"}]
    assert said(Completion([system("S"), user("Hi")], system="A")) == (both, [turn], ["$.messages[0]"])
    assert said(Completion([user("Hi"), system("S")])) == (None, [turn, inside], [])
    spoken = {"role": "user", "content": [{"type": "text", "text": "S"}]}
    old = Completion([user("Hi"), system("S")], model="claude-sonnet-4-5")
    assert said(old) == (None, [turn, spoken], ["$.messages[1]"])


def test_options_go_out_verbatim_and_what_the_completion_says_wins() -> None:
    options: dict[str, Any] = {
        "anthropic": {"metadata": {"user_id": "u"}, "max_tokens": 5},
        "openai": {"store": True},
    }
    encoded = sent(Completion([], max_tokens=9, provider_options=options))
    assert encoded.payload == {"max_tokens": 9, "messages": [], "metadata": {"user_id": "u"}}
    assert [loss.path for loss in encoded.losses] == ["$.provider_options.anthropic.max_tokens"]


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({}, "$.messages"),
        ({"messages": [1]}, "$.messages[0]"),
        ({"messages": [{"role": "robot"}]}, "$.messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "$.messages[0].content[0].text"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [1]}]}
                ]
            },
            "$.messages[0].content[0].content[0]",
        ),
        ({"messages": [{"role": "user", "content": object()}]}, "$.messages[0].content"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "$.messages[0].content"),
        ({"messages": [], "tools": [{"name": "f"}]}, "$.tools[0].input_schema"),
        ({"messages": [], "stop_sequences": ["a", 1]}, "$.stop_sequences[1]"),
        ({"messages": [], "temperature": float("nan")}, "$.temperature"),
    ],
)
def test_what_is_wrong_in_a_payload_is_named(payload: Any, path: str) -> None:
    error = decode_request(payload).failure()
    assert isinstance(error, BadRequest)
    assert error.path == path


BAD: Any = 1
NOTHING: Any = None


@pytest.mark.parametrize(
    ("completion", "path"),
    [
        (NOTHING, "$"),
        (Completion([UserMessage(("text",))]), "$.messages[0].content[0]"),  # type: ignore[arg-type]
        (Completion([UserMessage(NOTHING)]), "$.messages[0].content"),
        (Completion([NOTHING]), "$.messages[0]"),
        (Completion([UserMessage((Text(BAD),))]), "$.messages[0].content[0].text"),
        (Completion([UserMessage((Text("a"), Text(BAD)))]), "$.messages[0].content[1].text"),
        (Completion([UserMessage((ToolResult("a", (BAD,)),))]), "$.messages[0].content[0].content[0]"),
        (Completion([UserMessage((ToolResult("a", NOTHING),))]), "$.messages[0].content[0].content"),
        (
            Completion([UserMessage((ToolResult("a", (Text(BAD),)),))]),
            "$.messages[0].content[0].content[0].text",
        ),
        (Completion([UserMessage((ToolResult(BAD),))]), "$.messages[0].content[0].call_id"),
        (
            Completion([AssistantMessage((ToolCall("a", "f", NOTHING),))]),
            "$.messages[0].content[0].arguments",
        ),
        (Completion([UserMessage((Image(NOTHING),))]), "$.messages[0].content[0].source"),
        (Completion([UserMessage((Image(Url(BAD)),))]), "$.messages[0].content[0].source.url"),
        (Completion([UserMessage((Document((Text(BAD),)),))]), "$.messages[0].content[0].source[0].text"),
        (Completion([UserMessage((Text("a", extras=BAD),))]), "$.messages[0].content[0].extras"),
        (Completion([], system=[NOTHING]), "$.system[0]"),
        (Completion([], system=[Text(BAD)]), "$.system[0].text"),
        (Completion([], tools=[BAD]), "$.tools[0]"),
        (Completion([], tools=[Tool(BAD)]), "$.tools[0].name"),
        (Completion([], model=BAD), "$.model"),
        (Completion([], max_tokens=BAD < 2), "$.max_tokens"),
        (Completion([], stop_sequences=[BAD]), "$.stop_sequences[0]"),
        (Completion([], tool_choice=BAD), "$.tool_choice"),
        (Completion([], output=Output(NOTHING)), "$.output.schema"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_failure_with_its_place(completion: Completion, path: str) -> None:
    error = encode_request(completion).failure()
    assert isinstance(error, BadRequest)
    assert error.path == path


def test_a_payload_that_holds_itself_is_a_failure() -> None:
    payload: dict[str, Any] = {"messages": []}
    payload["metadata"] = payload
    assert isinstance(decode_request(payload), Failure)
