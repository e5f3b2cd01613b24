"""Figures are shares with honest intervals, per source and category, and labels that settle nothing count for nothing."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.evaluation.evaluate import Outcome, as_table, evaluate
from policies.evaluation.intervals import Share
from policies.evaluation.rows import LabelledRow, Wanted
from policies.taxonomy import Verdict


def row(name: str, wanted: Wanted, *, source: str = "made", category: str = "", **more: str) -> LabelledRow:
    return LabelledRow(name, f"text of {name}", wanted, source, category, **more)  # type: ignore[arg-type]  # fields by name


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


def test_a_row_counts_in_each_of_its_categories() -> None:
    rows = [
        row("1-block", Wanted.BLOCK, category="hate|violence"),
        row("2-allow", Wanted.REVIEW, category="hate"),
        row("3-block", Wanted.ALLOW, category="hate"),
        row("4-allow", Wanted.ALLOW),
    ]
    by_category = {part.name: part for part in evaluate(rows, judge_by_id).by_category}
    assert sorted(by_category) == ["hate", "violence"]
    assert by_category["hate"].recall == Share(1, 2)
    assert by_category["hate"].over_refusal == Share(1, 1)
    assert by_category["violence"].recall == Share(1, 1)


def test_mistakes_are_listed_with_what_was_said() -> None:
    rows = [row("1-allow", Wanted.BLOCK), row("2-review", Wanted.ALLOW), row("3-block", Wanted.BLOCK)]
    assert [mistake.row.id for mistake in evaluate(rows, judge_by_id).mistakes] == ["1-allow", "2-review"]


def test_what_could_not_be_judged_is_its_own_figure() -> None:
    rows = [row("1-review-unjudged", Wanted.BLOCK), row("2-block", Wanted.BLOCK)]
    (made,) = evaluate(rows, judge_by_id).by_source
    assert made.unjudged == Share(1, 2)


def test_what_could_not_be_judged_is_never_right() -> None:
    rows = [
        row("1-review-unjudged", Wanted.REFUSE),
        row("2-block-unjudged", Wanted.BLOCK),
        row("3-review-unjudged", Wanted.ALLOW),
    ]
    report = evaluate(rows, judge_by_id)
    (made,) = report.by_source
    assert (made.recall, made.block_recall, made.over_refusal) == (Share(0, 2), Share(0, 1), Share(1, 1))
    assert [mistake.row.id for mistake in report.mistakes] == [one.id for one in rows]


def test_languages_and_attacks_are_told_apart_within_their_source() -> None:
    rows = [
        row("1-block", Wanted.BLOCK, language="de", attack="leet"),
        row("2-allow", Wanted.BLOCK, language="fr"),
    ]
    report = evaluate(rows, judge_by_id)
    assert [(part.name, part.recall) for part in report.by_language] == [
        ("made, de", Share(1, 1)),
        ("made, fr", Share(0, 1)),
    ]
    assert [(part.name, part.recall) for part in report.by_attack] == [("made, leet", Share(1, 1))]


def test_rows_that_share_clusters_get_the_bootstraps_interval_and_others_none() -> None:
    rows = [
        row(f"{n}-{'block' if n < 12 else 'allow'}", Wanted.BLOCK, cluster=f"c{n // 4}") for n in range(16)
    ]
    (made,) = evaluate(rows, judge_by_id).by_source
    assert made.clusters == 4
    assert made.recall_clustered is not None
    assert made.recall_clustered[0] < made.recall.interval[0]
    (apart,) = evaluate([row("1-block", Wanted.BLOCK, cluster="a")], judge_by_id).by_source
    assert apart.recall_clustered is None


def test_a_source_with_both_kinds_has_curves_and_calibration() -> None:
    def judge(rows: Sequence[LabelledRow]) -> list[Outcome]:
        sure = {"1": 0.9, "2": 0.4, "3": 0.1}
        scores = [sure[r.id] for r in rows]
        return [Outcome(Verdict.ALLOW, margin=p - 0.5, text_margin=p - 0.5, probability=p) for p in scores]

    rows = [row("1", Wanted.BLOCK), row("2", Wanted.ALLOW), row("3", Wanted.ALLOW)]
    (scored,) = evaluate(rows, judge).scored
    assert scored.text is not None
    assert scored.calibration is not None
    assert (scored.text.average_precision, scored.calibration.n) == (1.0, 3)
    assert evaluate(rows[:1], judge).scored == ()


def test_a_judge_that_loses_a_row_is_caught() -> None:
    with pytest.raises(ValueError, match="one outcome per row, got 0 for 1"):
        evaluate([row("1-allow", Wanted.ALLOW)], lambda rows: [])


def test_the_table_has_a_line_per_slice() -> None:
    table = as_table(evaluate([row("1-block", Wanted.BLOCK)], judge_by_id).by_source, "source")
    assert table.splitlines()[2].startswith("| made | 100.0 % (1 of 1; ")
