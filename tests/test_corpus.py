"""The codecs over thousands of recorded interactions with the real services, where those are at hand.

The recordings are other people's and no part of this repository; without them the tests are skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from returns.result import Failure, Success

from llm_pure import Completion, Text, ToolCall, WireFormat, codec_of, normal, openai_chat
from llm_pure.dialects import DIALECTS
from llm_pure.errors import ERRORS
from llm_pure.serial import response_from_json, to_json
from tests.reported import as_sent, wrongly_reported

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the recordings are not at hand (../shared/corpus)"
)

WIRES: Mapping[str, WireFormat] = {
    "anthropic": "anthropic_messages",
    "openai_chat": "openai_chat",
    "openai_compatible": "openai_chat",
    "openai_responses": "openai_responses",
}
PATHS = {
    "anthropic_messages": "/messages",
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
}
OTHER: Mapping[WireFormat, WireFormat] = {
    "anthropic_messages": "openai_chat",
    "openai_chat": "anthropic_messages",
    "openai_responses": "openai_chat",
}

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

SHARDS = 4
"""A folder is tested in so many parts, so that several workers share it."""


@dataclass(frozen=True)
class Recorded:
    name: str
    dialect: str | None
    level: str
    status: int
    request: Any
    headers: Mapping[str, str]
    body: Any
    sse: str | None


@cache
def recordings(folder: str, shard: int) -> tuple[Recorded, ...]:
    return tuple(_recordings(folder, shard))


def _recordings(folder: str, shard: int) -> Iterator[Recorded]:
    for path in sorted((CORPUS / folder).glob("*.json"))[shard::SHARDS]:
        case = json.loads(path.read_text(encoding="utf-8"))
        request, response = case["request"] or {}, case["response"]
        where = (request.get("path") or PATHS[WIRES[folder]]).split("?")[0]
        if where.endswith(PATHS[WIRES[folder]]):  # not those that count tokens or ask for a batch
            yield Recorded(
                path.name,
                case.get("dialect"),
                case["recording_level"],
                response["status"],
                request.get("body"),
                response.get("headers") or {},
                response.get("body"),
                response.get("sse"),
            )


Check = Callable[[WireFormat, Recorded], str | None]


def faults(check: Check, folder: str, shard: int) -> list[str]:
    """What `check` finds wrong, by recording; what it raises is wrong too."""
    found = []
    for recorded in recordings(folder, shard):
        try:
            wrong = check(WIRES[folder], recorded)
        except Exception as error:  # noqa: BLE001 - that none is raised is what is tested
            wrong = f"raised {type(error).__name__}: {error}"
        if wrong:
            found.append(f"{recorded.name}: {wrong[:300]}")
    return found


everywhere = [
    pytest.mark.parametrize("folder", WIRES),
    pytest.mark.parametrize("shard", range(SHARDS)),
]


def over_all(test: Callable[[str, int], None]) -> Callable[[str, int], None]:
    for mark in everywhere:
        test = mark(test)
    return test


@over_all
def test_there_are_recordings(folder: str, shard: int) -> None:
    assert len(recordings(folder, shard)) > 100


# ---------------------------------------------------------------- requests


def _asked(wire: WireFormat, recorded: Recorded) -> Completion | None:
    """What was asked: of requests that went over the wire as they stand, and that the service took."""
    if not isinstance(recorded.request, dict) or recorded.status >= 400 or recorded.level == "sdk_dump":
        return None
    return codec_of(wire).decode_request(recorded.request).unwrap()


def _is_sent_again_without_loss(wire: WireFormat, recorded: Recorded) -> str | None:
    asked = _asked(wire, recorded)
    if asked is None:
        return None
    codec = codec_of(wire)
    encoded = codec.encode_request(asked).unwrap()
    if encoded.losses:
        return f"lost {encoded.losses}"
    again = codec.decode_request(encoded.payload).unwrap()
    if normal(again) != normal(asked):
        return "what was sent says something else"
    if codec.encode_request(again).unwrap().payload != encoded.payload:
        return "sent a second time it is another request"
    return None


@over_all
def test_a_request_is_read_and_sent_again_without_loss(folder: str, shard: int) -> None:
    assert faults(_is_sent_again_without_loss, folder, shard) == []


def _is_sent_again_in_its_dialect(wire: WireFormat, recorded: Recorded) -> str | None:
    if _asked(wire, recorded) is None or (dialect := DIALECTS.get(recorded.dialect or "")) is None:
        return None
    if '"call_REDACTED_' in json.dumps(recorded.request):
        return None  # the recorder hid the ids: this is not what the server was sent
    asked = openai_chat.decode_request(recorded.request, dialect=dialect).unwrap()
    encoded = openai_chat.encode_request(asked, dialect=dialect).unwrap()
    if encoded.losses:
        return f"lost {encoded.losses}"
    plain = openai_chat.encode_request(openai_chat.decode_request(recorded.request).unwrap()).unwrap()
    return None if encoded == plain else f"{dialect.name} spells it otherwise"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_request_is_spelt_again_as_its_server_was_sent_it(shard: int) -> None:
    assert faults(_is_sent_again_in_its_dialect, "openai_compatible", shard) == []


def _is_lost_only_as_reported(wire: WireFormat, recorded: Recorded) -> str | None:
    if not isinstance(recorded.request, dict):
        return None
    decoded = codec_of(wire).decode_request(recorded.request)
    if isinstance(decoded, Failure):
        return None  # what may be refused is tested where it is read
    asked = as_sent(decoded.unwrap())
    for target in PATHS:
        codec = codec_of(cast("WireFormat", target))
        encoded = codec.encode_request(asked).unwrap()
        read = as_sent(codec.decode_request(encoded.payload).unwrap())
        if wrong := wrongly_reported(asked, read, encoded.losses):
            return f"for {target}: {wrong}"
    return None


@over_all
def test_a_request_loses_for_any_provider_what_is_reported_and_nothing_else(folder: str, shard: int) -> None:
    assert faults(_is_lost_only_as_reported, folder, shard) == []


def _is_sent_elsewhere(wire: WireFormat, recorded: Recorded) -> str | None:
    asked = _asked(wire, recorded)
    if asked is None:
        return None
    sent = codec_of(OTHER[wire]).encode_request(asked)
    if isinstance(sent, Failure):
        return None if type(sent.failure()) in ERRORS else f"no error of ours: {sent.failure()!r}"
    refused = codec_of(OTHER[wire]).encode_request(asked, on_loss="refuse")
    if isinstance(refused, Failure) is not bool(sent.unwrap().losses):
        return "what is reported as lost is not what is refused"
    return (
        "a loss without a place" if any(not it.path.startswith("$") for it in sent.unwrap().losses) else None
    )


@over_all
def test_a_request_sent_to_another_provider_says_what_it_loses(folder: str, shard: int) -> None:
    assert faults(_is_sent_elsewhere, folder, shard) == []


def _is_kept_as_json(wire: WireFormat, recorded: Recorded) -> str | None:
    asked = _asked(wire, recorded)
    if asked is None or Completion.from_json(asked.to_json()) == Success(asked):
        return None
    return "written and read it is another completion"


@over_all
def test_a_request_is_written_and_read_as_json(folder: str, shard: int) -> None:
    assert faults(_is_kept_as_json, folder, shard) == []


# ---------------------------------------------------------------- answers


def _is_answer(wire: WireFormat, body: Any) -> bool:
    if not isinstance(body, dict) or body.get("error"):
        return False
    if wire == "anthropic_messages":
        return body.get("type") == "message" and isinstance(body.get("content"), list)
    if wire == "openai_responses":
        return body.get("status") in {"completed", "incomplete"} and isinstance(body.get("output"), list)
    choices = body.get("choices")
    message = choices[0].get("message") if isinstance(choices, list) and choices else None
    return isinstance(message, dict) and isinstance(message.get("content", ""), str | list | None)


def _is_read_and_given_again(wire: WireFormat, recorded: Recorded) -> str | None:
    if recorded.status >= 400 or recorded.sse is not None or not _is_answer(wire, recorded.body):
        return None
    codec = codec_of(wire)
    raw = json.dumps(recorded.body, ensure_ascii=False).encode()
    response = codec.decode_response(raw).unwrap()
    if codec.decode_response(codec.encode_response(response).unwrap()) != Success(response):
        return "given again it is another answer"
    if response_from_json(to_json(response)) != Success(response):
        return "written and read it is another answer"
    chance = Random(recorded.name)
    for _ in range(3):  # mutilated, it is an answer or an error, and nothing is raised
        cut = raw[: chance.randrange(len(raw))]
        bent = bytes(
            byte ^ 1 << chance.randrange(8) if chance.random() < 0.01 else byte for byte in raw[:4000]
        )
        for broken in (cut, bent):
            if not isinstance(codec.decode_response(broken), Success | Failure):
                return "neither an answer nor an error"
    elsewhere = codec_of(OTHER[wire]).encode_response(response)
    plain = all(isinstance(part, Text | ToolCall) for part in response.message.content)
    if plain and isinstance(elsewhere, Success):  # what else there is may have to be said in text
        told = codec_of(OTHER[wire]).decode_response(elsewhere.unwrap()).unwrap()
        if (told.text, told.stop_reason) != (response.text, response.stop_reason):
            return "another provider would give another answer"
    return None


@over_all
def test_an_answer_is_read_and_given_again_whole(folder: str, shard: int) -> None:
    assert faults(_is_read_and_given_again, folder, shard) == []


def _is_an_error(wire: WireFormat, recorded: Recorded) -> str | None:
    codec = codec_of(wire)
    if recorded.status < 400:
        failed = isinstance(recorded.body, dict) and recorded.body.get("error")
        unwanted = failed and isinstance(codec.decode_response(recorded.body), Success)
        return "an error became an answer" if unwanted else None
    body = recorded.body if isinstance(recorded.body, str) else json.dumps(recorded.body)
    raw = body.encode()
    for told in (raw, b"", raw[: len(raw) // 2], b"<html>\xff"):
        error = codec.decode_error(recorded.status, recorded.headers, told)
        if type(error) not in ERRORS or error.status != recorded.status:
            return f"no error of ours: {error!r}"
    return None


@over_all
def test_an_error_is_one_of_ours_whatever_its_body_is(folder: str, shard: int) -> None:
    assert faults(_is_an_error, folder, shard) == []


# ---------------------------------------------------------------- streams


def _has_ended(wire: WireFormat, sse: str) -> bool:
    if wire == "anthropic_messages":
        return '"message_stop"' in sse
    if wire == "openai_responses":
        return '"response.completed"' in sse or '"response.incomplete"' in sse
    return "[DONE]" in sse or '"finish_reason":"' in sse.replace(" ", "")


def _folds(wire: WireFormat, recorded: Recorded) -> str | None:
    if recorded.sse is None or recorded.status >= 400:
        return None
    codec, raw = codec_of(wire), recorded.sse.encode()
    whole = codec.decode_stream([raw])
    if isinstance(whole, Failure):
        failed = '"error"' in recorded.sse or not _has_ended(wire, recorded.sse)
        return None if failed else f"not read: {whole.failure()!r}"
    chance = Random(recorded.name)
    sizes = [1 if len(raw) < 3000 else 61, 1021, 4096]
    for size in sizes if LONG else [chance.choice(sizes)]:
        if codec.decode_stream(raw[at : at + size] for at in range(0, len(raw), size)) != whole:
            return f"in pieces of {size} bytes it is another answer"
    blocks = recorded.sse.replace("\r\n", "\n").split("\n\n")
    for _ in range(4):
        cut = "\n\n".join(blocks[: chance.randrange(len(blocks))])
        if isinstance(codec.decode_stream([cut.encode()]), Success) and not _has_ended(wire, cut):
            return "cut before its end mark it is a success"
    again = codec.encode_stream(whole.unwrap())
    if isinstance(again, Success) and codec.decode_stream(again.unwrap()) != whole:
        return "streamed again it is another answer"
    return None


@over_all
def test_a_stream_folds_to_one_answer_in_any_pieces_and_to_none_when_cut(folder: str, shard: int) -> None:
    assert faults(_folds, folder, shard) == []


CUTS = None if LONG else 12
"""At how many bytes a stream is cut; None: at every one."""


def _is_told_as_far_as_it_goes(wire: WireFormat, recorded: Recorded) -> str | None:
    """Wherever it is cut: before its end mark a failure with what was read, after it the answer."""
    if recorded.sse is None or recorded.status >= 400:
        return None
    codec, raw = codec_of(wire), recorded.sse.encode()
    whole = codec.decode_stream([raw])
    if isinstance(whole, Failure):
        return None
    text = whole.unwrap().text
    places = range(len(raw)) if CUTS is None else sorted(Random(recorded.name).sample(range(len(raw)), CUTS))
    state, sofar = codec.stream_start(), 0
    for cut in places:  # the state never changes, so each cut goes on from the one before
        state, _ = codec.stream_step(state, raw[sofar:cut])
        sofar = cut
        found = codec.stream_result(state)
        if isinstance(found, Success):
            if not _has_ended(wire, raw[:cut].decode(errors="ignore")):
                return f"cut at byte {cut}, before its end mark, it is a success"
            said = found.unwrap()
        else:
            partial = found.failure().partial
            if partial is None:
                continue
            said = partial
        if not text.startswith(said.text):
            return f"cut at byte {cut} it says what was never said: {said.text[-80:]!r}"
    return None


@over_all
def test_a_stream_cut_anywhere_tells_what_it_said_so_far(folder: str, shard: int) -> None:
    assert faults(_is_told_as_far_as_it_goes, folder, shard) == []
