"""From messages to the turns of a payload.

Law: what a message says goes out, or a Loss names it. A message that its reader has marked (see `places`) goes out as
it stood. Of the others none stands where the provider refuses it, but a last assistant message for a model that
continues none: without it the answer would be one to another question, so that the provider has to say no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice, repeat
from typing import TYPE_CHECKING, cast, final

from llm_pure.anthropic_messages.attached import lose_extras, moved
from llm_pure.anthropic_messages.ids import CallIds
from llm_pure.anthropic_messages.places import blocks_of, is_marked, is_prefill, unfit
from llm_pure.anthropic_messages.said import (
    has_results,
    only_results,
    with_extras,
    write_content,
    write_instructions,
)
from llm_pure.anthropic_messages.tables import PROVIDER
from llm_pure.anthropic_messages.usual import UsualTurn, canonical_turn, usual_turn
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, PlainJson, canonical_json, dump_json, is_plain, parse_plain
from llm_pure.messages import AssistantMessage, Message, SystemMessage, UserMessage
from llm_pure.models import ModelTraits
from llm_pure.reading import PlainObject, within

if TYPE_CHECKING:
    from anthropic.types import ContentBlockParam, MessageParam, TextBlockParam

__all__ = ["Turns", "write_messages"]


def write_messages(
    messages: tuple[Message, ...], traits: ModelTraits, system: list[TextBlockParam], losses: list[Loss]
) -> Turns:
    """The turns. Instructions that open the conversation are appended to `system`."""
    turns = Turns(messages, traits, system, losses)
    index = 0
    while index < len(messages) and (index := turns.add_usual(index)) < len(messages):
        before = len(losses)
        try:
            turns.add(index, messages[index])
        except JsonError as error:
            raise within(error, f".messages[{index}]") from None
        if len(losses) != before:
            moved(losses, before, f"$.messages[{index}]")
        index += 1
    turns.close()
    return turns


def _before_users(messages: tuple[Message, ...]) -> set[int]:
    """Which messages have a user message as the next that is no instructions."""
    found: set[int] = set()
    user = False
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if user:
            found.add(index)
        if isinstance(message, UserMessage | AssistantMessage) and (message.content or message.extras):
            user = isinstance(message, UserMessage)
    return found


@final
class Turns:
    """The turns so far, as data, or as text where a message remembers it (see `usual`) and nobody had to look into it.

    `unusual` are the places of those that have to be looked at once all are there. While `open`, more results belong to
    the last turn, which holds nothing else; `late` of its blocks, at the end, are instructions that had to wait for
    those. `apart` says that something stood after it that is left out.
    """

    def __init__(
        self,
        messages: tuple[Message, ...],
        traits: ModelTraits,
        system: list[TextBlockParam],
        losses: list[Loss],
    ) -> None:
        self.messages, self.traits, self.system, self.losses = messages, traits, system, losses
        self.before_users: set[int] | None = None
        self.found: list[PlainObject | bytes] = []
        self.sources: list[tuple[int, bool]] = []
        self.unusual: list[int] = []
        self.open = False
        self.late = 0
        self.apart = False
        self.leading = True
        self.ids = CallIds()

    def plain(self) -> list[PlainJson]:
        """The turns as data, which whoever asks last may change."""
        found: list[PlainJson] = []
        for kind, run in groupby(self.found, type):
            turns = [*run]
            found += cast("list[PlainJson]", parse_plain(_array(turns)) if kind is bytes else turns)
        return found

    def written(self) -> bytes | None:
        """The turns as JSON text; None if they are not known to be JSON."""
        if not all(is_plain(self._at(place)) for place in self.unusual):
            return None
        pieces: list[bytes] = []
        try:
            for kind, run in groupby(self.found, type):
                if kind is bytes:
                    pieces += cast("Iterator[bytes]", run)
                else:
                    pieces.append(dump_json([*cast("Iterator[PlainObject]", run)], proven=True)[1:-1])
        except JsonError:
            return None
        return _array(pieces)

    def canonical(self) -> bytes | None:
        """The turns as canonical JSON text; None if none of them is remembered, or they are not known to be JSON."""
        if bytes not in map(type, self.found):
            return None
        pieces: list[bytes] = []
        try:
            for turn, (index, _) in zip(self.found, self.sources, strict=True):
                pieces.append(
                    canonical_turn(self.messages[index], turn)
                    if isinstance(turn, bytes)
                    else canonical_json(turn)
                )
        except JsonError:
            return None
        return _array(pieces)

    def are_prefill(self) -> bool:
        """Whether the last is an answer that the model shall continue."""
        return bool(self.found) and is_prefill([self._at(-1)])

    def _at(self, place: int) -> PlainObject:
        """A turn to look into, or to change."""
        turn = self.found[place]
        if isinstance(turn, bytes):
            turn = self.found[place] = cast("PlainObject", parse_plain(turn))
        return turn

    def add_usual(self, begin: int) -> int:
        """Add the turns of the messages from `begin` on that are usual. The place of the first that is not."""
        end, opened = begin, self.open
        for message in islice(self.messages, begin, None):
            memo: object = getattr(message, "memo", None)
            turn = memo if isinstance(memo, UsualTurn) else usual_turn(message, memo)
            if turn is None:
                break
            role, said, calls, results, _ = turn
            if opened and role == "user":  # it may have to be joined with the last
                break
            if (calls or results) and not self.ids.keep(calls, results):
                break
            self.found.append(said)
            opened = bool(results)
            end += 1
        if end > begin:
            self.sources.extend(zip(range(begin, end), repeat(False)))
            self.open, self.late, self.apart, self.leading = opened, 0, False, False
        return end

    def add(self, index: int, message: Message) -> None:
        if isinstance(message, UserMessage):
            self._user(index, message)
        elif isinstance(message, AssistantMessage):
            self._assistant(index, message)
        elif isinstance(message, SystemMessage):
            self._instructions(index, message)
        else:
            raise JsonError(f"{type(message).__name__} is no message", "")

    def _push(self, index: int, turn: MessageParam, message: Message, marked: bool) -> None:
        if message.extras is not EMPTY and message.extras:
            turn = with_extras(turn, message, self.losses)
        self.unusual.append(len(self.found))
        self.found.append(cast("PlainObject", turn))
        self.sources.append((index, marked))
        self.open, self.late, self.apart = False, 0, False
        self.leading = False

    def _results(self) -> list[ContentBlockParam]:
        """The blocks of the last turn, which is open: it gets more than it was written with."""
        last = len(self.found) - 1
        if last not in self.unusual[-1:]:
            self.unusual.append(last)
        return cast("list[ContentBlockParam]", self._at(last)["content"])

    # ------------------------------------------------------------ users and assistants

    def _user(self, index: int, message: UserMessage) -> None:
        marked = is_marked(message.extras, "user")
        content = write_content(message.content, "user", marked, self.ids, self.losses)
        bare = message.extras is EMPTY or not message.extras
        only = bare and only_results(message)
        if self.open and bare and (not self.late or not content or has_results(content)):
            if self.apart and content:
                reason = "joins the results before: nothing is left of what stood between"
                self.losses.append(Loss("", reason))
            self._join(content, only)
        elif content or marked:
            self._push(index, {"role": "user", "content": content}, message, marked)
            self.open = only and bool(content)
        else:
            self._left_out(message)

    def _join(self, content: str | list[ContentBlockParam], only: bool) -> None:
        """A message after one of tool results only is of the same turn."""
        if not content:
            return
        results = self._results()
        blocks: list[ContentBlockParam] = (
            [{"type": "text", "text": content}] if isinstance(content, str) else content
        )
        count = 0
        while count < len(blocks) and blocks[count].get("type") == "tool_result":
            count += 1
        place = len(results) - self.late
        results[place:place] = blocks[:count]
        results += blocks[count:]
        if not only:
            self.open, self.late = False, 0

    def _assistant(self, index: int, message: AssistantMessage) -> None:
        marked = is_marked(message.extras, "assistant")
        content = write_content(message.content, "assistant", marked, self.ids, self.losses)
        if content or marked:
            self._push(index, {"role": "assistant", "content": content}, message, marked)
        else:
            self._left_out(message)

    def _left_out(self, message: Message) -> None:
        self.apart = True
        self.losses.append(Loss("", "a message without content is refused, and has been left out"))
        lose_extras(message.extras, self.losses)

    # ------------------------------------------------------------ instructions

    def _instructions(self, index: int, message: SystemMessage) -> None:
        blocks: list[TextBlockParam] = []
        write_instructions(message.content, blocks, ".content", self.losses)
        marked = is_marked(message.extras, "system")
        if marked:
            leading = self.leading
            self._push(index, {"role": "system", "content": blocks}, message, marked)
            self.leading = leading
        elif not blocks:
            self._left_out(message)
        elif self.leading:
            if self.system or message.extras or index:
                self.losses.append(
                    Loss("", "instructions that open the conversation stand together, in `system`")
                )
            lose_extras(message.extras, self.losses)
            self.system += blocks
        elif (reason := self._refusal(index)) is not None:
            self.losses.append(Loss("", f"{reason}: said by the user"))
            self._by_the_user(index, blocks, message)
        else:
            self._push(index, {"role": "system", "content": blocks}, message, marked)

    def _refusal(self, index: int) -> str | None:
        """Why no instructions can stand here."""
        found = [self._at(-1)] if self.found else []
        found.append({"role": "system", "content": "-"})
        if self.before_users is None:
            self.before_users = _before_users(self.messages)
        if index in self.before_users:
            found.append({"role": "user", "content": "-"})
        return unfit(found, self.traits).get(len(self.found[-1:]))

    def _by_the_user(self, index: int, blocks: list[TextBlockParam], message: SystemMessage) -> None:
        if self.open:
            lose_extras(message.extras, self.losses)
            results = self._results()
            results += blocks
            self.late += len(blocks)
            return
        said: list[ContentBlockParam] = [*blocks]
        waits = bool(self.found) and self._at(-1)["role"] == "assistant"
        lose_extras(message.extras, self.losses)
        self._push(index, {"role": "user", "content": said}, UserMessage(()), marked=False)
        if waits:
            self.open, self.late = True, len(said)

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Put the end right, and say what stands where it is refused, or was marked without need."""
        while self.found and not self.sources[-1][1] and self._trimmed():
            self.found.pop()
            self.sources.pop()
        self.unusual = [place for place in self.unusual if place < len(self.found)]
        for place in self.unusual:  # whether one fits may depend on those next to it
            self._at(max(place - 1, 0))
            self._at(min(place + 1, len(self.found) - 1))
        if self.found:
            self._at(-1)
        refused = unfit(cast("list[PlainObject]", self.found), self.traits, self.unusual)
        opening = 0
        while opening < len(self.found) and self._at(opening)["role"] == "system":
            opening += 1
        for place in sorted({*self.unusual, *refused}):
            index, marked = self.sources[place]
            reason = refused.get(place)
            if marked and reason is None and place >= opening:
                self.losses.append(
                    Loss(f"$.messages[{index}].extras.{PROVIDER}.role", "it stands here anyway")
                )
            elif not marked and reason is not None:
                self.losses.append(Loss(f"$.messages[{index}]", reason))

    def _trimmed(self) -> bool:
        """Take trailing white space from a prefill. Whether nothing is left of it."""
        last = self._at(-1)
        if not is_prefill([last]):
            return False
        content = list(blocks_of(last))
        final = content[-1]
        text = final.get("text") if isinstance(final, dict) else None
        if not isinstance(final, dict) or not isinstance(text, str) or text == text.rstrip():
            return False
        self.losses.append(
            Loss(
                f"$.messages[{self.sources[-1][0]}]",
                "a message that shall be continued goes without its white space",
            )
        )
        if text := text.rstrip():
            last["content"] = (
                text if isinstance(last["content"], str) else [*content[:-1], {**final, "text": text}]
            )
        else:
            last["content"] = content[:-1]
        return not last["content"]


def _array(turns: Iterable[bytes | PlainObject]) -> bytes:
    return b"[%b]" % b",".join(cast("Iterable[bytes]", turns))
