"""The options of a request: fields that go out verbatim, beside what the completion says.

Law: what the completion itself says wins, and an option that had to yield is a loss. So is one that is read as a field
of the completion's own, since it does not come back as the option that it was.

    on the wire already        the option is                       goes out
    -------------------------  ----------------------------------  ----------------------------------------
    nothing                    anything                            as it is
    an object                  an object without any of its keys   in one object with it
    anything                   anything else                       not: a loss
    how an answer is streamed  anything                            not: a loss, that is for the runner to say
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from llm_pure.errors import Loss
from llm_pure.json import JsonObject, PlainJson
from llm_pure.reading import PlainObject

if TYPE_CHECKING:
    from llm_pure.completion import Completion
    from llm_pure.outcome import Outcome

__all__ = ["add_options"]


def add_options(
    payload: PlainObject,
    options: JsonObject,
    losses: list[Loss],
    *,
    names: tuple[str, ...],
    modelled: Collection[str],
    streaming: Collection[str],
    yielding: Collection[str] = (),
    noted: Callable[[str, PlainJson, str], bool],
    decode: Callable[[Mapping[str, PlainJson]], Outcome[Completion]],
) -> None:
    """Put what `options` hold under `names` into the payload; of two that say the same field the later name wins.

    `modelled` are the fields that a completion has words for, `yielding` those of them that nobody has said. A field
    that is none, but a note to the codec, is for `noted` to deal with: it gives whether it did.
    """
    said = dict(payload)
    for name in yielding:
        said.pop(name, None)
    sent: dict[str, tuple[PlainJson, str]] = {}
    for name in names:
        fields = options.get(name)
        if fields is None:
            continue
        if not isinstance(fields, JsonObject):
            losses.append(Loss(f"$.provider_options.{name}", "is no object of fields"))
            continue
        for key, value in fields.thaw().items():
            path = f"$.provider_options.{name}.{key}"
            if noted(key, value, path):
                continue
            there = said.get(key)
            if key in streaming:
                losses.append(Loss(path, "whether and how an answer is streamed is for the runner to say"))
            elif key not in said:
                payload[key] = value
                sent[key] = value, path
            elif isinstance(there, dict) and isinstance(value, dict) and not there.keys() & value.keys():
                payload[key] = {**there, **value}
                sent[key] = value, path
            else:
                losses.append(Loss(path, "the completion says otherwise"))
    own = {key: sent[key] for key in sent if key in modelled}
    if own:
        _report_read(own, payload, losses, names[-1], decode)


def _report_read(
    sent: Mapping[str, tuple[PlainJson, str]],
    payload: PlainObject,
    losses: list[Loss],
    name: str,
    decode: Callable[[Mapping[str, PlainJson]], Outcome[Completion]],
) -> None:
    """Report the options that are no options to whoever reads the payload."""
    read = decode(payload).value_or(None)
    if read is None:
        losses += [Loss(path, "makes this no request that can be read") for _, path in sent.values()]
        return
    options = read.provider_options.get(name)
    back = options if isinstance(options, JsonObject) else JsonObject()
    for key, (value, path) in sent.items():
        if key not in back or JsonObject({key: back[key]}) != JsonObject({key: value}):
            losses.append(Loss(path, "is read as a field of the completion's own"))
