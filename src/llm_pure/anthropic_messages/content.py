"""From parts to content blocks.

Law: reading what is written here gives the parts back, or a `Loss` names the one that does not come back; nothing
is left out in silence. Typed by the SDK's own parameters; `extras` are merged at the end, in `attached` alone.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeVar, cast

from llm_pure.anthropic_messages.blocks import MESSAGE, MODELLED, RESULT, Readers, read_block
from llm_pure.anthropic_messages.ids import CallIds, own_id, wire_id
from llm_pure.anthropic_messages.tables import IMAGES, INVALID_JSON, PDF, PROVIDER
from llm_pure.errors import Loss
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, check_json, thaw
from llm_pure.normal import normal_content
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
from llm_pure.typed import check_own, unlike

if TYPE_CHECKING:
    from anthropic.types import (
        Base64ImageSourceParam,
        Base64PDFSourceParam,
        ContentBlockParam,
        DocumentBlockParam,
        ImageBlockParam,
        RedactedThinkingBlockParam,
        TextBlockParam,
        ThinkingBlockParam,
        ToolResultBlockParam,
        ToolUseBlockParam,
    )
    from anthropic.types.document_block_param import Source as DocumentSource
    from anthropic.types.image_block_param import Source as ImageSource
    from anthropic.types.tool_result_block_param import Content as ResultContent

__all__ = [
    "NO_TEXT",
    "attached",
    "block_of",
    "inner_block_of",
    "is_bare",
    "lose_extras",
    "moved",
    "own_extras",
    "text_block_of",
    "with_own",
]

B = TypeVar("B")
Called = TypeVar("Called", bound=ToolCall | BrokenToolCall | ToolResult)


def moved(losses: list[Loss], since: int, step: str) -> None:
    """Put `step` in front of the paths of the losses from `since` on: they were noted one level further in."""
    losses[since:] = [Loss(step + loss.path, loss.reason) for loss in losses[since:]]


# ---------------------------------------------------------------- what a provider attached


def own_extras(extras: JsonObject, losses: list[Loss]) -> PlainObject:
    """A copy of our own fields among the extras; those of other providers are lost."""
    own: PlainObject = {}
    for provider, fields in cast("Mapping[str, JsonInput]", extras).items():
        if provider != PROVIDER:
            if fields != EMPTY:
                losses.append(Loss(f".extras.{provider}", "only that provider understands it"))
        elif isinstance(fields, Mapping):
            own = cast("PlainObject", thaw(fields))
        else:
            losses.append(Loss(f".extras.{provider}", "is no object of fields"))
    return own


def with_own(extras: JsonObject, field: str, value: str | None) -> JsonObject:
    """The extras with this field of ours; without it if it is None."""
    own = extras.get(PROVIDER)
    fields: dict[str, JsonInput] = dict(own) if isinstance(own, JsonObject) else {}
    fields.pop(field, None)
    if value is not None:
        fields[field] = value
    rest: dict[str, JsonInput] = {key: fields for key, fields in extras.items() if key != PROVIDER}
    if fields:
        rest[PROVIDER] = fields
    return JsonObject(rest) if rest else EMPTY


def lose_extras(extras: JsonObject, losses: list[Loss]) -> None:
    """All extras are lost: there is no place for them."""
    losses.extend(
        Loss(f".extras.{provider}", "there is no place for it") for provider in extras if extras[provider]
    )


def attached(block: B, part: Part, losses: list[Loss], readers: Readers = MESSAGE) -> B:
    """The block with our own extras merged in.

    An extra may say what the part's fields say in other words (a document's text as a string). So one that names
    such a field goes out, and then reading must give the part back: else it has changed what the part says.
    """
    if isinstance(part, Opaque) or (extras := part.extras) is EMPTY or not extras:
        return block
    before = len(losses)
    own = own_extras(extras, losses)
    data = cast("PlainObject", block)
    kind = data.get("type")
    modelled = MODELLED.get(kind, frozenset()) if isinstance(kind, str) else frozenset()
    data.update(own)
    if not modelled.isdisjoint(own) and len(losses) == before and not _comes_back(data, part, readers):
        losses.append(Loss("", _CONTRADICTION))
    return block


_CONTRADICTION: Final = "its extras contradict its own fields, and have been sent instead"


def _comes_back(block: PlainObject, part: Part, readers: Readers) -> bool:
    try:
        return (read_block(block, readers),) == normal_content((part,))
    except JsonError:
        return False


# ---------------------------------------------------------------- text, and what may stand in a result


NO_TEXT: Final = Text("")


def is_bare(part: Part) -> bool:
    """Whether the part is a text and nothing but its text."""
    return type(part) is Text and (part.extras is EMPTY or not part.extras)


def _text(part: Text, losses: list[Loss], readers: Readers = MESSAGE) -> TextBlockParam | None:
    block: TextBlockParam = {"type": "text", "text": part.text}
    if part.extras is EMPTY:
        return block
    block = attached(block, part, losses, readers)
    if part.text or len(block) > len(_BARE):
        return block
    losses.append(Loss("", "an empty text, with nothing that Anthropic understands"))
    return None


_BARE: Final = ("type", "text")


def _said(text: str, reason: str, losses: list[Loss]) -> TextBlockParam | None:
    losses.append(Loss("", reason))
    return {"type": "text", "text": text} if text else None


def text_block_of(part: Part, losses: list[Loss], readers: Readers) -> TextBlockParam | None:
    """The block of a part among instructions: text, or a block of ours that nobody models."""
    check_own(part)
    match part:
        case Text():
            return _text(part, losses, readers)
        case Opaque():
            return cast("TextBlockParam | None", _opaque(part, losses, readers))  # verbatim, whatever it is
        case Refusal(text):
            return _said(text, "instructions hold no refusals: said as text", losses)
        case Image() | Document() | Audio() | ToolCall() | BrokenToolCall() | ToolResult() | Reasoning():
            losses.append(Loss("", "instructions are text"))
            return None
        case _:
            raise _foreign(part)


def inner_block_of(part: Part, losses: list[Loss]) -> ResultContent | None:
    """The block of a part in a tool's result or in a document."""
    check_own(part)
    match part:
        case Text():
            return _text(part, losses, RESULT)
        case Image():
            return _image(part, losses)
        case Document():
            return _document(part, losses)
        case Opaque():
            return cast("ResultContent | None", _opaque(part, losses, RESULT))  # verbatim, whatever it is
        case Refusal(text):
            return _said(text, "no refusal can stand here: said as text", losses)
        case Audio(_, transcript):
            return _said(transcript or "", "sound cannot be sent; a transcript goes as text", losses)
        case ToolCall() | BrokenToolCall() | ToolResult() | Reasoning():
            losses.append(Loss("", "only text, images and documents stand here"))
            return None
        case _:
            raise _foreign(part)


