"""Our own values: parts, messages, tools, completions, responses.

Law: everything drawn is a value that a caller could have built with the public constructors; nothing is tuned to
what one provider can say.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from llm_pure.completion import Completion, Output, ReasoningSetting
from llm_pure.dialects import DIALECTS, Dialect
from llm_pure.json import EMPTY, JsonObject
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.parts import (
    Audio,
    Base64,
    BrokenToolCall,
    Document,
    FileId,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from llm_pure.response import Response, StopReason, Usage
from llm_pure.strategies.raw import json_objects, plain_objects, texts
from llm_pure.tools import AnyTool, Tool, ToolChoice

__all__ = [
    "PROVIDERS",
    "assistant_messages",
    "assistant_parts",
    "completions",
    "dialects",
    "extras",
    "messages",
    "outputs",
    "parts",
    "reasoning_settings",
    "responses",
    "sources",
    "system_messages",
    "tool_choices",
    "tools",
    "usages",
    "user_messages",
    "user_parts",
]

PROVIDERS = ("anthropic", "openai_chat")

_NONE: st.SearchStrategy[None] = st.none()


@cache
def extras() -> st.SearchStrategy[JsonObject]:
    """Mostly nothing; sometimes fields that one provider attaches, known ones and others."""
    cached = {"cache_control": {"type": "ephemeral"}}
    known = st.sampled_from(
        [
            JsonObject({"anthropic": cached}),
            JsonObject({"anthropic": {"cache_control": {"type": "ephemeral", "ttl": "1h"}, "x": None}}),
            JsonObject({"openai_chat": {"x": 1}}),
            JsonObject({"anthropic": {"x": [1]}, "openai_chat": {"y": "z"}}),
        ]
    )
    any_fields = st.builds(
        lambda provider, fields: JsonObject({provider: fields}) if fields else EMPTY,
        st.sampled_from(PROVIDERS),
        plain_objects(),
    )
    return st.just(EMPTY) | st.just(EMPTY) | st.just(EMPTY) | known | any_fields


@cache
def names() -> st.SearchStrategy[str]:
    return st.sampled_from(["search", "get_weather", "f", "x-1"]) | texts(max_size=8)


@cache
def call_ids() -> st.SearchStrategy[str]:
    return st.sampled_from(["toolu_01", "call_1", "call_1|fc_2", "a b", "é"]) | texts(max_size=6)


# ---------------------------------------------------------------- parts


@cache
def _base64(*media: str) -> st.SearchStrategy[Base64]:
    return st.builds(Base64, st.binary(max_size=6).map(lambda raw: raw.hex()), st.sampled_from(media))


@cache
def sources(*media: str) -> st.SearchStrategy[Source]:
    return _base64(*media) | st.builds(Url, texts()) | st.builds(FileId, texts())


@cache
def text_parts() -> st.SearchStrategy[Text]:
    return st.builds(Text, texts(), extras())


@cache
def images() -> st.SearchStrategy[Image]:
    detail = _NONE | st.sampled_from(["low", "high", "auto"])
    return st.builds(Image, sources("image/png", "image/jpeg", "x"), detail, extras())


@cache
def documents(inner: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[Document]:
    of: st.SearchStrategy[Source | Text | tuple[Part, ...]] = (
        sources("application/pdf", "text/plain", "x") | text_parts()
    )
    if inner is not None:
        of |= st.lists(inner, max_size=2).map(tuple)
    optional = _NONE | texts()
    return st.builds(Document, of, optional, optional, _NONE | st.booleans(), extras())


@cache
def audios() -> st.SearchStrategy[Audio]:
    return st.builds(Audio, sources("audio/wav", "audio/mp3", "x"), _NONE | texts(), extras())


@cache
def tool_calls() -> st.SearchStrategy[ToolCall]:
    return st.builds(ToolCall, call_ids(), names(), json_objects(), extras())


@cache
def broken_tool_calls() -> st.SearchStrategy[BrokenToolCall]:
    return st.builds(BrokenToolCall, call_ids(), names(), texts() | st.just('{"a": "b'), extras())


@cache
def reasonings() -> st.SearchStrategy[Reasoning]:
    sealed = _NONE | texts()
    return st.builds(Reasoning, texts(), sealed, sealed, extras())


@cache
def opaques() -> st.SearchStrategy[Opaque]:
    kinds = st.sampled_from(["server_tool_use", "search_result", "new_block"])
    raw = st.builds(lambda kind, fields: JsonObject({**fields, "type": kind}), kinds, plain_objects())
    return st.builds(Opaque, st.sampled_from(PROVIDERS), raw | json_objects())


@cache
def _plain_parts() -> st.SearchStrategy[Part]:
    return text_parts() | text_parts() | images() | documents(text_parts() | images())


@cache
def tool_results() -> st.SearchStrategy[ToolResult]:
    content = st.lists(_plain_parts() | opaques(), max_size=3).map(tuple)
    return st.builds(ToolResult, call_ids(), content, st.booleans(), extras())


@cache
def user_parts() -> st.SearchStrategy[Part]:
    """What a user message usually holds."""
    return _plain_parts() | tool_results()


@cache
def assistant_parts() -> st.SearchStrategy[Part]:
    """What an assistant message usually holds."""
    return text_parts() | tool_calls() | reasonings() | broken_tool_calls()


@cache
def parts() -> st.SearchStrategy[Part]:
    """Any part at all."""
    refusals = st.builds(Refusal, texts(), extras())
    return user_parts() | assistant_parts() | audios() | refusals | opaques()


# ---------------------------------------------------------------- messages


@cache
def user_messages(inner: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[UserMessage]:
    content = st.lists(inner if inner is not None else user_parts(), max_size=3).map(tuple)
    return st.builds(UserMessage, content, extras())


@cache
def assistant_messages(inner: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[AssistantMessage]:
    content = st.lists(inner if inner is not None else assistant_parts(), max_size=3).map(tuple)
    return st.builds(AssistantMessage, content, extras())


@cache
def system_messages(inner: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[SystemMessage]:
    content = st.lists(inner if inner is not None else text_parts(), max_size=2).map(tuple)
    return st.builds(SystemMessage, content, extras())


@cache
def messages() -> st.SearchStrategy[Message]:
    """Mostly what makes sense, sometimes any part anywhere."""
    return (
        user_messages()
        | user_messages()
        | assistant_messages()
        | assistant_messages()
        | system_messages()
        | user_messages(parts())
        | assistant_messages(parts())
    )


# ---------------------------------------------------------------- tools and settings


@cache
def tools() -> st.SearchStrategy[AnyTool]:
    schema = json_objects() | st.just(JsonObject({"type": "object", "properties": {}}))
    return st.builds(
        _tool,
        names(),
        _NONE | texts(),
        schema,
        _NONE | st.booleans(),
        extras(),
    )


def _tool(
    name: str, text: str | None, parameters: JsonObject, strict: bool | None, more: JsonObject
) -> AnyTool:
    return Tool(name, text, parameters, strict, more)


@cache
def tool_choices() -> st.SearchStrategy[ToolChoice]:
    parallel = _NONE | st.booleans()
    mode = st.sampled_from(["auto", "none", "required"])
    anyone = st.builds(lambda m, p, e: ToolChoice(m, None, p, e), mode, parallel, extras())
    return anyone | st.builds(lambda name, p: ToolChoice.named(name, parallel=p), names(), parallel)


@cache
def outputs() -> st.SearchStrategy[Output]:
    optional = _NONE | texts()
    return st.builds(Output, json_objects(), optional, optional, _NONE | st.booleans(), extras())


@cache
def reasoning_settings() -> st.SearchStrategy[ReasoningSetting]:
    efforts = _NONE | st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
    return st.builds(ReasoningSetting, efforts, _NONE | st.integers(0, 9000), extras())


def _fields() -> dict[str, st.SearchStrategy[object]]:
    penalties = st.floats(-2, 2)
    return {
        "model": st.sampled_from(["claude-sonnet-4-5", "claude-opus-5", "gpt-4o", "unknown"]),
        "max_tokens": st.integers(1, 10_000),
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(0, 500),
        "seed": st.integers(0, 2**40),
        "frequency_penalty": penalties,
        "presence_penalty": penalties,
        "stop_sequences": st.lists(texts(min_size=1), max_size=3),
        "tools": st.lists(tools(), max_size=3),
        "tool_choice": tool_choices(),
        "output": outputs(),
        "reasoning": reasoning_settings(),
        "provider_options": st.dictionaries(st.sampled_from(PROVIDERS), plain_objects(), max_size=2),
        "system": st.lists(text_parts() | text_parts() | parts(), max_size=2),
    }


@cache
def completions(*, message: st.SearchStrategy[Message] | None = None) -> st.SearchStrategy[Completion]:
    """Any completion: every field sometimes set, most of them mostly not."""
    fields = _fields()
    names_set = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
    changes = names_set.flatmap(lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen}))
    content = st.lists(message if message is not None else messages(), max_size=3)
    return st.builds(_completion, content, changes)


def _completion(content: list[Message], changes: dict[str, object]) -> Completion:
    return Completion(content).replace(**changes)  # type: ignore[arg-type]  # names and strategies stand side by side


@cache
def dialects() -> st.SearchStrategy[Dialect]:
    """The named ones, and any other mixture."""
    own = st.builds(
        Dialect,
        texts(min_size=1),
        st.sampled_from([None, "max_tokens", "max_completion_tokens"]),
        st.sampled_from(["system", "developer"]),
        st.sampled_from(["seed", "random_seed"]),
        st.sampled_from(["reasoning_effort", "reasoning", "thinking"]),
        st.sampled_from([None, "reasoning_content", "reasoning", "thinking"]),
        st.booleans(),
        st.booleans(),
    )
    return st.sampled_from(list(DIALECTS.values())) | own


# ---------------------------------------------------------------- answers


@cache
def usages() -> st.SearchStrategy[Usage]:
    """What may be reported: anything, parts above the whole included."""
    count = _NONE | st.integers(0, 10_000)
    return st.builds(Usage, count, count, count, count, count)


STOP_REASONS: tuple[StopReason, ...] = (
    "end",
    "max_tokens",
    "tool_call",
    "stop_sequence",
    "refusal",
    "pause",
    "context_window",
    "other",
)


@cache
def responses(*, part: st.SearchStrategy[Part] | None = None) -> st.SearchStrategy[Response]:
    """Any answer, of any provider or none."""
    optional = _NONE | texts()
    return st.builds(
        Response,
        message=assistant_messages(part),
        usage=usages(),
        stop_reason=st.sampled_from(STOP_REASONS),
        raw_stop_reason=optional,
        stop_sequence=optional,
        id=optional,
        model=optional,
        provider=_NONE | st.sampled_from(PROVIDERS),
        extras=extras(),
    )
