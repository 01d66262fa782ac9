"""A test has one file, within the folder, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.replay import BadName
from llm_effects.replay.names import cassette_path, file_name

MODULE = Path("/project/tests/test_it.py")
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def test_a_cassette_stands_beside_its_test() -> None:
    for name in ("test_it", "TestIt.test_it", "test_it[a-1.5]"):
        assert file_name(name) == name
        assert cassette_path(MODULE, name) == Path(f"/project/tests/cassettes/test_it/{name}.yaml")


@given(ANY)
def test_whatever_a_test_is_called_its_file_stays_in_the_folder(name: str) -> None:
    path = cassette_path(MODULE, file_name(f"test[{name}]"))
    assert path.parent == Path("/project/tests/cassettes/test_it")
    assert len(path.name) < 130


@given(ANY, ANY)
def test_two_names_are_two_files(a: str, b: str) -> None:
    assert (file_name(a) == file_name(b)) is (a == b)


def test_a_parameter_that_looks_like_a_key_is_in_no_file_name() -> None:
    one, two = (
        file_name(f"test_it[sk-ant-api03-{key}-en]") for key in ("Canary0123456789", "Canary9876543210")
    )
    assert one != two
    assert one == file_name("test_it[sk-ant-api03-Canary0123456789-en]")
    assert one.startswith("test_it[")
    assert "Canary" not in one + two
    cassette_path(MODULE, one)


LEAVING = ["../x", "..", ".", "a/b", "/etc/x", "a\\b", "", ".hidden", "a\n", "a" * 200, "ü", "a."]


@pytest.mark.parametrize("name", LEAVING)
def test_a_name_that_leaves_the_folder_or_the_alphabet_is_refused(name: str) -> None:
    with pytest.raises(BadName, match="is no name for a cassette"):
        cassette_path(MODULE, name)
