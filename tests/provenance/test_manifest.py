"""The manifest: what a release states, and which ingredients may be stated how."""

import json
from pathlib import Path
from typing import Any

import pytest

from provenance.credentials.manifest import (
    ALGORITHMIC,
    RELEASE_LABEL,
    TRAINED,
    TRAINING_USES,
    Ingredient,
    manifest,
)
from provenance.errors import StampFailed
from tests.support.credentials import MARK, claim


def assertion(definition: dict[str, Any], label: str) -> dict[str, Any]:
    (found,) = [item["data"] for item in definition["assertions"] if item["label"] == label]
    assert isinstance(found, dict)
    return found


def actions(**changes: Any) -> list[dict[str, Any]]:
    data = assertion(manifest(claim(**changes), "0.1.0"), "c2pa.actions.v2")
    assert data["allActionsIncluded"] is True
    found = data["actions"]
    assert isinstance(found, list)
    return found


def test_the_generator_of_the_claim_names_the_specification_it_follows() -> None:
    (info,) = manifest(claim(), "0.1.0")["claim_generator_info"]
    assert info == {"name": "safeconduct", "version": "0.1.0", "specVersion": "2.4.0"}


def test_a_video_of_a_trained_model_says_so() -> None:
    created, labelled = actions()
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"] == TRAINED
    assert created["softwareAgent"] == {"name": "storyboard", "version": "1.0"}
    assert labelled["action"] == "c2pa.edited"
    assert labelled["softwareAgent"]["version"] == MARK


def test_a_procedure_without_training_is_not_called_a_trained_model() -> None:
    assert actions(ai_generated=False)[0]["digitalSourceType"] == ALGORITHMIC


def test_every_use_for_training_is_refused() -> None:
    entries = assertion(manifest(claim(), "0.1.0"), "cawg.training-mining")["entries"]
    assert entries == {use: {"use": "notAllowed"} for use in TRAINING_USES}


def test_the_release_is_stated_with_everything_that_led_to_it() -> None:
    assert assertion(manifest(claim(), "0.1.0"), RELEASE_LABEL) == {
        "release_id": "rel_1",
        "generation_id": "gen_1",
        "policy_revision": "sha256:0123456789ab",
        "decision_ids": ["dec_request", "dec_output"],
        "mark_revision": MARK,
    }


def test_inputs_are_named_by_the_action_that_used_them() -> None:
    used = (Ingredient(Path("parent.mp4"), "remix"), Ingredient(None, "likeness lik_1"))
    created, _ = actions(ingredients=used)
    assert created["parameters"] == {"ingredientIds": ["ingredient_0", "ingredient_1"]}


def test_an_edit_opens_its_parent_first() -> None:
    used = (Ingredient(None, "likeness lik_1"), Ingredient(Path("parent.mp4"), "remix", "parentOf"))
    opened, edited, _ = actions(ingredients=used)
    assert opened == {"action": "c2pa.opened", "parameters": {"ingredientIds": ["ingredient_1"]}}
    assert edited["action"] == "c2pa.edited"
    assert edited["digitalSourceType"] == TRAINED
    assert edited["parameters"] == {"ingredientIds": ["ingredient_0"]}


def test_of_a_private_ingredient_only_the_title_is_stated() -> None:
    used = (Ingredient(Path("parent.mp4"), "remix"), Ingredient(None, "likeness lik_1"))
    stated = manifest(claim(ingredients=used), "0.1.0")["ingredients"]
    assert stated == [{"title": "likeness lik_1", "relationship": "inputTo", "label": "ingredient_1"}]


@pytest.mark.parametrize(
    "parents",
    [
        (Ingredient(Path("a"), "a", "parentOf"), Ingredient(Path("b"), "b", "parentOf")),
        (Ingredient(None, "a", "parentOf"),),
    ],
)
def test_two_parents_or_one_without_a_file_are_refused(parents: tuple[Ingredient, ...]) -> None:
    with pytest.raises(StampFailed, match=r"at most one may be, and with its path") as raised:
        claim(ingredients=parents)
    assert raised.value.code == "stamp.parents"


def test_a_manifest_holds_no_path_of_this_machine() -> None:
    used = (Ingredient(Path("/srv/secret/parent.mp4"), "remix"),)
    assert "secret" not in json.dumps(manifest(claim(ingredients=used), "0.1.0"))
