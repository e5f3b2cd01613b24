"""The nudity scorer: safe pictures score low, scores do not depend on company, and bad input is an error."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from policies.vision.nudity import MEAN_BGR, Frames, NudityScorer, prepare


@pytest.fixture(scope="module")
def scorer(models_dir: Path) -> NudityScorer:
    return NudityScorer(models_dir / "nudity" / "open-nsfw.onnx")


@pytest.mark.models
@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_safe_photographs_score_low(scorer: NudityScorer, name: str) -> None:
    frame = np.asarray(getattr(skimage.data, name)(), dtype=np.uint8)
    (score,) = scorer.score(frame[None])
    assert 0.0 <= score < 0.1


@pytest.mark.models
def test_a_frame_scores_the_same_alone_and_among_others(scorer: NudityScorer) -> None:
    astronaut = np.asarray(skimage.data.astronaut(), dtype=np.uint8)
    mirrored = astronaut[:, ::-1]
    together = scorer.score(np.stack([mirrored, astronaut]))
    assert together[1] == scorer.score(astronaut[None])[0]
    assert together.dtype == np.float32


@pytest.mark.models
def test_no_frames_give_no_scores(scorer: NudityScorer) -> None:
    assert scorer.score(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0,)


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((1, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((1, 8, 8, 4), np.uint8),
        np.zeros((1, 0, 8, 3), np.uint8),
    ],
)
def test_frames_of_another_shape_are_an_error(tmp_path: Path, frames: Frames) -> None:
    with pytest.raises(ValueError, match=r"frames must be uint8\[n, h, w, 3\]"):
        NudityScorer(tmp_path / "none.onnx").score(frames)


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="fetch the models"):
        NudityScorer(tmp_path / "none.onnx").score(np.zeros((1, 8, 8, 3), np.uint8))


def test_preparation_follows_the_reference() -> None:
    red = np.zeros((100, 300, 3), np.uint8)
    red[..., 0] = 255
    prepared = prepare(red)
    assert prepared.shape == (224, 224, 3)
    assert prepared.dtype == np.float32
    blue, green, red_channel = (prepared + MEAN_BGR)[112, 112]
    assert red_channel > 250  # channels are BGR
    assert max(blue, green) < 5
