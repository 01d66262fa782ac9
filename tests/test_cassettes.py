"""The scenes are recorded and played by the plugin: once against the stub (`make record`), then in every colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure, Success

from llm_effects.replay import Cassette, cassette, read_cassette
from llm_effects.replay.interactions import Interaction
from llm_effects.replay.lint import findings
from llm_pure import EMPTY, Outcome, Response
from tests.effects.scripted import COLOURS
from tests.scenes import ANTHROPIC_KEY, KINDS, OPENAI_KEY, ORGANISATION, SCENES, Kind, Scene

FOLDER = Path(__file__).parent / "cassettes" / "test_cassettes"
FILES = sorted(FOLDER.glob("*.yaml"))
PLAYED = {f"{scene.provider.name}-{scene.name}-{kind}": (scene, kind) for scene in SCENES for kind in KINDS}


def seen(outcome: Outcome[Response]) -> object:
    """The outcome as scenes put it."""
    match outcome:
        case Success(response):
            calls = tuple(replace(call, extras=EMPTY) for call in response.tool_calls)
            return response.text, response.stop_reason, calls, response.usage.output_tokens
        case Failure(error):
            return type(error), error.status


def asked(scene: Scene, kind: Kind, played: Cassette, *colours: str) -> Iterator[object]:
    """What comes of a scene, from its cassette; of the stub, if the cassette is being recorded."""
    with ExitStack() as stack:
        url = "https://api.invalid" + ("" if scene.provider.name == "anthropic" else "/v1")
        if not played.replaying:
            stub = stack.enter_context(scene.stub())
            url = scene.provider.url(stub)
        for colour in colours or KINDS[kind]:
            played.rewind()
            yield seen(COLOURS[colour](scene.runner(url), scene.asked).outcome)


@pytest.mark.parametrize("name", PLAYED)
def test_scene(name: str, llm_cassette: Cassette) -> None:
    """What was recorded once is what comes in each colour."""
    scene, kind = PLAYED[name]
    assert list(asked(scene, kind, llm_cassette)) == [scene.expected] * len(KINDS[kind])


# ---------------------------------------------------------------- the files


def test_every_scene_has_its_cassettes_and_every_cassette_its_scene() -> None:
    assert {f"test_scene[{name}]" for name in PLAYED} == {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_cassette_is_neither_stale_nor_unsafe(file: Path) -> None:
    assert list(map(str, findings(file))) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_cassette_says_where_it_comes_from_and_holds_no_secret(file: Path) -> None:
    header = read_cassette(file).header
    assert header is not None
    assert header.note.startswith("Recorded against the project's own stub")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", header.recorded)
    assert {"anthropic", "openai", "httpx2"} <= set(header.sdks)
    text = file.read_text(encoding="utf-8")
    for secret in (ANTHROPIC_KEY, OPENAI_KEY, ORGANISATION, "Canary", "cookie", "127.0.0.1", "localhost"):
        assert secret not in text


@pytest.mark.slow
def test_whoever_records_anew_gets_the_same_interactions(tmp_path: Path) -> None:
    def without_versions(file: Path) -> list[Interaction]:
        return list(read_cassette(file).interactions)

    for name, (scene, kind) in PLAYED.items():
        again = tmp_path / f"{name}.yaml"
        with cassette(again, "all") as recorded:
            assert list(asked(scene, kind, recorded, KINDS[kind][0])) == [scene.expected]
        assert without_versions(again) == without_versions(FOLDER / f"test_scene[{name}].yaml")
