"""A brief becomes a video of what the pipeline made, the same for the same seed; whatever else happens is a failure by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.generation.generators.diffusion import generator as module
from moderation.generation.generators.diffusion.film import check_frames
from moderation.generation.generators.diffusion.generator import DiffusersGenerator, DiffusionSettings
from moderation.generation.generators.diffusion.pipeline import LoadedPipeline, PipelineLimits
from moderation.generation.generators.port import GenerationCancelled, GenerationFailed, Made, Pingable
from moderation.media.reader import open_media
from moderation.messages import Brief, PinnedLikeness
from tests.support.pipelines import STEPS, brief

Picture = np.ndarray[Any, np.dtype[np.float32]]


@pytest.fixture(scope="module")
def made(wan: Path) -> DiffusersGenerator:
    """The Wan pipeline on the processor, loaded once."""
    return DiffusersGenerator(DiffusionSettings(wan, device="cpu", options=STEPS))


def run(
    generator: DiffusersGenerator,
    target: Path,
    wanted: Brief | None = None,
    *,
    progress: Callable[[float], None] = lambda _done: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Made:
    return generator.generate(
        wanted or brief(), portraits={}, references=(), target=target, progress=progress, cancelled=cancelled
    )


def frames_of(path: Path) -> list[Any]:
    with open_media(path) as opened:
        return [frame.rgb for frame in opened.frames()]


def test_a_brief_becomes_a_silent_video_of_its_size_and_length(
    made: DiffusersGenerator, tmp_path: Path
) -> None:
    told: list[float] = []
    result = run(made, tmp_path / "out.mp4", progress=told.append)
    with open_media(tmp_path / "out.mp4") as opened:
        pictures = list(opened.frames())
        info = opened.info
    assert (info.kind, info.width, info.height, info.fps, info.frames) == ("video", 64, 64, 8.0, 5)
    assert not info.has_audio
    assert result == Made(5 / 8)
    assert pictures[0].rgb.std() > 1
    assert told == sorted(told)
    assert len(told) == 3
    assert told[-1] == 1.0


def test_the_same_seed_gives_the_same_bytes_and_another_seed_or_prompt_others(
    made: DiffusersGenerator, wan: Path, tmp_path: Path
) -> None:
    again = DiffusersGenerator(DiffusionSettings(wan, device="cpu", options=STEPS))
    run(made, tmp_path / "a.mp4", brief(seed=7))
    run(again, tmp_path / "b.mp4", brief(seed=7))
    run(made, tmp_path / "c.mp4", brief(seed=2**63 - 1))
    run(made, tmp_path / "d.mp4", brief("a storm at sea", seed=7))
    contents = [(tmp_path / f"{name}.mp4").read_bytes() for name in "abcd"]
    assert contents[0] == contents[1]
    assert len(set(contents)) == 3


def test_another_family_of_pipelines_needs_nothing_of_its_own(cogvideo: Path, tmp_path: Path) -> None:
    generator = DiffusersGenerator(DiffusionSettings(cogvideo, device="cpu", options=STEPS))
    told: list[float] = []
    result = run(generator, tmp_path / "out.mp4", progress=told.append)
    assert generator.identity()[0] == "CogVideoXPipeline"
    assert result.seconds == 5 / 8
    assert len(frames_of(tmp_path / "out.mp4")) > 0
    assert told == [0.45, 0.9, 1.0]
    assert generator.info().grid.max_frames == 49


def test_what_it_is_and_how_it_rounds_can_be_asked(made: DiffusersGenerator) -> None:
    info = made.info()
    assert (info.name, info.device, info.dtype) == ("WanPipeline", "cpu", "float32")
    assert info.version == made.identity()[1]
    assert (info.grid.side, info.grid.frame_step, info.grid.max_frames) == (16, 4, 81)
    assert isinstance(made, Pingable)


def test_what_the_pipeline_cannot_make_is_rounded_and_said(
    made: DiffusersGenerator, wan: Path, tmp_path: Path
) -> None:
    limits = PipelineLimits(max_pixels=4096, max_frames=5, fps=4)
    small = DiffusersGenerator(DiffusionSettings(wan, device="cpu", limits=limits, options=STEPS))
    result = run(small, tmp_path / "out.mp4", brief(seconds=10, width=128, height=128))
    assert result.seconds == 1.25
    assert result.adjusted == ("size 128x128 became 64x64; 8 frames per second became 4; 10 s became 1.25 s")


def test_references_are_not_used_and_it_says_so(made: DiffusersGenerator, tmp_path: Path) -> None:
    result = made.generate(
        brief(), portraits={}, references=(tmp_path / "any.png",), target=tmp_path / "out.mp4",
        progress=lambda _done: None, cancelled=lambda: False,
    )  # fmt: skip
    assert result.adjusted == "reference files are not used"


def test_a_brief_that_asks_for_a_person_is_refused_before_anything_is_loaded(
    wan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(LoadedPipeline, "run")
    wanted = brief().model_copy(
        update={"likenesses": (PinnedLikeness(likeness_id="lik_1", handle="jane", revision=1),)}
    )
    with pytest.raises(GenerationFailed, match="approved person") as caught:
        run(DiffusersGenerator(DiffusionSettings(wan)), tmp_path / "out.mp4", wanted)
    assert (caught.value.code, caught.value.retryable) == ("generator.likeness_unsupported", False)


def test_cancelling_between_two_steps_stops_there_and_leaves_nothing(wan: Path, tmp_path: Path) -> None:
    generator = DiffusersGenerator(DiffusionSettings(wan, device="cpu", options={"num_inference_steps": 50}))
    told: list[float] = []
    with pytest.raises(GenerationCancelled):
        run(generator, tmp_path / "out.mp4", progress=told.append, cancelled=lambda: len(told) >= 2)
    assert len(told) == 2
    assert list(tmp_path.iterdir()) == []
    run(generator, tmp_path / "next.mp4", brief(seconds=0.1))
    assert (tmp_path / "next.mp4").is_file()


def test_cancelling_within_the_first_step_does_not_wait_for_its_end(
    made: DiffusersGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.generation.generators.diffusion.stopping.LOOK_EVERY_S", 0.0)
    asked = iter(range(10**9))
    told: list[float] = []
    with pytest.raises(GenerationCancelled):
        run(made, tmp_path / "out.mp4", progress=told.append, cancelled=lambda: next(asked) > 5)
    assert told == []
    assert list(tmp_path.iterdir()) == []


def failing_once_with(error: Exception, calls: list[int]) -> Callable[..., Any]:
    real = LoadedPipeline.run

    def once(self: LoadedPipeline, *arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return real(self, *arguments, **more)

    return once


def test_memory_that_ran_out_is_freed_and_the_brief_tried_once_more(
    made: DiffusersGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    calls: list[int] = []
    freed: list[int] = []
    monkeypatch.setattr(LoadedPipeline, "run", failing_once_with(torch.OutOfMemoryError("no room"), calls))
    monkeypatch.setattr(module, "release_memory", lambda: freed.append(1))
    run(made, tmp_path / "out.mp4")
    assert (len(calls), len(freed)) == (2, 1)


def test_memory_that_runs_out_twice_is_a_failure_with_what_to_do(
    made: DiffusersGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(LoadedPipeline, "run", never)
    with pytest.raises(GenerationFailed, match="SAFECONDUCT_GENERATOR_OFFLOAD") as caught:
        run(made, tmp_path / "out.mp4")
    assert (caught.value.code, caught.value.retryable) == ("generator.out_of_memory", False)
    assert list(tmp_path.iterdir()) == []


def test_a_pipeline_that_raises_is_a_failure_with_its_words(
    made: DiffusersGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoadedPipeline, "run", failing_once_with(ValueError("no such scheduler"), []))
    with pytest.raises(GenerationFailed, match="ValueError: no such scheduler") as caught:
        run(made, tmp_path / "out.mp4")
    assert caught.value.code == "generator.pipeline_failed"


def test_a_folder_that_broke_meanwhile_is_a_failure_with_its_code(own_wan: Path, tmp_path: Path) -> None:
    generator = DiffusersGenerator(DiffusionSettings(own_wan, device="cpu"))
    (own_wan / "vae" / "config.json").write_text("{}")
    with pytest.raises(GenerationFailed) as caught:
        run(generator, tmp_path / "out.mp4")
    assert (caught.value.code, caught.value.retryable) == ("generator.unloadable", False)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (np.full((2, 8, 8, 3), np.nan, np.float32), "generator.output_not_finite"),
        (np.zeros((2, 8, 8, 3), np.float32), "generator.output_blank"),
        (np.full((2, 8, 8, 3), 0.5, np.float32), "generator.output_blank"),
        (np.zeros((0, 8, 8, 3), np.float32), "generator.output_malformed"),
        (np.zeros((8, 8, 3), np.float32), "generator.output_malformed"),
    ],
)
def test_frames_that_show_nothing_are_a_failure_not_a_video(frames: Picture, code: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        check_frames(frames)
    assert (caught.value.code, caught.value.retryable) == (code, False)


def test_weights_of_nothing_but_nan_end_as_a_failure(own_wan: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = own_wan / "transformer" / "diffusion_pytorch_model.safetensors"
    save_file({name: value * float("nan") for name, value in load_file(path).items()}, path)
    with pytest.raises(GenerationFailed) as caught:
        run(DiffusersGenerator(DiffusionSettings(own_wan, device="cpu", options=STEPS)), tmp_path / "out.mp4")
    assert caught.value.code == "generator.output_not_finite"
    assert not (tmp_path / "out.mp4").exists()


def test_closing_lets_go_of_the_pipeline_and_the_next_brief_loads_it_again(
    own_wan: Path, tmp_path: Path
) -> None:
    generator = DiffusersGenerator(DiffusionSettings(own_wan, device="cpu", options=STEPS))
    run(generator, tmp_path / "a.mp4")
    generator.close()
    assert generator._loaded is None
    run(generator, tmp_path / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    generator.close()


@pytest.mark.parametrize("where", ["progress", "cancelled"])
def test_what_the_caller_s_own_functions_raise_is_the_caller_s_and_no_failure_of_the_pipeline(
    made: DiffusersGenerator, tmp_path: Path, where: str
) -> None:
    def away(*_: object) -> bool:
        raise ConnectionError("the database is away")

    functions: dict[str, Any] = {where: away}
    with pytest.raises(ConnectionError):
        run(made, tmp_path / "out.mp4", **functions)
    assert list(tmp_path.iterdir()) == []
