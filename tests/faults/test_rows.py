"""The count of survived rows can fail: it is held by tests of its own."""

from __future__ import annotations

from collections import Counter

from tests.faults.rows import ROWS, UNTRIED, Tally, row_of, tally


def test_there_are_as_many_rows_as_the_matrix_has() -> None:
    assert Counter(row[0] for row in ROWS) == Counter(N=19, H=32, P=32, C=16, K=17, V=12, S=18)
    assert len(ROWS) == 146
    assert [row for row in UNTRIED if row not in ROWS] == []


def test_a_test_belongs_to_the_row_in_its_name() -> None:
    assert row_of("tests/faults/test_network.py::test_N9_a_cut_stream_is_incomplete[run-openai]") == "N9"
    assert row_of("tests/faults/test_N1_x.py::test_there_are_rows") is None


def test_a_row_is_survived_when_all_its_tests_passed() -> None:
    told = tally(
        [("t::test_N1_a", True), ("t::test_N2_a", True), ("t::test_N2_b", False), ("t::test_N1_b", True)]
    )
    assert told == Tally(("N1",), ("N2",))
    assert (told.missing[0], len(told.missing)) == ("N3", 144 - len(UNTRIED))
    assert told.lines(whole=False) == [f"  N2  {ROWS['N2']}: failed", "faults: 1 of 2 survived"]
    assert told.lines(whole=True)[-1] == f"faults: 1 of {146 - len(UNTRIED)} survived"


def test_a_row_that_is_in_no_table_is_not_survived() -> None:
    assert tally([("t::test_N99_a", True)]) == Tally((), ("N99",))
