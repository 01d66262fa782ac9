"""Paths and functions in messages, in every colour."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_effects import Draft, Resolvable, arun, part_of, resolve, run
from llm_pure import (
    BadRequest,
    Base64,
    Completion,
    Document,
    Image,
    Misconfigured,
    Part,
    Text,
    UserMessage,
    user,
)
from llm_pure.anthropic_messages import decode_request
from llm_pure.json import parse_json
from tests.effects.scripted import QUESTION, ScriptedDoor, answer, failed, leaf

DOT = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def sent(*pieces: Resolvable, looped: bool = False) -> tuple[Part, ...]:
    """The content that went out."""
    runner = leaf(answer())
    asked = resolve(QUESTION.replace(messages=[]), Draft.user(*pieces))
    outcome = asyncio.run(arun(runner, asked)) if looped else run(runner, asked)
    outcome.unwrap()
    assert isinstance(runner.door, ScriptedDoor)
    payload = parse_json(runner.door.requests[0].body)
    assert isinstance(payload, dict)
    return decode_request(payload).unwrap().messages[0].content


@pytest.mark.parametrize("looped", [False, True])
def test_paths_and_functions_become_parts_in_their_order(tmp_path: Path, *, looped: bool) -> None:
    picture = tmp_path / "misleading.txt"
    picture.write_bytes(DOT)
    content = sent("Look:", picture, lambda: [Text("one"), None, "two"], lambda: None, looped=looped)
    assert [type(part) for part in content] == [Text, Image, Text, Text]
    image = content[1]
    assert isinstance(image, Image)
    assert isinstance(image.source, Base64)
    assert image.source.media_type == "image/png"


def test_an_async_function_is_awaited_on_a_loop() -> None:
    async def latest() -> str:
        await asyncio.sleep(0)
        return "news"

    assert sent("What is new?", latest, looped=True) == (Text("What is new?\nnews"),)


def test_an_async_function_in_a_blocking_run_is_a_failure() -> None:
    async def latest() -> str:
        return "news"

    error = failed(run(leaf(), resolve(QUESTION, Draft.user("x", latest))))
    assert isinstance(error, BadRequest)
    assert error.path == "$.messages[1].content[1]"


@pytest.mark.parametrize("looped", [False, True])
def test_what_fails_is_named_by_its_place_and_nothing_is_sent(tmp_path: Path, *, looped: bool) -> None:
    def broken() -> str:
        raise RuntimeError("no")

    def breaking() -> Iterator[str]:
        yield "x"
        raise RuntimeError("no")

    for piece in (tmp_path / "missing.png", broken, breaking, lambda: 5, lambda: {"a": 1}, lambda: b"bytes"):
        runner = leaf(answer())
        asked = resolve(QUESTION, Draft.user("x"), Draft.user("y", piece))  # type: ignore[arg-type]  # 5 is wrong
        error = failed(asyncio.run(arun(runner, asked)) if looped else run(runner, asked))
        assert isinstance(error, BadRequest)
        assert error.path == "$.messages[2].content[1]"
        assert isinstance(runner.door, ScriptedDoor)
        assert not runner.door.requests


def test_messages_that_are_whole_stay_as_they_are() -> None:
    asked = resolve(QUESTION, user("and"), Draft("assistant", ("so",)))
    assert asked.messages[:2] == (*QUESTION.messages, user("and"))


def test_the_media_type_is_read_from_the_bytes() -> None:
    pdf = part_of(b"%PDF-1.7 ...", "a.png")
    assert isinstance(pdf, Document)
    assert isinstance(pdf.source, Base64)
    assert (pdf.source.media_type, pdf.title) == ("application/pdf", "a.png")
    assert part_of(b"plain") == Text("plain")
    assert part_of(b"\xff\xfe\x00binary") is None
    assert part_of(b"a\0b") is None


def test_a_completion_resolves_to_itself() -> None:
    runner = leaf(answer("a"), answer("a"))
    assert run(runner, resolve(QUESTION)) == run(runner, QUESTION)
    assert Completion([UserMessage(())]).messages == (UserMessage(()),)
    assert not isinstance(run(leaf(answer()), QUESTION), Misconfigured)
