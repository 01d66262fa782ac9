"""The events of several segments as the events of one answer.

Law: a consumer cannot tell a spliced answer from one that came whole, but for a `Restarted` where something has to be
said again. Where plain text meets plain text the two are one part: its deltas go on at its index, and its `PartDone`
comes once, with all of it. What the splice has told adds up to the joined content.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, final

from llm_pure import (
    AssistantMessage,
    Done,
    Part,
    PartDone,
    Response,
    Restarted,
    Started,
    StreamEvent,
    Text,
    TextDelta,
)
from llm_pure.events import events_of
from llm_pure.seam import SeamState, seam_end, seam_feed

__all__ = ["Splice"]


_DECIDED: Final = SeamState()


@final
class Splice:
    """Edits one segment's events after another's; made for one run."""

    __slots__ = ("_base", "_first_text", "_held", "_offset", "_said", "_seam", "_started")

    def __init__(self) -> None:
        self._base: tuple[Part, ...] = ()
        self._seam = _DECIDED
        self._first_text: int | None = None  # where this segment's first text stands
        self._offset: int | None = (
            None  # where this segment's first part stands; None: it has said nothing yet
        )
        self._said: list[str] = []  # what has been told of that text
        self._held: PartDone | None = None  # the last text, which the next segment may continue
        self._started = False

    def say(self, content: tuple[Part, ...]) -> tuple[StreamEvent, ...]:
        """The events of content that is whole already and stands before the next segment."""
        events = events_of(Response(AssistantMessage(content)))[1:-1]
        self._base = content
        if events and isinstance(last := events[-1], PartDone) and isinstance(last.part, Text):
            self._held = last
            return events[:-1]
        return events

    def segment(self, base: tuple[Part, ...], seam: SeamState = _DECIDED) -> None:
        """The next events follow `base`, all content so far; `seam` takes out what they repeat of its text."""
        self._base, self._seam, self._offset, self._first_text, self._said = base, seam, None, None, []

    def see(self, event: StreamEvent) -> tuple[StreamEvent, ...]:
        """What becomes of one event of the segment."""
        match event:
            case Started():
                first, self._started = not self._started, True
                return (event,) if first else ()
            case Done():
                return ()
            case _:
                return self._placed(event)

    def again(self) -> tuple[StreamEvent, ...]:
        """The segment is asked for anew: void what it has said."""
        if self._offset is None:
            return ()
        void = Restarted(self._offset)
        goes_on = self._goes_on
        self._offset, self._first_text, self._said = None, None, []
        if not goes_on:
            self._held = None
            return (void,)
        text = self._base[-1]
        at = len(self._base) - 1
        self._held = PartDone(at, text)
        return (void, TextDelta(at, text.text)) if isinstance(text, Text) else (void,)

    def done(self, response: Response) -> tuple[StreamEvent, ...]:
        """The end of the whole answer. Where it ends earlier than was told, the last text is told again."""
        held, self._held = self._held, None
        content = response.message.content
        if held is None:
            return (Done(response),)
        if held.index < len(content) and held.part != content[held.index]:
            return (Restarted(held.index), *_whole(held.index, content[held.index]), Done(response))
        return (held, Done(response))

    # ------------------------------------------------------------ inside a segment

    @property
    def _goes_on(self) -> bool:
        """The segment's first part continues the last text of the base."""
        return self._offset == len(self._base) - 1

    def _placed(self, event: StreamEvent) -> tuple[StreamEvent, ...]:
        if isinstance(event, Started | Done):
            return (event,)
        if self._offset is None:
            self._offset = len(self._base) - (1 if self._continues(event) else 0)
        moved = replace(event, index=event.index + self._offset)
        out = self._released() if self._held is not None and self._held.index != moved.index else ()
        if isinstance(moved, TextDelta):
            text = self._trimmed(moved)
            return (*out, replace(moved, text=text)) if text else out
        if isinstance(moved, PartDone) and isinstance(moved.part, Text):
            return (*out, *self._text_done(moved.index, moved.part))
        return (*out, moved)

    def _continues(self, event: StreamEvent) -> bool:
        is_text = isinstance(event, TextDelta) or (isinstance(event, PartDone) and _is_plain(event.part))
        return is_text and bool(self._base) and _is_plain(self._base[-1])

    def _trimmed(self, event: TextDelta) -> str:
        """What of a delta is to be told: the first text of a segment may repeat what stands before the seam."""
        if self._first_text is None:
            self._first_text = event.index
        if self._first_text != event.index:
            return event.text
        self._seam, text = seam_feed(self._seam, event.text)
        self._said.append(text)
        return text

    def _text_done(self, index: int, part: Text) -> tuple[StreamEvent, ...]:
        out: tuple[StreamEvent, ...] = ()
        if self._first_text is None or (self._first_text == index and not self._said):
            # Its text was never told in deltas: it is told now.
            delta = self._trimmed(TextDelta(index, part.text))
            out = (TextDelta(index, delta),) if delta else ()
        if self._first_text == index:
            self._seam, rest = seam_end(self._seam)
            self._said.append(rest)
            out = (*out, TextDelta(index, rest)) if rest else out
            part = replace(part, text="".join(self._said))
            if self._goes_on:
                return (*out, *self._went_on(index, part))
        self._held = PartDone(index, part)
        return out

    def _went_on(self, index: int, part: Text) -> tuple[StreamEvent, ...]:
        before = self._base[-1]
        if _is_plain(part) and isinstance(before, Text):
            self._held = PartDone(index, Text(before.text + part.text))
            return ()
        # It turns out to be a part of its own (it has citations, say): tell the two apart after all.
        self._offset = len(self._base)
        self._held = PartDone(self._offset, part)
        return (Restarted(index), *_whole(index, before), TextDelta(self._offset, part.text))

    def _released(self) -> tuple[StreamEvent, ...]:
        held, self._held = self._held, None
        return () if held is None else (held,)


def _is_plain(part: Part) -> bool:
    return isinstance(part, Text) and not part.extras


def _whole(index: int, part: Part) -> tuple[StreamEvent, ...]:
    return (
        (TextDelta(index, part.text), PartDone(index, part))
        if isinstance(part, Text)
        else (PartDone(index, part),)
    )
