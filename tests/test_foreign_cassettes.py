"""Cassettes that vcrpy and pytest-recording have written are read and played: thousands of real exchanges of both SDKs.

The recordings are other people's and no part of this repository; without them the tests are skipped.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import yamlserializer

from llm_effects.replay import cassette, read_cassette
from llm_pure.json import canonical_json

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings are not at hand (../shared/corpus)"),
    pytest.mark.slow,
]

FOLDERS = ("anthropic", "openai_chat", "openai_compatible", "openai_responses")


def sources(folder: str) -> Iterator[list[Mapping[str, Any]]]:
    """The exchanges of each cassette that they were taken from, in order."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for path in sorted((CORPUS / folder).glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["request"] and case["request"].get("path") and case["recording_level"].startswith("http"):
            found[case["source"]["repo"], case["source"]["path"]].append(case)
    yield from (sorted(cases, key=lambda case: case["source"]["index"]) for cases in found.values())


def body_of(response: Mapping[str, Any]) -> bytes:
    said = response.get("sse", response.get("body"))
    return said.encode() if isinstance(said, str) else json.dumps(said).encode()


def as_vcrpy_writes(cases: list[Mapping[str, Any]]) -> str:
    """The cassette as vcrpy, and so pytest-recording, has it: version 1, in YAML."""
    requests, responses = [], []
    for case in cases:
        asked, said = case["request"], case["response"]
        body = b"" if asked["body"] is None else json.dumps(asked["body"]).encode()
        headers = {"authorization": "Bearer DUMMY", **(asked["headers"] or {})}
        requests.append(Request(asked["method"], f"https://api.example.com{asked['path']}", body, headers))
        told = {**(said["headers"] or {}), "Transfer-Encoding": "chunked"}
        kind = "text/event-stream" if "sse" in said else "application/json"
        told.setdefault("content-type", kind)
        responses.append(
            {
                "status": {"code": said["status"], "message": "OK"},
                "headers": {name: [str(value)] for name, value in told.items()},
                "body": {"string": body_of(said)},
            }
        )
    text: str = serialize({"requests": requests, "responses": responses}, yamlserializer)
    return text


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_vcrpy_has_written_is_read_and_played_by_both_sdks(folder: str, tmp_path: Path) -> None:
    url = "https://elsewhere.invalid"
    client: Any = (
        anthropic.Anthropic(api_key="k", base_url=url, max_retries=0)
        if folder == "anthropic"
        else openai.OpenAI(api_key="k", base_url=url, max_retries=0)
    )
    played = 0
    for number, cases in enumerate(sources(folder)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(as_vcrpy_writes(cases), encoding="utf-8")
        assert len(read_cassette(file).interactions) == len(cases)
        with cassette(file) as tape:
            for case in cases:
                assert answered(client, case["request"]) == said(case["response"]), case["source"]
            assert tape.unplayed == ()
        played += len(cases)
    assert played > 500


def answered(client: Any, asked: Mapping[str, Any]) -> object:
    """What the SDK is given, its models aside."""
    ask = getattr(client, asked["method"].lower())
    body = {} if asked["body"] is None else {"body": asked["body"]}
    try:
        got = ask(asked["path"], cast_to=httpx2.Response, **body)
    except (anthropic.APIStatusError, openai.APIStatusError) as error:
        got = error.response
    return got.status_code, comparable(got.content)


def said(response: Mapping[str, Any]) -> object:
    return response["status"], comparable(body_of(response))


def comparable(body: bytes) -> bytes:
    try:
        return canonical_json(json.loads(body))
    except ValueError:
        return body
