"""What a release says of itself: the claim we make about a file, and the C2PA manifest that states it.

Pure. The vocabulary is that of the C2PA 2.4 specification (§18.15 actions, §18.16 ingredients) and of the CAWG
training-and-data-mining assertion 1.1.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from provenance.errors import StampFailed

RELEASE_LABEL = "org.safeconduct.release"
ACTIONS_LABEL = "c2pa.actions.v2"
TRAINING_LABEL = "cawg.training-mining"
SPEC_VERSION = "2.4.0"
PRODUCT = "safeconduct"
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Made by a trained model (IPTC digital source types)."""
ALGORITHMIC = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""Made by a procedure that learned from no media (IPTC digital source types)."""
TRAINING_USES = ("cawg.data_mining", "cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference")

Relationship = Literal["inputTo", "parentOf"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something the file was made from.

    `path` embeds the ingredient's hash and its own credential: for a remix parent. Leave it None for what is private, such
    as a person's reference photograph: then only `title` is published, so put an id there, not a name.
    `inputTo`: fed to the generator; `parentOf`: this file is an edit of that one (one at most, and it needs a path).
    """

    path: Path | None
    title: str
    relationship: Relationship = "inputTo"


@dataclass(frozen=True, slots=True)
class ReleaseClaim:
    """What we state of one release. `ai_generated`: a trained model made it; False: a procedure without training did."""

    release_id: str
    generation_id: str
    title: str
    generator: str
    generator_version: str
    policy_revision: str
    decision_ids: tuple[str, ...]
    mark_revision: str
    ai_generated: bool = True
    ingredients: tuple[Ingredient, ...] = ()

    def __post_init__(self) -> None:
        parents = [item for item in self.ingredients if item.relationship == "parentOf"]
        if len(parents) > 1 or any(parent.path is None for parent in parents):
            raise StampFailed(
                "stamp.parents",
                f"ingredients: {len(parents)} are parentOf; at most one may be, and with its path (C2PA 2.4 §18.16.8)",
            )


def manifest(claim: ReleaseClaim, version: str) -> dict[str, Any]:
    """The manifest definition for the C2PA builder; `version` is this product's own.

    The ingredients without a path are inside; the others are added from their files under `ingredient_label`.
    """
    private = [
        ingredient_definition(claim, index)
        for index, ingredient in enumerate(claim.ingredients)
        if ingredient.path is None
    ]
    return {
        "claim_version": 2,
        "title": claim.title,
        "claim_generator_info": [{"name": PRODUCT, "version": version, "specVersion": SPEC_VERSION}],
        "ingredients": private,
        "assertions": [
            {"label": ACTIONS_LABEL, "data": {"actions": _actions(claim), "allActionsIncluded": True}},
            {
                "label": TRAINING_LABEL,
                "data": {"entries": {use: {"use": "notAllowed"} for use in TRAINING_USES}},
            },
            {"label": RELEASE_LABEL, "data": _release(claim)},
        ],
    }


def ingredient_definition(claim: ReleaseClaim, index: int) -> dict[str, str]:
    """The builder's definition of the claim's ingredient at `index`."""
    ingredient = claim.ingredients[index]
    return {
        "title": ingredient.title,
        "relationship": ingredient.relationship,
        "label": _ingredient_label(index),
    }


def _actions(claim: ReleaseClaim) -> list[dict[str, Any]]:
    generator = {"name": claim.generator, "version": claim.generator_version}
    source = TRAINED if claim.ai_generated else ALGORITHMIC
    parents = _labels(claim, "parentOf")
    made: dict[str, Any] = {
        "action": "c2pa.edited" if parents else "c2pa.created",
        "digitalSourceType": source,
        "softwareAgent": generator,
    }
    inputs = _labels(claim, "inputTo")
    if inputs:
        made["parameters"] = {"ingredientIds": inputs}
    opened = [{"action": "c2pa.opened", "parameters": {"ingredientIds": parents}}] if parents else []
    labelled = {
        "action": "c2pa.edited",
        "description": "A visible label was drawn into every frame",
        "softwareAgent": {"name": PRODUCT, "version": claim.mark_revision},
    }
    return [*opened, made, labelled]


def _labels(claim: ReleaseClaim, relationship: Relationship) -> list[str]:
    return [
        _ingredient_label(index)
        for index, ingredient in enumerate(claim.ingredients)
        if ingredient.relationship == relationship
    ]


def _ingredient_label(index: int) -> str:
    return f"ingredient_{index}"


def _release(claim: ReleaseClaim) -> dict[str, Any]:
    return {
        "release_id": claim.release_id,
        "generation_id": claim.generation_id,
        "policy_revision": claim.policy_revision,
        "decision_ids": list(claim.decision_ids),
        "mark_revision": claim.mark_revision,
    }
