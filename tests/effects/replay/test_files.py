"""What is written is read back; what is no cassette says why; vcrpy reads ours, and ours are as vcrpy's."""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request as VcrRequest
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer

from llm_effects.replay import BadCassette, read_cassette, write_cassette
from llm_effects.replay.bodies import json_of, readable
from llm_effects.replay.files import Recording, recording_of, text_of
from llm_effects.replay.interactions import Answer, Header, Interaction, Request
from llm_effects.replay.plain_yaml import BadYaml, Block, dump_yaml, load_yaml
from llm_pure.json import JsonError, canonical_json
from tests.effects.replay.strategies import BODIES, HEADERS, TEXTS, interactions

ASKED = Request("POST", "https://api.openai.com/v1/responses", (), b'{"model":"m","input":"Hi"}')
ANSWERED = Interaction(ASKED, Answer(200, (("content-type", "application/json"),), b'{"id":"r"}', (), "OK"))


def same(a: bytes, b: bytes) -> bool:
    """Whether two bodies say the same: indenting JSON is all that may happen to one."""
    mine, other = json_of(a), json_of(b)
    if isinstance(mine, dict | list) and not isinstance(other, JsonError):
        return canonical_json(mine) == canonical_json(other)
    return a == b


def told(interaction: Interaction) -> object:
    """All of an interaction but its bodies."""
    answer = interaction.answer
    return replace(
        interaction,
        request=replace(interaction.request, body=b""),
        answer=answer and replace(answer, body=b""),
    )


# ---------------------------------------------------------------- a round trip


@given(st.lists(interactions(), max_size=3), st.none() | HEADERS)
def test_what_is_written_is_read_back(given_: list[Interaction], header: Header | None) -> None:
    recording = Recording(tuple(given_), header)
    read = recording_of(text_of(recording).encode())
    assert read.header == header
    assert [told(one) for one in read.interactions] == [told(one) for one in given_]
    for was, now in zip(given_, read.interactions, strict=True):
        assert same(was.request.body, now.request.body)
        if was.answer is not None and now.answer is not None:
            assert same(was.answer.body, now.answer.body)


@given(interactions())
def test_writing_what_was_read_changes_nothing(one: Interaction) -> None:
    text = text_of(Recording((one,)))
    assert text_of(recording_of(text.encode())) == text


Data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | TEXTS
    | TEXTS.map(Block)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(Data)
@example({"a": "1e3", "b": "2026-11-25", "c": "yes", "d": "~", "e": "", "f": "0x1f", "g": " x", "h": "#"})
def test_yaml_gives_back_what_it_was_given(value: Any) -> None:
    assert load_yaml(dump_yaml(value)) == value


# ---------------------------------------------------------------- how it looks


def test_a_diff_of_two_cassettes_has_a_line_for_each_thing_that_changed() -> None:
    asked = replace(ASKED, body=b'{"model":"m","input":"Say \\"hi\\" to \xc5\x81ukasz \xf0\x9f\x8e\x89"}')
    events = b'event: a\ndata: {"n":1}\n\nevent: b\ndata: {"n":2}\n\n'
    stream = Answer(200, (("content-type", "text/event-stream"),), events, (10, len(events) - 10), "OK")
    lines = [line.strip() for line in text_of(Recording((Interaction(asked, stream),))).splitlines()]
    assert '"input": "Say \\"hi\\" to Łukasz 🎉"' in lines
    assert [line for line in lines if line.startswith("data:")] == ['data: {"n":1}', 'data: {"n":2}']
    assert f"pieces: [10, {len(events) - 10}]" in lines


@given(BODIES)
def test_a_body_is_text_where_it_is_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        assert readable(body) == body
    else:
        assert isinstance(readable(body), str)


# ---------------------------------------------------------------- what is no cassette

CUT = text_of(Recording((ANSWERED, ANSWERED), Header(1, "2026-11-25"))).encode()


@given(st.binary(max_size=60) | TEXTS.map(str.encode))
def test_any_bytes_are_a_recording_or_a_reason(data: bytes) -> None:
    with suppress(ValueError):
        recording_of(data)


@given(st.integers(0, len(CUT) - 1))
def test_a_cassette_that_was_cut_is_refused(length: int) -> None:
    if CUT[length:].strip():
        with pytest.raises(ValueError, match=r"\w"):
            recording_of(CUT[:length])


