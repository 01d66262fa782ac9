"""What every codec shares: the shape of its answers, and the reading of headers.

A codec is a module with the functions of `Codec`. It is total: any value, any JSON and any bytes give an
`Outcome`, and nothing is dropped without a `Loss` that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, TypeVar, cast, final

from returns.result import Failure, Success
from typing_extensions import Buffer, override

from llm_pure.brief import Brief, brief
from llm_pure.errors import BadRequest, Incomplete, LlmError, Loss, Malformed, OutOfOrder, lossy
from llm_pure.json import JsonError, JsonInput, PlainJson, canonical_json, dump_json
from llm_pure.reading import malformed, wrong

if TYPE_CHECKING:
    from llm_pure.completion import Completion
    from llm_pure.events import StreamEvent
    from llm_pure.outcome import Outcome
    from llm_pure.response import Response

__all__ = [
    "Codec",
    "Encoded",
    "Headers",
    "OnLoss",
    "WireError",
    "closed",
    "encoded",
    "folded",
    "request_id_of",
    "retry_after_of",
]

Headers: TypeAlias = Mapping[str, str]
OnLoss: TypeAlias = Literal["report", "refuse"]


class Messages(Protocol):
    """The messages of a request as long as nobody has looked at them."""

    def plain(self) -> list[PlainJson]:
        """As data, which whoever asks last may change."""
        ...

    def written(self) -> bytes | None:
        """As JSON text; None if they are not known to be JSON."""
        ...

    def canonical(self) -> bytes | None:
        """As canonical JSON text; None likewise, or where they are written as soon with all the rest."""
        ...


_NO_MESSAGES: Final = b'"messages":[]'


def _put_in(messages: bytes, text: bytes) -> bytes | None:
    """The payload's text with its messages; None if nobody can say where they go."""
    # In no string, where its quotes would be escaped: it is the place, unless a field has a field of this name which
    # says nothing.
    before, _, after = text.partition(_NO_MESSAGES)
    return None if _NO_MESSAGES in after else b'%b"messages":%b%b' % (before, messages, after)


@final
class Encoded:
    """A request in a provider's words. `payload` is plain JSON and the caller's own; `headers` go with it.

    A codec may give `messages` beside a payload where they are an empty list: they are put there when somebody asks for
    it. Until then nobody can have changed them, and the body is made of what is known to be right.
    """

    __slots__ = ("__weakref__", "_messages", "_payload", "headers", "losses")
    __match_args__ = ("payload", "headers", "losses")

    def __init__(
        self,
        payload: dict[str, PlainJson],
        headers: Mapping[str, str],
        losses: tuple[Loss, ...],
        messages: Messages | None = None,
    ) -> None:
        self._payload: Final = payload
        self._messages = messages
        self.headers: Final = headers
        self.losses: Final = losses

    @property
    def payload(self) -> dict[str, PlainJson]:
        """All fields of the request."""
        if self._messages is not None:
            self._payload["messages"] = self._messages.plain()
            self._messages = None
        return self._payload

    def seen(self) -> dict[str, PlainJson]:
        """The payload, to be looked at and not to be changed."""
        if self._messages is None:
            return self._payload
        return {**self._payload, "messages": self._messages.plain()}

    def field(self, name: str) -> PlainJson:
        """One field beside the messages; None if there is none."""
        return self._payload.get(name)

    def body(self, *, stream: bool = False, extra: Mapping[str, PlainJson] | None = None) -> Outcome[bytes]:
        """The payload as the bytes that go out, `stream` and `extra` added. A Failure names the place of no JSON."""
        more = {**({"stream": True} if stream else {}), **(extra or {})}
        messages = None if self._messages is None or "messages" in more else self._messages.written()
        try:
            if messages is not None:
                whole = _put_in(messages, dump_json({**self._payload, **more}))
                if whole is not None:
                    return Success(whole)
            return Success(dump_json({**self.seen(), **more}))
        except JsonError as error:
            return Failure(BadRequest(message=error.reason, path=error.path))

    def canonical(self, without: Collection[str]) -> bytes:
        """The payload as canonical JSON, some fields left out. Raises `JsonError` with the place of what is none."""
        messages = None if self._messages is None or "messages" in without else self._messages.canonical()
        payload = self._payload if messages is not None else self.seen()
        shown = {name: value for name, value in payload.items() if name not in without}
        whole = canonical_json(shown)
        if messages is None:
            return whole
        return _put_in(messages, whole) or canonical_json({**shown, "messages": self.seen()["messages"]})

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Encoded):
            return NotImplemented
        return (self.seen(), self.headers, self.losses) == (other.seen(), other.headers, other.losses)

    __hash__ = None  # type: ignore[assignment]  # as of all that holds a dict

    @override
    def __repr__(self) -> str:
        return f"Encoded({', '.join(map(brief, (self.seen(), self.headers, self.losses)))})"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return Encoded, (self.seen(), self.headers, self.losses)


