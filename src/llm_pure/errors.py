"""Everything that can go wrong, as one closed union of frozen values.

    LlmError
    ├── the way there      Unreachable · TlsRefused · Timeout · Disconnected · Deadline · BreakerOpen
    ├── the provider's no  BadRequest · TooLarge · Denied · Quota · RateLimited · Overloaded · Transient · ServerFault
    ├── the answer         Malformed · OutOfOrder · Incomplete · BadToolInput · BadOutput
    └── our own side       Lossy · Misconfigured · CassetteMiss

Law: an error holds data only. No exception, no request, no key, and nothing longer than a snippet of what the
server said. Whatever was paid for travels inside: `partial` is the answer as far as it was read, `usage` what it
cost. `retryable` says whether the same request may succeed later; it is a fact about the error, and whether
to try again is a decision (`llm_pure.retry`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from typing_extensions import TypeIs

from llm_pure.brief import Brief
from llm_pure.response import Response, Usage

__all__ = [
    "ERRORS",
    "KEYS",
    "BadOutput",
    "BadRequest",
    "BadToolInput",
    "BreakerOpen",
    "CassetteMiss",
    "Deadline",
    "Denied",
    "Disconnected",
    "Incomplete",
    "LlmError",
    "Loss",
    "Lossy",
    "Malformed",
    "Misconfigured",
    "Misfit",
    "OutOfOrder",
    "Overloaded",
    "Quota",
    "RateLimited",
    "ServerFault",
    "Timeout",
    "TlsRefused",
    "TooLarge",
    "Transient",
    "Unreachable",
    "Violation",
    "is_error",
    "masked",
    "snippet",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Error(Brief):
    """What all errors have.

    `message` is for people: the provider's words, cut and with keys masked, or ours. `status` is the HTTP status,
    where there was one; `type` and `code` are the provider's own names for the error. `retry_after` is how many
    seconds the provider asked to wait. `path` is the place of what is wrong, in the completion or in the
    provider's JSON (`$.messages[2].content[0]`).
    """

    message: str = ""
    status: int | None = None
    type: str | None = None
    code: str | None = None
    path: str | None = None
    retryable: bool = False
    retry_after: float | None = None
    usage: Usage | None = None
    partial: Response | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Passing(_Error):
    """Errors that may pass by themselves."""

    retryable: bool = True


# An error that adds no field is an ordinary subclass: to make a dataclass of each would be a third of the import time.


# ---------------------------------------------------------------- the way there


class Unreachable(_Passing):
    """No connection: refused, no route, or no such name. Nothing was sent."""

    __slots__ = ()


class TlsRefused(_Error):
    """The certificate is not trusted, or the handshake failed. Trying again cannot help."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Timeout(_Passing):
    """One step took too long: connecting, waiting for a free connection, sending, or the next bytes."""

    phase: Literal["connect", "pool", "send", "read"] = "read"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Disconnected(_Passing):
    """The connection broke: `before` the answer's headers, or `during` the answer, which may have been billed."""

    phase: Literal["before", "during"] = "before"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Deadline(_Error):
    """The time for the whole run is over. `last` is the kind of error that the last attempt met, if any."""

    last: str | None = None


class BreakerOpen(_Error):
    """Not tried: too much has failed lately."""

    __slots__ = ()


# ---------------------------------------------------------------- the provider's no


class BadRequest(_Error):
    """The request is wrong (400, 404, 405, 422, …), or cannot be sent as it is; `path` names the place, if known."""

    __slots__ = ()


class TooLarge(_Error):
    """Request or answer is larger than allowed."""

    __slots__ = ()


class Denied(_Error):
    """Key or permission refused (401, 403)."""

    __slots__ = ()


class Quota(_Error):
    """Money or quota is used up (402, some 429 and 400). Waiting does not help."""

    __slots__ = ()


class RateLimited(_Passing):
    """Too many requests or tokens for now (429)."""

    __slots__ = ()


class Overloaded(_Passing):
    """The provider has no room for now (503, 529)."""

    __slots__ = ()


