"""What a file is, told by its first bytes, and whether it is all there, told by its outer structure.

Pure; the name of the file plays no part. Formats that are not listed are not read: every demuxer is a door.
"""

import struct
from dataclasses import dataclass
from typing import IO, Literal

HEAD_BYTES = 64
# ISO/IEC 14496-12 §4.3 brands that announce a still picture instead of a movie.
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_BMFF_TYPES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp")
_UNKNOWN_SIZE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Container:
    """A format: its `name` for people, `family` says who decodes it, `demuxer` what FFmpeg calls it."""

    name: str
    family: Literal["image", "av"]
    demuxer: str = ""


MP4 = Container("mp4", "av", "mov")
MATROSKA = Container("matroska", "av", "matroska")
AVI = Container("avi", "av", "avi")
WAV = Container("wav", "av", "wav")
OGG = Container("ogg", "av", "ogg")
FLAC = Container("flac", "av", "flac")
MP3 = Container("mp3", "av", "mp3")
JPEG = Container("jpeg", "image")
PNG = Container("png", "image")
GIF = Container("gif", "image")
WEBP = Container("webp", "image")
BMP = Container("bmp", "image")
AVIF = Container("avif", "image")

_MAGIC = (
    (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"GIF87a", GIF), (b"GIF89a", GIF), (b"BM", BMP),
    (b"\x1a\x45\xdf\xa3", MATROSKA), (b"OggS", OGG), (b"fLaC", FLAC), (b"ID3", MP3),
)  # fmt: skip
_RIFF = {b"WAVE": WAV, b"AVI ": AVI, b"WEBP": WEBP}


def sniff(head: bytes) -> Container | None:
    """The format that begins with these bytes (give at least `HEAD_BYTES`), or None."""
    if head[4:8] in _BMFF_TYPES:
        return _bmff(head)
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    return MP3 if _is_mpeg_audio(head) else None


def describe(head: bytes) -> str:
    """What a file that is no media looks like, for the error's text."""
    known = {
        b"PK\x03\x04": "a ZIP archive",
        b"%PDF": "a PDF",
        b"\x1f\x8b": "a gzip archive",
        b"\x7fELF": "a program",
    }
    for magic, name in known.items():
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return f"brand {head[8:12].decode('ascii', 'replace')}"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "unknown binary data"
    return "text"


def ends_early(stream: IO[bytes], container: Container, size: int) -> bool:
    """Whether the outer structure promises more than the `size` bytes there are (ISO boxes and RIFF only)."""
    if container.name in ("mp4", "avif"):
        return _boxes_end_early(stream, size)
    if container.name in ("wav", "avi", "webp"):
        stream.seek(4)
        (length,) = struct.unpack("<I", stream.read(4))
        return bool(
            length != _UNKNOWN_SIZE and length + 8 > size + 1
        )  # an odd chunk may lack its padding byte
    return False


def _bmff(head: bytes) -> Container | None:
    brand = head[8:12]
    if head[4:8] == b"ftyp" and brand in _AVIF_BRANDS:
        return AVIF
    if head[4:8] == b"ftyp" and brand in _HEIF_BRANDS:
        return AVIF if b"avif" in head[16:HEAD_BYTES] else None
    return MP4


def _is_mpeg_audio(head: bytes) -> bool:
    """An MPEG audio frame header (ISO/IEC 11172-3 §2.4.1.3) of layer III with a real bit rate and sampling rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3 and head[1] >> 3 & 3 != 1


def _boxes_end_early(stream: IO[bytes], size: int) -> bool:
    offset = 0
    while offset + 8 <= size:
        stream.seek(offset)
        head = stream.read(16)
        (length,) = struct.unpack(">I", head[:4])
        if length == 1:
            if len(head) < 16:
                return True
            (length,) = struct.unpack(">Q", head[8:16])
        if length == 0:
            return False
        if length < 8:
            return False  # no box at all: the decoder will say what it is
        offset += length
    return offset > size
