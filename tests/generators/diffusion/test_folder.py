"""A folder that is missing, broken, of another kind, or with code of its own is refused by name before anything is loaded."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from moderation.generation.generators.diffusion.errors import (
    FolderMissing,
    ModelIndexBroken,
    NotTextToVideo,
    OptionUnknown,
    PipelineUnloadable,
    PipelineUnusable,
    RemoteCodeRefused,
)
from moderation.generation.generators.diffusion.folder import read_folder
from moderation.generation.generators.diffusion.generator import DiffusersGenerator, DiffusionSettings
from moderation.generation.generators.diffusion.revision import folder_revision
from tests.support.pipelines import edit_index


def generator(folder: Path | None, **more: Any) -> DiffusersGenerator:
    return DiffusersGenerator(DiffusionSettings(folder, **more))


def test_a_folder_is_read_without_loading_it(wan: Path) -> None:
    folder = read_folder(wan)
    assert folder.class_name == "WanPipeline"
    assert dict(folder.parts) == {
        "scheduler": "diffusers", "text_encoder": "transformers", "tokenizer": "transformers",
        "transformer": "diffusers", "vae": "diffusers",
    }  # fmt: skip


@pytest.mark.parametrize("name", [None, "nowhere"])
def test_a_missing_folder_is_named_with_its_setting(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(FolderMissing, match="SAFECONDUCT_GENERATOR_FOLDER") as caught:
        generator(tmp_path / name if name else None)
    assert caught.value.code == "generator.folder_missing"


def test_a_folder_without_an_index_is_broken(tmp_path: Path) -> None:
    with pytest.raises(ModelIndexBroken, match=r"model_index\.json is missing"):
        generator(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"_class_name": 3}', '{"_class_name": "WanPipeline"}']
)
def test_an_index_that_makes_no_sense_is_broken(own_wan: Path, text: str) -> None:
    (own_wan / "model_index.json").write_text(text)
    with pytest.raises(ModelIndexBroken):
        generator(own_wan)


def test_a_part_that_is_not_there_is_named(own_wan: Path) -> None:
    shutil.rmtree(own_wan / "vae")
    with pytest.raises(ModelIndexBroken, match="the part vae"):
        generator(own_wan)


@pytest.mark.parametrize(
    "changes",
    [
        {"_class_name": ["my_pipeline", "MyPipeline"]},
        {"vae": ["os", "PathLike"]},
        {"vae": ["my_module", "MyDecoder"]},
    ],
)
def test_a_folder_that_names_modules_of_its_own_is_refused(own_wan: Path, changes: Any) -> None:
    with pytest.raises(RemoteCodeRefused, match="no folder's own code is run") as caught:
        generator(edit_index(own_wan, **changes))
    assert caught.value.code == "generator.needs_remote_code"


def test_code_beside_the_weights_is_refused(own_wan: Path) -> None:
    (own_wan / "transformer" / "diffusers.py").write_text("raise SystemExit")
    with pytest.raises(RemoteCodeRefused, match="Python files"):
        generator(own_wan)


def test_a_config_that_asks_for_code_is_refused(own_wan: Path) -> None:
    path = own_wan / "text_encoder" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoModel": "modeling.Model"}}))
    with pytest.raises(RemoteCodeRefused, match="auto_map"):
        generator(own_wan)


@pytest.mark.parametrize(
    ("name", "why"),
    [("StableDiffusionPipeline", "makes no frames"), ("WanImageToVideoPipeline", "needs image")],
)
def test_a_pipeline_of_another_kind_is_refused(own_wan: Path, name: str, why: str) -> None:
    with pytest.raises(NotTextToVideo, match=why) as caught:
        generator(edit_index(own_wan, _class_name=name)).info()
    assert caught.value.code == "generator.not_text_to_video"


@pytest.mark.parametrize("name", ["FromTheFuturePipeline", "AutoencoderKLWan"])
def test_a_class_that_diffusers_does_not_have_is_refused(own_wan: Path, name: str) -> None:
    with pytest.raises(PipelineUnloadable, match=f"no pipeline {name}"):
        generator(edit_index(own_wan, _class_name=name)).info()


def test_weights_as_pickles_are_never_loaded(own_wan: Path) -> None:
    (own_wan / "vae" / "diffusion_pytorch_model.safetensors").rename(
        own_wan / "vae" / "diffusion_pytorch_model.bin"
    )
    with pytest.raises(PipelineUnloadable, match="safetensors"):
        generator(own_wan).info()


def test_an_option_that_the_pipeline_does_not_take_is_named_with_those_it_does(wan: Path) -> None:
    for options in ({"steps": 3}, {"prompt": "mine"}):
        with pytest.raises(OptionUnknown, match="num_inference_steps"):
            generator(wan, options=options).info()


def test_the_revision_changes_with_any_byte_that_is_loaded_and_with_nothing_else(own_wan: Path) -> None:
    first = folder_revision(read_folder(own_wan))
    (own_wan / "README.md").write_text("words")
    assert folder_revision(read_folder(own_wan)) == first
    (own_wan / "scheduler" / "scheduler_config.json").write_text("{}")
    second = folder_revision(read_folder(own_wan))
    assert second != first
    assert second.startswith("sha256:")
    assert len(second) == 71


def test_hashing_weights_can_be_stopped(wan: Path) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        folder_revision(read_folder(wan), check=stop)


def test_a_folder_that_vanishes_turns_the_ping_red(own_wan: Path) -> None:
    made = generator(own_wan, device="cpu")
    made.ping()
    shutil.rmtree(own_wan)
    with pytest.raises(PipelineUnusable):
        made.ping()
