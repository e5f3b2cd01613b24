"""Invariant 11 and its edge: what cannot be compared, what is claimed and not seen, and whose face a reference may show."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from moderation.gate.checks.outputs import OutputFacesCheck, OutputMediaCheck
from moderation.gate.subjects import FaceMatch, OutputSubject, Spoken
from moderation.generation.tables import Asset, AssetHolder
from moderation.generation.uploads import holds, keep_upload
from policies.taxonomy import Verdict
from tests.support import media
from tests.support.senses import Scripted
from tests.support.service import StubApplication
from tests.support.subjects import ADA, clip, face, gate, output

GATE = gate(outputs=[OutputMediaCheck(), OutputFacesCheck("m")])
SHA = "a" * 64


def verdict_of(subject: OutputSubject) -> Verdict:
    """The faces' verdict."""
    return GATE.judge_output(subject).verdict


def test_a_claimed_likeness_that_only_appears_beyond_recognition_is_for_a_person() -> None:
    """49 px, blurred or turned away: nobody can say whose face it is."""
    hidden = replace(face(usable=False), size_px=49.0)
    assert verdict_of(output(clip(hidden, hidden), ADA)) is Verdict.REVIEW


def test_a_claimed_likeness_in_a_clip_without_any_face_is_for_a_person() -> None:
    assert verdict_of(output(clip(), ADA)) is Verdict.REVIEW


def test_a_clip_of_which_no_frame_was_seen_is_for_a_person() -> None:
    assert verdict_of(output(clip(frames_seen=0))) is Verdict.REVIEW


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return media.video(tmp_path_factory.mktemp("invented") / "clip.mp4")


@pytest.mark.parametrize("nudity", [float("nan"), float("inf"), -0.5, 1.5])
def test_a_score_that_is_no_score_is_no_answer(movie: Path, nudity: float) -> None:
    seen = Scripted(nudity=nudity).perceiver().perceive(movie, SHA)
    assert seen.nudity.value is None
    assert seen.nudity.cause


@dataclass(slots=True)
class Ordered(Scripted):
    """Notes what it is asked, in order."""

    order: list[str] = field(default_factory=list)

    def transcribe(self, samples: NDArray[np.float32]) -> Sequence[Spoken]:
        """Note it."""
        self.order.append("speech")
        return ()

    def identify(self, embeddings: NDArray[np.float32]) -> Sequence[tuple[FaceMatch, ...]]:
        """Note it."""
        self.order.append("faces")
        return [()] * len(embeddings)


def test_who_is_enrolled_is_asked_after_everything_slow(movie: Path) -> None:
    """Whoever enrols while the sound is written down is still found."""
    script = Ordered(people=(1,))
    script.perceiver().perceive(movie, SHA)
    assert script.order == ["speech", "faces"]


def test_only_who_uploaded_a_picture_may_name_it(app: StubApplication, tmp_path: Path) -> None:
    path = media.image(tmp_path / "ada.png")
    sha256 = keep_upload(app.database, app.assets, path, account_id="acct_1")
    with app.database.read() as session:
        assert holds(session, sha256, frozenset({"acct_1"}))
        assert not holds(session, sha256, frozenset({"acct_2"}))
    assert keep_upload(app.database, app.assets, path, account_id="acct_2") == sha256
    with app.database.read() as session:
        assert holds(session, sha256, frozenset({"acct_2"}))
        assert holds(session, sha256, frozenset({"acct_1"}))


@pytest.mark.parametrize("role", ["output", "release"])
def test_what_we_made_is_nobodys_upload(app: StubApplication, tmp_path: Path, role: str) -> None:
    """Whoever knows the address of a refused output must not get it back as a reference."""
    path = media.image(tmp_path / "made.png")
    sha256 = app.assets.stage(path).sha256
    with app.database.transaction() as session:
        session.add(Asset(sha256=sha256, role=role, created_ms=1))
        session.add(AssetHolder(sha256=sha256, account_id="acct_1", created_ms=1))
    with app.database.read() as session:
        assert not holds(session, sha256, frozenset({"acct_1"}))
