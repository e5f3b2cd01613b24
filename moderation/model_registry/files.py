"""Where a check gets its model: the one place that turns an entry's name into a path on this machine.

A file that is missing or altered is an error here, before anything is loaded: the check that needs it could not judge.
"""

import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from moderation.model_registry.entries import Registry, shipped_registry
from moderation.model_registry.errors import ModelDamaged, ModelMissing
from moderation.model_registry.unpack import sha256_of
from moderation.model_registry.verify import FileState, inspect_entry

OVERRIDE_PREFIX = "SAFECONDUCT_MODEL_"


class ModelFiles:
    """The model files of one folder, with overrides by path. Each entry is hashed once per process, when first asked for.

    Safe to share between threads.
    """

    def __init__(
        self, folder: Path, overrides: Mapping[str, Path] | None = None, registry: Registry | None = None
    ) -> None:
        self.folder = folder
        self.registry = registry or shipped_registry()
        self.overrides = dict(overrides or {})
        for name in self.overrides:
            self.registry.entry(name)
        self._checked: dict[str, str] = {}
        self._lock = threading.Lock()

    def path(self, name: str) -> Path:
        """The file of the entry, or its folder when it consists of several.

        Raises `ModelUnknown`, `ModelMissing` when a file is not there, `ModelDamaged` when it is not the pinned one.
        """
        entry = self.registry.entry(name)
        self.revision(name)
        override = self.overrides.get(name)
        if override is not None:
            return override
        return self.folder / name / entry.path if entry.path else self.folder / name

    def revision(self, name: str) -> str:
        """What a decision pins for this model: package, version and digest; for an override the digest of its bytes."""
        with self._lock:
            if name not in self._checked:
                self._checked[name] = self._check(name)
            return self._checked[name]

    def _check(self, name: str) -> str:
        entry = self.registry.entry(name)
        override = self.overrides.get(name)
        if override is not None:
            return f"override:{_digest(name, override)[:12]}"
        for file in inspect_entry(entry, self.folder):
            if file.state is FileState.MISSING:
                raise ModelMissing(name, f"{file.path} is not there", remedy="run `safeconduct models fetch`")
            if file.state is FileState.DAMAGED:
                raise ModelDamaged(
                    name,
                    f"{file.path} is not the pinned file",
                    remedy="run `safeconduct models fetch` to replace it",
                )
        return entry.revision


def overrides_from(environment: Mapping[str, str] | None = None) -> dict[str, Path]:
    """The overrides in an environment: SAFECONDUCT_MODEL_FACE_EMBEDDING=path names entry `face_embedding`."""
    variables = os.environ if environment is None else environment
    return {
        name.removeprefix(OVERRIDE_PREFIX).lower(): Path(value)
        for name, value in variables.items()
        if name.startswith(OVERRIDE_PREFIX) and value
    }


def _digest(name: str, override: Path) -> str:
    if override.is_file():
        return sha256_of(override)
    if not override.is_dir():
        raise ModelMissing(
            name,
            f"the override {override} does not exist",
            remedy=f"correct or unset {OVERRIDE_PREFIX}{name.upper()}",
        )
    digest = hashlib.sha256()
    for path in sorted(path for path in override.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(override).as_posix()}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()
