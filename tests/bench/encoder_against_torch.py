"""`python -m tests.bench.encoder_against_torch FOLDER [--every N]`: the encoder's graph beside torch on real rows.

FOLDER holds `*.csv` and `*.jsonl.gz` with a `text` in each row; every N-th row is scored by both. Prints the largest difference
of a score, how many scores differ in the fourth decimal, how many verdicts of the shipped thresholds differ, and CPU seconds.
"""

import argparse
import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
import yaml
from transformers import BertModel

from moderation.model_registry.files import ModelFiles, overrides_from
from moderation.settings import Settings
from policies.text.classifier import SHIPPED_WEIGHTS
from policies.text.encoder import CLS, LAYERS, SEP, Features, SentenceEncoder
from policies.text.head import Head, load_head
from policies.text.normalise import normalise

Scores = np.ndarray[Any, np.dtype[np.float32]]


class TorchEncoder(SentenceEncoder):
    """The same cutting and pooling around the published network, run by torch."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        torch.set_num_threads(1)
        tokenizer, _ = self._loaded()
        self._parts = (tokenizer, _Torch(BertModel.from_pretrained(str(folder)).eval()))  # type: ignore[assignment]  # has `hidden` too


class _Torch:
    def __init__(self, model: Any) -> None:
        self._model = model

    def hidden(self, ids: tuple[int, ...]) -> Features:
        """As `_Layers.hidden`."""
        with torch.inference_mode():
            states = self._model(
                input_ids=torch.tensor([[CLS, *ids, SEP]]), output_hidden_states=True
            ).hidden_states
            return np.asarray(torch.stack([states[layer][0, 1:-1] for layer in LAYERS]).numpy())


def texts_of(folder: Path, every: int) -> Iterator[str]:
    """Every `every`-th text of each file."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            with path.open(encoding="utf-8") as lines:
                yield from [row["text"] for row in csv.DictReader(lines) if "text" in row][::every]
        elif path.name.endswith(".jsonl.gz"):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                yield from [json.loads(line)["text"] for line in lines][::every]


def scores(encoder: SentenceEncoder, head: Head, text: str) -> Scores:
    """The highest probability of each category over the spans of `text`; zeros when there is none."""
    encoded = encoder.encode(normalise(text).text)
    if not encoded.spans:
        return np.zeros(len(head.categories), np.float32)
    return np.asarray(head.calibrated(head.logits(encoded.features)).max(axis=0))


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args(arguments)
    files = ModelFiles(Settings(_env_file=None).models_dir, overrides_from())
    folder, head = files.path("text_encoder"), load_head(SHIPPED_WEIGHTS)
    texts = list(texts_of(options.folder, options.every))
    found, seconds = [], []
    for encoder in (TorchEncoder(folder), SentenceEncoder(folder)):
        began = process_time()
        found.append(np.array([scores(encoder, head, text) for text in texts]))
        seconds.append(process_time() - began)
    limits = yaml.safe_load((SHIPPED_WEIGHTS.parent / "thresholds.yaml").read_text("utf-8"))
    bounds = np.array([[limits[c.value][rank] for c in head.categories] for rank in ("review", "block")])
    verdicts = [(each[:, None, :] >= bounds).sum(axis=1) for each in found]
    print(
        f"{len(texts)} rows; largest difference of a score {np.abs(found[0] - found[1]).max():.1e}; "
        f"fourth decimal differs in {(found[0].round(4) != found[1].round(4)).sum()} of {found[0].size}; "
        f"verdict differs in {(verdicts[0] != verdicts[1]).any(axis=1).sum()} rows; "
        f"CPU {seconds[0]:.0f} s by torch, {seconds[1]:.0f} s by ONNX Runtime"
    )


if __name__ == "__main__":
    main()
