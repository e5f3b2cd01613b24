"""On a GPU, where there is one: the pipeline runs there, in the precision that suits it, and gives its memory back."""

from pathlib import Path

import pytest
import torch

from moderation.generation.generators.diffusion.generator import DiffusersGenerator, DiffusionSettings
from tests.support.pipelines import STEPS, brief

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="torch sees no GPU (torch.cuda.is_available)"
)


def run(generator: DiffusersGenerator, target: Path) -> None:
    generator.generate(
        brief(), portraits={}, references=(), target=target, progress=lambda _: None, cancelled=lambda: False
    )


def test_the_first_gpu_is_taken_with_half_precision_and_named_by_its_hardware(wan: Path) -> None:
    generator = DiffusersGenerator(DiffusionSettings(wan, options=STEPS))
    info = generator.info()
    assert info.device == "cuda:0"
    assert info.dtype in ("bfloat16", "float16")
    generator.close()


@pytest.mark.parametrize("offload", ["none", "model", "layers"])
def test_a_video_is_made_on_the_gpu_and_its_memory_given_back(
    wan: Path, tmp_path: Path, offload: str
) -> None:
    before = torch.cuda.memory_allocated()
    generator = DiffusersGenerator(DiffusionSettings(wan, offload=offload, options=STEPS))
    run(generator, tmp_path / "a.mp4")
    generator.close()
    assert (tmp_path / "a.mp4").stat().st_size > 0
    assert torch.cuda.memory_allocated() <= before


def test_the_same_seed_gives_the_same_bytes_on_the_same_gpu(wan: Path, tmp_path: Path) -> None:
    generator = DiffusersGenerator(DiffusionSettings(wan, dtype="float32", options=STEPS))
    run(generator, tmp_path / "a.mp4")
    run(generator, tmp_path / "b.mp4")
    generator.close()
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
