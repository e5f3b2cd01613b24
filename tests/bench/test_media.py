"""What the output gate and a release cost per second of 720p video, beside decoding it and beside encoding it again.

    .venv/bin/python -m pytest tests/bench/test_media.py -m bench -s

Ours at the gate: the sandbox, frames at 2 per second and scene changes, faces, nudity, speech, every check, the policy. Ours at
release: mark drawn, encode, credential signed and time-stamped, stored, re-opened and proven.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.bootstrap import Application
from moderation.gate.judge import Item
from moderation.ids import new_id
from moderation.release.prepare import Preparation
from moderation.settings import Settings
from moderation.warming import Warming
from provenance.credentials.manifest import ReleaseClaim
from tests.bench.clips import SECONDS, decode_only, encode_again, storyboard_clip
from tests.bench.figures import Figures, in_turn, seconds

pytestmark = [pytest.mark.bench, pytest.mark.models, pytest.mark.integration]
REPETITIONS = 3


@pytest.fixture(scope="module")
def app(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The service with its real models, warm."""
    made = Application(Settings(_env_file=None, home=tmp_path_factory.mktemp("bench"), models_dir=models_dir))
    Warming(made.profile, made.works, ["output-gate"]).load(threading.Event())
    yield made
    made.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip of all benches here."""
    return storyboard_clip(tmp_path_factory.mktemp("clips"))


class Claimed(Preparation):
    """A preparation whose generation needs no rows."""

    def _claim(self, generation_id: str, output_sha256: str, decision_id: str) -> ReleaseClaim | None:
        return ReleaseClaim(
            release_id=new_id("rel"),
            generation_id=generation_id,
            title="bench.mp4",
            generator="storyboard",
            generator_version="1",
            policy_revision="sha256:000000000000",
            decision_ids=(decision_id,),
            mark_revision=self.stamping.mark.revision,
        )


def test_output_gate_per_second_of_video(figures: Figures, app: Application, clip: Path) -> None:
    item = Item("clip", media=clip, treat_as="output")
    app.judge.judge(item)
    measured = in_turn(
        REPETITIONS,
        lambda: seconds(lambda: app.judge.judge(item)) / SECONDS,
        lambda: seconds(lambda: decode_only(clip)) / SECONDS,
    )
    figures.add("output gate, 720p", *measured, unit="s per second of video", against="decoding alone (PyAV)")


def test_release_beside_a_plain_encode(
    figures: Figures, app: Application, clip: Path, tmp_path: Path
) -> None:
    stored = app.assets.stage(clip)
    app.assets.promote(stored.sha256)
    preparation = Claimed(app.database, app.assets, app.stamping)

    def release() -> None:
        assert preparation.prepare("gen_bench", stored.sha256, "dec_bench") is not None

    measured = in_turn(
        REPETITIONS,
        lambda: seconds(release) / SECONDS,
        lambda: seconds(lambda: encode_again(clip, tmp_path / "again.mp4")) / SECONDS,
    )
    figures.add(
        "release prepared, 720p",
        *measured,
        unit="s per second of video",
        against="x264 again (PyAV) + sha256",
    )
