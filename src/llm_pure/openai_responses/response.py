"""An answer, in both directions.

Law: `decode_response` after `encode_response` is the identity for an answer of this wire format; for another's it is
so up to provider, ids and extras, or a Failure says what Responses has no words for. An error object under status
200, and an answer that failed or was cancelled, is the error that it names, with what there is of the answer.

A background answer that is `queued` or `in_progress` is an answer without an end: what it says so far, its id, and the
stop reason `"other"`. The extras mirror the body: what we do not model stands where it stood, counters under `usage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from returns.result import Failure, Success

from llm_pure.errors import Malformed
from llm_pure.json import JsonError, JsonInput, PlainJson
from llm_pure.messages import AssistantMessage
from llm_pure.openai_responses.errors import carrying, error_of_body
from llm_pure.openai_responses.finish import stop_reason_of, take_status, write_status
from llm_pure.openai_responses.items import read_output, write_items
from llm_pure.openai_responses.shape import MIRROR, PROVIDER, Losses, extras_with, own, unsaid
from llm_pure.openai_responses.usage import take_usage, write_usage
from llm_pure.readback import answer_read_back
from llm_pure.reading import PlainObject, array, body_object, malformed, within
from llm_pure.response import Response
from llm_pure.taking import take_name

if TYPE_CHECKING:
    from llm_pure.outcome import Outcome

__all__ = ["decode_response", "encode_response", "read_answer", "read_body"]

_CUT: Final = ("incomplete", "in_progress", "queued", "failed", "cancelled")


# ---------------------------------------------------------------- reading


def decode_response(body: bytes | str | Mapping[str, JsonInput]) -> Outcome[Response]:
    """The answer that a body holds."""
    try:
        return read_answer(body_object(body))
    except JsonError as problem:
        return Failure(malformed(problem))
    except RecursionError:
        return Failure(Malformed(message="nested too deeply"))


def read_answer(data: PlainObject) -> Outcome[Response]:
    """The answer that a body is, or the error. Raises `JsonError`. Takes `data` over, and takes it apart."""
    error = error_of_body(data)
    if error is None:
        return read_body(data)
    return Failure(carrying(error, partial_of(data)))


def partial_of(data: PlainObject) -> Response | None:
    """What there is of an answer in a body that is none, None if there is nothing."""
    if not isinstance(data.get("output"), list):
        return None
    data.pop("error", None)
    try:
        found = read_body(data, cut=True)
    except JsonError:
        return None
    return found.unwrap() if isinstance(found, Success) else found.failure().partial


def read_body(data: PlainObject, *, cut: bool = False) -> Outcome[Response]:
    """The answer that a body is. Raises `JsonError`. Takes `data` over, and takes it apart. `cut`: it is not whole."""
    output = array(data, "output")
    cut = cut or data.get("status") in _CUT
    usage, problem = take_usage(data)
    raw = take_status(data)
    try:
        content = read_output(output, cut=cut)
    except JsonError as error:
        raise within(error, ".output") from None
    del data["output"]
    if data.get("object") == "response":
        del data["object"]
    if data.get("error", 0) is None:
        del data["error"]
    response = Response(
        AssistantMessage(content),
        usage,
        stop_reason_of(raw, content),
        raw,
        None,
        take_name(data, "id"),
        take_name(data, "model"),
        PROVIDER,
        extras=extras_with(data),
    )
    return Success(response) if problem is None else Failure(malformed(problem, response))


# ---------------------------------------------------------------- writing


def encode_response(response: Response) -> Outcome[dict[str, PlainJson]]:
    """The answer as OpenAI would send it. A Failure names what it could not say."""
    return answer_read_back(response, _write, decode_response, MIRROR.called)


def _write(response: Response, losses: Losses) -> PlainObject:
    mine = response.provider == PROVIDER
    content = response.message.content
    rest = own(response.extras).thaw()
    body: PlainObject = {} if response.id is None else {"id": response.id}
    body["object"] = "response"
    body.update(rest)
    raw = response.raw_stop_reason if response.provider in (PROVIDER, None) else None
    write_status(response.stop_reason, raw, content, body)
    body.setdefault("error", None)
    if response.model is not None:
        body["model"] = response.model
    ids = None if mine else (response.id or "").removeprefix("resp_")
    body["output"] = write_items(content, losses, "$.message.content", answer=True, ids=ids)
    unsaid(response.message.extras, losses, "$.message")
    write_usage(response.usage, body)
    return body
