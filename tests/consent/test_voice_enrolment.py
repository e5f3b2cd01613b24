"""Enrolling a voice: which recordings are taken, whose voice may be, and what revoking and erasing make of its template."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import Session, select

from consent.biometrics.index import IndexStale, TemplateIndex
from consent.biometrics.matches import confirm
from consent.biometrics.models import Standing, Template, TemplateKind
from consent.biometrics.thresholds import SAME_VOICE
from consent.biometrics.voices import DIMENSION, Voice
from consent.likeness.enrolment import enrol, read_portraits
from consent.likeness.models import Likeness
from consent.likeness.refusals import EnrolmentRefused
from consent.likeness.registry import bump_registry
from consent.likeness.revocation import erase, revoke
from consent.likeness.voice import VoiceSample, read_recordings
from moderation.store import Database
from tests.support.people import CodedFaces, People, portrait, voice_of

EAR = "voice:testtesttest"


class CodedEar:
    """Reads recordings made by `recording`: who speaks, for how long."""

    revision = EAR

    def voices(self, samples: NDArray[np.float32]) -> Sequence[Voice]:
        return [
            Voice(0.0, float(seconds), float(seconds), voice_of(int(person), int(take)))
            for person, take, seconds in samples.reshape(-1, 3)
        ]


def recording(*voices: tuple[int, int, float]) -> NDArray[np.float32]:
    """A recording in which these voices (person, take, seconds) are heard."""
    return np.array(voices, np.float32).reshape(-1)


def five(person: int) -> list[NDArray[np.float32]]:
    """Five short recordings of one person."""
    return [recording((person, take, 2.0)) for take in range(5)]


def sample(person: int) -> VoiceSample:
    return read_recordings(five(person), CodedEar())


def refused(*recordings: NDArray[np.float32]) -> str:
    with pytest.raises(EnrolmentRefused) as caught:
        read_recordings(recordings, CodedEar())
    return caught.value.code


def test_five_short_recordings_or_a_long_one_make_a_voice() -> None:
    assert read_recordings(five(1), CodedEar()).seconds == 10.0
    long = read_recordings([recording((1, 0, 15.0))], CodedEar())
    assert float(long.embedding @ voice_of(1, 7)) > 0.9
    assert "embedding" not in repr(long)


@pytest.mark.parametrize(
    ("recordings", "code"),
    [
        ([], "enrolment.recording_count"),
        (five(1) + five(1), "enrolment.recording_count"),
        (five(1)[:4], "enrolment.too_little_speech"),
        ([recording((1, take, 1.2)) for take in range(5)], "enrolment.too_little_speech"),
        ([*five(1)[:4], recording()], "enrolment.no_speech"),
        ([*five(1)[:4], recording((2, 0, 2.0))], "enrolment.several_voices"),
        ([recording((1, 0, 12.0), (2, 0, 8.0))], "enrolment.several_voices"),
    ],
)
def test_recordings_that_do_not_show_one_voice_are_refused(
    recordings: list[NDArray[np.float32]], code: str
) -> None:
    assert refused(*recordings) == code


def test_a_cough_of_its_own_is_no_second_speaker() -> None:
    assert read_recordings([recording((1, 0, 16.0), (2, 0, 1.5))], CodedEar()).seconds == 16.0


@pytest.fixture
def voices(people: People) -> TemplateIndex:
    return TemplateIndex(
        people.vault,
        model_revision=EAR,
        dimension=DIMENSION,
        kind=TemplateKind.VOICE,
        clock=lambda: people.now_s,
    )


def enrol_with_voice(
    session: Session, people: People, voices: TemplateIndex, person: int, voice: int | None = None
) -> str:
    """Person n with their own voice, or with somebody else's; the likeness id."""
    return enrol(
        session,
        likeness_id=f"likeness_{person}",
        owner_account_id=f"account_{person}",
        handle=f"person_{person}",
        portraits=read_portraits([portrait(person)], CodedFaces()),
        vault=people.vault,
        index=people.index,
        new_id=people.new_id,
        actor=f"account_{person}",
        now_ms=1_000,
        voice=sample(person if voice is None else voice),
        voice_index=voices,
    ).likeness_id


