"""Look at the files on disk and say of each whether it is the one pinned. Needs no network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from moderation.model_registry.entries import ModelEntry
from moderation.model_registry.unpack import sha256_of


class FileState(StrEnum):
    """`verified`: the pinned bytes. `overridden`: an operator's own file stands in; nothing is pinned about it."""

    VERIFIED = "verified"
    MISSING = "missing"
    DAMAGED = "damaged"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True)
class FileReport:
    """The state of one file of an entry, at `path`."""

    entry: str
    path: Path
    state: FileState


def verify(
    entries: Iterable[ModelEntry], folder: Path, overrides: Mapping[str, Path]
) -> tuple[FileReport, ...]:
    """Hash every file of every entry. An overridden entry is reported as such, or as missing when its path is gone."""
    reports: list[FileReport] = []
    for entry in entries:
        override = overrides.get(entry.name)
        if override is None:
            reports.extend(inspect_entry(entry, folder))
        else:
            state = FileState.OVERRIDDEN if override.exists() else FileState.MISSING
            reports.append(FileReport(entry.name, override, state))
    return tuple(reports)


def inspect_entry(entry: ModelEntry, folder: Path) -> tuple[FileReport, ...]:
    """Hash the fetched files of one entry."""
    reports = []
    for file in entry.files:
        path = folder / entry.name / file.name
        if not path.is_file():
            state = FileState.MISSING
        elif path.stat().st_size == file.bytes and sha256_of(path) == file.sha256:
            state = FileState.VERIFIED
        else:
            state = FileState.DAMAGED
        reports.append(FileReport(entry.name, path, state))
    return tuple(reports)
