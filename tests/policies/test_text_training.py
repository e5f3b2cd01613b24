"""Training reads only permitted rows, keeps what belongs together on one side of the split, and is repeatable."""

import csv
import gzip
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from policies.taxonomy import Category
from policies.text.head import Head
from policies.text.language import SUPPORTED
from policies.text.train import parted, usable
from policies.text.training.calibration import calibrate
from policies.text.training.card import Measured, thresholds_yaml, write_card
from policies.text.training.descent import Course, descend
from policies.text.training.english import seen
from policies.text.training.sources import MODELLED, TABLE, Example, label_parts, read_examples
from policies.text.training.split import part_of
from policies.text.training.targets import loss, targets
from policies.text.training.thresholds import REVIEW, Thresholds, choose_thresholds
from policies.text.training.written import parse_written, read_written

PERMITTED = {
    "overt", "vbench", "partiprompts", "openai_moderation", "harmbench", "multijail", "xstest", "simplesafetytests",
    "ailuminate_demo", "hatecheck", "multilingual_hatecheck", "adversarial_nibbler", "coco_captions10k",
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


def test_languages_that_are_not_trained_are_left_out(tmp_path: Path) -> None:
    rows = [source_row(f"vbench:{code}", "benign", "x", lang=code) for code in ("en", "zh", "it")]
    write_sources(tmp_path, {"vbench": rows})
    (tmp_path / "adjudicated.csv").write_text("id,gold\n")
    kept = {example.language for example in usable(tmp_path) if example.source == "vbench"}
    assert kept == {"en", "zh"} == {"en", "zh", "it"} & SUPPORTED


def test_only_sources_that_blocks_everything_harmful_are_graded(tmp_path: Path) -> None:
    rows = {
        "hatecheck": [source_row("hatecheck:1", "harmful", "threat")],
        "overt": [source_row("overt:1", "harmful", "violence")],
    }
    write_sources(tmp_path, rows)
    found = {example.source: example for example in read_examples(tmp_path)}
    assert found["hatecheck"].blocked == {Category.HATE} == found["hatecheck"].positive
    assert found["hatecheck"].graded
    assert not found["overt"].graded


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


def test_written_text_has_every_language_and_grades_most_lines() -> None:
    written = list(read_written())
    assert {example.language for example in written} | {"hi-Latn"} == SUPPORTED
    assert np.mean([example.graded for example in written]) > 0.7


def test_marks_say_what_is_blocked_reviewed_or_allowed() -> None:
    blocked, reviewed, either, allowed = parse_written("[hate]\n! a\n? b\n+ c\n- d\n", "x")
    hate, nothing = frozenset({Category.HATE}), frozenset[Category]()
    assert (blocked.positive, blocked.blocked, blocked.graded) == (hate, hate, True)
    assert (reviewed.positive, reviewed.blocked, reviewed.graded) == (hate, nothing, True)
    assert (either.positive, either.graded) == (hate, False)
    assert allowed.benign


def test_categories_are_added_or_replaced() -> None:
    more, other = parse_written("[hate]\n!{shock, minors} a\n?{=violence} b\n", "x")
    assert more.blocked == {Category.HATE, Category.SHOCK, Category.MINORS}
    assert other.positive == {Category.VIOLENCE}


def test_a_block_is_a_cluster_and_a_file_has_its_own() -> None:
    text = "[hate]\n! first bad\n- first good\n\n! other block\n"
    here, there = list(parse_written(text, "here")), list(parse_written(text, "there"))
    assert here[0].cluster == here[1].cluster != here[2].cluster
    assert here[0].cluster != there[0].cluster


def test_a_comment_names_the_language_of_what_follows() -> None:
    first, second = parse_written("[hate]\n- one\n# lang: es, by hand\n- uno\n", "x")
    assert (first.language, second.language) == ("en", "es")


@pytest.mark.parametrize("text", ["! before any section", "[hate]\nno mark", "[hate]\n!", "[hate]\n!{} x"])
def test_a_line_that_is_no_line_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"some\.txt line \d: expected"):
        list(parse_written(text, "some"))


