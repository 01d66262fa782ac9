"""Traces as cassettes, and cassettes as exchanges.

Law: a trace renders as the cassette that a recording of the same run would be. Rendered for another provider, each
request is the one that a runner of that target would send for the same completion, and each answer what that provider
would say; what it cannot say is a loss that is told. An exchange that was left, or that our own side ended, is no
interaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from returns.result import Failure, Success

from llm_effects.providers.faults import fault_named
from llm_effects.replay.bodies import json_of
from llm_effects.replay.files import SCHEMA, Recording
from llm_effects.replay.interactions import Answer, Fault, Header, Interaction, Pairs, Request
from llm_effects.replay.scripting import BASES, scripted
from llm_effects.replay.secrets import Scrubber
from llm_effects.trace.exchanges import Exchange, exchanges_of, outcome_of, texts
from llm_effects.trace.steps import Request as Asked
from llm_effects.trace.trace import Trace
from llm_pure import (
    EMPTY,
    AssistantMessage,
    BadRequest,
    BrokenToolCall,
    Completion,
    Disconnected,
    JsonObject,
    LlmError,
    Loss,
    Lossy,
    Opaque,
    Outcome,
    Part,
    PlainJson,
    Reasoning,
    Response,
    StopReason,
    Target,
    Timeout,
    TlsRefused,
    Unreachable,
)
from llm_pure.json import JsonError, parse_json
from llm_pure.target import codec_of, wire_of

__all__ = ["Rendered", "cassette_of", "exchange_of", "exchanges_in"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The interactions of a trace, and what the other provider cannot say of them."""

    interactions: tuple[Interaction, ...]
    losses: tuple[Loss, ...] = ()

    def recording(self, day: str = "", note: str = "") -> Recording:
        """What `write_cassette` writes; `day` as `2026-11-25`."""
        return Recording(self.interactions, Header(SCHEMA, day, {}, note))


def cassette_of(trace: Trace, target: Target | None = None) -> Outcome[Rendered]:
    """The trace as a cassette of `target`; None: of the provider that it was recorded of.

    Where `target` has a model it takes the place of the recorded one. A Failure says which request cannot be read or
    said: its path begins with the number of the exchange, `$[2].messages`.
    """
    found: list[Interaction] = []
    losses: list[Loss] = []
    for number, exchange in enumerate(exchanges_of(trace.steps)):
        if not exchange.whole or _is_ours(exchange.error):
            continue
        if target is None:
            found.append(_verbatim(exchange, trace.target))
            continue
        rendered = _rendered(exchange, target)
        if isinstance(rendered, Failure):
            error = rendered.failure()
            path = (error.path or "$").replace("$", f"$[{number}]", 1)
            return Failure(replace(error, path=path))
        interaction, lost = rendered.unwrap()
        found.append(interaction)
        losses += [replace(loss, path=loss.path.replace("$", f"$[{number}]", 1)) for loss in lost]
    return Success(Rendered(tuple(found), tuple(losses)))


# ---------------------------------------------------------------- the same provider


def _verbatim(exchange: Exchange, target: Target) -> Interaction:
    wire = wire_of(exchange.request.path) or target.wire
    base = BASES[wire] if target.endpoint is None or wire != target.wire else target.endpoint
    headers = (("content-type", "application/json"), *texts(exchange.request.headers).items())
    request = Request("POST", base.rstrip("/") + exchange.request.path, headers, exchange.request.body)
    lengths = tuple(map(len, filter(None, exchange.chunks)))
    answer = None
    if exchange.status is not None:
        pairs = tuple(texts(exchange.headers).items())
        answer = Answer(exchange.status, pairs, exchange.body, lengths if len(lengths) > 1 else ())
    fault = None if exchange.error is None else _fault_of(exchange.error)
    return Scrubber().interaction(Interaction(request, answer, fault, wire))


_FAULTS: Final[Mapping[tuple[type[LlmError], str], Fault]] = {
    (Unreachable, ""): "ConnectError",
    (TlsRefused, ""): "TlsError",
    (Timeout, "connect"): "ConnectTimeout",
    (Timeout, "pool"): "PoolTimeout",
    (Timeout, "send"): "WriteTimeout",
    (Timeout, "read"): "ReadTimeout",
    (Disconnected, "before"): "RemoteProtocolError",
    (Disconnected, "during"): "ReadError",
}
"""What the HTTP client says where we say this, by the error's phase."""


def _fault_of(error: LlmError) -> Fault | None:
    return _FAULTS.get((type(error), error.phase if isinstance(error, Timeout | Disconnected) else ""))


def _is_ours(error: LlmError | None) -> bool:
    """Whether no provider had a part in it: a deadline of ours, a missing key."""
    return error is not None and _fault_of(error) is None


# ---------------------------------------------------------------- another provider


