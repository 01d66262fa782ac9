"""What was recorded is played without a network, in every colour; what was not recorded is a miss that says so.

The cassettes are recordings of the project's own stub; `tests/recording.py` has the scenes.
"""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success
from vcr.request import Request
from vcr.serializers import yamlserializer

from llm_effects import compose, run, with_retry
from llm_effects.notes import Attempted, GaveUp
from llm_pure import EMPTY, CassetteMiss, Completion, JsonObject, Outcome, Output, Response, RetryPolicy, user
from llm_pure.json import PlainJson, dump_json, same_json
from llm_pure.strategies import json_values
from tests.effects.scripted import COLOURS, Told, failed
from tests.providers import PROVIDERS, Provider
from tests.recording import (
    ANTHROPIC_KEY,
    CASSETTES,
    HEADERS,
    KEPT,
    KINDS,
    OPENAI_KEY,
    ORGANISATION,
    SCENES,
    SCHEMA,
    Kind,
    Scene,
    cassette,
    difference,
    record,
    same_body,
    scrubbed_request,
)

FILES = sorted(CASSETTES.glob("*.yaml"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Whoever opens a connection fails, but for the tests that record."""
    if "records" in request.node.name:
        return

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a cassette is played without a network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "connect_ex", refused)


def nowhere(provider: Provider) -> str:
    """An address at which nobody answers."""
    return "https://api.invalid" + ("" if provider.name == "anthropic" else "/v1")


def seen(outcome: Outcome[Response]) -> object:
    """The outcome as scenes put it."""
    match outcome:
        case Success(response):
            calls = tuple(replace(call, extras=EMPTY) for call in response.tool_calls)
            return response.text, response.stop_reason, calls, response.usage.output_tokens
        case Failure(error):
            return type(error), error.status


# ---------------------------------------------------------------- playing

PLAYED = [(scene, kind, colour) for scene in SCENES for kind, colours in KINDS.items() for colour in colours]


@pytest.mark.parametrize(
    ("scene", "kind", "colour"),
    PLAYED,
    ids=[f"{scene.provider.name}-{scene.name}-{colour}" for scene, _, colour in PLAYED],
)
def test_a_cassette_is_played_to_its_end_and_gives_what_was_recorded(
    scene: Scene, kind: Kind, colour: str
) -> None:
    with cassette(scene.file(kind)) as played:
        told = COLOURS[colour](scene.runner(nowhere(scene.provider)), scene.asked)
        assert played.all_played
        assert played.play_count == len(scene.steps)
    assert seen(told.outcome) == scene.expected


@pytest.mark.parametrize("scene", SCENES, ids=[f"{scene.provider.name}-{scene.name}" for scene in SCENES])
def test_streamed_or_whole_in_either_colour_the_answer_is_the_same(scene: Scene) -> None:
    outcomes = []
    for kind, colours in KINDS.items():
        for colour in colours:
            with cassette(scene.file(kind)):
                outcomes.append(
                    seen(COLOURS[colour](scene.runner(nowhere(scene.provider)), scene.asked).outcome)
                )
    assert outcomes == [scene.expected] * 4


# ---------------------------------------------------------------- a miss


def asked(
    provider: Provider, file: Path, completion: Completion, colour: str = "run", times: int = 1
) -> Told:
    """The last of several runs with retries, played from a cassette."""
    runner = compose(provider.with_clients(nowhere(provider)), with_retry(RetryPolicy(base_delay=0)))
    with cassette(file):
        for _ in range(times - 1):
            COLOURS[colour](runner, completion)
        return COLOURS[colour](runner, completion)


def text_scene(provider: Provider, colour: str) -> tuple[Completion, Path]:
    scene = next(scene for scene in SCENES if scene.provider is provider and scene.name == "text")
    return scene.asked, scene.file("whole" if colour in KINDS["whole"] else "streamed")


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_request_that_has_changed_is_a_miss_that_names_the_file_and_the_place(
    provider: Provider, colour: str
) -> None:
    question, file = text_scene(provider, colour)
    told = asked(provider, file, question.replace(messages=[user("Say goodbye")]), colour)
    error = failed(told.outcome)
    assert isinstance(error, CassetteMiss)
    assert Path(error.file) == file
    assert "POST /v1/" in error.message
    assert '[0].content: "Say goodbye", recorded was "Say hello"' in error.message
    assert [type(note) for note in told.notes] == [Attempted, GaveUp]  # once, and not again


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_request_asked_more_often_than_recorded_is_a_miss(provider: Provider, colour: str) -> None:
    question, file = text_scene(provider, colour)
    error = failed(asked(provider, file, question, colour, times=2).outcome)
    assert isinstance(error, CassetteMiss)
    assert "have been played" in error.message


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_without_a_cassette_every_request_is_a_miss_and_none_is_recorded(
    provider: Provider, colour: str, tmp_path: Path
) -> None:
    question, _ = text_scene(provider, colour)
    file = tmp_path / "absent.yaml"
    error = failed(asked(provider, file, question, colour).outcome)
    assert isinstance(error, CassetteMiss)
    assert Path(error.file) == file
    assert "no such cassette" in error.message
    assert not file.exists()


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_any_other_setting_of_a_completion_is_a_miss(provider: Provider) -> None:
    question, file = text_scene(provider, "run")
    for changed in (
        question.replace(max_tokens=101),
        question.replace(model="another"),
        question.replace(system="Be brief."),
        question.replace(output=Output(JsonObject({"type": "object"}), "answer")),
        question.add_messages(user("And?")),
    ):
        assert isinstance(failed(asked(provider, file, changed).outcome), CassetteMiss)


# ---------------------------------------------------------------- what matches


def a_request(body: PlainJson, uri: str = "https://stub.invalid/v1/messages", **headers: str) -> Any:
    return Request("POST", uri, dump_json(body), headers)


def matches(a: PlainJson, b: PlainJson) -> bool:
    try:
        same_body(a_request(a), a_request(b))
    except AssertionError:
        return False
    return True


@given(json_values(), json_values())
def test_bodies_match_exactly_as_json_compares(a: PlainJson, b: PlainJson) -> None:
    assert matches(a, b) is same_json(a, b)
    assert matches(a, a)


@given(st.dictionaries(st.text(max_size=4), json_values(max_leaves=3), max_size=4))
def test_the_order_of_keys_does_not_matter(body: dict[str, PlainJson]) -> None:
    assert matches(body, dict(reversed(body.items())))


@pytest.mark.parametrize(
    ("a", "b", "place"),
    [
        ({"n": 1}, {"n": True}, "$.n: 1, recorded was true"),
        ({"n": 0}, {"n": False}, "$.n: 0, recorded was false"),
        ({"n": None}, {}, "$.n: not recorded"),
        ({}, {"n": None}, "$.n: not asked"),
        ([1, 2], [2, 1], "$[0]: 1, recorded was 2"),
        ([1], [1, 2], "$: 1 items, recorded were 2"),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, '$.a[0].b: "x", recorded was "y"'),
        ("1", 1, '$: "1", recorded was 1'),
    ],
)
def test_bodies_that_differ_in_type_or_order_do_not_match(a: PlainJson, b: PlainJson, place: str) -> None:
    assert not matches(a, b)
    assert difference(a, b) == place


def test_host_port_and_headers_do_not_matter() -> None:
    body: PlainJson = {"a": 1}
    here = scrubbed_request(a_request(body, "http://127.0.0.1:4711/v1/messages", authorization="Bearer x"))
    there = scrubbed_request(a_request(body, "https://api.example.com/v1/messages", x_api_key="y"))
    assert (here.method, here.uri, here.headers) == (there.method, there.uri, there.headers)


# ---------------------------------------------------------------- the files

SECRET = re.compile(
    r"sk-[A-Za-z0-9_-]{6}|Bearer\s|\borg-[A-Za-z0-9]{6}|\bproj_[A-Za-z0-9]{6}|AKIA[A-Z0-9]{12}|eyJ[\w-]+\.[\w-]+\."
    r"|api[-_]key|authorization|cookie|canary|127\.0\.0\.1|localhost",
    re.IGNORECASE,
)


def test_every_scene_has_its_cassettes_and_every_cassette_its_scene() -> None:
    assert sorted(scene.file(kind) for scene in SCENES for kind in KINDS) == FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_cassette_says_where_it_comes_from(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    recorded = yamlserializer.deserialize(text)["metadata"]["recorded"]
    assert text.startswith(HEADERS)
    assert (recorded["against"], recorded["schema"]) == (
        "llm_effects.stub, the project's own stub provider",
        SCHEMA,
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", recorded["date"])
    assert sorted(recorded["sdks"]) == ["anthropic", "httpx2", "openai"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_cassette_holds_no_key_and_no_header_that_is_not_on_the_list(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert SECRET.findall(text) == []
    for interaction in yamlserializer.deserialize(text)["interactions"]:
        for side, kept in KEPT.items():
            assert set(interaction[side]["headers"]) <= kept
        assert isinstance(interaction["response"]["body"]["string"], str)  # decompressed, readable


def test_the_scan_finds_every_secret_that_the_recording_had() -> None:
    said = (f"Bearer {ANTHROPIC_KEY}", OPENAI_KEY, ORGANISATION, "X-Api-Key: x", "Set-Cookie: y")
    assert [secret for secret in said if not SECRET.search(secret)] == []


@pytest.mark.slow
def test_whoever_records_anew_gets_the_same_interactions(tmp_path: Path) -> None:
    again = {path.name: path for path in record(tmp_path, COLOURS)}
    assert sorted(again) == [file.name for file in FILES]
    old, new = (
        {
            path.name: yamlserializer.deserialize(path.read_text(encoding="utf-8"))["interactions"]
            for path in paths
        }
        for paths in (FILES, again.values())
    )
    assert new == old


def test_a_cassette_that_was_cut_is_a_miss_or_a_clear_refusal_and_never_an_answer(tmp_path: Path) -> None:
    scene = SCENES[0]
    whole = scene.file("whole").read_bytes()
    file = tmp_path / "cut.yaml"
    for end in (0, 10, len(HEADERS)):
        file.write_bytes(whole[:end])
        outcome = None
        try:
            with cassette(file):
                outcome = run(scene.runner(nowhere(scene.provider)), scene.asked)
        except (TypeError, KeyError, ValueError):
            continue
        assert isinstance(failed(outcome), CassetteMiss)
