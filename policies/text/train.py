"""`python -m policies.text.train --data DIR --encoder DIR`: make the shipped weights of the text classifier anew.

DIR of `--data` holds `<source>.jsonl.gz` for every permitted source and `adjudicated.csv`, which is read for one reason:
its rows, and whatever shares a cluster with them, are kept out of training, tuning and the held-out figures. Writes
`weights/head.npz`, `weights/thresholds.yaml` and `weights/CARD.md`.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from policies.text.encoder import SentenceEncoder
from policies.text.head import Floats, Head, load_head
from policies.text.training.calibration import calibrate, choose_thresholds
from policies.text.training.card import Measured, thresholds_yaml, write_card
from policies.text.training.features import EncodedRows, encode_rows
from policies.text.training.fit import fit_head
from policies.text.training.sources import Example, read_examples
from policies.text.training.split import Part, part_of
from policies.text.training.written import read_written

SHIPPED = Path(__file__).parent / "weights"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, calibrate, choose thresholds, measure on held-out clusters, write."""
    parser = argparse.ArgumentParser(prog="python -m policies.text.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled rows")
    parser.add_argument("--encoder", type=Path, required=True, help="transformers folder of MiniLM")
    parser.add_argument(
        "--out", type=Path, default=SHIPPED, help="where the weights go (default: the package)"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps the encoder's vectors between runs")
    options = parser.parse_args(arguments)
    examples = usable(options.data)
    rows = encode_rows(SentenceEncoder(options.encoder), [e.text for e in examples], options.cache, _progress)
    train(examples, rows, options.out)


def usable(data: Path) -> list[Example]:
    """Every permitted and written row whose cluster the adjudicated yardstick does not touch."""
    with (data / "adjudicated.csv").open(encoding="utf-8", newline="") as file:
        judged = {row["id"] for row in csv.DictReader(file)}
    examples = [*read_examples(data), *read_written()]
    touched = {example.cluster for example in examples if example.id in judged}
    return [example for example in examples if example.cluster not in touched]


def train(examples: Sequence[Example], rows: EncodedRows, out: Path) -> None:
    """Fit on the training clusters, tune on the tuning clusters, and write weights, thresholds and card to `out`."""
    parts: dict[Part, list[int]] = {"train": [], "tune": [], "test": []}
    for row, example in enumerate(examples):
        parts[part_of(example.cluster)].append(row)
    head = fit_head(*_training_vectors(examples, rows, parts["train"]))
    tune, test = parts["tune"], parts["test"]
    tuned = [examples[row] for row in tune]
    head = calibrate(head, best_logits(head, rows, tune), tuned)
    out.mkdir(parents=True, exist_ok=True)
    head.save(out / "head.npz")
    head = load_head(out / "head.npz")
    thresholds = choose_thresholds(head.categories, head.calibrated(best_logits(head, rows, tune)), tuned)
    (out / "thresholds.yaml").write_text(thresholds_yaml(thresholds), encoding="utf-8")
    scores = head.calibrated(best_logits(head, rows, test))
    measured = Measured([examples[row] for row in test], scores, head.categories, thresholds)
    counts = {str(part): len(chosen) for part, chosen in parts.items()}
    (out / "CARD.md").write_text(write_card(head, measured, counts), encoding="utf-8")


def _training_vectors(
    examples: Sequence[Example], rows: EncodedRows, chosen: Sequence[int]
) -> tuple[Floats, list[Example]]:
    """One vector per row; for a benign row also one per sentence, because each sentence of it is benign."""
    vectors, labels = [], []
    for row in chosen:
        own = rows.of(row)
        used = own if examples[row].benign else own[:1]
        vectors.append(used)
        labels.extend([examples[row]] * len(used))
    return np.concatenate(vectors), labels


def best_logits(head: Head, rows: EncodedRows, chosen: Sequence[int]) -> Floats:
    """float32[n, categories]: per row the highest logit among its windows and segments, as the classifier serves it."""
    return np.stack([head.logits(rows.of(row)).max(axis=0) for row in chosen])


def _progress(done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        sys.stderr.write(f"\rencoded {done} of {total} texts")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
