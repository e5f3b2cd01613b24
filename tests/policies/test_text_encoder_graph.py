"""The encoder written as an ONNX graph: the vectors that transformers and torch give, alone or with others of its length."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertModel

from policies.text.encoder import CLS, LAYERS, SEP, SentenceEncoder
from policies.text.encoder_graph import (
    INPUT,
    WIDTH,
    EncoderUnreadable,
    Shape,
    encoder_graph,
    read_shape,
    read_tensors,
)

TOKENS = [7, 42, 99, 13, 5]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of six layers with random weights and a vocabulary of 200."""
    made = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=200, hidden_size=WIDTH, num_hidden_layers=6, num_attention_heads=12, intermediate_size=64
    )
    BertModel(config).eval().save_pretrained(made)
    return made


def session_of(folder: Path) -> onnxruntime.InferenceSession:
    graph = encoder_graph(read_tensors(folder), read_shape(folder), LAYERS)
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


def test_every_layer_is_what_torch_computes(folder: Path) -> None:
    model = BertModel.from_pretrained(str(folder)).eval()
    ids = torch.tensor([TOKENS])
    with torch.inference_mode():
        expected = model(input_ids=ids, output_hidden_states=True).hidden_states
    tensors = read_tensors(folder)
    embedded = (
        tensors["embeddings.word_embeddings.weight"][TOKENS]
        + tensors["embeddings.position_embeddings.weight"][: len(TOKENS)]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    found = session_of(folder).run(None, {INPUT: embedded[None]})
    for layer, states in zip(LAYERS, found, strict=True):
        np.testing.assert_allclose(states, expected[layer].numpy(), atol=2e-5)


def test_a_sequence_has_the_same_vectors_alone_and_beside_others(folder: Path) -> None:
    session = session_of(folder)
    drawn = np.random.default_rng(1).standard_normal((5, 17, WIDTH), dtype=np.float32)
    together = session.run(None, {INPUT: drawn})
    for row in range(len(drawn)):
        alone = session.run(None, {INPUT: drawn[row : row + 1]})
        assert all(np.array_equal(a[0], b[row]) for a, b in zip(alone, together, strict=True))


def test_shape_is_read_from_the_configuration(folder: Path) -> None:
    assert read_shape(folder) == Shape(6, 12, 1e-12)


@pytest.mark.parametrize(
    ("field", "value"), [("model_type", "gpt2"), ("hidden_size", 768), ("hidden_act", "relu")]
)
def test_another_architecture_is_refused_by_name(
    folder: Path, tmp_path: Path, field: str, value: object
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, field: value}))
    with pytest.raises(EncoderUnreadable, match=f"{field} is {value!r}"):
        read_shape(tmp_path)


@pytest.mark.parametrize("content", [b"no weights here", b"\x10\0\0\0\0\0\0\0not json at all!", b"{}" * 40])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(EncoderUnreadable, match=r"model\.safetensors"):
        read_tensors(tmp_path)


def test_a_file_cut_short_is_named(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EncoderUnreadable, match=r"model\.safetensors"):
        read_tensors(tmp_path)


@pytest.mark.models
def test_weights_of_another_network_are_named(folder: Path, models_dir: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(str(folder / "model.safetensors"))
    tensors.pop("encoder.layer.5.output.dense.weight")
    save_file(tensors, str(tmp_path / "model.safetensors"))
    shutil.copy(folder / "config.json", tmp_path)
    shutil.copy(models_dir / "text_encoder" / "tokenizer.json", tmp_path)
    with pytest.raises(EncoderUnreadable, match="has no tensor"):
        SentenceEncoder(tmp_path).encode("a cat")


@pytest.mark.models
def test_the_shipped_encoder_gives_torchs_vectors(models_dir: Path) -> None:
    folder = models_dir / "text_encoder"
    text = "A heron in a harbour at dawn, shot on grainy film"
    found = SentenceEncoder(folder).encode(text).features[0]
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    model = BertModel.from_pretrained(str(folder), local_files_only=True).eval()
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor([[CLS, *ids, SEP]]), output_hidden_states=True).hidden_states
    states = np.stack([hidden[layer][0, 1:-1].numpy() for layer in LAYERS])
    expected = np.concatenate([states.mean(axis=1).ravel(), states.max(axis=1).ravel()])
    np.testing.assert_allclose(found, expected, atol=5e-5)
