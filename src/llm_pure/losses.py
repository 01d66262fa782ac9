"""What a request loses, proven: the payload is read again, and laid beside the completion that it was made of.

Law: outside the paths of the losses the payload says the completion's normal form, and at each path it says something
else. A codec names what it cannot say while it writes, with the best reason there is. What follows from several losses
together shows only when all is written: two messages of tool results are one when nothing is left of what stood between
them.

A payload without losses is not read: that it gives the normal form back is a law of each codec by itself. Nor is a
conversation where only settings lose something: no setting hangs on a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from returns.result import Success

from llm_pure.differences import Difference, covers, differences, upwards
from llm_pure.errors import Loss
from llm_pure.json import EMPTY
from llm_pure.normal import normal, places
from llm_pure.parts import Opaque
from llm_pure.response import NO_USAGE

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from llm_pure.completion import Completion
    from llm_pure.json import PlainJson
    from llm_pure.outcome import Outcome

    Decode: TypeAlias = Callable[[Mapping[str, PlainJson]], Outcome[Completion]]

__all__ = ["only_settings", "proven"]

_FILLED: Final = frozenset({"$.max_tokens", "$.output.name"})
"""What a wire may demand and a completion need not say."""
_OPTIONS: Final = "$.provider_options"
"""Options are copied, not converted: the codec's word on them is enough."""
_SILENT: Final[Mapping[str, PlainJson]] = {"messages": [], "input": [], "system": [], "instructions": ""}
"""The fields in which the wires say a conversation, when there is none."""
_SHOWN: Final = "what else is lost makes this read as something else"


def proven(
    completion: Completion, payload: Mapping[str, PlainJson], losses: list[Loss], decode: Decode
) -> list[Loss]:
    """The losses of a payload without those that are none, and then what only reading it shows."""
    if not losses:
        return losses
    if only_settings(losses):
        completion = completion.replace(messages=(), system=())
        payload = {key: _SILENT.get(key, value) for key, value in payload.items()}
    read = decode(payload)
    if not isinstance(read, Success):
        return losses  # the caller's own extras have made it no request, and the codec has said so
    paths = _Paths(completion)
    found = _differences(completion, read.unwrap(), paths, losses)
    shown = dict.fromkeys(paths.original(path) for path in _unreported(found, paths.all(losses)))
    if shown:
        losses = [*losses, *(Loss(path, _SHOWN) for path in shown)]
        found = _differences(completion, read.unwrap(), paths, losses)
    differ = {one.path for one in found}
    around = {path for one in differ for path in upwards(one)}
    return [
        loss
        for loss in losses
        if covers(_OPTIONS, loss.path)
        or any(path in around or not differ.isdisjoint(upwards(path)) for path in paths.normal(loss.path))
    ]


def only_settings(losses: Iterable[Loss]) -> bool:
    """Whether nothing of the conversation is lost. An option may say anything, a conversation too."""
    return not any(loss.path.startswith(("$.messages", "$.system", _OPTIONS)) for loss in losses)


def _differences(
    completion: Completion, read: Completion, paths: _Paths, losses: Sequence[Loss]
) -> list[Difference]:
    """What is read otherwise, apart from what is not on the wire and what the wire demands."""
    before = normal(completion.replace(usage=NO_USAGE, stop_reason=None, provider_options=EMPTY))
    after = normal(read.replace(provider_options=EMPTY))
    return [
        found
        for found in differences(before, after, expected=paths.all(losses))
        if found.before is not None or found.path not in _FILLED
    ]


def _unreported(found: Sequence[Difference], expected: AbstractSet[str]) -> list[str]:
    """The paths of the differences that none of the expected ones covers.

    What is put in somewhere, and is missing at another place, has moved: it is reported where it stood. What is put
    into a setting has no place of its own there.
    """
    lost: set[str] = set()
    for one in found:
        lost |= _strings(one.before)
    unreported: list[str] = []
    for one in found:
        put_in = one.before is None and one.path.endswith("]")
        if expected.isdisjoint(upwards(one.path)) and not (put_in and _strings(one.after) <= lost):
            inside = put_in and not one.path.startswith(_PARTS)
            unreported.append(one.path.rpartition("[")[0] if inside else one.path)
    return unreported


def _strings(value: object) -> set[str]:
    """All strings in a value, but empty ones and the names of kinds."""
    if isinstance(value, str):
        return {value} - {""}
    inner: Iterable[object] = ()
    if isinstance(value, Opaque):
        inner = (value.raw,)
    elif isinstance(value, Mapping):
        named = cast("Mapping[str, object]", value)
        inner = [item for name, item in named.items() if name != "type"]
    elif isinstance(value, tuple):
        inner = cast("tuple[object, ...]", value)
    elif is_dataclass(value):
        names = fields(cast("DataclassInstance", value))
        inner = [getattr(value, field.name) for field in names]
    return {string for item in inner for string in _strings(item)}


class _Paths:
    """Paths of a completion, and of its normal form, which may have moved things."""

    __slots__ = ("_now", "_stood")

    def __init__(self, completion: Completion) -> None:
        self._stood = places(completion)
        self._now = {stood: now for now, stood in self._stood.items()}

    def all(self, losses: Iterable[Loss]) -> set[str]:
        """The places of all losses in the normal form."""
        return {path for loss in losses for path in self.normal(loss.path)}

    def normal(self, path: str) -> list[str]:
        """The places in the normal form of what stood at a path: none, if it says nothing there."""
        for holder in upwards(path):
            if (now := self._now.get(holder)) is not None:
                rest = path[len(holder) :]
                return [] if rest.startswith(_ITEMS) else [now + rest]
        if path.startswith(_PARTS):
            return [now for now, stood in self._stood.items() if covers(path, stood)]
        return [path]

    def original(self, path: str) -> str:
        """The place that a path of the normal form had; the nearest around it, if it had none."""
        for holder in upwards(path):
            if (stood := self._stood.get(holder)) is not None:
                rest = path[len(holder) :]
                return stood if rest.startswith(_ITEMS) else stood + rest
        return path.partition("[")[0] if path.startswith(_PARTS) else path


_ITEMS: Final = (".content[", ".source[")
_PARTS: Final = ("$.messages[", "$.system[")
