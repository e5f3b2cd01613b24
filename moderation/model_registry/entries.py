"""The registry file read into frozen entries, and the names by which the rest of the service asks for models."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from moderation.model_registry.errors import ModelUnknown

RegistryName = Literal["pypi", "npm"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of an entry: `name` on disk, `member` inside the package, `sha256` and `bytes` of the file as used.

    `source_sha256` and `source_bytes` are as published; they differ from those only for a converted file.
    """

    name: str
    member: str
    sha256: str
    bytes: int
    source_sha256: str
    source_bytes: int


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model by the package that carries it. `path` names its one file, None means the folder of `files`."""

    name: str
    job: str
    registry: RegistryName
    package: str
    version: str
    sha256: str
    bytes: int
    path: str | None
    licence_code: str
    licence_weights: str
    commercial_use: str
    conversion: str | None
    note: str
    files: tuple[ModelFile, ...]
    training: bool = False
    """Needed only to make shipped weights anew: fetched by name, and by nobody who judges."""

    @property
    def revision(self) -> str:
        """What a decision pins: package, version and the head of the digest of what is used."""
        digest = self.files[0].sha256 if len(self.files) == 1 else self.sha256
        return f"{self.package}@{self.version}:{digest[:12]}"


@dataclass(frozen=True, slots=True)
class UncoveredAspect:
    """An aspect of the policy (`category`) in a `medium` the default profile has no model for, and what would fill the slot."""

    aspect: str
    category: str
    medium: str
    about: str
    fill_with: str


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything models.toml says, in its order."""

    models: tuple[ModelEntry, ...]
    uncovered: tuple[UncoveredAspect, ...]

    @property
    def judging(self) -> tuple[ModelEntry, ...]:
        """The entries that the service uses."""
        return tuple(model for model in self.models if not model.training)

    def entry(self, name: str) -> ModelEntry:
        """The entry of this name. Raises `ModelUnknown`."""
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise ModelUnknown(name, "no such entry in the model registry", remedy=f"known entries: {known}")


@cache
def shipped_registry() -> Registry:
    """The registry that ships with this version."""
    return parse_registry(
        resources.files("moderation.model_registry").joinpath("models.toml").read_text("utf-8")
    )


def parse_registry(text: str) -> Registry:
    """Read the TOML of a registry. Raises `tomllib.TOMLDecodeError`, or `TypeError`/`KeyError` on a wrong entry."""
    body = tomllib.loads(text)
    return Registry(
        models=tuple(_entry(item) for item in body.get("model", ())),
        uncovered=tuple(UncoveredAspect(**item) for item in body.get("uncovered", ())),
    )


def _entry(item: dict[str, Any]) -> ModelEntry:
    files = tuple(
        ModelFile(
            name=file["name"],
            member=file["member"],
            sha256=file["sha256"],
            bytes=file["bytes"],
            source_sha256=file.get("source_sha256", file["sha256"]),
            source_bytes=file.get("source_bytes", file["bytes"]),
        )
        for file in item["files"]
    )
    optional: dict[str, Any] = {"path": None, "conversion": None, "note": ""}
    return ModelEntry(**{**optional, **item, "files": files})
