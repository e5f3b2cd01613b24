"""The trained head: plain arithmetic on its arrays, one file, and a clear error for any other file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from policies.taxonomy import Category
from policies.text.encoder import FEATURES
from policies.text.head import CLIP, Head, WeightsUnreadable, load_head


def tiny_head(nets: int = 2) -> Head:
    """A head that passes the first feature to `hate` and the second, negated, to `violence`."""
    hidden = np.zeros((nets, FEATURES, 2), np.float32)
    hidden[:, 0, 0] = hidden[:, 1, 1] = 1.0
    out = np.zeros((nets, 2, 2), np.float32)
    out[:, 0, 0], out[:, 1, 1] = 2.0, -1.0
    return Head(
        categories=(Category.HATE, Category.VIOLENCE),
        mean=np.zeros(FEATURES, np.float32),
        deviation=np.ones(FEATURES, np.float32),
        hidden=hidden,
        hidden_bias=np.zeros((nets, 2), np.float32),
        out=out,
        out_bias=np.zeros((nets, 2), np.float32),
        slope=np.ones(2, np.float32),
        intercept=np.zeros(2, np.float32),
    )


def features(*values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    row = np.zeros((1, FEATURES), np.float32)
    row[0, : len(values)] = values
    return row


def test_logits_are_the_mean_of_the_networks() -> None:
    assert tiny_head().logits(features(1.5, 2.0)).tolist() == [[3.0, -2.0]]


def test_units_do_not_pass_negative_values() -> None:
    assert tiny_head().logits(features(-4.0, -4.0)).tolist() == [[0.0, 0.0]]


def test_one_odd_feature_cannot_decide() -> None:
    assert tiny_head().logits(features(1e6)).tolist() == [[2 * CLIP, 0.0]]


def test_calibration_turns_logits_into_probabilities() -> None:
    head = replace(tiny_head(), slope=np.array([1, 2], np.float32), intercept=np.array([0, 1], np.float32))
    calibrated = head.calibrated(np.array([[0.0, -0.5]], np.float32))
    assert calibrated.tolist() == [[0.5, 0.5]]
    extreme = head.calibrated(np.array([[1e9, -1e9]], np.float32))
    assert extreme[0, 0] == 1.0
    assert 0.0 <= extreme[0, 1] < 1e-9


def test_a_saved_head_scores_the_same(tmp_path: Path) -> None:
    tiny_head().save(tmp_path / "head.npz")
    loaded = load_head(tmp_path / "head.npz")
    assert loaded.categories == (Category.HATE, Category.VIOLENCE)
    assert loaded.logits(features(1.5, 2.0)).tolist() == [[3.0, -2.0]]


def test_the_revision_is_that_of_the_bytes(tmp_path: Path) -> None:
    tiny_head().save(tmp_path / "a.npz")
    replace(tiny_head(), slope=np.full(2, 3, np.float32)).save(tmp_path / "b.npz")
    first, second = load_head(tmp_path / "a.npz").revision, load_head(tmp_path / "b.npz").revision
    assert first.startswith("sha256:")
    assert first != second
    assert load_head(tmp_path / "a.npz").revision == first


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 broken"])
def test_another_file_is_an_error_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "head.npz"
    file.write_bytes(content)
    with pytest.raises(WeightsUnreadable, match="train again or restore the shipped file"):
        load_head(file)


def test_weights_for_another_encoder_are_an_error(tmp_path: Path) -> None:
    replace(tiny_head(), mean=np.zeros(7, np.float32)).save(tmp_path / "head.npz")
    with pytest.raises(WeightsUnreadable, match="made for 7 features"):
        load_head(tmp_path / "head.npz")
