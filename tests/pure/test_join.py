"""Joins, field by field."""

from llm_pure import (
    AssistantMessage,
    JsonObject,
    PlainJson,
    Reasoning,
    Response,
    Text,
    Usage,
    assistant,
    join,
    seam_start,
    user,
)
from llm_pure.join import seamed
from llm_pure.messages import Message


def cited(text: str, start: int, end: int) -> Response:
    note: PlainJson = {
        "type": "url_citation",
        "url_citation": {"start_index": start, "end_index": end, "url": "u"},
    }
    extras = JsonObject({"openai_chat": {"annotations": [note], "audio": None}})
    return Response(AssistantMessage((Text(text),), extras))


def test_two_segments_are_one_answer() -> None:
    a = Response(
        assistant("Once upon"), Usage(10, 2), "max_tokens", "length", id="1", model="m", provider="p"
    )
    b = Response(
        AssistantMessage((Text(" a time"),)), Usage(None, 3), "end", "stop", id="2", model="n", provider="p"
    )
    assert join(a, b) == Response(
        assistant("Once upon a time"),
        Usage(10, 5),
        "end",
        "stop",
        id="2",
        model="n",
        provider="p",
        turns=(a.message, b.message),
    )


def test_offsets_of_annotations_move_on_by_the_text_before_them() -> None:
    both = join(cited("12345", 1, 2), cited("678", 0, 3))
    note = {"type": "url_citation", "url_citation": {"start_index": 5, "end_index": 8, "url": "u"}}
    first = {"type": "url_citation", "url_citation": {"start_index": 1, "end_index": 2, "url": "u"}}
    assert both.message.extras == {"openai_chat": {"annotations": [first, note], "audio": None}}


def test_offsets_in_a_text_move_with_what_is_taken_away_before_them() -> None:
    note: dict[str, str | int] = {"type": "url_citation", "start_index": 60, "end_index": 62}
    said = "Once upon a time there was a king who had three daughters."
    repeated = Text(f"{said[5:]} And so on.", JsonObject({"openai_responses": {"annotations": [note]}}))
    seen = seamed(Response(AssistantMessage((repeated,))), seam_start(said))
    [text] = seen.message.content
    assert isinstance(text, Text)
    lost = len(repeated.text) - len(text.text)
    assert lost > 0
    moved = {**note, "start_index": 60 - lost, "end_index": 62 - lost}
    assert text.extras == {"openai_responses": {"annotations": [moved]}}


def test_offsets_into_documents_stay() -> None:
    citations = JsonObject({"anthropic": {"citations": [{"start_char_index": 3, "end_char_index": 5}]}})
    b = Response(AssistantMessage((Text("see", citations),)))
    assert join(Response(assistant("before")), b).message.content == (Text("before"), Text("see", citations))


def test_signed_turns_are_kept_as_they_went_over_the_wire() -> None:
    thought = Reasoning("hm", signature="s")
    a = Response(AssistantMessage((thought, Text("one two thr"))))
    nudge, answer = user("go on"), AssistantMessage((thought, Text("three")))
    b = seamed(Response(answer), seam_start(a.text))
    turns: tuple[Message, ...] = (nudge, *b.turns)
    whole = join(a, Response(b.message, turns=turns))
    assert whole.message.content == (thought, Text("one two thr"), thought, Text("ee"))
    assert whole.turns == (a.message, nudge, answer)


def test_a_seam_moves_the_annotations_of_its_segment_back() -> None:
    said = "The quick brown fox jumps"
    b = seamed(cited("brown fox jumps over", 16, 20), seam_start(said))
    assert b.text == " over"
    assert b.message.extras == cited("", 1, 5).message.extras
