"""The content parts of user messages and tool results, in both directions.

Law: `read_part` after `write_part` gives the part back, or the losses say why not. A part whose shape is not exactly
one that we model is an `Opaque`, verbatim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from llm_pure.documents import report_wordless, spelt_out
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonObject, PlainJson
from llm_pure.openai_chat.shape import MIRROR, PROVIDER, Losses, attach, extras_with, noted, own, plain
from llm_pure.parts import Audio, Base64, Document, FileId, Image, Opaque, Part, Refusal, Source, Text, Url
from llm_pure.reading import PlainObject, as_object

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionContentPartTextParam
    from openai.types.chat.chat_completion_content_part_param import FileFile

__all__ = ["read_part", "short", "write_part", "write_text"]


# ---------------------------------------------------------------- reading


def read_part(value: PlainJson) -> Part:
    """A content part of a user message. Raises `JsonError` if it is no object. Takes `value` over."""
    block = as_object(value)
    read = _READERS.get(kind) if isinstance(kind := block.get("type"), str) else None
    part = read(block) if read is not None else None
    return part if part is not None else Opaque(PROVIDER, JsonObject.wrap(block))


def _rest(block: PlainObject, key: str, inner: PlainObject, *known: str) -> JsonObject:
    rest = {name: value for name, value in block.items() if name not in ("type", key)}
    deeper = {name: value for name, value in inner.items() if name not in known}
    return extras_with({**rest, key: deeper} if deeper else rest)


def _text(block: PlainObject) -> Part | None:
    text = block.get("text")
    if not isinstance(text, str):
        return None
    return Text(text) if len(block) == 2 else Text(text, _rest(block, "text", {}))


def _image(block: PlainObject) -> Part | None:
    inner = block.get("image_url")
    if not isinstance(inner, dict):
        return None
    url, detail = inner.get("url"), inner.get("detail")
    if not isinstance(url, str) or not (detail is None or isinstance(detail, str)):
        return None
    return Image(_source(url), detail, _rest(block, "image_url", inner, "url", "detail"))


def _audio(block: PlainObject) -> Part | None:
    inner = block.get("input_audio")
    if not isinstance(inner, dict):
        return None
    data, kind = inner.get("data"), inner.get("format")
    if not isinstance(data, str) or not isinstance(kind, str) or kind == "mpeg":
        return None
    media_type = "audio/mpeg" if kind == "mp3" else f"audio/{kind}"
    return Audio(Base64(data, media_type), extras=_rest(block, "input_audio", inner, "data", "format"))


def _file(block: PlainObject) -> Part | None:
    inner = block.get("file")
    if not isinstance(inner, dict) or ("file_data" in inner) == ("file_id" in inner):
        return None
    data, name = inner.get("file_data", inner.get("file_id")), inner.get("filename")
    if not isinstance(data, str) or not (name is None or isinstance(name, str)):
        return None
    source = FileId(data) if "file_id" in inner else _source(data)
    if isinstance(source, Url) and "://" not in data:
        return None  # base64 that does not say what it is
    extras = _rest(block, "file", inner, "file_data", "file_id", "filename")
    if isinstance(source, Url):
        extras = _with_note(extras, "$url", note=True)
    elif isinstance(source, Base64):
        if "filename" not in inner:
            extras = _with_note(extras, "$filename", note=False)
        elif name == _unnamed(source):
            name = None
    return Document(source, name, extras=extras)


def _with_note(extras: JsonObject, name: str, *, note: bool) -> JsonObject:
    return extras_with({**own(extras).thaw(), name: note})


def _unnamed(source: Base64) -> str:
    """What a file is called that has no name: the wire demands one."""
    return "untitled." + source.media_type.rpartition("/")[2]


_READERS: Final[Mapping[str, Callable[[PlainObject], Part | None]]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
}


def _source(url: str) -> Source:
    if url.startswith("data:"):
        head, mark, data = url.partition(";base64,")
        if mark:
            return Base64(data, head[5:])
    return Url(url)


# ---------------------------------------------------------------- writing


def write_text(part: Text, losses: Losses, path: str) -> list[PlainJson]:
    """The text as a content part; none if it says nothing."""
    said: ChatCompletionContentPartTextParam = {"type": "text", "text": part.text}
    block = plain(said) if part.extras is EMPTY else attach(plain(said), part.extras, losses, path)
    if part.text or len(block) > 2:
        return [block]
    if part.extras is not EMPTY:
        losses.append(Loss(path, "an empty text, with nothing that Chat Completions understands"))
    return []


def short(content: list[PlainJson]) -> PlainJson:
    """Content in its shorter form: one plain text is a string, and so is nothing."""
    if not content:
        return ""
    first = content[0]
    if len(content) == 1 and isinstance(first, dict) and len(first) == 2 and first.get("type") == "text":
        text = first.get("text")
        return text if isinstance(text, str) else content
    return content


def write_part(part: Part, losses: Losses, path: str) -> list[PlainJson]:
    """The part as content parts of a user message: one, or none and a loss, or several for a document of parts."""
    match part:
        case Text():
            return write_text(part, losses, path)
        case Image():
            return _write_image(part, losses, path)
        case Document():
            return _write_document(part, losses, path)
        case Audio():
            return _write_audio(part, losses, path)
        case Refusal(text):
            losses.append(Loss(path, "a refusal in a user message is sent as text"))
            return [attach({"type": "text", "text": text}, part.extras, losses, path)]
        case Opaque(provider, raw) if provider == PROVIDER:
            return [raw.thaw()]
        case Opaque(provider):
            losses.append(Loss(path, f"only {provider} understands this"))
            return []
        case _:
            losses.append(Loss(path, f"a {type(part).__name__} has no place here in Chat Completions"))
            return []


def _write_image(part: Image, losses: Losses, path: str) -> list[PlainJson]:
    if isinstance(part.source, FileId):
        losses.append(Loss(path, "Chat Completions takes pictures as bytes or by URL, not by file id"))
        return []
    # Built loosely: the SDK lists the words for `detail`, and imitators know others.
    inner: PlainObject = {"url": part.source.url}
    if part.detail is not None:
        inner["detail"] = part.detail
    return [attach({"type": "image_url", "image_url": inner}, part.extras, losses, path)]


def _write_audio(part: Audio, losses: Losses, path: str) -> list[PlainJson]:
    if not isinstance(part.source, Base64) or not part.source.media_type.startswith("audio/"):
        losses.append(Loss(path, "Chat Completions takes sound as bytes of a known format only"))
        return []
    if part.transcript is not None:
        losses.append(Loss(f"{path}.transcript", "Chat Completions has no transcripts of what the user says"))
    kind = part.source.media_type.removeprefix("audio/")
    inner: PlainObject = {"data": part.source.data, "format": "mp3" if kind == "mpeg" else kind}
    return [attach({"type": "input_audio", "input_audio": inner}, part.extras, losses, path)]


def _write_document(part: Document, losses: Losses, path: str) -> list[PlainJson]:
    report_wordless(part, losses, path, MIRROR)
    if isinstance(part.source, Text | tuple):
        return spelt_out(part, part.source, write_part, losses, path, MIRROR)
    inner: FileFile = {}
    if isinstance(part.source, FileId):
        inner["file_id"] = part.source.id
    elif isinstance(part.source, Url) and noted(part.extras, "$url") is not True:
        losses.append(Loss(path, "Chat Completions takes documents as bytes or by file id, not by URL"))
        return []
    else:
        inner["file_data"] = part.source.url
        if isinstance(part.source, Base64) and noted(part.extras, "$filename") is not False:
            inner["filename"] = _unnamed(part.source)
    if part.title is not None:
        inner["filename"] = part.title
    return [attach({"type": "file", "file": plain(inner)}, part.extras, losses, path)]
