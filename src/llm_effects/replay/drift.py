"""Whether a recording still says what today's code says.

Law: a request that our codec built decodes to a completion from which today's codec builds the same request. An answer
decodes today, the installed SDK's types take it, and each of its fields is known to the codec or to the SDK. A request
that somebody else built may be spelled in any way, and is not asked for more than its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from returns.result import Failure

from llm_effects.replay.bodies import indented, json_of
from llm_effects.replay.interactions import Answer, Interaction, Request, wire_of
from llm_effects.replay.matching import diff
from llm_pure.json import JsonError, PlainJson, canonical_json
from llm_pure.target import WireFormat, codec_of

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

__all__ = ["Drift", "drifts"]


@dataclass(frozen=True, slots=True)
class Drift:
    """What is stale. `path` is the place within the body, `diff` runs from the recording to today."""

    kind: Literal["request", "response", "sdk", "unmodelled"]
    message: str
    path: str | None = None
    diff: str | None = None


def drifts(interaction: Interaction) -> Iterator[Drift]:
    """Everything about an interaction that is stale."""
    wire = wire_of(interaction.request.path)
    if wire is None or interaction.request.method != "POST":
        return
    if interaction.wire is not None:
        yield from _of_request(interaction.request, interaction.wire)
    answer = interaction.answer
    if answer is not None and 200 <= answer.status < 300 and interaction.fault is None:
        yield from _of_answer(interaction.request, answer, wire)


# ---------------------------------------------------------------- the request


def _of_request(request: Request, wire: WireFormat) -> Iterator[Drift]:
    payload = json_of(request.body)
    if not isinstance(payload, dict):
        yield Drift("request", "the body is no JSON object", "$")
        return
    codec = codec_of(wire)
    decoded = codec.decode_request(payload)
    if isinstance(decoded, Failure):
        error = decoded.failure()
        yield Drift("request", f"today's codec does not read it: {error.message}", error.path)
        return
    encoded = codec.encode_request(decoded.unwrap())
    if isinstance(encoded, Failure):
        error = encoded.failure()
        yield Drift("request", f"today's codec does not build it: {error.message}", error.path)
        return
    made = encoded.unwrap()
    # Whether it streams is the runner's to say, and no part of a completion.
    asked = {name: value for name, value in payload.items() if name not in _OF_RUNNERS}
    built = {name: value for name, value in made.payload.items() if name not in _OF_RUNNERS}
    if canonical_json(asked) != canonical_json(built):
        yield Drift("request", "today's codec builds another request", "$", _diff(asked, built))
    for name, value in made.headers.items():
        if request.header(name.lower()) != value:
            old = request.header(name.lower())
            yield Drift("request", f"today's codec sends {name}: {value}, and not {old or 'nothing'}")


_OF_RUNNERS: Final = frozenset(("stream", "stream_options"))


def _diff(asked: PlainJson, built: PlainJson) -> str:
    return diff(indented(asked).splitlines(), indented(built).splitlines(), "recorded", "today")


# ---------------------------------------------------------------- the answer


def _of_answer(request: Request, answer: Answer, wire: WireFormat) -> Iterator[Drift]:
    codec = codec_of(wire)
    decoded = codec.decode_stream([answer.body]) if answer.streams else codec.decode_response(answer.body)
    known: frozenset[str] | None = None
    if isinstance(decoded, Failure):
        error = decoded.failure()
        yield Drift(
            "response", f"today's codec does not take it: {type(error).__name__}: {error.message}", error.path
        )
    else:
        known = frozenset(_extras(decoded.unwrap()))
    said = _SAID[wire](_is_beta(request), answer.streams)
    unknown: dict[str, str] = {}
    for where, value in _documents(answer):
        if isinstance(value, dict) and value.get("type") in _NOT_TYPED:
            continue
        wrong = _by_sdk(said, value, where, unknown)
        if wrong is not None:
            yield wrong
            break  # what is wrong with one event is wrong with many
    for name, path in unknown.items():
        if known is None or name in known:  # else the codec models what the SDK does not
            yield Drift("unmodelled", f"neither the codec nor the SDK knows the field {name!r}", path)


_NOT_TYPED: Final = frozenset(("ping", "error", "keepalive"))
"""Events that the SDKs look at before they make anything of them."""


def _documents(answer: Answer) -> Iterator[tuple[str, PlainJson]]:
    if not answer.streams:
        value = json_of(answer.body)
        if not isinstance(value, JsonError):
            yield "$", value
        return
    number = 0
    for line in answer.body.split(b"\n"):
        if line.startswith(b"data:"):
            value = json_of(line[5:].strip())
            if not isinstance(value, JsonError):
                yield f"$[{number}]", value
            number += 1


def _by_sdk(said: TypeAdapter[object], value: PlainJson, where: str, unknown: dict[str, str]) -> Drift | None:
    from pydantic import ValidationError

    try:
        made = said.validate_python(value)
    except ValidationError as error:
        place, message = _first(
            [(one["loc"], one["msg"], one["type"]) for one in error.errors(include_url=False)]
        )
        return Drift("sdk", f"the SDK's types do not take it: {message}", where + place)
    for name, path in _unknown(made, where):
        unknown.setdefault(name, path)
    return None


_Loc: TypeAlias = tuple[int | str, ...]


def _first(errors: list[tuple[_Loc, str, str]]) -> tuple[str, str]:
    """The place and the reason of the first error within the member of each union that the value is meant to be."""
    others = [
        loc[:-1] for loc, _, kind in errors if loc and loc[-1] in {"type", "role"} and kind == "literal_error"
    ]
    meant = [one for one in errors if not any(one[0][: len(other)] == other for other in others)]
    if not meant:
        where = min(others, key=len)
        return _place(where), "it is none of the types that may stand there"
    loc, message, _ = meant[0]
    return _place(loc), message if len(meant) == 1 else f"{message}, and {len(meant) - 1} more"


def _place(loc: _Loc) -> str:
    """A path without the names of classes, which pydantic puts in where it tries the members of a union."""
    steps = [it for it in loc if isinstance(it, int) or it[:1].islower() or it[:1] == "_"]
    return "".join(f"[{it}]" if isinstance(it, int) else f".{it}" for it in steps)


def _unknown(value: object, where: str) -> Iterator[tuple[str, str]]:
    """The fields that no model has, and where they stand."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, f"{where}[{index}]")
    elif _is_model(value):
        model = cast("BaseModel", value)
        for name in model.model_extra or {}:
            yield name, f"{where}.{name}"
        for name in type(model).model_fields:
            yield from _unknown(getattr(model, name, None), f"{where}.{name}")


