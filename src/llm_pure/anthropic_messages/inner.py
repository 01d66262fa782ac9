"""From parts to what may stand within another block, and among instructions: text, pictures, documents.

Law: reading what is written here gives the parts back, or a `Loss` names the one that does not come back; nothing
is left out in silence.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Final, Literal, cast

from llm_pure.anthropic_messages.attached import attach, comes_back, lose_extras, moved
from llm_pure.anthropic_messages.blocks import MESSAGE, RESULT, Readers
from llm_pure.anthropic_messages.tables import IMAGES, PDF, PROVIDER
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, thaw
from llm_pure.parts import (
    Audio,
    Base64,
    BrokenToolCall,
    Document,
    FileId,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from llm_pure.reading import PlainObject, within
from llm_pure.typed import check_own

if TYPE_CHECKING:
    from anthropic.types import (
        Base64ImageSourceParam,
        Base64PDFSourceParam,
        ContentBlockParam,
        DocumentBlockParam,
        ImageBlockParam,
        TextBlockParam,
    )
    from anthropic.types.document_block_param import Source as DocumentSource
    from anthropic.types.image_block_param import Source as ImageSource
    from anthropic.types.tool_result_block_param import Content as ResultContent

__all__ = [
    "NO_TEXT",
    "foreign",
    "is_bare",
    "write_as_text",
    "write_document",
    "write_image",
    "write_inner",
    "write_instruction",
    "write_opaque",
    "write_text",
]


NO_TEXT: Final = Text("")


def is_bare(part: Part) -> bool:
    """Whether the part is a text and nothing but its text."""
    return type(part) is Text and (part.extras is EMPTY or not part.extras)


def write_text(part: Text, losses: list[Loss], readers: Readers = MESSAGE) -> TextBlockParam | None:
    """The text; none, and a loss, if it says nothing."""
    block: TextBlockParam = {"type": "text", "text": part.text}
    if part.extras is EMPTY:
        return block
    block = attach(block, part, losses, readers)
    if part.text or len(block) > len(_BARE):
        return block
    losses.append(Loss("", "an empty text, with nothing that Anthropic understands"))
    return None


_BARE: Final = ("type", "text")


def write_as_text(text: str, reason: str, losses: list[Loss]) -> TextBlockParam | None:
    """Words of another kind of part, as text; that they are no more than that is the loss."""
    losses.append(Loss("", reason))
    return {"type": "text", "text": text} if text else None


def write_instruction(part: Part, losses: list[Loss], readers: Readers) -> TextBlockParam | None:
    """The block of a part among instructions: text, or a block of ours that nobody models."""
    check_own(part)
    match part:
        case Text():
            return write_text(part, losses, readers)
        case Opaque():
            # Verbatim, whatever it is.
            return cast("TextBlockParam | None", write_opaque(part, losses, readers))
        case Refusal(text):
            return write_as_text(text, "instructions hold no refusals: said as text", losses)
        case Image() | Document() | Audio() | ToolCall() | BrokenToolCall() | ToolResult() | Reasoning():
            losses.append(Loss("", "instructions are text"))
            return None
        case _:
            raise foreign(part)


def _write_one(part: Part, losses: list[Loss]) -> ResultContent | None:
    """The block of a part in a tool's result or in a document."""
    check_own(part)
    match part:
        case Text():
            return write_text(part, losses, RESULT)
        case Image():
            return write_image(part, losses)
        case Document():
            return write_document(part, losses)
        case Opaque():
            # Verbatim, whatever it is.
            return cast("ResultContent | None", write_opaque(part, losses, RESULT))
        case Refusal(text):
            return write_as_text(text, "no refusal can stand here: said as text", losses)
        case Audio(_, transcript):
            return write_as_text(transcript or "", "sound cannot be sent; a transcript goes as text", losses)
        case ToolCall() | BrokenToolCall() | ToolResult() | Reasoning():
            losses.append(Loss("", "only text, images and documents stand here"))
            return None
        case _:
            raise foreign(part)


def write_inner(parts: tuple[Part, ...], losses: list[Loss]) -> list[ResultContent]:
    """The blocks of the parts, in order."""
    found: list[ResultContent] = []
    for index, part in enumerate(parts):
        before = len(losses)
        if part == NO_TEXT:
            continue
        try:
            block = _write_one(part, losses)
        except JsonError as error:
            raise within(error, f"[{index}]") from None
        if block is not None:
            found.append(block)
        if len(losses) != before:
            moved(losses, before, f"[{index}]")
    return found