def standing_of(database: Database, voices: TemplateIndex, person: int) -> list[tuple[str, str]]:
    """Who is found for another take of this person's voice."""
    with database.read() as session:
        voices.refresh(session)
        found = confirm(session, voices.search(voice_of(person, 9)[None], SAME_VOICE))
    return [(match.match.subject_id, match.standing.value) for match in found]


def test_an_enrolled_voice_is_found_by_voice_and_never_among_faces(
    database: Database, people: People, voices: TemplateIndex
) -> None:
    with database.transaction() as session:
        likeness_id = enrol_with_voice(session, people, voices, 1)
    assert standing_of(database, voices, 1) == [(likeness_id, "enrolled")]
    assert standing_of(database, voices, 2) == []
    with database.read() as session:
        people.index.refresh(session)
        assert session.get_one(Likeness, likeness_id).voice == "enrolled"
        kinds = sorted(row.kind for row in session.exec(select(Template)))
    assert kinds == ["face", "voice"]
    assert people.index.size == voices.size == 1


def test_the_template_is_sealed(database: Database, people: People, voices: TemplateIndex) -> None:
    with database.transaction() as session:
        enrol_with_voice(session, people, voices, 1)
    with database.read() as session:
        row = session.exec(select(Template).where(Template.kind == TemplateKind.VOICE)).one()
        plain = sample(1).embedding.astype("<f4").tobytes()
        assert plain not in row.ciphertext
        assert np.allclose(people.vault.open(session, row), sample(1).embedding)


def test_a_revoked_voice_refuses_and_an_erased_one_is_gone(
    database: Database, people: People, voices: TemplateIndex
) -> None:
    with database.transaction() as session:
        likeness_id = enrol_with_voice(session, people, voices, 1)
    with database.transaction() as session:
        revoke(session, likeness_id, now_ms=2_000, actor="account_1")
    assert standing_of(database, voices, 1) == [(likeness_id, "revoked")]
    with database.transaction() as session:
        erase(session, likeness_id, now_ms=3_000, actor="account_1")
    assert standing_of(database, voices, 1) == []
    assert voices.size == 0


def test_anothers_voice_is_refused_and_nothing_is_left(
    database: Database, people: People, voices: TemplateIndex
) -> None:
    with database.transaction() as session:
        enrol_with_voice(session, people, voices, 1)
    with (
        pytest.raises(EnrolmentRefused, match="another account") as caught,
        database.transaction() as session,
    ):
        enrol_with_voice(session, people, voices, 2, voice=1)
    assert caught.value.code == "enrolment.voice_taken"
    with database.read() as session:
        assert len(session.exec(select(Likeness)).all()) == 1


def test_a_protected_voice_is_refused(database: Database, people: People, voices: TemplateIndex) -> None:
    with database.transaction() as session:
        people.vault.seal(
            session, template_id="t", subject_id="figure_1", kind=TemplateKind.VOICE, model_revision=EAR, vector=voice_of(1),
            standing=Standing.PROTECTED, version=bump_registry(session), now_ms=1_000,
        )  # fmt: skip
    with pytest.raises(EnrolmentRefused) as caught, database.transaction() as session:
        enrol_with_voice(session, people, voices, 1)
    assert caught.value.code == "enrolment.voice_protected"


def test_a_voice_read_by_another_model_is_read_again(
    database: Database, people: People, voices: TemplateIndex
) -> None:
    voices.model_revision = "voice:newer"
    with pytest.raises(EnrolmentRefused) as caught, database.transaction() as session:
        enrol_with_voice(session, people, voices, 1)
    assert caught.value.code == "enrolment.model_changed"


def test_an_index_that_holds_voices_of_another_model_answers_nobody(
    database: Database, people: People, voices: TemplateIndex
) -> None:
    with database.transaction() as session:
        enrol_with_voice(session, people, voices, 1)
    newer = TemplateIndex(
        people.vault, model_revision="voice:newer", dimension=DIMENSION, kind=TemplateKind.VOICE
    )
    with database.read() as session:
        newer.refresh(session)
    with pytest.raises(IndexStale):
        newer.search(voice_of(1)[None])
