"""What a guard's folder must hold before anything of it is loaded, and what names its contents."""

import json
from pathlib import Path

import pytest

from moderation.guard_models.errors import GuardUnusable
from moderation.guard_models.folder import CLASSES, folder_revision, read_folder
from tests.support.guards import edit_config


def refusal(path: Path | None, kind: str | None = None) -> str:
    """The code with which the folder is refused."""
    with pytest.raises(GuardUnusable) as caught:
        read_folder(path, kind=kind, setting="SAFECONDUCT_GUARD_TEXT")  # type: ignore[arg-type]  # one of the three, or none
    assert caught.value.for_operator
    return caught.value.code


def test_every_class_that_is_asked_is_in_the_installed_transformers() -> None:
    import transformers

    assert all(hasattr(transformers, name) for name in CLASSES)


def test_a_folder_says_what_it_is(llama: Path, qwen: Path, gemma: Path, ear: Path) -> None:
    kinds = [read_folder(path).kind for path in (llama, qwen, gemma, ear)]
    assert kinds == ["text", "text", "image", "speech"]


def test_no_folder_and_one_that_is_not_there_are_missing(tmp_path: Path) -> None:
    assert refusal(None) == refusal(tmp_path / "nowhere") == "guard.folder_missing"


def test_a_guard_of_another_kind_is_not_taken(llama: Path) -> None:
    assert refusal(llama, "image") == "guard.class_unknown"


def test_a_class_that_nobody_can_ask_is_not_taken(own_llama: Path) -> None:
    edit_config(own_llama, architectures=["MistralForCausalLM"])
    assert refusal(own_llama) == "guard.class_unknown"


def test_a_config_that_asks_for_its_own_code_is_refused(own_llama: Path) -> None:
    edit_config(own_llama, auto_map={"AutoModelForCausalLM": "modelling.Guard"})
    assert refusal(own_llama) == "guard.needs_remote_code"


def test_a_folder_with_python_files_is_refused(own_llama: Path) -> None:
    (own_llama / "modelling.py").write_text("raise SystemExit\n")
    assert refusal(own_llama) == "guard.needs_remote_code"


def test_pickled_weights_are_refused(own_llama: Path) -> None:
    (own_llama / "model.safetensors").rename(own_llama / "pytorch_model.bin")
    assert refusal(own_llama) == "guard.not_safetensors"


@pytest.mark.parametrize("name", ["../model.safetensors", "weights.bin"])
def test_an_index_may_only_name_safetensors_beside_it(own_llama: Path, name: str) -> None:
    index = {"weight_map": {"lm_head.weight": name}}
    (own_llama / "model.safetensors.index.json").write_text(json.dumps(index))
    assert refusal(own_llama) in {"guard.folder_broken", "guard.not_safetensors"}


@pytest.mark.parametrize("spoilt", ["", "[]", "{"])
def test_a_config_that_cannot_be_read_is_broken(own_llama: Path, spoilt: str) -> None:
    (own_llama / "config.json").write_text(spoilt)
    assert refusal(own_llama) == "guard.folder_broken"


def test_missing_weights_are_named(own_llama: Path) -> None:
    (own_llama / "model.safetensors").unlink()
    with pytest.raises(GuardUnusable, match=r"model\.safetensors is missing"):
        read_folder(own_llama)


def test_the_revision_changes_with_any_file_that_is_loaded_and_with_no_other(own_llama: Path) -> None:
    folder = read_folder(own_llama)
    first = folder_revision(folder)
    (own_llama / "README.md").write_text("unread")
    assert folder_revision(folder) == first
    edit_config(own_llama, rms_norm_eps=1e-3)
    second = folder_revision(folder)
    assert first.startswith("LlamaForCausalLM:")
    assert second != first
    assert second.startswith("LlamaForCausalLM:")
