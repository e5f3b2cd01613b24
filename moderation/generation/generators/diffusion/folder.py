"""Reading a pipeline's folder before anything of it is loaded: what it is, and that it brings no code of its own.

The libraries would import a module that a folder names, so only parts of the installed diffusers and transformers pass.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.generation.generators.diffusion.errors import (
    FolderMissing,
    ModelIndexBroken,
    RemoteCodeRefused,
)

MODEL_INDEX = "model_index.json"
FOLDER_SETTING = "SAFECONDUCT_GENERATOR_FOLDER"
LIBRARIES = ("diffusers", "transformers")
_CONFIGS = ("config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json")


@dataclass(frozen=True, slots=True)
class PipelineFolder:
    """A folder as its index describes it: the pipeline's class, and the names of its parts with their libraries."""

    path: Path
    class_name: str
    parts: Mapping[str, str]


def read_folder(path: Path | None) -> PipelineFolder:
    """Check the folder. Raises `FolderMissing`, `ModelIndexBroken` or `RemoteCodeRefused`; loads nothing."""
    if path is None or not path.is_dir():
        raise FolderMissing(
            "no such folder", field=FOLDER_SETTING, value=str(path or ""),
            remedy=f"name the folder that holds the pipeline's {MODEL_INDEX}",
        )  # fmt: skip
    index = _read_object(path / MODEL_INDEX)
    name = index.get("_class_name")
    if isinstance(name, list):
        raise _foreign(path, "_class_name", "the pipeline is a module of its own")
    if not isinstance(name, str) or not name:
        raise _broken(path / MODEL_INDEX, "names no pipeline class (`_class_name`)")
    return PipelineFolder(path, name, dict(_parts(path, index)))


def _parts(path: Path, index: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, value in index.items():
        if name.startswith("_") or not (isinstance(value, list) and len(value) == 2):
            continue
        library, class_name = value
        if library is None:
            continue
        if not isinstance(library, str) or not isinstance(class_name, str):
            raise _broken(path / MODEL_INDEX, f"does not say which class {name} is")
        if library not in LIBRARIES:
            raise _foreign(path, name, f"it comes from the module {library!r}")
        _check_part(path, name)
        found.append((name, library))
    if not found:
        raise _broken(path / MODEL_INDEX, "names no parts")
    return found


def _check_part(path: Path, name: str) -> None:
    folder = path / name
    if not folder.is_dir():
        raise _broken(path / MODEL_INDEX, f"names the part {name}, which is not in the folder")
    if next(folder.glob("*.py"), None) is not None:
        raise _foreign(path, name, "its folder holds Python files")
    for config in _CONFIGS:
        if (folder / config).is_file() and "auto_map" in _read_object(folder / config):
            raise _foreign(path, name, f"its {config} asks for code (`auto_map`)")


def _read_object(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _broken(path, "is missing") from None
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read ({type(error).__name__})") from error
    if not isinstance(body, dict):
        raise _broken(path, "is no JSON object")
    return body


def _broken(path: Path, what: str) -> ModelIndexBroken:
    return ModelIndexBroken(
        f"{path.parent.name}/{path.name} {what}", field=FOLDER_SETTING, value=str(path.parent),
        remedy="copy the whole folder again, as `save_pretrained` writes it",
    )  # fmt: skip


def _foreign(path: Path, part: str, why: str) -> RemoteCodeRefused:
    return RemoteCodeRefused(
        f"{part}: {why}, and no folder's own code is run here", field=FOLDER_SETTING, value=str(path),
        remedy="use a pipeline of the installed diffusers, or serve this one behind generator=http",
    )  # fmt: skip
