"""Files as parts: images, documents, sound.

Law: the media type is read from the bytes, never believed from a name; what is text stays text, whatever word it begins
with. No address is ever fetched. To read a file is an effect: the pieces here are data until an interpreter reads them.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from llm_pure import Audio, Base64, Document, Image, Part, Text

__all__ = [
    "FilePiece",
    "audio_from_path",
    "document_from_path",
    "image_from_path",
    "media_type_of",
    "part_of",
    "read_part",
]

_MAGIC: tuple[tuple[tuple[tuple[int, bytes], ...], str], ...] = (
    (((0, b"\x89PNG\r\n\x1a\n"),), "image/png"),
    (((0, b"\xff\xd8\xff"),), "image/jpeg"),
    (((0, b"GIF87a"),), "image/gif"),
    (((0, b"GIF89a"),), "image/gif"),
    (((0, b"RIFF"), (8, b"WEBP")), "image/webp"),
    (((0, b"RIFF"), (8, b"WAVE")), "audio/wav"),
    (((0, b"ID3"),), "audio/mpeg"),
    (((0, b"\xff\xfa"),), "audio/mpeg"),
    (((0, b"\xff\xfb"),), "audio/mpeg"),
    (((0, b"\xff\xf2"),), "audio/mpeg"),
    (((0, b"\xff\xf3"),), "audio/mpeg"),
    (((0, b"fLaC"),), "audio/flac"),
    (((0, b"OggS"),), "audio/ogg"),
)
"""What stands where in the first bytes. Of PDF see below: it is the one that may be text all through."""

_PDF = b"%PDF-"
_HEAD = 64


def media_type_of(data: bytes) -> str | None:
    """The media type that the first bytes tell, or None."""
    head = data[:_HEAD]
    if head.startswith(_PDF):
        return "application/pdf"
    if _is_words(head):
        return None  # a text that begins like a medium; no medium goes on in words
    return next(
        (kind for marks, kind in _MAGIC if all(head.startswith(mark, at) for at, mark in marks)), None
    )


def _is_words(head: bytes) -> bool:
    """Whether the bytes, perhaps cut within a letter, are text."""
    if any(byte < 0x20 and byte not in b"\t\n\f\r" for byte in head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start > len(head) - 4
    return True


def part_of(data: bytes, name: str | None = None) -> Part | None:
    """The part that holds these bytes: image, document, sound, or text if they are UTF-8. None for anything else."""
    kind = media_type_of(data)
    if kind is None:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else Text(text)
    source = Base64(b64encode(data).decode(), kind)
    if kind.startswith("image/"):
        return Image(source)
    if kind.startswith("audio/"):
        return Audio(source)
    return Document(source, title=name)


def read_part(path: Path) -> Part:
    """The file as a part. This performs: programs ask for it by `resolve`.

    Raises OSError, and ValueError for a file that is neither text nor a medium.
    """
    part = part_of(path.read_bytes(), path.name)
    if part is None:
        raise ValueError(f"{path.name}: neither text nor a medium that models take")
    return part


# ---------------------------------------------------------------- pieces that say what they have to be


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A file that has to hold one kind of part, and what is said about it: a piece of a `Draft`."""

    path: PurePath
    as_part: Image | Document | Audio
    """The part as it will be, but for its source."""

    def read(self) -> Part:
        """The part. This performs: programs ask for it by `resolve`.

        Raises OSError, and ValueError for a file that holds something else.
        """
        part, wanted = read_part(Path(self.path)), self.as_part
        match wanted:
            case Image() if isinstance(part, Image):
                return replace(wanted, source=part.source)
            case Audio() if isinstance(part, Audio):
                return replace(wanted, source=part.source)
            case Document() if isinstance(part, Document | Text):
                source = part if isinstance(part, Text) else part.source
                return replace(wanted, source=source, title=wanted.title or self.path.name)
            case _:
                said, found = type(wanted).__name__, type(part).__name__
                raise ValueError(f"{self.path.name}: its bytes are no {said}, but {found}")


_NOTHING = Base64("", "")


def image_from_path(path: PurePath | str, *, detail: str | None = None) -> FilePiece:
    """The picture in a file, whatever the file is called; a file that is none is a Failure."""
    return FilePiece(PurePath(path), Image(_NOTHING, detail))


def document_from_path(
    path: PurePath | str,
    *,
    title: str | None = None,
    context: str | None = None,
    citations: bool | None = None,
) -> FilePiece:
    """The PDF or the text in a file, as a document; its name is its title where none is given."""
    return FilePiece(PurePath(path), Document(_NOTHING, title, context, citations))


def audio_from_path(path: PurePath | str) -> FilePiece:
    """The sound in a file, whatever the file is called; a file that is none is a Failure."""
    return FilePiece(PurePath(path), Audio(_NOTHING))
