"""Files as parts: images, documents, sound.

Law: the media type is read from the bytes, never believed from a name. No address is ever fetched.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from llm_pure import Audio, Base64, Document, Image, Part, Text

__all__ = ["media_type_of", "part_of", "read_part"]

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
)


def media_type_of(data: bytes) -> str | None:
    """The media type that the first bytes tell, or None."""
    return next((kind for at, magic, kind in _MAGIC if data.startswith(magic, at)), None)


def part_of(data: bytes, name: str | None = None) -> Part | None:
    """The part that holds these bytes: image, document, sound, or text if they are UTF-8. None for anything else."""
    kind = media_type_of(data)
    if kind is None:
        try:
            text = data.decode()
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
