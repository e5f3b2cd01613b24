"""Training reads only permitted rows, keeps what belongs together on one side of the split, and is repeatable."""

import csv
import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.taxonomy import Category
from policies.text.encoder import FEATURES
from policies.text.train import best_logits, train, usable
from policies.text.training.calibration import PLAIN_REVIEW_BUDGET, Thresholds, calibrate, choose_thresholds
from policies.text.training.card import Measured, thresholds_yaml, write_card
from policies.text.training.features import EncodedRows
from policies.text.training.fit import fit_head, targets
from policies.text.training.sources import MODELLED, TABLE, Example, label_parts, read_examples
from policies.text.training.split import part_of
from policies.text.training.written import parse_written, read_written

PERMITTED = {
    "overt", "vbench", "partiprompts", "openai_moderation", "harmbench", "multijail", "xstest", "simplesafetytests",
    "ailuminate_demo", "hatecheck", "adversarial_nibbler", "coco_captions10k",
}  # fmt: skip


def write_sources(folder: Path, rows: Mapping[str, list[dict[str, str]]]) -> None:
    for source in TABLE:
        lines = "\n".join(json.dumps(row) for row in rows.get(source, []))
        (folder / f"{source}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


def source_row(name: str, expected: str, category: str, **more: str) -> dict[str, str]:
    source = name.split(":")[0]
    row = {"id": name, "source": source, "text": f"text {name}", "lang": "en", "expected": expected}
    return {**row, "category": category, "cluster": f"c-{name}", **more}


def test_only_permitted_sources_are_in_the_table() -> None:
    assert set(TABLE) <= PERMITTED


def test_labels_map_to_the_taxonomy(tmp_path: Path) -> None:
    rows = {
        "overt": [source_row("overt:1", "harmful", "violence"), source_row("overt:2", "benign", "violence")],
        "openai_moderation": [
            source_row("openai_moderation:1", "harmful", "H+V2"),
            source_row("openai_moderation:2", "unknown", "none"),
        ],
        "multijail": [source_row("multijail:1", "harmful", "['Weapons', 'Child abuse']")],
        "hatecheck": [source_row("hatecheck:1", "harmful", "threat_dir_h")],
        "harmbench": [source_row("harmbench:1", "harmful", "copyright")],
    }
    write_sources(tmp_path, rows)
    found = {example.id: example for example in read_examples(tmp_path)}
    assert found["overt:1"].positive == {Category.VIOLENCE}
    assert found["overt:2"].benign
    assert found["openai_moderation:1"].positive == {Category.HATE, Category.VIOLENCE}
    assert found["multijail:1"].positive == {Category.ILLICIT, Category.MINORS}
    assert found["hatecheck:1"].positive == {Category.HATE}
    assert "openai_moderation:2" not in found  # an unknown label is never benign
    assert "harmbench:1" not in found  # its label says nothing about our categories


def test_a_label_without_category_becomes_alternatives(tmp_path: Path) -> None:
    write_sources(tmp_path, {"xstest": [source_row("xstest:1", "harmful", "contrast_homonyms")]})
    (example,) = read_examples(tmp_path)
    assert example.positive == frozenset()
    assert Category.VIOLENCE in example.one_of
    assert not example.benign


def test_other_languages_are_left_out(tmp_path: Path) -> None:
    write_sources(tmp_path, {"vbench": [source_row("vbench:1", "benign", "x", lang="zh")]})
    assert list(read_examples(tmp_path)) == []


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    write_sources(tmp_path, {})
    (tmp_path / "overt.jsonl.gz").unlink()
    with pytest.raises(FileNotFoundError, match="overt"):
        list(read_examples(tmp_path))


def test_the_yardstick_and_its_neighbours_are_kept_out(tmp_path: Path) -> None:
    rows = [
        source_row("overt:1", "benign", "x", cluster="a"),
        source_row("overt:2", "benign", "x", cluster="a"),
    ]
    write_sources(tmp_path, {"overt": [*rows, source_row("overt:3", "benign", "x", cluster="b")]})
    with (tmp_path / "adjudicated.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "gold"], ["overt:1", "allow"]])
    kept = {example.id for example in usable(tmp_path) if example.source != "written"}
    assert kept == {"overt:3"}


@pytest.mark.parametrize(
    ("label", "parts"), [("a", ("a",)), ("a+b", ("a", "b")), ("['x', 'y (z)']", ("x", "y (z)")), ("[]", ())]
)
def test_labels_split_into_parts(label: str, parts: tuple[str, ...]) -> None:
    assert label_parts(label) == parts


@given(st.text(max_size=20))
def test_a_cluster_is_always_in_the_same_part(cluster: str) -> None:
    assert part_of(cluster) == part_of(cluster)


def test_the_parts_have_the_promised_shares() -> None:
    parts = [part_of(f"cluster {number}") for number in range(4000)]
    assert 0.67 < parts.count("train") / 4000 < 0.73
    assert 0.13 < parts.count("tune") / 4000 < 0.17


def test_written_text_covers_the_modelled_categories_with_benign_neighbours() -> None:
    written = list(read_written())
    assert {category for example in written for category in example.positive} == set(MODELLED)
    benign = sum(example.benign for example in written)
    assert 0.4 < benign / len(written) < 0.7
    assert len({example.id for example in written}) == len(written)


def test_a_written_line_is_used_bare_and_framed_in_one_cluster() -> None:
    bare, framed = parse_written("[hate]\n+ a bad thing\n")
    assert bare.text == "a bad thing"
    assert bare.text in framed.text
    assert bare.cluster == framed.cluster
    assert bare.positive == framed.positive == {Category.HATE}


def test_twins_share_a_cluster_and_neighbours_do_not() -> None:
    text = "[hate]\n+ first bad\n+ second bad\n- first good\n- second good\n\n+ other block\n"
    clusters = {example.text: example.cluster for example in parse_written(text)}
    assert clusters["first bad"] == clusters["first good"] != clusters["second bad"]
    assert len({clusters[name] for name in ("first bad", "second bad", "other block")}) == 3


@pytest.mark.parametrize("text", ["+ before any section", "[hate]\nno mark", "[hate]\n+"])
def test_a_line_that_is_no_line_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"written\.txt line \d: expected"):
        list(parse_written(text))


def example(
    name: str, *positive: Category, one_of: frozenset[Category] = frozenset(), source: str = "made"
) -> Example:
    return Example(name, source, f"text {name}", name, frozenset(positive), one_of)


def test_unknown_labels_carry_no_weight() -> None:
    rows = [example("a", Category.HATE), example("b"), example("c", one_of=frozenset({Category.VIOLENCE}))]
    target = targets(rows)
    hate, violence = MODELLED.index(Category.HATE), MODELLED.index(Category.VIOLENCE)
    assert target.labels[0, hate] == 1.0
    assert target.weights[0, hate] > target.weights[0, violence] > 0.0
    assert target.weights[1].tolist() == [1.0] * len(MODELLED)
    assert target.weights[2, violence] == 0.0
    assert target.one_of[2, violence] == 1.0


def separable(
    count: int, seed: int
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], list[Example]]:
    """Rows whose first feature says whether they are hateful, and the rest is noise."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (count, FEATURES)).astype(np.float32)
    hateful = rng.random(count) < 0.4
    features[:, :200] += np.where(hateful, 1.0, -1.0)[:, None].astype(np.float32)
    rows = [
        example(f"{seed}-{i}", *([Category.HATE] if h else []), source="overt") for i, h in enumerate(hateful)
    ]
    return features, rows


def test_the_fit_learns_and_repeats_exactly() -> None:
    features, rows = separable(400, seed=1)
    head, again = fit_head(features, rows), fit_head(features, rows)
    assert (head.hidden == again.hidden).all()
    fresh, labels = separable(200, seed=2)
    column = MODELLED.index(Category.HATE)
    hateful = np.array([not row.benign for row in labels])
    logits = head.logits(fresh)[:, column]
    assert np.mean((logits > np.median(logits)) == hateful) > 0.85


def test_calibration_and_thresholds_respect_the_budget() -> None:
    rng = np.random.default_rng(3)
    rows = [example(str(i), *([Category.HATE] if i % 4 == 0 else []), source="vbench") for i in range(2000)]
    logits = rng.normal(-4, 1, (2000, len(MODELLED))).astype(np.float32)
    hate = MODELLED.index(Category.HATE)
    logits[::4, hate] += 6
    features, made = separable(130, seed=4)
    head = calibrate(fit_head(features, made), logits, rows)
    scores = head.calibrated(logits)
    assert abs(float(scores[:, hate].mean()) - 0.25) < 0.03  # calibrated: the mean score is the share
    thresholds = choose_thresholds(MODELLED, scores, rows)
    benign = np.array([row.benign for row in rows])
    limits = np.array([thresholds[category].review for category in MODELLED])
    assert (scores[benign] >= limits).any(axis=1).mean() <= PLAIN_REVIEW_BUDGET + 1e-9
    assert all(t.review < t.block for t in thresholds.values())
    assert len(set(thresholds.values())) == 1  # calibrated scores need one probability


def test_thresholds_stay_below_the_ceiling_when_nothing_is_clear() -> None:
    rows = [example(str(i)) for i in range(100)]
    hopeless = np.full((100, len(MODELLED)), 0.99, np.float32)
    (thresholds,) = set(choose_thresholds(MODELLED, hopeless, rows).values())
    assert thresholds.review < thresholds.block <= 0.95


def test_training_writes_weights_thresholds_and_a_card(tmp_path: Path) -> None:
    features, rows = separable(900, seed=5)
    encoded = EncodedRows(features, tuple(range(901)))
    train(rows, encoded, tmp_path)
    card = (tmp_path / "CARD.md").read_text(encoding="utf-8")
    assert "| overt |" in card
    assert "CC-BY-4.0" in card
    assert (tmp_path / "thresholds.yaml").read_text(encoding="utf-8").count("review:") == len(MODELLED)
    first = (tmp_path / "head.npz").read_bytes()
    train(rows, encoded, tmp_path / "again")
    assert (tmp_path / "again" / "head.npz").read_bytes() == first


def test_a_row_is_scored_by_its_strongest_segment() -> None:
    features, rows = separable(300, seed=6)
    head = fit_head(features, rows)
    encoded = EncodedRows(features[:3], (0, 1, 3))
    single = head.logits(features[1:2]), head.logits(features[2:3])
    assert np.allclose(best_logits(head, encoded, [1]), np.maximum(*single), atol=1e-5)


def test_the_card_counts_what_it_shows() -> None:
    scores = np.array([[0.9], [0.2], [0.6]], np.float32)
    rows = [
        example("a", Category.HATE, source="s"),
        example("b", Category.HATE, source="s"),
        example("c", source="s"),
    ]
    measured = Measured(rows, scores, (Category.HATE,), {Category.HATE: Thresholds(0.5, 0.8)})
    features, made = separable(130, seed=7)
    card = write_card(fit_head(features, made), measured, {"train": 1, "tune": 2, "test": 3})
    assert (
        "| s | 100.0 % (1 of 1; 20.7–100.0) | 50.0 % (1 of 2; 9.5–90.5) | 50.0 % (1 of 2; 9.5–90.5) |" in card
    )
    assert "| hate | 50.0 % (1 of 2;" in card


def test_thresholds_are_written_as_the_policy_document_spells_them() -> None:
    assert thresholds_yaml({Category.HATE: Thresholds(0.5, 0.75)}) == "hate: {review: 0.5, block: 0.75}\n"
