"""What takes bytes from outside, as functions of bytes: one line a target, for every engine alike.

Law: a target gives a value for whatever bytes there are, an `Outcome` or an `LlmError`, and so does whatever can be
done next with that value: write it down and read it back, say it in each wire format, show it. What raises is a defect.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

from returns.result import Failure, Success

from llm_effects import MemoryStore, compose, run, with_cache
from llm_effects.replay.files import BadCassette, read_cassette, write_cassette
from llm_effects.trace.trace import Trace
from llm_pure import BadOutput, CassetteMiss, Completion, LlmError, Outcome, Response, TextDelta, cache_key
from llm_pure.errors import ERRORS, snippet
from llm_pure.json import JsonInput
from llm_pure.partial import PartialJson, partials
from llm_pure.parts import ToolCall
from llm_pure.serial import (
    completion_from_json,
    error_from_json,
    event_from_json,
    from_json,
    response_from_json,
    to_json,
)
from llm_pure.target import WireFormat, codec_of
from llm_pure.wire import closed
from tests.effects.scripted import QUESTION, answer, leaf

__all__ = ["SEEDS", "TARGETS", "Fuzzed", "seeds_of", "tried"]

SEEDS: Final = Path(__file__).parent / "seeds"
_DEEP: Final = re.compile("recursion limit|nested too deeply")
WIRES: Final[tuple[WireFormat, ...]] = ("anthropic_messages", "openai_chat", "openai_responses")


@dataclass(frozen=True)
class Fuzzed:
    """One target: what it makes of bytes, and the folder of seeds that it starts from."""

    function: Callable[[bytes], object]
    seeds: str


def tried(target: Fuzzed, data: bytes) -> bool:
    """Whether the bytes were understood. Raises for a defect: what is raised on the way, or given that is no value."""
    value = target.function(data)
    repr(value)
    if isinstance(value, Success):
        _followed(value.unwrap())
        return True
    error: object = value.failure() if isinstance(value, Failure) else value
    if not isinstance(error, ERRORS):
        raise AssertionError(f"neither an answer nor an error: {error!r}")
    _written(error)
    return value is error


def _followed(value: object) -> None:
    """What anybody might do next."""
    if isinstance(value, Completion):
        _written(value)
        for wire in WIRES:
            _is_outcome(codec_of(wire).encode_request(value))
    elif isinstance(value, Response):
        _written(value)
        for wire in WIRES:
            codec = codec_of(wire)
            _is_outcome(codec.encode_response(value))
            chunks = codec.encode_stream(value)
            _is_outcome(codec.decode_stream(chunks.unwrap()) if isinstance(chunks, Success) else chunks)
        for part in value.message.content:
            if isinstance(part, ToolCall):
                repr(part.arguments.thaw())
    elif isinstance(value, ERRORS):
        _written(value)


def _written(value: Completion | Response | LlmError) -> None:
    again = from_json(to_json(value))
    if isinstance(again, Failure) and _DEEP.search(again.failure().message):
        return  # what came nested as deeply as is read at all has no room to be nested once more
    if again != Success(value):
        raise AssertionError(f"written and read back it is another: {value!r}\n{again!r}")


def _is_outcome(value: object) -> None:
    if not isinstance(value, Success | Failure):
        raise AssertionError(f"no outcome: {value!r}")


# ---------------------------------------------------------------- the functions of a codec


def _request(wire: WireFormat, data: bytes) -> Outcome[Completion]:
    """Any JSON that Python's own, lenient reader takes: NaN, doubled keys, lone surrogates, no object at all."""
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        payload = data.decode("latin-1")
    return codec_of(wire).decode_request(cast("Mapping[str, JsonInput]", payload))


def _body(wire: WireFormat, data: bytes) -> Outcome[Response]:
    return codec_of(wire).decode_response(data)


