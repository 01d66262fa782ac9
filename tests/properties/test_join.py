"""Laws of `llm_pure.join`: associative, additive, and careful with what is signed."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from llm_pure import (
    JsonInput,
    JsonObject,
    Message,
    Part,
    PlainJson,
    Reasoning,
    Response,
    Text,
    join,
    reappend_stop_sequence,
    user,
)
from llm_pure.join import cut_text, joined_content
from llm_pure.response import text_of
from llm_pure.strategies import json_values, parts, responses

places = st.integers(0, 50)
notes: st.SearchStrategy[PlainJson] = st.builds(
    lambda start, end, nested: (
        {"type": "url_citation", "url_citation": {"start_index": start, "end_index": end}}
        if nested
        else {"type": "url_citation", "start_index": start, "end_index": end}
    ),
    places,
    places,
    st.booleans(),
)


@st.composite
def segments(draw: st.DrawFn, alternatives: int = 1) -> Response:
    """A response, perhaps with annotations, with turns of its own, or with alternatives."""
    found = draw(responses())
    if draw(st.booleans()):
        annotations: JsonInput = draw(st.lists(notes, max_size=2) | json_values())
        extras = JsonObject({**found.message.extras, "openai_chat": {"annotations": annotations}})
        found = replace(found, message=replace(found.message, extras=extras))
    if draw(st.booleans()):
        found = replace(found, turns=(user("and the rest?"), found.message))
    if alternatives and draw(st.booleans()):
        others = draw(st.lists(segments(0), max_size=2))
        found = replace(found, alternatives=tuple(others))
    return replace(found, has_prefill=draw(st.booleans()))


@given(segments(), segments(), segments())
def test_join_is_associative(a: Response, b: Response, c: Response) -> None:
    assert join(join(a, b), c) == join(a, join(b, c))


@given(segments(), segments())
def test_text_is_concatenated_and_usage_added(a: Response, b: Response) -> None:
    both = join(a, b)
    assert both.text == a.text + b.text
    assert both.usage == a.usage + b.usage
    assert (both.stop_reason, both.raw_stop_reason, both.stop_sequence) == (
        b.stop_reason,
        b.raw_stop_reason,
        b.stop_sequence,
    )
    assert (both.id, both.model, both.provider) == (b.id, b.model, b.provider)
    assert both.turns == (*(a.turns or (a.message,)), *(b.turns or (b.message,)))


@given(segments(), segments())
def test_whatever_is_no_plain_text_stays_as_it_is(a: Response, b: Response) -> None:
    def others(response: Response) -> list[Part]:
        return [part for part in response.message.content if not isinstance(part, Text) or part.extras]

    assert others(join(a, b)) == others(a) + others(b)

    def reasoning(messages: tuple[Message, ...]) -> list[Part]:
        return [part for message in messages for part in message.content if isinstance(part, Reasoning)]

    assert reasoning((join(a, b).message,)) == reasoning((a.message, b.message))


@given(st.lists(parts()).map(tuple), st.lists(parts()).map(tuple), st.lists(parts()).map(tuple))
def test_joined_content_is_a_monoid(a: tuple[Part, ...], b: tuple[Part, ...], c: tuple[Part, ...]) -> None:
    assert joined_content(joined_content(a, b), c) == joined_content(a, joined_content(b, c))
    assert joined_content(a, ()) == a == joined_content((), a)
    assert text_of(joined_content(a, b)) == text_of(a) + text_of(b)


@given(segments(), st.integers(0, 40))
def test_a_cut_answer_is_the_beginning_of_its_text(response: Response, length: int) -> None:
    assert cut_text(response, length).text == response.text[:length]


@given(segments(), st.text(min_size=1))
def test_a_stop_sequence_is_put_back_only_where_one_stopped_the_answer(response: Response, stop: str) -> None:
    stopped = replace(response, stop_reason="stop_sequence", stop_sequence=stop)
    assert reappend_stop_sequence(stopped).text == response.text + stop
    assert reappend_stop_sequence(replace(stopped, stop_reason="end")).text == response.text
