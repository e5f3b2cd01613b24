"""Briefs small enough to film in a blink, and a portrait."""

from pathlib import Path

import pytest
import skimage.data

from moderation.messages import Brief, Parameters
from tests.support import media


@pytest.fixture
def small_brief() -> Brief:
    """One second of 320 × 180."""
    return Brief(
        prompt="A dog runs. It finds a ball.", parameters=Parameters(seconds=1, width=320, height=180)
    )


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut that ships with scikit-image (a NASA photograph in the public domain)."""
    return media.image(tmp_path_factory.mktemp("portrait") / "astronaut.png", skimage.data.astronaut())
