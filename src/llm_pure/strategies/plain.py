"""The bricks of payloads and answers: plain JSON, typed as such."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from llm_pure.json import PlainJson
from llm_pure.strategies.raw import texts

__all__ = ["Plain", "Plains", "just", "listed", "plain_texts", "plain_words", "record"]

Plain = dict[str, PlainJson]
Plains = st.SearchStrategy[Plain]


def record(
    required: dict[str, st.SearchStrategy[PlainJson]], optional: dict[str, st.SearchStrategy[PlainJson]]
) -> Plains:
    return st.fixed_dictionaries(required, optional=optional)


def just(*words: PlainJson) -> st.SearchStrategy[PlainJson]:
    return st.sampled_from(words)


def listed(items: Plains, *, min_size: int = 0, max_size: int = 3) -> st.SearchStrategy[PlainJson]:
    return st.lists(items, min_size=min_size, max_size=max_size).map(lambda found: [*found])


@cache
def plain_texts() -> st.SearchStrategy[PlainJson]:
    return texts().map(str)


@cache
def plain_words() -> st.SearchStrategy[PlainJson]:
    return texts(min_size=1).map(str)
