"""Bad files: refused at the door or by the gate, by name, in bounded time, and nothing half-written is kept."""

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from moderation.gate.judge import Item
from tests.support import media
from tests.support.api import assert_problem
from tests.support.service import paint
from tests.support.surface import Surface

SLOWEST_S = 20.0


def movie(folder: Path) -> bytes:
    """A second of video."""
    return media.video(folder / "whole.mp4", seconds=1).read_bytes()


def refused_at_the_door(surface: Surface, content: bytes, code: str) -> dict[str, Any]:
    """Upload; the problem. Nothing of it stays."""
    rows, files = surface.rows(), surface.files()
    problem = assert_problem(surface.put(content), 422, code)
    assert problem["field"]
    assert problem["value"]
    assert problem["remedy"]
    assert (surface.rows(), surface.files()) == (rows, files)
    return problem


def refused_by_the_gate(surface: Surface, content: bytes, code: str) -> None:
    """Upload and use as a reference; the gate names position and reason, and judges nothing else of it."""
    began = time.monotonic()
    judged = surface.judge(text="like this", references=[surface.upload(content)])
    assert judged["verdict"] == "block", judged
    [finding] = [one for one in judged["findings"] if one["signal"] == "reference.unreadable"]
    assert (finding["where"]["field"], finding["matched"]) == ("references[0]", code)
    assert judged["reasons"]["user_text"]
    assert time.monotonic() - began < SLOWEST_S


@pytest.mark.parametrize("content", [b"\0\0\0\x18", b"ftyp", b"abcd"])
def test_four_bytes_are_no_file(surface: Surface, content: bytes) -> None:
    rows, files = surface.rows(), surface.files()
    answer = surface.put(content)
    problem = assert_problem(answer, 422, answer.json()["code"])
    assert problem["code"] in {"asset.unsupported", "asset.truncated"}
    assert (surface.rows(), surface.files()) == (rows, files)


def test_no_bytes_are_no_file(surface: Surface) -> None:
    problem = refused_at_the_door(surface, b"", "asset.unsupported")
    assert problem["value"] == "0 bytes"


def test_a_zip_named_mp4_is_named_a_zip(surface: Surface, tmp_path: Path) -> None:
    content = media.zip_named(tmp_path / "movie.mp4").read_bytes()
    problem = refused_at_the_door(surface, content, "asset.unsupported")
    assert "ZIP" in problem["detail"]
    assert "mp4" in problem["remedy"]


@pytest.mark.parametrize(
    "content", [b"#!/bin/sh\nrm -rf /\n" * 5, b"<svg onload=alert(1)>" * 5, b"%PDF-1.7\n" * 20]
)
def test_what_is_no_medium_is_refused(surface: Surface, content: bytes) -> None:
    refused_at_the_door(surface, content, "asset.unsupported")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_mp4_is_refused(surface: Surface, tmp_path: Path, share: float) -> None:
    content = movie(tmp_path)
    refused_at_the_door(surface, content[: int(len(content) * share)], "asset.truncated")


def test_a_wrong_sha256_is_refused_and_both_are_named(surface: Surface, tmp_path: Path) -> None:
    content = media.image(tmp_path / "a.png").read_bytes()
    rows, files = surface.rows(), surface.files()
    wrong = "0" * 64
    problem = assert_problem(surface.put(content, wrong), 422, "asset.sha256_mismatch")
    assert (problem["field"], problem["value"]) == ("sha256", wrong)
    assert hashlib.sha256(content).hexdigest() in problem["detail"]
    assert (surface.rows(), surface.files()) == (rows, files)


@pytest.mark.parametrize("name", ["ABC", "z" * 64, "0" * 63, "0" * 65])
def test_a_name_that_is_no_sha256_is_refused(surface: Surface, name: str) -> None:
    problem = assert_problem(surface.put(b"x", name), 422, "request.invalid")
    assert "sha256" in problem["field"]


def test_a_picture_of_ten_thousand_pixels_square_is_refused_without_unfolding_it(
    surface: Surface, tmp_path: Path
) -> None:
    content = media.huge_png(tmp_path / "huge.png", 10_000, 10_000).read_bytes()
    refused_by_the_gate(surface, content, "media.too_large")


def test_a_picture_that_claims_more_than_all_memory_is_refused(surface: Surface, tmp_path: Path) -> None:
    content = media.huge_png(tmp_path / "bomb.png", 50_000, 40, claimed_height=50_000).read_bytes()
    refused_by_the_gate(surface, content, "media.too_large")


def test_a_text_chunk_that_unfolds_to_a_hundred_megabytes_is_refused(
    surface: Surface, tmp_path: Path
) -> None:
    content = media.png_with_text_bomb(tmp_path / "text.png", megabytes=100).read_bytes()
    refused_by_the_gate(surface, content, "media.too_large")


def test_a_picture_whose_pixels_are_cut_is_never_allowed(surface: Surface, tmp_path: Path) -> None:
    whole = media.image(tmp_path / "a.jpg", media.moving_square(400, 300, 5)).read_bytes()
    answer = surface.put(whole[: int(len(whole) * 0.6)])
    if answer.status_code == 201:
        judged = surface.judge(text="like this", references=[answer.json()["sha256"]])
        assert judged["verdict"] == "block"
    else:
        assert_problem(answer, 422, "asset.truncated")


def test_a_video_with_a_second_track_is_refused(surface: Surface, tmp_path: Path) -> None:
    content = media.video(tmp_path / "two.mp4", seconds=1, video_tracks=2).read_bytes()
    refused_by_the_gate(surface, content, "media.too_many_streams")


def test_noise_behind_a_good_beginning_is_never_allowed(surface: Surface) -> None:
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
    answer = surface.put(content)
    if answer.status_code == 201:
        judged = surface.judge(text="like this", references=[answer.json()["sha256"]])
        assert judged["verdict"] == "block"
    else:
        assert_problem(answer, 422, answer.json()["code"])


def test_sound_alone_is_no_video(surface: Surface, tmp_path: Path) -> None:
    judged = surface.app.judge.judge(
        Item("sound", media=media.sound_file(tmp_path / "sound.mp4"), treat_as="output")
    )
    assert judged["verdict"] == "review"
    [finding] = judged["findings"]
    assert (finding["signal"], finding["matched"]) == ("output.not_video", "audio")


def test_a_good_file_is_taken_in_after_all_that(surface: Surface, tmp_path: Path) -> None:
    content = paint(tmp_path / "good.mp4").read_bytes()
    assert surface.judge(text="like this", references=[surface.upload(content)])["verdict"] == "allow"


def test_verifying_a_bad_file_says_unknown_and_nothing_more(surface: Surface, tmp_path: Path) -> None:
    for content in (media.zip_named(tmp_path / "a.mp4").read_bytes(), movie(tmp_path)[:400], b"abcd"):
        answer = surface.client.post("/v1/verify", files={"file": content}, headers=surface.headers)
        assert answer.status_code in {200, 422}, answer.text
        if answer.status_code == 200:
            assert answer.json()["answer"] == "unknown"
