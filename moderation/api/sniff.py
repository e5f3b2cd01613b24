"""What a file is, by its first bytes: the name and the declared type are the sender's claims and are not read.

Only a filter at the door, so that a zip named .mp4 is refused by name; whether a file is sound is found out by decoding it,
in a subprocess with limits.
"""

from moderation.errors import ServiceError

HEAD_BYTES = 64
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftypM4A ", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (8, b"WAVE", "audio/wav"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
)


class FileUnsupported(ServiceError):
    """The bytes are of no media type that is read here."""

    code = "asset.unsupported"


def media_type(head: bytes) -> str:
    """The media type of a file that begins with `head`. Raises `FileUnsupported`."""
    for offset, signature, name in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return name
    raise FileUnsupported(
        "is no picture, video or sound that is read here" if head else "is empty",
        field="body",
        value=f"begins with {head[:8].hex(' ')}" if head else "0 bytes",
        remedy="send jpeg, png, webp, gif, avif, mp4, mov, webm, wav, mp3, flac, ogg or m4a",
    )
