"""Packed weights: small on disk, close in value, named when they are something else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.packed import (
    MIN_ELEMENTS,
    STEPS,
    Packed,
    WeightsUnreadable,
    quantise,
    rounded,
    write_packed,
)


def drawn(seed: int, rows: int = 64, columns: int = 96) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, seed + 1, (rows, columns)).astype(np.float32)


@given(st.integers(0, 1000))
def test_no_weight_moves_by_more_than_half_a_step_of_its_row(seed: int) -> None:
    weights = drawn(seed)
    step = np.abs(weights).max(axis=1, keepdims=True) / STEPS
    assert (np.abs(rounded(weights) - weights) <= 0.5001 * step).all()


def test_a_row_of_noughts_stays_so() -> None:
    weights = drawn(1)
    weights[3] = 0
    assert not rounded(weights)[3].any()
    assert quantise(weights)[1][3] == 1.0


def test_rounding_twice_changes_nothing() -> None:
    once = rounded(drawn(2))
    np.testing.assert_allclose(rounded(once), once, rtol=1e-6)


def test_small_parts_are_kept_whole() -> None:
    small = drawn(3, 8, MIN_ELEMENTS // 8 - 1)
    assert rounded(small) is small


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    weights, bias = drawn(4), np.arange(5, dtype=np.float32)
    write_packed(tmp_path / "w.npz", {"a.weight": weights, "a.bias": bias}, names=np.array(["x", "y"]))
    file = Packed(tmp_path / "w.npz")
    assert np.array_equal(file.tensor("a.weight"), rounded(weights))
    assert set(file.tensors("a.")) == {"weight", "bias"}
    assert np.array_equal(file.tensor("a.bias"), bias)
    assert list(file.plain("names")) == ["x", "y"]


def test_the_revision_is_that_of_the_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("again", 1), ("b", 2)):
        write_packed(tmp_path / f"{name}.npz", {"w": drawn(seed)})
    first, again, other = (Packed(tmp_path / f"{name}.npz").revision for name in ("a", "again", "b"))
    assert first == again != other
    assert first.startswith("sha256:")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 broken"])
def test_another_file_is_an_error_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(WeightsUnreadable, match="train again or restore the shipped file"):
        Packed(tmp_path / "w.npz")


def test_another_format_and_a_missing_part_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "old.npz", format=np.array(1))
    with pytest.raises(WeightsUnreadable, match="format 1"):
        Packed(tmp_path / "old.npz")
    write_packed(tmp_path / "w.npz", {"w": drawn(1)})
    with pytest.raises(WeightsUnreadable, match=r"no array 'head\.bias'"):
        Packed(tmp_path / "w.npz").tensor("head.bias")
