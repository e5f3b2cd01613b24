"""A bar is met or missed by what the gate said of its own rows, and nothing else of the rows enters."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from policies.evaluation.bars import AT_MOST, BARS, Bar
from policies.evaluation.evaluate import Judged, Outcome
from policies.evaluation.intervals import Share
from policies.evaluation.measuring import MET, MISSED, NOT_MEASURED, BarResult, measure
from policies.evaluation.published import SORA_2
from policies.evaluation.reading import RowUnreadable
from policies.evaluation.rows import LabelledRow, Wanted
from policies.evaluation.slices import SENTENCE, shared_rows
from policies.taxonomy import Category, Verdict
from policies.text.training.split import part_of

BAR = Bar("b", "B", ("mine",), {"recall": 0.5, "over_refusal": 0.25}, "all")


def judged(
    wanted: Wanted, verdict: Verdict, *, number: int = 0, category: Category | None = None, **more: str
) -> Judged:
    named = frozenset({category} if category else ())
    margin = {Verdict.ALLOW: -0.2, Verdict.REVIEW: 0.1, Verdict.BLOCK: 0.4}[verdict]
    row = LabelledRow(f"mine:{number}", "text", wanted, **{"source": "mine", **more})  # type: ignore[arg-type]  # fields by name
    return Judged(row, Outcome(verdict, named, False, margin, margin, margin + 0.5))


def standings(result: BarResult) -> dict[str, str]:
    return {one.figure: one.standing for one in result.reached}


def test_a_figure_at_its_bar_is_met_and_one_beyond_it_is_missed() -> None:
    rows = [judged(Wanted.BLOCK, Verdict.REVIEW), judged(Wanted.BLOCK, Verdict.ALLOW)]
    rows += [judged(Wanted.ALLOW, verdict) for verdict in (Verdict.BLOCK, *[Verdict.ALLOW] * 3)]
    assert standings(measure(BAR, rows)) == {"recall": MET, "over_refusal": MET}
    rows += [judged(Wanted.BLOCK, Verdict.ALLOW), judged(Wanted.ALLOW, Verdict.REVIEW)]
    assert standings(measure(BAR, rows)) == {"recall": MISSED, "over_refusal": MISSED}


def test_a_bar_without_rows_is_not_measured_rather_than_met() -> None:
    assert set(standings(measure(BAR, [])).values()) == {NOT_MEASURED}


def test_only_rows_of_the_bars_sources_and_languages_count() -> None:
    bar = replace(BAR, languages=frozenset({"de"}))
    rows = [
        judged(Wanted.BLOCK, Verdict.BLOCK, language="de"),
        judged(Wanted.BLOCK, Verdict.ALLOW, language="nl"),
        judged(Wanted.BLOCK, Verdict.ALLOW, language="de", source="others"),
    ]
    assert measure(bar, rows).slice.recall == Share(1, 1)


def test_a_text_refused_for_something_else_than_the_bars_category_was_not_recognised() -> None:
    bar = replace(BAR, category="works")
    rows = [
        judged(Wanted.REFUSE, Verdict.BLOCK, category=Category.WORKS),
        judged(Wanted.REFUSE, Verdict.BLOCK, category=Category.HATE),
        judged(Wanted.ALLOW, Verdict.BLOCK, category=Category.HATE),
    ]
    part = measure(bar, rows).slice
    assert (part.recall, part.over_refusal) == (Share(1, 2), Share(1, 1))


def test_average_precision_has_an_interval_over_clusters() -> None:
    bar = replace(BAR, goals={"average_precision": 0.85})
    rows = [judged(Wanted.BLOCK, Verdict.BLOCK, number=n, cluster=f"c{n // 2}") for n in range(10)]
    rows += [judged(Wanted.ALLOW, Verdict.ALLOW, number=n) for n in range(10, 20)]
    (reached,) = measure(bar, rows).reached
    assert (reached.value, reached.n, reached.standing) == (1.0, 20, MET)
    assert reached.clustered == (1.0, 1.0)


def test_every_bar_has_its_own_name_and_a_goal_that_is_a_share() -> None:
    assert len({bar.id for bar in BARS}) == len(BARS)
    for bar in BARS:
        assert bar.goals
        assert all(0 < goal < 1 for goal in bar.goals.values())
        assert bar.category is None or bar.category in set(Category)
    assert frozenset({"over_refusal"}) == AT_MOST
    assert all(0.9 < one.recall < 1 and one.category in {"", *Category} for one in SORA_2)


def write_data(folder: Path) -> Path:
    """A folder shaped like the shared data, with a few rows of each kind."""
    cluster = next(str(n) for n in range(99) if part_of(str(n)) == "test")
    trained = next(str(n) for n in range(99) if part_of(str(n)) == "train")
    lines = {
        "overt": [
            {"id": "overt:1", "text": "a", "expected": "benign", "category": "violence", "cluster": cluster},
            {"id": "overt:2", "text": "b", "expected": "benign", "category": "violence", "cluster": trained},
        ],
        "copycat": [
            {"id": "copycat:1", "text": "c", "expected": "policy", "category": "ip_character:indirect_60w"},
            {"id": "copycat:2", "text": "d", "expected": "policy", "category": "ip_character:keywords"},
        ],
        "i2p": [{"id": "i2p:1", "text": "e", "expected": "depends"}],
    }
    (folder / "text").mkdir(parents=True)
    for name, rows in lines.items():
        packed = gzip.compress("\n".join(json.dumps(row) for row in rows).encode())
        (folder / "text" / f"{name}.jsonl.gz").write_bytes(packed)
    (folder / "text" / "adjudicated.csv").write_text(
        "id,text,gold,category,firm\novert:7,f,block,hate,1\novert:8,g,allow,,0\n"
    )
    (folder / "names").mkdir()
    (folder / "names" / "private_controls.csv").write_text("name\nJo Doe\n")
    (folder / "names" / "variants_synthetic.csv").write_text(
        "name,status,variant,text\n"
        "Ann Star,presumed living — verify,leet,4nn 5tar\n"
        "Ann Star,presumed living — verify,last_only,Star\n"
        "Old King,deceased (born before 1905),leet,0ld k1ng\n"
    )
    (folder / "works").mkdir()
    (folder / "works" / "names.csv").write_text(
        "name,franchise,kind,alias,source\nZeus,,public_domain_control,,corpora\nRubber Duck,,brand,,corpora\n"
    )
    return folder


def test_the_shared_data_gives_each_bar_its_rows(tmp_path: Path) -> None:
    rows = shared_rows(write_data(tmp_path / "data"))
    found = {(row.source, row.text, row.wanted) for row in rows if row.source != "benign_characters"}
    assert found == {
        ("adjudicated", "f", Wanted.BLOCK),
        ("overt", "a", Wanted.ALLOW),
        ("copycat_described", "c", Wanted.REFUSE),
        ("figure_variants", SENTENCE.format("4nn 5tar"), Wanted.REFUSE),
        ("private_names", SENTENCE.format("Jo Doe"), Wanted.ALLOW),
    }
    benign = [row for row in rows if row.source == "benign_characters"]
    assert len(benign) > 50
    assert benign[-1].text == SENTENCE.format("Zeus")


def test_a_folder_that_is_not_the_shared_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(RowUnreadable, match="text: there is no such folder; give the folder that holds"):
        shared_rows(tmp_path)
    data = write_data(tmp_path / "data")
    (data / "names" / "private_controls.csv").unlink()
    with pytest.raises(RowUnreadable, match=r"private_controls\.csv: it cannot be read"):
        shared_rows(data)
