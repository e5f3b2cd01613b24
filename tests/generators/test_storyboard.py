"""The storyboard makes a real video: right length and size, pictures and sound, faces that can be found again."""

import time
from pathlib import Path

import numpy as np
import pytest

from consent.biometrics.faces import FaceModel
from moderation.generation.generators.port import GenerationCancelled, GenerationFailed
from moderation.generation.generators.storyboard import Storyboard
from moderation.media.reader import open_media
from moderation.media.sniff import MP4, ends_early
from moderation.messages import Brief, Parameters
from moderation.model_registry.files import ModelFiles
from tests.support import media


def _film(
    brief: Brief, target: Path, *, portraits: dict[str, Path] | None = None, stop_after: int = 10**9
) -> list[float]:
    seen: list[float] = []
    asked = iter(range(10**9))
    Storyboard().generate(
        brief,
        portraits=portraits or {},
        references=(),
        target=target,
        progress=seen.append,
        cancelled=lambda: next(asked) >= stop_after,
    )
    return seen


def test_the_default_brief_gives_ten_seconds_of_720p_with_sound(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    began = time.process_time()
    progress = _film(Brief(prompt="A lighthouse at dawn. The storm comes. Then the light goes on."), target)
    assert time.process_time() - began < 10
    with open_media(target) as opened:
        frames = list(opened.frames())
        sound = opened.sound()
        info = opened.info
    assert (info.kind, info.width, info.height, info.fps, info.frames) == ("video", 1280, 720, 24.0, 240)
    assert info.duration_s == pytest.approx(10, abs=0.1)
    assert np.abs(sound).max() > 0.05
    assert len(sound) / 16_000 == pytest.approx(10, abs=0.1)
    assert len({round(time_s) for time_s in (frame.time_s for frame in frames)}) >= 10
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert len(progress) <= 30
    with target.open("rb") as stream:
        assert not ends_early(stream, MP4, target.stat().st_size)


def test_the_same_brief_gives_the_same_bytes(tmp_path: Path, small_brief: Brief, portrait: Path) -> None:
    for at in range(4):
        _film(small_brief, tmp_path / f"{at}.mp4", portraits={"jane": portrait})
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_another_seed_gives_another_video(tmp_path: Path, small_brief: Brief) -> None:
    _film(small_brief, tmp_path / "a.mp4")
    reseeded = small_brief.model_copy(
        update={"parameters": Parameters(seconds=1, width=320, height=180, seed=9)}
    )
    _film(reseeded, tmp_path / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() != (tmp_path / "b.mp4").read_bytes()


def test_pictures_move_and_scenes_differ(tmp_path: Path, small_brief: Brief) -> None:
    target = tmp_path / "out.mp4"
    _film(small_brief, target)
    with open_media(target) as opened:
        frames = list(opened.frames())
    assert len(frames) >= 2
    assert np.abs(frames[0].rgb.astype(int) - frames[-1].rgb.astype(int)).mean() > 3


def test_a_portrait_is_shown_large(tmp_path: Path, portrait: Path) -> None:
    """Its orange suit covers a good part of the frame in every scene."""
    brief = Brief(prompt="She waves. She laughs.", parameters=Parameters(seconds=1))
    _film(brief, tmp_path / "out.mp4", portraits={"jane": portrait})
    with open_media(tmp_path / "out.mp4") as opened:
        for frame in opened.frames():
            red, green, blue = np.moveaxis(frame.rgb.astype(int), -1, 0)
            assert ((red > 170) & (green < 110) & (blue < 90)).mean() > 0.03


@pytest.mark.models
def test_the_face_of_a_portrait_is_found_in_the_video(
    tmp_path: Path, portrait: Path, models_dir: Path
) -> None:
    brief = Brief(prompt="She waves.", parameters=Parameters(seconds=1))
    _film(brief, tmp_path / "out.mp4", portraits={"jane": portrait})
    with open_media(tmp_path / "out.mp4") as opened:
        frame = next(opened.frames()).rgb
    files = ModelFiles(models_dir)
    model = FaceModel(files.path("face_detection"), files.path("face_embedding"))
    with open_media(portrait) as opened:
        (owner,) = model.faces(next(opened.frames()).rgb)
    (found,) = model.faces(frame)
    assert found.usable
    assert found.size_px > 50
    assert float(found.embedding @ owner.embedding) > 0.8


def test_cancelling_stops_within_a_frame_and_leaves_nothing(tmp_path: Path, small_brief: Brief) -> None:
    target = tmp_path / "out.mp4"
    with pytest.raises(GenerationCancelled):
        _film(small_brief, target, stop_after=5)
    assert not target.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_portrait_that_is_no_picture_fails_for_good_and_names_the_person(
    tmp_path: Path, small_brief: Brief
) -> None:
    bad = media.zip_named(tmp_path / "face.png")
    with pytest.raises(GenerationFailed, match="portrait of jane") as caught:
        _film(small_brief, tmp_path / "out.mp4", portraits={"jane": bad})
    assert caught.value.code == "generator.portrait_unreadable"
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters(seconds=0.05, width=64, height=64, fps=1),
        Parameters(seconds=1, width=64, height=512, fps=12),
        Parameters(seconds=0.5, width=1280, height=64, fps=60),
    ],
)
def test_any_permitted_size_can_be_filmed(tmp_path: Path, parameters: Parameters, portrait: Path) -> None:
    brief = Brief(prompt="Ein Hund läuft 🐕 über die Straße, 走る犬, " + "w" * 300, parameters=parameters)
    _film(brief, tmp_path / "out.mp4", portraits={"a": portrait, "b": portrait, "c": portrait})
    with open_media(tmp_path / "out.mp4") as opened:
        list(opened.frames())
        assert (opened.info.width, opened.info.height) == (parameters.width, parameters.height)


def test_identity_is_stable() -> None:
    assert Storyboard().identity() == ("storyboard", "1")
