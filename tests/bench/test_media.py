"""What the output gate and a release cost per second of 720p video, beside decoding it and beside encoding it again; how that
grows with the length, and how much memory it takes.

    .venv/bin/python -m pytest tests/bench/test_media.py -m bench -s

Ours at the gate: the sandbox, frames at 2 per second and scene changes, faces, nudity, what fills the frame, the text in it,
speech and voices, every check, the policy. Ours at release: mark drawn, encode, credential signed and time-stamped, stored,
re-opened and proven.
"""

import threading
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path

import pytest

from moderation.bootstrap import Application
from moderation.gate.judge import Item
from moderation.ids import new_id
from moderation.release.prepare import Preparation
from moderation.settings import Settings
from moderation.warming import Warming
from provenance.credentials.manifest import ReleaseClaim
from tests.bench.clips import decode_only, encode_again, storyboard_clip
from tests.bench.cost import cost_of
from tests.bench.figures import Figures

pytestmark = [pytest.mark.bench, pytest.mark.models, pytest.mark.integration]
REPETITIONS = 3
LENGTHS_S = (10.0, 60.0)


@pytest.fixture(scope="module")
def app(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The service with its real models, warm."""
    made = Application(Settings(_env_file=None, home=tmp_path_factory.mktemp("bench"), models_dir=models_dir))
    Warming(made.profile, made.works, ["output-gate"]).load(threading.Event())
    yield made
    made.close()


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


@pytest.mark.parametrize("length_s", LENGTHS_S)
def test_output_gate_per_second_of_video(
    figures: Figures, app: Application, tmp_path: Path, length_s: float
) -> None:
    clip = storyboard_clip(tmp_path, length_s)
    item = Item("clip", media=clip, treat_as="output")
    app.judge.judge(item)
    _compare(
        figures,
        f"output gate, {length_s:g} s of 720p",
        length_s,
        lambda: app.judge.judge(item),
        lambda: decode_only(clip),
        against="decoding alone (PyAV)",
    )


@pytest.mark.parametrize("length_s", LENGTHS_S)
def test_release_beside_a_plain_encode(
    figures: Figures, app: Application, tmp_path: Path, length_s: float
) -> None:
    clip = storyboard_clip(tmp_path, length_s)
    stored = app.assets.stage(clip)
    app.assets.promote(stored.sha256)
    preparation = Claimed(app.database, app.assets, app.stamping)

    def release() -> None:
        assert preparation.prepare("gen_bench", stored.sha256, "dec_bench") is not None

    _compare(
        figures,
        f"release, {length_s:g} s of 720p",
        length_s,
        release,
        lambda: encode_again(clip, tmp_path / "again.mp4"),
        against="x264 again (PyAV) + sha256",
    )


def _compare(
    figures: Figures,
    what: str,
    length_s: float,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    against: str,
) -> None:
    """Both in turn: seconds and CPU seconds per second of video, and the peak of memory."""
    costs = [(cost_of(ours), cost_of(peer)) for _ in range(REPETITIONS)]
    walls, cpus, peaks = (
        [[pick(pair[side]) for pair in costs] for side in (0, 1)]
        for pick in (attrgetter("wall_s"), attrgetter("cpu_s"), attrgetter("peak_mb"))
    )
    for name, (mine, theirs) in (("wall", walls), ("CPU", cpus)):
        per_s = [[spent / length_s for spent in each] for each in (mine, theirs)]
        figures.add(f"{what}, {name}", *per_s, unit="s per second of video", against=against)
    figures.add(f"{what}, peak memory", *peaks, unit="MB", against=against)
