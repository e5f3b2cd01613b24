"""What may have trained the weights is left out of the figures, counted, and measured only when asked for."""

from collections import Counter

import pytest

from policies.evaluation.held_out import choose, everything, held_out
from policies.evaluation.labels import categories_of
from policies.evaluation.rows import LabelledRow, Wanted
from policies.text.training.split import part_of


def row(source: str, *, cluster: str = "", category: str = "", origin: str = "rows.jsonl") -> LabelledRow:
    return LabelledRow(
        f"{source}:{cluster}", "text", Wanted.BLOCK, source, category, cluster=cluster, origin=origin
    )


def test_of_a_training_source_only_the_clusters_that_training_leaves_out_are_kept() -> None:
    rows = [row("overt", cluster=str(n)) for n in range(200)]
    kept = choose(rows).rows
    assert Counter(part_of(one.cluster) for one in kept) == {"test": len(kept)}
    assert 10 < len(kept) < 60
    assert choose(rows).left_out == (("overt", 200 - len(kept)),)


def test_a_row_of_a_training_source_without_a_cluster_may_have_been_trained_on() -> None:
    assert not held_out(row("overt"))
    assert choose([row("overt")], everything).rows == (row("overt"),)


def test_rows_of_other_sources_and_of_the_yardstick_are_kept() -> None:
    assert held_out(row("somebodys"))
    assert held_out(row("overt", origin="adjudicated.csv"))


@pytest.mark.parametrize(
    ("source", "category", "ours"),
    [
        ("mine", "hate|violence", ("hate", "violence")),
        ("overt", "sexual_content", ("sexual",)),
        ("openai_moderation", "H+V", ("hate", "violence")),
        ("hatecheck", "counter_quote_nh", ("hate",)),
        ("multijail", "['Violence & incitement', 'Weapons']", ("violence", "illicit")),
        ("xstest", "homonyms", ("xstest: homonyms",)),
        ("mine", "rude", ("mine: rude",)),
        ("coco_captions10k", "coco_caption", ()),
        ("mine", "", ()),
    ],
)
def test_labels_are_told_in_the_words_of_the_policy_where_they_are_known(
    source: str, category: str, ours: tuple[str, ...]
) -> None:
    assert categories_of(row(source, category=category)) == ours
