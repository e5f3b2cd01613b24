"""The head: two calibrated questions per category, one severity, and a clear error for weights that do not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.taxonomy import Category
from policies.text.head import Head, read_head
from policies.text.packed import Packed, WeightsUnreadable, write_packed

CATEGORIES = (Category.HATE, Category.VIOLENCE)


def plain_head() -> Head:
    """Passes four features on as "hate", "violence", "hate blocks", "violence blocks"."""
    return Head(CATEGORIES, np.eye(4, dtype=np.float32), *(np.full(4, x, np.float32) for x in (0, 1, 0)))


def severity(*logits: float) -> list[float]:
    return [float(found) for found in plain_head().severity(np.array([logits], np.float32))[0]]


def test_severity_is_half_for_a_review_and_whole_for_a_block() -> None:
    assert severity(30, 30, -30, 30) == pytest.approx([0.5, 1.0], abs=1e-6)
    assert severity(-30, -30, -30, -30) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_what_blocks_is_never_likelier_than_what_applies() -> None:
    assert severity(-30, 0, 30, 30) == pytest.approx([0.0, 0.5], abs=1e-6)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=4, max_size=4))
def test_severity_lies_between_nought_and_one(logits: list[float]) -> None:
    assert all(0.0 <= found <= 1.0 for found in severity(*logits))


def test_calibration_moves_and_stretches_the_logits() -> None:
    head = replace(
        plain_head(), slope=np.array([2, 1, 1, 1], np.float32), intercept=np.array([-2, 0, 0, 0], np.float32)
    )
    assert head.probabilities(np.array([[1, 0, 0, 0]], np.float32))[0, 0] == 0.5


def saved(path: Path, head: Head, **other: np.ndarray) -> Packed:
    tensors = {f"head.{name}": getattr(head, name) for name in ("weight", "bias", "slope", "intercept")}
    names = np.array([category.value for category in head.categories])
    write_packed(path, tensors, **{"categories": names, **other})
    return Packed(path)


def test_a_saved_head_scores_the_same(tmp_path: Path) -> None:
    features = np.array([[0.5, -1.0, 2.0, 0.0]], np.float32)
    loaded = read_head(saved(tmp_path / "w.npz", plain_head()), 4)
    assert loaded.categories == CATEGORIES
    assert np.array_equal(loaded.logits(features), plain_head().logits(features))


def test_weights_for_another_encoder_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnreadable, match=r"made for \(4, 4\), expected \(7, 4\)"):
        read_head(saved(tmp_path / "w.npz", plain_head()), 7)


def test_a_category_that_is_none_is_an_error(tmp_path: Path) -> None:
    file = saved(tmp_path / "w.npz", plain_head(), categories=np.array(["hate", "rudeness"]))
    with pytest.raises(WeightsUnreadable, match="rudeness"):
        read_head(file, 4)
