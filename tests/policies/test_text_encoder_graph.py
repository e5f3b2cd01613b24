"""The encoder written as an ONNX graph: the vectors that transformers and torch give but for what eight bits
round off, the same every time."""

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertModel

from policies.text import eight_bits
from policies.text.classifier import ENGLISH_WEIGHTS, SHIPPED, TOKENIZER
from policies.text.encoder import CLS, SEP, SHAPE, SentenceEncoder, read_tokenizer
from policies.text.encoder_graph import INPUT, WIDTH, Tensors, encoder_graph
from policies.text.packed import Packed

TOKENS = [7, 42, 99, 13, 5]
LAYERS = (0, 3, 6)
ROUNDED = 0.05
"""Hidden states are around 1. What eight bits move them by in six layers of random weights was .01 at most."""


def bert(words: int, between: int) -> BertModel:
    """A BERT of six layers with random weights."""
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=words,
        hidden_size=WIDTH,
        num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.heads,
        intermediate_size=between,
    )
    return BertModel(config, add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def model() -> BertModel:
    return bert(200, 64)


def tensors_of(model: BertModel) -> Tensors:
    return {name: part.numpy() for name, part in model.state_dict().items()}


def session_of(model: BertModel) -> onnxruntime.InferenceSession:
    graph = encoder_graph(tensors_of(model), SHAPE, LAYERS)
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


def test_every_layer_is_what_torch_computes(model: BertModel) -> None:
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([TOKENS]), output_hidden_states=True).hidden_states
    tensors = tensors_of(model)
    embedded = (
        tensors["embeddings.word_embeddings.weight"][TOKENS]
        + tensors["embeddings.position_embeddings.weight"][: len(TOKENS)]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    found = session_of(model).run(None, {INPUT: embedded[None]})
    for layer, states in zip(LAYERS, found, strict=True):
        np.testing.assert_allclose(states, expected[layer].numpy(), atol=ROUNDED)


def test_a_sequence_has_the_same_vectors_every_time(model: BertModel) -> None:
    session = session_of(model)
    drawn = np.random.default_rng(1).standard_normal((1, 17, WIDTH), dtype=np.float32)
    first, second = (session.run(None, {INPUT: drawn}) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("exact", [True, False])
def test_signed_and_shifted_weights_are_multiplied_alike(
    exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eight_bits, "signed_products_are_exact", lambda: exact)
    weight = np.random.default_rng(2).standard_normal((6, 9)).astype(np.float32)
    whole, scale, zero = eight_bits.columns(weight)
    restored = (whole.astype(np.int32) - zero.astype(np.int32)) * scale
    np.testing.assert_allclose(restored.T, weight, atol=float(np.abs(weight).max()) / 254)


def test_the_shipped_encoder_gives_torchs_vectors() -> None:
    file = Packed(SHIPPED / ENGLISH_WEIGHTS)
    text = "A heron in a harbour at dawn, shot on grainy film"
    found = SentenceEncoder(file, SHIPPED / TOKENIZER).encode(text).features[0]
    ids = read_tokenizer(SHIPPED / TOKENIZER).encode(text, add_special_tokens=False).ids
    tensors = {name: torch.from_numpy(part) for name, part in file.tensors("encoder.").items()}
    network = bert(len(tensors["embeddings.word_embeddings.weight"]), 4 * WIDTH)
    network.load_state_dict(tensors)
    with torch.inference_mode():
        states = network(input_ids=torch.tensor([[CLS, *ids, SEP]])).last_hidden_state[0, 1:-1].numpy()
    expected = np.concatenate([states.mean(axis=0), states.max(axis=0)])
    assert float(found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)) > 0.995
