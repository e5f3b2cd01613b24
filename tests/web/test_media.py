"""Media of a case: for moderators only, of this case only, stored nowhere, on record, and gone with a revocation."""

import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import select

from consent.likeness.revocation import revoke
from moderation.assets import AssetMissing, AssetStore, HashMismatch
from moderation.media.errors import MediaRejected
from moderation.store import now_ms
from moderation.transparency.audit import AuditEntry
from moderation.web.desk import Looked
from moderation.web.frames import FrameMissing, Frames
from policies.taxonomy import Stage
from tests.support.held import Held, make_held
from tests.support.media import image, plain, video
from tests.support.pages import Browser
from tests.support.releases import pin
from tests.support.service import StubApplication, enrol_person


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds: red, then blue."""
    colours = [(220, 20, 20)] * 8 + [(20, 20, 220)] * 8
    return video(
        tmp_path / "clip.mp4", size=(64, 48), fps=8, picture=lambda n: plain(64, 48, colours[n]), tone_hz=None
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _held(app: StubApplication, clip: Path) -> str:
    return make_held(app, Held("clip", stage=Stage.OUTPUT, output=clip))


def _colour(jpeg: bytes) -> tuple[int, ...]:
    pixel = Image.open(io.BytesIO(jpeg)).convert("RGB").getpixel((20, 20))
    assert isinstance(pixel, tuple)
    return tuple(int(channel) for channel in pixel)


def test_the_clip_is_served_whole_and_in_parts_and_never_to_be_stored(
    app: StubApplication, ann: Browser, clip: Path
) -> None:
    path = f"/review/cases/{_held(app, clip)}/media/{_sha256(clip)}"
    whole = ann.get(path)
    assert (whole.status_code, whole.content) == (200, clip.read_bytes())
    assert whole.headers["content-type"] == "video/mp4"
    assert "no-store" in whole.headers["cache-control"]
    assert "sandbox" in whole.headers["content-security-policy"]
    part = ann.get(path, Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, clip.read_bytes()[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{clip.stat().st_size}"
    assert ann.get(path, Range="bytes=99999999-").status_code == 416


def test_frames_come_from_the_time_asked_for(app: StubApplication, ann: Browser, clip: Path) -> None:
    path = f"/review/cases/{_held(app, clip)}/frames/{_sha256(clip)}"
    red, blue = ann.get(f"{path}/0.jpg"), ann.get(f"{path}/1500.jpg")
    assert red.headers["content-type"] == "image/jpeg"
    assert _colour(red.content)[0] > 150 > _colour(red.content)[2]
    assert _colour(blue.content)[2] > 150 > _colour(blue.content)[0]
    assert ann.get(f"{path}/9000.jpg").status_code == 404
    assert ann.get(f"{path}/x.jpg").status_code == 404


def test_a_reference_is_shown_as_a_frame_and_never_as_it_came(
    app: StubApplication, ann: Browser, tmp_path: Path
) -> None:
    picture = image(tmp_path / "a.png")
    case_id = make_held(app, Held("one", references=(picture,)))
    frame = ann.get(f"/review/cases/{case_id}/frames/{_sha256(picture)}/0.jpg")
    assert frame.headers["content-type"] == "image/jpeg"
    assert ann.get(f"/review/cases/{case_id}/media/{_sha256(picture)}").status_code == 404


def test_a_file_of_another_case_is_not_there(app: StubApplication, ann: Browser, clip: Path) -> None:
    _held(app, clip)
    other = make_held(app, Held("other"))
    for kind in ("media/{}", "frames/{}/0.jpg"):
        answer = ann.get(f"/review/cases/{other}/{kind.format(_sha256(clip))}")
        assert (answer.status_code, "media.not_of_this_case" in answer.text) == (404, True)


def test_looking_is_on_record_once_for_each_session_and_file(
    app: StubApplication, ann: Browser, clip: Path
) -> None:
    case_id = _held(app, clip)
    for _ in range(2):
        ann.get(f"/review/cases/{case_id}/media/{_sha256(clip)}", Range="bytes=0-9")
        ann.get(f"/review/cases/{case_id}/frames/{_sha256(clip)}/0.jpg")
    with app.database.read() as session:
        looks = session.exec(select(AuditEntry).where(AuditEntry.act == "case.media_viewed")).all()
    assert [(row.actor, row.subject, _sha256(clip) in row.detail) for row in looks] == [
        ("mod_ann", case_id, True)
    ]


def test_whoever_took_their_likeness_back_is_shown_to_nobody(
    app: StubApplication, ann: Browser, clip: Path
) -> None:
    person, picture = enrol_person(app, 1), image(clip.parent / "a.png")
    case_id = make_held(app, Held("clip", stage=Stage.OUTPUT, output=clip, references=(picture,)))
    with app.database.transaction() as session:
        pin(session, "gen_clip", person)
    paths = [
        f"/review/cases/{case_id}/media/{_sha256(clip)}",
        *(f"/review/cases/{case_id}/frames/{_sha256(path)}/0.jpg" for path in (clip, picture)),
    ]
    assert [ann.get(path).status_code for path in paths] == [200, 200, 200]
    with app.database.transaction() as session:
        revoke(session, likeness_id=person.likeness_id, actor=person.owner, now_ms=now_ms(session))
    for path in paths:
        answer = ann.get(path)
        assert (answer.status_code, "taken their likeness back" in answer.text) == (410, True)


def test_bytes_that_are_gone_are_told_as_such(app: StubApplication, ann: Browser, clip: Path) -> None:
    case_id = _held(app, clip)
    assert ann.get(f"/review/cases/{case_id}/frames/{_sha256(clip)}/0.jpg").status_code == 200
    app.assets.remove(_sha256(clip))
    for kind in ("media/{}", "frames/{}/0.jpg"):
        answer = ann.get(f"/review/cases/{case_id}/{kind.format(_sha256(clip))}")
        assert (answer.status_code, "cannot be read now" in answer.text) == (503, True)


def test_bytes_that_are_not_those_of_the_case_are_not_shown(
    app: StubApplication, ann: Browser, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rotten(*_: object) -> Path:
        raise HashMismatch("the stored bytes are others", field="sha256")

    case_id = _held(app, clip)
    monkeypatch.setattr(AssetStore, "open", rotten)
    monkeypatch.setattr(Frames, "jpeg", rotten)
    for kind in ("media/{}", "frames/{}/0.jpg"):
        answer = ann.get(f"/review/cases/{case_id}/{kind.format(_sha256(clip))}")
        assert (answer.status_code, "cannot be read now" in answer.text) == (503, True)


def _frames(tmp_path: Path, find: Callable[[str], Path], **more: int) -> Frames:
    return Frames(tmp_path / "frames", find, **more)


def test_a_file_is_decoded_once(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = _frames(tmp_path, lambda _: clip)
    first = frames.jpeg("a" * 64, 0)
    monkeypatch.setattr("moderation.web.frames.open_media", lambda *_, **__: pytest.fail("decoded again"))
    assert frames.jpeg("a" * 64, 0) == first
    assert _frames(tmp_path, lambda _: clip).jpeg("a" * 64, 0) == first


def test_what_cannot_be_decoded_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x17" * 200)
    with pytest.raises(MediaRejected):
        _frames(tmp_path, lambda _: broken).jpeg("a" * 64, 0)
    assert list((tmp_path / "frames").iterdir()) == []


def test_the_file_that_was_looked_at_longest_ago_is_forgotten_first(tmp_path: Path, clip: Path) -> None:
    frames = _frames(tmp_path, lambda _: clip, max_bytes=1)
    for name in "abc":
        frames.jpeg(name * 64, 0)
        time.sleep(0.02)
    kept = {folder.name[0] for folder in (tmp_path / "frames").iterdir()}
    assert kept == {"c"}


def test_what_a_process_that_died_left_half_made_is_deleted_later(tmp_path: Path, clip: Path) -> None:
    frames = _frames(tmp_path, lambda _: clip)
    left, busy = tmp_path / "frames" / ".draft-dead", tmp_path / "frames" / ".draft-busy"
    for folder in (left, busy):
        folder.mkdir(parents=True)
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    frames.jpeg("a" * 64, 0)
    assert (left.exists(), busy.exists()) == (False, True)


def test_what_the_store_has_no_more_is_shown_no_more(tmp_path: Path, clip: Path) -> None:
    there = True

    def find(sha256: str) -> Path:
        if not there:
            raise AssetMissing("gone", field="sha256", value=sha256)
        return clip

    frames = _frames(tmp_path, find)
    frames.jpeg("a" * 64, 0)
    there = False
    with pytest.raises(AssetMissing):
        frames.jpeg("a" * 64, 0)


def test_a_still_has_one_frame_whatever_the_time(tmp_path: Path) -> None:
    picture = image(tmp_path / "a.png")
    assert _frames(tmp_path, lambda _: picture).jpeg("a" * 64, 5000)
    moving = video(tmp_path / "m.mp4", seconds=0.5, tone_hz=None)
    with pytest.raises(FrameMissing):
        _frames(tmp_path, lambda _: moving).jpeg("b" * 64, 5000)


def test_the_memory_of_looks_is_bounded_and_forgets_the_oldest() -> None:
    looked = Looked(2)
    assert [looked.first(name) for name in "abab"] == [True, True, False, False]
    assert looked.first("c")
    assert looked.first("a")
    looked.forget("c")
    assert looked.first("c")
