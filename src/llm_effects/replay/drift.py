"""Whether a recording still says what today's code says.

Law: a request that our codec built decodes to a completion from which today's codec builds the same request. An answer
decodes today, the installed SDK's types take it, and each of its fields is known to the codec or to the SDK. A request
that somebody else built may be spelled in any way, and is not asked for more than its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from hashlib import blake2s
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from returns.result import Failure, Success

from llm_effects.replay.bodies import indented, json_of
from llm_effects.replay.interactions import Answer, Interaction, Request
from llm_effects.replay.matching import diff
from llm_pure.json import JsonError, PlainJson, canonical_json, dump_json
from llm_pure.outcome import Outcome, then
from llm_pure.response import Response
from llm_pure.target import WireFormat, codec_of, wire_of
from llm_pure.wire import Codec, Encoded

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

__all__ = ["Drift", "drifts", "rebuilt"]


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
        yield from _of_request(interaction, interaction.wire)
    answer = interaction.answer
    if answer is not None and 200 <= answer.status < 300 and interaction.fault is None:
        yield from _of_answer(interaction.request, answer, wire)


# ---------------------------------------------------------------- the request


def _of_request(interaction: Interaction, wire: WireFormat) -> Iterator[Drift]:
    request, payload = interaction.request, json_of(interaction.request.body)
    if not isinstance(payload, dict):
        yield Drift("request", "the body is no JSON object", "$")
        return
    made = _made(payload, wire)
    if isinstance(made, Failure):
        error = made.failure()
        yield Drift("request", f"today's codec does not build it: {error.message}", error.path)
        return
    # Whether it streams is the runner's to say, and no part of a completion.
    asked = _of_codec(payload)
    built = _of_codec(made.unwrap().payload)
    if canonical_json(asked) != canonical_json(built) and _digest(built) != interaction.rebuilt:
        yield Drift("request", "today's codec builds another request", "$", _diff(asked, built))
    for name, value in made.unwrap().headers.items():
        if request.header(name.lower()) != value:
            old = request.header(name.lower())
            yield Drift("request", f"today's codec sends {name}: {value}, and not {old or 'nothing'}")


_OF_RUNNERS: Final = frozenset(("stream", "stream_options"))


def _of_codec(payload: dict[str, PlainJson]) -> dict[str, PlainJson]:
    return {name: value for name, value in payload.items() if name not in _OF_RUNNERS}


def _made(payload: dict[str, PlainJson], wire: WireFormat) -> Outcome[Encoded]:
    codec = codec_of(wire)
    return then(codec.decode_request(payload), codec.encode_request)


def rebuilt(request: Request, wire: WireFormat) -> str | None:
    """What is kept of a request that its codec, asked for the same completion again, spells in another way."""
    payload = json_of(request.body)
    if not isinstance(payload, dict):
        return None
    made = _made(payload, wire)
    if isinstance(made, Failure):
        return None
    built = _of_codec(made.unwrap().payload)
    return None if canonical_json(built) == canonical_json(_of_codec(payload)) else _digest(built)


def _digest(payload: PlainJson) -> str:
    return blake2s(canonical_json(payload), digest_size=16).hexdigest()


def _diff(asked: PlainJson, built: PlainJson) -> str:
    return diff(indented(asked).splitlines(), indented(built).splitlines(), "recorded", "today")


# ---------------------------------------------------------------- the answer


def _of_answer(request: Request, answer: Answer, wire: WireFormat) -> Iterator[Drift]:
    codec = codec_of(wire)
    decoded = codec.decode_stream([answer.body]) if answer.streams else codec.decode_response(answer.body)
    if isinstance(decoded, Failure):
        error = decoded.failure()
        yield Drift(
            "response", f"today's codec does not take it: {type(error).__name__}: {error.message}", error.path
        )
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
        if not _is_modelled(name, decoded, answer, codec):
            yield Drift("unmodelled", f"neither the codec nor the SDK knows the field {name!r}", path)


def _is_modelled(name: str, decoded: Outcome[Response], answer: Answer, codec: Codec[object]) -> bool:
    """Whether a codec makes more of a field than to carry it along: without it, another value comes."""
    if answer.streams:
        lines = answer.body.split(b"\n")
        events = [_less(line[5:].strip(), name) if line.startswith(b"data:") else None for line in lines]
        less = [
            line if event is None else b"data: " + event for line, event in zip(lines, events, strict=True)
        ]
        without = codec.decode_stream([b"\n".join(less)])
    else:
        without = codec.decode_response(_less(answer.body, name) or answer.body)
    if isinstance(decoded, Failure) or isinstance(without, Failure):
        return isinstance(decoded, Success)
    return _bare(decoded.unwrap()) != _bare(without.unwrap())


def _less(body: bytes, name: str) -> bytes | None:
    """JSON without the fields of a name; None: it is no JSON."""
    value = json_of(body)
    return None if isinstance(value, JsonError) else dump_json(_without(value, name))


def _without(value: PlainJson, name: str) -> PlainJson:
    if isinstance(value, dict):
        return {key: _without(item, name) for key, item in value.items() if key != name}
    if isinstance(value, list):
        return [_without(item, name) for item in value]
    return value


def _bare(value: object) -> object:
    """A value without what its parts only carry along."""
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if is_dataclass(value):
        named = [field.name for field in fields(value) if field.name not in _CARRIED]
        return type(value), tuple(_bare(getattr(value, name)) for name in named)
    return value


_CARRIED: Final = frozenset(("alternatives", "extras", "raw", "turns"))


_NOT_TYPED: Final = ("ping", "error", "keepalive")  # no set: what is looked for in it may be anything
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
        for name, held in (model.model_extra or {}).items():
            if held is not None:  # which says nothing
                yield name, f"{where}.{name}"
        for name in type(model).model_fields:
            yield from _unknown(getattr(model, name, None), f"{where}.{name}")


def _is_model(value: object) -> bool:
    from pydantic import BaseModel

    return isinstance(value, BaseModel)


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