def _error(wire: WireFormat, data: bytes) -> LlmError:
    """Status, headers and body as they stand in an HTTP answer."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.decode("latin-1").split("\n")
    headers = dict(line.partition(": ")[::2] for line in lines)
    number = int(status) if status.isdecimal() and status.isascii() and len(status) < 8 else 400
    return codec_of(wire).decode_error(number, headers, body)


def _stream(wire: WireFormat, data: bytes) -> Outcome[Response]:
    """In chunks of a size that depends on the bytes; to the end, and beyond what the codec takes for it."""
    codec = codec_of(wire)
    size = 1 + len(data) * 7919 % 61
    state = codec.stream_start()
    for at in range(0, len(data), size):
        state, events = codec.stream_step(state, data[at : at + size])
        repr(events)
    if not codec.stream_ended(state):
        state, _ = closed(state, codec.stream_step, codec.stream_result)
    stepped = codec.stream_result(state)
    whole = codec.decode_stream([data])
    if codec.stream_ended(state) is False and whole != stepped:
        raise AssertionError(f"in chunks of {size} it is another: {stepped!r}\n{whole!r}")
    return whole


def _asked(wire: WireFormat, data: bytes) -> Outcome[object]:
    """A completion out of a file, said in a wire format, refused if anything were lost, and given its key."""
    completion = completion_from_json(data)
    if isinstance(completion, Failure):
        return completion
    codec = codec_of(wire)
    encoded = codec.encode_request(completion.unwrap())
    _is_outcome(codec.encode_request(completion.unwrap(), on_loss="refuse"))
    _is_outcome(cache_key(completion.unwrap(), leaf().target))
    if isinstance(encoded, Success):
        _is_outcome(encoded.unwrap().body(stream=True))
        _is_outcome(codec.decode_request(encoded.unwrap().payload))
    return encoded


def _answered(wire: WireFormat, data: bytes) -> Outcome[object]:
    response = response_from_json(data)
    return response if isinstance(response, Failure) else codec_of(wire).encode_response(response.unwrap())


# ---------------------------------------------------------------- stores and files


def _growing(data: bytes) -> Outcome[object]:
    """A structured answer whose JSON is read while it comes."""
    text = data.decode("utf-8", "surrogateescape")
    size = 1 + len(text) * 7919 % 61
    events = [TextDelta(0, text[at : at + size]) for at in range(0, len(text), size)]
    shown: list[PartialJson] = []
    for growing in (False, True):
        shown = list(partials(events, growing=growing))
        repr(shown)
    return Success(shown) if shown else Failure(BadOutput(message="nothing of it is JSON"))


def _stored(data: bytes) -> Outcome[Response]:
    """An entry of a store, under its key or with anything before it: an answer, or a miss and then one."""
    key = cache_key(QUESTION, leaf().target).unwrap()
    store = MemoryStore()
    store.save(key, data if len(data) % 8 == 0 else key.encode() + b"\n" + data)
    told = run(compose(leaf(answer()), with_cache(store)), QUESTION)
    if not isinstance(told, Success):
        raise AssertionError(f"a store took the answer with it: {told!r}")
    return told


def _cassette(data: bytes) -> Outcome[object]:
    """The loader says by one exception what is wrong with a file; a recording can be written, and is then the same."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        path = Path(folder) / "cassette.yaml"
        path.write_bytes(data)
        try:
            recording = read_cassette(path)
        except BadCassette as bad:
            return Failure(CassetteMiss(message=snippet(str(bad))))
        write_cassette(path, recording)
        written = read_cassette(path)  # bodies that others have written change their white space
        write_cassette(path, written)
        if (again := read_cassette(path)) != written:
            raise AssertionError(f"written and read back it is another: {written!r}\n{again!r}")
        return Success(recording)


_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files wait for no disk."""

TARGETS: Final[Mapping[str, Fuzzed]] = {
    **{f"{wire}: decode_request": Fuzzed(partial(_request, wire), f"{wire}/request") for wire in WIRES},
    **{f"{wire}: decode_response": Fuzzed(partial(_body, wire), f"{wire}/response") for wire in WIRES},
    **{f"{wire}: decode_error": Fuzzed(partial(_error, wire), f"{wire}/error") for wire in WIRES},
    **{f"{wire}: decode_stream": Fuzzed(partial(_stream, wire), f"{wire}/stream") for wire in WIRES},
    **{f"{wire}: encode_request": Fuzzed(partial(_asked, wire), "serial/completion") for wire in WIRES},
    **{f"{wire}: encode_response": Fuzzed(partial(_answered, wire), "serial/response") for wire in WIRES},
    "serial form": Fuzzed(from_json, "serial"),
    "errors in serial form": Fuzzed(error_from_json, "serial/error"),
    "events in serial form": Fuzzed(event_from_json, "serial/event"),
    "entries of a store": Fuzzed(_stored, "serial/response"),
    "partial JSON": Fuzzed(_growing, "serial"),
    "traces": Fuzzed(Trace.from_jsonl, "trace"),
    "cassettes": Fuzzed(_cassette, "cassette"),
}


def seeds_of(target: Fuzzed) -> list[bytes]:
    """The seeds in the target's folder and below, in order."""
    return [file.read_bytes() for file in sorted((SEEDS / target.seeds).rglob("*")) if file.is_file()]