def foreign(value: object) -> JsonError:
    """The error for what is no part at all."""
    return JsonError(f"{type(value).__name__} is no part", "")


def write_opaque(part: Opaque, losses: list[Loss], readers: Readers) -> ContentBlockParam | None:
    """A block of ours that nobody models, verbatim."""
    if part.provider != PROVIDER:
        losses.append(Loss("", f"only {part.provider} understands this block"))
        return None
    block = thaw(part.raw)
    kind = part.raw.get("type")
    if (
        isinstance(kind, str)
        and kind in readers
        and not comes_back(cast("PlainObject", block), part, readers)
    ):
        losses.append(Loss("", f"a block of type {kind} has a part of its own, and comes back as that"))
    return cast("ContentBlockParam", block)


# ---------------------------------------------------------------- media


def _image_source(source: Source, losses: list[Loss]) -> ImageSource | None:
    _check_source(source)
    match source:
        case Base64(data, media_type):
            if media_type not in IMAGES:
                losses.append(Loss("", f"Anthropic takes no picture of this type, only {', '.join(IMAGES)}"))
                return None
            kind = cast("Literal['image/png']", media_type)  # or another of these
            encoded: Base64ImageSourceParam = {"type": "base64", "media_type": kind, "data": data}
            return encoded
        case Url(url):
            return {"type": "url", "url": url}
        case FileId(id_):
            return {"type": "file", "file_id": id_}
        case _:
            raise JsonError(f"{type(source).__name__} is no source", ".source")


def write_image(part: Image, losses: list[Loss]) -> ImageBlockParam | None:
    """The picture."""
    source = _image_source(part.source, losses)
    if source is None:
        return None
    block: ImageBlockParam = {"type": "image", "source": source}
    if part.detail is not None:
        losses.append(Loss(".detail", "images have no level of detail here"))
    return attach(block, part, losses)


def _check_source(source: object) -> None:
    try:
        check_own(source)
    except JsonError as error:
        raise within(error, ".source") from None


def _document_source(source: Source | Text | tuple[Part, ...], losses: list[Loss]) -> DocumentSource | None:
    _check_source(source)
    match source:
        case Text(text):
            before = len(losses)
            lose_extras(source.extras, losses)
            moved(losses, before, ".source")
            return {"type": "text", "media_type": "text/plain", "data": text}
        case Base64(data, media_type):
            if media_type != PDF:
                return _as_text(data, media_type, losses)
            encoded: Base64PDFSourceParam = {"type": "base64", "media_type": PDF, "data": data}
            return encoded
        case Url(url):
            return {"type": "url", "url": url}
        case FileId(id_):
            return {"type": "file", "file_id": id_}
        case tuple():
            before = len(losses)
            try:
                inner = write_inner(source, losses)
            except JsonError as error:
                raise within(error, ".source") from None
            moved(losses, before, ".source")
            return {"type": "content", "content": cast("list[TextBlockParam | ImageBlockParam]", inner)}
        case _:
            raise JsonError(f"{type(source).__name__} is no source", ".source")


def _as_text(data: str, media_type: str, losses: list[Loss]) -> DocumentSource | None:
    """The source of a document that is no PDF: its text, if it is one."""
    if media_type.startswith("text/"):
        try:
            text = b64decode(data, validate=True).decode()
        except ValueError:  # no base64, or no UTF-8
            pass
        else:
            losses.append(Loss(".source", "text is sent as text, and not as base64"))
            return {"type": "text", "media_type": "text/plain", "data": text}
    losses.append(Loss("", "Anthropic takes documents as PDF and as text only"))
    return None


def write_document(part: Document, losses: list[Loss]) -> DocumentBlockParam | None:
    """The document."""
    source = _document_source(part.source, losses)
    if source is None:
        return None
    block: DocumentBlockParam = {"type": "document", "source": source}
    if part.title is not None:
        block["title"] = part.title
    if part.context is not None:
        block["context"] = part.context
    if part.citations is not None:
        block["citations"] = {"enabled": part.citations}
    return attach(block, part, losses)
