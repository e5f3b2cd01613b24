"""Verifying over HTTP: the file as it is, under a harmless name, and an answer that endorses nothing."""

import threading
from typing import Any

import pytest

from moderation.accounts.models import Role
from moderation.api.routes import verify
from tests.support.api import World, assert_problem


def _verify(world: World, content: bytes = b"film", name: str = "a.mp4") -> Any:
    return world.client.post("/v1/verify", files={"file": (name, content)}, headers=world.key(Role.RIGHTS))


def test_the_answer_is_the_verifiers(world: World) -> None:
    world.verified.answer = {"answer": "ours_intact", "reasons": ["ledger"], "release_id": "rel_1"}
    answer = _verify(world)
    assert answer.status_code == 200
    assert answer.json() == {"answer": "ours_intact", "reasons": ["ledger"], "release_id": "rel_1"}
    assert world.verified.seen == [("file.mp4", b"film")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.MP4", ".mp4"),
        ("../../etc/passwd", ""),
        ("x.mp4/../../y", ""),
        ("a.tar.gz", ".gz"),
        ("no suffix", ""),
        ("a.toolong", ""),
        ("a.é", ""),
        (".mp4", ""),
        (None, ""),
        ("a.mp4\n", ""),
    ],
)
def test_of_a_name_only_a_harmless_suffix_is_used(name: str | None, kept: str) -> None:
    assert verify.safe_suffix(name) == kept


def test_an_empty_file_is_refused(world: World) -> None:
    assert assert_problem(_verify(world, b""), 422, "verify.empty")["field"] == "file"


def test_the_file_must_come_as_the_form_field(world: World) -> None:
    headers = world.key(Role.RIGHTS)
    other = world.client.post("/v1/verify", files={"film": ("a.mp4", b"x")}, headers=headers)
    assert assert_problem(other, 422, "request.invalid")["field"] == "file"
    plain = world.client.post("/v1/verify", content=b"x", headers={**headers, "Content-Type": "video/mp4"})
    assert_problem(plain, 415, "body.media_type")


def test_a_file_over_the_limit_is_refused(world: World) -> None:
    assert_problem(_verify(world, b"x" * 100_001), 413, "body.too_large")
    assert world.verified.seen == []


def test_a_broken_form_is_a_problem(world: World) -> None:
    headers = {**world.key(Role.RIGHTS), "Content-Type": "multipart/form-data; boundary=b"}
    answer = world.client.post("/v1/verify", content=b"--b\r\nnonsense", headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_comes_when_too_many_are_read_is_told_to_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(verify, "PATIENCE_S", 0.01)
    with verify._slot():
        assert_problem(_verify(world), 503, "verify.busy")
    assert _verify(world).status_code == 200
