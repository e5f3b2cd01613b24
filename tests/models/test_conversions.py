"""Networks written as ONNX from checkpoints compute what the published ones compute, in the same bytes every time."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from moderation.model_registry.speaker_onnx import HIDDEN, LAYERS, MELS, voice_encoder
from moderation.model_registry.torch_to_onnx import Graph, read_checkpoint


class Encoder(nn.Module):  # type: ignore[misc]  # torch publishes no types that we follow
    """Resemblyzer's network, as its `VoiceEncoder.forward` computes it."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(MELS, HIDDEN, LAYERS, batch_first=True)
        self.linear = nn.Linear(HIDDEN, HIDDEN)

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        _, (hidden, _) = self.lstm(mels)
        raw = torch.relu(self.linear(hidden[-1]))
        return raw / torch.norm(raw, dim=1, keepdim=True)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    torch.manual_seed(7)
    return Encoder()


@pytest.fixture
def checkpoint(encoder: Encoder, tmp_path: Path) -> Path:
    path = tmp_path / "pretrained.pt"
    torch.save({"step": 1, "model_state": encoder.state_dict()}, path)
    return path


def test_the_voice_encoder_computes_what_pytorch_computes(
    encoder: Encoder, checkpoint: Path, tmp_path: Path
) -> None:
    target = tmp_path / "voice.onnx"
    voice_encoder(checkpoint, target)
    mels = np.random.default_rng(1).random((3, 160, MELS), np.float32)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = encoder(torch.from_numpy(mels)).numpy()
    assert np.allclose(session.run(None, {"mels": mels})[0], expected, atol=1e-5)


def test_writing_it_twice_gives_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    voice_encoder(checkpoint, first)
    voice_encoder(checkpoint, second)
    assert first.read_bytes() == second.read_bytes()


class Payload:
    """Runs something when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("1/0",))


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"model_state": Payload()}, path)
    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        read_checkpoint(path, "model_state")


def test_a_network_that_is_not_whole_is_not_written(tmp_path: Path) -> None:
    graph = Graph("broken")
    graph.add("Relu", "nowhere", outputs=["out"])
    with pytest.raises(Exception, match="nowhere"):
        graph.write(tmp_path / "broken.onnx", ("in", ["n"]), ("out", ["n"]))
    assert not (tmp_path / "broken.onnx").exists()
