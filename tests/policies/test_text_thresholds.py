"""The shipped policy document uses the thresholds that were chosen for the shipped weights."""

from importlib.resources import files

import pytest
import yaml

from policies.text.absolute import DOUBT_SCORE
from policies.text.classifier import FINDING_FLOOR

DOCUMENT = yaml.safe_load((files("policies.catalogue") / "default.yaml").read_text(encoding="utf-8"))
CHOSEN = yaml.safe_load((files("policies.text") / "weights" / "thresholds.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("signal", ["text.classifier", "speech.classifier"])
@pytest.mark.parametrize("category", sorted(CHOSEN))
def test_the_document_carries_the_chosen_thresholds(signal: str, category: str) -> None:
    assert DOCUMENT["signals"][signal]["thresholds"][category] == CHOSEN[category]


def test_a_doubtful_match_about_minors_is_a_question_for_a_person() -> None:
    assert CHOSEN["minors"]["review"] <= DOUBT_SCORE < CHOSEN["minors"]["block"]


def test_no_threshold_lies_below_the_floor_of_findings() -> None:
    assert min(limits["review"] for limits in CHOSEN.values()) > FINDING_FLOOR
