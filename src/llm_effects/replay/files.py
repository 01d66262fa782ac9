"""The file format: a cassette of vcrpy, version 1, that people can read and other programs can trust.

    version: 1
    metadata:
      llm_effects: {schema: 1, recorded: '2026-11-25', sdks: {anthropic: 2.12.0, …}}
    interactions:
    - request: {method: POST, uri: https://api.anthropic.com/v1/messages, headers: {…}, body: |  (JSON, indented)}
      response: {status: {code: 200, message: OK}, headers: {…}, body: {string: |  (an event a line)}}
      pieces: [120, 33, 260]      # the lengths in which the body came
      fault: RemoteProtocolError  # and then it broke off; without a response: it never came
      wire: anthropic_messages    # our codec built the request
    ...

Law: what was written is read back as equal. Any bytes are a cassette or a `BadCassette` that says what is wrong and
where. vcrpy plays what stands here, but for faults; what vcrpy has written, whatever its age, is read. A file is whole
or as it was before, and nobody else's to read while it is written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from llm_effects.replay.bodies import pieces_decoded, readable, unreadable
from llm_effects.replay.interactions import FAULTS, Answer, Header, Interaction, Pairs, Request
from llm_effects.replay.plain_yaml import BadYaml, Block, Plain, dump_yaml, load_yaml
from llm_pure.target import WIRES

__all__ = ["SCHEMA", "BadCassette", "Recording", "read_cassette", "write_cassette"]

SCHEMA: Final = 1
"""The version of what this package adds to vcrpy's format."""


class BadCassette(ValueError):
    """A file that is no cassette, or none that this version reads: which file, what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A cassette as it stands in its file."""

    interactions: tuple[Interaction, ...] = ()
    header: Header | None = None
    """None: this package did not record it."""


# ---------------------------------------------------------------- reading


def read_cassette(path: Path) -> Recording:
    """The recording in a file. Raises `BadCassette`, and `FileNotFoundError` if there is none."""
    try:
        return recording_of(path.read_bytes())
    except (BadYaml, _Wrong) as wrong:
        raise BadCassette(f"{path}: {wrong}") from None


def recording_of(data: bytes) -> Recording:
    """The recording that bytes hold. Raises `ValueError`."""
    try:
        document = load_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadYaml(f"no UTF-8 (byte {error.start + 1})") from None
    if document is None:
        raise _Wrong("the file is empty")
    whole = _mapping(document, "$")
    if whole.get("version") != 1:
        raise _Wrong(f"$.version: 1 is read here, not {whole.get('version')!r}")
    header = _header(_mapping(whole.get("metadata") or {}, "$.metadata").get("llm_effects"))
    if header is not None and not data.rstrip().endswith(b"\n..."):
        raise _Wrong("the file was cut: it does not end in '...'")
    interactions = _list(whole.get("interactions"), "$.interactions")
    return Recording(
        tuple(_interaction(one, f"$.interactions[{index}]") for index, one in enumerate(interactions)), header
    )


class _Wrong(ValueError):
    """What is wrong, and its path."""


def _header(value: Plain) -> Header | None:
    if value is None:
        return None
    where = "$.metadata.llm_effects"
    fields = _mapping(value, where)
    schema = fields.get("schema")
    if type(schema) is not int or schema > SCHEMA:
        raise _Wrong(f"{where}.schema: this version reads up to {SCHEMA}, not {schema!r}")
    sdks = _mapping(fields.get("sdks") or {}, f"{where}.sdks")
    return Header(
        schema,
        str(fields.get("recorded") or ""),
        {name: str(version) for name, version in sdks.items()},
        str(fields.get("note") or ""),
    )


def _interaction(value: Plain, where: str) -> Interaction:
    fields = _mapping(value, where)
    fault = fields.get("fault")
    if fault is not None and fault not in FAULTS:
        raise _Wrong(f"{where}.fault: {fault!r} is none of {', '.join(FAULTS)}")
    wire = fields.get("wire")
    if wire is not None and wire not in WIRES:
        raise _Wrong(f"{where}.wire: {wire!r} is none of {', '.join(WIRES)}")
    response = fields.get("response")
    if response is None and fault is None:
        raise _Wrong(f"{where}: neither a response nor a fault")
    return Interaction(
        _request(_mapping(fields.get("request"), f"{where}.request"), f"{where}.request"),
        None
        if response is None
        else _answer(_mapping(response, f"{where}.response"), fields.get("pieces"), f"{where}.response"),
        fault,
        wire,
        rebuilt if isinstance(rebuilt := fields.get("rebuilt"), str) else None,
    )


def _request(fields: Mapping[str, Plain], where: str) -> Request:
    return Request(
        _text(fields.get("method"), f"{where}.method"),
        _uri(fields.get("uri"), f"{where}.uri"),
        _pairs(fields.get("headers"), f"{where}.headers"),
        _body(fields.get("body"), f"{where}.body"),
    )


