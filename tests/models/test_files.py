"""A check gets a path only to bytes that were verified, or to the operator's own file, named as such."""

from pathlib import Path

import pytest

from moderation.model_registry.entries import ModelEntry
from moderation.model_registry.errors import ModelDamaged, ModelMissing, ModelUnknown
from moderation.model_registry.files import ModelFiles, overrides_from
from moderation.model_registry.verify import FileState, verify
from tests.support.packages import digest, entry, pinned, registry, wheel


@pytest.fixture
def toy(tmp_path: Path) -> ModelEntry:
    package = wheel(tmp_path / "toy.whl", {"m": b"weights"})
    return entry(package, pinned("m", b"weights"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"weights")
    return folder.parent


def test_the_path_of_an_entry_with_one_file_is_that_file(models: Path, toy: ModelEntry) -> None:
    assert ModelFiles(models, registry=registry(toy)).path("toy") == models / "toy" / "model.onnx"


def test_the_path_of_an_entry_with_several_files_is_their_folder(models: Path, tmp_path: Path) -> None:
    package = wheel(tmp_path / "two.whl", {"m": b"weights", "v": b"words"})
    (models / "toy" / "vocab.txt").write_bytes(b"words")
    two = entry(package, pinned("m", b"weights"), pinned("v", b"words", name="vocab.txt"), path=None)
    assert ModelFiles(models, registry=registry(two)).path("toy") == models / "toy"


def test_a_missing_file_says_which_and_what_to_do(tmp_path: Path, toy: ModelEntry) -> None:
    with pytest.raises(ModelMissing) as caught:
        ModelFiles(tmp_path / "empty", registry=registry(toy)).path("toy")
    assert caught.value.code == "model.missing"
    assert "toy: " in str(caught.value)
    assert "safeconduct models fetch" in str(caught.value)


@pytest.mark.parametrize("data", [b"weightz", b"", b"weights and more"])
def test_altered_bytes_are_refused_like_missing_ones(models: Path, toy: ModelEntry, data: bytes) -> None:
    (models / "toy" / "model.onnx").write_bytes(data)
    with pytest.raises(ModelDamaged) as caught:
        ModelFiles(models, registry=registry(toy)).path("toy")
    assert caught.value.code == "model.damaged"
    assert isinstance(caught.value, ModelMissing)


def test_a_failure_is_not_remembered_once_the_file_is_there(tmp_path: Path, toy: ModelEntry) -> None:
    files = ModelFiles(tmp_path / "later", registry=registry(toy))
    with pytest.raises(ModelMissing):
        files.path("toy")
    target = tmp_path / "later" / "toy" / "model.onnx"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"weights")
    assert files.path("toy") == target


def test_an_unknown_entry_names_the_known_ones(models: Path, toy: ModelEntry) -> None:
    with pytest.raises(ModelUnknown, match="known entries: toy"):
        ModelFiles(models, registry=registry(toy)).path("tyo")


def test_a_misspelt_override_is_refused_at_start(models: Path, toy: ModelEntry) -> None:
    with pytest.raises(ModelUnknown):
        ModelFiles(models, {"tyo": models}, registry(toy))


def test_an_override_is_used_and_its_revision_follows_its_bytes(
    models: Path, tmp_path: Path, toy: ModelEntry
) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(b"my weights")
    files = ModelFiles(models, {"toy": own}, registry(toy))
    assert files.path("toy") == own
    assert files.revision("toy") == f"override:{digest(b'my weights')[:12]}"


def test_the_revision_of_a_folder_changes_with_any_file_in_it(tmp_path: Path, toy: ModelEntry) -> None:
    own = tmp_path / "own"
    (own / "deep").mkdir(parents=True)
    (own / "deep" / "a").write_bytes(b"1")
    before = ModelFiles(tmp_path, {"toy": own}, registry(toy)).revision("toy")
    (own / "deep" / "a").write_bytes(b"2")
    assert ModelFiles(tmp_path, {"toy": own}, registry(toy)).revision("toy") != before


def test_an_override_that_is_gone_names_its_variable(models: Path, tmp_path: Path, toy: ModelEntry) -> None:
    with pytest.raises(ModelMissing, match="SAFECONDUCT_MODEL_TOY"):
        ModelFiles(models, {"toy": tmp_path / "gone"}, registry(toy)).path("toy")


def test_the_revision_pins_package_version_and_digest(models: Path, toy: ModelEntry) -> None:
    revision = ModelFiles(models, registry=registry(toy)).revision("toy")
    assert revision == f"toy-model@1.0:{digest(b'weights')[:12]}"


def test_overrides_are_read_from_the_environment_and_nothing_else_is() -> None:
    environment = {
        "SAFECONDUCT_MODEL_FACE_EMBEDDING": "/mine.onnx",
        "SAFECONDUCT_MODELS_DIR": "/elsewhere",
        "SAFECONDUCT_MODEL_NUDITY": "",
    }
    assert overrides_from(environment) == {"face_embedding": Path("/mine.onnx")}


def test_verify_reports_every_state(models: Path, tmp_path: Path, toy: ModelEntry) -> None:
    def state(overrides: dict[str, Path]) -> FileState:
        return verify([toy], models, overrides)[0].state

    assert state({}) is FileState.VERIFIED
    assert state({"toy": models}) is FileState.OVERRIDDEN
    assert state({"toy": tmp_path / "gone"}) is FileState.MISSING
    (models / "toy" / "model.onnx").write_bytes(b"weightz")
    assert state({}) is FileState.DAMAGED
    (models / "toy" / "model.onnx").unlink()
    assert state({}) is FileState.MISSING
