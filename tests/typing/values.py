"""Values are frozen, messages take parts and strings, and a match over parts or stop reasons is exhaustive."""

from __future__ import annotations

from typing import assert_never, assert_type

from llm_pure import (
    AssistantMessage,
    Audio,
    BrokenToolCall,
    Completion,
    Document,
    Done,
    Image,
    Json,
    JsonObject,
    Message,
    Opaque,
    Part,
    PartDone,
    Reasoning,
    ReasoningDelta,
    Refusal,
    RefusalDelta,
    Response,
    Restarted,
    Started,
    StopReason,
    StreamEvent,
    SystemMessage,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolResult,
    Url,
    Usage,
    UserMessage,
    assistant,
    system,
    user,
)


def builders_take_strings_parts_and_none_interleaved(picture: Image, note: str | None) -> Completion:
    assert_type(user("Look:", picture, note), UserMessage)
    assert_type(assistant("I see."), AssistantMessage)
    assert_type(system("Be brief."), SystemMessage)
    return Completion([user("Look:", picture, note), assistant("I see.")], system="Be brief.", max_tokens=9)


def every_method_of_a_completion_gives_a_completion(completion: Completion, response: Response) -> None:
    assert_type(completion.replace(model="m", temperature=0.5), Completion)
    assert_type(completion.add_messages(user("more")), Completion)
    assert_type(completion.with_response(response), Completion)
    assert_type(completion.messages, tuple[Message, ...])
    assert_type(completion.last_text, str)
    assert_type(completion.last_tool_calls, tuple[ToolCall, ...])


def usage_adds_to_usage(a: Usage, b: Usage) -> None:
    assert_type(a + b, Usage)
    assert_type(a.input_tokens, int | None)


def a_match_over_parts_is_exhaustive(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text) | Reasoning(text):
            return text
        case Image() | Document() | Audio():
            return "a medium"
        case ToolCall(_, name) | BrokenToolCall(_, name):
            return name
        case ToolResult(call_id):
            return call_id
        case Opaque(provider):
            return provider
        case _:
            assert_never(part)


def a_match_over_messages_is_exhaustive(message: Message) -> tuple[Part, ...]:
    match message:
        case UserMessage(content) | AssistantMessage(content) | SystemMessage(content):
            return content
        case _:
            assert_never(message)


def a_match_over_events_is_exhaustive(event: StreamEvent) -> int:
    match event:
        case TextDelta(index, _) | ReasoningDelta(index, _) | RefusalDelta(index, _):
            return index
        case ToolCallStarted(index) | ToolCallDelta(index) | PartDone(index) | Restarted(index):
            return index
        case Started() | Done():
            return -1
        case _:
            assert_never(event)


def a_match_over_stop_reasons_is_exhaustive(reason: StopReason) -> bool:
    match reason:
        case "end" | "tool_call" | "stop_sequence":
            return True
        case "max_tokens" | "context_window" | "pause":
            return False
        case "refusal" | "other":
            return False
        case _:
            assert_never(reason)


def json_is_looked_at_frozen_and_thawed_plain(json: JsonObject) -> None:
    assert_type(json["a"], Json)
    thawed: dict[str, object] = {**json.thaw()}
    thawed["a"] = 1


# ---------------------------------------------------------------- refused


def changing_a_completion_is_refused(completion: Completion) -> None:
    completion.max_tokens = 3  # type: ignore[misc]


def changing_a_part_is_refused(part: Text) -> None:
    part.text = "else"  # type: ignore[misc]


def changing_json_is_refused(json: JsonObject) -> None:
    json["a"] = 1  # type: ignore[index]


def a_message_of_a_bare_number_is_refused() -> None:
    user(3)  # type: ignore[arg-type]


def a_string_is_no_message() -> None:
    Completion("Hello")  # type: ignore[arg-type]


def an_unknown_field_is_refused() -> None:
    Completion([], maximum=3)  # type: ignore[call-arg]


def an_unknown_change_is_refused(completion: Completion) -> None:
    completion.replace(maximum=3)  # type: ignore[call-arg]


def a_change_of_the_wrong_type_is_refused(completion: Completion) -> None:
    completion.replace(max_tokens="many")  # type: ignore[arg-type]


def a_stop_reason_of_ones_own_is_refused(response: Response) -> bool:
    return response.stop_reason == "finished"  # type: ignore[comparison-overlap]


def an_address_is_no_image() -> None:
    Image("https://example.com/cat.png")  # type: ignore[arg-type]


def an_image_of_an_address_is_one() -> Part:
    return Image(Url("https://example.com/cat.png"))
