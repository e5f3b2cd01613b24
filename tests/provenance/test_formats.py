"""Formats are told from the first bytes, so that stored files need no name and a false name changes nothing."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from provenance.credentials.formats import media_type, of_head
from provenance.errors import StampFailed


def test_a_video_is_known_without_a_name(clip: Path, tmp_path: Path) -> None:
    nameless = tmp_path / "0123abcd"
    nameless.write_bytes(clip.read_bytes())
    assert media_type(nameless) == "video/mp4"


@pytest.mark.parametrize(
    ("kind", "expected"), [("jpeg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")]
)
def test_pictures_are_known(tmp_path: Path, kind: str, expected: str) -> None:
    path = tmp_path / "picture.mp4"
    Image.new("RGB", (32, 32)).save(path, kind)
    assert media_type(path) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x14ftypM4A ", "audio/mp4"),
        (b"\0\0\0\x14ftypavif", "image/avif"),
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"RIFF\0\0\0\0AVI ", None),
        (b"fLaC\0\0\0\x22\x10\0\x10\0", "audio/flac"),
        (b"ID3\4\0\0\0\0\0\0\0\0", "audio/mpeg"),
        (bytes.fromhex("1A45DFA3") + bytes(8), None),  # webm
        (b"OggS" + bytes(8), None),
        (b"", None),
    ],
)
def test_the_first_bytes_decide(head: bytes, expected: str | None) -> None:
    assert of_head(head) == expected


@given(st.binary(max_size=12))
def test_no_head_is_an_error(head: bytes) -> None:
    kind = of_head(head)
    assert kind is None or kind.split("/")[0] in {"video", "audio", "image"}


def test_what_carries_no_credential_is_refused_with_what_would(tmp_path: Path) -> None:
    path = tmp_path / "archive.mp4"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(StampFailed, match=r"starts with b'PK.*mp4, mov, m4a, avif") as raised:
        media_type(path)
    assert raised.value.code == "stamp.format"
