"""The English text encoder (a BERT of six layers, fine-tuned from MiniLM): one vector per sentence and per window of a text.

Each window is run by itself and never padded, so a text gets the same vectors alone, in a batch, and on every call.
A vector is the mean and the maximum of the last layer over the tokens.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from policies.text.encoder_graph import INPUT, WIDTH, Shape, encoder_graph
from policies.text.onnx_graph import session
from policies.text.packed import Floats, Packed
from policies.text.segments import TokenSpan, Window, cut

RUNTIME = "onnx-2"
"""Raise it when the vectors of a text change in the last digits: a decision names what computed its scores."""
SHAPE = Shape(layers=6, heads=12, epsilon=1e-12)
"""Of all-MiniLM-L6-v2 (its config.json), which the weights were tuned from."""
FEATURES = 2 * WIDTH
MAX_TOKENS = 32_768
"""The bound on one text's cost: about 130 kB of English, 170 forward passes."""

CLS, SEP = 101, 102
"""The ids of the two marks around a sentence in every uncased BERT vocabulary."""
_WORDS = "embeddings.word_embeddings.weight"


class TextTooLong(ValueError):
    """The text has more word pieces or characters than one judgement may cost. The caller reports "could not judge"."""

    code = "text.too_long"

    def __init__(self, found: int, most: int, unit: str) -> None:
        super().__init__(
            f"text: {found} {unit}, at most {most} are judged at once; send the text in smaller parts"
        )


@dataclass(frozen=True, slots=True)
class EncodedText:
    """What was scored: `spans[i]`, a character range of the text, has the vector `features[i]`, float32[FEATURES]."""

    spans: tuple[tuple[int, int], ...]
    features: Floats


class SentenceEncoder:
    """Runs the weights `encoder.*` of `file` behind the tokenizer at the path `tokenizer` (tokenizer.json of the base model).

    Loaded when first needed. Safe to share between threads.
    """

    def __init__(self, file: Packed, tokenizer: Path) -> None:
        self._file = file
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._parts: tuple[Any, _Layers] | None = None

    def encode(self, text: str) -> EncodedText:
        """The vectors of every window and segment of `text`; none for a text without tokens.

        Raises TextTooLong beyond `MAX_TOKENS`, FileNotFoundError without a tokenizer, WeightsUnreadable for other weights.
        """
        tokenizer, layers = self._loaded()
        encoding = tokenizer.encode(text, add_special_tokens=False)
        if len(encoding.ids) > MAX_TOKENS:
            raise TextTooLong(len(encoding.ids), MAX_TOKENS, "word pieces")
        spans: list[tuple[int, int]] = []
        rows: list[Floats] = []
        known: dict[tuple[int, ...], Floats] = {}
        for window in cut(text, encoding.offsets):
            ids = tuple(encoding.ids[window.start : window.end])
            if ids not in known:
                known[ids] = layers.hidden(ids)
            for start, end in _scored(window):
                spans.append((encoding.offsets[start][0], encoding.offsets[end - 1][1]))
                rows.append(_pooled(known[ids][start - window.start : end - window.start]))
        return EncodedText(tuple(spans), np.stack(rows) if rows else np.zeros((0, FEATURES), np.float32))

    def _loaded(self) -> tuple[Any, "_Layers"]:
        with self._lock:
            if self._parts is None:
                self._parts = read_tokenizer(self._tokenizer), _Layers(self._file)
            return self._parts


class _Layers:
    """The network behind the tokenizer: embeddings looked up here (packed, as they ship), the layers by ONNX Runtime."""

    def __init__(self, file: Packed) -> None:
        self._words, self._scales = file.plain("encoder." + _WORDS), file.scale("encoder." + _WORDS)
        tensors = {name: values for name, values in file.tensors("encoder.").items() if name != _WORDS}
        self._places = (
            tensors["embeddings.position_embeddings.weight"]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._session = session(encoder_graph(tensors, SHAPE, (SHAPE.layers,)))

    def hidden(self, ids: tuple[int, ...]) -> Floats:
        """float32[tokens, WIDTH]: the last layer, without the two marks around the sentence."""
        marked = [CLS, *ids, SEP]
        words = self._words[marked] * self._scales[marked, None]
        (states,) = self._session.run(None, {INPUT: (words + self._places[: len(marked)])[None]})
        return np.asarray(states[0, 1:-1], np.float32)


def read_tokenizer(path: Path) -> Any:
    """A tokenizer that neither cuts nor pads. Raises FileNotFoundError naming the file."""
    if not path.is_file():
        raise FileNotFoundError(f"text encoder: no tokenizer at {path}; restore the shipped file")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _scored(window: Window) -> tuple[TokenSpan, ...]:
    return ((window.start, window.end), *window.segments)


def _pooled(states: Floats) -> Floats:
    return np.concatenate([states.mean(axis=0), states.max(axis=0)])
