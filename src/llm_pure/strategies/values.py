"""What is asked: messages, tools, settings, completions.

Law: everything drawn is a value that a caller could have built with the public constructors; nothing is tuned to
what one provider can say.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from hypothesis import strategies as st

from llm_pure.completion import Completion, ReasoningSetting
from llm_pure.dialects import DIALECTS, Dialect
from llm_pure.json import JsonObject, PlainJson
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.outputs import AnyOutput, Output
from llm_pure.parts import Part
from llm_pure.strategies.parts import (
    PROVIDERS,
    assistant_parts,
    extras,
    names,
    parts,
    text_parts,
    user_parts,
)
from llm_pure.strategies.raw import json_objects, json_values, plain_objects, texts
from llm_pure.tools import AnyTool, FreeText, Tool, ToolChoice

__all__ = [
    "assistant_messages",
    "completions",
    "dialects",
    "messages",
    "outputs",
    "reasoning_settings",
    "system_messages",
    "tool_choices",
    "tools",
    "user_messages",
]

_NONE: st.SearchStrategy[None] = st.none()


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
    called = st.builds(_tool, names(), _NONE | texts(), schema, _NONE | st.booleans(), extras())
    grammar = st.builds(FreeText, st.sampled_from([None, "lark", "regex"]), texts(max_size=3))
    written = st.builds(_text_tool, names(), _NONE | texts(), st.just(FreeText()) | grammar, extras())
    return called | called | written


def _text_tool(name: str, text: str | None, form: FreeText, more: JsonObject) -> AnyTool:
    return Tool(name, text, extras=more, free_text=form)


def _tool(
    name: str, text: str | None, parameters: JsonObject, strict: bool | None, more: JsonObject
) -> AnyTool:
    return Tool(name, text, parameters, strict, more)


@cache
def tool_choices() -> st.SearchStrategy[ToolChoice]:
    parallel = _NONE | st.booleans()
    mode = st.sampled_from(["auto", "none", "required"])
    anyone = st.builds(lambda m, p, e: ToolChoice(m, None, p, e), mode, parallel, extras())
    named = st.builds(lambda name, p: ToolChoice.named(name, parallel=p), names(), parallel)
    several = st.lists(names(), min_size=1, max_size=2).map(tuple)
    among = st.builds(
        lambda allowed, m, n, e: ToolChoice(m, n, None, e, allowed), several, mode, _NONE | names(), extras()
    )
    return anyone | named | among


@cache
def outputs() -> st.SearchStrategy[AnyOutput]:
    optional = _NONE | texts()
    return st.builds(Output, json_objects(), optional, optional, _NONE | st.booleans(), extras())


@cache
def reasoning_settings() -> st.SearchStrategy[ReasoningSetting]:
    efforts = _NONE | st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
    return st.builds(ReasoningSetting, efforts, _NONE | st.integers(0, 9000), extras())


# fmt: off
_REQUESTED: Final[list[str]] = [
    "max_completion_tokens", "max_output_tokens", "max_tokens", "messages", "model", "output_config",
    "parallel_tool_calls", "reasoning", "reasoning_effort", "response_format", "seed", "stop", "stop_sequences",
    "stream", "system", "temperature", "text", "thinking", "tool_choice", "tools", "top_k", "top_p",
]
"""Fields of requests for which a completion has words of its own."""
_ANSWERED: Final[list[PlainJson]] = [
    "auto", "none", "low", "a", 1, 0.5, True, None, ["a"], [], {"type": "auto"}, {"effort": "low"},
]
"""What may stand in some of them."""
# fmt: on


@cache
def _options() -> st.SearchStrategy[dict[str, PlainJson]]:
    said = json_values(max_leaves=4) | st.sampled_from(_ANSWERED)
    objects = plain_objects()
    return objects | objects | st.dictionaries(st.sampled_from(_REQUESTED), said, min_size=1, max_size=2)


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
        "provider_options": st.dictionaries(st.sampled_from(PROVIDERS), _options(), max_size=2),
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
