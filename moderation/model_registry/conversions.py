"""What is done once to a published file before it is used. The result's sha256 is pinned in the registry."""

from collections.abc import Callable
from pathlib import Path

# Smaller weights change no output of a float32 network, and many are subnormal, which the processor adds and multiplies
# up to a hundred times slower. Measured on fr_feature.onnx: 120 ms before, 14-25 ms after, same output.
DENORMAL_LIMIT = 1e-30


def zero_denormals(source: Path, target: Path) -> None:
    """Write to `target` the ONNX file `source` with every float32 weight below `DENORMAL_LIMIT` set to zero."""
    import numpy as np
    import onnx

    model = onnx.load(str(source))
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or not tensor.HasField("raw_data"):
            continue
        weights = np.frombuffer(tensor.raw_data, dtype="<f4").copy()  # ONNX stores raw data little-endian
        weights[np.abs(weights) < DENORMAL_LIMIT] = 0.0
        tensor.raw_data = weights.tobytes()
    target.write_bytes(model.SerializeToString(deterministic=True))


def classifier(source: Path, target: Path) -> None:
    """See `classifier_onnx`; imported here, since `onnx` takes its time."""
    from moderation.model_registry.classifier_onnx import efficientnet_lite0

    efficientnet_lite0(source, target)


def speaker(source: Path, target: Path) -> None:
    """See `speaker_onnx`."""
    from moderation.model_registry.speaker_onnx import voice_encoder

    voice_encoder(source, target)


CONVERSIONS: dict[str, Callable[[Path, Path], None]] = {
    "zero_denormals": zero_denormals,
    "efficientnet_lite0_onnx": classifier,
    "voice_encoder_onnx": speaker,
}
