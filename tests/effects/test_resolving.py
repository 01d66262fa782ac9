"""Paths and functions in messages, in every colour."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects import (
    Draft,
    Resolvable,
    arun,
    audio_from_path,
    document_from_path,
    image_from_path,
    part_of,
    resolve,
    run,
    simulate,
)
from llm_effects.media import FilePiece
from llm_pure import (
    Audio,
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

    asked = resolve(QUESTION, Draft.user("x", latest))
    for outcome in (run(leaf(), asked), simulate(leaf(), asked, [answer()]).outcome):
        error = failed(outcome)
        assert isinstance(error, BadRequest)
        assert error.path == "$.messages[1].content[1]"
        assert "async" in error.message


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


def test_a_draft_may_have_any_role() -> None:
    runner = leaf(answer(wire="openai_chat"), wire="openai_chat")
    drafts = (Draft("assistant", ("so",)), Draft("system", ("be brief",)), Draft.user("go on"))
    run(runner, resolve(QUESTION.replace(model="gpt-4o"), *drafts)).unwrap()
    assert isinstance(runner.door, ScriptedDoor)
    payload: Any = parse_json(runner.door.requests[0].body)
    assert [(it["role"], it["content"]) for it in payload["messages"]] == [
        ("user", "Say hello"),
        ("assistant", "so"),
        ("system", "be brief"),
        ("user", "go on"),
    ]


WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"
MEDIA = {
    "image/png": DOT,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "image/gif": b"GIF89a\x01\0\x01\0\x80\0\0",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0",
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "audio/wav": WAV,
    "audio/mpeg": b"ID3\x04\0\0\0\0\0\x23",
    "audio/flac": b"fLaC\0\0\0\x22",
    "audio/ogg": b"OggS\0\x02\0\0",
}


@pytest.mark.parametrize("kind", sorted(MEDIA))
def test_the_media_type_is_read_from_the_bytes(kind: str) -> None:
    part = part_of(MEDIA[kind], "misleading.txt")
    assert isinstance(part, Image | Document | Audio)
    assert part.source == Base64(b64encode(MEDIA[kind]).decode(), kind)
    assert {"image": Image, "application": Document, "audio": Audio}[kind.partition("/")[0]] is type(part)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_a_text_is_a_text_whatever_it_begins_with(text: str) -> None:
    for words in (f"GIF89a {text}", f"All about WEBP {text}", f"ID3 tags {text}", f"OggS, fLaC {text}"):
        assert part_of(words.encode()) == Text(words)
    assert part_of(b"\xef\xbb\xbf" + b"marked") == Text("marked")


def test_what_is_neither_text_nor_a_medium_is_nothing() -> None:
    assert part_of(b"\xff\xfe\x00binary") is None
    assert part_of(b"a\0b") is None


PICTURE = FilePiece(Path("p"), Image(Base64("", "")))


def test_a_piece_says_what_its_file_has_to_be(tmp_path: Path) -> None:
    for name, data in (("a.txt", DOT), ("b.png", b"words"), ("c.doc", b"%PDF-1.7"), ("d", WAV)):
        (tmp_path / name).write_bytes(data)
    assert image_from_path("p") == PICTURE
    picture = image_from_path(tmp_path / "a.txt", detail="low").read()
    assert picture == Image(Base64(b64encode(DOT).decode(), "image/png"), "low")
    words = document_from_path(str(tmp_path / "b.png"), context="c", citations=True).read()
    assert words == Document(Text("words"), "b.png", "c", citations=True)
    paper = document_from_path(tmp_path / "c.doc", title="Paper").read()
    assert paper == Document(Base64(b64encode(b"%PDF-1.7").decode(), "application/pdf"), "Paper")
    assert audio_from_path(tmp_path / "d").read() == Audio(Base64(b64encode(WAV).decode(), "audio/wav"))


@pytest.mark.parametrize("looped", [False, True])
def test_a_file_that_holds_something_else_is_a_failure_at_its_place(tmp_path: Path, *, looped: bool) -> None:
    notes = tmp_path / "cat.png"
    notes.write_text("no cat")
    for piece in (image_from_path(notes), audio_from_path(notes), image_from_path(tmp_path / "none.png")):
        asked = resolve(QUESTION, Draft.user("x", piece))
        error = failed(asyncio.run(arun(leaf(), asked)) if looped else run(leaf(), asked))
        assert isinstance(error, BadRequest)
        assert error.path == "$.messages[1].content[1]"
        if piece.path == notes:
            wanted = type(piece.as_part).__name__
            assert error.message == f"ValueError: cat.png: its bytes are no {wanted}, but Text"
    assert sent(document_from_path(notes))[0] == Document(Text("no cat"), "cat.png")


def test_a_completion_resolves_to_itself() -> None:
    runner = leaf(answer("a"), answer("a"))
    assert run(runner, resolve(QUESTION)) == run(runner, QUESTION)
    assert Completion([UserMessage(())]).messages == (UserMessage(()),)
    assert not isinstance(run(leaf(answer()), QUESTION), Misconfigured)