@pytest.mark.parametrize("text", ["[rudeness]", "[hate]\n!{rudeness} x"])
def test_a_category_that_is_none_is_named_with_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"some\.txt line \d: no category 'rudeness'; known: minors"):
        list(parse_written(text, "some"))


def test_a_line_of_a_category_that_lists_find_is_only_used_when_benign() -> None:
    (kept,) = parse_written("[works]\n! a\n- b\n", "x")
    assert kept.benign


def example(
    name: str, *positive: Category, one_of: frozenset[Category] = frozenset(), source: str = "made"
) -> Example:
    return Example(name, source, f"text {name}", name, frozenset(positive), one_of)


def columns(category: Category) -> tuple[int, int]:
    return MODELLED.index(category), len(MODELLED) + MODELLED.index(category)


def test_unknown_labels_carry_no_weight() -> None:
    rows = [example("a", Category.HATE), example("b"), example("c", one_of=frozenset({Category.VIOLENCE}))]
    target = targets(rows)
    (hate, blocks), (violence, either) = columns(Category.HATE), columns(Category.VIOLENCE)
    assert target.labels[0, hate] == 1.0
    assert target.weights[0, hate] > target.weights[0, violence] > 0.0
    assert target.weights[0, blocks] == 0.0  # whether it blocks is not known
    assert target.weights[1].tolist() == [1.0] * 2 * len(MODELLED)
    assert target.weights[2, violence] == target.weights[2, either] == 0.0
    assert target.one_of[2, violence] == 1.0


def test_a_graded_row_teaches_what_blocks() -> None:
    review = replace(example("a", Category.HATE), graded=True)
    block = replace(review, blocked=review.positive)
    (applies, blocks), target = columns(Category.HATE), targets([review, block])
    assert target.labels[:, applies].tolist() == [1.0, 1.0]
    assert target.labels[:, blocks].tolist() == [0.0, 1.0]
    assert target.weights[0, blocks] == target.weights[1, blocks] > 0


def test_the_loss_of_alternatives_falls_when_one_of_them_is_found() -> None:
    target = targets([example("c", one_of=frozenset({Category.VIOLENCE, Category.HATE}))])
    aims = [torch.from_numpy(part) for part in (target.labels, target.weights, target.one_of)]
    none = torch.full((1, 2 * len(MODELLED)), -5.0)
    found = none.clone()
    found[0, MODELLED.index(Category.HATE)] = 5.0
    assert loss(found, *aims) < loss(none, *aims)


def made_head() -> Head:
    k = 2 * len(MODELLED)
    return Head(MODELLED, np.eye(k, dtype=np.float32), *(np.full(k, x, np.float32) for x in (0, 1, 0)))


def test_calibration_and_thresholds_respect_the_budget() -> None:
    rng = np.random.default_rng(3)
    rows = [example(str(i), *([Category.HATE] if i % 4 == 0 else []), source="vbench") for i in range(2000)]
    rows = [replace(row, blocked=row.positive, graded=True) for row in rows]
    logits = rng.normal(-4, 1, (2000, 2 * len(MODELLED))).astype(np.float32)
    hate = columns(Category.HATE)
    logits[::4, hate] += 6
    head = calibrate(made_head(), logits, rows)
    scores = head.severity(logits)
    assert abs(float(scores[:, hate[0]].mean()) - 0.25) < 0.03  # calibrated: the mean score is the share
    thresholds = choose_thresholds(MODELLED, scores, rows)
    benign = np.array([row.benign for row in rows])
    limits = np.array([thresholds[category].review for category in MODELLED])
    assert (scores[benign] >= limits).any(axis=1).mean() <= REVIEW.plain + 1e-9
    assert all(t.review < t.block for t in thresholds.values())


def test_a_category_whose_benign_rows_score_high_starts_later_than_the_others() -> None:
    rows = [example(f"h{i}", Category.HATE) for i in range(100)] + [
        example(f"s{i}", Category.SHOCK) for i in range(100)
    ]
    rows += [example(f"b{i}", source="vbench") for i in range(400)]
    scores = np.full((600, len(MODELLED)), 0.01, np.float32)
    hate, shock = columns(Category.HATE)[0], columns(Category.SHOCK)[0]
    scores[:100, hate] = 0.16
    scores[100:200, shock], scores[200:220, shock] = 0.3, 0.17
    chosen = choose_thresholds(MODELLED, scores, rows)
    assert chosen[Category.HATE].review <= 0.16 < 0.17 < chosen[Category.SHOCK].review <= 0.3


