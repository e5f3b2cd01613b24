"""The measuring itself: intervals, pairs and the report."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from consent.biometrics.evaluate import compare_all, main, middle_face, person_of, read_picture, wilson
from tests.support.people import embedding, made_face


def test_the_interval_is_wilsons() -> None:
    rate = wilson(10, 100)
    assert (rate.low, rate.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_holds_its_rate_and_lies_in_zero_to_one(counts: tuple[int, int]) -> None:
    rate = wilson(*counts)
    assert 0 <= rate.low <= rate.events / rate.trials + 1e-12
    assert rate.events / rate.trials - 1e-12 <= rate.high <= 1


def test_every_pair_is_counted_once_as_one_person_or_two() -> None:
    vectors = np.stack([embedding(1, 0), embedding(1, 1), embedding(2, 0), embedding(1, 2)])
    for row in compare_all(vectors, ["ann", "ann", "bob", "ann"]):
        assert (row.false_match.trials, row.false_non_match.trials) == (3, 3)
        assert (row.false_match.events, row.false_non_match.events) == (0, 0)


def test_a_wrong_label_shows_as_errors_of_both_kinds() -> None:
    vectors = np.stack([embedding(1, 0), embedding(1, 1), embedding(2, 0)])
    row = compare_all(vectors, ["ann", "bob", "ann"])[0]
    assert (row.false_match.events, row.false_non_match.events) == (1, 1)


def test_the_face_in_the_middle_counts() -> None:
    assert middle_face([]) is None
    face = made_face(embedding(1))
    assert middle_face([face]) is face


def test_a_file_is_named_after_its_person() -> None:
    assert person_of(Path("x/Ann_Lee_0003.jpg")) == "Ann_Lee"


@pytest.mark.models
def test_the_command_prints_what_each_threshold_costs(
    models_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photograph = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(tmp_path / "Eileen_Collins_0001.jpg"), photograph)
    cv2.imwrite(str(tmp_path / "Eileen_Collins_0002.jpg"), photograph[:, ::-1])
    cv2.imwrite(str(tmp_path / "Nobody_0001.jpg"), np.zeros((64, 64, 3), dtype=np.uint8))
    assert main(["--models", str(models_dir), "--images", str(tmp_path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["pictures"], report["without_a_face"], report["unusable"]) == (3, 1, 0)
    assert {row["false_non_match"]["events"] for row in report["rows"]} == {0}


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken_0001.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken_0001\.jpg is no readable picture"):
        read_picture(tmp_path / "broken_0001.jpg")


@pytest.mark.models
def test_the_command_says_when_there_is_nothing_to_compare(
    models_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--models", str(models_dir), "--images", str(tmp_path)]) == 2
    assert "0 faces in 0 files; give at least two" in capsys.readouterr().err
