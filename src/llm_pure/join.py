"""Several segments of one answer as one.

Law: `join` is associative. Text is concatenated with nothing between, usage adds, and what belongs to the end (stop
reason, id, model) is the last segment's. Signed blocks are never touched.

    field                     of the two
    ------------------------  ---------------------------------------------------------------------------------
    message                   one after the other; where plain text meets plain text, the two become one part
    message's annotations     both; the second's offsets (`start_index`, `end_index`) move on by the first's text
    usage                     the sum
    turns                     one after the other, unmerged: what went over the wire
    alternatives              the first's, then the second's, each with the first in front
    has_prefill               the first's
    extras                    both; under one provider and key, the second's
    all others                the second's

A segment that answered a turn of its own (a nudge) has that turn in front of its message in `turns`.
"""

from __future__ import annotations

from dataclasses import replace

from llm_pure.json import Json, JsonObject
from llm_pure.messages import AssistantMessage, Message
from llm_pure.parts import Part, Text
from llm_pure.response import Response, text_of
from llm_pure.seam import SeamState, seam_whole

__all__ = [
    "cut_text",
    "join",
    "joined_content",
    "joined_message",
    "reappend_stop_sequence",
    "seamed",
    "turns_of",
]


def join(a: Response, b: Response) -> Response:
    """The answer that begins with `a` and ends with `b`, by the table above."""
    return replace(
        b,
        message=joined_message(a.message, b.message),
        usage=a.usage + b.usage,
        turns=(*turns_of(a), *turns_of(b)),
        alternatives=(
            *a.alternatives,
            *(join(replace(a, alternatives=()), other) for other in b.alternatives),
        ),
        has_prefill=a.has_prefill,
        extras=_merged(a.extras, b.extras),
    )


def turns_of(response: Response) -> tuple[Message, ...]:
    """The messages as they went over the wire."""
    return response.turns or (response.message,)


def joined_message(a: AssistantMessage, b: AssistantMessage) -> AssistantMessage:
    """Two messages as one, annotations of the second moved on by the text of the first."""
    extras = b.extras if not b.extras else _moved(b.extras, len(text_of(a.content)))
    return AssistantMessage(joined_content(a.content, b.content), _merged(a.extras, extras))


def joined_content(a: tuple[Part, ...], b: tuple[Part, ...]) -> tuple[Part, ...]:
    """Two contents as one: where plain text meets plain text, the two become one part."""
    if (
        a
        and b
        and isinstance(a[-1], Text)
        and isinstance(b[0], Text)
        and not a[-1].extras
        and not b[0].extras
    ):
        return (*a[:-1], Text(a[-1].text + b[0].text), *b[1:])
    return (*a, *b)


# ---------------------------------------------------------------- one segment


def seamed(response: Response, state: SeamState) -> Response:
    """A segment with what it repeats of the text before it taken away, from its first text."""
    for index, part in enumerate(response.message.content):
        if isinstance(part, Text) and part.text:
            kept = seam_whole(state, part.text)
            if kept == part.text:
                return response
            content = (
                *response.message.content[:index],
                replace(part, text=kept, extras=_moved(part.extras, len(kept) - len(part.text))),
                *response.message.content[index + 1 :],
            )
            extras = _moved(response.message.extras, len(kept) - len(part.text))
            return replace(response, message=AssistantMessage(content, extras), turns=turns_of(response))
    return response


def cut_text(response: Response, length: int) -> Response:
    """The answer up to so many characters of its text; what comes after them is dropped."""
    content: list[Part] = []
    left = length
    for part in response.message.content:
        if not isinstance(part, Text):
            content.append(part)
        elif len(part.text) < left:
            content.append(part)
            left -= len(part.text)
        else:
            content.append(replace(part, text=part.text[:left]))
            break
    message = replace(response.message, content=tuple(content))
    return replace(response, message=message, turns=turns_of(response))


def reappend_stop_sequence(response: Response) -> Response:
    """The answer with the stop sequence that ended it put back at its end. Providers leave it out."""
    if response.stop_reason != "stop_sequence" or not response.stop_sequence:
        return response
    content = joined_content(response.message.content, (Text(response.stop_sequence),))
    return replace(response, message=replace(response.message, content=content), turns=turns_of(response))


# ---------------------------------------------------------------- extras


def _merged(a: JsonObject, b: JsonObject) -> JsonObject:
    if not a or not b:
        return a or b
    return JsonObject({name: _both(name, a, b) for name in {**a, **b}})


def _both(name: str, a: JsonObject, b: JsonObject) -> Json:
    mine, other = a.get(name), b.get(name)
    if not isinstance(mine, JsonObject):
        return other if name in b else mine
    if not isinstance(other, JsonObject):
        return mine
    found: dict[str, Json] = {**mine, **other}
    notes, more = mine.get(_ANNOTATIONS), other.get(_ANNOTATIONS)
    if isinstance(notes, tuple):
        found[_ANNOTATIONS] = (*notes, *more) if isinstance(more, tuple) else notes
    return JsonObject(found)


_ANNOTATIONS = "annotations"
_OFFSETS = ("start_index", "end_index")


def _moved(extras: JsonObject, by: int) -> JsonObject:
    """A message's or a text's extras, the offsets of the annotations moved.

    Responses has annotations on a text, `{"type": "url_citation", "start_index": 3, ...}`, Chat on the message, where
    they are one level deeper; both count in the text that is here. Anthropic's citations have offsets too, but into
    the documents that they cite: those stay.
    """
    moved: dict[str, Json] = {}
    for name, own in extras.items():
        notes = own.get(_ANNOTATIONS) if isinstance(own, JsonObject) else None
        if isinstance(own, JsonObject) and isinstance(notes, tuple):
            moved[name] = own.set(annotations=tuple([_moved_note(note, by) for note in notes]))
    return JsonObject({**extras, **moved}) if by and moved else extras


def _moved_note(note: Json, by: int) -> Json:
    if not isinstance(note, JsonObject):
        return note
    found: dict[str, Json] = {}
    for key, value in note.items():
        if key in _OFFSETS and isinstance(value, int) and not isinstance(value, bool):
            found[key] = value + by
        else:
            found[key] = _moved_note(value, by)
    return JsonObject(found)
