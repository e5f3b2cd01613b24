"""`python -m policies.text.train --data DIR --base DIR`: make the shipped weights of the text classifier anew.

DIR of `--data` holds `<source>.jsonl.gz` for every permitted source and `adjudicated.csv`, which is read for one reason: its
rows, and whatever shares a cluster with them, are kept out of training, tuning and the held-out figures. DIR of `--base` is the
transformers folder of all-MiniLM-L6-v2. Writes `weights/english.npz`, `multilingual-1.npz`, `multilingual-2.npz`,
`tokenizer.json`, `thresholds.yaml` and `CARD.md`. `--only calibrate` keeps the networks and does the rest again.
"""

import argparse
import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from policies.text.classifier import (
    ENGLISH_WEIGHTS,
    MULTILINGUAL_WEIGHTS,
    SHIPPED,
    TOKENIZER,
    Reader,
    readers,
)
from policies.text.head import Head
from policies.text.language import SUPPORTED
from policies.text.normalise import normalise
from policies.text.packed import Floats, Packed, write_packed
from policies.text.training.calibration import calibrate
from policies.text.training.card import Measured, thresholds_yaml, write_card
from policies.text.training.english import tune_english
from policies.text.training.multilingual import tune_multilingual
from policies.text.training.sources import MODELLED, Example, read_examples
from policies.text.training.split import Part, part_of
from policies.text.training.thresholds import choose_thresholds
from policies.text.training.written import SOURCE as WRITTEN
from policies.text.training.written import read_written

Parts = Mapping[Part, Sequence[Example]]
STEPS = ("english", "multilingual", "calibrate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, calibrate, choose thresholds, measure on held-out clusters, write."""
    parser = argparse.ArgumentParser(prog="python -m policies.text.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled rows")
    parser.add_argument("--base", type=Path, required=True, help="transformers folder of MiniLM")
    parser.add_argument(
        "--out", type=Path, default=SHIPPED, help="where the weights go (default: the package)"
    )
    parser.add_argument("--only", choices=STEPS, action="append", help="not all steps (may be given again)")
    options = parser.parse_args(arguments)
    parts = parted(usable(options.data))
    options.out.mkdir(parents=True, exist_ok=True)
    steps = options.only or STEPS
    if "english" in steps:
        shutil.copyfile(options.base / TOKENIZER, options.out / TOKENIZER)
        save(options.out / ENGLISH_WEIGHTS, tune_english(options.base, english(parts["train"])))
    if "multilingual" in steps:
        for seed, name in enumerate(MULTILINGUAL_WEIGHTS, start=1):
            save(options.out / name, tune_multilingual(parts["train"], seed))
    finish(parts, options.out)


def usable(data: Path) -> list[Example]:
    """Every permitted and written row in a language we train, whose cluster the adjudicated yardstick does not touch."""
    with (data / "adjudicated.csv").open(encoding="utf-8", newline="") as file:
        judged = {row["id"] for row in csv.DictReader(file)}
    examples = [*read_examples(data), *read_written()]
    touched = {example.cluster for example in examples if example.id in judged}
    return [e for e in examples if e.cluster not in touched and e.language in SUPPORTED]


def parted(examples: Sequence[Example]) -> Parts:
    """The examples by the part that their cluster belongs to."""
    parts: dict[Part, list[Example]] = {"train": [], "tune": [], "test": []}
    for example in examples:
        parts[part_of(example.cluster)].append(example)
    return parts


def english(examples: Sequence[Example], *, wanted: bool = True) -> list[Example]:
    """The English ones, or the others."""
    return [example for example in examples if (example.language == "en") is wanted]


def save(path: Path, tensors: Mapping[str, Floats], head: Head | None = None) -> None:
    """Write a network's tensors (with `head.weight` and `head.bias`), and the calibration of `head` where there is one."""
    plain = np.ones(2 * len(MODELLED), np.float32)
    scaling = {"head.slope": plain, "head.intercept": 0 * plain}
    if head is not None:
        scaling = {"head.slope": head.slope, "head.intercept": head.intercept}
    categories = np.array([category.value for category in MODELLED])
    write_packed(path, {**tensors, **scaling}, categories=categories)


def finish(parts: Parts, out: Path) -> None:
    """Calibrate both readers on the tune part, choose the thresholds, and write the card from the held-out part."""
    tune = english(parts["tune"])
    share = sum(not example.benign for example in tune) / len(tune)
    scores = calibrated(out, ENGLISH_WEIGHTS, readers(out)[0], tune)
    calibrated(out, MULTILINGUAL_WEIGHTS[0], readers(out)[1], english(parts["tune"], wanted=False), share)
    thresholds = choose_thresholds(MODELLED, scores, tune)
    (out / "thresholds.yaml").write_text(thresholds_yaml(thresholds), encoding="utf-8")
    measured = [
        Measured(held, reader.head.severity(best_logits(reader, held)), MODELLED, thresholds)
        for reader, held in zip(
            readers(out),
            (english(parts["test"]), english(parts["test"], wanted=False)),
            strict=True,
        )
    ]
    counts = {str(part): len(rows) for part, rows in parts.items()}
    counts["written"] = sum(row.source == WRITTEN for rows in parts.values() for row in rows)
    card = write_card([network.revision for network in readers(out)[0].networks], measured, counts)
    (out / "CARD.md").write_text(card, encoding="utf-8")


def calibrated(
    out: Path, name: str, reader: Reader, tune: Sequence[Example], share: float | None = None
) -> Floats:
    """Write the calibration of `reader` into the weights file `name`; returns the scores float32[n, k] of the rows."""
    logits = best_logits(reader, tune)
    head = calibrate(reader.head, logits, tune, share)
    save(out / name, Packed(out / name).tensors(""), head)
    return head.severity(logits)


def best_logits(reader: Reader, examples: Sequence[Example]) -> Floats:
    """float32[n, 2k]: what the classifier serves for each row, not calibrated. Raises ValueError for a row without words."""
    found = [reader.peaks(normalise(example.text).text) for example in examples]
    missing = [example.id for example, peaks in zip(examples, found, strict=True) if peaks is None]
    if missing:
        raise ValueError(
            f"rows without a word piece: {', '.join(missing)}; take them out of the training text"
        )
    return np.stack([peaks.logits for peaks in found if peaks is not None])


if __name__ == "__main__":
    main()
