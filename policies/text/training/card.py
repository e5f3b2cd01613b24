"""The model card of the shipped weights: what they are made of, what they reach on held-out clusters, what they cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.evaluation.intervals import Share
from policies.taxonomy import Category
from policies.text.head import Floats, Head
from policies.text.training.calibration import Thresholds
from policies.text.training.sources import Example
from policies.text.training.written import SOURCE as WRITTEN

CREDITS = """\
| source | licence | authors |
|---|---|---|
| OVERT | Apache-2.0 | Cheng et al., "OVERT: a benchmark for over-refusal evaluation on text-to-image models" |
| VBench, VBench-2.0 | Apache-2.0 | Huang et al.; Zheng et al. |
| PartiPrompts | Apache-2.0 | Yu et al., Google Research |
| OpenAI moderation evaluation set | MIT | Markov et al. |
| HarmBench | MIT | Mazeika et al. |
| MultiJail (English rows) | MIT | Deng et al. |
| XSTest | CC-BY-4.0 | Röttger et al. |
| SimpleSafetyTests | CC-BY-4.0 | Vidgen et al. |
| AILuminate demo prompts | CC-BY-4.0 | MLCommons |
| HateCheck | CC-BY-4.0 | Röttger et al. |
| Adversarial Nibbler | CC-BY-4.0 | Quaye et al. |
| COCO captions | CC-BY-4.0 | Chen et al.; Lin et al. |"""

LIMITS = """\
- English only. Text in another language is reported as could not judge, not scored.
- Public figures and works are not scored: lists of names find them.
- The encoder is frozen. Meaning that needs reasoning (a code word, a sequence harmless step by step) is missed.
- Politics, shock, private person and minors rest mostly on the project's own few hundred lines: their intervals are wide.
- Adversarial Nibbler's label is a vote on the text while its category describes a failed image: it is used at weight 0.3.
- Sexual content with minors is found by the absolute rules, not by these weights; none was used in training."""


@dataclass(frozen=True)
class Measured:
    """Held-out rows with their calibrated scores, float32[n, categories], and the thresholds they are judged by."""

    examples: Sequence[Example]
    scores: Floats
    categories: tuple[Category, ...]
    thresholds: Mapping[Category, Thresholds]

    def over(self, row: int, level: str) -> frozenset[Category]:
        """The categories of `row` whose score reaches the threshold named `level` ("review" or "block")."""
        return frozenset(
            category
            for column, category in enumerate(self.categories)
            if round(float(self.scores[row, column]), 4) >= getattr(self.thresholds[category], level)
        )


def thresholds_yaml(thresholds: Mapping[Category, Thresholds]) -> str:
    """The thresholds as the policy document writes them."""
    lines = [
        f"{category}: {{review: {t.review:g}, block: {t.block:g}}}" for category, t in thresholds.items()
    ]
    return "\n".join(lines) + "\n"


def write_card(head: Head, measured: Measured, counts: Mapping[str, int]) -> str:
    """The card in Markdown. Deterministic: no dates, no machine."""
    return f"""# Text classifier: model card

Weights `{head.revision}`. Written by `python -m policies.text.train`; do not edit by hand.

**What.** {len(head.hidden)} small networks over frozen all-MiniLM-L6-v2 vectors (layers pooled by mean and maximum), one output
per category, Platt-scaled. Made from {sum(counts.values())} rows: {counts["train"]} to fit, {counts["tune"]} to calibrate
and choose thresholds, {counts["test"]} held out (below). Rows are split by cluster by the rule in `training/split.py`;
whatever shares a cluster with the adjudicated yardstick is left out of all three.

**Data and credit.** Only sources whose licence permits it, and text the project wrote itself for thin
categories (`training/written.txt`, source `{WRITTEN}`; each line is used bare and in one neutral frame, such as
"a video of …").

{CREDITS}

## Held-out clusters, at the shipped thresholds

Not-allowed recall: a harmful row reaches review or block in any category. 95 % Wilson intervals.

| source | over-refusal of benign rows | not-allowed recall | block recall |
|---|---|---|---|
{_source_table(measured)}

| category | recall in that category | any category | review from | block from |
|---|---|---|---|---|
{_category_table(measured)}

## Limits

{LIMITS}
"""


def _source_table(measured: Measured) -> str:
    lines = []
    for source in sorted({example.source for example in measured.examples}):
        rows = [i for i, example in enumerate(measured.examples) if example.source == source]
        benign = [i for i in rows if measured.examples[i].benign]
        harmful = [i for i in rows if not measured.examples[i].benign]
        cells = (
            _share(measured, benign, "review"),
            _share(measured, harmful, "review"),
            _share(measured, harmful, "block"),
        )
        lines.append(f"| {source} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _share(measured: Measured, rows: Sequence[int], level: str) -> Share:
    return Share(sum(bool(measured.over(row, level)) for row in rows), len(rows))


def _category_table(measured: Measured) -> str:
    lines = []
    for category in measured.categories:
        rows = [i for i, example in enumerate(measured.examples) if category in example.positive]
        own = Share(sum(category in measured.over(row, "review") for row in rows), len(rows))
        limits = measured.thresholds[category]
        anyway = _share(measured, rows, "review")
        lines.append(f"| {category} | {own} | {anyway} | {limits.review:g} | {limits.block:g} |")
    return "\n".join(lines)
