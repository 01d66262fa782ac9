"""Scripts as JSON, for the command line: a list of steps.

    "Hello!"                                                     a text
    {"text": "Once upon", "stop_reason": "max_tokens"}           a text, and why it ended
    {"tool": "weather", "arguments": {"city": "Rome"}}           a tool call
    {"error": "RateLimited", "retry_after": 1}                   an error, by its name in `llm_pure.errors`
    {"status": 502, "body": "<html>", "headers": {"a": "b"}}     any HTTP answer
    {"refuse": true, "reset": true}                              no answer

Each of the answers takes the fields of `Sent` beside its own (`"delay": 2, "cut_events": 3, "ending": "reset"`).

Law: a script is read whole before anything is answered. What is not understood raises `BadScript`, with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast, get_args

from llm_effects.stub.script import Answer, Ending, Raw, Refuse, Sent, Step
from llm_pure.errors import ERRORS, LlmError
from llm_pure.json import JsonError, JsonObject, PlainJson, parse_json
from llm_pure.messages import AssistantMessage
from llm_pure.parts import Part, Text, ToolCall
from llm_pure.response import Response, StopReason, Usage

__all__ = ["DEMO", "BadScript", "read_script"]


class BadScript(ValueError):
    """A script that is not understood; the message says where and why."""


Fields: TypeAlias = dict[str, PlainJson]


def read_script(text: bytes | str) -> tuple[Step, ...]:
    """The steps of a script. Raises `BadScript`."""
    try:
        value = parse_json(text)
    except JsonError as error:
        raise BadScript(f"no JSON: {error.reason}") from None
    if not isinstance(value, list):
        raise BadScript("a script is a list of steps")
    steps: list[Step] = []
    for number, item in enumerate(value):
        try:
            steps.append(_step(item))
        except BadScript as error:
            raise BadScript(f"step {number}: {error}") from None
    return tuple(steps)


def _step(item: PlainJson) -> Step:
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        raise BadScript("a step is a text or an object")
    rest = dict(item)
    if "refuse" in rest:
        del rest["refuse"]
        step: Step = Refuse(reset=_bool(rest.pop("reset", False)), delay=_seconds(rest.pop("delay", 0)))
    else:
        kind = next((name for name in _ANSWERS if name in rest), None)
        if kind is None:
            raise BadScript(f"one of {', '.join(_ANSWERS)}, refuse is wanted")
        answer = _ANSWERS[kind](rest)
        how = {name: _SENT[name](rest.pop(name)) for name in tuple(rest) if name in _SENT}
        step = Sent(answer, **how) if how else answer  # type: ignore[arg-type]  # _SENT pairs names with their types
    if rest:
        raise BadScript(f"not understood: {', '.join(rest)}")
    return step


# ---------------------------------------------------------------- values of one type


def _str(value: PlainJson) -> str:
    if not isinstance(value, str):
        raise BadScript(f"{value!r} is no text")
    return value


def _bool(value: PlainJson) -> bool:
    if not isinstance(value, bool):
        raise BadScript(f"{value!r} is neither true nor false")
    return value


def _int(value: PlainJson) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadScript(f"{value!r} is no whole number")
    return value


def _seconds(value: PlainJson) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise BadScript(f"{value!r} is no number of seconds")
    return float(value)


def _ints(value: PlainJson) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise BadScript(f"{value!r} is no list")
    return tuple(map(_int, value))


def _pairs(value: PlainJson) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise BadScript(f"{value!r} is no object")
    return tuple((name, _str(item)) for name, item in value.items())


def _ending(value: PlainJson) -> Ending:
    if value not in get_args(Ending):
        raise BadScript(f"{value!r} is none of {', '.join(get_args(Ending))}")
    return cast("Ending", value)


_SENT: Final[Mapping[str, Callable[[PlainJson], object]]] = {
    "delay": _seconds,
    "pause": _seconds,
    "size": _int,
    "seed": _int,
    "cut_events": _int,
    "cut_bytes": _int,
    "then": lambda value: _named_error(dict(value) if isinstance(value, dict) else {"error": value}),
    "ending": _ending,
    "garble": _ints,
    "content_type": _str,
    "headers": _pairs,
    "gzip": _bool,
}

# ---------------------------------------------------------------- answers


def _text(rest: Fields) -> Answer:
    return _response(Text(_str(rest.pop("text"))), rest, "end")


def _tool(rest: Fields) -> Answer:
    name, arguments = _str(rest.pop("tool")), rest.pop("arguments", {})
    if not isinstance(arguments, dict):
        raise BadScript("arguments are an object")
    return _response(
        ToolCall(_str(rest.pop("id", f"call_{name}")), name, JsonObject(arguments)), rest, "tool_call"
    )


def _response(part: Part, rest: Fields, ended: StopReason) -> Response:
    reason = _str(rest.pop("stop_reason", ended))
    if reason not in get_args(StopReason):
        raise BadScript(f"{reason!r} is none of {', '.join(get_args(StopReason))}")
    usage = Usage(_int(rest.pop("input_tokens", 1)), _int(rest.pop("output_tokens", 1)))
    return Response(AssistantMessage((part,)), usage=usage, stop_reason=cast("StopReason", reason))


_KINDS: Final[Mapping[str, type[LlmError]]] = {kind.__name__: kind for kind in ERRORS}
_ERROR_FIELDS: Final[Mapping[str, Callable[[PlainJson], object]]] = {
    "message": _str,
    "status": _int,
    "type": _str,
    "code": _str,
    "retry_after": _seconds,
}


def _named_error(rest: Fields) -> LlmError:
    name = _str(rest.pop("error", None))
    kind = _KINDS.get(name)
    if kind is None:
        raise BadScript(f"{name!r} is none of {', '.join(_KINDS)}")
    given = {field: check(rest.pop(field)) for field, check in _ERROR_FIELDS.items() if field in rest}
    return kind(**given)  # type: ignore[arg-type]  # _ERROR_FIELDS pairs names with their types


def _raw(rest: Fields) -> Answer:
    status, body = _int(rest.pop("status")), rest.pop("body", "")
    pieces = body if isinstance(body, list) else [body]
    data = tuple(_str(piece).encode() for piece in pieces)
    return Raw(data if isinstance(body, list) else data[0], status, _pairs(rest.pop("headers", {})))


_ANSWERS: Final[Mapping[str, Callable[[Fields], Answer]]] = {
    "error": _named_error,
    "text": _text,
    "tool": _tool,
    "status": _raw,
}

DEMO: Final = """[
  {"error": "RateLimited", "retry_after": 0.5, "message": "slow down"},
  {"text": "This answer came with the second try."},
  {"error": "Overloaded"},
  {"text": "This one is cut off in the midst of", "cut_events": 3, "ending": "close"},
  {"text": "This one came whole, one event every tenth of a second.", "pause": 0.1}
]"""
"""What `--demo` plays, again and again."""