@dataclass(frozen=True, slots=True, repr=False)
class WireError(Brief):
    """An error as a provider would answer it: what a stub or a simulation sends."""

    status: int
    headers: Mapping[str, str]
    body: bytes


S = TypeVar("S")
E = TypeVar("E")


class Codec(Protocol[S]):
    """The functions that a codec module has. `S` is the state of its stream fold, opaque to everyone else."""

    @property
    def PROVIDER(self) -> str:  # noqa: N802 - a constant of the module
        """The name under which `extras`, `provider_options` and `Opaque` hold what only this wire format says."""
        ...

    @property
    def PATH(self) -> str:  # noqa: N802 - likewise
        """Where requests are posted, below the base URL as the SDK has it (`/v1/messages`, `/chat/completions`)."""
        ...

    def encode_request(self, completion: Completion, *, on_loss: OnLoss = "report") -> Outcome[Encoded]:
        """The request, and what of it the wire format cannot say.

        What is no JSON (NaN, bytes) inside a schema, options or extras is found where those are written, and only
        once: `Encoded.body` is the Failure then, with its place.
        """
        ...

    def decode_request(self, payload: Mapping[str, JsonInput]) -> Outcome[Completion]: ...
    def decode_response(self, body: bytes | str | Mapping[str, JsonInput]) -> Outcome[Response]: ...
    def encode_response(self, response: Response) -> Outcome[dict[str, PlainJson]]: ...
    def decode_error(self, status: int, headers: Headers, body: bytes | str) -> LlmError: ...
    def decode_stream(self, chunks: Iterable[bytes]) -> Outcome[Response]: ...

    # The streaming fold, step by step.
    def stream_start(self) -> S: ...
    def stream_step(self, state: S, chunk: bytes) -> tuple[S, tuple[StreamEvent, ...]]: ...
    def stream_ended(self, state: S) -> bool:
        """Whether nothing that could still come matters: after it nobody has to wait for the connection to end."""
        ...

    def stream_result(self, state: S) -> Outcome[Response]:
        """The answer, or a Failure with the part read: to be asked once the bytes have ended or broken off.

        What a last event says that lacks its blank line is in the state that `closed` gives.
        """
        ...

    def stream_skipped(self, state: S) -> int:
        """How many events were passed over, because they are of no kind that we know."""
        ...

    # The provider's side, for stubs and simulations.
    def encode_stream(self, response: Response) -> Outcome[tuple[bytes, ...]]: ...
    def encode_error(self, error: LlmError) -> WireError: ...


def encoded(
    payload: dict[str, PlainJson],
    headers: Mapping[str, str],
    losses: Iterable[Loss],
    on_loss: OnLoss,
    messages: Messages | None = None,
) -> Outcome[Encoded]:
    """The end of every `encode_request`: a report of the losses, or a refusal that lists them."""
    lost = tuple(losses)
    given: object = on_loss  # and not what a checker would have allowed
    if given not in ("report", "refuse"):
        return Failure(BadRequest(message=f"on_loss is 'report' or 'refuse', not {brief(given)}"))
    if lost and on_loss == "refuse":
        return Failure(lossy(*lost))
    return Success(Encoded(payload, headers, lost, messages))


# ---------------------------------------------------------------- streams


