"""Exceptions of SDKs and transports, as values.

Law: every exception that a call may meet has a row, by the name of its class or of a base class, so that any SDK's
transport is understood and none is imported. The first row wins, whatever is nearest to the cause; what has no row
is `Misconfigured`, since nothing that happens on a network lacks one. No exception travels inside an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from llm_pure import (
    CassetteMiss,
    Disconnected,
    LlmError,
    Malformed,
    Misconfigured,
    Timeout,
    TlsRefused,
    Unreachable,
)
from llm_pure.errors import snippet

__all__ = ["causes_of", "fault_named", "fault_of", "of_a_closed_loop"]

_UNSENDABLE: Final = Misconfigured(
    message="a header cannot be sent as it is (a key with a newline or space?)"
)
"""What the header is stays untold: it is the key."""

_ROWS: Final[tuple[tuple[str, LlmError | None], ...]] = (
    ("UnsendableHeader", _UNSENDABLE),
    ("LocalProtocolError", _UNSENDABLE),
    ("ConnectTimeout", Timeout(message="no connection in time", phase="connect")),
    ("PoolTimeout", Timeout(message="no free connection in time", phase="pool")),
    ("WriteTimeout", Timeout(message="the request could not be sent in time", phase="send")),
    ("ReadTimeout", Timeout(message="nothing came in time")),
    ("SSLCertVerificationError", TlsRefused(message="the certificate is not trusted")),
    ("SSLEOFError", Disconnected(message="the connection broke")),
    ("SSLZeroReturnError", Disconnected(message="the connection broke")),
    ("SSLError", TlsRefused(message="the TLS handshake failed")),
    ("ConnectError", Unreachable(message="no connection")),
    ("UnsupportedProtocol", Misconfigured(message="the base URL has no http or https scheme")),
    ("InvalidURL", Misconfigured(message="the base URL is none")),
    ("RemoteProtocolError", Disconnected(message="the connection broke")),
    ("ReadError", Disconnected(message="the connection broke")),
    ("WriteError", Disconnected(message="the connection broke")),
    ("CloseError", Disconnected(message="the connection broke")),
    ("NetworkError", Disconnected(message="the connection broke")),
    ("DecodingError", Malformed(message="the body cannot be decompressed")),
    ("TooManyRedirects", Misconfigured(message="too many redirects")),
    ("StreamClosed", Disconnected(message="the connection was closed")),
    ("TimeoutError", Timeout(message="nothing came in time")),
    ("APITimeoutError", Timeout(message="nothing came in time")),
    ("ConnectionError", Disconnected(message="the connection broke")),
    ("OverflowError", Misconfigured(message="the base URL has a port that is none")),
    ("UnicodeEncodeError", _UNSENDABLE),
    # Of settings and of files, not of the network: their own words say what is missing.
    ("CredentialsError", None),
    ("FileNotFoundError", None),
    ("PermissionError", None),
    ("APIConnectionError", Unreachable(message="no connection")),
    ("OSError", Unreachable(message="no connection")),
)

_NO_ANSWER: Final = Unreachable | Disconnected | TlsRefused
_WAITING: Final = frozenset({"SSLWantReadError", "SSLWantWriteError"})
"""What is raised whenever TLS has to wait, and is in the context of whatever is raised then."""


def fault_of(
    error: BaseException, *, reading: bool = False, handled: BaseException | None = None
) -> LlmError:
    """The value for an exception out of an SDK call. `reading`: the answer had begun, and may have been billed.

    `handled`: what the caller was handling already (`except ...: run(...)`), which is in the context of whatever is
    raised then, and is no cause of it.
    """
    causes = tuple(causes_of(error, handled))
    for cause in causes:
        told: object = getattr(cause, "fault", None)
        if isinstance(told, CassetteMiss):  # of `llm_effects.replay`
            return told
        if type(cause).__name__ == _MISS:
            return _missed(cause)
    names = {cls.__name__ for cause in causes for cls in type(cause).__mro__}
    for name, fault in _ROWS:
        if name in names:
            if fault is None:
                break
            if isinstance(fault, _NO_ANSWER) and reading:
                return Disconnected(message="the connection broke", phase="during")
            return fault
    return Misconfigured(message=snippet(f"{type(error).__name__}: {error}"))


def fault_named(name: str, *, reading: bool) -> LlmError:
    """The same for an exception that only its name is left of, as in a recording."""
    for known, fault in _ROWS:
        if known == name and fault is not None:
            if isinstance(fault, _NO_ANSWER) and reading:
                return Disconnected(message="the connection broke", phase="during")
            return fault
    return TlsRefused(message="the certificate is not trusted, or the handshake failed")


def causes_of(error: BaseException | None, handled: BaseException | None) -> Iterator[BaseException]:
    """The exception and what caused it, the nearest to the cause last; at most ten, since chains may be loops.

    `handled`: see `fault_of`. What says only that TLS has to wait is no cause.
    """
    for _ in range(10):
        if error is None or error is handled:
            return
        if type(error).__name__ not in _WAITING:
            yield error
        # Several addresses tried at once fail as a group, each for its own reason.
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        error = inner or error.__cause__ or error.__context__


def of_a_closed_loop(error: BaseException, handled: BaseException | None) -> bool:
    """Whether what failed belongs to an event loop that is no more. `handled`: see `fault_of`."""
    return any(
        type(cause) is RuntimeError and str(cause) == "Event loop is closed"
        for cause in causes_of(error, handled)
    )


# ---------------------------------------------------------------- a cassette of vcrpy that does not hold the request

_MISS: Final = "CannotOverwriteExistingCassetteException"

_REASONS: Final = {
    "cassette_not_found": "there is no such cassette, or it cannot be read",
    "already_played": "all recorded interactions that fit have been played",
    "nothing_similar": "nothing similar was recorded",
}


def _missed(error: BaseException) -> CassetteMiss:
    """Which request, which file, and what differs from the recorded request that is nearest."""
    request = getattr(error, "failed_request", None)
    what = f"{getattr(request, 'method', 'a request')} {getattr(request, 'path', '')}".strip()
    reason = _REASONS.get(str(getattr(error, "reason", "")), "it differs from what was recorded")
    similar = getattr(error, "similar_requests", None) or ()
    differences = (
        [f"{name}: {told}" if told else str(name) for name, told in similar[0][2]] if similar else []
    )
    file = str(getattr(getattr(error, "cassette", None), "path", ""))
    return CassetteMiss(message=snippet("; ".join([f"{what}: {reason}", *differences])), file=file)