class Transient(_Passing):
    """The provider asks to try again (408, 409, 425)."""

    __slots__ = ()


class ServerFault(_Passing):
    """The provider failed (500, 502, 504, …)."""

    __slots__ = ()


# ---------------------------------------------------------------- the answer


class Malformed(_Passing):
    """The answer is not what the format says: no JSON, a wrong type at `path`, a wrong content type."""

    __slots__ = ()


class OutOfOrder(_Passing):
    """Stream events came in an order that has no meaning."""

    __slots__ = ()


class Incomplete(_Passing):
    """The stream ended before its end mark. `partial` is what was read."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class Violation(Brief):
    """One place where JSON does not fit its type: the place (`$.city.name`), what is wrong, and pydantic's name for it
    (`missing`, `int_parsing`)."""

    path: str
    message: str
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BadToolInput(_Error):
    """A tool call's arguments do not fit the tool; `text` is all of them, as the model wrote them. `path` is the first
    of the `violations`."""

    text: str = ""
    violations: tuple[Violation, ...] = ()


Misfit: TypeAlias = Literal["refused", "cut", "empty", "no_json", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BadOutput(_Error):
    """A structured answer is none, for this `reason`; `text` is the answer, `partial` all of it. Where it is JSON of
    another form, `violations` are all places that do not fit, and `path` is the first."""

    text: str = ""
    reason: Misfit = "invalid"
    violations: tuple[Violation, ...] = ()


# ---------------------------------------------------------------- our own side


@dataclass(frozen=True, slots=True, repr=False)
class Loss(Brief):
    """What a target cannot say: the completion's field (`$.stop_sequences`, `$.messages[2].content[0]`), and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lossy(_Error):
    """The request would have lost something, and the caller asked to refuse that."""

    losses: tuple[Loss, ...] = ()


def lossy(*losses: Loss) -> Lossy:
    """The error that refuses these losses, and is about the first."""
    first = losses[0]
    return Lossy(message=f"{first.path}: {first.reason}", path=first.path, losses=losses)


class Misconfigured(_Error):
    """The program is set up wrongly: no key, a client of the wrong colour, a header that cannot be sent."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CassetteMiss(_Error):
    """Offline replay: no recorded interaction fits the request. `file` is the cassette."""

    file: str = ""


LlmError: TypeAlias = (
    Unreachable
    | TlsRefused
    | Timeout
    | Disconnected
    | Deadline
    | BreakerOpen
    | BadRequest
    | TooLarge
    | Denied
    | Quota
    | RateLimited
    | Overloaded
    | Transient
    | ServerFault
    | Malformed
    | OutOfOrder
    | Incomplete
    | BadToolInput
    | BadOutput
    | Lossy
    | Misconfigured
    | CassetteMiss
)


def is_error(value: object) -> TypeIs[LlmError]:
    """`isinstance` asks for a union member by member; this asks once."""
    return isinstance(value, _Error)


ERRORS: Final[tuple[type[LlmError], ...]] = get_args(LlmError)
"""The members of the union, in the order of the tree."""


# ---------------------------------------------------------------- what a message may show

KEYS: Final = re.compile(
    r"\b(?:sk|pk|rk|xai|gsk|org|proj|sess)[-_][A-Za-z0-9_-]{6,}"
    r"|\bBearer\s+\S+"
    r"|\bAIza[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{12,}|\b(?:gh[a-z]|hf|glpat)[-_][A-Za-z0-9]{16,}"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
    r"|\b[0-9a-fA-F]{32,}\b"
)
"""What keys, tokens and the ids of those who pay look like, whoever issued them."""
_LIMIT = 500


def snippet(text: str) -> str:
    """At most 500 characters of what a server said, keys masked: servers echo the key that they refuse."""
    # Cut first, with room for a key across the border, so that a megabyte of HTML costs nothing to search.
    shown = masked(text[: 2 * _LIMIT])
    return shown if len(shown) <= _LIMIT else shown[: _LIMIT - 1] + "…"


def masked(text: str) -> str:
    """The text without what has the shape of a key."""
    return KEYS.sub("[masked]", text)
