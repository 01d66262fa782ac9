"""Laws of `llm_pure.seam`: decided from left to right, in any pieces, and only ever at the beginning of what comes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llm_pure import SeamState, seam, seam_end, seam_feed, seam_start

# Few letters, so that texts overlap by themselves; words, so that overlaps are credible too.
letters = st.text("ab \n", max_size=30)
words = st.lists(st.sampled_from(["alpha ", "beta ", "gamma\n", "delta, ", "al", "pha "]), max_size=12).map(
    "".join
)
said = letters | words | st.text(max_size=20)


@st.composite
def seams(draw: st.DrawFn) -> tuple[str, str, str | None]:
    """A text, what comes after it (often a repetition of its end), and what was cut for a prefill."""
    before = draw(said)
    again = before[draw(st.integers(0, len(before))) :]
    coming = draw(st.sampled_from(["", again, before[: len(again)]])) + draw(said)
    cut = draw(st.none() | st.just(before[len(before.rstrip()) :]))
    return before, coming, cut


def in_pieces(state: SeamState, pieces: list[str]) -> list[str]:
    out = []
    for piece in pieces:
        state, told = seam_feed(state, piece)
        out.append(told)
    return [*out, seam_end(state)[1]]


@given(seams(), st.lists(st.integers(0, 60)))
def test_any_pieces_give_the_text_of_the_whole(case: tuple[str, str, str | None], places: list[int]) -> None:
    before, coming, cut = case
    cuts = [0, *sorted(min(place, len(coming)) for place in places), len(coming)]
    pieces = [coming[a:b] for a, b in pairwise(cuts)]
    assert "".join(in_pieces(seam_start(before, cut=cut), pieces)) == seam(before, coming, cut=cut)
    assert "".join(in_pieces(seam_start(before, cut=cut), list(coming))) == seam(before, coming, cut=cut)


@given(seams())
def test_only_what_was_said_is_taken_and_only_from_the_beginning(case: tuple[str, str, str | None]) -> None:
    before, coming, cut = case
    kept = seam(before, coming, cut=cut)
    assert coming.endswith(kept)
    assert coming[: len(coming) - len(kept)] in before


@given(said, said)
def test_white_space_that_was_cut_comes_back_exactly_once(before: str, coming: str) -> None:
    cut = before[len(before.rstrip()) :]
    assert before + seam(before, cut + coming, cut=cut) == before + coming or not cut
    visible = coming.lstrip()
    assert before + seam(before, visible, cut=cut) == before + visible


@given(st.text(min_size=40, max_size=60), st.integers(12, 40), said)
def test_a_repeated_end_is_taken(before: str, length: int, more: str) -> None:
    # Distinct characters make the repetition unmistakable.
    before = "".join(dict.fromkeys(before + "abcdefghijklmnopqrstuvwxyz0123456789"))
    assert seam(before, before[-length:] + more) == more


@given(said, said)
def test_once_decided_everything_flows(before: str, coming: str) -> None:
    state, _ = seam_feed(seam_start(before.replace("\0", "")), "\0")
    assert seam_feed(state, coming) == (state, coming)
    assert seam_end(state)[1] == ""
