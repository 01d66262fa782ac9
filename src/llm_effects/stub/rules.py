"""What a provider refuses before it answers: requests that work here must not fail there.

Law: a rule looks at the request as it was sent, and gives the error that the provider gives, or None. `RULES` is all
that a strict stub holds requests to, in the order in which it looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from llm_effects.stub.wires import Payload
from llm_pure.errors import BadRequest, LlmError
from llm_pure.json import PlainJson
from llm_pure.models import traits_of
from llm_pure.target import WireFormat

__all__ = ["RULES", "Rule", "refusal"]

Headers: TypeAlias = Mapping[str, str]
Rule: TypeAlias = Callable[[Payload, Headers], LlmError | None]

NO_SAMPLING_SINCE: Final = "2026-10-21"
"""The `anthropic-version` from which sampling parameters are refused for every model."""


def refusal(wire: WireFormat, payload: Payload, headers: Headers) -> LlmError | None:
    """The first error that a rule of this wire format gives. Header names are in lower case."""
    for rule in RULES[wire]:
        error = rule(payload, headers)
        if error is not None:
            return error
    return None


def _no(message: str, *, code: str | None = None, path: str | None = None) -> BadRequest:
    return BadRequest(message=message, status=400, type="invalid_request_error", code=code, path=path)


# ---------------------------------------------------------------- Anthropic


def _version(_: Payload, headers: Headers) -> LlmError | None:
    return None if headers.get("anthropic-version") else _no("anthropic-version: header is required")


def _required(payload: Payload, _: Headers) -> LlmError | None:
    for name in ("model", "max_tokens", "messages"):
        if payload.get(name) is None:
            return _no(f"{name}: Field required")
    if payload["messages"] == []:
        return _no("messages: at least one message is required")
    limit = payload["max_tokens"]
    if isinstance(limit, int) and limit < 1:
        return _no("max_tokens: Input should be greater than or equal to 1")
    return None


def _sampling(payload: Payload, headers: Headers) -> LlmError | None:
    model = payload.get("model")
    new = headers.get("anthropic-version", "") >= NO_SAMPLING_SINCE
    fixed = isinstance(model, str) and model.startswith("claude") and not traits_of(model).sampling
    for name in ("temperature", "top_p", "top_k"):
        value = payload.get(name)
        if value is not None and (new or (fixed and value != 1)):
            return _no(f"{name}: this parameter is not supported")
    return None


def _texts(payload: Payload, _: Headers) -> LlmError | None:
    for number, message in enumerate(_messages(payload)):
        for block in _blocks(message):
            if block.get("type") == "text" and not block.get("text"):
                return _no(f"messages.{number}: text content blocks must be non-empty")
    return None


def _prefill(payload: Payload, _: Headers) -> LlmError | None:
    messages = list(_messages(payload))
    if not messages or messages[-1].get("role") != "assistant":
        return None
    blocks = list(_blocks(messages[-1]))
    if any(re.search(r"^server_tool_use$|_tool_result$", str(block.get("type"))) for block in blocks):
        return None  # a paused turn goes back as it is
    model = payload.get("model")
    if isinstance(model, str) and model.startswith("claude") and not traits_of(model).prefill:
        return _no(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    last = blocks[-1].get("text") if blocks else None
    if isinstance(last, str) and last != last.rstrip():
        return _no("messages: final assistant content cannot end with trailing whitespace")
    return None


def _tool_results(payload: Payload, _: Headers) -> LlmError | None:
    """A call has its result in the next message, and a result its call in the one before."""
    called: set[str] = set()
    for number, message in enumerate([*_messages(payload), {}]):
        blocks = list(_blocks(message))
        told = {str(block.get("tool_use_id")) for block in blocks if block.get("type") == "tool_result"}
        if called - told:
            return _no(
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                + ", ".join(sorted(called - told))
            )
        if told - called:
            return _no(
                f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                + ", ".join(sorted(told - called))
                + ". Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        called = {str(block.get("id")) for block in blocks if block.get("type") == "tool_use"}
    return None


# ---------------------------------------------------------------- OpenAI Chat


def _chat_required(payload: Payload, _: Headers) -> LlmError | None:
    for name in ("model", "messages"):
        if not payload.get(name):
            return _no(f"Missing required parameter: '{name}'.", code="missing_required_parameter", path=name)
    return None


def _chat_limit(payload: Payload, _: Headers) -> LlmError | None:
    """Models that reason count their reasoning too, and want the limit to be named so."""
    model = payload.get("model")
    if (
        payload.get("max_tokens") is None
        or not isinstance(model, str)
        or not re.match(r"o\d|gpt-[5-9]", model)
    ):
        return None
    return _no(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        code="unsupported_parameter",
        path="max_tokens",
    )


def _chat_least(payload: Payload, _: Headers) -> LlmError | None:
    for name in ("max_tokens", "max_completion_tokens"):
        limit = payload.get(name)
        if isinstance(limit, int) and limit < 1:
            return _no(
                f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {limit} instead.",
                code="integer_below_min_value",
                path=name,
            )
    return None


def _chat_tool_results(payload: Payload, _: Headers) -> LlmError | None:
    missing: set[str] = set()
    called: set[str] = set()
    last = 0
    for number, message in enumerate(_messages(payload)):
        if message.get("role") == "tool":
            if (call := str(message.get("tool_call_id"))) not in called:
                return _no(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                    path=f"messages.[{number}].role",
                )
            missing.discard(call)
            continue
        if missing:
            break
        called = {str(call.get("id")) for call in _objects(message.get("tool_calls"))}
        missing = set(called)
        last = number
    if not missing:
        return None
    return _no(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(sorted(missing))}",
        path=f"messages.[{last}].role",
    )


# ---------------------------------------------------------------- OpenAI Responses

_MOVED: Final[Mapping[str, str]] = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
}
_UNKNOWN: Final = ("stop", "seed", "n", "logit_bias", "frequency_penalty", "presence_penalty", "top_k")


def _responses_required(payload: Payload, _: Headers) -> LlmError | None:
    if not payload.get("model") and not payload.get("prompt"):
        return _no("Missing required parameter: 'model'.", code="missing_required_parameter", path="model")
    if not any(payload.get(name) for name in ("input", "prompt", "previous_response_id", "conversation")):
        return _no(
            "One of 'input' or 'previous_response_id' or 'prompt' or 'conversation' must be provided.",
            code="missing_required_parameter",
            path="input",
        )
    return None


def _responses_unknown(payload: Payload, _: Headers) -> LlmError | None:
    """What stood in Chat Completions, and stands elsewhere or nowhere now."""
    for name, place in _MOVED.items():
        if payload.get(name) is not None:
            return _no(
                f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{place}'.",
                code="unsupported_parameter",
                path=name,
            )
    for name in _UNKNOWN:
        if payload.get(name) is not None:
            return _no(f"Unknown parameter: '{name}'.", code="unknown_parameter", path=name)
    return None


def _responses_calls(payload: Payload, _: Headers) -> LlmError | None:
    """A call has its result, and a result its call, unless the provider has kept what stood before."""
    items = list(_objects(payload.get("input")))
    called = [str(item.get("call_id")) for item in items if item.get("type") == "function_call"]
    told = [str(item.get("call_id")) for item in items if item.get("type") == "function_call_output"]
    for call in called:
        if call not in told:
            return _no(f"No tool output found for function call {call}.", path="input")
    if payload.get("previous_response_id") or payload.get("conversation"):
        return None
    for call in told:
        if call not in called:
            return _no(f"No tool call found for function call output with call_id {call}.", path="input")
    return None


def _responses_reasoning(payload: Payload, _: Headers) -> LlmError | None:
    items = list(_objects(payload.get("input")))
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else {"role": "user"}
        if item.get("type") == "reasoning" and following.get("role") in ("user", "system", "developer"):
            return _no(
                f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item.",
                path="input",
            )
    return None


RULES: Final[Mapping[WireFormat, tuple[Rule, ...]]] = {
    "anthropic_messages": (_version, _required, _sampling, _texts, _prefill, _tool_results),
    "openai_chat": (
        _chat_required,
        _chat_limit,
        _chat_least,
        _chat_tool_results,
    ),
    "openai_responses": (_responses_required, _responses_unknown, _responses_calls, _responses_reasoning),
}


# ---------------------------------------------------------------- looking into what may be anything


def _objects(value: PlainJson) -> Iterator[Payload]:
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item


def _messages(payload: Payload) -> Iterator[Payload]:
    return _objects(payload.get("messages"))


def _blocks(message: Payload) -> Iterator[Payload]:
    content = message.get("content")
    if isinstance(content, str):
        return iter(({"type": "text", "text": content},))
    return _objects(content)