def _is_model(value: object) -> bool:
    from pydantic import BaseModel

    return isinstance(value, BaseModel)


def _extras(value: object) -> Iterator[str]:
    """The names of the fields that a response only carries along."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _extras(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _extras(item)
    elif is_dataclass(value):
        for field in fields(value):
            held: object = getattr(value, field.name)
            if field.name in {"extras", "raw", "turns", "alternatives"} or not isinstance(held, Mapping):
                yield from _extras(held)


# ---------------------------------------------------------------- the types of the SDKs


def _is_beta(request: Request) -> bool:
    return "beta=true" in request.query or bool(request.header("anthropic-beta"))


@cache
def _anthropic(beta: bool, stream: bool) -> TypeAdapter[object]:
    from anthropic.types import Message, RawMessageStreamEvent
    from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
    from pydantic import TypeAdapter

    if beta:
        return TypeAdapter(BetaRawMessageStreamEvent if stream else BetaMessage)
    return TypeAdapter(RawMessageStreamEvent if stream else Message)


@cache
def _chat(_beta: bool, stream: bool) -> TypeAdapter[object]:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from pydantic import TypeAdapter

    return TypeAdapter(ChatCompletionChunk if stream else ChatCompletion)


@cache
def _responses(_beta: bool, stream: bool) -> TypeAdapter[object]:
    from openai.types.responses import Response, ResponseStreamEvent
    from pydantic import TypeAdapter

    return TypeAdapter(ResponseStreamEvent if stream else Response)


_SAID: Final = {"anthropic_messages": _anthropic, "openai_chat": _chat, "openai_responses": _responses}
