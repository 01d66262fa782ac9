"""The events of several segments as the events of one answer.

Law: a consumer cannot tell a spliced answer from one that came whole, but for a `Restarted` where something has to be
said again. Where plain text meets plain text the two are one part: its deltas go on at its index, and its `PartDone`
comes once, with all of it. What the splice has told adds up to the answer, whatever happened on the way: before the end
both are compared, and what differs is told again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeAlias, final

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

Events: TypeAlias = tuple[StreamEvent, ...]

_DECIDED: Final = SeamState()


@final
class Splice:
    """Edits one segment's events after another's; made for one run."""

    __slots__ = ("_base", "_edge", "_first_text", "_held", "_offset", "_said", "_seam", "_started", "_told")

    def __init__(self) -> None:
        self._told: dict[int, Part | None] = {}  # what a consumer has been told; None: of a part not done yet
        self._held: PartDone | None = None  # the last text's, which the next segment may continue
        self._started = False
        self.segment(())

    def segment(self, base: tuple[Part, ...], seam: SeamState = _DECIDED) -> None:
        """The next events follow `base`, all content so far; `seam` takes out what they repeat of its text."""
        self._base, self._edge = base, seam
        self._begin()

    def _begin(self) -> None:
        self._seam = self._edge
        # Where the segment's first part stands (None: it has said nothing yet), and its first text; what has been told
        # of that text.
        self._offset: int | None = None
        self._first_text: int | None = None
        self._said: list[str] = []

    def say(self, content: tuple[Part, ...]) -> Events:
        """The events of content that is whole already and stands before the next segment."""
        return self._retold(content, 0)

    def see(self, event: StreamEvent) -> Events:
        """What becomes of one event of the segment."""
        match event:
            case Started():
                first, self._started = not self._started, True
                return (event,) if first else ()
            case Done():
                return ()
            case Restarted(index):
                return self._voided(index)
            case _:
                return self._recorded(self._placed(event))

    def again(self) -> Events:
        """The segment is asked for anew: void what it has said."""
        return self._voided(0)

    def done(self, response: Response) -> Events:
        """The end of the whole answer. Where it is not what was told, it is told again from there."""
        content = response.message.content
        told = self._told if self._held is None else {**self._told, self._held.index: self._held.part}
        wrong = [
            at for at in {*told, *range(len(content))} if at >= len(content) or told.get(at) != content[at]
        ]
        if not wrong:
            return (*self._released(), Done(response))
        first = min(wrong)
        before = self._released() if self._held is not None and self._held.index < first else ()
        self._held = None
        again = self._recorded((Restarted(first),)) if any(at >= first for at in told) else ()
        return (*before, *again, *self._retold(content, first), *self._released(), Done(response))

    # ------------------------------------------------------------ inside a segment

    def _placed(self, event: StreamEvent) -> Events:
        if isinstance(event, Started | Done):
            return (event,)
        out: Events = ()
        if self._offset is None:
            self._offset = len(self._base) - (1 if self._goes_on(event) else 0)
            if self._offset < len(self._base):
                self._held = None  # it is not done yet
        moved = replace(event, index=event.index + self._offset)
        if self._held is not None and self._held.index != moved.index:
            out = self._released()
        if isinstance(moved, TextDelta):
            text = self._trimmed(moved)
            return (*out, replace(moved, text=text)) if text else out
        if isinstance(moved, PartDone) and isinstance(moved.part, Text):
            return (*out, *self._text_done(moved.index, moved.part))
        return (*out, moved)

    def _goes_on(self, event: StreamEvent) -> bool:
        """Whether the segment's first part continues the last text of the base."""
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

    def _text_done(self, index: int, part: Text) -> Events:
        out: Events = ()
        if self._first_text is None:  # its text was never told in deltas: it is told now
            delta = self._trimmed(TextDelta(index, part.text))
            out = (TextDelta(index, delta),) if delta else ()
        if self._first_text == index:
            self._seam, rest = seam_end(self._seam)
            self._said.append(rest)
            out = (*out, TextDelta(index, rest)) if rest else out
            before = self._base[index] if index < len(self._base) else None
            text = before.text if isinstance(before, Text) else ""
            part = replace(part, text=text + "".join(self._said))
        self._held = PartDone(index, part)
        return out

    # ------------------------------------------------------------ what has been told

    def _voided(self, index: int) -> Events:
        """Void the segment's parts from this one on. With its first, the text before it may go on in another way."""
        if self._offset is None:
            return ()
        if index == 0:
            last = len(self._base) - 1
            goes_on = last >= 0 and _is_plain(self._base[last])
            start = last if goes_on else len(self._base)
            self._begin()
            self._held = None
            return (*self._recorded((Restarted(start),)), *self._retold(self._base, start))
        start = index + self._offset
        if self._first_text is not None and self._first_text >= start:
            self._seam, self._first_text, self._said = self._edge, None, []
        if self._held is not None and self._held.index >= start:
            self._held = None
        return self._recorded((Restarted(start),))

    def _retold(self, content: tuple[Part, ...], start: int) -> Events:
        """The events of the parts from this one on; the last text's end is held back."""
        whole = events_of(Response(AssistantMessage(content)))[1:-1]
        events = [event for event in whole if not isinstance(event, Started | Done) and event.index >= start]
        if events and isinstance(last := events[-1], PartDone) and isinstance(last.part, Text):
            self._held = last
            events.pop()
        return self._recorded(events)

    def _released(self) -> Events:
        held, self._held = self._held, None
        return () if held is None else self._recorded((held,))

    def _recorded(self, events: Iterable[StreamEvent]) -> Events:
        found = tuple(events)
        for event in found:
            match event:
                case TextDelta(index):
                    self._told.setdefault(index, None)
                case PartDone(index, part):
                    self._told[index] = part
                case Restarted(index):
                    self._told = {at: part for at, part in self._told.items() if at < index}
                case Started() | Done():
                    pass
                case _:
                    self._told.setdefault(event.index, None)
        return found


def _is_plain(part: Part) -> bool:
    return isinstance(part, Text) and not part.extras
