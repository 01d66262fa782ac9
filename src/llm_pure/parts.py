"""What a message is made of.

Law: a part holds everything its provider attached to it, so that it goes back unchanged. What all
providers share has a field; what only one of them knows stands in `extras` under that provider's name
(`{"anthropic": {"cache_control": {"type": "ephemeral"}}}`) and is sent to that provider alone. A block that
we do not model at all is an `Opaque`: verbatim, at its place.

Text is only ever text: no string, whatever it holds, becomes another kind of part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from typing_extensions import override

from llm_pure.brief import Brief
from llm_pure.json import EMPTY, JsonError, JsonInput, JsonObject, as_object, parse_json

__all__ = [
    "Audio",
    "Base64",
    "BrokenToolCall",
    "Document",
    "FileId",
    "Image",
    "Opaque",
    "Part",
    "Reasoning",
    "Refusal",
    "Source",
    "Text",
    "ToolCall",
    "ToolResult",
    "Url",
    "call_of_text",
    "made_call",
]


# ---------------------------------------------------------------- where the bytes of a medium are


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes sent along: base64 text and its media type (`image/png`, `application/pdf`, `audio/wav`)."""

    data: str
    media_type: str

    @property
    def url(self) -> str:
        """The bytes as a `data:` URL."""
        return f"data:{self.media_type};base64,{self.data}"

    @override
    def __repr__(self) -> str:
        return f"Base64(<{len(self.data)} characters>, {self.media_type!r})"


@dataclass(frozen=True, slots=True)
class Url:
    """Bytes that the provider fetches. We never do."""

    url: str

    @override
    def __repr__(self) -> str:
        return f"Url({self.url!r})" if len(self.url) <= 200 else f"Url(<{len(self.url)} characters>)"


@dataclass(frozen=True, slots=True, repr=False)
class FileId(Brief):
    """Bytes uploaded to the provider before."""

    id: str


Source: TypeAlias = Base64 | Url | FileId


# ---------------------------------------------------------------- parts

_put = object.__setattr__


@dataclass(frozen=True, slots=True, repr=False)
class Text(Brief):
    """Plain text."""

    text: str
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False)
class Image(Brief):
    """A picture. `detail` is OpenAI's `low`, `high`, `auto` or `original`; None leaves it to the provider."""

    source: Source
    detail: str | None = None
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False)
class Document(Brief):
    """A document to read: a PDF or plain text, given as bytes, address, file id, or as parts of its own."""

    source: Source | Text | tuple[Part, ...]
    title: str | None = None
    context: str | None = None
    citations: bool | None = None
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False)
class Audio(Brief):
    """Recorded speech or sound, sent or answered. `FileId` names an earlier answer's audio."""

    source: Source
    transcript: str | None = None
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False, init=False)
class ToolCall(Brief):
    """The model asks for a tool. `arguments` is always a whole JSON object (see `BrokenToolCall`).

    Arguments that came as text remember its spelling (`JsonObject.text`), and go back in it. A call with plain text
    (`free_text`, OpenAI's custom tools) has that text as its one argument, `input`.
    """

    id: str
    name: str
    arguments: JsonObject = EMPTY
    extras: JsonObject = EMPTY
    free_text: bool = False

    def __init__(
        self,
        id: str,  # noqa: A002  # the name of its field
        name: str,
        arguments: Mapping[str, JsonInput] = EMPTY,
        extras: JsonObject = EMPTY,
        free_text: bool = False,
    ) -> None:
        """`arguments` may be any mapping: a `JsonObject` is kept, another one is copied."""
        _put(self, "id", id)
        _put(self, "name", name)
        _put(self, "arguments", arguments if type(arguments) is JsonObject else as_object(arguments))
        _put(self, "extras", extras)
        _put(self, "free_text", free_text)


class _CallInTheMaking(Brief):
    """A `ToolCall` that nobody has yet: the same slots, and no guard to get past. An answer makes dozens."""

    __slots__ = ("arguments", "extras", "free_text", "id", "name")
    id: str
    name: str
    arguments: JsonObject
    extras: JsonObject
    free_text: bool


def made_call(id_: str, name: str, arguments: JsonObject, extras: JsonObject = EMPTY) -> ToolCall:
    """`ToolCall(id_, name, arguments, extras)`, in half the time."""
    call = _CallInTheMaking()
    call.id = id_
    call.name = name
    call.arguments = arguments
    call.extras = extras
    call.free_text = False
    call.__class__ = ToolCall  # type: ignore[assignment]  # of the same slots
    return cast("ToolCall", call)


@dataclass(frozen=True, slots=True, repr=False)
class BrokenToolCall(Brief):
    """A tool call that cannot be run: its arguments are cut off, or are no JSON object. `text` is all there is."""

    id: str
    name: str
    text: str
    extras: JsonObject = EMPTY
    free_text: bool = False


def call_of_text(id_: str, name: str, text: str, extras: JsonObject = EMPTY) -> ToolCall | BrokenToolCall:
    """The call whose arguments this text is: broken, if it is no whole JSON object."""
    try:
        arguments = parse_json(text)
    except JsonError:
        return BrokenToolCall(id_, name, text, extras)
    if not isinstance(arguments, dict):
        return BrokenToolCall(id_, name, text, extras)
    return made_call(id_, name, JsonObject.wrap(arguments, text), extras)


@dataclass(frozen=True, slots=True, repr=False, init=False)
class ToolResult(Brief):
    """What a tool answered, in a user message. `call_id` is the call's `id`."""

    call_id: str
    content: tuple[Part, ...] = ()
    is_error: bool = False
    extras: JsonObject = EMPTY

    def __init__(
        self,
        call_id: str,
        content: str | Sequence[Part] = (),
        is_error: bool = False,
        extras: JsonObject = EMPTY,
    ) -> None:
        """`content` may be a string: it is one `Text`, to the letter; the empty one is nothing."""
        _put(self, "call_id", call_id)
        _put(self, "content", content if type(content) is tuple else _parts(content))
        _put(self, "is_error", is_error)
        _put(self, "extras", extras)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The model's thinking. It goes back to its provider byte for byte, or not at all.

    `signature` authenticates `text`, which may be empty (only a summary or nothing is shown); `encrypted` is
    thinking that nobody but the provider can read (Anthropic's redacted thinking, OpenAI's encrypted content).
    """

    text: str = ""
    signature: str | None = None
    encrypted: str | None = None
    extras: JsonObject = EMPTY

    @override
    def __repr__(self) -> str:
        sealed = "".join(
            f", {name}=<{len(value)} characters>"
            for name, value in (("signature", self.signature), ("encrypted", self.encrypted))
            if value is not None
        )
        extras = f", extras={self.extras!r}" if self.extras else ""
        return f"Reasoning({self.text!r}{sealed}{extras})"


@dataclass(frozen=True, slots=True, repr=False)
class Refusal(Brief):
    """The model's words on why it does not answer. Not part of the answer's text."""

    text: str
    extras: JsonObject = EMPTY


@dataclass(frozen=True, slots=True, repr=False)
class Opaque(Brief):
    """Any block that we do not model, verbatim, in place. Only `provider` understands it."""

    provider: str
    raw: JsonObject


Part: TypeAlias = (
    Text | Image | Document | Audio | ToolCall | BrokenToolCall | ToolResult | Reasoning | Refusal | Opaque
)


def _parts(content: str | Sequence[Part]) -> object:
    """The content as parts; what is none, whatever a checker would have said, stays so and is refused when sent."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(content) if isinstance(content, list) else content
