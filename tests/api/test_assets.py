"""Uploads: named by their bytes, refused when they are cut, too large, or no medium at all."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from moderation.accounts.models import Role
from moderation.api.sniff import MEDIA_TYPES, FileUnsupported, media_type
from moderation.generation.tables import Asset
from moderation.media import sniff
from moderation.transparency.audit import AuditEntry
from tests.support.api import PNG, World, assert_problem

SHA = hashlib.sha256(PNG).hexdigest()


def _digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_an_upload_is_named_by_its_sha256(world: World) -> None:
    answer = world.client.post("/v1/assets", content=PNG, headers=world.key(Role.OWNER, account="acct_1"))
    assert answer.status_code == 201
    assert answer.json() == {"sha256": SHA, "size_bytes": len(PNG), "media_type": "image/png"}
    assert world.files.kept == {SHA: PNG}
    with world.database.read() as session:
        row = session.get_one(Asset, SHA)
        assert (row.role, row.account_id, row.media_type) == ("reference", "acct_1", "image/png")


def test_the_same_bytes_again_change_nothing(world: World) -> None:
    headers = world.key(Role.PIPELINE)
    assert world.upload(headers) == world.upload(headers) == SHA
    with world.database.read() as session:
        assert len(session.exec(select(Asset)).all()) == 1
        acts = [row.act for row in session.exec(select(AuditEntry))]
    assert acts.count("asset.uploaded") == 1


def test_an_upload_may_say_its_name_beforehand(world: World) -> None:
    headers = world.key(Role.OWNER)
    assert world.client.put(f"/v1/assets/{SHA}", content=PNG, headers=headers).status_code == 201
    digest = {**headers, "Content-Digest": f"md5=:x:, {_digest(PNG)}"}
    assert world.client.post("/v1/assets", content=PNG, headers=digest).status_code == 201


def test_bytes_that_are_not_those_announced_are_refused_and_not_kept(world: World) -> None:
    headers = world.key(Role.OWNER)
    wrong = world.client.put(f"/v1/assets/{'0' * 64}", content=PNG, headers=headers)
    body = assert_problem(wrong, 422, "asset.sha256_mismatch")
    assert (body["field"], body["value"]) == ("sha256", "0" * 64)
    assert SHA in body["detail"]
    cut = world.client.post(
        "/v1/assets", content=PNG[:-1], headers={**headers, "Content-Digest": _digest(PNG)}
    )
    assert_problem(cut, 422, "asset.sha256_mismatch")
    assert world.files.kept == {}


@pytest.mark.parametrize(
    "header", ["", "sha-256=abc", "sha-256=:!!!!:", "sha-512=:AAAA:", "sha-256=:" + "A" * 43 + ":"]
)
def test_a_digest_that_cannot_be_read_is_refused(world: World, header: str) -> None:
    answer = world.client.post(
        "/v1/assets", content=PNG, headers={**world.key(Role.OWNER), "Content-Digest": header}
    )
    assert_problem(answer, 422, "asset.digest_invalid")


@pytest.mark.parametrize("name", ["xyz", "A" * 64, "0" * 63])
def test_a_name_that_is_no_sha256_is_refused(world: World, name: str) -> None:
    answer = world.client.put(f"/v1/assets/{name}", content=PNG, headers=world.key(Role.OWNER))
    assert assert_problem(answer, 422, "request.invalid")["field"] == "path.sha256"


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("movie.mp4", "not a movie")
    return packed.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"ftyp", b"\x00\x00\x00\x18", _zip(), b"<html>", b"%PDF-1.7", b"MZ\x90\x00"]
)
def test_what_is_no_medium_is_refused_whatever_it_is_called(world: World, content: bytes) -> None:
    headers = {**world.key(Role.OWNER), "Content-Type": "video/mp4"}
    answer = world.client.post("/v1/assets?name=movie.mp4", content=content, headers=headers)
    body = assert_problem(answer, 422, "asset.unsupported")
    assert body["field"] == "body"
    assert "mp4" in body["remedy"]
    assert world.files.kept == {}


def test_a_file_that_grows_too_large_on_the_way_is_refused(world: World) -> None:
    def stream() -> Iterator[bytes]:
        yield PNG
        for _ in range(11):
            yield b"x" * 10_000

    answer = world.client.post("/v1/assets", content=stream(), headers=world.key(Role.OWNER))
    assert_problem(answer, 413, "body.too_large")
    assert world.files.kept == {}


def test_a_file_may_be_larger_than_a_json_body(world: World) -> None:
    content = PNG + b"x" * 60_000
    assert world.client.post("/v1/assets", content=content, headers=world.key(Role.OWNER)).status_code == 201


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x08\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x08\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", "video/mp4"),
        (b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00", "image/avif"),
        (b"\x1aE\xdf\xa3\x01", "video/webm"),
        (b"OggS\x00", "audio/ogg"),
    ],
)
def test_files_are_known_by_their_first_bytes(tmp_path: Path, head: bytes, name: str) -> None:
    (tmp_path / "file").write_bytes(head)
    assert media_type(tmp_path / "file") == name


def test_a_cut_film_is_refused_as_cut(world: World) -> None:
    film = b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x10\x00mdat" + b"x" * 100
    answer = world.client.post("/v1/assets", content=film, headers=world.key(Role.OWNER))
    body = assert_problem(answer, 422, "asset.truncated")
    assert (body["field"], body["value"]) == ("body", f"{len(film)} bytes")
    assert world.files.kept == {}


def test_an_archive_is_called_an_archive(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(_zip())
    with pytest.raises(FileUnsupported, match=r"a ZIP archive.*begins with 50 4b 03 04"):
        media_type(tmp_path / "film.mp4")


def test_every_container_that_can_be_decoded_has_a_media_type() -> None:
    containers = {value.name for value in vars(sniff).values() if isinstance(value, sniff.Container)}
    assert containers == set(MEDIA_TYPES)
