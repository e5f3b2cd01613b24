"""Which media can carry a credential, told from the first bytes: names lie, and stored files have none."""

from pathlib import Path

from provenance.errors import StampFailed

HEAD_BYTES = 12
SUPPORTED = "mp4, mov, m4a, avif, jpeg, png, webp, wav, flac and mp3"
_BRANDS = {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"avif": "image/avif", b"avis": "image/avif"}
"""Major brands of ISO base media files (ISO/IEC 14496-12 §4.3) that are not plain video."""
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_STARTS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"fLaC": "audio/flac",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"\xff\xf2": "audio/mpeg",
}


def media_type(path: Path) -> str:
    """The media type of the file at `path`. Raises `OSError`, and `StampFailed` for what carries no credential."""
    with path.open("rb") as content:
        head = content.read(HEAD_BYTES)
    kind = of_head(head)
    if kind is None:
        raise StampFailed(
            "stamp.format", f"file: {path} starts with {head[:8]!r}; a credential fits into {SUPPORTED} only"
        )
    return kind


def of_head(head: bytes) -> str | None:
    """The media type for a file's first 12 bytes, or None."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)
