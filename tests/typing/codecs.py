"""A codec is a module with the functions of `Codec`; what it gives narrows."""

from __future__ import annotations

from typing import TypeVar, assert_type

from returns.result import Failure, Success

from llm_pure import (
    Codec,
    Completion,
    Encoded,
    LlmError,
    Lossy,
    Outcome,
    Response,
    StreamEvent,
    WireFormat,
    anthropic_messages,
    codec_of,
    openai_chat,
    openai_responses,
)
from llm_pure.json import PlainJson

S = TypeVar("S")


def folded(codec: Codec[S], chunks: list[bytes]) -> Outcome[Response]:
    """A stream through any codec; its state is of a type that only the codec knows."""
    state = codec.stream_start()
    for chunk in chunks:
        state, events = codec.stream_step(state, chunk)
        assert_type(events, tuple[StreamEvent, ...])
        if codec.stream_ended(state):
            break
    return codec.stream_result(state)


def every_codec_module_is_a_codec(chunks: list[bytes]) -> list[Outcome[Response]]:
    return [folded(anthropic_messages, chunks), folded(openai_chat, chunks), folded(openai_responses, chunks)]


def a_codec_is_found_by_its_wire_format(wire: WireFormat, chunks: list[bytes]) -> Outcome[Response]:
    assert_type(codec_of(wire), Codec[object])
    return folded(codec_of("anthropic_messages"), chunks)


def what_is_encoded_narrows(completion: Completion) -> dict[str, PlainJson]:
    match openai_chat.encode_request(completion, on_loss="refuse"):
        case Success(encoded):
            assert_type(encoded, Encoded)
            return encoded.payload
        case Failure(Lossy(losses=losses)):
            return {"lost": [loss.path for loss in losses]}
        case Failure(error):
            assert_type(error, LlmError)
            return {}


def what_is_decoded_narrows(body: bytes, payload: dict[str, PlainJson]) -> None:
    assert_type(anthropic_messages.decode_response(body), Outcome[Response])
    assert_type(anthropic_messages.decode_request(payload), Outcome[Completion])
    assert_type(anthropic_messages.decode_error(529, {}, body), LlmError)
    assert_type(anthropic_messages.decode_stream([body]), Outcome[Response])


def payloads_of_plain_types_are_taken(messages: list[dict[str, str]]) -> Outcome[Completion]:
    return openai_chat.decode_request({"model": "m", "messages": messages})


# ---------------------------------------------------------------- refused


def another_module_is_no_codec(chunks: list[bytes]) -> None:
    import json

    folded(json, chunks)  # type: ignore[arg-type]


def a_wire_format_of_ones_own_is_refused() -> None:
    codec_of("gemini")  # type: ignore[arg-type]


def a_way_with_losses_of_ones_own_is_refused(completion: Completion) -> None:
    openai_chat.encode_request(completion, on_loss="ignore")  # type: ignore[arg-type]


def a_response_is_no_request(response: Response) -> None:
    anthropic_messages.encode_request(response)  # type: ignore[arg-type]


def the_state_of_one_codec_is_not_anothers() -> None:
    anthropic_messages.stream_step(openai_chat.stream_start(), b"")  # type: ignore[arg-type]


def a_payload_that_was_encoded_is_no_outcome(completion: Completion) -> Encoded:
    return anthropic_messages.encode_request(completion)  # type: ignore[return-value]
