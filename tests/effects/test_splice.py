"""Several segments, told as one answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llm_effects.interpreters.reading import Reading
from llm_effects.splice import Splice
from llm_pure import (
    AssistantMessage,
    Done,
    JsonObject,
    Part,
    PartDone,
    Reasoning,
    Response,
    Restarted,
    Started,
    StreamEvent,
    Text,
    TextDelta,
    ToolCall,
    join,
)
from llm_pure.events import events_of
from llm_pure.join import seamed
from llm_pure.seam import seam_start

texts = st.text(alphabet="ab ", min_size=1, max_size=30)
parts = st.one_of(
    texts.map(Text),
    texts.map(lambda text: Text(text, JsonObject({"anthropic": {"citations": []}}))),
    texts.map(lambda text: Reasoning(text, signature="s")),
    st.just(ToolCall("t", "look", JsonObject({"a": 1}))),
)
contents = st.lists(parts, max_size=4).map(tuple)


def response(content: tuple[Part, ...]) -> Response:
    return Response(AssistantMessage(content))


def in_pieces(event: StreamEvent, cut: int) -> tuple[StreamEvent, ...]:
    if isinstance(event, TextDelta) and 0 < cut < len(event.text):
        return TextDelta(event.index, event.text[:cut]), TextDelta(event.index, event.text[cut:])
    return (event,)


def folded(events: list[StreamEvent]) -> tuple[Part, ...]:
    """The content that the events tell, without looking at the last one, which holds it."""
    reading = Reading()
    for event in events:
        if not isinstance(event, Done):
            reading.see(event)
    partial = reading.so_far().failure().partial
    assert partial is not None
    return partial.message.content


@given(st.lists(contents, min_size=1, max_size=4), st.booleans(), st.integers(0, 20))
def test_what_a_splice_tells_adds_up_to_the_joined_answer(
    segments: list[tuple[Part, ...]], nudged: bool, cut: int
) -> None:
    splice, told = Splice(), list[StreamEvent]()
    whole: Response | None = None
    for content in segments:
        before = whole
        seam = seam_start(before.text) if before is not None and nudged else seam_start("")
        splice.segment(() if before is None else before.message.content, seam)
        for event in events_of(response(content)):
            for piece in in_pieces(event, cut):
                told += splice.see(piece)
        segment = seamed(response(content), seam)
        whole = segment if before is None else join(before, segment)
    assert whole is not None
    told += splice.done(whole)
    # A text of which the seam leaves nothing may stand in the content, empty; nothing of it can be told.
    assert folded(told) == whole.message.content
    assert told[-1] == Done(whole)
    assert sum(isinstance(event, Started) for event in told) <= 1
    indexes = [event.index for event in told if isinstance(event, PartDone)]
    if not any(isinstance(event, Restarted) for event in told):
        assert indexes == sorted(set(indexes)), "each part is done once, in order"


@given(contents, contents, contents)
def test_a_segment_that_is_asked_for_again_voids_what_it_said(
    first: tuple[Part, ...], cut: tuple[Part, ...], larger: tuple[Part, ...]
) -> None:
    splice, told = Splice(), list[StreamEvent]()
    for base, content, again in (((), first, False), (first, cut, True), (first, larger, False)):
        splice.segment(base)
        for event in events_of(response(content)):
            told += splice.see(event)
        if again:
            told += splice.again()
    whole = join(response(first), response(larger))
    told += splice.done(whole)
    assert folded(told) == whole.message.content


def test_a_text_that_goes_on_is_one_part() -> None:
    splice, told = Splice(), list[StreamEvent]()
    splice.segment(())
    for event in events_of(response((Text("Hel"),))):
        told += splice.see(event)
    splice.segment((Text("Hel"),))
    for event in events_of(response((Text("lo"),))):
        told += splice.see(event)
    told += splice.done(response((Text("Hello"),)))
    assert told == [
        Started(),
        TextDelta(0, "Hel"),
        TextDelta(0, "lo"),
        PartDone(0, Text("Hello")),
        Done(response((Text("Hello"),))),
    ]
