"""The guard models that the settings name, each in its slot; none is loaded here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from moderation.gate.guards import Guards, JudgesPictures, JudgesText, WritesDown
from moderation.gate.lazy import Lazy
from moderation.guard_models.errors import GuardCategoryUnknown
from moderation.guard_models.folder import read_folder
from moderation.guard_models.image import ImageGuard
from moderation.guard_models.running import Placement
from moderation.guard_models.speech import SpeechGuard
from moderation.guard_models.text import TextGuard
from moderation.model_registry.files import ModelFiles
from moderation.settings import Settings
from policies.taxonomy import Category

TEXT, IMAGE, SPEECH = "SAFECONDUCT_GUARD_TEXT", "SAFECONDUCT_GUARD_IMAGE", "SAFECONDUCT_GUARD_SPEECH"
CATEGORIES = "SAFECONDUCT_GUARD_CATEGORIES"
T = TypeVar("T")


def guards_of(settings: Settings, files: ModelFiles) -> Guards:
    """The slots. Raises `GuardCategoryUnknown`; whatever is wrong with a folder is raised when its slot is used."""
    placement = placement_of(settings)
    text, image, speech = settings.guard_text, settings.guard_image, settings.guard_speech
    categories = categories_of(settings)

    def read_text() -> JudgesText:
        return TextGuard(read_folder(text, kind="text", setting=TEXT), placement, categories=categories)

    def read_image() -> JudgesPictures:
        return ImageGuard(read_folder(image, kind="image", setting=IMAGE), placement)

    def read_speech() -> WritesDown:
        folder = read_folder(speech, kind="speech", setting=SPEECH)
        return SpeechGuard(folder, placement, files.path("voice_activity"))

    return Guards(_slot(text, read_text), _slot(image, read_image), _slot(speech, read_speech))


def placement_of(settings: Settings) -> Placement:
    """Where guards run, and how long they may take."""
    return Placement(settings.guard_device, settings.guard_dtype, settings.guard_timeout_s)


def categories_of(settings: Settings) -> Mapping[str, Category]:
    """What the settings say that a model's own labels mean. Raises `GuardCategoryUnknown`."""
    known = {category.value for category in Category}
    for label, name in settings.guard_categories.items():
        if name not in known:
            raise GuardCategoryUnknown(
                f"{label!r} is mapped to no category of the policy", field=CATEGORIES, value=name,
                remedy=f"use one of {', '.join(sorted(known))}",
            )  # fmt: skip
    return {label: Category(name) for label, name in settings.guard_categories.items()}


def _slot(folder: Path | None, read: Callable[[], T]) -> Lazy[T] | None:
    return None if folder is None else Lazy(read)
