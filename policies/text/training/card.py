"""The model card of the shipped weights: what they are made of, what they reach on held-out clusters, what they cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.evaluation.intervals import Share
from policies.taxonomy import Category
from policies.text.packed import Floats
from policies.text.training.sources import Example
from policies.text.training.thresholds import Thresholds
from policies.text.training.written import SOURCE as WRITTEN

CREDITS = """\
| source | licence | authors |
|---|---|---|
| OVERT | Apache-2.0 | Cheng et al., "OVERT: a benchmark for over-refusal evaluation on text-to-image models" |
| VBench, VBench-2.0 | Apache-2.0 | Huang et al.; Zheng et al. |
| PartiPrompts | Apache-2.0 | Yu et al., Google Research |
| OpenAI moderation evaluation set | MIT | Markov et al. |
| HarmBench | MIT | Mazeika et al. |
| MultiJail | MIT | Deng et al. |
| XSTest | CC-BY-4.0 | Röttger et al. |
| SimpleSafetyTests | CC-BY-4.0 | Vidgen et al. |
| AILuminate demo prompts | CC-BY-4.0 | MLCommons |
| HateCheck, Multilingual HateCheck | CC-BY-4.0 | Röttger et al. |
| Adversarial Nibbler | CC-BY-4.0 | Quaye et al. |
| COCO captions | CC-BY-4.0 | Chen et al.; Lin et al. |"""

LIMITS = """\
- Ten languages: English best by far. The others share one small encoder, and their public rows are about hate only. Hindi is
  weakest: the encoder has no word pieces for it, so it is read in Latin letters.
- Public figures and works are not scored: lists of names find them.
- Meaning that needs reasoning (a code word, a sequence harmless step by step) is missed.
- Words for groups of people weigh towards hate, most in short texts; `written/h_people.txt` works against it and does not end it.
- Whoever wrote the project's own lines also labelled them, from the policy; nobody else checked them line by line, and no native
  speaker the languages. A row of ours that is held out is easier than one from elsewhere.
- The lines on hate follow the functions that HateCheck lists, in words of our own; and the last files (`f_` to `k_`) were written
  after looking at mistakes on tune rows and at prompts of our own. HateCheck is therefore no foreign kind of text to them.
- For the files `i_` and `k_`, kinds of mistakes were named that held-out rows of OVERT, XSTest and the adjudicated set show,
  too: homonyms, allusions, war without gore, plain names. No row was shown, and lines that came near one were taken out, but on
  these sets the figures are a little less out of sample than they look.
- Adversarial Nibbler's label is a vote on the text while its category describes a failed image: it is used at weight 0.3.
- Sexual content with minors is found by the absolute rules, not by these weights; none was used in training."""


@dataclass(frozen=True)
class Measured:
    """Held-out rows with their scores, float32[n, categories], and the thresholds they are judged by."""

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


def write_card(revisions: Sequence[str], measured: Sequence[Measured], counts: Mapping[str, int]) -> str:
    """The card in Markdown; `measured` are the English held-out rows and the others. Deterministic: no dates, no machine."""
    return f"""# Text classifier: model card

Weights `{"`, `".join(revisions)}`. Written by `python -m policies.text.train`; do not edit by hand.

**What.** Three networks, each with a linear head that says of every category whether it applies and whether it blocks,
Platt-scaled; the score is the expected severity (review ½, block 1). English: all-MiniLM-L6-v2 (Apache-2.0), its six layers
fine-tuned, its word vectors kept. All languages: universal sentence encoder, multilingual v3 (Apache-2.0), everything over
its word vectors fine-tuned, twice from different seeds. English is read by all three, at a half, a quarter and a quarter.

Made from {counts["train"] + counts["tune"] + counts["test"]} rows: {counts["train"]} to fit, {counts["tune"]} to calibrate and
choose thresholds, {counts["test"]} held out (below). Rows are split by cluster by the rule in `training/split.py`; whatever
shares a cluster with the adjudicated yardstick is left out of all three.

**Data and credit.** Only sources whose licence permits it, and {counts["written"]} lines that were written for the project in ten
languages, category by category, each harmful line beside benign twins (`training/written/`, source `{WRITTEN}`): by language
models, line by line from the policy, without templates and without sight of any data set but for what the limits below say.

{CREDITS}

## Held-out clusters, at the shipped thresholds

Not-allowed recall: a harmful row reaches review or block in any category. 95 % Wilson intervals.

| source | over-refusal of benign rows | not-allowed recall | block recall (rows known to be blocks) |
|---|---|---|---|
{chr(10).join(_source_table(part) for part in measured)}

English rows by category:

| category | recall in that category | any category | review from | block from |
|---|---|---|---|---|
{_category_table(measured[0])}

## Limits

{LIMITS}
"""


def _source_table(measured: Measured) -> str:
    lines = []
    for source, language in sorted({(e.source, e.language) for e in measured.examples}):
        rows = [i for i, e in enumerate(measured.examples) if (e.source, e.language) == (source, language)]
        benign = [i for i in rows if measured.examples[i].benign]
        harmful = [i for i in rows if not measured.examples[i].benign]
        blocked = [i for i in rows if measured.examples[i].blocked]
        cells = (
            _share(measured, benign, "review"),
            _share(measured, harmful, "review"),
            _share(measured, blocked, "block"),
        )
        lines.append(f"| {source} ({language}) | " + " | ".join(str(cell) for cell in cells) + " |")
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
