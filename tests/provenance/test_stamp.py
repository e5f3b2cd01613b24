"""Stamping: the target appears whole or not at all, the source never changes, and each failure says what to do."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from PIL import Image

from provenance.credentials.manifest import Ingredient
from provenance.credentials.reader import read_own
from provenance.credentials.signer import Algorithm
from provenance.credentials.stamp import stamp
from provenance.errors import StampFailed
from tests.support.credentials import Pki, claim, expiring_signer, make_mp4


class Kms:
    """A signer whose key lies elsewhere: only `sign` reaches it."""

    algorithm: Algorithm = "ES256"

    def __init__(self, pki: Pki, sign: Callable[[bytes], bytes]) -> None:
        self.chain_pem = pki.signer.chain_pem
        self.sign = sign


def frames(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").tobytes() for frame in container.decode(video=0)]


def refuse(_data: bytes) -> bytes:
    raise ConnectionError("the key service is away")


def test_a_stamped_file_is_trusted_and_says_which_release_it_is(pki: Pki, stamped: Path) -> None:
    report = read_own(stamped, pki.trust)
    assert (report.state, report.failures) == ("trusted", ())
    assert report.release_id == "rel_1"
    assert report.ai_generated is True
    assert report.claim_generator == "safeconduct"
    assert report.issuer == "Safeconduct tests"
    assert set(report.opt_outs) == {
        "cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining",
    }  # fmt: skip


def test_the_picture_is_the_sources_to_the_last_bit(clip: Path, stamped: Path) -> None:
    assert frames(clip) == frames(stamped)


def test_the_source_is_never_changed(pki: Pki, clip: Path, tmp_path: Path) -> None:
    before = hashlib.sha256(clip.read_bytes()).digest()
    stamp(clip, tmp_path / "target.mp4", claim(), pki.signer, pki.trust, None)
    assert hashlib.sha256(clip.read_bytes()).digest() == before
    assert [path.name for path in tmp_path.iterdir()] == ["target.mp4"]


def test_a_key_behind_a_service_signs_as_well(pki: Pki, clip: Path, tmp_path: Path) -> None:
    asked: list[bytes] = []

    def remote(data: bytes) -> bytes:
        asked.append(data)
        return pki.signer.sign(data)

    stamp(clip, tmp_path / "target.mp4", claim(), Kms(pki, remote), pki.trust, None)
    assert len(asked) == 1
    assert read_own(tmp_path / "target.mp4", pki.trust).state == "trusted"


def test_when_the_key_service_is_away_nothing_is_written(pki: Pki, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(
        StampFailed, match=r"the key service is away; nothing was written, try again"
    ) as raised:
        stamp(clip, tmp_path / "target.mp4", claim(), Kms(pki, refuse), pki.trust, None)
    assert raised.value.code == "stamp.signer"
    assert isinstance(raised.value.__cause__, ConnectionError)
    assert not list(tmp_path.iterdir())


def test_a_failed_stamp_leaves_the_target_that_was_there(pki: Pki, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.mp4"
    target.write_bytes(b"earlier")
    with pytest.raises(StampFailed):
        stamp(clip, target, claim(), Kms(pki, refuse), pki.trust, None)
    assert target.read_bytes() == b"earlier"


def test_a_wrong_signature_is_written_but_never_trusted(pki: Pki, clip: Path, tmp_path: Path) -> None:
    stamp(clip, tmp_path / "target.mp4", claim(), Kms(pki, lambda _: b"\1" * 64), pki.trust, None)
    report = read_own(tmp_path / "target.mp4", pki.trust)
    assert report.state == "invalid"
    assert "claimSignature.mismatch" in report.failures
    assert report.release is None


def test_an_expired_certificate_signs_nothing(pki: Pki, clip: Path, tmp_path: Path) -> None:
    signer, _ = expiring_signer(tmp_path / "keys", datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(StampFailed, match=r"certificate has expired .* issue a new one") as raised:
        stamp(clip, tmp_path / "target.mp4", claim(), signer, pki.trust, None)
    assert raised.value.code == "stamp.certificate"
    assert not (tmp_path / "target.mp4").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "stamp.format"), (b"\0\0\0\x18", "stamp.format"), (b"\0\0\0\x18ftypisom", "stamp.refused")],
)
def test_what_is_no_video_is_refused(pki: Pki, tmp_path: Path, content: bytes, code: str) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(content)
    with pytest.raises(StampFailed) as raised:
        stamp(source, tmp_path / "target.mp4", claim(), pki.signer, pki.trust, None)
    assert raised.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


def test_a_missing_source_is_named(pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(StampFailed, match=r"source: .*gone\.mp4: No such file") as raised:
        stamp(tmp_path / "gone.mp4", tmp_path / "target.mp4", claim(), pki.signer, pki.trust, None)
    assert raised.value.code == "stamp.source"


def test_a_target_in_no_folder_is_named(pki: Pki, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(StampFailed, match=r"target: .*target\.mp4: No such file") as raised:
        stamp(clip, tmp_path / "gone" / "target.mp4", claim(), pki.signer, pki.trust, None)
    assert raised.value.code == "stamp.target"


def test_a_full_disk_leaves_nothing(
    pki: Pki, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("provenance.credentials.stamp.os.fsync", full)
    with pytest.raises(StampFailed, match="No space left on device") as raised:
        stamp(clip, tmp_path / "target.mp4", claim(), pki.signer, pki.trust, None)
    assert raised.value.code == "stamp.target"
    assert not list(tmp_path.iterdir())


def test_a_still_can_be_stamped(pki: Pki, tmp_path: Path) -> None:
    source = tmp_path / "source.jpg"
    Image.new("RGB", (64, 64)).save(source)
    stamp(source, tmp_path / "target.jpg", claim(), pki.signer, pki.trust, None)
    assert read_own(tmp_path / "target.jpg", pki.trust).state == "trusted"


@pytest.mark.parametrize("relationship", ["inputTo", "parentOf"])
def test_a_remix_carries_its_parents_credential(
    pki: Pki, clip: Path, stamped: Path, tmp_path: Path, relationship: str
) -> None:
    nameless = tmp_path / "0123abcd"
    nameless.write_bytes(stamped.read_bytes())
    parent = Ingredient(nameless, "remix of rel_1", relationship)  # type: ignore[arg-type]  # one of the two
    stamp(clip, tmp_path / "remix.mp4", claim("rel_2", ingredients=(parent,)), pki.signer, pki.trust, None)
    report = read_own(tmp_path / "remix.mp4", pki.trust)
    assert (report.state, report.release_id) == ("trusted", "rel_2")
    assert report.recorded_ingredient_failures == ()
    assert b"rel_1" in (tmp_path / "remix.mp4").read_bytes()


def test_nothing_of_a_private_reference_is_published_but_its_title(
    pki: Pki, clip: Path, tmp_path: Path
) -> None:
    used = (Ingredient(None, "likeness lik_1"),)
    stamp(clip, tmp_path / "target.mp4", claim(ingredients=used), pki.signer, pki.trust, None)
    content = (tmp_path / "target.mp4").read_bytes()
    assert read_own(tmp_path / "target.mp4", pki.trust).state == "trusted"
    assert b"likeness lik_1" in content
    assert b"image/jpeg" not in content


def test_no_thumbnail_of_an_ingredient_is_published(pki: Pki, clip: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (400, 300), "red").save(photo)
    used = (Ingredient(photo, "photograph"),)
    stamp(clip, tmp_path / "target.mp4", claim(ingredients=used), pki.signer, pki.trust, None)
    assert b"thumbnail" not in (tmp_path / "target.mp4").read_bytes()


def test_an_ingredient_that_cannot_be_read_stops_the_stamp(pki: Pki, clip: Path, tmp_path: Path) -> None:
    used = (Ingredient(tmp_path / "gone.mp4", "gone"),)
    with pytest.raises(StampFailed, match=r"ingredient: .*gone\.mp4 cannot be read") as raised:
        stamp(clip, tmp_path / "target.mp4", claim(ingredients=used), pki.signer, pki.trust, None)
    assert raised.value.code == "stamp.ingredient"
    assert not list(tmp_path.iterdir())


@pytest.mark.integration
def test_a_time_stamp_is_taken_and_trusted(pki: Pki, clip: Path, tmp_path: Path) -> None:
    with pki.stamps() as server:
        stamp(clip, tmp_path / "target.mp4", claim(), pki.signer, pki.trust, server.url)
    report = read_own(tmp_path / "target.mp4", pki.trust)
    assert (report.state, report.timestamped) == ("trusted", True)


@pytest.mark.integration
def test_without_an_answer_from_the_time_stamp_authority_nothing_is_written(
    pki: Pki, clip: Path, tmp_path: Path
) -> None:
    with pki.stamps() as server:
        url = server.url
    with pytest.raises(StampFailed, match=r"tsa_url: http://127\.0\.0\.1:\d+/ gave no time stamp") as raised:
        stamp(clip, tmp_path / "target.mp4", claim(), pki.signer, pki.trust, url)
    assert raised.value.code == "stamp.timestamp"
    assert not list(tmp_path.iterdir())


@pytest.mark.integration
def test_a_time_stamp_of_a_stranger_does_not_count(pki: Pki, rogue: Pki, clip: Path, tmp_path: Path) -> None:
    make_mp4(tmp_path / "source.mp4", seed=1)
    with rogue.stamps() as server:
        stamp(tmp_path / "source.mp4", tmp_path / "target.mp4", claim(), pki.signer, pki.trust, server.url)
    report = read_own(tmp_path / "target.mp4", pki.trust)
    assert (report.state, report.timestamped) == ("trusted", False)
