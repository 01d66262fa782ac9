"""What Responses answers instead of an answer.

Law: OpenAI's errors are those of Chat Completions, in the same words and under the same statuses, and are read by the
same tables. Here they come in three more places: in a body of status `failed`, in the event `error`, and in
`response.failed`; there the code decides. An answer that was `cancelled` is `Incomplete`, and not to be tried again.
"""

from __future__ import annotations

from llm_pure.errors import Incomplete, LlmError, ServerFault
from llm_pure.openai_chat.errors import carrying, decode_error, encode_error, error_in, named_error
from llm_pure.reading import PlainObject

__all__ = ["carrying", "decode_error", "encode_error", "error_of_body", "error_of_event"]


def error_of_body(data: PlainObject) -> LlmError | None:
    """The error that a body is, None if it is an answer."""
    if data.get("error") or "output" not in data:
        error = error_in(data)
        if error is not None:
            return named_error(error)
    status = data.get("status")
    if status == "failed":
        return ServerFault(message="the answer failed, and nothing says why", status=200, type="failed")
    if status == "cancelled":
        return Incomplete(message="the answer was cancelled", type="cancelled", retryable=False)
    return None


def error_of_event(event: PlainObject) -> LlmError:
    """The error that an `error` event says: `{"error": {...}}`, or the fields themselves."""
    return named_error(error_in(event) or event)
