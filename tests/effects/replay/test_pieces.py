"""A stream comes in any pieces, and says the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llm_effects.replay.interactions import Answer
from llm_effects.replay.pieces import pieces_of

EVENTS = (("content-type", "text/event-stream"),)


@given(st.binary(max_size=500), st.sampled_from(["random", "recorded", "whole"]), st.text(max_size=3))
def test_pieces_make_the_body_and_none_is_empty(body: bytes, how: str, seed: str) -> None:
    answer = Answer(200, EVENTS, body, (1, len(body) - 1) if len(body) > 1 else ())
    pieces = list(pieces_of(answer, how, seed))  # type: ignore[arg-type]  # drawn
    assert b"".join(pieces) == body
    assert all(pieces)
    assert pieces == list(pieces_of(answer, how, seed))  # type: ignore[arg-type]  # drawn


def test_pieces_that_were_recorded_come_as_they_were_and_others_by_the_seed() -> None:
    answer = Answer(200, EVENTS, bytes(1000), (10, 490, 500))
    assert [len(piece) for piece in pieces_of(answer, "recorded", "")] == [10, 490, 500]
    assert [len(piece) for piece in pieces_of(answer, "whole", "")] == [1000]
    drawn = {tuple(len(piece) for piece in pieces_of(answer, "random", str(seed))) for seed in range(20)}
    assert len(drawn) == 20
    assert any(1 in sizes for sizes in drawn)


def test_what_is_no_stream_comes_whole() -> None:
    assert list(pieces_of(Answer(200, (), bytes(1000)), "random", "1")) == [bytes(1000)]
