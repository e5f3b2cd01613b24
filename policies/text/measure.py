"""`python -m policies.text.measure --data DIR --encoder DIR --languages FILE`: what the text checks reach, without the lists.

Runs the absolute rules, the language check and the classifier at its shipped thresholds over labelled rows and writes
`weights/MEASURED.md`. The adjudicated rows decide; sources that trained the weights are measured on held-out clusters only.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from policies.evaluation.evaluate import Outcome, as_table, evaluate
from policies.evaluation.intervals import Share
from policies.evaluation.reading import read_rows
from policies.evaluation.rows import LabelledRow
from policies.taxonomy import Category, Verdict, strictest
from policies.text.absolute import match_absolute
from policies.text.classifier import TextClassifier
from policies.text.language import LanguageIdentifier
from policies.text.normalise import normalise
from policies.text.training.sources import TABLE
from policies.text.training.split import part_of

SHIPPED = Path(__file__).parent / "weights"
LISTED = frozenset({Category.WORKS.value, Category.PUBLIC_FIGURE.value})
"""Categories that lists of names find, not these checks."""
LANGUAGE_SOURCES = (
    "vbench",
    "partiprompts",
    "coco_captions10k",
    "overt",
    "hatecheck",
    "multijail",
    "multilingual_hatecheck",
)
OUTSIDE = ("advbench", "t2vsafetybench")
"""Sources no row of which was used for training or tuning."""

Limits = Mapping[str, Mapping[str, float]]


class TextChecks:
    """The text checks of the default profile as a judge of labelled rows."""

    def __init__(self, classifier: TextClassifier, languages: LanguageIdentifier, limits: Limits) -> None:
        self._classifier, self._languages, self._limits = classifier, languages, limits

    def __call__(self, rows: Sequence[LabelledRow]) -> list[Outcome]:
        """One outcome per row."""
        return [self._outcome(row.text) for row in rows]

    def _outcome(self, typed: str) -> Outcome:
        text = normalise(typed)
        unsupported = not self._languages.read(text.text).supported
        scores = self._classifier.score_normalised(text).scores
        verdicts = {category: self._verdict(category, found.score) for category, found in scores.items()}
        if any(match.certain for match in match_absolute(text)):
            verdicts[Category.MINORS] = Verdict.BLOCK
        named = frozenset(category for category, verdict in verdicts.items() if verdict is not Verdict.ALLOW)
        verdict = strictest([*verdicts.values(), Verdict.REVIEW if unsupported else Verdict.ALLOW])
        return Outcome(verdict, named, unjudged=unsupported and not named)

    def _verdict(self, category: Category, score: float) -> Verdict:
        limits = self._limits[category.value]
        if score >= limits["block"]:
            return Verdict.BLOCK
        return Verdict.REVIEW if score >= limits["review"] else Verdict.ALLOW


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m policies.text.measure", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled rows")
    parser.add_argument("--encoder", type=Path, required=True, help="transformers folder of MiniLM")
    parser.add_argument("--languages", type=Path, required=True, help="the file lid.176.ftz")
    parser.add_argument("--out", type=Path, default=SHIPPED / "MEASURED.md")
    options = parser.parse_args(arguments)
    classifier, languages = TextClassifier(options.encoder), LanguageIdentifier(options.languages)
    limits = yaml.safe_load((SHIPPED / "thresholds.yaml").read_text(encoding="utf-8"))
    page = write_page(options.data, TextChecks(classifier, languages, limits), languages, classifier.revision)
    options.out.write_text(page, encoding="utf-8")


def write_page(data: Path, checks: TextChecks, languages: LanguageIdentifier, revision: str) -> str:
    """The page in Markdown."""
    adjudicated = evaluate(_adjudicated(data), checks)
    sources = evaluate(_sources(data), checks)
    return f"""# The text checks, measured

Absolute rules, language check and classifier (`{revision}`) at the thresholds of `thresholds.yaml`, without the lists of
works and public figures. Written by `python -m policies.text.measure`; do not edit by hand. 95 % Wilson intervals.

## Adjudicated rows (never trained on, no threshold chosen on them; rows about works and public figures left out)

{as_table(adjudicated.by_source, "rows")}
Firm rows by category:

{as_table(adjudicated.by_category, "category")}
## By source

Rows of sources that trained the weights: held-out clusters only. `{"`, `".join(OUTSIDE)}` were not trained on; about half of
t2vsafetybench's rows would be allowed by a careful reader.

{as_table(sources.by_source, "source")}
## Absolute rules on benign rows

| source | benign rows on which a rule fires |
|---|---|
{_absolute_table(data)}

## Language check

English rows must be readable, all others must not. Every row, whatever its label.

| source | language | held as unreadable |
|---|---|---|
{_language_table(data, languages)}
"""


def _adjudicated(data: Path) -> Iterator[LabelledRow]:
    for row in read_rows(data / "adjudicated.csv"):
        if not LISTED & set(row.category.split("|")):
            category = row.category if row.firm else ""
            yield replace(row, source="firm" if row.firm else "not firm", category=category)


def _sources(data: Path) -> Iterator[LabelledRow]:
    for source in (*sorted(TABLE), *OUTSIDE):
        for row in _english(read_rows(data / f"{source}.jsonl.gz")):
            if source in OUTSIDE or part_of(row.cluster) == "test":
                yield replace(row, category="")


def _english(rows: Iterable[LabelledRow]) -> Iterator[LabelledRow]:
    return (row for row in rows if row.language in {"", "en"})


def _absolute_table(data: Path) -> str:
    lines = []
    for source in sorted(TABLE):
        rows = [
            row for row in _english(read_rows(data / f"{source}.jsonl.gz")) if row.wanted.value == "allow"
        ]
        if rows:
            share = Share(sum(bool(match_absolute(normalise(row.text))) for row in rows), len(rows))
            lines.append(f"| {source} | {share} |")
    return "\n".join(lines)


def _language_table(data: Path, languages: LanguageIdentifier) -> str:
    found: dict[tuple[str, str], list[bool]] = {}
    for source in LANGUAGE_SOURCES:
        for row in read_rows(data / f"{source}.jsonl.gz"):
            held = not languages.read(normalise(row.text).text).supported
            found.setdefault((source, row.language), []).append(held)
    return "\n".join(
        f"| {source} | {language} | {Share(sum(held), len(held))} |"
        for (source, language), held in found.items()
    )


if __name__ == "__main__":
    main()
