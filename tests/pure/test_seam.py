"""Seams, case by case: what is a repetition and what only looks like one."""

from time import process_time

import pytest

from llm_pure import seam, seam_feed, seam_start

FOX = "The quick brown fox jumps over"


@pytest.mark.parametrize(
    ("said", "coming", "kept"),
    [
        ("", "Hello", "Hello"),
        ("Hello", "", ""),
        (FOX, " the lazy dog.", " the lazy dog."),
        # the end, repeated
        (FOX, "brown fox jumps over the lazy dog.", " the lazy dog."),
        (FOX, FOX + " the lazy dog.", " the lazy dog."),
        (FOX, FOX, ""),
        (
            "| a | 1 |\n| b | 2 |\n",
            "| b | 2 |\n| c | 3 |\n",
            "| b | 2 |\n| c | 3 |\n",
        ),  # too short to be sure
        # all of it again, and cut short again
        (FOX + " the lazy dog", FOX, ""),
        (FOX, "The", "The"),
        # a word cut in two
        ("The capital is Par", "Paris.", "is."),
        ("The capital is Par", "Paris", "is"),
        ("The capital is Par", "is.", "is."),
        ("Bora ", "Bora", "Bora"),
        ("Bora", "Bora.", "Bora."),
        # what only looks like a repetition
        ("a", "a", "a"),
        ("ha", "haha", "haha"),
        ("haha", "hahaha!", "hahaha!"),
        ("0, 0, 0, 0, 0, 0, 0, ", "0, 0, 0, 0, 0, 0, 1", "0, 0, 0, 0, 0, 0, 1"),
        ("=" * 40, "=" * 40 + "\n", "=" * 40 + "\n"),
        ("<td>one</td>\n<td>one</td>\n", "<td>one</td>\n</tr>", "<td>one</td>\n</tr>"),
    ],
)
def test_what_is_kept_after_a_nudge(said: str, coming: str, kept: str) -> None:
    assert seam(said, coming) == kept


@pytest.mark.parametrize(
    ("said", "cut", "coming", "whole"),
    [
        ("one \n", " \n", " \ntwo", "one \ntwo"),
        ("one \n", " \n", "\ntwo", "one \ntwo"),
        ("one \n", " \n", "two", "one \ntwo"),
        ("one\n", "\n", "\n\ntwo", "one\n\ntwo"),
        ("one ", " ", " ", "one "),
        ("one", "", " two", "one two"),
        # A prefill is continued, never repeated: what looks like a repetition is meant.
        (FOX, "", FOX, FOX + FOX),
    ],
)
def test_a_prefill_gets_its_white_space_back_once(said: str, cut: str, coming: str, whole: str) -> None:
    assert said + seam(said, coming, cut=cut) == whole


def test_text_is_held_back_only_until_the_seam_is_decided() -> None:
    state, told = seam_start(FOX), []
    for piece in ("brown ", "fox jumps ", "over", " the", " lazy", " dog"):
        state, out = seam_feed(state, piece)
        told.append(out)
    assert told == ["", "", "", " the", " lazy", " dog"]


@pytest.mark.parametrize("said", ["a" * 20_000, "ab" * 10_000 + "c", "The quick brown fox. " * 1000])
def test_long_and_monotonous_texts_are_decided_quickly(said: str) -> None:
    start = process_time()
    state = seam_start(said)
    for at in range(0, len(said), 50):
        state, _ = seam_feed(state, said[at : at + 50])
    seam(said, said[1:] + "d")
    assert process_time() - start < 1