@given(st.integers(0, len(CUT) - 1), st.binary(min_size=1, max_size=3))
def test_a_cassette_with_other_bytes_in_it_is_a_recording_or_a_reason(place: int, other: bytes) -> None:
    with suppress(ValueError):
        recording_of(CUT[:place] + other + CUT[place + len(other) :])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("[1]", "$: a mapping is expected, not list"),
        ("interactions: []", "$.version: 1 is read here, not None"),
        ("version: 2\ninteractions: []", "$.version: 1 is read here, not 2"),
        ("version: 1", "$.interactions: a list is expected, not nothing"),
        ("version: 1\ninteractions: [{}]", "$.interactions[0]: neither a response nor a fault"),
        ("version: 1\ninteractions: [{fault: Boredom}]", "$.interactions[0].fault: 'Boredom' is none of"),
        (
            "version: 1\ninteractions: [{fault: ReadError}]",
            "$.interactions[0].request: a mapping is expected",
        ),
        (
            "version: 1\ninteractions: [{fault: ReadError, request: {method: GET, uri: 'http://['}}]",
            "$.interactions[0].request.uri: Invalid IPv6 URL",
        ),
        (
            "version: 1\nmetadata: {llm_effects: {schema: 99}}\ninteractions: []",
            "schema: this version reads up to 1",
        ),
        ("version: 1\ninteractions: [", "(line 3)"),
        (
            "a: !!python/object/apply:os.system [true]",
            "the tag 'python/object/apply:os.system' is refused (line 1)",
        ),
        ("a: !!python/name:os.system ''", "the tag 'python/name:os.system' is refused (line 1)"),
        ("[" * 100_000, "nested too deeply (line 1)"),
        ("&a [*a]", "an alias without a value (line 1)"),
        ("? [a]\n: b", "a key must be text (line 1)"),
        ("--- 1\n--- 2", "more than one document"),
    ],
)
def test_what_is_no_cassette_says_why(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(BadCassette) as refused:
        read_cassette(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert reason in str(refused.value)


def test_no_utf_8_is_no_cassette(tmp_path: Path) -> None:
    with pytest.raises(BadYaml, match=r"no UTF-8 \(byte 1\)"):
        recording_of(b"\xff")


# ---------------------------------------------------------------- the file


def test_a_file_is_its_owners_alone_and_replaces_the_old_one_whole(tmp_path: Path) -> None:
    file = tmp_path / "new" / "x.yaml"
    write_cassette(file, Recording((ANSWERED,)))
    before = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(AttributeError):
        write_cassette(file, Recording((None,)))  # type: ignore[arg-type]  # what cannot be written
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
    write_cassette(file, Recording((ANSWERED, ANSWERED)))
    assert len(read_cassette(file).interactions) == 2


# ---------------------------------------------------------------- vcrpy's files


@given(st.lists(interactions().filter(lambda one: one.answer is not None), min_size=1, max_size=3))
def test_vcrpy_reads_what_is_written(given_: list[Interaction]) -> None:
    requests, answers, *_ = deserialize(text_of(Recording(tuple(given_))), yamlserializer)
    for one, request, answer in zip(given_, requests, answers, strict=True):
        assert (request.method, request.uri) == (one.request.method, one.request.uri)
        assert same(one.request.body, request.body)
        assert one.answer is not None
        assert answer["status"] == {"code": one.answer.status, "message": one.answer.reason}
        assert same(one.answer.body, answer["body"]["string"])


@given(interactions().filter(lambda one: one.answer is not None))
def test_what_vcrpy_writes_is_read(one: Interaction) -> None:
    answer = one.answer
    assert answer is not None
    asked = VcrRequest(one.request.method, one.request.uri, one.request.body, dict(one.request.headers))
    said = {
        "status": {"code": answer.status, "message": answer.reason},
        "headers": {name: [value] for name, value in answer.headers},
        "body": {"string": answer.body},
    }
    text = serialize({"requests": [asked], "responses": [said]}, yamlserializer)
    (read,) = recording_of(text.encode()).interactions
    assert read.request == replace(one.request, headers=tuple(dict(one.request.headers).items()))
    assert read.answer == replace(answer, headers=tuple(dict(answer.headers).items()), pieces=())


GZIP = "{string: !!binary H4sIAAAAAAAC/8tIzcnJBwCGphA2BQAAAA==}"


@pytest.mark.parametrize(
    ("response", "body"),
    [
        ("{status_code: 200, headers: {}, content: hello}", b"hello"),
        ("{status: {code: 200}, body: {string: !!python/unicode hello}}", b"hello"),
        ("{status: {code: 200}, body: {base64_string: !!binary aGVsbG8=}}", b"hello"),
        ("{status: {code: 200}, body: hello}", b"hello"),
        ("{status: {code: 200}, body: null}", b""),
        ("{status: {code: 200}, headers: {Content-Encoding: [gzip]}, body: " + GZIP + "}", b"hello"),
    ],
)
def test_the_forms_that_vcrpy_has_had_over_the_years_are_read(response: str, body: bytes) -> None:
    asked = (
        "{method: POST, uri: 'http://x/y', headers: {A: [b]}, body: !!python/object/new:_io.BytesIO "
        "{state: !!python/tuple [!!binary aGk=, 0, null]}}"
    )
    text = f"version: 1\ninteractions:\n- request: {asked}\n  response: {response}\n"
    (read,) = recording_of(text.encode()).interactions
    assert read.request == Request("POST", "http://x/y", (("a", "b"),), b"hi")
    assert read.answer is not None
    assert read.answer.body == body


def test_vcrpy_plays_a_file_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    write_cassette(file, Recording((ANSWERED,), Header(1, "2026-11-25", {"openai": "3"}, "a note")))
    requests, answers, *_ = FilesystemPersister.load_cassette(str(file), yamlserializer)
    assert (len(requests), answers[0]["status"]["code"]) == (1, 200)
