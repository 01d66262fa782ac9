"""From an HTTP answer to an error: the part that all providers share.

Law: every status, all headers and any body give an `LlmError`. What the provider calls the error decides where its
own table knows the name; the status decides otherwise:

    401 403                Denied          429            RateLimited
    402                    Quota           498 503 529    Overloaded
    408 409 425            Transient       424 other 5xx  ServerFault
    413 431                TooLarge        other 4xx      BadRequest
    3xx                    Misconfigured (a redirect: the address is wrong)
    anything else          Malformed (no error was announced, and no answer came)

Words decide last, and only what money or a key is the matter with: such errors come under any status and name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from llm_pure.errors import (
    BadRequest,
    Denied,
    LlmError,
    Malformed,
    Misconfigured,
    Overloaded,
    Quota,
    RateLimited,
    ServerFault,
    TooLarge,
    Transient,
    snippet,
)
from llm_pure.json import JsonError, PlainJson, parse_json
from llm_pure.reading import PlainObject
from llm_pure.wire import Headers, duration_of, lowered, obeying, request_id_of, retry_after_of

__all__ = [
    "BY_STATUS",
    "QUOTA",
    "details_in",
    "error_of",
    "error_words",
    "kind_of",
    "meant",
    "quoted_status",
    "status_in",
    "text_in",
    "unlisted",
]

BY_STATUS: Final[Mapping[int, type[LlmError]]] = {
    401: Denied,
    402: Quota,
    403: Denied,
    408: Transient,
    409: Transient,
    413: TooLarge,
    424: ServerFault,  # what the server depends on has failed
    425: Transient,
    429: RateLimited,
    431: TooLarge,
    498: Overloaded,  # Groq: no capacity
    503: Overloaded,
    529: Overloaded,
}
_BY_HUNDRED: Final[Mapping[int, type[LlmError]]] = {3: Misconfigured, 4: BadRequest, 5: ServerFault}

QUOTA: Final = frozenset(
    {
        "insufficient_quota",
        "insufficient_funds",
        "insufficient_credits",
        "insufficient_balance",
        "insufficient_user_quota",
        "exceeded_current_quota_error",
        "credit_balance_exhausted",
        "credits_exhausted",
        "quota_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
        "budget_exceeded",
        "NOT_ENOUGH_BALANCE",
        "Arrearage",
        "AccountOverdueError",
        "1113",  # Zhipu
        "30001",  # SiliconFlow
    }
)
"""What providers and gateways call an account that is out of money, under whatever status."""

_WORDS: Final = (
    (
        re.compile(
            r"credit balance is too low|spend(?:ing)? limit|reached your .{0,40}usage limits"
            r"|(?:insufficient|not enough) (?:account )?(?:balance|credits?|funds)"
            r"|balance is (?:insufficient|not enough)|out of credits|used all (?:of )?(?:your )?available credits",
            re.IGNORECASE,
        ),
        Quota,
        frozenset({BadRequest, Denied, RateLimited, ServerFault}),
    ),
    (
        re.compile(r"(?:incorrect|invalid) api key|api key not valid", re.IGNORECASE),
        Denied,
        frozenset({BadRequest}),
    ),
)
"""Plain words, what they mean, and the kinds of error that they tell more of: those that mean many things."""


def meant(kind: type[LlmError], message: str) -> type[LlmError]:
    """What an error means that status and names call `kind`, in view of its words."""
    found = [means for words, means, kinds in _WORDS if kind in kinds and words.search(message)]
    return found[0] if found else kind


def kind_of(status: int) -> type[LlmError]:
    """The kind of error that a status means by itself."""
    return BY_STATUS.get(status) or _BY_HUNDRED.get(
        status // 100, ServerFault if status >= 600 else Malformed
    )


def status_in(status: object) -> int:
    """A status as a number; 0 for what is none, which nobody announces."""
    return status if isinstance(status, int) and 100 <= status <= 999 else 0


def error_of(
    status: int,
    headers: Headers,
    *,
    kind: type[LlmError] | None = None,
    message: str = "",
    type_name: str | None = None,
    code: str | None = None,
    path: str | None = None,
    request_id: str | None = None,
    details: Sequence[PlainObject] = (),
) -> LlmError:
    """The error of an HTTP answer. `kind` is what the provider's own table says, None if it says nothing.

    Waiting time, request id and `x-should-retry` come from the headers; the message is cut and keys in it are masked.
    Google says in the error's `details` how long to wait.
    """
    names = lowered(headers)
    waits = [duration_of(text) for item in details if (text := text_in(item, "retryDelay"))]
    wait = retry_after_of(names)
    kind = kind if kind is not None else kind_of(status)
    error: LlmError = kind(
        message=snippet(message) if message else f"status {status}",
        status=status or None,
        type=_name(type_name),
        code=_name(code),
        path=path,
        retry_after=wait if wait is not None else next((found for found in waits if found is not None), None),
        request_id=request_id_of(names) or _name(request_id),
    )
    return obeying(error, names)


def _name(text: str | None) -> str | None:
    return snippet(text) if text else None


def error_words(body: bytes | str) -> tuple[dict[str, PlainJson] | None, str]:
    """A body as JSON object, None if it is none; and as text for people, whatever it is."""
    given: object = body  # and not what a checker would have allowed
    if not isinstance(given, bytes | str | bytearray | memoryview):
        return None, f"the body is {type(given).__name__}, and neither bytes nor text"
    try:
        value = parse_json(body)
    except JsonError:
        value = None
    text = body if isinstance(body, str) else bytes(body[:4096]).decode("utf-8", "replace")
    value = unlisted(value)
    return (value if isinstance(value, dict) else None), snippet(text.strip())


def unlisted(value: PlainJson) -> PlainJson:
    """The value; the first error where it is a list of them, as Google has it."""
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, dict) and "error" in first else value


def details_in(error: Mapping[str, PlainJson]) -> list[PlainObject]:
    """What an error says of itself in a list of `details`."""
    details = error.get("details")
    return [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []


_QUOTED: Final = ("status_code", "http_status_code", "http_code", "code", "type", "status")


def quoted_status(error: Mapping[str, PlainJson]) -> int | None:
    """The status of an error that an error quotes, None if it quotes none."""
    texts = [text for key in _QUOTED if (text := text_in(error, key))]
    statuses = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) == 3]
    return next((status for status in statuses if status >= 400), None)


def text_in(data: Mapping[str, PlainJson], key: str) -> str | None:
    """The string at `key`; a number as its text, since codes are written both ways; None for anything else."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
