"""Enrolment as a service: what is in the pictures decides, and a refusal leaves no row, no event and no template."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from consent.biometrics.models import Template
from consent.biometrics.voices import Voice
from consent.likeness.models import Likeness
from consent.likeness.refusals import EnrolmentRefused
from moderation.accounts.directory import ensure_account
from moderation.assets import AssetMissing
from moderation.bootstrap import Application
from moderation.gate.lazy import Lazy
from moderation.generation.tables import Asset, LikenessPortrait
from moderation.generation.uploads import holds, keep_upload
from moderation.likenesses.enrol import PortraitShowsNothing
from moderation.media.errors import MediaRejected
from moderation.media.reader import open_media
from moderation.store import now_ms
from tests.likenesses.test_commands import announced, audited
from tests.support import media
from tests.support.people import voice_of
from tests.support.service import colour_of

OWNER = "acct_owner"


def upload(app: Application, path: Path) -> str:
    """A portrait in the store."""
    with app.database.transaction() as session:
        ensure_account(session, OWNER, actor="test", now_ms=now_ms(session))
    return keep_upload(app.database, app.assets, path, account_id=OWNER)


def person_in(app: Application, folder: Path, number: int) -> str:
    """A picture of the colour that stands for this person."""
    plain = media.plain(64, 64, colour_of(number))
    return upload(app, media.image(folder / f"person_{number}.png", plain))


def enrol(app: Application, *portraits: str, handle: str = "ada", minor: bool = False) -> Any:
    """Enrol the owner."""
    return app.enrolment.enrol(account_id=OWNER, handle=handle, portraits=portraits, minor=minor, actor=OWNER)


def nothing_is_left(app: Application) -> bool:
    """No likeness, no template, no portrait, no event."""
    with app.database.read() as session:
        tables = (Likeness, Template, LikenessPortrait)
        return not any(session.exec(select(table)).all() for table in tables) and not announced(app.database)


def test_a_person_is_enrolled_by_their_portraits_and_found_from_then_on(
    app: Application, tmp_path: Path
) -> None:
    sha256 = person_in(app, tmp_path, 1)
    change = enrol(app, sha256)
    with app.database.read() as session:
        likeness = session.get_one(Likeness, change.likeness_id)
        portrait = session.exec(select(LikenessPortrait)).one()
    assert (likeness.handle, likeness.owner_account_id, likeness.minor) == ("ada", OWNER, False)
    assert (portrait.likeness_id, portrait.asset_sha256) == (change.likeness_id, sha256)
    assert [one.change for one in announced(app.database)] == ["enrolled"]
    assert audited(app.database, change.likeness_id) == [(OWNER, "likeness.enrolled")]
    with open_media(app.assets.path(sha256)) as opened:
        faces = app.profile.faces.get().faces(next(iter(opened.frames())).rgb)
    [[match]] = app.index.identify(np.array([face.embedding for face in faces]))
    assert match.likeness_id == change.likeness_id


def test_a_minor_is_marked_as_one(app: Application, tmp_path: Path) -> None:
    change = enrol(app, person_in(app, tmp_path, 1), minor=True)
    with app.database.read() as session:
        assert session.get_one(Likeness, change.likeness_id).minor


def test_a_picture_without_a_face_is_refused_and_nothing_is_left(app: Application, tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefused):
        enrol(app, person_in(app, tmp_path, 0))
    assert nothing_is_left(app)


def test_pictures_of_two_people_are_refused(app: Application, tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefused):
        enrol(app, person_in(app, tmp_path, 1), person_in(app, tmp_path, 2))
    assert nothing_is_left(app)


def test_somebody_enrolled_by_another_account_cannot_be_enrolled_again(
    app: Application, tmp_path: Path
) -> None:
    sha256 = person_in(app, tmp_path, 1)
    enrol(app, sha256)
    with app.database.transaction() as session:
        ensure_account(session, "acct_thief", actor="test", now_ms=now_ms(session))
    with pytest.raises(EnrolmentRefused):
        app.enrolment.enrol(
            account_id="acct_thief", handle="not_ada", portraits=[sha256], minor=False, actor="acct_thief"
        )
    assert [one.change for one in announced(app.database)] == ["enrolled"]


def test_a_portrait_that_was_never_uploaded_is_named(app: Application) -> None:
    with pytest.raises(AssetMissing):
        enrol(app, "0" * 64)
    assert nothing_is_left(app)


def test_a_file_that_is_no_picture_is_refused(app: Application, tmp_path: Path) -> None:
    sha256 = upload(app, media.zip_named(tmp_path / "portrait.png"))
    with pytest.raises(MediaRejected):
        enrol(app, sha256)
    assert nothing_is_left(app)


def test_sound_is_no_portrait(app: Application, tmp_path: Path) -> None:
    sha256 = upload(app, media.sound_file(tmp_path / "voice.wav"))
    with pytest.raises(PortraitShowsNothing, match="send a photograph") as caught:
        enrol(app, sha256)
    assert (caught.value.field, caught.value.value) == ("portraits", sha256)
    assert nothing_is_left(app)


@pytest.mark.models
def test_a_real_portrait_is_enrolled_and_its_person_is_found_in_another_picture(
    real_app: Application, tmp_path: Path
) -> None:
    from moderation.demo.inputs import make_inputs

    inputs = make_inputs(tmp_path / "inputs")
    change = enrol(real_app, upload(real_app, inputs.portrait))
    seen = real_app.perceiver.perceive(inputs.person, "a" * 64).faces.value or ()
    usable = [face for face in seen if face.usable]
    assert usable
    assert [face.matches[0].likeness_id for face in usable] == [change.likeness_id]
    assert usable[0].matches[0].standing == "enrolled"


@pytest.mark.models
def test_a_cup_of_coffee_is_nobody(real_app: Application, tmp_path: Path) -> None:
    from moderation.demo.inputs import make_inputs

    inputs = make_inputs(tmp_path / "inputs")
    with pytest.raises(EnrolmentRefused):
        enrol(real_app, upload(real_app, inputs.coffee))
    assert nothing_is_left(real_app)


class OneVoice:
    """Hears the same voice for twenty seconds in whatever has sound."""

    revision = "voice:testtesttest"

    def voices(self, samples: np.ndarray[Any, Any]) -> list[Voice]:
        return [Voice(0.0, 20.0, 20.0, voice_of(1))]


def with_ear(app: Application) -> Application:
    """The application with an ear that hears `OneVoice`."""
    app.__dict__["profile"] = replace(app.profile, voices=Lazy(OneVoice))
    return app


def test_a_voice_is_enrolled_with_the_face_and_its_recording_is_deleted(
    app: Application, tmp_path: Path
) -> None:
    with_ear(app)
    picture = person_in(app, tmp_path, 1)
    recording = upload(app, media.sound_file(tmp_path / "voice.wav"))
    change = app.enrolment.enrol(
        account_id=OWNER, handle="ada", portraits=[picture], recordings=[recording], minor=False, actor=OWNER
    )
    with app.database.read() as session:
        assert session.get_one(Likeness, change.likeness_id).voice == "enrolled"
        assert sorted(row.kind for row in session.exec(select(Template))) == ["face", "voice"]
        assert session.get(Asset, recording) is None
    (found,) = app.voice_index.identify(voice_of(1, 5)[None])
    assert [match.likeness_id for match in found] == [change.likeness_id]


def test_a_recording_that_somebody_else_uploaded_too_stays_theirs(app: Application, tmp_path: Path) -> None:
    with_ear(app)
    picture, path = person_in(app, tmp_path, 1), media.sound_file(tmp_path / "voice.wav")
    recording = upload(app, path)
    with app.database.transaction() as session:
        ensure_account(session, "acct_other", actor="test", now_ms=now_ms(session))
    keep_upload(app.database, app.assets, path, account_id="acct_other")
    app.enrolment.enrol(
        account_id=OWNER, handle="ada", portraits=[picture], recordings=[recording], minor=False, actor=OWNER
    )
    with app.database.read() as session:
        assert holds(session, recording, frozenset({"acct_other"}))
        assert not holds(session, recording, frozenset({OWNER}))


def test_a_recording_without_speech_is_refused_and_nothing_is_left(app: Application, tmp_path: Path) -> None:
    picture = person_in(app, tmp_path, 1)
    recording = upload(app, media.sound_file(tmp_path / "voice.wav"))
    with pytest.raises(EnrolmentRefused, match="recording 1") as caught:
        app.enrolment.enrol(
            account_id=OWNER,
            handle="ada",
            portraits=[picture],
            recordings=[recording],
            minor=False,
            actor=OWNER,
        )
    assert caught.value.code == "enrolment.no_speech"
    assert nothing_is_left(app)
