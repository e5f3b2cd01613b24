"""Reading a guard's folder before anything of it is loaded: which model it is, and that it brings no code of its own.

Only classes of the installed transformers are loaded, only from safetensors, and only with the files that lie in the folder.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from moderation.guard_models.errors import (
    GuardClassUnknown,
    GuardCodeRefused,
    GuardFolderBroken,
    GuardFolderMissing,
    GuardWeightsRefused,
)

Kind = Literal["text", "image", "speech"]

CLASSES: Final[Mapping[str, Kind]] = {
    "LlamaForCausalLM": "text",  # Llama Guard 1 to 3
    "Qwen3ForCausalLM": "text",  # Qwen3Guard-Gen; Qwen3Guard-Stream needs code of its own
    "ShieldGemma2ForImageClassification": "image",
    "WhisperForConditionalGeneration": "speech",
}
CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class GuardFolder:
    """A folder as its `config.json` describes it: the model's class, and what kind of guard that makes. `setting` is where an
    operator named it."""

    path: Path
    class_name: str
    kind: Kind
    setting: str

    def json(self, name: str) -> dict[str, Any]:
        """A JSON object of the folder; empty where there is no such file. Raises `GuardFolderBroken`."""
        return _read_object(self.path / name, self.setting) if (self.path / name).is_file() else {}


def read_folder(path: Path | None, *, kind: Kind | None = None, setting: str = "FOLDER") -> GuardFolder:
    """Check the folder; load nothing. With `kind`, another kind is refused. Raises `GuardUnusable`."""
    if path is None or not path.is_dir():
        raise GuardFolderMissing(
            "no such folder", field=setting, value=str(path or ""),
            remedy=f"name the folder that holds the model's {CONFIG}",
        )  # fmt: skip
    config = _read_object(path / CONFIG, setting)
    name = str(next(iter(config.get("architectures") or ()), ""))
    found = CLASSES.get(name)
    _refuse_code(path, setting)
    if found is None or (kind is not None and found != kind):
        known = ", ".join(each for each, of in CLASSES.items() if kind in {None, of})
        raise GuardClassUnknown(
            f"{CONFIG} names {name or 'no class'}, which cannot be asked about {kind or 'anything'} here",
            field=setting, value=str(path), remedy=f"use a model of one of these classes: {known}",
        )  # fmt: skip
    _check_weights(path, setting)
    return GuardFolder(path, name, found, setting)


def folder_revision(folder: GuardFolder) -> str:
    """The class, and 12 hex digits of a hash over the names and contents of the files that the model is loaded from."""
    whole = hashlib.sha256()
    for path in sorted(_loaded_files(folder.path)):
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        whole.update(f"{digest.hexdigest()}  {path.name}\n".encode())
    return f"{folder.class_name}:{whole.hexdigest()[:12]}"


def _loaded_files(path: Path) -> Iterator[Path]:
    kept = {".json", ".safetensors", ".jinja", ".txt", ".model"}
    return (file for file in path.iterdir() if file.is_file() and file.suffix in kept)


def _refuse_code(path: Path, setting: str) -> None:
    """Python files, or a config that asks for some."""
    if next(path.glob("*.py"), None) is not None:
        raise _foreign(path, setting, "the folder holds Python files")
    for config in sorted(path.glob("*.json")):
        if config.name in {INDEX, "tokenizer.json", "vocab.json"}:
            continue
        if "auto_map" in _read_json(config, setting, Any):
            raise _foreign(path, setting, f"its {config.name} asks for code (`auto_map`)")


def _check_weights(path: Path, setting: str) -> None:
    if (path / INDEX).is_file():
        shards = _read_object(path / INDEX, setting).get("weight_map")
        names = set(shards.values()) if isinstance(shards, dict) else set()
    else:
        names = {WEIGHTS}
    if not names or any(not isinstance(name, str) or Path(name).name != name for name in names):
        raise _broken(path / INDEX, setting, "does not say which files hold the weights")
    if any(not name.endswith(".safetensors") for name in names):
        raise _unsafe(path, setting)
    missing = sorted(name for name in names if not (path / name).is_file())
    if missing and any(path.glob("*.bin")):
        raise _unsafe(path, setting)
    if missing:
        raise _broken(path / missing[0], setting, "is missing")


def _read_object(path: Path, setting: str) -> dict[str, Any]:
    found: dict[str, Any] = _read_json(path, setting, dict)
    return found


def _read_json(path: Path, setting: str, expected: Any) -> Any:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _broken(path, setting, "is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path, setting, f"cannot be read ({type(error).__name__})") from error
    if not isinstance(body, dict if expected is dict else dict | list):
        raise _broken(path, setting, "is no JSON object")
    return body


def _broken(path: Path, setting: str, what: str) -> GuardFolderBroken:
    return GuardFolderBroken(
        f"{path.parent.name}/{path.name} {what}", field=setting, value=str(path.parent),
        remedy="copy the whole folder again, as `save_pretrained` writes it",
    )  # fmt: skip


def _foreign(path: Path, setting: str, why: str) -> GuardCodeRefused:
    return GuardCodeRefused(
        f"{why}, and no folder's own code is run here", field=setting, value=str(path),
        remedy="use a model of a class of the installed transformers, without code files",
    )  # fmt: skip


def _unsafe(path: Path, setting: str) -> GuardWeightsRefused:
    return GuardWeightsRefused(
        "the weights are not safetensors, and reading any other format may run code", field=setting,
        value=str(path), remedy="convert them: load them where you trust them, and `save_pretrained` to a new folder",
    )  # fmt: skip
