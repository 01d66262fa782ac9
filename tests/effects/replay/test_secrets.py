"""No secret is written: none with a shape, none that an exchange had, and none that a stream says in pieces."""

from __future__ import annotations

import base64
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.replay.interactions import Answer, Interaction, Request
from llm_effects.replay.scan import shapes_in, strings_of
from llm_effects.replay.secrets import Scrubber, known_secrets
from llm_pure.json import PlainJson, dump_json
from llm_pure.strategies import json_values
from tests.effects.replay.strategies import answers, requests

SECRETS = {
    "key": "sk-ant-api03-CanaryCanaryCanaryCanary",
    "project key": "sk-proj-CanaryCanaryCanaryCanary_-x",
    "organisation": "org-CanaryCanaryCanary",
    "project": "proj_CanaryCanary1234",
    "user": "user-CanaryCanaryCanary1",
    "workspace": "wrkspc_01CanaryCanaryCanary",
    "bearer token": "Bearer canary.canary-canary_canary",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlY2FuYXJ5",
    "email": "canary.bird+x@mines.example.org",
    "cloud key": "AKIACANARYCANARY1234",
    "azure key": "0123456789abcdef0123456789abcdef",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nQ0FOQVJZ\n-----END RSA PRIVATE KEY-----",
    "login": "canary:tweet123@",
}
GIVEN = {**SECRETS, "login": "https://canary:tweet123@host.example"}
JSON = (("content-type", "application/json"),)
EVENTS = (("content-type", "text/event-stream"),)


@pytest.mark.parametrize("name", GIVEN)
def test_a_secret_with_a_shape_is_taken_out_of_any_text(name: str) -> None:
    text = Scrubber().text(f"before ({GIVEN[name]}) after")
    assert SECRETS[name] not in text
    assert text.startswith("before (")
    assert text.endswith(" after")
    assert list(shapes_in(text, Scrubber())) == []


def test_words_and_ids_that_are_no_secrets_stay() -> None:
    for text in (
        "org-chart-planning and pro_rata",
        "msg_01XFDUDYJgAACzvnptvVoYEL",
        "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
        "toolu_01A09q90qw90lq917835lq9",
        "@decorator, a@b, x = y@z",
        "claude-haiku-4-5-20251001",
        "https://example.org/path",
    ):
        assert Scrubber().text(text) == text


@given(st.sampled_from(sorted(SECRETS)), json_values(max_leaves=6))
def test_a_secret_is_taken_out_of_every_string_and_key_of_a_body(name: str, value: PlainJson) -> None:
    body = dump_json({"deep": [value, {f"k {GIVEN[name]}": GIVEN[name]}], "said": f"x {GIVEN[name]} y"})
    clean = Scrubber().body(body)
    assert SECRETS[name].encode() not in clean
    assert set(json.loads(clean)) == {"deep", "said"}


def test_escapes_hide_nothing() -> None:
    body = b'{"a":"canary\\u0040mines.example.org and \\u0073k-ant-api03-CanaryCanary"}'
    assert re.findall("canary@|Canary", Scrubber().body(body).decode()) == []


@given(st.lists(st.integers(1, 40), max_size=5))
@pytest.mark.parametrize("name", ["key", "email", "jwt"])
def test_a_secret_that_a_stream_says_in_pieces_is_taken_out(name: str, borders: list[int]) -> None:
    text = f"It is {SECRETS[name]}, he said."
    cuts = [0, *sorted({border for border in borders if border < len(text)}), len(text)]
    pieces = [text[a:b] for a, b in pairwise(cuts)]
    events: list[PlainJson] = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": it}}
        for it in pieces
    ]
    body = b"".join(b"event: x\ndata: " + dump_json(event) + b"\n\n" for event in events)
    clean = Scrubber().answer(Answer(200, EVENTS, body))
    said = "".join(
        json.loads(line[6:])["delta"]["text"] for line in clean.body.splitlines() if line[:5] == b"data:"
    )
    assert said == Scrubber().text(text)
    assert clean.body.count(b"\n\n") == len(pieces)
    assert not any(
        list(shapes_in(it, Scrubber())) for it in strings_of([Interaction(Request("GET", "x"), clean)])
    )