def folded(
    chunks: Iterable[bytes],
    state: S,
    step: Callable[[S, bytes], tuple[S, object]],
    ended: Callable[[S], bool],
    result: Callable[[S], Outcome[Response]],
) -> Outcome[Response]:
    """The fold of a codec's streaming step over all chunks: every `decode_stream`."""
    given: object = chunks  # and not what a checker would have allowed
    if not isinstance(given, Iterable):
        return Failure(malformed(wrong(given, "chunks of bytes", "")))
    for chunk in cast("Iterable[object]", given):
        if not isinstance(chunk, Buffer):
            so_far = result(state)
            partial = so_far.failure().partial if isinstance(so_far, Failure) else so_far.unwrap()
            return Failure(malformed(wrong(chunk, "bytes", ""), partial))
        state, _ = step(state, cast("bytes", chunk))
        if ended(state):
            return result(state)
    return result(closed(state, step, result)[0])


def closed(
    state: S, step: Callable[[S, bytes], tuple[S, E]], result: Callable[[S], Outcome[Response]]
) -> tuple[S, E | tuple[()]]:
    """The state when no more bytes come, and what that says: some servers close right after the last event's data.

    The blank line that it lacks is put there if the event ends the answer or is an error; what was broken off is none.
    """
    last, events = step(state, b"\n\n")
    said = result(last)
    if isinstance(said, Failure) and isinstance(said.failure(), Malformed | Incomplete | OutOfOrder):
        return state, ()
    return last, events


# ---------------------------------------------------------------- headers


def lowered(headers: Headers) -> dict[str, str]:
    """Header names in lower case, as the functions below want them. What is no text is left out."""
    given: object = headers  # recordings and stubs hold what they like
    found = cast("Mapping[object, object]", given).items() if isinstance(given, Mapping) else ()
    return {name.lower(): value for name, value in found if isinstance(name, str) and isinstance(value, str)}


def request_id_of(headers: Headers) -> str | None:
    """The provider's id of the request. `headers` have lower-case names."""
    return headers.get("request-id") or headers.get("x-request-id") or None


_SECONDS = re.compile(r"\s*(\d{1,300}(?:\.\d{0,300})?)\s*", re.ASCII)
_EXHAUSTED = re.compile(r"(anthropic-ratelimit-.+)-remaining|(x-ratelimit-)remaining-(.+)")
_DURATION = re.compile(
    r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{0,9})?)s)?(?:(\d{1,9})ms)?", re.ASCII
)


def retry_after_of(headers: Headers) -> float | None:
    """How many seconds the server asks to wait, or None. `headers` have lower-case names.

    In order: `retry-after-ms`, `retry-after` in seconds, `retry-after` as an HTTP date, the reset of an exhausted rate
    limit (Anthropic's are times, OpenAI's are durations: `1m30.5s`). What is negative, not finite or junk is as if
    absent. A date means the time from the response's own `date` header (a runner adds one where the server sent none),
    so that this is no matter of clocks.
    """
    if (match := _SECONDS.fullmatch(headers.get("retry-after-ms", ""))) is not None:
        return float(match[1]) / 1000
    value = headers.get("retry-after", "")
    if (match := _SECONDS.fullmatch(value)) is not None:
        return float(match[1])
    now = _http_date(headers.get("date", ""))
    waits = [_until(_http_date(value), now)]
    for name in headers:
        if headers[name].strip() == "0" and (limit := _EXHAUSTED.fullmatch(name)) is not None:
            anthropic, openai, what = limit.groups()
            reset = headers.get(f"{anthropic}-reset" if anthropic else f"{openai}reset-{what}", "")
            waits.append(_until(_rfc3339(reset), now) if anthropic else duration_of(reset))
    return max((wait for wait in waits if wait is not None), default=None)


def _until(time: datetime | None, now: datetime | None) -> float | None:
    return None if time is None or now is None else max(0.0, (time - now).total_seconds())


def duration_of(text: str) -> float | None:
    """The seconds of `1m30.5s` and the like, None for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _http_date(text: str) -> datetime | None:
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # a sixth of what importing llm_pure would take

    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _rfc3339(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def obeying(error: LlmError, headers: Headers) -> LlmError:
    """The error with `x-should-retry: false` obeyed. `true` makes nothing retryable that is not so by its kind."""
    if headers.get("x-should-retry", "").strip().lower() == "false" and error.retryable:
        return replace(error, retryable=False)
    return error
