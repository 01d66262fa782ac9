"""The content parts of user messages, instructions and tool results, in both directions.

Law: `read_part` after `write_part` gives the part back, or the losses say why not. A part whose shape is not exactly
one that we model is an `Opaque`, verbatim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from llm_pure.documents import report_wordless, spelt_out
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson
from llm_pure.openai_responses.shape import MIRROR, PROVIDER, Losses, attach, extras_with, own, plain
from llm_pure.parts import Audio, Base64, Document, FileId, Image, Opaque, Part, Refusal, Source, Text, Url
from llm_pure.reading import PlainObject, as_object, within, wrong

if TYPE_CHECKING:
    from openai.types.responses import ResponseInputFileParam, ResponseInputTextParam

__all__ = ["read_content", "read_part", "short", "write_content", "write_part"]


# ---------------------------------------------------------------- reading


def read_content(content: PlainJson, key: str) -> tuple[Part, ...]:
    """What stands at `key`: a string or content parts. Raises `JsonError`. Takes `content` over."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if content is None:
        return ()
    if not isinstance(content, list):
        raise wrong(content, "a string or an array", f".{key}")
    found: list[Part] = []
    try:
        for value in content:
            found.append(read_part(value))  # noqa: PERF401 - how many have been read is the path
    except JsonError as error:
        raise within(error, f".{key}[{len(found)}]") from None
    return tuple(found)


def read_part(value: PlainJson) -> Part:
    """A content part. Raises `JsonError` if it is no object. Takes `value` over."""
    block = as_object(value)
    read = _READERS.get(kind) if isinstance(kind := block.get("type"), str) else None
    part = read(block) if read is not None else None
    return part if part is not None else Opaque(PROVIDER, JsonObject.wrap(block))


def _rest(block: PlainObject, *known: str) -> PlainObject:
    return {name: value for name, value in block.items() if name != "type" and name not in known}


def _text(block: PlainObject) -> Part | None:
    text = block.get("text")
    if not isinstance(text, str):
        return None
    if text and len(block) == 2:
        return Text(text)
    rest = _rest(block, "text")
    return Text(text, extras_with(rest if text or rest else {"$empty": True}))


def _image(block: PlainObject) -> Part | None:
    url, id_, detail = block.get("image_url"), block.get("file_id"), block.get("detail")
    source: Source
    if not isinstance(detail, str | None):
        return None
    if isinstance(url, str) and id_ is None:
        source, key = _source(url), "image_url"
    elif isinstance(id_, str) and url is None:
        source, key = FileId(id_), "file_id"
    else:
        return None
    return Image(source, detail, extras_with(_rest(block, key, "detail" if detail is not None else key)))


_FILE_KEYS: Final = ("file_data", "file_url", "file_id")


def _file(block: PlainObject) -> Part | None:
    keys = [key for key in _FILE_KEYS if block.get(key) is not None]
    name = block.get("filename")
    if len(keys) != 1 or not isinstance(name, str | None):
        return None
    key = keys[0]
    place = block[key]
    if not isinstance(place, str):
        return None
    source: Source
    if key == "file_data":
        source = _source(place)
        if isinstance(source, Url):
            return None  # base64 that does not say what it is
    else:
        source = Url(place) if key == "file_url" else FileId(place)
    return Document(
        source, name, extras=extras_with(_rest(block, key, "filename" if name is not None else key))
    )


_READERS: Final[Mapping[str, Callable[[PlainObject], Part | None]]] = {
    "input_text": _text,
    "input_image": _image,
    "input_file": _file,
}


def _source(url: str) -> Base64 | Url:
    if url.startswith("data:"):
        head, mark, data = url.partition(";base64,")
        if mark:
            return Base64(data, head[5:])
    return Url(url)


# ---------------------------------------------------------------- writing


def write_content(parts: tuple[Part, ...], losses: Losses, path: str) -> PlainJson:
    """The parts as content: a string where they are one plain text or nothing, a list otherwise."""
    return short(
        [block for index, part in enumerate(parts) for block in write_part(part, losses, f"{path}[{index}]")]
    )


def short(blocks: list[PlainJson]) -> PlainJson:
    """One plain text is a string; so is nothing."""
    if not blocks:
        return ""
    first = blocks[0]
    if len(blocks) == 1 and isinstance(first, dict) and len(first) == 2 and first.get("type") == "input_text":
        text = first.get("text")
        return text if text and isinstance(text, str) else blocks
    return blocks


def write_part(part: Part, losses: Losses, path: str) -> list[PlainJson]:
    """The part as content parts: one, or none and a loss, or several where a document is spelt out."""
    match part:
        case Text(text, extras):
            if not text and extras is EMPTY:
                return []
            said: ResponseInputTextParam = {"type": "input_text", "text": text}
            block = plain(said) if extras is EMPTY else attach(plain(said), extras, losses, path)
            if not text and not own(extras):
                losses.append(Loss(path, "an empty text, with nothing that Responses understands"))
                return []
            return [block]
        case Image():
            return [_write_image(part, losses, path)]
        case Document():
            return _write_document(part, losses, path)
        case Audio():
            losses.append(Loss(path, "Responses takes no sound"))
            return []
        case Refusal(text):
            losses.append(Loss(path, "a refusal that the model did not say is sent as text"))
            return [attach({"type": "input_text", "text": text}, part.extras, losses, path)]
        case Opaque(provider, raw) if provider == PROVIDER:
            return [raw.thaw()]
        case Opaque(provider):
            losses.append(Loss(path, f"only {provider} understands this"))
            return []
        case _:
            losses.append(Loss(path, f"a {type(part).__name__} has no place here in Responses"))
            return []


def _write_image(part: Image, losses: Losses, path: str) -> PlainObject:
    # Built loosely: the SDK lists the words for `detail`, and the server may know others.
    block: PlainObject = {"type": "input_image"}
    if isinstance(part.source, FileId):
        block["file_id"] = part.source.id
    else:
        block["image_url"] = part.source.url
    # Messages and the outputs of custom tools demand a detail, the outputs of functions take one.
    block["detail"] = "auto" if part.detail is None else part.detail
    return attach(block, part.extras, losses, path)


def _write_document(part: Document, losses: Losses, path: str) -> list[PlainJson]:
    report_wordless(part, losses, path, MIRROR)
    if isinstance(part.source, Text | tuple):
        return spelt_out(part, part.source, write_part, losses, path, MIRROR)
    block: ResponseInputFileParam = {"type": "input_file"}
    if isinstance(part.source, FileId):
        block["file_id"] = part.source.id
    elif isinstance(part.source, Base64):
        block["file_data"] = part.source.url
    else:
        block["file_url"] = part.source.url
    if part.title is not None:
        block["filename"] = part.title
    return [attach(plain(block), part.extras, losses, path)]
