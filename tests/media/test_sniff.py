"""What a file is, told by content, and whether its outer structure is complete."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.media.sniff import HEAD_BYTES, MP4, WAV, Container, describe, ends_early, sniff


def _pad(start: bytes) -> bytes:
    return start.ljust(HEAD_BYTES, b"\0")


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x18ftypisom", "mp4"),
        (b"\0\0\0\x14ftypqt  ", "mp4"),
        (b"\0\0\0\x08moov", "mp4"),
        (b"\0\0\0\x20ftypavif", "avif"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF89a", "gif"),
        (b"BM", "bmp"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "wav"),
        (b"RIFF\x24\0\0\0AVI LIST", "avi"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"OggS", "ogg"),
        (b"fLaC", "flac"),
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
    ],
)
def test_a_format_is_known_by_its_first_bytes(start: bytes, name: str) -> None:
    container = sniff(_pad(start))
    assert container is not None
    assert container.name == name


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF-1.7", "a PDF"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "text"),
        (b"ffconcat version 1.0\n", "text"),
        ("Häuser".encode(), "text"),
        (b"\x7fELF", "a program"),
        (b"\0\0\0\x18ftypheic", "brand heic"),
        (b"\x00\xfe\x80\x81" * 16, "unknown binary data"),
        (b"RIFF\x24\0\0\0RMID", "text"),
    ],
)
def test_what_is_no_media_is_described(start: bytes, shown: str) -> None:
    assert sniff(_pad(start)) is None
    assert describe(_pad(start)) == shown


def _box(kind: bytes, length: int) -> bytes:
    return struct.pack(">I", length) + kind + b"\0" * (length - 8)


def _early(data: bytes, container: Container) -> bool:
    return ends_early(io.BytesIO(data), container, len(data))


def test_whole_boxes_are_complete_and_any_cut_is_seen() -> None:
    data = _box(b"ftyp", 24) + _box(b"moov", 200) + _box(b"mdat", 500)
    assert not _early(data, MP4)
    for cut in (25 + 8, 150, 300, len(data) - 1):
        assert _early(data[:cut], MP4), cut


def test_a_last_box_that_runs_to_the_end_of_the_file_is_complete() -> None:
    assert not _early(_box(b"ftyp", 24) + struct.pack(">I", 0) + b"mdat" + b"\0" * 100, MP4)


def test_a_box_with_a_64_bit_length_is_measured() -> None:
    large = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 116) + b"\0" * 100
    assert not _early(large, MP4)
    assert _early(large[:-1], MP4)
    assert _early(large[:10], MP4)


def test_a_riff_file_shorter_than_it_says_is_cut() -> None:
    assert _early(b"RIFF" + struct.pack("<I", 1000) + b"WAVE" + b"\0" * 100, WAV)
    assert not _early(b"RIFF" + struct.pack("<I", 104) + b"WAVE" + b"\0" * 100, WAV)


def test_a_riff_file_written_to_a_pipe_has_no_length_and_is_not_cut() -> None:
    assert not _early(b"RIFF\xff\xff\xff\xffWAVE" + b"\0" * 100, WAV)


@given(st.binary(max_size=HEAD_BYTES))
def test_no_bytes_upset_the_sniffer(data: bytes) -> None:
    sniff(data)
    assert describe(data)


@given(st.binary(min_size=8, max_size=400), st.sampled_from([MP4, WAV]))
def test_no_structure_upsets_the_measuring(data: bytes, container: Container) -> None:
    assert ends_early(io.BytesIO(data), container, len(data)) in (True, False)