def _answer(fields: Mapping[str, Plain], pieces: Plain, where: str) -> Answer:
    if "status_code" in fields:  # as vcrpy wrote httpx's answers for some years
        status: Plain = {"code": fields["status_code"]}
        body = fields.get("content")
    else:
        status, body = fields.get("status"), fields.get("body")
    about = _mapping(status, f"{where}.status")
    code = about.get("code")
    if type(code) is not int or not 100 <= code <= 999:
        raise _Wrong(f"{where}.status.code: {code!r} is no status")
    raw = _body(body, f"{where}.body")
    headers, decoded = pieces_decoded(_pairs(fields.get("headers"), f"{where}.headers"), [raw])
    whole = b"".join(decoded)
    lengths = tuple(
        length
        for length in _list([] if pieces is None else pieces, f"{where}.pieces")
        if type(length) is int and length > 0
    )
    message = about.get("message")
    return Answer(
        code,
        headers,
        whole,
        lengths if sum(lengths) == len(whole) else (),
        message if isinstance(message, str) else "",
    )


def _body(value: Plain, where: str) -> bytes:
    for _ in range(4):
        if isinstance(value, dict) and value.keys() & {"string", "base64_string", "state"}:
            value = value.get("string", value.get("base64_string", value.get("state")))
        elif isinstance(value, list):  # the state of a `BytesIO`, or an iterator's pieces
            value = value[0] if value else None
        else:
            break
    if value is None or isinstance(value, str | bytes):
        try:
            return unreadable(value)
        except UnicodeEncodeError:
            raise _Wrong(f"{where}: no UTF-8") from None
    if isinstance(value, dict):
        raise _Wrong(f"{where}: neither text nor bytes")
    return str(value).encode()


def _pairs(value: Plain, where: str) -> Pairs:
    pairs: list[tuple[str, str]] = []
    for name, values in _mapping({} if value is None else value, where).items():
        for one in values if isinstance(values, list) else [values]:
            if isinstance(one, list | dict):
                raise _Wrong(f"{where}.{name}: a header is text")
            pairs.append((name.lower(), one.decode("latin-1") if isinstance(one, bytes) else _said(one)))
    return tuple(pairs)


def _said(value: bool | int | str | None) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _mapping(value: Plain, where: str) -> Mapping[str, Plain]:
    if not isinstance(value, dict):
        raise _Wrong(f"{where}: a mapping is expected, not {_kind(value)}")
    return value


def _list(value: Plain, where: str) -> list[Plain]:
    if not isinstance(value, list):
        raise _Wrong(f"{where}: a list is expected, not {_kind(value)}")
    return value


def _text(value: Plain, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise _Wrong(f"{where}: text is expected, not {_kind(value)}")
    return value


def _uri(value: Plain, where: str) -> str:
    uri = _text(value, where)
    try:
        urlsplit(uri)
    except ValueError as error:
        raise _Wrong(f"{where}: {error}") from None
    return uri


def _kind(value: Plain) -> str:
    return "nothing" if value is None else type(value).__name__


# ---------------------------------------------------------------- writing


def text_of(recording: Recording) -> str:
    """What stands in the file."""
    header = recording.header
    document: dict[str, Plain] = {"version": 1}
    if header is not None:
        ours: dict[str, Plain] = {
            "schema": header.schema,
            "recorded": header.recorded,
            "sdks": dict(header.sdks),
        }
        document["metadata"] = {"llm_effects": {**ours, **({"note": header.note} if header.note else {})}}
    document["interactions"] = [_written(one) for one in recording.interactions]
    return dump_yaml(document)


def _written(interaction: Interaction) -> Plain:
    request, answer = interaction.request, interaction.answer
    written: dict[str, Plain] = {
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": _headers(request.headers),
            "body": readable(request.body),
        },
        "response": None
        if answer is None
        else {
            "status": {"code": answer.status, "message": answer.reason},
            "headers": _headers(answer.headers),
            "body": {"string": _string(answer)},
        },
    }
    if answer is not None and len(answer.pieces) > 1:
        written["pieces"] = list(answer.pieces)
    if interaction.fault is not None:
        written["fault"] = interaction.fault
    if interaction.wire is not None:
        written["wire"] = interaction.wire
    if interaction.rebuilt is not None:
        written["rebuilt"] = interaction.rebuilt
    return written


def _string(answer: Answer) -> Block | bytes:
    if answer.header("content-encoding"):
        return answer.body  # it could not be decompressed, and is no text
    if answer.pieces:
        try:
            return Block(answer.body.decode())  # pieces fit these bytes and no others
        except UnicodeDecodeError:
            return answer.body
    return readable(answer.body)


def _headers(headers: Pairs) -> Plain:
    written: dict[str, Plain] = {}
    for name, value in headers:
        values = written.setdefault(name, [])
        if isinstance(values, list):
            values.append(value)
    return written


def write_cassette(path: Path, recording: Recording) -> None:
    """Write the file whole, and for its owner alone until it is; then it replaces what was there. Raises `OSError`."""
    replace_file(path, text_of(recording).encode())


def replace_file(path: Path, data: Iterable[int] | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name[:50]}.", suffix=".part", dir=path.parent)  # mode 600
    unfinished = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(bytes(data))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
