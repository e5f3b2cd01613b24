"""Tiny pipelines, saved once for the session; a test that changes a folder takes a copy."""

import shutil
from pathlib import Path

import pytest

from tests.support.pipelines import save_cogvideo, save_wan


@pytest.fixture(scope="session")
def wan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Wan pipeline's folder; only for reading."""
    return save_wan(tmp_path_factory.mktemp("wan") / "pipeline")


@pytest.fixture(scope="session")
def cogvideo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CogVideoX pipeline's folder; only for reading."""
    return save_cogvideo(tmp_path_factory.mktemp("cogvideo") / "pipeline")


@pytest.fixture
def own_wan(wan: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(wan, tmp_path / "own"))
