"""What has been read of a stream that has not ended.

Law: the text, reasoning and whole parts seen so far, at their places; a tool call that is not whole is broken.
"""

from __future__ import annotations

from typing import assert_never

from returns.result import Failure, Success

from llm_pure import (
    AssistantMessage,
    BrokenToolCall,
    Done,
    Incomplete,
    Outcome,
    Part,
    PartDone,
    Reasoning,
    ReasoningDelta,
    Refusal,
    RefusalDelta,
    Response,
    Restarted,
    Started,
    StreamEvent,
    Text,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)

__all__ = ["Reading"]


class Reading:
    """Collects events; `so_far` makes a response of them. Looking costs, seeing hardly does."""

    __slots__ = ("_seen", "see")

    def __init__(self) -> None:
        self._seen: list[StreamEvent] = []
        self.see = self._seen.append
        """One more event."""

    def so_far(self) -> Outcome[Response]:
        """The whole response if it has been told, else a Failure with the part read."""
        done: dict[int, Part] = {}
        pieces: dict[int, list[str]] = {}
        made: dict[int, StreamEvent] = {}
        started = Started()
        for event in self._seen:
            match event:
                case Done(response):
                    return Success(response)
                case Started():
                    started = event
                case PartDone(index, part):
                    done[index] = part
                case ToolCallStarted(index):
                    made[index] = event
                case TextDelta(index, text) | ReasoningDelta(index, text) | RefusalDelta(index, text):
                    made.setdefault(index, event)
                    pieces.setdefault(index, []).append(text)
                case ToolCallDelta(index, text):
                    pieces.setdefault(index, []).append(text)
                case Restarted(index):
                    for seen in (done, pieces, made):
                        for at in [at for at in seen if at >= index]:
                            del seen[at]
                case _:
                    assert_never(event)
        for index, event in made.items():
            if index not in done:
                done[index] = _unfinished(event, "".join(pieces.get(index, ())))
        content = tuple(part for _, part in sorted(done.items()))
        partial = Response(AssistantMessage(content), id=started.id, model=started.model)
        return Failure(Incomplete(message="the stream was not read to its end", partial=partial))


def _unfinished(event: StreamEvent, text: str) -> Part:
    match event:
        case ToolCallStarted(_, id_, name):
            return BrokenToolCall(id_, name, text)
        case ReasoningDelta():
            return Reasoning(text)
        case RefusalDelta():
            return Refusal(text)
        case _:
            return Text(text)
