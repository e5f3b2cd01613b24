"""The coverage table of the active profile: which aspect of the policy is looked at, in which medium, by which check and model.

Rows come from the checks that the gate runs and the models that lie on this machine; only what a check looks at is written here,
and a check that is not in `LOOKS` is an error. An aspect without a model is a row too: the same that every decision lists.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from moderation.checks import FACES, READING, SPEECH, TEXT, VOICES, output_checks, request_checks
from moderation.gate.check import Check
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.guards import MISSING, ThePolicy
from moderation.generation.works import WorksInText
from moderation.guard_models.policy_prompt import ASKED_OF_PICTURES
from moderation.model_registry.errors import ModelError
from moderation.profile import SPEECH_ENTRY, Profile
from policies.document import shipped_document
from policies.taxonomy import Category, Stage

Status = Literal["covered", "overridden", "missing", "uncovered"]

ALL = tuple(Category)
SCORED = tuple(c for c in Category if c not in {Category.PUBLIC_FIGURE, Category.WORKS})
"""What the text classifier scores; lists of names find the other two."""
TEXT_FIGURES = "docs/models.md, policies/text/weights/CARD.md"
MODELS_PAGE = "docs/models.md"
NOT_MEASURED = "not measured here: no such weights ship"


@dataclass(frozen=True, slots=True)
class Looks:
    """What a check looks at: the medium, the categories it may speak for, the model entries it needs, where it is measured."""

    medium: str
    categories: tuple[Category, ...]
    models: tuple[str, ...] = ()
    measured: str = ""


def _facts(medium: str, *categories: Category) -> Looks:
    return Looks(medium, categories, measured="facts: no error rate")


LOOKS: Mapping[str, Looks] = {
    "request.account": _facts("account"),
    "prompt.minors": Looks(
        "prompt text", (Category.MINORS,), measured="tests/policies/test_text_absolute.py"
    ),
    "prompt.text": Looks("prompt text", SCORED, TEXT, TEXT_FIGURES),
    "prompt.figures": Looks("prompt text", (Category.PUBLIC_FIGURE,), measured="README.md"),
    "prompt.works": Looks("prompt text", (Category.WORKS,), measured="README.md"),
    "request.likenesses": _facts("likeness", Category.PRIVATE_PERSON),
    "request.remix_parent": _facts("likeness", Category.PRIVATE_PERSON),
    "remix.minors": Looks(
        "prompts of a chain of remixes", (Category.MINORS,), measured="tests/policies/test_text_absolute.py"
    ),
    "remix.text": Looks("prompts of a chain of remixes", SCORED, TEXT, TEXT_FIGURES),
    "request.restrictions": Looks("prompt text", (Category.PRIVATE_PERSON,), TEXT, TEXT_FIGURES),
    "reference.media": _facts("reference picture"),
    "reference.credentials": _facts("credentials", Category.DECEPTION, Category.WORKS),
    "reference.faces": Looks("reference picture", (Category.PRIVATE_PERSON,), FACES, MODELS_PAGE),
    "reference.nudity": Looks("reference picture", (Category.SEXUAL,), ("nudity",), MODELS_PAGE),
    "reference.weapon": Looks("reference picture", (Category.VIOLENCE,), ("picture_classes",), MODELS_PAGE),
    "reference.minors": Looks("text in pictures", (Category.MINORS,), ("frame_text",), MODELS_PAGE),
    "reference.text": Looks("text in pictures", SCORED, (*READING, "picture_classes"), MODELS_PAGE),
    "reference.names": Looks(
        "text in pictures", (Category.PUBLIC_FIGURE, Category.WORKS), ("frame_text",), MODELS_PAGE
    ),
    "output.media": _facts("output frames"),
    "output.faces": Looks("output frames", (Category.PRIVATE_PERSON,), FACES, MODELS_PAGE),
    "output.nudity": Looks("output frames", (Category.SEXUAL,), ("nudity",), MODELS_PAGE),
    "output.weapon": Looks("output frames", (Category.VIOLENCE,), ("picture_classes",), MODELS_PAGE),
    "output.text_minors": Looks("text in frames", (Category.MINORS,), ("frame_text",), MODELS_PAGE),
    "output.text": Looks("text in frames", SCORED, READING, MODELS_PAGE),
    "output.names": Looks(
        "text in frames", (Category.PUBLIC_FIGURE, Category.WORKS), ("frame_text",), MODELS_PAGE
    ),
    "output.minors": Looks("speech", (Category.MINORS,), ("voice_activity", "speech_to_text"), MODELS_PAGE),
    "output.speech": Looks("speech", SCORED, SPEECH, MODELS_PAGE),
    "output.restrictions": Looks("speech", (Category.PRIVATE_PERSON,), SPEECH, TEXT_FIGURES),
    "output.voices": Looks("voice", (Category.PRIVATE_PERSON,), VOICES, MODELS_PAGE),
    "output.works": _facts("prompt text", Category.WORKS),
}


GUARD_LOOKS: Mapping[str, Looks] = {
    "prompt.guard": Looks("prompt text", ALL, measured=NOT_MEASURED),
    "reference.guard_text": Looks("text in pictures", ALL, ("frame_text",), NOT_MEASURED),
    "reference.guard_image": Looks("reference picture", ASKED_OF_PICTURES, measured=NOT_MEASURED),
    "output.guard_text": Looks(
        "speech", ALL, ("voice_activity", "speech_to_text", "frame_text"), NOT_MEASURED
    ),
    "output.guard_image": Looks("output frames", ASKED_OF_PICTURES, measured=NOT_MEASURED),
}
"""The checks that run only where an operator installed a guard; its revision is the check's."""


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """An aspect and who looks at it.

    `aspect` is the check's name, or the open slot's. `status`: `covered`; `overridden` by an operator's own model; `missing`: the
    model is not on this machine, and the check could not judge; `uncovered`: the profile has no model. `models` are entries of
    the model registry with their revisions, `fill_with` what would fill the slot.
    """

    aspect: str
    medium: str
    categories: tuple[str, ...]
    stage: str
    status: Status
    models: tuple[str, ...] = ()
    revision: str = ""
    measured: str = ""
    about: str = ""
    fill_with: str = ""


