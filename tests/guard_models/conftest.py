"""Tiny guards, made once for the session; a test that changes a folder takes a copy."""

import shutil
from pathlib import Path

import pytest

from tests.support.guard_senses import shield_gemma, whisper
from tests.support.guards import llama_guard, qwen_guard


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Llama Guard, for which `kill` is unsafe; only for reading."""
    return llama_guard(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Qwen3Guard, for which `kill` is unsafe and `rough` controversial; only for reading."""
    return qwen_guard(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="session")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ShieldGemma 2, for which red is violent; only for reading."""
    return shield_gemma(tmp_path_factory.mktemp("gemma"))


@pytest.fixture(scope="session")
def ear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whisper, which hears `kill` in a high tone; only for reading."""
    return whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture
def own_llama(llama: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(llama, tmp_path / "own"))