def test_calibration_can_stand_for_another_share_of_harmful_rows() -> None:
    rows = [example(str(i), *([Category.HATE] if i % 4 else [])) for i in range(400)]
    logits = np.random.default_rng(1).normal(0, 1, (400, 2 * len(MODELLED))).astype(np.float32)
    hate = columns(Category.HATE)[0]
    plain, shared = (
        calibrate(made_head(), logits, rows, share).severity(logits)[:, hate] for share in (None, 0.1)
    )
    assert shared.mean() < plain.mean() / 2


def test_thresholds_stay_below_the_ceiling_when_nothing_is_clear() -> None:
    rows = [example(str(i), source="vbench") for i in range(100)]
    hopeless = np.full((100, len(MODELLED)), 0.99, np.float32)
    thresholds = choose_thresholds(MODELLED, hopeless, rows).values()
    assert all(t.review < t.block <= 0.95 for t in thresholds)


def test_rows_are_parted_by_their_cluster() -> None:
    rows = [replace(example(str(i)), cluster=f"c{i // 2}") for i in range(200)]
    parts = parted(rows)
    assert sum(map(len, parts.values())) == 200
    assert all(part_of(row.cluster) == part for part, kept in parts.items() for row in kept)


def test_a_row_is_seen_differently_but_keeps_its_words() -> None:
    row = replace(example("a", source="overt"), text="A dog runs fast. A cat sleeps all day long.")
    chance = random.Random(1)  # a repeatable draw, nothing secret
    views = {seen(row, chance) for _ in range(200)}
    assert row.text in views
    assert "A dog runs fast." in views  # each sentence of a benign text is benign
    assert any(view.startswith("a video of A dog") for view in views)
    harmful = replace(row, positive=frozenset({Category.HATE}))
    assert "A dog runs fast." not in {seen(harmful, chance) for _ in range(200)}


def test_a_network_of_another_size_learns_and_repeats_exactly() -> None:
    rows = [example(str(i), *([Category.HATE] if i % 2 else [])) for i in range(256)]

    def fitted() -> torch.Tensor:
        torch.manual_seed(1)
        net = torch.nn.ModuleDict(
            {"words": torch.nn.Embedding(8, 16), "out": torch.nn.Linear(16, 2 * len(MODELLED))}
        )
        net.forward = lambda ids, mask: net["out"](net["words"](ids)[:, 0])
        course = Course(epochs=6, batch=32, rate=1e-2, new_rate=1e-2, decay=0.0, seed=1)
        descend(net, net["out"].parameters(), rows, lambda row, _: [row % 2, 3], course)
        with torch.inference_mode():
            return net(torch.tensor([[0, 3], [1, 3]]), None)[:, MODELLED.index(Category.HATE)]

    first = fitted()
    assert first[1] > 0 > first[0]
    assert torch.equal(first, fitted())


def test_the_card_counts_what_it_shows() -> None:
    scores = np.array([[0.9], [0.2], [0.6]], np.float32)
    rows = [
        example("a", Category.HATE, source="s"),
        example("b", Category.HATE, source="s"),
        example("c", source="s"),
    ]
    rows = [replace(row, blocked=row.positive, graded=True) for row in rows]
    measured = Measured(rows, scores, (Category.HATE,), {Category.HATE: Thresholds(0.5, 0.8)})
    card = write_card(["a 1", "b 2"], [measured, measured], {"train": 1, "tune": 2, "test": 3, "written": 4})
    line = "| s (en) | 100.0 % (1 of 1; 20.7–100.0) | 50.0 % (1 of 2; 9.5–90.5) | 50.0 % (1 of 2; 9.5–90.5) |"
    assert card.count(line) == 2
    assert "| hate | 50.0 % (1 of 2;" in card
    assert "CC-BY-4.0" in card


def test_thresholds_are_written_as_the_policy_document_spells_them() -> None:
    assert thresholds_yaml({Category.HATE: Thresholds(0.5, 0.75)}) == "hate: {review: 0.5, block: 0.75}\n"