def _rendered(exchange: Exchange, target: Target) -> Outcome[tuple[Interaction, tuple[Loss, ...]]]:
    asked = _completion(exchange.request)
    if isinstance(asked, Failure):
        return asked
    completion = asked.unwrap()
    if target.model is not None:
        completion = completion.replace(model=None)
    encoded = codec_of(target.wire).encode_request(target.filled(completion))
    if isinstance(encoded, Failure):
        return encoded
    said, stream = _said(exchange), exchange.request.stream
    losses, cut = encoded.unwrap().losses, None
    fault = None if exchange.error is None else _fault_of(exchange.error)
    if isinstance(said, Response) and isinstance(outcome_of(exchange), Failure):
        said, lost = _sayable(
            replace(said, id=said.id or "cut", model=said.model or completion.model or "model")
        )
        losses, cut = (*losses, *lost), _cut(said, target, stream=stream)
    made = scripted(target, completion, said, stream=stream, fault=fault, cut=cut)
    if (
        isinstance(made, Failure)
        and isinstance(error := made.failure(), Lossy)
        and isinstance(said, Response)
    ):
        losses = (*losses, *error.losses)
        made = scripted(target, completion, _plain(said), stream=stream, fault=fault, cut=cut)
    return Success((made.unwrap(), losses)) if isinstance(made, Success) else made


def _completion(request: Asked) -> Outcome[Completion]:
    wire = wire_of(request.path)
    try:
        data = parse_json(request.body)
    except JsonError as error:
        return Failure(BadRequest(message=error.reason, path="$"))
    if wire is None or not isinstance(data, dict):
        return Failure(BadRequest(message=f"no request of a known wire format ({request.path})", path="$"))
    payload: dict[str, PlainJson] = {k: v for k, v in data.items() if k not in {"stream", "stream_options"}}
    return codec_of(wire).decode_request(payload)


def _said(exchange: Exchange) -> Response | LlmError | None:
    """What the provider said: an answer, the part of one that came, or an error of its own."""
    outcome = outcome_of(exchange)
    if isinstance(outcome, Success):
        return outcome.unwrap()
    error = outcome.failure()
    if exchange.status is None:
        return None
    return error if exchange.status >= 400 or error.partial is None else error.partial


def _sayable(partial: Response) -> tuple[Response, tuple[Loss, ...]]:
    """The part of an answer that came, as the beginning of one that could be whole."""
    whole = tuple([part for part in partial.message.content if not isinstance(part, BrokenToolCall)])
    reason: StopReason = "tool_call" if partial.tool_calls else "end"
    said = replace(partial, message=AssistantMessage(whole), stop_reason=reason, raw_stop_reason=None)
    if len(whole) == len(partial.message.content):
        return said, ()
    return said, (Loss("$", "a tool call that was cut off: where, no other provider says in the same way"),)


def _plain(response: Response) -> Response:
    """The answer without what only its own provider can say: what it has sealed, and its own blocks and fields."""
    content: list[Part] = []
    for part in response.message.content:
        match part:
            case Reasoning(text) if text:
                content.append(Reasoning(text))
            case Reasoning() | Opaque():
                pass
            case _:
                content.append(replace(part, extras=EMPTY))
    return replace(response, message=AssistantMessage(tuple(content)), extras=EMPTY, alternatives=())


def _cut(partial: Response, target: Target, *, stream: bool) -> int:
    """How many bytes of the partial answer come, so that it is not taken for a whole one."""
    codec = codec_of(target.wire)
    chunks = codec.encode_stream(partial).value_or(()) if stream else ()
    for count in range(len(chunks) - 1, 0, -1):
        if isinstance(codec.decode_stream(chunks[:count]), Failure):
            return sum(map(len, chunks[:count]))
    return 0


# ---------------------------------------------------------------- a cassette as exchanges


def exchanges_in(recording: Recording) -> tuple[Exchange, ...]:
    """The interactions of a cassette as exchanges without times."""
    return tuple([exchange_of(one, number) for number, one in enumerate(recording.interactions)])


def exchange_of(interaction: Interaction, number: int = 0) -> Exchange:
    """An interaction as the exchange that it recorded."""
    request, answer, fault = interaction.request, interaction.answer, interaction.fault
    asked = Asked(request.path, _object(request.headers), request.body, _streams(request.body))
    error = None if fault is None else fault_named(fault, reading=answer is not None)
    if answer is None:
        return Exchange(asked, number, 0.0, 0.0, error=error)
    chunks = tuple(_pieces(answer))
    return Exchange(
        asked,
        number,
        0.0,
        0.0,
        answer.status,
        _object(answer.headers),
        chunks,
        (0.0,) * len(chunks),
        error=error,
    )


def _streams(body: bytes) -> bool:
    data = json_of(body)
    return isinstance(data, dict) and data.get("stream") is True


def _pieces(answer: Answer) -> Iterator[bytes]:
    at = 0
    for length in answer.pieces or (len(answer.body),):
        yield answer.body[at : at + length]
        at += length


def _object(headers: Pairs) -> JsonObject:
    return JsonObject.wrap(dict(headers))
