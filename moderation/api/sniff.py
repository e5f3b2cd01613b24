"""The door's look at an upload: what it is by its first bytes, and whether it is all there by its outer structure.

The name and the declared type are the sender's claims and are not read. Whether a file is sound is found out later, by decoding
it in a subprocess with limits.
"""

from pathlib import Path

from moderation.errors import ServiceError
from moderation.media.sniff import HEAD_BYTES, describe, ends_early, sniff

MEDIA_TYPES = {
    "mp4": "video/mp4",
    "matroska": "video/webm",
    "avi": "video/x-msvideo",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "avif": "image/avif",
}


class FileUnsupported(ServiceError):
    """The bytes are of no media type that is read here."""

    code = "asset.unsupported"


class FileTruncated(ServiceError):
    """The file announces more than it holds."""

    code = "asset.truncated"


def media_type(path: Path) -> str:
    """The media type of the file. Raises `FileUnsupported` or `FileTruncated`."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        container = sniff(head)
        if container is None:
            raise FileUnsupported(
                f"is no picture, video or sound that is read here, but {describe(head)}"
                if head
                else "is empty",
                field="body",
                value=f"begins with {head[:8].hex(' ')}" if head else "0 bytes",
                remedy=f"send one of: {', '.join(sorted(MEDIA_TYPES))}",
            )
        if ends_early(stream, container, size):
            raise FileTruncated(
                f"is a {container.name} file that ends before its own structure does",
                field="body",
                value=f"{size} bytes",
                remedy="the upload or the file was cut: send it again, whole",
            )
    return MEDIA_TYPES[container.name]