# ---------------------------------------------------------------- headers, and what they tell

SECRET_HEADERS = (
    ("authorization", "Bearer tok-0123456789abcdef"),
    ("x-api-key", "canary-without-a-shape"),
    ("api-key", "canarykey0"),
    ("openai-organization", "canary-organisation"),
    ("openai-project", "canary-project-1"),
    ("cookie", "session=canary-session-1; theme=dark"),
    ("anthropic-organization-id", "9f1c2b7e-0000-4000-8000-canary000000"),
    ("set-cookie", "__cf_bm=canary-cookie-value-1; path=/; HttpOnly"),
)


def test_of_headers_only_those_on_the_list_are_kept_in_both_directions() -> None:
    harmless = (
        ("content-type", "application/json"),
        ("x-request-id", "req_1"),
        ("anthropic-version", "2023-06-01"),
    )
    asked = Scrubber().request(
        Request("post", "https://api.openai.com/v1/responses", SECRET_HEADERS + harmless)
    )
    assert asked.method == "POST"
    assert dict(asked.headers) == {"anthropic-version": "2023-06-01", "content-type": "application/json"}
    said = Scrubber().answer(Answer(200, (*SECRET_HEADERS, *harmless, ("x-ratelimit-limit-tokens", "1"))))
    assert [name for name, _ in said.headers] == ["content-type", "x-ratelimit-limit-tokens", "x-request-id"]


@given(answers(), requests())
def test_a_secret_of_a_header_is_taken_out_wherever_it_is_echoed(answer: Answer, request: Request) -> None:
    scrubber = Scrubber().knowing(known_secrets(SECRET_HEADERS))
    values = [
        "tok-0123456789abcdef",
        "canary-without-a-shape",
        "canary-organisation",
        "canary-cookie-value-1",
    ]
    body = dump_json({"error": {"message": " ".join(f"no: {value}!" for value in values)}})
    for clean in (
        scrubber.request(Request("POST", request.uri, request.headers, body)).body,
        scrubber.answer(Answer(answer.status, answer.headers, body)).body,
    ):
        assert not any(value.encode() in clean for value in values)


def test_a_key_that_is_a_word_is_no_reason_to_take_the_word_out() -> None:
    scrubber = Scrubber().knowing(
        known_secrets((("authorization", "Bearer anthropic"), ("x-api-key", "test")))
    )
    assert scrubber.text("a test of anthropic") == "a test of anthropic"


def test_the_scan_finds_a_secret_in_another_spelling() -> None:
    scrubber = Scrubber().knowing(["canary/secret+value=1"])
    for spelled in ("canary%2Fsecret%2Bvalue%3D1", base64.b64encode(b"canary/secret+value=1").decode()):
        assert list(shapes_in(f"first\n{spelled}", scrubber)) == [("secret", 2)]


def test_addresses_say_nothing_about_whoever_recorded() -> None:
    def uri(given_: str) -> str:
        return Scrubber().request(Request("GET", given_)).uri

    assert uri("https://api.anthropic.com/v1/messages") == "https://api.anthropic.com/v1/messages"
    assert uri("http://user:pass@127.0.0.1:4711/v1/messages") == "https://host.invalid/v1/messages"
    assert uri("https://acme.openai.azure.com/openai/x?api-version=2024-10-21") == (
        "https://host.invalid/openai/x?api-version=2024-10-21"
    )
    assert uri("https://x/v1/m?key=canary-canary") == "https://host.invalid/v1/m?key=[key]"


def test_two_secrets_stay_two() -> None:
    one, other = (Scrubber().text(f"{name}@mines.example.org") for name in ("ann", "ben"))
    assert one != other
    assert one == Scrubber().text("ann@mines.example.org")


def test_a_project_can_add_shapes_of_its_own() -> None:
    assert Scrubber(more=(re.compile("ACME-[0-9]+"),)).text("see ACME-123").startswith("see [private:")
