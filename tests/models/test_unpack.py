"""An archive cannot choose where it is written, what it becomes, or how much."""

from dataclasses import replace
from pathlib import Path

import pytest

from moderation.model_registry.errors import ArtifactRejected
from moderation.model_registry.unpack import unpack
from tests.support.packages import pinned, tarball, wheel

DATA = b"d" * 5000


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    archive = tarball(tmp_path / "a.tgz", {}, links={"package/model.onnx": "/etc/passwd"})
    with pytest.raises(ArtifactRejected, match="no regular file"):
        unpack("toy", archive, [pinned("package/model.onnx", DATA)], tmp_path / "out")


def test_a_member_longer_than_pinned_is_refused_while_reading(tmp_path: Path) -> None:
    archive = wheel(tmp_path / "a.whl", {"model.onnx": b"\0" * 50_000_000})
    with pytest.raises(ArtifactRejected, match="longer than the pinned 5000 bytes"):
        unpack("toy", archive, [pinned("model.onnx", DATA)], tmp_path / "out")
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) <= 5000


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    archive = wheel(tmp_path / "a.whl", {"else": DATA})
    with pytest.raises(ArtifactRejected, match=r"model\.onnx"):
        unpack("toy", archive, [pinned("model.onnx", DATA)], tmp_path / "out")


@pytest.mark.parametrize("name", ["a.whl", "a.tgz"])
def test_an_archive_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / name
    archive.write_bytes(b"<html>404</html>")
    with pytest.raises(ArtifactRejected, match="cannot be unpacked"):
        unpack("toy", archive, [pinned("model.onnx", DATA)], tmp_path / "out")


def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    archive = wheel(tmp_path / "a.whl", {"model.onnx": DATA})
    outside = replace(pinned("model.onnx", DATA), name="../escaped")
    with pytest.raises(ArtifactRejected, match="outside"):
        unpack("toy", archive, [outside], tmp_path / "out")
    assert not (tmp_path / "escaped").exists()
