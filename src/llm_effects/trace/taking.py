"""What a trace keeps of an operation and its answer.

Law: every operation gives a step, and no step holds anything live, a key of a known shape in a refusal, or a header
that is not on the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Final, assert_never, cast, final, get_args, get_origin

from returns.result import Success

from llm_effects.entries import Entry
from llm_effects.flights import Landing
from llm_effects.headers import is_kept_of_answers, is_kept_of_requests
from llm_effects.operations import (
    Call,
    Change,
    Claim,
    Close,
    Draw,
    Emit,
    HttpRequest,
    Land,
    Load,
    Next,
    Now,
    Observed,
    Open,
    Opened,
    Operation,
    Reply,
    Save,
    Send,
    Sleep,
    Tell,
)
from llm_effects.ports import Store
from llm_effects.trace.steps import (
    Called,
    Changed,
    Claimed,
    Clock,
    Closed,
    Connected,
    Drew,
    Emitted,
    Handed,
    Head,
    Loaded,
    Noted,
    Read,
    Replied,
    Request,
    Saved,
    Sent,
    Slept,
    Step,
    Watched,
)
from llm_pure import JsonObject, LlmError, Outcome, PlainJson, Response
from llm_pure.compiled import kind_of, read_tagged, tagged
from llm_pure.errors import masked
from llm_pure.json import JsonError
from llm_pure.serial import Value

__all__ = ["UNKNOWN", "Taking", "value_of"]


# ---------------------------------------------------------------- an operation and its answer


@final
class Taking:
    """The steps of one run, one after another."""

    __slots__ = ("_refusals", "_stores")

    def __init__(self) -> None:
        self._stores: list[Store] = []  # as they came up: a store's place is its number
        self._refusals: set[int] = set()

    def step(self, operation: Operation, answer: object) -> Step:
        """What is kept of the operation that comes next."""
        match operation:
            case Send(_, request):
                reply = cast("Reply | LlmError", answer)
                return Sent(_asked(request), _replied(reply) if isinstance(reply, Reply) else reply)
            case Open(_, request):
                return self._connected(request, cast("Opened | LlmError", answer))
            case Next(handle):
                return self._read(handle, cast("bytes | LlmError | None", answer))
            case Close(handle):
                return Closed(handle)
            case Sleep(seconds):
                return Slept(seconds)
            case Now():
                return Clock(cast("float", answer))
            case Draw():
                return Drew(cast("float", answer))
            case Change(cell):
                return Changed(cell.name, cell.scope, _answer(answer, ours=True))
            case Load(store, key):
                found = cast("Entry | bytes | None", answer)
                return Loaded(self._number(store), key, None if found is None else bytes(found))
            case Save(store, key, entry):
                return Saved(self._number(store), key, bytes(entry), cast("bool", answer))
            case Claim(_, key):
                return Claimed(key, cast("Landing", answer))
            case Land(_, key, outcome):
                return _handed(key, outcome)
            case Call():
                return Called(_answer(answer, ours=False))
            case Observed():
                return Watched(cast("bool", answer))
            case Emit(event):
                return Emitted(event)
            case Tell(note):
                return Noted(note)
            case _:
                assert_never(operation)

    def _connected(self, request: HttpRequest, begun: Opened | LlmError) -> Connected:
        if not isinstance(begun, Opened):
            return Connected(_asked(request), begun)
        if _is_refusal(begun.status):
            self._refusals.add(begun.handle)
        return Connected(_asked(request), Head(begun.handle, begun.status, _kept(begun.headers)))

    def _read(self, handle: int, read: bytes | LlmError | None) -> Read:
        if isinstance(read, LlmError):
            return Read(handle, error=read)
        return Read(handle, _masked(read) if read and handle in self._refusals else read)

    def _number(self, store: Store) -> int:
        for number, known in enumerate(self._stores):
            if known is store:
                return number
        self._stores.append(store)
        return len(self._stores) - 1


def _handed(key: str, outcome: Outcome[Response]) -> Handed:
    return (
        Handed(key, outcome.unwrap())
        if isinstance(outcome, Success)
        else Handed(key, None, outcome.failure())
    )


# ---------------------------------------------------------------- what is kept of a request and an answer


def _asked(request: HttpRequest) -> Request:
    kept = {name: value for name, value in request.headers.items() if is_kept_of_requests(name.lower())}
    return Request(request.path, JsonObject(kept), request.body, request.stream)


def _replied(reply: Reply) -> Replied:
    body = _masked(reply.body) if _is_refusal(reply.status) else reply.body
    return Replied(reply.status, _kept(reply.headers), body)


def _is_refusal(status: int) -> bool:
    """Whether the body may say the key again that it refuses."""
    return status >= 400


def _kept(headers: Mapping[str, str]) -> JsonObject:
    return JsonObject({name: value for name, value in headers.items() if is_kept_of_answers(name)})


def _masked(body: bytes) -> bytes:
    try:
        return masked(body.decode()).encode()
    except UnicodeError:
        return body


# ---------------------------------------------------------------- answers of any type

UNKNOWN: Final = object()
"""What `value_of` gives for an answer that no trace can hold."""

_VALUES: Final[tuple[type[object], ...]] = tuple([get_origin(cls) or cls for cls in get_args(Value)])


def _answer(value: object, *, ours: bool) -> JsonObject:
    return JsonObject.wrap({"value": _data(value, ours=ours)})


def value_of(answer: JsonObject) -> object:
    """What an answer was, if it was made of scalars, of `llm_pure`'s values, and of tuples of these; or `UNKNOWN`."""
    return _value(answer.thaw().get("value"))


def _data(value: object, *, ours: bool) -> PlainJson:
    """Any answer as data: to be compared always, to be read back where `value_of` says so.

    Of what a function of the caller's gave, and is none of our values, only the type is told: who knows what it holds.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple | list):
        return [_data(item, ours=ours) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, _VALUES):
        return tagged(value)
    shown: dict[str, PlainJson] = {"type": kind_of(type(value))}
    if ours and is_dataclass(value):
        shown.update({f.name: _data(getattr(value, f.name), ours=True) for f in fields(value) if f.compare})
    return shown


def _value(data: PlainJson) -> object:
    if isinstance(data, list):
        items = [_value(item) for item in data]
        return UNKNOWN if any(item is UNKNOWN for item in items) else tuple(items)
    if not isinstance(data, dict):
        return data
    if "kind" not in data:
        return UNKNOWN
    try:
        return read_tagged(_VALUES, data)
    except JsonError:
        return UNKNOWN
