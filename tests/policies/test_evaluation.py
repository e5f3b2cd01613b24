"""Figures are shares with honest intervals, per source and category, and labels that settle nothing count for nothing."""

import gzip
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.evaluation.evaluate import Outcome, as_table, evaluate
from policies.evaluation.intervals import Share
from policies.evaluation.rows import LabelledRow, RowUnreadable, Wanted, read_rows
from policies.taxonomy import Verdict


def row(name: str, wanted: Wanted, *, source: str = "made", category: str = "") -> LabelledRow:
    return LabelledRow(name, f"text of {name}", wanted, source, category)


def judge_by_id(rows: Sequence[LabelledRow]) -> list[Outcome]:
    """A judge that reads its verdict from the row's id: "b-block" is blocked."""
    return [Outcome(Verdict(row.id.split("-")[1]), unjudged=row.id.endswith("-unjudged")) for row in rows]


def test_an_interval_is_wilsons() -> None:
    low, high = Share(8, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


def test_no_rows_have_no_share() -> None:
    assert math.isnan(Share(0, 0).value)
    assert all(math.isnan(bound) for bound in Share(0, 0).interval)
    assert str(Share(0, 0)) == "no rows"


def test_a_share_prints_its_counts_and_interval() -> None:
    assert str(Share(8, 10)) == "80.0 % (8 of 10; 49.0–94.3)"


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2)])
def test_an_impossible_share_is_an_error(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        Share(hits, n)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_in_bounds(counts: tuple[int, int]) -> None:
    share = Share(*counts)
    low, high = share.interval
    assert 0.0 <= low <= share.value + 1e-12
    assert share.value - 1e-12 <= high <= 1.0


def test_recall_counts_reviews_and_blocks_and_block_recall_only_blocks() -> None:
    rows = [
        row("1-block", Wanted.BLOCK),
        row("2-review", Wanted.BLOCK),
        row("3-allow", Wanted.BLOCK),
        row("4-review", Wanted.REVIEW),
        row("5-review", Wanted.REFUSE),
    ]
    (made,) = evaluate(rows, judge_by_id).by_source
    assert made.recall == Share(4, 5)
    assert made.block_recall == Share(1, 3)
    assert made.over_refusal == Share(0, 0)


def test_over_refusal_counts_only_rows_that_must_pass() -> None:
    rows = [row("1-review", Wanted.ALLOW), row("2-block", Wanted.ALLOW), row("3-allow", Wanted.ALLOW)]
    (made,) = evaluate(rows, judge_by_id).by_source
    assert made.over_refusal == Share(2, 3)
    assert made.over_block == Share(1, 3)
    assert made.recall == Share(0, 0)


def test_unsettled_rows_are_counted_and_never_wrong() -> None:
    report = evaluate([row("1-block", Wanted.UNSETTLED), row("2-allow", Wanted.UNSETTLED)], judge_by_id)
    assert report.by_source[0].unsettled == 2
    assert report.by_source[0].recall == report.by_source[0].over_refusal == Share(0, 0)
    assert report.mistakes == ()


def test_sources_are_apart_and_in_order() -> None:
    rows = [row("1-block", Wanted.BLOCK, source="b"), row("2-allow", Wanted.ALLOW, source="a")]
    assert [part.name for part in evaluate(rows, judge_by_id).by_source] == ["a", "b"]


def test_a_row_counts_in_each_of_its_categories_unless_it_is_benign() -> None:
    rows = [
        row("1-block", Wanted.BLOCK, category="hate|violence"),
        row("2-allow", Wanted.REVIEW, category="hate"),
        row("3-allow", Wanted.ALLOW, category="hate"),
    ]
    by_category = {part.name: part for part in evaluate(rows, judge_by_id).by_category}
    assert by_category["hate"].recall == Share(1, 2)
    assert by_category["violence"].recall == Share(1, 1)


def test_mistakes_are_listed_with_what_was_said() -> None:
    rows = [row("1-allow", Wanted.BLOCK), row("2-review", Wanted.ALLOW), row("3-block", Wanted.BLOCK)]
    assert [mistake.row.id for mistake in evaluate(rows, judge_by_id).mistakes] == ["1-allow", "2-review"]


def test_what_could_not_be_judged_is_its_own_figure() -> None:
    (made,) = evaluate(
        [row("1-review-unjudged", Wanted.BLOCK), row("2-block", Wanted.BLOCK)], judge_by_id
    ).by_source
    assert made.unjudged == Share(1, 2)


def test_a_judge_that_loses_a_row_is_caught() -> None:
    with pytest.raises(ValueError, match="one outcome per row, got 0 for 1"):
        evaluate([row("1-allow", Wanted.ALLOW)], lambda rows: [])


def test_the_table_has_a_line_per_slice() -> None:
    table = as_table(evaluate([row("1-block", Wanted.BLOCK)], judge_by_id).by_source, "source")
    assert table.splitlines()[2].startswith("| made | 100.0 % (1 of 1; ")


def test_jsonl_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl.gz"
    lines = [
        {"id": "set:1", "text": "a", "expected": "harmful", "category": "hate", "lang": "en", "cluster": "c"},
        {"id": "set:2", "text": "b", "expected": "benign", "source": "other"},
        {"id": "set:3", "text": "c", "expected": "depends"},
        {"id": "set:4", "text": "d", "gold": "review", "extra": [1]},
    ]
    file.write_bytes(gzip.compress("\n".join(json.dumps(line) for line in lines).encode()))
    rows = list(read_rows(file))
    assert [r.wanted for r in rows] == [Wanted.REFUSE, Wanted.ALLOW, Wanted.UNSETTLED, Wanted.REVIEW]
    assert [r.source for r in rows] == ["set", "other", "set", "set"]
    assert (rows[0].category, rows[0].language, rows[0].cluster) == ("hate", "en", "c")


def test_csv_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(
        'id,text,gold,category,firm\nx:1,"one, two",block,hate,1\nx:2,three,,,0\n', encoding="utf-8"
    )
    first, second = read_rows(file)
    assert (first.text, first.wanted, first.firm) == ("one, two", Wanted.BLOCK, True)
    assert (second.wanted, second.firm) == (Wanted.UNSETTLED, False)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"id": "1"}', "`id` or `text`"),
        ('{"id": 1, "text": ""}', "no string"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "a", "text": "b"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(RowUnreadable, match=problem) as caught:
        list(read_rows(file))
    assert "rows.jsonl line 2" in str(caught.value)
