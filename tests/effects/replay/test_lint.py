"""What is stale is found, with its place and its diff; what is fresh is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from returns.pipeline import is_successful

from llm_effects import Runner, run, stream
from llm_effects.replay import (
    Answer,
    Header,
    Interaction,
    Recording,
    Request,
    cassette,
    write_cassette,
)
from llm_effects.replay.drift import drifts, rebuilt
from llm_effects.replay.lint import KINDS, Finding, findings, main
from llm_effects.stub import Stub
from llm_pure import Completion, WireFormat, codec_of, user
from llm_pure.json import PlainJson, dump_json
from llm_pure.strategies import completions
from tests.providers import PROVIDERS, Provider

HELLO = Completion([user("Say hello")], max_tokens=100)
TODAY = date(2026, 11, 25)
PATHS: dict[WireFormat, str] = {
    "anthropic_messages": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
}
MESSAGE: dict[str, PlainJson] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
CHAT: dict[str, PlainJson] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello", "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
PAYLOADS: dict[WireFormat, dict[str, PlainJson]] = {
    "anthropic_messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "openai_responses": {"model": "m", "input": "Hi"},
}


def exchange(
    said: PlainJson | bytes,
    wire: WireFormat = "anthropic_messages",
    asked: dict[str, PlainJson] | None = None,
    *,
    kind: str = "application/json",
    ours: bool = False,
    status: int = 200,
) -> Interaction:
    body = said if isinstance(said, bytes) else dump_json(said)
    payload = PAYLOADS[wire] if asked is None else asked
    return Interaction(
        Request("POST", f"https://api.openai.com{PATHS[wire]}", (), dump_json(payload)),
        Answer(status, (("content-type", kind),), body),
        wire=wire if ours else None,
    )


def found(
    folder: Path, *interactions: Interaction, header: Header | None = None, **how: Any
) -> list[tuple[str, Any]]:
    file = folder / "x.yaml"
    write_cassette(file, Recording(interactions, header or Header(1, "2026-11-25")))
    return [
        (it.kind, it.path if it.path is not None else it.interaction)
        for it in findings(file, today=TODAY, **how)
    ]


# ---------------------------------------------------------------- what is fresh


def test_what_is_fresh_is_not_complained_of(tmp_path: Path) -> None:
    assert (
        found(tmp_path, exchange(MESSAGE, ours=True), exchange(CHAT, "openai_chat", ours=True), max_age=0)
        == []
    )


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda it: it.name)
def test_what_our_runners_have_just_recorded_is_what_they_would_send_today(
    provider: Provider, tmp_path: Path
) -> None:
    file = tmp_path / "x.yaml"

    def ask(runner: Runner, asked: Completion) -> None:
        run(runner, asked)
        with stream(runner, asked) as events:
            list(events)

    with Stub(headers=(("connection", "close"),)) as stub, cassette(file, "all"):
        runner = provider.with_clients(provider.url(stub))
        for asked in (HELLO, HELLO.replace(system="Be brief", temperature=0.5, stop_sequences=["x"])):
            ask(runner, asked)
    assert [
        str(it) for it in findings(file) if it.kind in {"request", "response", "unmodelled", "duplicate"}
    ] == []


@pytest.mark.parametrize("wire", PATHS)
@given(completions())
def test_a_request_that_a_codec_has_built_is_what_it_builds(wire: WireFormat, completion: Completion) -> None:
    codec = codec_of(wire)
    encoded = codec.encode_request(completion.replace(model="m")).value_or(None)
    # An option may make it no request that can be read; that lint says so is right.
    if encoded is not None and is_successful(codec.decode_request(encoded.payload)):
        headers = tuple((name.lower(), value) for name, value in encoded.headers.items())
        request = Request("POST", f"https://x{PATHS[wire]}", headers, dump_json(encoded.payload))
        recorded = Interaction(request, fault="ReadError", wire=wire, rebuilt=rebuilt(request, wire))
        assert list(drifts(recorded)) == []


# ---------------------------------------------------------------- what is stale


def test_a_request_that_would_be_built_in_another_way_is_shown_with_its_diff() -> None:
    old: dict[str, PlainJson] = {**PAYLOADS["openai_chat"], "stop": "x"}
    (drift,) = drifts(exchange(CHAT, "openai_chat", old, ours=True))
    assert (drift.kind, drift.path) == ("request", "$")
    assert drift.diff is not None
    assert [line for line in drift.diff.splitlines() if line[0] in "+-"][2:] == [
        '-  "stop": "x"',
        '+  "stop": [',
        '+    "x"',
        "+  ]",
    ]
    assert (
        list(drifts(exchange(CHAT, "openai_chat", old))) == []
    )  # somebody else's, who may spell as they like
    (wrong,) = drifts(
        exchange(MESSAGE, asked={**PAYLOADS["anthropic_messages"], "max_tokens": "9"}, ours=True)
    )
    assert (wrong.kind, wrong.path) == ("request", "$.max_tokens")


def test_a_header_that_the_codec_would_send_is_missed() -> None:
    asked: dict[str, PlainJson] = {**PAYLOADS["anthropic_messages"], "temperature": 0.5}
    (drift,) = drifts(exchange(MESSAGE, asked=asked, ours=True))
    assert drift.message.startswith("today's codec sends anthropic-version: ")


def test_an_answer_that_the_codec_does_not_take_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, exchange({**MESSAGE, "content": "Hello"})) == [
        ("response", "$.content"),
        ("sdk", "$.content"),
    ]
    assert found(tmp_path, exchange(b"<html>")) == [("response", "$")]
    cut = b'event: message_start\ndata: {"type":"message_start"}\n\n'
    assert ("response", 0) in [
        (kind, 0) for kind, _ in found(tmp_path, exchange(cut, kind="text/event-stream"))
    ]


def test_errors_and_faults_are_answers_too(tmp_path: Path) -> None:
    error = exchange({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, status=529)
    assert (
        found(
            tmp_path,
            error,
            replace(exchange(b'{"id'), fault="ReadError"),
            Interaction(error.request, fault="ConnectError"),
        )
        == []
    )


def test_an_answer_that_the_types_of_the_sdk_do_not_take_is_found(tmp_path: Path) -> None:
    usage: PlainJson = {"input_tokens": 1}
    assert found(tmp_path, exchange({**MESSAGE, "usage": usage})) == [("sdk", "$.usage.output_tokens")]
    choice: PlainJson = [
        {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "bored"}
    ]
    assert found(tmp_path, exchange({**CHAT, "choices": choice}, "openai_chat")) == [
        ("sdk", "$.choices[0].finish_reason")
    ]


@pytest.mark.parametrize("kind", [[], {}, 1, None])
def test_an_answer_of_a_type_that_is_no_text_is_found(kind: PlainJson) -> None:
    assert "sdk" in [drift.kind for drift in drifts(exchange({**MESSAGE, "type": kind}))]


def test_a_field_that_nobody_models_is_found_once(tmp_path: Path) -> None:
    assert found(tmp_path, exchange({**MESSAGE, "mood": "fine"})) == [("unmodelled", "$.mood")]
    assert found(tmp_path, exchange({**MESSAGE, "mood": None})) == []
    block: PlainJson = [{"type": "text", "text": "x", "tone": 1}, {"type": "text", "text": "y", "tone": 2}]
    assert found(tmp_path, exchange({**MESSAGE, "content": block})) == [("unmodelled", "$.content[0].tone")]


def test_a_field_that_the_codec_models_and_the_sdk_does_not_is_none_of_those(tmp_path: Path) -> None:
    thought: PlainJson = [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "x", "reasoning_content": "hm"},
            "finish_reason": "stop",
        }
    ]
    assert found(tmp_path, exchange({**CHAT, "choices": thought}, "openai_chat")) == []


def test_what_repeats_another_answer_and_all_is_found(tmp_path: Path) -> None:
    one, other = exchange(MESSAGE), exchange({**MESSAGE, "id": "msg_2"})
    assert found(tmp_path, one, other, one) == [("duplicate", 2)]


def test_what_is_older_than_the_limit_is_found(tmp_path: Path) -> None:
    one = exchange(MESSAGE)
    for header, old in (
        (Header(1, "2026-10-26"), []),
        (Header(1, "2026-10-25"), [("old", None)]),
        (Header(1), [("old", None)]),
    ):
        assert found(tmp_path, one, header=header, max_age=30) == old
        assert found(tmp_path, one, header=header) == []


def test_a_secret_in_a_name_is_found(tmp_path: Path) -> None:
    file = tmp_path / "test_it[sk-ant-api03-Canary0123456789].yaml"
    file.write_text("version: 1\ninteractions: []\n")
    assert [it.message for it in findings(file) if it.kind == "secret"] == ["its name holds a secret"]


def test_secrets_in_the_files_of_others_are_found_and_not_shown(tmp_path: Path) -> None:
    asked = Request(
        "POST",
        "https://api.anthropic.com/v1/messages",
        (("authorization", "Bearer canary"), ("content-type", "application/json")),
        dump_json({**PAYLOADS["anthropic_messages"], "system": "mail ann@mines.example.org"}),
    )
    said = Answer(200, (("content-type", "application/json"), ("set-cookie", "canary=1")), dump_json(MESSAGE))
    file = tmp_path / "x.yaml"
    write_cassette(file, Recording((Interaction(asked, said),), Header(1, "2026-11-25")))
    told = [str(it) for it in findings(file) if it.kind == "secret"]
    assert [it.rpartition(": ")[2] for it in told] == ["email", "header authorization", "header set-cookie"]
    assert not any("canary" in it or "mines" in it for it in told)


def test_a_cassette_whose_test_is_gone_is_found(tmp_path: Path) -> None:
    (tmp_path / "test_m.py").write_text(
        "def test_here():\n    pass\n\n@pytest.mark.llm_cassette('named')\ndef test_x(): ...\n"
    )
    folder = tmp_path / "cassettes" / "test_m"
    gone = tmp_path / "cassettes" / "test_gone" / "test_here.yaml"
    names = ("test_here", "test_here[1]", "TestX.test_here[a-b]", "test_here-0a1b2c3d", "named", "test_away")
    for path in (*(folder / f"{name}.yaml" for name in names), gone):
        write_cassette(path, Recording((exchange(MESSAGE),), Header(1, "2026-11-25")))
    unused = {path for path in (*folder.iterdir(), gone) if any(it.kind == "unused" for it in findings(path))}
    assert unused == {folder / "test_away.yaml", gone}


# ---------------------------------------------------------------- the command


def test_the_exit_status_says_whether_anything_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no cassettes in" in capsys.readouterr().err
    found(tmp_path, exchange(MESSAGE))
    (tmp_path / "other.yaml").write_text("a: 1\n")
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 cassette: nothing found\n"
    found(tmp_path, exchange({**MESSAGE, "mood": 1}))
    assert main([str(tmp_path)]) == 1
    assert "x.yaml: interaction 0: unmodelled: neither" in capsys.readouterr().out
    assert main([str(tmp_path), "--ignore", "unmodelled"]) == 0
    assert main([str(tmp_path / "none.yaml")]) == 1


def test_a_folder_that_is_called_like_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    assert main([str(tmp_path)]) == 2


def test_programs_get_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(tmp_path, exchange({**MESSAGE, "mood": 1}))
    assert main([str(tmp_path), "--json", "--max-age", "100000"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["files"]) == (1, 1)
    (one,) = [Finding(**it) for it in document["findings"]]
    assert (one.kind, one.interaction, one.path) == ("unmodelled", 0, "$.mood")
    assert one.kind in KINDS
