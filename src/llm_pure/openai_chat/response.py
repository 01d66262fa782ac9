"""An answer, in both directions.

Law: `decode_response` after `encode_response` is the identity for an answer of this wire format; for another's it is so
up to provider, ids and extras, or a Failure says what Chat Completions has no words for. An error object under
status 200 is the error that it names, with what there is of the answer. A choice that has nothing but a `finish_reason`
is an answer without parts.

The extras mirror the body: what we do not model stands where it stood, what belongs to the choice under
`choices[0]`, counters under `usage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from returns.result import Failure, Success

from llm_pure.errors import Malformed
from llm_pure.json import JsonError, JsonInput, JsonObject, PlainJson, prove, unproven_json
from llm_pure.messages import AssistantMessage
from llm_pure.openai_chat.assistant import read_assistant, write_assistant
from llm_pure.openai_chat.calls import usual_calls
from llm_pure.openai_chat.errors import carrying, error_in, named_error
from llm_pure.openai_chat.finish import is_cut, stop_reason_of, write_finish
from llm_pure.openai_chat.shape import MIRROR, PROVIDER, Losses, extras_with, own
from llm_pure.openai_chat.usage import take_usage, write_usage
from llm_pure.outcome import Outcome
from llm_pure.parts import ToolCall
from llm_pure.readback import answer_read_back
from llm_pure.reading import (
    PlainObject,
    as_object,
    body_object,
    malformed,
    object_at,
    within,
    wrong,
)
from llm_pure.response import NO_USAGE, Response, StopReason, Usage
from llm_pure.status import unlisted
from llm_pure.taking import take_name

__all__ = ["as_far_as_said", "decode_response", "encode_response", "read_body"]


# ---------------------------------------------------------------- reading


def decode_response(body: bytes | str | Mapping[str, JsonInput]) -> Outcome[Response]:
    """The answer that a body holds."""
    try:
        data, calls = _opened(body)
        error = error_in(data)
        if error is None:
            return read_body(data, calls=calls)
        return Failure(carrying(named_error(error), _partial(data, calls)))
    except JsonError as problem:
        return Failure(malformed(problem))
    except RecursionError:
        return Failure(Malformed(message="nested too deeply"))


def _partial(data: PlainObject, calls: tuple[ToolCall, ...]) -> Response | None:
    """What there is of an answer in a body that is an error, None if there is nothing. Takes `data` over."""
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    data.pop("error", None)
    first = choices[0]
    if isinstance(first, dict) and first.get("finish_reason") == "error":
        del first["finish_reason"]  # as in a stream, where the chunk that says so is an error and no piece
        first.pop("error", None)
    return as_far_as_said(data, cut=True, calls=calls)


def _opened(body: bytes | str | Mapping[str, JsonInput]) -> tuple[PlainObject, tuple[ToolCall, ...]]:
    """The object that a body holds, and the usual calls of its first choice, taken out of it. Raises `JsonError`.

    That the calls are JSON is known once they have been read; only the rest has to be looked through.
    """
    if not isinstance(body, bytes | str):
        return body_object(body), ()
    data = as_object(unlisted(unproven_json(body)))
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    calls: tuple[ToolCall, ...] = ()
    if isinstance(message, dict) and (read := usual_calls(message.get("tool_calls"))):
        calls = read
        del message["tool_calls"]
    prove(data)
    return data, calls


def read_body(data: PlainObject, *, cut: bool = False, calls: tuple[ToolCall, ...] = ()) -> Outcome[Response]:
    """The answer that a body is. Raises `JsonError`. Takes `data` over, and takes it apart. `cut`: it is not whole.

    `calls` are those of the first choice that have been taken out already.
    """
    choices = data.get("choices")
    if not isinstance(choices, list):
        raise wrong(choices, "an array", ".choices")
    usage, problem = take_usage(data)
    del data["choices"]
    read: list[_Choice] = []
    id_, model = take_name(data, "id"), take_name(data, "model")
    if data.get("object") == "chat.completion":
        del data["object"]
    try:
        for choice in choices:
            read.append(_read_choice(as_object(choice), len(read), id_, calls, cut=cut))
            calls = ()
    except JsonError as error:
        raise within(error, f".choices[{len(read)}]") from None
    response = _answer_of(data, read, id_, model, usage)
    return Success(response) if problem is None else Failure(malformed(problem, response))


def as_far_as_said(data: PlainObject, *, cut: bool, calls: tuple[ToolCall, ...] = ()) -> Response | None:
    """What `read_body` can read of it, None if that is nothing."""
    try:
        found = read_body(data, cut=cut, calls=calls)
    except JsonError:
        return None
    return found.unwrap() if isinstance(found, Success) else found.failure().partial


class _Choice(NamedTuple):
    """One choice, read; `rest` is what was not."""

    message: AssistantMessage
    reason: StopReason
    raw_reason: str | None
    stop_sequence: str | None
    rest: PlainObject


def _read_choice(
    choice: PlainObject, place: int, id_: str | None, calls: tuple[ToolCall, ...], *, cut: bool
) -> _Choice:
    """One choice of an answer. Raises `JsonError`. Takes `choice` over, and takes it apart."""
    raw = choice.pop("finish_reason", None) or None  # an empty word is none
    bare = raw is not None and choice.get("message") is None  # a filter has left nothing
    message = {} if bare else object_at(choice, "message")
    if raw is not None and not isinstance(raw, str):
        raise wrong(raw, "a string", ".finish_reason")
    try:
        said = read_assistant(message, cut=cut or is_cut(raw), answer_id=id_ or "", read=calls)
    except JsonError as error:
        raise within(error, ".message") from None
    choice.pop("message", None)
    if choice.get("index") == place:
        del choice["index"]
    word = choice.get("stop_reason") if choice else None
    if isinstance(word, str):
        del choice["stop_reason"]
    else:
        word = None
    rest = _said(choice) if choice else choice
    delta = rest.get("delta")  # some say in both ways what they say at once
    if isinstance(delta, dict) and not any(delta[key] for key in delta if key != "role"):
        del rest["delta"]
    logs = rest.get("logprobs")
    if isinstance(
        logs, dict
    ):  # null for what was asked for and not counted: `{"content": null}` says nothing
        rest["logprobs"] = logs = _said(logs)
        if not logs:
            del rest["logprobs"]
    return _Choice(said, stop_reason_of(raw, said.content, word), raw, word, rest)


def _said(data: PlainObject) -> PlainObject:
    """What the fields say: a null says what a field says that is not there, and no stream repeats it."""
    return {key: value for key, value in data.items() if value is not None}


def _answer_of(
    data: PlainObject, choices: list[_Choice], id_: str | None, model: str | None, usage: Usage
) -> Response:
    """The answer whose choices have been read; `data` is what is left of its body, and is taken over."""
    data = _said(data)
    first = choices[0] if choices else _NOTHING
    others = []
    for message, reason, raw, word, rest in choices[1:]:
        extras = extras_with({"choices": [rest]} if rest else {})
        others.append(Response(message, NO_USAGE, reason, raw, word, id_, model, PROVIDER, extras=extras))
    if first.rest:
        data["choices"] = [first.rest]
    return Response(
        first.message,
        usage,
        first.reason,
        first.raw_reason,
        first.stop_sequence,
        id_,
        model,
        PROVIDER,
        (),
        tuple(others),
        extras=extras_with(data),
    )


_NOTHING: Final = _Choice(AssistantMessage(()), "other", None, None, {})


# ---------------------------------------------------------------- writing


def encode_response(response: Response) -> Outcome[dict[str, PlainJson]]:
    """The answer as OpenAI would send it. A Failure names what it could not say.

    Where OpenAI has no `finish_reason` for a stop, it is the word of those who serve other models in this form.
    """
    return answer_read_back(response, _write, decode_response, MIRROR.called)


def _write(response: Response, losses: Losses) -> PlainObject:
    rest = own(response.extras).thaw()
    body: PlainObject = {} if response.id is None else {"id": response.id}
    body["object"] = "chat.completion"
    if response.model is not None:
        body["model"] = response.model
    body["choices"] = [
        _write_choice(answer, index, losses)
        for index, answer in enumerate((response, *response.alternatives))
    ]
    rest.pop("choices", None)
    body.update(rest)
    write_usage(response.usage, body)
    return body


def _write_choice(answer: Response, index: int, losses: Losses) -> PlainObject:
    content = answer.message.content
    path = "$.message" if index == 0 else f"$.alternatives[{index - 1}].message"
    raw = answer.raw_stop_reason if answer.provider in (PROVIDER, None) else None
    choice: PlainObject = {
        "index": index,
        "message": write_assistant(answer.message, losses, path, answer=True),
        "finish_reason": write_finish(answer.stop_reason, raw, content, answer.stop_sequence),
    }
    if answer.stop_sequence is not None:
        choice["stop_reason"] = answer.stop_sequence
    rest = own(answer.extras).get("choices")
    if isinstance(rest, tuple) and rest and isinstance(rest[0], JsonObject):
        choice.update(rest[0].thaw())
    return choice
