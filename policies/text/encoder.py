"""A sentence encoder (MiniLM, a BERT of six layers) that turns a text into one vector per sentence and per window.

Each window is run by itself and never padded, so a text gets the same vectors alone, in a batch, and on every call.
The vectors are the mean and the maximum over the tokens of several layers: lower layers know the words, upper ones the
sense (measured on held-out clusters: better together than the last layer alone).
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from policies.text.encoder_graph import (
    INPUT,
    WIDTH,
    EncoderUnreadable,
    encoder_graph,
    read_shape,
    read_tensors,
)
from policies.text.segments import TokenSpan, Window, cut

RUNTIME = "onnx-1"
"""Raise it when the vectors of a text change in the last digits: a decision names what computed its scores."""
LAYERS = (0, 2, 4, 5, 6)
"""Hidden layers that are pooled; 0 is the word embedding."""
FEATURES = 2 * len(LAYERS) * WIDTH
MAX_TOKENS = 32_768
"""The bound on one text's cost: about 130 kB of English, 170 forward passes."""

CLS, SEP = 101, 102
"""The ids of the two marks around a sentence in every uncased BERT vocabulary."""

Features = npt.NDArray[np.float32]


class TextTooLong(ValueError):
    """The text has more word pieces than one judgement may cost. The caller reports "could not judge"."""

    code = "text.too_long"

    def __init__(self, tokens: int) -> None:
        super().__init__(
            f"text: {tokens} word pieces, at most {MAX_TOKENS} are judged at once; send the text in smaller parts"
        )


@dataclass(frozen=True, slots=True)
class EncodedText:
    """What was scored: `spans[i]`, a character range of the text, has the vector `features[i]`, float32[FEATURES]."""

    spans: tuple[tuple[int, int], ...]
    features: Features


class SentenceEncoder:
    """Reads a transformers folder (`config.json`, `model.safetensors`, `tokenizer.json`) when first needed.

    Safe to share between threads. Each run uses one thread: for nets of this size more are slower, and the caller runs
    several texts in parallel.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._parts: tuple[Any, _Layers] | None = None

    def encode(self, text: str) -> EncodedText:
        """The vectors of every window and segment of `text`; none for a text without tokens.

        Raises TextTooLong beyond `MAX_TOKENS`, FileNotFoundError when the model folder is not complete, EncoderUnreadable
        when it holds something else.
        """
        tokenizer, layers = self._loaded()
        encoding = tokenizer.encode(text, add_special_tokens=False)
        if len(encoding.ids) > MAX_TOKENS:
            raise TextTooLong(len(encoding.ids))
        spans: list[tuple[int, int]] = []
        rows: list[Features] = []
        known: dict[tuple[int, ...], Features] = {}
        for window in cut(text, encoding.offsets):
            ids = tuple(encoding.ids[window.start : window.end])
            if ids not in known:
                known[ids] = layers.hidden(ids)
            for start, end in _scored(window):
                spans.append((encoding.offsets[start][0], encoding.offsets[end - 1][1]))
                rows.append(_pooled(known[ids][:, start - window.start : end - window.start]))
        return EncodedText(tuple(spans), np.stack(rows) if rows else np.zeros((0, FEATURES), np.float32))

    def _loaded(self) -> tuple[Any, "_Layers"]:
        with self._lock:
            if self._parts is None:
                self._parts = _load(self._folder)
            return self._parts


class _Layers:
    """The network behind the tokenizer: embeddings looked up here, the layers by ONNX Runtime."""

    def __init__(self, folder: Path) -> None:
        tensors = read_tensors(folder)
        try:
            self._words = tensors["embeddings.word_embeddings.weight"]
            self._places = (
                tensors["embeddings.position_embeddings.weight"]
                + tensors["embeddings.token_type_embeddings.weight"][0]
            )
            graph = encoder_graph(tensors, read_shape(folder), LAYERS)
        except KeyError as error:
            raise EncoderUnreadable(folder, f"model.safetensors has no tensor {error}") from error
        self._session = _session(graph)

    def hidden(self, ids: tuple[int, ...]) -> Features:
        """float32[layers, tokens, WIDTH]: the hidden states of `LAYERS`, without the two marks around the sentence."""
        marked = [CLS, *ids, SEP]
        embedded = self._words[marked] + self._places[: len(marked)]
        states = self._session.run(None, {INPUT: embedded[None]})
        return np.stack([state[0, 1:-1] for state in states])


def _load(folder: Path) -> tuple[Any, _Layers]:
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"text encoder: no {name} in {folder}; fetch the models or give another folder"
            )
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, _Layers(folder)


def _session(graph: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _scored(window: Window) -> tuple[TokenSpan, ...]:
    return ((window.start, window.end), *window.segments)


def _pooled(states: Features) -> Features:
    return np.concatenate([states.mean(axis=1).ravel(), states.max(axis=1).ravel()])
