"""A picture guard: ShieldGemma 2 is asked of each category whether the picture breaks the policy's rule; it answers with the
probability of `Yes`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.devices import Device
from moderation.guard_models.folder import GuardFolder
from moderation.guard_models.hits import WORTH_RECORDING, Hit
from moderation.guard_models.policy_prompt import ASKED_OF_PICTURES, shall_not
from moderation.guard_models.running import Placement, Running, finite, open_model
from policies.document import PolicyDocument

AT_ONCE = 4
"""Rules asked in one batch: memory for more is memory that the largest cards have."""


@dataclass(frozen=True, slots=True)
class ImageParts:
    """What is loaded."""

    model: Any
    processor: Any


class ImageGuard:
    """ShieldGemma 2 in a local folder. Thread-safe; one picture at a time."""

    def __init__(
        self, folder: GuardFolder, placement: Placement, *, threshold: float = WORTH_RECORDING
    ) -> None:
        self._threshold = threshold
        self._running = Running(folder, placement, _opened)

    @property
    def running(self) -> Running[ImageParts]:
        """The model, for whoever warms, checks or closes it."""
        return self._running

    def revision(self, document: PolicyDocument) -> str:
        """The model's files and the revision of the policy that it is told."""
        return f"{self._running.revision}+{document.revision}"

    def look(self, rgb: NDArray[np.uint8], document: PolicyDocument) -> tuple[Hit, ...]:
        """The categories whose rule uint8[h, w, 3] RGB breaks with a probability from the threshold on. Raises `GuardFailed` or
        `GuardUnusable`."""
        rules = {category.value: shall_not(document, category) for category in ASKED_OF_PICTURES}
        names = list(rules)
        batches = [
            {name: rules[name] for name in names[at : at + AT_ONCE]} for at in range(0, len(names), AT_ONCE)
        ]
        chances = self._running.ask(
            lambda parts: [chance for batch in batches for chance in _asked(parts, rgb, batch)]
        )
        return tuple(
            Hit(category, min(1.0, chance), category.value)
            for category, chance in zip(ASKED_OF_PICTURES, chances, strict=True)
            if chance >= self._threshold
        )


def _asked(parts: ImageParts, rgb: NDArray[np.uint8], rules: dict[str, str]) -> list[float]:
    """The probability of `Yes` for each rule."""
    from PIL import Image

    inputs = parts.processor(
        images=[Image.fromarray(rgb)],
        custom_policies=rules,
        policies=list(rules),
        return_tensors="pt",
    )
    inputs["pixel_values"] = inputs["pixel_values"].to(parts.model.dtype)
    made = parts.model(**inputs.to(parts.model.device))
    finite(made.logits)
    return [float(chance) for chance in made.probabilities[:, 0].float()]


def _opened(folder: GuardFolder, device: Device) -> ImageParts:
    from transformers import ShieldGemma2Processor

    processor = ShieldGemma2Processor.from_pretrained(
        str(folder.path), local_files_only=True, trust_remote_code=False
    )
    return ImageParts(open_model(folder, device), processor)
