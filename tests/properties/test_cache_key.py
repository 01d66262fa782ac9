"""Laws of `llm_pure.cache_key`: keys are equal exactly when target, headers and canonical payload are."""

import json

from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import Completion, Encoded, PlainJson, Target, cache_key, codec_of
from llm_pure.cache_key import key_of
from llm_pure.json import canonical_json
from llm_pure.strategies import completions, plain_objects
from llm_pure.target import WireFormat

optional = st.none() | st.sampled_from(["a", "b", ""])
wires: st.SearchStrategy[WireFormat] = st.sampled_from(["anthropic_messages", "openai_chat"])
targets = st.builds(Target, st.sampled_from(["anthropic", "openai", "x"]), wires, optional, optional)
headers = st.dictionaries(
    st.sampled_from(["anthropic-beta", "anthropic-version"]), st.sampled_from(["1", "2"])
)
requests = st.builds(Encoded, plain_objects(), headers, st.just(()))


def with_payload(encoded: Encoded, payload: dict[str, PlainJson]) -> Encoded:
    return Encoded(payload, encoded.headers, encoded.losses)


@given(requests, requests, targets, targets)
def test_keys_are_equal_exactly_when_the_questions_are(a: Encoded, b: Encoded, x: Target, y: Target) -> None:
    def question(encoded: Encoded, target: Target) -> tuple[Target, bytes, object]:
        payload = {k: v for k, v in encoded.payload.items() if k not in {"stream", "stream_options"}}
        return target, canonical_json(payload), encoded.headers

    same = question(a, x) == question(b, y)
    assert (key_of(a, x) == key_of(b, y)) is same
    assert key_of(a, x) == key_of(with_payload(a, dict(reversed(a.payload.items()))), x)


@given(requests, targets, plain_objects())
def test_whether_it_is_streamed_changes_nothing(
    encoded: Encoded, target: Target, options: dict[str, PlainJson]
) -> None:
    streamed: dict[str, PlainJson] = {**encoded.payload, "stream": True, "stream_options": {**options}}
    assert key_of(with_payload(encoded, streamed), target) == key_of(encoded, target)


@given(requests, targets, st.text(), plain_objects())
def test_any_field_of_the_payload_changes_the_key(
    encoded: Encoded, target: Target, name: str, value: dict[str, PlainJson]
) -> None:
    if name not in {"stream", "stream_options"} and encoded.payload.get(name, ...) != value:
        assert key_of(with_payload(encoded, {**encoded.payload, name: {**value}}), target) != key_of(
            encoded, target
        )


@given(completions(), targets)
def test_a_completion_has_the_key_of_its_payload(completion: Completion, target: Target) -> None:
    encoded = codec_of(target.wire).encode_request(target.filled(completion))
    key = cache_key(completion, target)
    if isinstance(encoded, Success):
        assert key == key_of(encoded.unwrap(), target)
        assert cache_key(target.filled(completion), target) == key
        assert json.loads(canonical_json(encoded.unwrap().payload)) == encoded.unwrap().payload
    else:
        assert isinstance(key, Failure)
