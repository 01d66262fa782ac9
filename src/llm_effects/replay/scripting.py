"""Interactions that nobody had to record.

Law: a scripted interaction is what a recording of the same exchange would hold: the request as the runner of that
target sends it, the answer as that provider says it, whole or cut or not at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from returns.result import Failure, Success

from llm_effects.providers.openai import USAGE_TOO
from llm_effects.replay.drift import rebuilt
from llm_effects.replay.interactions import Answer, Fault, Interaction, Request
from llm_effects.replay.secrets import Scrubber
from llm_pure.completion import Completion
from llm_pure.errors import LlmError
from llm_pure.json import dump_json
from llm_pure.outcome import Outcome, mapped
from llm_pure.response import Response
from llm_pure.target import Target, codec_of

__all__ = ["BASES", "scripted"]

BASES: Final = {
    "anthropic_messages": "https://api.anthropic.com",
    "openai_chat": "https://api.openai.com/v1",
    "openai_responses": "https://api.openai.com/v1",
}
"""Where each wire format is spoken by the provider that it is called after."""
_JSON: Final = (("content-type", "application/json"),)
_EVENTS: Final = (("content-type", "text/event-stream; charset=utf-8"),)


def scripted(
    target: Target,
    completion: Completion,
    answer: Response | LlmError | None = None,
    *,
    stream: bool = False,
    fault: Fault | None = None,
    cut: int | None = None,
    pieces: tuple[int, ...] = (),
) -> Outcome[Interaction]:
    """An interaction of a runner of that target.

    `answer` is what the provider says, an error too; None: nothing, and `fault` is why. With both, the answer breaks
    off after `cut` bytes, or at its end. `pieces` are the lengths in which its body comes, as far as they go. A
    Failure: the codec cannot say it.
    """
    if answer is None and fault is None:
        raise ValueError("an interaction is an answer, a fault, or both")
    filled = target.filled(completion)
    encoded = codec_of(target.wire).encode_request(filled)
    if isinstance(encoded, Failure):
        return encoded
    made = encoded.unwrap()
    asks_usage = target.dialect is None or target.dialect.stream_usage
    extra = USAGE_TOO.thaw() if stream and asks_usage and target.wire == "openai_chat" else None
    body = made.body(stream=stream, extra=extra)
    if isinstance(body, Failure):
        return body
    path = codec_of(target.wire).PATH
    headers = (*_JSON, *((name.lower(), value) for name, value in made.headers.items()))
    asked = Request(
        "POST", (target.endpoint or BASES[target.wire]).rstrip("/") + path, headers, body.unwrap()
    )
    said = Success(None) if answer is None else _answer(target, filled, answer, stream=stream)
    if isinstance(said, Failure):
        return said
    told = said.unwrap()
    if told is not None:
        whole = told.body[:cut]
        told = replace(told, body=whole, pieces=_fitting(pieces, len(whole)))
    interaction = Scrubber().interaction(Interaction(asked, told, fault, target.wire))
    return Success(replace(interaction, rebuilt=rebuilt(interaction.request, target.wire)))


def _answer(
    target: Target, completion: Completion, answer: Response | LlmError, *, stream: bool
) -> Outcome[Answer]:
    codec = codec_of(target.wire)
    if not isinstance(answer, Response):
        error = codec.encode_error(answer)
        headers = tuple((name.lower(), value) for name, value in error.headers.items())
        return Success(Answer(error.status, headers, error.body))
    named = replace(answer, id=answer.id or "scripted", model=answer.model or completion.model)
    if stream:
        return mapped(codec.encode_stream(named), lambda events: Answer(200, _EVENTS, b"".join(events)))
    return mapped(codec.encode_response(named), lambda said: Answer(200, _JSON, dump_json(said)))


def _fitting(pieces: tuple[int, ...], length: int) -> tuple[int, ...]:
    """The lengths as far as they go, and the rest as one."""
    fitting: list[int] = []
    for piece in pieces:
        fits = min(piece, length - sum(fitting))
        if fits > 0:
            fitting.append(fits)
    rest = length - sum(fitting)
    return (*fitting, rest) if fitting and rest else tuple(fitting)
