"""Two requests are the same when what is asked is, to the type; anything else is noticed, and shown."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.replay.interactions import Request
from llm_effects.replay.matching import difference, key_of, nearest
from llm_effects.replay.secrets import Scrubber
from llm_pure import anthropic_messages, openai_chat, openai_responses
from llm_pure.json import PlainJson, canonical_json, dump_json
from llm_pure.strategies import completions, json_values
from tests.effects.replay.strategies import requests


def asked(body: PlainJson, uri: str = "https://api.openai.com/v1/responses", **headers: str) -> Request:
    return Request("POST", uri, tuple(headers.items()), dump_json(body))


# ---------------------------------------------------------------- the same


@given(json_values(), json_values())
def test_bodies_are_the_same_exactly_when_their_json_is(a: PlainJson, b: PlainJson) -> None:
    assert (key_of(asked(a)) == key_of(asked(b))) is (canonical_json(a) == canonical_json(b))


@given(st.dictionaries(st.text(max_size=4), json_values(max_leaves=3), max_size=4))
def test_the_order_of_keys_and_the_space_between_them_do_not_matter(body: dict[str, PlainJson]) -> None:
    turned = json.dumps(dict(reversed(body.items())), indent=3).encode()
    assert key_of(asked(body)) == key_of(replace(asked(body), body=turned))


def test_scheme_host_port_and_headers_do_not_matter() -> None:
    here = asked({"a": 1}, "http://127.0.0.1:4711/v1/responses", authorization="Bearer x")
    there = asked({"a": 1}, "https://api.openai.com/v1/responses", user_agent="y")
    assert key_of(here) == key_of(there)


def test_the_order_of_a_query_does_not_matter_and_what_it_says_does() -> None:
    one, other, third = (
        asked(None, f"https://x/v1/files?{query}") for query in ("a=1&b=2", "b=2&a=1", "a=1&b=3")
    )
    assert key_of(one) == key_of(other) != key_of(third)


def test_a_form_with_a_file_is_the_same_whatever_its_boundary() -> None:
    def form(boundary: str, content: str) -> Request:
        body = f'--{boundary}\r\ncontent-disposition: form-data; name="file"\r\n\r\n{content}\r\n--{boundary}--\r\n'
        kind = f"multipart/form-data; boundary={boundary}"
        return Request("POST", "https://x/v1/files", (("content-type", kind),), body.encode())

    assert key_of(form("abc", "text")) == key_of(form("xyz", "text")) != key_of(form("abc", "other"))


# ---------------------------------------------------------------- everything else


def mutations(value: Any) -> list[Any]:
    """Every value that differs from this one in one place: another type, another value, one more, one less."""
    if isinstance(value, dict):
        found: list[Any] = [{**value, "another": None}]
        for key, item in value.items():
            rest = {name: it for name, it in value.items() if name != key}
            found += [rest, {**rest, f"{key}_": item}]
            found += [{**value, key: other} for other in mutations(item)]
        return found
    if isinstance(value, list):
        found = [[*value, None]]
        if value:
            found.append(value[:-1])
        if value and value != value[::-1]:
            found.append(value[::-1])
        for index, item in enumerate(value):
            found += [[*value[:index], other, *value[index + 1 :]] for other in mutations(item)]
        return found
    if isinstance(value, bool):
        return [not value, int(value), None, str(value)]
    if isinstance(value, int):
        return [value + 1, bool(value), str(value), None]
    if isinstance(value, float):
        return [value + 1 if value + 1 != value else -value, str(value), None]
    if isinstance(value, str):
        upper = value.upper() if value.upper() != value else f"{value}y"
        return [f"{value} ", f"{value}x", value[1:] or "x", upper, None, [value]]
    return [False, 0, "", {}, []]


@pytest.mark.parametrize(
    "codec", [anthropic_messages, openai_chat, openai_responses], ids=lambda it: it.PROVIDER
)
def test_every_mutation_of_a_recorded_request_is_caught(codec: Any) -> None:
    caught = tried = 0

    @given(completions(), st.integers(0, 9))
    def mutate(completion: Any, start: int) -> None:
        nonlocal caught, tried
        payload = codec.encode_request(completion).value_or(None)
        if payload is None:
            return
        clean = Scrubber().request
        request = Request("POST", f"https://x{codec.PATH}", (), dump_json(payload.payload))
        key = key_of(clean(request))
        # All of them would be thousands: every tenth, from a place that is drawn.
        bodies = [replace(request, body=dump_json(other)) for other in mutations(payload.payload)[start::10]]
        others = [
            replace(request, method="PUT"),
            replace(request, uri=f"{request.uri}/x"),
            replace(request, uri=f"{request.uri}?a=b"),
        ]
        for other in bodies + others:
            tried += 1
            caught += key_of(clean(other)) != key

    mutate()
    assert tried > 100
    assert caught == tried


@given(json_values())
def test_each_mutation_that_is_tried_is_one(value: Any) -> None:
    before = deepcopy(value)
    for other in mutations(value):
        assert canonical_json(other) != canonical_json(value)
    assert value == before


@given(requests())
def test_what_is_scrubbed_is_scrubbed_already(request: Request) -> None:
    once = Scrubber().request(request)
    assert Scrubber().request(once) == once


# ---------------------------------------------------------------- what is shown


def test_the_nearest_request_is_the_one_with_most_in_common() -> None:
    def ask(text: str, **more: PlainJson) -> Request:
        return asked({"model": "m", "input": [{"role": "user", "content": text}], **more})

    recorded = [ask("Translate: good morning"), ask("Say hello to Ada"), ask("Say hello to Ada", stream=True)]
    assert nearest(ask("Say hello to Bob"), recorded) == 1
    assert nearest(ask("Say hello to Bob", stream=True), recorded) == 2
    assert nearest(asked({"model": "m"}, "https://x/v1/files"), recorded) is None
    assert nearest(ask("x"), []) is None


def test_a_difference_shows_the_one_word_that_changed() -> None:
    was, now = asked({"model": "m", "input": "Say hello"}), asked({"input": "Say goodbye", "model": "m"})
    assert difference(now, was).splitlines() == [
        "--- recorded",
        "+++ asked",
        "@@ -1,5 +1,5 @@",
        " POST /v1/responses",
        " {",
        '-  "input": "Say hello",',
        '+  "input": "Say goodbye",',
        '   "model": "m"',
        " }",
    ]


@given(requests(), requests())
def test_a_difference_is_never_endless(a: Request, b: Request) -> None:
    shown = difference(a, b)
    assert len(shown) < 82 * 301
    if key_of(a) == key_of(b):
        assert shown == ""