def _inner(parts: tuple[Part, ...], losses: list[Loss]) -> list[ResultContent]:
    found: list[ResultContent] = []
    for index, part in enumerate(parts):
        before = len(losses)
        if part == NO_TEXT:
            continue
        try:
            block = inner_block_of(part, losses)
        except JsonError as error:
            raise within(error, f"[{index}]") from None
        if block is not None:
            found.append(block)
        if len(losses) != before:
            moved(losses, before, f"[{index}]")
    return found


def _foreign(value: object) -> JsonError:
    return JsonError(f"{type(value).__name__} is no part", "")


def _opaque(part: Opaque, losses: list[Loss], readers: Readers) -> ContentBlockParam | None:
    if part.provider != PROVIDER:
        losses.append(Loss("", f"only {part.provider} understands this block"))
        return None
    block = thaw(part.raw)
    kind = part.raw.get("type")
    if (
        isinstance(kind, str)
        and kind in readers
        and not _comes_back(cast("PlainObject", block), part, readers)
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


def _image(part: Image, losses: list[Loss]) -> ImageBlockParam | None:
    source = _image_source(part.source, losses)
    if source is None:
        return None
    block: ImageBlockParam = {"type": "image", "source": source}
    if part.detail is not None:
        losses.append(Loss(".detail", "images have no level of detail here"))
    return attached(block, part, losses)


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
                inner = _inner(source, losses)
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


def _document(part: Document, losses: list[Loss]) -> DocumentBlockParam | None:
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
    return attached(block, part, losses)


# ---------------------------------------------------------------- thinking


def _reasoning(part: Reasoning, losses: list[Loss]) -> ThinkingBlockParam | RedactedThinkingBlockParam | None:
    own = part.extras.get(PROVIDER)
    if part.extras and own is None:
        losses.append(Loss("", "another provider's reasoning means nothing here"))
        return None
    if part.encrypted is not None:
        redacted: RedactedThinkingBlockParam = {"type": "redacted_thinking", "data": part.encrypted}
        if part.text or part.signature is not None:
            losses.append(Loss(".text", "encrypted reasoning goes without its text"))
        return attached(redacted, part, losses)
    if part.signature is not None:
        signed: ThinkingBlockParam = {"type": "thinking", "thinking": part.text, "signature": part.signature}
        return attached(signed, part, losses)
    if (
        isinstance(own, JsonObject) and own.get("type") == "thinking"
    ):  # it came so, and its server wants it so
        unsigned = cast("ThinkingBlockParam", {"type": "thinking", "thinking": part.text})
        return attached(unsigned, part, losses)
    losses.append(Loss("", "reasoning goes back signed or not at all"))
    return None


# ---------------------------------------------------------------- tools


def _call(part: ToolCall | BrokenToolCall, losses: list[Loss], ids: CallIds) -> ToolUseBlockParam:
    if part.free_text:
        losses.append(Loss(".free_text", "a call holds an object here: one with the text"))
    arguments: dict[str, object] = {INVALID_JSON: part.text} if isinstance(part, BrokenToolCall) else {}
    if isinstance(part, ToolCall):
        arguments = cast("dict[str, object]", thaw(part.arguments))
        check_json(arguments, ".arguments")
        if len(arguments) == 1 and isinstance(arguments.get(INVALID_JSON), str):
            losses.append(Loss(".arguments", f"{INVALID_JSON} alone comes back as a broken call"))
    block: ToolUseBlockParam = {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
    if part.extras is EMPTY or (stood := _stood(part, "id")) is None:
        block["id"] = ids.call(part.id)
        return block if part.extras is EMPTY else attached(block, part, losses)
    block["id"] = wire_id(part.id)
    block = attached(block, _without(part, "id"), losses)
    _check_id(stood, ids.call(part.id, stood), part.id, losses)
    block["id"] = stood
    return block


def _stood(part: ToolCall | BrokenToolCall | ToolResult, field: str) -> str | None:
    """The id that the call, or the result, had on the wire, if that is not the one that we would give it."""
    own = part.extras.get(PROVIDER)
    stood = own.get(field) if isinstance(own, JsonObject) else None
    return stood if isinstance(stood, str) else None


def _without(part: Called, field: str) -> Called:
    return replace(part, extras=with_own(part.extras, field, None))


def _check_id(stood: str, given: str, own: str, losses: list[Loss]) -> None:
    read = own_id(stood)
    if (stood if read is None else read) != own:
        losses.append(Loss("", _CONTRADICTION))
    elif stood == given:
        losses.append(Loss(f".extras.{PROVIDER}", "it has this id anyway"))


def _result(part: ToolResult, losses: list[Loss], ids: CallIds) -> ToolResultBlockParam:
    given = ids.result(part.call_id)
    stood = None if part.extras is EMPTY else _stood(part, "tool_use_id")
    block = _bare_result(part if stood is None else _without(part, "tool_use_id"), losses)
    if stood is not None:
        _check_id(stood, given, part.call_id, losses)
    block["tool_use_id"] = given if stood is None else stood
    return block


def _bare_result(part: ToolResult, losses: list[Loss]) -> ToolResultBlockParam:
    block: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": wire_id(part.call_id)}
    content = part.content
    if len(content) == 1 and is_bare(content[0]):
        text = cast("Text", content[0]).text
        if not isinstance(text, str):
            raise unlike(text, "a string", ".content[0].text")
        if text:
            block["content"] = text
    elif content:
        before = len(losses)
        try:
            block["content"] = _inner(content, losses)
        except JsonError as error:
            raise within(error, ".content") from None
        if len(losses) != before:
            moved(losses, before, ".content")
    if part.is_error:
        block["is_error"] = True
    return block if part.extras is EMPTY else attached(block, part, losses)


# ---------------------------------------------------------------- any part


def block_of(part: Part, losses: list[Loss], ids: CallIds) -> ContentBlockParam | None:
    """The block of a part in a message, whoever says it; None if the wire has none, which is a loss."""
    check_own(part)
    match part:
        case Text():
            return _text(part, losses)
        case ToolCall() | BrokenToolCall():
            return _call(part, losses, ids)
        case ToolResult():
            return _result(part, losses, ids)
        case Reasoning():
            return _reasoning(part, losses)
        case Image():
            return _image(part, losses)
        case Document():
            return _document(part, losses)
        case Opaque():
            return _opaque(part, losses, MESSAGE)
        case Refusal(text):
            return _said(text, "refusals have no block of their own: said as text", losses)
        case Audio(_, transcript):
            return _said(transcript or "", "sound cannot be sent; a transcript goes as text", losses)
        case _:
            raise _foreign(part)