def coverage_of(
    profile: Profile, works: WorksInText, policy: ThePolicy = shipped_document
) -> tuple[CoverageRow, ...]:
    """The rows, stage by stage, and then the open slots. Raises `KeyError` for a check that says nothing of what it looks at."""
    looking = (
        *_rows(profile, Stage.REQUEST, request_checks(profile, works, policy)),
        *_rows(profile, Stage.OUTPUT, output_checks(profile, works, policy)),
    )
    return (*looking, *_open_slots(profile))


def _rows(
    profile: Profile,
    stage: Stage,
    checks: Sequence[Check],  # type: ignore[type-arg]  # of either stage's subject
) -> Iterator[CoverageRow]:
    for check in checks:
        if isinstance(check, UncoveredCheck):
            continue
        guard = check.name in GUARD_LOOKS
        looks = GUARD_LOOKS[check.name] if guard else LOOKS[check.name]
        own = (f"guard ({check.revision})",) if guard else ()
        yield CoverageRow(
            aspect=check.name,
            medium=looks.medium,
            categories=tuple(category.value for category in looks.categories),
            stage=stage.value,
            status="missing" if guard and check.revision == MISSING else _status(profile, looks.models),
            models=(*own, *(_model(profile, entry) for entry in looks.models)),
            revision=check.revision,
            measured=looks.measured,
        )


def _open_slots(profile: Profile) -> Iterator[CoverageRow]:
    for slot in profile.files.registry.uncovered:
        if slot.aspect not in profile.uncovered:
            continue
        yield CoverageRow(
            aspect=slot.aspect,
            medium=slot.medium,
            categories=(slot.category,),
            stage="both",
            status="uncovered",
            about=slot.about,
            fill_with=slot.fill_with,
        )


def _status(profile: Profile, entries: Sequence[str]) -> Status:
    try:
        revisions = [profile.revision_of(entry) for entry in entries]
    except ModelError:
        return "missing"
    if MISSING in revisions:
        return "missing"
    own = {*profile.files.overrides, *([SPEECH_ENTRY] if profile.guards.speech else [])}
    return "overridden" if own.intersection(entries) else "covered"


def _model(profile: Profile, entry: str) -> str:
    try:
        return f"{entry} ({profile.revision_of(entry)})"
    except ModelError as error:
        return f"{entry} ({error.code})"
