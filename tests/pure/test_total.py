"""What comes from outside may be anything, whatever a checker would have said: each function gives a value."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from returns.result import Failure

from llm_pure import Completion, Loss, Malformed, WireFormat, codec_of, user
from llm_pure.errors import ERRORS
from llm_pure.json import JsonInput

WIRES: tuple[WireFormat, ...] = ("anthropic_messages", "openai_chat", "openai_responses")
NOTHING: dict[str, object] = {
    "None": None,
    "True": True,
    "7": 7,
    "-1": -1,
    "3.5": 3.5,
    "nan": float("nan"),
    "10**5000": 10**5000,
    "text": "text",
    "no text": "",
    "lone surrogate": "\ud800",
    "bytes": b"\xff",
    "no bytes": b"",
    "bytearray": bytearray(b"{}"),
    "memoryview": memoryview(b"[]"),
    "list": [],
    "list of None": [None],
    "list of texts": ["x"],
    "dict": {},
    "dict of odd keys": {1: 2, None: object()},
    "object": object(),
    "tuple": (),
    "set": {1},
    "type": int,
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", NOTHING)
def test_whatever_is_to_be_decoded_the_outcome_is_a_value(wire: WireFormat, name: str) -> None:
    codec, value = codec_of(wire), NOTHING[name]
    functions: tuple[Callable[..., object], ...] = (
        codec.decode_request,
        codec.decode_response,
        codec.decode_stream,
    )
    for function in functions:
        outcome = function(value)
        assert isinstance(outcome, Failure) or (function is codec.decode_request and value == {})
        repr(outcome)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", NOTHING)
def test_whatever_an_answer_is_made_of_it_is_an_error(wire: WireFormat, name: str) -> None:
    decode: Callable[..., object] = codec_of(wire).decode_error
    value = NOTHING[name]
    for answer in (
        (value, {}, b"x"),
        (400, value, b"x"),
        (400, {"x": value}, b"x"),
        (400, {}, value),
        (value,) * 3,
    ):
        error = decode(*answer)
        assert isinstance(error, ERRORS)
        repr(error)


@pytest.mark.parametrize("wire", WIRES)
def test_a_chunk_that_is_no_bytes_says_so(wire: WireFormat) -> None:
    decode: Callable[..., object] = codec_of(wire).decode_stream
    outcome = decode([b"", "data: {}"])
    assert outcome == Failure(Malformed(message="expected bytes, not a string", path="$"))
    assert decode(7) == Failure(Malformed(message="expected chunks of bytes, not a number", path="$"))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("options", [7, "x", True, (1, 2)])
def test_options_that_are_no_object_are_a_loss(wire: WireFormat, options: JsonInput) -> None:
    name = "anthropic" if wire == "anthropic_messages" else "openai"
    asked = Completion([user("q")], provider_options={name: options}, max_tokens=9)
    plain = codec_of(wire).encode_request(asked.replace(provider_options={})).unwrap()
    encoded = codec_of(wire).encode_request(asked).unwrap()
    assert encoded.payload == plain.payload
    assert encoded.losses == (Loss(f"$.provider_options.{name}", "is no object of fields"),)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("buffer", [memoryview, bytearray])
def test_a_chunk_may_be_any_buffer(wire: WireFormat, buffer: Callable[[bytes], bytes]) -> None:
    codec = codec_of(wire)
    chunks = (b"event: ping\r\ndata: {}\r", b"\n\r\n", b"data: [DONE]\n\n")
    assert codec.decode_stream(map(buffer, chunks)) == codec.decode_stream(chunks)
